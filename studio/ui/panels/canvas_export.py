"""Exporting and copying what a canvas shows; the writing runs in workers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog

from studio.ui.notify import Button
from studio.ui.panels.explore_export import export_path
from studio.ui.widgets.picture import to_image

if TYPE_CHECKING:
    from studio.ui.panel import Panel
    from studio.ui.panels.canvas_work import Exhibit, Pixels

FILTERS = "PNG picture (*.png);;JPEG picture (*.jpg *.jpeg);;TIFF picture (*.tif *.tiff);;WebP picture (*.webp)"


class CanvasExporter(QObject):
    """Writes pictures with their recipes and says where they are.

    Signals:
        exported: path of a file that was written.
    """

    exported = Signal(object)

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel)
        self._panel = panel

    def ask_path(self, kind: str) -> Path | None:
        """Ask for a name; its ending chooses the format."""
        folder = self._panel.context.workspace / "exports"
        name, _ = QFileDialog.getSaveFileName(self._panel, "Export the picture", str(folder / f"{kind}.png"), FILTERS)
        path = Path(name) if name else None
        return path if path is None or path.suffix else path.with_suffix(".png")

    def free_path(self, session_id: str, suffix: str) -> Path:
        """Return a free path in the workspace's exports folder."""
        return export_path(self._panel.context.workspace, session_id, "picture", suffix)

    def save(self, path: Path, exhibit: Exhibit) -> None:
        """Write what is on the canvas with its recipe."""
        workspace = self._panel.context.workspace
        self._panel.run_task(
            write, path, workspace, exhibit, title=f"Saving {path.name}", on_done=self.tell, cancellable=False
        )

    def tell(self, path: Path) -> None:
        """Say that a file was written."""
        show = Button("Show folder", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent))))
        self._panel.context.notify.success(f"Saved {path.name}.", what_to_do=f"In {path.parent}", buttons=(show,))
        self.exported.emit(path)

    def copy(self, pixels: Pixels) -> None:
        """Put a picture on the clipboard."""
        QGuiApplication.clipboard().setImage(to_image(pixels))
        self._panel.context.notify.success("Copied the picture.")


def write(path: Path, workspace: Path, exhibit: Exhibit) -> Path:
    """Write a picture with its recipe; copies of its sources are kept so that it can be made again.

    Raises:
        BadInput: the ending names no format.
        StoreError: the disk is full or the folder cannot be written.
    """
    from studio.core.files import explained
    from studio.runs import canvas_files

    pixels, recipe = exhibit.resolved()
    if exhibit.session is not None:
        for source in exhibit.session.sources().values():
            canvas_files.keep_source(workspace, source)
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    canvas_files.export(path, pixels, recipe)
    return path
