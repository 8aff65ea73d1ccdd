"""The window and its fixtures, for journeys through the whole of it."""

from __future__ import annotations

import pytest

from studio.app.warmup import WarmUp
from studio.app.window import MainWindow
from tests.hands import WAIT
from tests.ui.conftest import config, context, nothing_left_behind, qapp_cls  # noqa: F401


@pytest.fixture
def window(context, qtbot):  # noqa: F811
    """The main window, ready to train and explore."""
    made = MainWindow(context)
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    warm = WarmUp(made)
    with qtbot.waitSignal(warm.ready, timeout=WAIT):
        warm.start()
    return made
