"""Two networks that compete."""
