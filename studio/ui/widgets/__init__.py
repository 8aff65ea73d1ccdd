"""Widgets that panels share: each shows one thing and knows nothing of recipes."""
