"""Networks that compress and restore."""
