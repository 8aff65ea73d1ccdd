"""Saving what Explore shows: pictures and films that carry their recipe. The writing itself runs in workers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtWidgets import QFileDialog

from studio.ui.notify import Button
from studio.ui.panels.explore_model import recipe_of
from studio.ui.widgets.picture import to_pixels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.panel import Panel
    from studio.ui.panels.explore_model import Progress
    from studio.ui.panels.explore_state import Walker

SMALLEST = 256
"""Tiny pictures are enlarged by whole factors to at least this side, so that they can be seen elsewhere."""


def export_path(workspace: Path, run: str, kind: str, suffix: str) -> Path:
    """Return a free path in the workspace's exports folder, such as `…/exports/vae-1a2b-picture-101500.png`."""
    folder = workspace / "exports"
    stem = re.sub(r"[^\w.-]+", "-", f"{run}-{kind}-{time.strftime('%Y%m%d-%H%M%S')}")
    path, number = folder / f"{stem}{suffix}", 2
    while path.exists():
        path, number = folder / f"{stem}-{number}{suffix}", number + 1
    return path


def write_png(path: Path, pixels: NDArray[np.uint8], recipe: dict[str, Any]) -> Path:
    """Write one picture uint8 (H, W, C) with its recipe; folders are made.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    from studio.core.files import explained
    from studio.runs import pictures

    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    pictures.save_png(path, pictures.enlarge(pixels[None], SMALLEST)[0], recipe)
    return path


def write_gif(path: Path, frames: NDArray[np.uint8], fps: float, recipe: dict[str, Any], progress: Progress) -> Path:
    """Write a film of uint8 (F, H, W, C) with its recipe; folders are made.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    from studio.core.files import explained
    from studio.runs import pictures

    progress(0, 2, "writing the film")
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    frames = pictures.enlarge(frames, SMALLEST)
    progress(1, 2, "writing the film")
    pictures.save_gif(path, frames, fps, recipe)
    progress(2, 2, "writing the film")
    return path


class Keeper(QObject):
    """Saves pictures, views and films for a panel and says where they are.

    Signals:
        exported: path of a file that was written.

    Args:
        panel: whose tasks, workspace and notifications are used.
    """

    exported = Signal(object)

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel)
        self._panel = panel

    def ask_path(self) -> Path | None:
        """Ask for the name of a PNG file."""
        name, _ = QFileDialog.getSaveFileName(self._panel, "Save the picture", "picture.png", "PNG pictures (*.png)")
        return Path(name).with_suffix(".png") if name else None

    def save_picture(self, walker: Walker, path: Path | None) -> None:
        """Save the picture of the current point."""
        session, pixels, z = walker.session, walker.picture, walker.z
        if session is not None and pixels is not None and z is not None:
            recipe = recipe_of(session, "picture", z=[float(v) for v in z])
            self._write(write_png, path or self._free(walker, "picture", ".png"), pixels, recipe)

    def save_view(self, walker: Walker, kind: str, image: QImage, more: dict[str, Any], path: Path | None) -> None:
        """Save a sheet or the scatter; `more` says how it was made."""
        if walker.session is not None and not image.isNull():
            recipe = recipe_of(walker.session, kind, **more)
            self._write(write_png, path or self._free(walker, kind, ".png"), to_pixels(image), recipe)

    def save_film(self, walker: Walker, frames: NDArray[np.uint8], settings: dict[str, Any], path: Path | None) -> None:
        """Save a film of uint8 (F, H, W, C) as GIF."""
        if walker.session is not None:
            recipe = recipe_of(walker.session, "morph", **settings)
            self._write(write_gif, path or self._free(walker, "morph", ".gif"), frames, float(settings["fps"]), recipe)

    def _free(self, walker: Walker, kind: str, suffix: str) -> Path:
        assert walker.session is not None
        return export_path(self._panel.context.workspace, walker.session.record.id, kind, suffix)

    def _write(self, writer: Callable[..., Path], path: Path, *args: Any) -> None:
        self._panel.run_task(writer, path, *args, title=f"Saving {path.name}", on_done=self._written)

    def _written(self, path: Path) -> None:
        show = Button("Show folder", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent))))
        self._panel.context.notify.success(f"Saved {path.name}.", what_to_do=f"In {path.parent}", buttons=(show,))
        self.exported.emit(path)
