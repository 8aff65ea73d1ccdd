"""The recipes of the Train page, loaded on the first visit; whoever needs them earlier waits in line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.ui.panels import train_work as work

if TYPE_CHECKING:
    from studio.ui.jobs import Task
    from studio.ui.panel import Panel


class Recipes(QObject):
    """Loads recipes and catalogue once (this imports torch, in a worker); after a failure the next wish tries again.

    Signals:
        loaded: a `train_work.Loaded`; calls that waited are made right after it.
        failed: whether calls waited; they are dropped.
    """

    loaded = Signal(object)
    failed = Signal(bool)

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel)
        self._panel = panel
        self._task: Task | None = None
        self._waiting: list[Callable[[], object]] = []
        self.ready = False

    def load(self) -> None:
        """Load them unless that was begun already."""
        if self._task is None:
            self._task = self._panel.run_task(
                work.load,
                self._panel.context.workspace,
                title="Loading recipes",
                on_done=self._take,
                on_error=self._fail,
                cancellable=False,
            )

    def when_ready(self, call: Callable[[], object]) -> None:
        """Make a call as soon as the recipes are there."""
        if self.ready:
            call()
        else:
            self._waiting.append(call)
            self.load()

    def _take(self, loaded: work.Loaded) -> None:
        self.ready = bool(loaded.recipes)
        self.loaded.emit(loaded)
        for name, why in loaded.broken.items():
            self._panel.context.notify.warning(
                f"The recipes of {name} could not be loaded.", what_to_do="Update or remove that package.", details=why
            )
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()

    def _fail(self, error: BaseException) -> None:
        self._task = None
        self._panel.context.notify.exception(error, doing="Loading the recipes")
        waiting, self._waiting = self._waiting, []
        self.failed.emit(bool(waiting))
