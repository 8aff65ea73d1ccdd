"""What can be dropped or pasted: local files and folders, and raw pictures from a browser or the clipboard."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QImage
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout

from studio.core.errors import BadInput
from studio.ui.theme import SPACE_L, SPACE_M, Theme
from studio.ui.widgets.labels import button, icon_button, label


def accepts(mime: QMimeData) -> bool:
    """Whether a drag holds something that can be opened (web addresses are taken in order to explain)."""
    return mime.hasUrls() or mime.hasImage()


def dropped_paths(mime: QMimeData, folder: Path) -> list[Path]:
    """Return the paths in a drop; raw picture data is first saved as a PNG in `folder`.

    Raises:
        BadInput: if there is nothing that can be opened, or the picture cannot be saved.
    """
    local = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
    if local:
        return local
    if mime.hasImage():
        image = mime.imageData()
        image = image if isinstance(image, QImage) else QImage(image)
        return [_saved(image, folder)]
    if mime.hasUrls():
        raise BadInput(
            f"{mime.urls()[0].toDisplayString()} is on the web.",
            "Save it to disk first, then drop the file: the studio downloads nothing by itself.",
        )
    raise BadInput("There is nothing here that can be opened.", "Drop a folder, archive, data file or picture.")


def _saved(image: QImage, folder: Path) -> Path:
    path = folder / f"picture-{time.strftime('%Y%m%d-%H%M%S')}-{time.monotonic_ns() % 1_000_000:06d}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"The picture cannot be saved in {folder}.", "Choose another workspace.") from error
    if image.isNull() or not image.save(str(path)):
        raise BadInput(f"The picture cannot be saved as {path}.", "Save it from the browser and drop the file.")
    return path


class DropZone(QFrame):
    """A dashed field that takes drops and offers file dialogs for those who do not drag.

    Signals:
        dropped: list of Path.
        refused: the StudioError that explains why a drop was not taken.

    Args:
        theme: for sizes and the icon.
        hint: what belongs here, one sentence.
        folder: where raw pictures are saved.
    """

    dropped = Signal(list)
    refused = Signal(object)

    def __init__(self, theme: Theme, hint: str, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.setProperty("role", "drop")
        self.setAcceptDrops(True)
        self.setAccessibleName(hint)
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        picture = icon_button(theme, "drop", "Choose files", self.choose_files)
        self.files_button = button("Files…", self.choose_files)
        self.folder_button = button("Folder…", self.choose_folder)
        row.addWidget(picture)
        row.addWidget(label(hint, "muted", wrap=True), 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        column.addLayout(row)
        buttons = QHBoxLayout()
        buttons.addWidget(self.files_button)
        buttons.addWidget(self.folder_button)
        buttons.addStretch()
        column.addLayout(buttons)

    def choose_files(self) -> None:
        """Ask for files."""
        names, _ = QFileDialog.getOpenFileNames(self, "Open")
        if names:
            self.dropped.emit([Path(name) for name in names])

    def choose_folder(self) -> None:
        """Ask for a folder."""
        name = QFileDialog.getExistingDirectory(self, "Open folder")
        if name:
            self.dropped.emit([Path(name)])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Light up for what can be opened."""
        if accepts(event.mimeData()):
            self._light(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Go dark again."""
        self._light(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take the drop, or say why not."""
        self._light(False)
        take_drop(event, self._folder, self.dropped.emit, self.refused.emit)

    def _light(self, over: bool) -> None:
        self.setProperty("over", "true" if over else "false")
        self.style().polish(self)


def take_drop(
    event: QDropEvent, folder: Path, taken: Callable[[list[Path]], object], refused: Callable[[BadInput], object]
) -> None:
    """Accept a drop and hand its paths, or the reason against it, to one of two callables."""
    event.acceptProposedAction()
    try:
        paths = dropped_paths(event.mimeData(), folder)
    except BadInput as error:
        refused(error)
    else:
        taken(paths)
