"""Foundations: models that learn by counting, and classic learners on raw pixels."""
