"""Counts per class or per token as horizontal bars with names and numbers."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.theme import Theme

ROW = 20


class Bars(QWidget):
    """Horizontal bars; the longest fills the width. Put it into a scroll area when there are many.

    Signals:
        picked: index of the bar that was clicked or chosen with Up and Down; -1 when the choice is taken back.

    Args:
        theme: for colours and sizes.
        name: accessible name; the numbers are added to its description.
        pickable: whether bars can be chosen.

    Attributes:
        beside: bars in one column with these, which share their scale and begin at the same place.
    """

    picked = Signal(int)

    def __init__(self, theme: Theme, name: str, *, pickable: bool = False) -> None:
        super().__init__()
        self._theme, self._pickable = theme, pickable
        self.names: tuple[str, ...] = ()
        self.values: tuple[float, ...] = ()
        self.texts: tuple[str, ...] = ()
        self.current = -1
        self.beside: Sequence[Bars] = (self,)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if pickable else Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)
        theme.changed.connect(self.update)

    def show_values(self, names: Sequence[str], values: Sequence[float], texts: Sequence[str] = ()) -> None:
        """Show values >= 0 with names; `texts` stand at the right, thousands-separated values by default."""
        self.names, self.values = tuple(names), tuple(values)
        self.texts = tuple(texts) or tuple(f"{v:,.0f}" for v in values)
        self.current = -1
        self.setAccessibleDescription("; ".join(f"{n}: {t}" for n, t in zip(self.names, self.texts, strict=True)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of all rows."""
        return QSize(self._theme.px(200), self._row() * len(self.names) + 2)

    def minimumSizeHint(self) -> QSize:
        """Return a narrow size; the height is not negotiable."""
        return QSize(self._theme.px(120), self.sizeHint().height())

    def choose(self, index: int) -> None:
        """Mark a bar (-1 for none) and say so."""
        if self._pickable and -1 <= index < len(self.names):
            self.current = index
            self.update()
            self.picked.emit(index)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a bar; a second click takes the choice back."""
        index = int(event.position().y()) // self._row()
        if 0 <= index < len(self.names):
            self.choose(-1 if index == self.current else index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose with Up and Down, take back with Esc."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._pickable:
            self.choose(max(0, min(len(self.names) - 1, self.current + (1 if event.key() == Qt.Key.Key_Down else -1))))
        elif event.key() == Qt.Key.Key_Escape and self.current >= 0:
            self.choose(-1)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Make room for another font."""
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw names, bars and numbers."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.names:
            return
        metrics, row, pad = painter.fontMetrics(), self._row(), self._theme.px(8)
        left = min(max(metrics.horizontalAdvance(n) for b in self.beside for n in b.names) + pad, self.width() // 2)
        right = max(metrics.horizontalAdvance(t) for b in self.beside for t in b.texts) + pad
        room, top = max(self.width() - left - right, 1), max(1e-12, *(v for b in self.beside for v in b.values))
        first = max(event.rect().top() // row, 0)
        for i in range(first, min(event.rect().bottom() // row + 1, len(self.names))):
            self._paint_row(painter, metrics, i, left, right, room * self.values[i] / top)
        if self.hasFocus():
            painter.setPen(QColor(self._theme.tokens.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_row(
        self, painter: QPainter, metrics: QFontMetrics, i: int, left: int, right: int, length: float
    ) -> None:
        tokens, row, y = self._theme.tokens, self._row(), i * self._row()
        painter.setPen(QColor(tokens.text if i == self.current else tokens.muted))
        name = metrics.elidedText(self.names[i], Qt.TextElideMode.ElideRight, left - self._theme.px(8))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(2, y, left, row), int(middle | Qt.AlignmentFlag.AlignLeft), name)
        painter.drawText(
            QRectF(self.width() - right, y, right - 2, row), int(middle | Qt.AlignmentFlag.AlignRight), self.texts[i]
        )
        painter.setPen(Qt.PenStyle.NoPen)
        faded = self.current >= 0 and i != self.current
        painter.setBrush(QColor(tokens.border if faded else tokens.accent))
        height = row * 0.5
        painter.drawRoundedRect(QRectF(left, y + (row - height) / 2, max(length, 1.0), height), 2, 2)

    def _row(self) -> int:
        return max(self._theme.px(ROW), self.fontMetrics().height() + 2)
