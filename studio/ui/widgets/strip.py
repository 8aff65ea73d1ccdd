"""The strip of pinned latent points: pictures in a row that can be ordered, chosen and removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QDropEvent, QIcon, QKeyEvent, QPainter, QPaintEvent, QPixmap, QUndoCommand, QUndoStack
from PySide6.QtWidgets import QAbstractItemView, QListView, QListWidget, QListWidgetItem

from studio.ui.theme import Theme
from studio.ui.widgets.picture import to_image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = 60


@dataclass(frozen=True, eq=False)
class Pin:
    """A latent point float32 (D,) worth keeping, with its picture uint8 (H, W, C)."""

    z: NDArray[np.float32]
    pixels: NDArray[np.uint8]


class PinStrip(QListWidget):
    """Pins in a row. Drag to reorder, or Alt+Left and Alt+Right; Delete removes; Enter or a click shows one.

    Signals:
        edited: (what was done, the new list of pins): a person's wish; the strip changes when `show_pins` is called.
        chosen: the Pin that was clicked.
    """

    edited = Signal(str, list)
    chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.pins: tuple[Pin, ...] = ()
        self.era = 0
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QListView.Movement.Snap)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Pinned points; Alt+Left and Alt+Right reorder, Delete removes")
        self.itemClicked.connect(self._choose)
        self.itemActivated.connect(self._choose)
        theme.changed.connect(self._resize)
        self._resize()

    def show_pins(self, pins: Sequence[Pin], current: int = -1) -> None:
        """Show these pins and mark one of them."""
        self.pins = tuple(pins)
        self.clear()
        for number, pin in enumerate(self.pins, 1):
            image = to_image(pin.pixels).scaled(
                self.iconSize(), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.FastTransformation
            )
            icon = QIcon()
            for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):  # a tinted picture would be another picture
                icon.addPixmap(QPixmap.fromImage(image), mode)
            item = QListWidgetItem(icon, "")
            item.setData(Qt.ItemDataRole.UserRole, number - 1)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"Pinned point {number}")
            item.setToolTip(f"Pinned point {number}")
            self.addItem(item)
        if self.pins:
            self.setCurrentRow(min(current if current >= 0 else len(self.pins) - 1, len(self.pins) - 1))

    def start_over(self) -> None:
        """Forget all pins: they belong to another model, and undo must not bring them back."""
        self.era += 1
        self.show_pins(())

    def remove(self, row: int) -> None:
        """Ask for a pin to be removed."""
        if 0 <= row < len(self.pins):
            self.edited.emit("Remove a pinned point", [p for i, p in enumerate(self.pins) if i != row])

    def move(self, row: int, to: int) -> None:  # type: ignore[override]  # QWidget.move is never used on a laid-out child
        """Ask for a pin to be put elsewhere."""
        if 0 <= row < len(self.pins) and 0 <= to < len(self.pins) and row != to:
            pins = list(self.pins)
            pins.insert(to, pins.pop(row))
            self.edited.emit("Reorder pinned points", pins)
            self.setCurrentRow(to)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Remove, reorder, choose."""
        key, row = event.key(), self.currentRow()
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove(row)
        elif alt and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.move(row, row + (1 if key == Qt.Key.Key_Right else -1))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.currentItem() is not None:
            self._choose(self.currentItem())
        else:
            super().keyPressEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Turn a drag inside the strip into a new order."""
        row = self.currentRow()
        at = self.indexAt(event.position().toPoint())
        event.setDropAction(Qt.DropAction.IgnoreAction)  # the list is rebuilt from the pins, never by Qt
        event.accept()
        self.move(row, at.row() if at.isValid() else len(self.pins) - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pins, or what this place is for."""
        super().paintEvent(event)
        if not self.pins:
            painter = QPainter(self.viewport())
            painter.setPen(QColor(self._theme.tokens.muted))
            text = "Pinned points appear here: Ctrl+D pins the current one; two or more make a morph."
            painter.drawText(self.viewport().rect(), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), text)

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(self.pins[item.data(Qt.ItemDataRole.UserRole)])

    def _resize(self) -> None:
        side = self._theme.px(SIDE)
        self.setIconSize(QSize(side, side))
        self.setGridSize(QSize(side + 12, side + 12))
        self.setFixedHeight(side + 28)
        self.show_pins(self.pins, self.currentRow())


class PinEdit(QUndoCommand):
    """One undoable change of the pins; once they belong to a model that is gone, undo and redo pass over it."""

    def __init__(
        self, strip: PinStrip, what: str, before: Sequence[Pin], after: Sequence[Pin], stack: QUndoStack
    ) -> None:
        super().__init__(what)
        self._strip, self._before, self._after, self._stack = strip, tuple(before), tuple(after), stack
        self._era = strip.era

    def redo(self) -> None:
        """Do it."""
        self._show(self._after, self._stack.redo)

    def undo(self) -> None:
        """Take it back."""
        self._show(self._before, self._stack.undo)

    def _show(self, pins: Sequence[Pin], onwards: Callable[[], None]) -> None:
        if shiboken6.isValid(self._strip) and self._strip.era == self._era:
            self._strip.show_pins(pins)
        else:
            self.setObsolete(True)
            QTimer.singleShot(0, self._stack, onwards)  # the stack cannot be moved while it moves
