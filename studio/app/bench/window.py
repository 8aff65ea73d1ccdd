"""The window as the benchmarks see it, in a process of its own: `python -m studio.app.bench.window start|ui|canvas …`.

Prints one JSON document. Opened without the person's settings, in a workspace that the parent removes.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer

from studio.app.demo import Demo
from studio.app.gui import application, make_context
from studio.app.warmup import WarmUp
from studio.app.window import MainWindow
from studio.ui.settings import Settings

if TYPE_CHECKING:
    from studio.ui.panels.dream import DreamPanel

IDLE_MS, TICK_MS = 500, 5
NETWORK = "random:vgg19"
"""A canvas works on VGG19's shape; nothing is downloaded."""


def resident_mb() -> float:
    """Return the memory of this process that is in RAM, in MB; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def open_empty(folder: Path) -> MainWindow:
    """Make the window with default settings."""
    application()
    return MainWindow(make_context(folder / "workspace", Settings(folder / "settings.ini")))


def say(document: dict[str, object]) -> None:
    """Print the result."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def start(began: float, folder: Path) -> None:
    """Tell the seconds from `began` (wall clock) to the first paint, and the memory of the idle window."""
    importlib.import_module("studio.app.main")  # what the real command imports besides
    importlib.import_module("studio.app.commands.gui")
    app = application()
    window = open_empty(folder)
    found: dict[str, object] = {}

    def idle() -> None:
        say({**found, "idle_mb": resident_mb(), "torch": "torch" in sys.modules})
        window.close()

    def painted() -> None:
        found["seconds"] = time.time() - began
        QTimer.singleShot(IDLE_MS, idle)

    window.first_painted.connect(painted)
    window.show()
    app.exec()


class Gaps(QObject):
    """Milliseconds between the ticks of a timer while a training job runs."""

    def __init__(self, window: MainWindow, seconds: float) -> None:
        super().__init__(window)
        self._window, self._seconds = window, seconds
        self.gaps: list[float] = []
        self._clock, self._running = QElapsedTimer(), 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK_MS)
        self._clock.start()

    def _tick(self) -> None:
        gap = self._clock.nsecsElapsed() / 1e6
        self._clock.restart()
        if self._window.active_jobs:
            self.gaps.append(gap)
            self._running += gap / 1000
        if self.gaps and (not self._window.active_jobs or self._running > self._seconds):
            self._timer.stop()
            self._report()

    def _report(self) -> None:
        ordered = sorted(self.gaps)
        import torch

        say(
            {
                "p50_ms": ordered[len(ordered) // 2],
                "p99_ms": ordered[int(len(ordered) * 0.99)],
                "max_ms": ordered[-1],
                "ticks": len(ordered),
                "threads": torch.get_num_threads(),
                "seconds": self._running,
            }
        )
        for job in self._window.active_jobs:
            job.control.stop()
            job.wait(10_000)
        self._window.close()


def ui(seconds: float, folder: Path) -> None:
    """Tell the gaps between timer ticks while the demo trains for at most `seconds`."""
    app = application()
    window = open_empty(folder)
    warm_up = WarmUp(window)
    demo = Demo(window, warm_up, False, None)
    window.first_painted.connect(demo.start)
    window.resize(1280, 800)
    window.show()
    gaps = Gaps(window, seconds)
    QTimer.singleShot(int(1000 * seconds + 60_000), window, window.close)  # a demo that never begins ends too
    app.exec()
    del gaps


def canvas(seconds: float, folder: Path) -> None:
    """Tell the gaps between timer ticks while the Dream page works at 640 x 480 with a VGG19-shaped network."""
    from studio.canvas.atlas import dead_leaves
    from studio.runs.pictures import save_png

    picture = save_png(folder / "picture.png", dead_leaves(0, 640)[:480])
    app = application()
    window = open_empty(folder)
    warm_up = WarmUp(window)

    def dream() -> None:
        window.show_panel("dream")
        panel = cast("DreamPanel", window.panel("dream"))
        panel.settings_ready.connect(lambda: panel.opened_with([picture]))
        panel.picture.changed.connect(lambda: begin(panel))

    def begin(panel: DreamPanel) -> None:
        assert panel.form is not None
        panel.form.set_values({"backbone": NETWORK, "iterations": 200})
        panel.start()

    warm_up.ready.connect(dream)
    window.first_painted.connect(warm_up.start)
    window.resize(1280, 800)
    window.show()
    gaps = Gaps(window, seconds)
    QTimer.singleShot(int(1000 * seconds + 60_000), window, window.close)  # a dream that never begins ends too
    app.exec()
    del gaps


if __name__ == "__main__":
    {"start": start, "ui": ui, "canvas": canvas}[sys.argv[1]](float(sys.argv[2]), Path(sys.argv[3]))
