"""The pages on which Dream and Transfer make films: format, newest frame, start and cancel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox

from studio.ui.panels.canvas_film_work import Glance
from studio.ui.panels.canvas_long_work import LongWork
from studio.ui.panels.canvas_page import StagePage
from studio.ui.panels.explore_export import export_path
from studio.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    from studio.ui.panel import Panel

FORMATS = {"MP4": ".mp4", "WebP": ".webp", "GIF": ".gif", "Folder of PNGs": ""}


class CanvasFilmPage(StagePage):
    """Parts that a subclass lays out, and the work they belong to; a subclass implements `start`.

    Signals:
        made: Path of a film that was written.

    Args:
        panel: its tasks and workspace are used.
        title: of the page.
        text: one sentence below it.
        verb: what the first button says.
    """

    made = Signal(object)

    def __init__(self, panel: Panel, title: str, text: str, verb: str) -> None:
        super().__init__(panel.context.theme, title, text)
        self._panel = panel
        self.formats = QComboBox()
        self.formats.addItems(list(FORMATS))
        self.formats.setAccessibleName("Format of the film")
        self.picture = PictureView(self.theme, "Newest frame", "Frames appear here.")
        self.work = LongWork(panel, verb, self.start)
        self._glance = Glance()

    def start(self, out: Path | None = None) -> None:
        """Make the film, by default into the workspace's exports folder."""
        raise NotImplementedError

    def free_path(self, name: str, kind: str) -> Path:
        """Return a free path in the exports folder, in the chosen format."""
        return export_path(self._panel.context.workspace, name, kind, FORMATS[self.formats.currentText()])

    def make(self, title: str, fn: Callable[..., Path], args: tuple[Any, ...]) -> None:
        """Run `fn(*args, glance, progress)` in a worker and show the frames as they come."""
        self._glance = Glance()
        self.work.run(title, fn, (*args, self._glance), self._made, self._look)

    def _look(self) -> None:
        if self._glance.pixels is not None and self._glance.pixels is not self.picture.pixels:
            self.picture.show_pixels(self._glance.pixels)

    def _made(self, path: Path) -> None:
        self._look()
        self.work.say(f"Saved {path.name} in {path.parent}")
        self.made.emit(path)
