"""After the first paint a worker imports what costs seconds: torch and the recipes."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.ui.jobs import run_task

if TYPE_CHECKING:
    from studio.app.window import MainWindow


class WarmUp(QObject):
    """Runs once; `ready` is sent when training and exploring can begin without a wait."""

    ready = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._begun = False
        self.done = False

    def start(self) -> None:
        """Begin, unless it has begun already."""
        if self._begun:
            return
        self._begun = True
        run_task(
            load_everything,
            context=self._window.context,
            owner=self,
            title="warming up",
            cancellable=False,
            on_done=self._loaded,
        )

    def _loaded(self, device: str) -> None:
        self.done = True
        self._window.status.chip.setText(device)
        self.ready.emit()


def load_everything() -> str:
    """Import torch, the recipes and the run modules (worker thread); return the device in words."""
    from studio.core import policy, registry
    from studio.runs import trained, training

    registry.recipes()
    importlib.import_module("torch._dynamo")  # the first of torch's optimisers would import it: three seconds
    del trained, training
    device = policy.device_name()
    return f"{device} · bf16" if policy.has_bf16_units(device) else f"{device} · fp32"
