"""The demo: train the VAE on the bundled digits in the Train page, then walk through it in Explore."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from studio.app.warmup import WarmUp

if TYPE_CHECKING:
    from studio.app.window import MainWindow

RECIPE, PRESET, DATA = "vae-mlp", "demo", "digits"
SETTLE_MS = 400
READY_MS = 120_000


class Demo(QObject):
    """Presses the same buttons a person would; `exit_status` is 1 once it failed.

    Args:
        window: where it happens.
        warm_up: awaited before training.
        quit_when_done: write a screenshot of Explore, print its path, close the window.
        screenshot: path of the PNG; None for `exports/explore.png` in the workspace.
    """

    def __init__(self, window: MainWindow, warm_up: WarmUp, quit_when_done: bool, screenshot: Path | None) -> None:
        super().__init__(window)
        self._window, self._warm_up = window, warm_up
        self._quit_when_done = quit_when_done
        self._screenshot = screenshot or window.context.workspace / "exports" / "explore.png"
        self._connected = False
        self._running = False
        self._photographed = False
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._give_up)
        self.exit_status = 0

    def start(self) -> None:
        """Show the Train page at once and train as soon as torch is there."""
        if self._running:
            return
        self._running = True
        self._window.show_panel("train")
        if self._warm_up.done:
            self._train()
        else:
            self._warm_up.ready.connect(self._train)
            self._warm_up.start()

    def _train(self) -> None:
        from studio.runs.request import Request

        if "train" not in self._window.panels:
            self._fail("The Train page could not be opened.")
            return
        panel = cast(Any, self._window.panels["train"])
        if not self._connected:
            self._connected = True
            panel.run_finished.connect(self._trained)
        try:
            panel.train(Request(recipe=RECIPE, preset=PRESET, data=DATA))
        except Exception as error:  # told in the window; with --quit-when-done also on standard error
            self._window.context.notify.exception(error, doing="The demo")
            self._fail(str(error))

    def _trained(self, run_id: str, status: str) -> None:
        if not self._running:
            return
        if status != "done":
            self._fail(f"The demo's run {run_id} ended as {status}.")
            return
        self._running = False
        if self._quit_when_done:
            explore = cast(Any, self._window.panel("explore"))
            explore.ready.connect(self._shown)
            self._patience.start(READY_MS)
        self._window.open_run(run_id, "explore")

    def _shown(self) -> None:
        # One more moment for the picture that Explore decodes when it is ready.
        QTimer.singleShot(SETTLE_MS, self, self._photograph)

    def _photograph(self) -> None:
        if self._photographed:
            return
        self._photographed = True
        self._screenshot.parent.mkdir(parents=True, exist_ok=True)
        if self._window.grab().save(str(self._screenshot)):
            sys.stdout.write(f"{self._screenshot}\n")
            sys.stdout.flush()
        else:
            self.exit_status = 1
            sys.stderr.write(f"The screenshot cannot be written to {self._screenshot}.\n")
        self._quit()

    def _give_up(self) -> None:
        self._fail(f"Explore was not ready within {READY_MS // 1000} seconds.")

    def _fail(self, why: str) -> None:
        self._running = False
        if self._quit_when_done:
            self.exit_status = 1
            sys.stderr.write(f"{why}\n")
            self._quit()

    def _quit(self) -> None:
        self._patience.stop()
        self._window.close()
        QApplication.quit()
