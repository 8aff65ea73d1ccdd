"""The right side of Translate: one picture before and after, its errors, and where others come from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.ui.panels.explore_fields import choice, named
from studio.ui.theme import SPACE_M, Theme
from studio.ui.widgets.canvas_view import CanvasView
from studio.ui.widgets.drop import DropZone
from studio.ui.widgets.labels import ElidedLabel, button, keep_icon

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.panels.translate_work import Shown

LARGE = 256
"""Pictures below this side are enlarged by whole factors, so that every pixel stays sharp and equally large."""
PARTS = (("Result", "made"), ("Way back", "back"), ("Truth", "target"))
HINT = "Drop pictures or a folder to translate them."


class TranslateSide(QWidget):
    """The current picture.

    Signals:
        export_wanted: save it.
        dropped: list of Path, from the field below.
        refused: the StudioError that says why a drop was not taken.

    Args:
        theme: for colours and sizes.
        folder: where raw pictures from the clipboard or a browser are kept.
    """

    export_wanted = Signal()
    dropped = Signal(list)
    refused = Signal(object)

    def __init__(self, theme: Theme, folder: Path) -> None:
        super().__init__()
        self.shown: Shown | None = None
        self.view = CanvasView(theme, "Before and after", "Choose an example, or drop a picture.")
        self.view.set_comparing(True)
        self.name = ElidedLabel("", "title")
        self.errors = ElidedLabel("", "muted")
        self.part_box = choice("Right of the line", (), self._show_part)
        self.export_button = button("Export PNG", self.export_wanted.emit, "primary")
        self.export_button.setToolTip("Save the result with its recipe in the workspace's exports folder")
        self.export_button.setEnabled(False)
        keep_icon(theme, self.export_button, "save")
        self.zone = DropZone(theme, HINT, folder)
        self.zone.dropped.connect(self.dropped)
        self.zone.refused.connect(self.refused)
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(named("Right of the line", self.part_box))
        row.addStretch()
        row.addWidget(self.export_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_M)
        column.addWidget(self.view, 1)
        column.addWidget(self.name)
        column.addWidget(self.errors)
        column.addLayout(row)
        column.addWidget(self.zone)

    def show_picture(self, shown: Shown | None) -> None:
        """Show a translation, or nothing."""
        self.shown = shown
        self.export_button.setEnabled(shown is not None)
        wanted = self.part_box.currentData()
        blocked = self.part_box.blockSignals(True)
        self.part_box.clear()
        for title, part in PARTS:
            if shown is not None and getattr(shown.found, part) is not None:
                self.part_box.addItem(title, part)
        self.part_box.setCurrentIndex(max(self.part_box.findData(wanted), 0))
        self.part_box.setEnabled(self.part_box.count() > 1)
        self.part_box.blockSignals(blocked)
        self.name.setText("" if shown is None else shown.title)
        self.errors.setText("" if shown is None else errors_of(shown))
        self.view.show_before(None if shown is None else screen(shown.found.source[shown.index]))
        self.view.set_caption("" if shown is None else "{1} × {0} px".format(*shown.found.source.shape[1:3]))
        self._show_part()

    def _show_part(self) -> None:
        shown, part = self.shown, self.part_box.currentData()
        pixels = None if shown is None or part is None else screen(getattr(shown.found, part)[shown.index])
        self.view.show_after(pixels)


def screen(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture uint8 (H, W, 1 or 3) as uint8 (h, w, 3), tiny ones enlarged by a whole factor."""
    factor = max(1, LARGE // max(min(pixels.shape[:2]), 1))
    large = pixels.repeat(factor, axis=0).repeat(factor, axis=1)
    return large if large.shape[2] == 3 else large.repeat(3, axis=2)


def percent(error: float) -> str:
    """Return a mean difference in 0..1 as a share of the full range."""
    return f"{100 * error:.1f} %"


def errors_of(shown: Shown) -> str:
    """Say how far a picture ends from where it began, and from the truth where that is known."""
    told = []
    if (cycle := shown.found.cycle_error) is not None:
        told.append(f"There and back: {percent(cycle[shown.index])} off")
    if (gap := shown.found.target_error) is not None:
        told.append(f"{percent(gap[shown.index])} from the truth")
    return " · ".join(told)
