"""The left column of Transfer: the content with its mask, the styles with theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from studio.ui.panels.canvas_slot import PictureSlot
from studio.ui.panels.transfer_styles import StyleSet
from studio.ui.theme import SPACE_M, SPACE_S
from studio.ui.widgets.labels import button, icon_button, label

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.panel import Panel
    from studio.ui.panels.canvas_work import Pixels

    Mask = NDArray[np.float32]

PROPORTIONS = 0.02
"""Masks of another shape than the picture are set aside, beyond this share (as `picture.fitted_mask` does)."""


class TransferSources(QObject):
    """The pictures that go into a transfer, and the column that shows them.

    Signals:
        content_changed: another content, or none.
        masks_changed: the content's mask is another.
        mask_wanted: ("content" or "style 2", on): the person wants to paint a mask, or stops.

    Args:
        panel: its tasks, undo stack, notifications and workspace are used.
    """

    content_changed = Signal()
    masks_changed = Signal()
    mask_wanted = Signal(str, bool)

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel)
        self.content = PictureSlot(panel, "Content", "Drop the picture that keeps its things")
        self.styles = StyleSet(panel)
        self.mask: Mask | None = None
        """Where content counts, at the content's proportions."""
        theme = panel.context.theme
        self.mask_button = icon_button(theme, "mask", "Paint where the content counts")
        self.mask_button.setCheckable(True)
        self.mask_button.clicked.connect(lambda on: self.mask_wanted.emit("content", on))
        self._mask_note = label("counts everywhere", "small")
        self.film_button = button("Film…")
        self.film_button.setToolTip("Stylise a film, frame by frame")
        self.folder_button = button("Folder…")
        self.folder_button.setToolTip("Stylise every picture of a folder")
        self.column = self._built()
        self.content.changed.connect(self._show_content)
        self.styles.mask_wanted.connect(lambda i, on: self.mask_wanted.emit(f"style {i + 1}", on))
        self._show_content()

    def _built(self) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_S)
        column.addWidget(label("Transfer", "page"))
        column.addWidget(self.content.well)
        self._mask_row = QWidget()
        row = QHBoxLayout(self._mask_row)
        row.setContentsMargins(SPACE_M, 0, SPACE_M, 0)
        row.addWidget(self._mask_note, 1)
        row.addWidget(self.mask_button)
        column.addWidget(self._mask_row)
        column.addSpacing(SPACE_S)
        column.addWidget(label("Styles"))
        self.styles.list.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        column.addWidget(self.styles.list, 1)
        many = QHBoxLayout()
        many.setSpacing(SPACE_S)
        for each in (self.film_button, self.folder_button):
            many.addWidget(each, 1)
        column.addLayout(many)
        return made

    def _show_content(self) -> None:
        there = self.content.picture is not None
        self._mask_row.setVisible(there)
        self.show_mask_note()
        self.content_changed.emit()

    def show_mask_note(self) -> None:
        """Say where the content counts."""
        self._mask_note.setText("counts everywhere" if self.fitting(self.mask) is None else "counts where painted")

    # ---- what there is

    @property
    def original(self) -> Pixels | None:
        """The content as the canvas shows it."""
        return self.content.picture.shown if self.content.picture is not None else None

    def put_mask(self, mask: Mask | None) -> None:
        """Say where content counts; None is everywhere."""
        self.mask = mask
        self.show_mask_note()
        self.masks_changed.emit()

    def mask_of(self, role: str) -> Mask | None:
        """Return the mask of "content" or of "style 2"."""
        if role == "content":
            return self.fitting(self.mask)
        index = int(role.removeprefix("style ")) - 1
        items = self.styles.items
        return self.fitting(items[index].mask) if index < len(items) else None

    def fitting(self, mask: Mask | None) -> Mask | None:
        """Return a mask if it has the shape of the content; one painted for another picture waits for that one."""
        if mask is None or self.content.picture is None:
            return None
        height, width = self.content.picture.source.size
        return mask if abs(mask.shape[1] * height / (mask.shape[0] * width) - 1) <= PROPORTIONS else None
