"""The window: panels, widgets, forms, plots. The only Qt code below `app`; it never computes."""
