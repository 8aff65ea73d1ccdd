"""The empty state of a canvas: drop a picture, open one, paste one, or take a sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from studio.ui.panels import canvas_work as work
from studio.ui.theme import SPACE_M, SPACE_XL
from studio.ui.widgets.empty import EmptyState
from studio.ui.widgets.labels import label
from studio.ui.widgets.picture import to_image

if TYPE_CHECKING:
    from studio.ui.panel import Panel

SAMPLE = 112
AT_MOST = 5


class CanvasEmpty(QWidget):
    """What to do next on an empty canvas.

    Signals:
        sample_chosen: Path of a bundled picture.

    Args:
        panel: whose tasks read the samples.
        icon: of the page.
        text: one sentence below "Drop a picture".
        buttons: (title, callback) pairs.
    """

    sample_chosen = Signal(object)

    def __init__(self, panel: Panel, icon: str, text: str, *buttons: tuple[str, Callable[[], object]]) -> None:
        super().__init__()
        self._panel = panel
        self.state = EmptyState(panel.context.theme, icon, "Drop a picture", text, *buttons)
        self.caption = label("or begin with one of these", "muted")
        self.caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.caption.hide()
        self.samples: list[QToolButton] = []
        self._row = QHBoxLayout()
        self._row.setSpacing(SPACE_M)
        self._row.addStretch()
        self._row.addStretch()
        column = QVBoxLayout(self)
        column.setSpacing(SPACE_M)
        column.addStretch(1)
        column.addWidget(self.state)
        column.addWidget(self.caption)
        column.addLayout(self._row)
        column.addSpacing(SPACE_XL)
        column.addStretch(1)

    def load(self, folder: str) -> None:
        """Show the pictures of a bundled folder."""
        self._panel.run_task(read_samples, folder, title="", on_done=self._show)

    def _show(self, samples: list[tuple[Path, work.Pixels]]) -> None:
        self.caption.setVisible(bool(samples))
        for path, pixels in samples:
            made = self._sample(path, pixels)
            self.samples.append(made)
            self._row.insertWidget(self._row.count() - 1, made)

    def _sample(self, path: Path, pixels: work.Pixels) -> QToolButton:
        theme = self._panel.context.theme
        name = path.stem.replace("_", " ").replace("-", " ")
        side = theme.px(SAMPLE)
        pixmap = QPixmap.fromImage(to_image(pixels)).scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
        )
        middle = pixmap.copy((pixmap.width() - side) // 2, (pixmap.height() - side) // 2, side, side)
        made = QToolButton()
        made.setProperty("role", "flat")
        made.setIcon(QIcon(middle))
        made.setIconSize(QSize(side, side))
        made.setStyleSheet("padding: 4px;")
        made.setToolTip(name.capitalize())
        made.setAccessibleName(f"Sample: {name}")
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        made.clicked.connect(lambda *_: self.sample_chosen.emit(path))
        return made


def read_samples(folder: str) -> list[tuple[Path, work.Pixels]]:
    """Return the bundled pictures of a folder in `resources` with thumbnails, at most five."""
    import numpy as np
    from PIL import Image

    from studio.core.errors import NotAvailable
    from studio.core.resources import resource

    try:
        paths = sorted(p for p in resource(folder).iterdir() if p.suffix in (".jpg", ".png", ".webp"))[:AT_MOST]
    except NotAvailable:  # an installation without its samples: the page is useful all the same
        return []
    found = []
    for path in paths:
        with Image.open(path) as image:
            image.draft("RGB", (work.THUMB_SIDE, work.THUMB_SIDE))
            image.thumbnail((work.THUMB_SIDE, work.THUMB_SIDE))
            found.append((path, np.asarray(image.convert("RGB"))))
    return found
