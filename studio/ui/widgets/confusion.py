"""A confusion matrix whose cells can be chosen: rows are the truth, columns the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from studio.ui.theme import FONT_SMALL, SPACE_S

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.theme import Theme

MARGIN = 84
"""Room for the names of the classes."""
NUMBERS_FROM = 22
"""Cells at least this wide show their count."""
STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class ConfusionView(QWidget):
    """The matrix, coloured by the share of its row: accent on the diagonal, red beside it.

    Signals:
        chosen: (truth, answer) of the cell that was clicked or reached with the arrow keys.

    Args:
        theme: for colours and sizes.
    """

    chosen = Signal(int, int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.counts: NDArray[np.int64] | None = None
        self._classes: tuple[str, ...] = ()
        self.current: tuple[int, int] | None = None
        self.setAccessibleName("Confusion matrix")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(theme.px(240), theme.px(220))
        theme.changed.connect(self.update)

    def show_counts(self, counts: NDArray[np.int64] | None, classes: Sequence[str] = ()) -> None:
        """Show counts int64 (K, K) by truth and answer; None shows nothing."""
        self.counts, self._classes, self.current = counts, tuple(classes), None
        self.update()

    def cell(self, truth: int, answer: int) -> QRect:
        """Return where a cell is drawn, in widget pixels."""
        side, left, top = self._geometry()
        return QRect(left + answer * side, top + truth * side, side, side)

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(self._theme.px(420), self._theme.px(400))

    def choose(self, truth: int, answer: int) -> None:
        """Choose a cell."""
        count = len(self._classes)
        if 0 <= truth < count and 0 <= answer < count:
            self.current = truth, answer
            self.setAccessibleDescription(self._said(truth, answer))
            self.update()
            self.chosen.emit(truth, answer)

    def _geometry(self) -> tuple[int, int, int]:
        """Return the side of a cell, and the left and top of the first."""
        count, px = max(len(self._classes), 1), self._theme.px
        names, above = px(MARGIN), px(44)
        side = max(
            3, min((self.width() - names - px(SPACE_S)) // count, (self.height() - above - px(SPACE_S)) // count)
        )
        left = names + max(0, (self.width() - names - side * count) // 2)
        return side, left, above

    def _said(self, truth: int, answer: int) -> str:
        assert self.counts is not None
        many, name = int(self.counts[truth, answer]), self._classes[truth]
        said = f"{many:,} of {int(self.counts[truth].sum()):,} pictures of {name} "
        return said + ("named right" if truth == answer else f"taken for {self._classes[answer]}")

    def _at(self, x: float, y: float) -> tuple[int, int] | None:
        side, left, top = self._geometry()
        truth, answer = int((y - top) // side), int((x - left) // side)
        inside = self.counts is not None and 0 <= truth < len(self._classes) and 0 <= answer < len(self._classes)
        return (truth, answer) if inside else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the cell under the cursor."""
        found = self._at(event.position().x(), event.position().y())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.choose(*found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the choice with the arrow keys."""
        step = STEPS.get(Qt.Key(event.key()))
        if step is None or self.counts is None:
            super().keyPressEvent(event)
        elif self.current is None:
            self.choose(0, 0)
        else:
            self.choose(self.current[0] + step[0], self.current[1] + step[1])

    def event(self, event: QEvent) -> bool:
        """Say in words what a cell counts."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            if (found := self._at(event.pos().x(), event.pos().y())) is not None:
                QToolTip.showText(event.globalPos(), self._said(*found), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the names, the cells and the choice."""
        del event
        painter, tokens = QPainter(self), self._theme.tokens
        font = painter.font()
        font.setPixelSize(self._theme.px(FONT_SMALL))
        painter.setFont(font)
        if self.counts is None:
            painter.setPen(QColor(tokens.muted))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), "The confusion matrix appears here.")
            return
        self._names(painter)
        for truth in range(len(self._classes)):
            for answer in range(len(self._classes)):
                self._cell(painter, truth, answer)
        if self.current is not None:
            painter.setPen(QPen(QColor(tokens.text), self._theme.px(2)))
            painter.drawRect(self.cell(*self.current).adjusted(0, 0, -1, -1))
        elif self.hasFocus():
            painter.setPen(QColor(tokens.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _names(self, painter: QPainter) -> None:
        side, left, top = self._geometry()
        px, metrics = self._theme.px, painter.fontMetrics()
        painter.setPen(QColor(self._theme.tokens.muted))
        if side < metrics.height():  # names would overlap; the tooltip has them
            return
        centre, end = Qt.AlignmentFlag.AlignCenter, Qt.TextElideMode.ElideRight
        title = QRect(left, 0, side * len(self._classes), px(18))
        painter.drawText(title, int(centre), "answer")
        painter.drawText(QRect(left - px(MARGIN), top - px(20), px(MARGIN - 8), px(18)), int(_RIGHT), "truth")
        for i, name in enumerate(self._classes):
            across = QRect(left + i * side, top - px(20), side, px(18))
            painter.drawText(across, int(centre), metrics.elidedText(name, end, side - 2))
            down = QRect(left - px(MARGIN), top + i * side, px(MARGIN - 8), side)
            painter.drawText(down, int(_RIGHT), metrics.elidedText(name, end, down.width()))

    def _cell(self, painter: QPainter, truth: int, answer: int) -> None:
        assert self.counts is not None
        tokens, rect = self._theme.tokens, self.cell(truth, answer).adjusted(0, 0, -1, -1)
        many, total = int(self.counts[truth, answer]), max(int(self.counts[truth].sum()), 1)
        painter.fillRect(rect, QColor(tokens.control))
        colour = QColor(tokens.accent if truth == answer else tokens.red)
        colour.setAlphaF(0.0 if not many else 0.2 + 0.8 * (many / total) ** 0.5)
        painter.fillRect(rect, colour)
        if many and rect.width() >= self._theme.px(NUMBERS_FROM):
            strong = colour.alphaF() > 0.6  # then the ground is nearly the colour itself
            painter.setPen(QColor(tokens.on_accent if strong else tokens.text))
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), f"{many:,}")


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
