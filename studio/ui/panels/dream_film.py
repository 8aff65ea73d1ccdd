"""The endless zoom: a film that moves into a dream which never ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout

from studio.core.errors import StudioError
from studio.ui.forms import Form
from studio.ui.panels import dream_film_work as work
from studio.ui.panels.canvas_film import CanvasFilmPage
from studio.ui.theme import SPACE_L, SPACE_M
from studio.ui.widgets.labels import label

if TYPE_CHECKING:
    from studio.runs.canvases import DreamRequest
    from studio.ui.panel import Panel
    from studio.ui.panels.canvas_work import Opener

TEXT = "The first frame is a whole dream with the settings of this page; each later one moves in and dreams on."
FORM_WIDTH = 320


class FilmPage(CanvasFilmPage):
    """How many frames, how they move, in which format; see `CanvasFilmPage` for its signals.

    Args:
        panel: its tasks, undo stack and workspace are used.
        request: returns what the first frame is made of; raises StudioError.
        opener: opens a request in a worker.
    """

    def __init__(self, panel: Panel, request: Callable[[], DreamRequest], opener: Opener) -> None:
        super().__init__(panel, "Zoom film", TEXT, "Make the film")
        self._request, self._opener = request, opener
        self.form = Form([work.film_config()], theme=self.theme, undo=panel.context.undo)
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
        args = (
            request,
            self.form.values(),
            out or self.free_path("dream", "zoom"),
            self._panel.context.workspace,
            self._opener,
        )
        self.make("Making the film", work.zoom_film, args)
