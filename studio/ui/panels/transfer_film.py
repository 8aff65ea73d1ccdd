"""Stylising a film: an animated picture, a video or a folder of frames, frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout

from studio.core.errors import StudioError
from studio.ui.panels import transfer_film_work as work
from studio.ui.panels.canvas_film import CanvasFilmPage
from studio.ui.theme import SPACE_M
from studio.ui.widgets.drop import accepts, take_drop
from studio.ui.widgets.labels import ElidedLabel, button, label
from studio.ui.widgets.weight import WeightEdit

if TYPE_CHECKING:
    from studio.runs.canvases import TransferRequest
    from studio.ui.panel import Panel

LIKE = {".gif": "GIF", ".webp": "WebP", ".png": "WebP"}
"""A film is saved in its own format where that can be written."""
FILMS = "Films (*.gif *.webp *.png *.mp4 *.m4v *.mov *.mkv *.webm *.avi *.mpg *.mpeg *.ogv *.wmv);;All files (*)"
TEXT = (
    "Every frame gets the styles, masks and settings of this page. Drop a GIF, WebP, video or a folder of frames; the "
    "more coherence, the calmer stay its still parts."
)


class FilmPage(CanvasFilmPage):
    """Choose a film, how calm, which format; watch it being made; see `CanvasFilmPage` for `made`.

    Signals:
        looked: a film was opened (`info`).
        coherence_chosen: (0..1, number of the edit).

    Args:
        panel: its tasks, notifications and workspace are used.
        request: returns what each frame is to become; raises StudioError.
    """

    looked = Signal()
    coherence_chosen = Signal(float, int)

    def __init__(self, panel: Panel, request: Callable[[], TransferRequest]) -> None:
        super().__init__(panel, "Stylise a film", TEXT, "Stylise")
        self._request = request
        self.info: work.FilmInfo | None = None
        self._edit = 0
        self.setAcceptDrops(True)
        self.where = ElidedLabel("No film yet", "muted")
        self.open_button = button("Open film…", self.choose_film)
        self.folder_button = button("Folder…", self.choose_folder)
        self.folder_button.setToolTip("A folder of pictures, one for each frame, in the order of their names")
        self.coherence = WeightEdit(self.theme, "coherence", 0.0, 1.0, least=0.0)
        self.coherence.slider.setAccessibleName("Coherence")
        self.coherence.field.setAccessibleName("Coherence, number")
        self.coherence.changed.connect(lambda value: self.coherence_chosen.emit(min(value, 1.0), self._edit))
        self.coherence.settled.connect(self._next_edit)
        self.work.start_button.setEnabled(False)
        self._build()

    def _build(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(SPACE_M)
        first.addWidget(self.open_button)
        first.addWidget(self.folder_button)
        first.addWidget(self.where, 1)
        second.addWidget(label("Coherence"))
        second.addWidget(self.coherence, 1)
        second.addSpacing(SPACE_M)
        second.addWidget(label("Save as"))
        second.addWidget(self.formats)
        self.column.addLayout(first)
        self.column.addLayout(second)
        self.column.addWidget(self.picture, 1)
        self.column.addWidget(self.work)

    def focus(self) -> None:
        """Take the focus when it opens."""
        self.open_button.setFocus()

    def show_coherence(self, value: float) -> None:
        """Show the page's knob."""
        if self.coherence.value != value:
            self.coherence.set_value(value)

    def _next_edit(self) -> None:
        self._edit += 1

    # ---- which film

    def choose_film(self) -> None:
        """Ask for a file."""
        name, _ = QFileDialog.getOpenFileName(self, "Open a film", "", FILMS)
        if name:
            self.open(Path(name))

    def choose_folder(self) -> None:
        """Ask for a folder of frames."""
        name = QFileDialog.getExistingDirectory(self, "Open a folder of frames")
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Look at a film in a worker."""
        self._panel.run_task(
            work.look_at_film, path, title=f"Looking at {path.name}", on_done=self._show, on_error=self._refuse
        )

    def _show(self, info: work.FilmInfo) -> None:
        self.info = info
        count = f"{info.frames} frames" if info.frames else "a video"
        self.where.setText(f"{info.path.name} · {count} · {info.fps:.3g} frames a second")
        self.picture.show_pixels(info.first)
        self.formats.setCurrentText(LIKE.get(info.path.suffix.lower(), "MP4"))
        self.work.start_button.setEnabled(not self.work.going)
        self.work.say("")
        self.looked.emit()

    def _refuse(self, error: BaseException) -> None:
        if isinstance(error, StudioError):
            self.work.fail(error)
        self._panel.context.notify.exception(error, doing="Opening the film")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take films."""
        if accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped, or say why not."""
        folder = self._panel.context.workspace / "dropped"
        take_drop(event, folder, lambda paths: self.open(paths[0]), self._refuse)

    # ---- making it

    def start(self, out: Path | None = None) -> None:
        """Stylise the film, by default into the workspace's exports folder."""
        if self.info is None:
            return
        try:
            request = self._request()
        except StudioError as error:
            self.work.fail(error)
            return
        out = out or self.free_path(self.info.path.stem, "styled")
        args = (self.info.path, request, out, self._panel.context.workspace)
        self.make(f"Stylising {self.info.path.name}", work.stylise_film, args)
