"""Feed-forward style transfer: one pass of a network instead of an optimisation per picture."""
