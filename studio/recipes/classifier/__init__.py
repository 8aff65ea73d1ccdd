"""Networks that name what they see."""
