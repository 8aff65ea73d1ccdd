"""Fixtures of the window's tests: a context in temporary folders, and a check that nothing is left behind."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication

from studio.core.store import Store
from studio.ui.context import Context
from studio.ui.settings import CONFIG_ENV, Settings
from studio.ui.theme import Theme


@pytest.fixture(scope="session")
def qapp_cls():
    return QApplication


@pytest.fixture
def config(tmp_path, monkeypatch):
    folder = tmp_path / "config"
    monkeypatch.setenv(CONFIG_ENV, str(folder))
    return folder


@pytest.fixture
def context(qapp, tmp_path, config):
    """A context with an empty store in a temporary workspace, dark theme, no motion."""
    qapp.setStyle("Fusion")
    store = Store(tmp_path / "workspace")
    made = Context(store, Settings(), Theme("dark", reduced_motion=True))
    made.theme.apply()
    yield made
    made.close()
    store.close()
    made.deleteLater()


def flush() -> None:
    """Carry out every deleteLater and queued call."""
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()


def alive(kind: type | tuple[type, ...]) -> list:
    """Return the living Qt objects of a class that Python knows."""
    # type(), not isinstance(): asking every object for its __class__ wakes lazy proxies of other libraries.
    return [o for o in gc.get_objects() if issubclass(type(o), kind) and shiboken6.isValid(o)]


def leaks(known_widgets: set[int], known_timers: set[int], known_threads: set[str]) -> list[str]:
    """Name what lives now and did not live before: top-level widgets, running threads, active timers."""
    widgets = [f"widget {w!r}" for w in QApplication.topLevelWidgets() if id(w) not in known_widgets]
    found = alive((QThread, QTimer))
    timers = [t for t in found if isinstance(t, QTimer) and t.isActive() and id(t) not in known_timers]
    timers = [f"timer {t!r} of {t.parent()!r}" for t in timers]
    threads = [t for t in found if isinstance(t, QThread) and t is not QThread.currentThread()]
    running = [f"thread {t!r}" for t in threads if t.isRunning()]
    python = [f"thread {t.name}" for t in threading.enumerate() if t.name == "latest" and t.name not in known_threads]
    return widgets + running + timers + python


@pytest.fixture(autouse=True)
def nothing_left_behind(request):
    """Fail a test that leaves a top-level widget, a running thread or an active timer."""
    if not {"qapp", "qtbot"} & set(request.fixturenames):
        yield
        return
    flush()
    widgets = {id(w) for w in QApplication.topLevelWidgets()}
    timers = {id(t) for t in alive(QTimer) if t.isActive()}
    threads = {t.name for t in threading.enumerate()}
    yield
    assert QThreadPool.globalInstance().waitForDone(10_000), "a pool task did not end"
    flush()
    assert leaks(widgets, timers, threads) == []


@pytest.fixture
def picture(tmp_path) -> Path:
    """A small PNG on disk."""
    from PySide6.QtGui import QColor, QImage

    image = QImage(16, 16, QImage.Format.Format_RGB32)
    image.fill(QColor("#3457d5"))
    path = tmp_path / "blue.png"
    assert image.save(str(path))
    return path
