"""The window's fixtures, for journeys through the whole of it."""

from tests.ui.conftest import config, context, nothing_left_behind, qapp_cls  # noqa: F401
