"""Opens the window: paint first, then load torch and the recipes in a worker, then open what was asked for."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from studio.app import session
from studio.app.demo import Demo
from studio.app.faults import Faults
from studio.app.warmup import WarmUp
from studio.app.window import MainWindow
from studio.core.errors import StoreError
from studio.core.store import Store, default_workspace
from studio.ui.context import Context
from studio.ui.settings import Settings


def open_window(
    paths: Sequence[str | Path] = (),
    demo: bool = False,
    quit_when_done: bool = False,
    screenshot: str | Path | None = None,
    workspace: str | Path | None = None,
) -> int:
    """Open the window and return the exit status when it has closed.

    Args:
        paths: opened as if dropped.
        demo: train the VAE on the bundled digits and show it in Explore.
        quit_when_done: with `demo`: write a screenshot of Explore, print its path and end.
        screenshot: where that goes; by default `exports/explore.png` in the workspace.
        workspace: folder of runs; by default the one in the preferences.

    Returns:
        0, or 1 if the demo failed.
    """
    app = application()
    context = make_context(Path(workspace) if workspace is not None else None)
    faults = Faults(context.notify)
    faults.install()
    window = MainWindow(context)
    warm_up = WarmUp(window)
    shown = Demo(window, warm_up, quit_when_done, Path(screenshot) if screenshot else None)
    window.demo_wanted.connect(shown.start)
    window.first_painted.connect(warm_up.start)
    wanted = [Path(p) for p in paths]
    window.first_painted.connect(lambda: window.open_paths(wanted))
    if demo:
        window.first_painted.connect(shown.start)
    window.show()
    try:
        with _interruptible(window):
            app.exec()
    finally:
        faults.uninstall()
        context.store.close()
    return shown.exit_status


def application() -> QApplication:
    """Return the one QApplication, named."""
    found = QApplication.instance()
    app = found if isinstance(found, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("generative-studio")
    app.setApplicationDisplayName("Generative Studio")
    app.setDesktopFileName("generative-studio")
    app.setStyle("Fusion")  # the one base style that a stylesheet changes alike on every system
    return app


def make_context(workspace: Path | None = None, settings: Settings | None = None) -> Context:
    """Return the services of a window; a workspace that cannot be used is replaced by a temporary one.

    Args:
        workspace: folder of runs; None takes the preference, or the default.
        settings: None opens the person's own.
    """
    settings = settings or Settings()
    chosen = settings.get("workspace", "")
    wanted = workspace or (Path(chosen) if chosen else default_workspace())
    trouble: StoreError | None = None
    try:
        store = Store(wanted)
    except StoreError as error:
        trouble, store = error, Store(Path(tempfile.mkdtemp(prefix="generative-studio-")))
    context = Context(store, settings, session.theme_of(settings))
    context.theme.apply()
    if settings.damage:
        QTimer.singleShot(0, context, lambda: context.notify.warning(settings.damage))
    if trouble is not None:
        text = f"{trouble.what} This session works in {store.workspace}."
        advice = trouble.what_to_do or "Choose another workspace in the preferences."
        QTimer.singleShot(0, context, lambda: context.notify.error(text, what_to_do=advice, details=trouble.details))
    return context


def time_to_first_paint(workspace: Path) -> float:
    """Open the window, wait for its first frame, close it; return the seconds that took (imports excluded)."""
    began = time.perf_counter()
    app = application()
    context = make_context(workspace)
    window = MainWindow(context)
    painted: list[float] = []

    def note() -> None:
        painted.append(time.perf_counter() - began)
        window.close()

    window.first_painted.connect(note)
    window.show()
    app.exec()
    context.store.close()
    return painted[0]


@contextmanager
def _interruptible(window: MainWindow) -> Iterator[None]:
    """Let Ctrl+C in the terminal close the window the proper way."""
    before = signal.signal(signal.SIGINT, lambda *_: window.close())
    # Python looks at signals only between two of its own instructions: a timer gives it some.
    ticking = QTimer(window)
    ticking.timeout.connect(lambda: None)
    ticking.start(300)
    try:
        yield
    finally:
        ticking.stop()
        signal.signal(signal.SIGINT, before)
