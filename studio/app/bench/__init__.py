"""Measurements of the promises: each benchmark returns a `Report` with figures and whether the promise holds."""
