"""A table of numbers as coloured cells: a picture, a kernel, a plan; to be pointed at and changed by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.theme import FONT_SMALL, SPACE_S, Theme

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LARGEST_CELL, LEAST_FOR_NUMBERS = 56, 30
WARM, COLD = "#e69f00", "#0072b2"
"""Okabe-Ito's orange for positive numbers and blue for negative ones."""
STEP = 0.1


class MatrixView(QWidget):
    """Cells of numbers.

    Signals:
        pointed: (row, column) of the cell that was clicked, dragged over or reached with the arrow keys.
        edited: a person changed a number; `values` holds them all.

    Args:
        theme: for colours and sizes.
        name: accessible name.
        title: written above the cells.
        editable: whether numbers can be changed: type one and press Enter; + and −; Space turns the sign.
        signed: colour negative numbers cold and positive ones warm; otherwise from dark to light like a picture.
    """

    pointed = Signal(int, int)
    edited = Signal()

    def __init__(
        self, theme: Theme, name: str, title: str = "", *, editable: bool = False, signed: bool = False
    ) -> None:
        super().__init__()
        self._theme, self._title, self._name = theme, title, name
        self._editable, self._signed = editable, signed
        self.values: NDArray[np.float64] = np.zeros((1, 1))
        self._range = (0.0, 1.0)
        self.at = (0, 0)
        self._marked: set[tuple[int, int]] = set()
        self._typed = ""
        self.digits = 1
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(theme.px(90), theme.px(90))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return the size of comfortable cells."""
        rows, columns = self.values.shape
        cell = self._theme.px(LARGEST_CELL)
        return QSize(cell * columns, cell * rows + self._head())

    def show_values(self, values: ArrayLike, low: float | None = None, high: float | None = None) -> None:
        """Show numbers (rows, columns); the colours span `low` to `high`, the numbers' own range by default."""
        self.values = np.array(values, np.float64)
        self._range = (
            float(self.values.min()) if low is None else low,
            float(self.values.max()) if high is None else high,
        )
        rows, columns = self.values.shape
        self.at = (min(self.at[0], rows - 1), min(self.at[1], columns - 1))
        self._tell()
        self.update()

    def set_signed(self, signed: bool) -> None:
        """Choose whether the sign of a number decides its colour."""
        self._signed = signed
        self.update()

    def set_title(self, title: str) -> None:
        """Write something else above the cells."""
        self._title = title
        self.update()

    def mark(self, cells: set[tuple[int, int]]) -> None:
        """Draw a frame around cells."""
        self._marked = set(cells)
        self.update()

    def set_at(self, row: int, column: int) -> None:
        """Go to a cell and say so."""
        rows, columns = self.values.shape
        self.at = (min(max(row, 0), rows - 1), min(max(column, 0), columns - 1))
        self._typed = ""
        self._tell()
        self.update()
        self.pointed.emit(*self.at)

    def set_number(self, value: float) -> None:
        """Change the number under the cursor as a person would."""
        self.values[self.at] = value
        self._tell()
        self.update()
        self.edited.emit()

    def _tell(self) -> None:
        row, column = self.at
        self.setAccessibleDescription(f"Row {row + 1}, column {column + 1}: {self.values[row, column]:.4g}")

    # ---- places

    def _head(self) -> int:
        return self._theme.px(22) if self._title else 0

    def _cell(self) -> int:
        rows, columns = self.values.shape
        room = min((self.width() - 2) // columns, (self.height() - self._head() - 2) // rows)
        return int(max(2, min(room, self._theme.px(LARGEST_CELL))))

    def _origin(self) -> tuple[int, int]:
        rows, columns = self.values.shape
        cell, head = self._cell(), self._head()
        return (self.width() - cell * columns) // 2, head + max(0, (self.height() - head - cell * rows) // 2)

    def rect_of(self, row: int, column: int) -> QRect:
        """Return where a cell is drawn."""
        (left, top), cell = self._origin(), self._cell()
        return QRect(left + column * cell, top + row * cell, cell, cell)

    def cell_at(self, place: QPointF) -> tuple[int, int] | None:
        """Return (row, column) of the cell at a pixel."""
        (left, top), cell = self._origin(), self._cell()
        row, column = int((place.y() - top) // cell), int((place.x() - left) // cell)
        rows, columns = self.values.shape
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    # ---- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Point."""
        found = self.cell_at(event.position())
        if found is not None:
            self.set_at(*found)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag."""
        found = self.cell_at(event.position())
        if event.buttons() & Qt.MouseButton.LeftButton and found is not None and found != self.at:
            self.set_at(*found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move with the arrows; change with +, −, Space (the sign) or a typed number and Enter."""
        key = Qt.Key
        moves = {key.Key_Left: (0, -1), key.Key_Right: (0, 1), key.Key_Up: (-1, 0), key.Key_Down: (1, 0)}
        move = moves.get(Qt.Key(event.key()))
        if move is not None:
            self._commit()
            self.set_at(self.at[0] + move[0], self.at[1] + move[1])
        elif not self._editable or not self._type(event):
            super().keyPressEvent(event)

    def _type(self, event: QKeyEvent) -> bool:
        text = event.text().replace(",", ".").replace("−", "-")
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._typed:
            self._commit()
        elif event.key() == Qt.Key.Key_Backspace and self._typed:
            self._typed = self._typed[:-1]
        elif text in ("+", "-") and not self._typed:
            self.set_number(round(float(self.values[self.at]) + (STEP if text == "+" else -STEP), 6))
        elif event.key() == Qt.Key.Key_Space:
            self._commit()
            self.set_number(-float(self.values[self.at]))
        elif text and text in "0123456789.":
            self._typed += text
        else:
            return False
        self.update()
        return True

    def _commit(self) -> None:
        typed, self._typed = self._typed, ""
        try:
            self.set_number(float(typed))
        except ValueError:
            self.update()  # nothing, or a lone dot, was typed

    def focusOutEvent(self, event: object) -> None:
        """Take a typed number when the person goes elsewhere."""
        self._commit()
        super().focusOutEvent(event)  # type: ignore[arg-type]

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw title, cells, frames and the cursor."""
        del event
        painter, tokens = QPainter(self), self._theme.tokens
        if self._title:
            painter.setPen(QColor(tokens.muted))
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
            painter.drawText(QRect(0, self._origin()[1] - self._head(), self.width(), self._head()), flags, self._title)
        font = QFont(self.font())
        font.setPixelSize(self._theme.px(FONT_SMALL))
        painter.setFont(font)
        for row, column in np.ndindex(self.values.shape):
            self._paint_cell(painter, row, column)
        for colour, cells, width in ((tokens.accent, self._marked, 3), (tokens.text, self._focused(), 2)):
            pen = QPen(QColor(colour), width)
            painter.setPen(pen)
            for cell in cells:
                painter.drawRect(self.rect_of(*cell).adjusted(1, 1, -2, -2))

    def _focused(self) -> set[tuple[int, int]]:
        return {self.at} if self.hasFocus() else set()

    def _paint_cell(self, painter: QPainter, row: int, column: int) -> None:
        rect, value = self.rect_of(row, column), float(self.values[row, column])
        colour = self.colour_of(value)
        painter.fillRect(rect.adjusted(0, 0, -1, -1), colour)
        if rect.width() < self._theme.px(LEAST_FOR_NUMBERS):
            return
        typing = self._typed and (row, column) == self.at
        painter.setPen(QColor("#101318" if colour.lightnessF() > 0.5 else "#f4f6fa"))
        text = self._typed + "▏" if typing else self._written(value)
        painter.drawText(rect.adjusted(SPACE_S // 2, 0, -SPACE_S // 2, 0), Qt.AlignmentFlag.AlignCenter, text)

    def _written(self, value: float) -> str:
        text = f"{value:.{self.digits}f}"
        return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")

    def colour_of(self, value: float) -> QColor:
        """Return the colour of a number."""
        low, high = self._range
        if not self._signed:
            share = 0.0 if high <= low else min(max((value - low) / (high - low), 0.0), 1.0)
            return QColor.fromHslF(0.61, 0.12, 0.12 + 0.8 * share)
        size = max(abs(low), abs(high), 1e-12)
        ground, end = QColor(self._theme.tokens.control), QColor(WARM if value >= 0 else COLD)
        share = min(abs(value) / size, 1.0)
        parts = [round(a + (b - a) * share) for a, b in zip(ground.getRgb()[:3], end.getRgb()[:3], strict=True)]  # type: ignore[index]
        return QColor(*parts)
