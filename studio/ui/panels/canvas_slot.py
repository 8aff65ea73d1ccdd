"""A picture of a page: the well that shows it, the worker that reads it, the undo step when it is replaced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.ui.panels import canvas_work as work
from studio.ui.panels.canvas_undo import Change
from studio.ui.widgets.picture_well import PictureWell

if TYPE_CHECKING:
    from studio.canvas.picture import Source
    from studio.ui.jobs import Task
    from studio.ui.panel import Panel


class PictureSlot(QObject):
    """One picture by role: given by a person, read in a worker, replaced and taken away with undo.

    Signals:
        replacing: a person replaces the picture; what else that changes may be pushed now, it is the same undo step.
        changed: another picture, or none (`picture`).
        failed: the exception, after it was notified.

    Args:
        panel: its tasks, undo stack, notifications and workspace are used.
        title: of the well ("Picture").
        hint: what belongs there.
        optional: whether it may be taken away.
    """

    replacing = Signal()
    changed = Signal()
    failed = Signal(object)

    def __init__(self, panel: Panel, title: str, hint: str, *, optional: bool = False) -> None:
        super().__init__(panel)
        self._panel, self._title = panel, title
        self.picture: work.Picture | None = None
        self._task: Task | None = None
        folder = panel.context.workspace / "dropped"
        self.well = PictureWell(panel.context.theme, title, hint, folder, optional=optional)
        self.well.given.connect(self.open)
        self.well.cleared.connect(lambda: self.replace(None))
        self.well.refused.connect(panel.context.notify.exception)

    def open(self, path: Path) -> None:
        """Read a picture file and show it; a later one replaces an earlier one that is still being read."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._panel.run_task(
            work.read, Path(path), title=f"Reading {path.name}", on_done=self.replace, on_error=self._fail
        )

    @property
    def source(self) -> Source | None:
        """The picture as sessions take it."""
        return self.picture.source if self.picture is not None else None

    @property
    def reading(self) -> bool:
        """Whether a picture is being read."""
        return self._task is not None and not self._task.finished

    def _fail(self, error: BaseException) -> None:
        self._task = None
        self._panel.context.notify.exception(error, doing="Reading the picture")
        self.failed.emit(error)

    def replace(self, picture: work.Picture | None) -> None:
        """Show another picture, or none (undoable)."""
        self._task = None
        title = f"Another {self._title.lower()}" if picture is not None else f"Take the {self._title.lower()} away"
        undo = self._panel.context.undo
        undo.beginMacro(title)
        self.replacing.emit()
        undo.push(Change(title, self, self.put, self.picture, picture))
        undo.endMacro()

    def put(self, picture: work.Picture | None) -> None:
        """Show a picture, or none, without an undo step."""
        self.picture = picture
        if picture is None:
            self.well.show_picture(None)
        else:
            self.well.show_picture(picture.thumb, picture.name, picture.note)
        self.changed.emit()
