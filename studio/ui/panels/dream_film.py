"""The endless zoom: a film that moves into a dream which never ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QScrollArea, QVBoxLayout

from studio.core.errors import StudioError
from studio.ui.forms import Form
from studio.ui.panels import dream_film_work as work
from studio.ui.panels.canvas_page import StagePage
from studio.ui.panels.explore_export import export_path
from studio.ui.panels.transfer_film_work import Glance
from studio.ui.panels.transfer_progress import LongWork
from studio.ui.theme import SPACE_L, SPACE_M
from studio.ui.widgets.labels import label
from studio.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    from studio.runs.canvases import DreamRequest
    from studio.ui.panel import Panel
    from studio.ui.panels.canvas_work import Opener

FORMATS = {"MP4": ".mp4", "WebP": ".webp", "GIF": ".gif", "Folder of PNGs": ""}
TEXT = "The first frame is a whole dream with the settings of this page; each later one moves in and dreams on."
FORM_WIDTH = 320


class FilmPage(StagePage):
    """How many frames, how they move, in which format; watch it being made.

    Signals:
        made: Path of a film that was written.

    Args:
        panel: its tasks, undo stack and workspace are used.
        request: returns what the first frame is made of; raises StudioError.
        opener: opens a request in a worker.
    """

    made = Signal(object)

    def __init__(self, panel: Panel, request: Callable[[], DreamRequest], opener: Opener) -> None:
        super().__init__(panel.context.theme, "Zoom film", TEXT)
        self._panel, self._request, self._opener = panel, request, opener
        self.form = Form([work.film_config()], theme=self.theme, undo=panel.context.undo)
        self.formats = QComboBox()
        self.formats.addItems(list(FORMATS))
        self.formats.setAccessibleName("Format of the film")
        self.picture = PictureView(self.theme, "Newest frame", "Frames appear here.")
        self.work = LongWork(panel, "Make the film", self.start)
        self._glance = Glance()
        self._build()

    def _build(self) -> None:
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.form)
        left = QVBoxLayout()
        left.setSpacing(SPACE_M)
        left.addWidget(scroll, 1)
        save = QHBoxLayout()
        save.setSpacing(SPACE_M)
        save.addWidget(label("Save as"))
        save.addWidget(self.formats, 1)
        left.addLayout(save)
        scroll.setFixedWidth(self.theme.px(FORM_WIDTH))
        row = QHBoxLayout()
        row.setSpacing(SPACE_L)
        row.addLayout(left)
        row.addWidget(self.picture, 1)
        self.column.addLayout(row, 1)
        self.column.addWidget(self.work)

    def focus(self) -> None:
        """Take the focus when it opens."""
        self.form.rows["frames"].editor.setFocus()

    def start(self, out: Path | None = None) -> None:
        """Make the film, by default into the workspace's exports folder."""
        try:
            request = self._request()
            for problem in self.form.problems().values():
                raise problem
        except StudioError as error:
            self.work.fail(error)
            return
        workspace, self._glance = self._panel.context.workspace, Glance()
        out = out or export_path(workspace, "dream", "zoom", FORMATS[self.formats.currentText()])
        args = (request, self.form.values(), out, workspace, self._opener, self._glance)
        self.work.run("Making the film", work.zoom_film, args, self._made, self._look)

    def _look(self) -> None:
        if self._glance.pixels is not None and self._glance.pixels is not self.picture.pixels:
            self.picture.show_pixels(self._glance.pixels)

    def _made(self, path: Path) -> None:
        self._look()
        self.work.say(f"Saved {path.name} in {path.parent}")
        self.made.emit(path)
