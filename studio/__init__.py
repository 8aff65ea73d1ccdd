"""Generative Studio: train generative models, watch them learn, explore and use them."""

__version__ = "0.1.0"
