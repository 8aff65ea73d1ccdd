"""Numbers per class as horizontal bars: a model's probabilities, or its accuracy on each class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from studio.ui.theme import FONT_SMALL, SPACE_M, SPACE_S

if TYPE_CHECKING:
    from studio.ui.theme import Theme

MOST = 10
"""Rows at most: the largest are shown when there are more classes."""
ROW = 18
NAMES = 0.45
"""Share of the width for the longest name at most; longer ones are elided, and whole in the tooltip."""
VALUES = 48


class ClassBars(QWidget):
    """A row per class: name, bar, percentage; the largest stands out.

    Args:
        theme: for colours and sizes.
        name: accessible name; the description says the rows.
        hint: shown while there is nothing.
        stand_out: the largest is drawn in the accent colour; otherwise all of them are.
        worst_first: more than ten classes are all shown, the smallest first; otherwise only the ten largest are.
    """

    def __init__(
        self, theme: Theme, name: str, hint: str = "", *, stand_out: bool = True, worst_first: bool = False
    ) -> None:
        super().__init__()
        self._theme, self._hint, self._stand_out, self._worst_first = theme, hint, stand_out, worst_first
        self.rows: list[tuple[str, float]] = []
        self._best = ""
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_values(self, names: Sequence[str], values: Sequence[float]) -> None:
        """Show a value in 0..1 for each class (NaN: nothing known), in the order of the classes."""
        pairs = list(zip(names, values, strict=True))
        known = [pair for pair in pairs if not math.isnan(pair[1])]
        self._best = max(known, key=lambda pair: pair[1])[0] if known else ""
        if len(pairs) > MOST and self._worst_first:
            pairs = sorted(known, key=lambda pair: pair[1]) + [pair for pair in pairs if math.isnan(pair[1])]
        elif len(pairs) > MOST:
            pairs = sorted(known, key=lambda pair: -pair[1])[:MOST]
        self.rows = pairs
        self.setAccessibleDescription(", ".join(f"{name} {value:.0%}" for name, value in known))
        self.updateGeometry()
        self.update()

    def clear(self) -> None:
        """Show the hint."""
        self.show_values((), ())

    @property
    def best(self) -> str:
        """Class with the largest value, "" when there is none."""
        return self._best

    def sizeHint(self) -> QSize:
        """Return the size that shows every row."""
        return QSize(self._theme.px(240), self._theme.px(ROW) * max(len(self.rows), 3))

    def minimumSizeHint(self) -> QSize:
        """Return the same height, narrower."""
        return QSize(self._theme.px(160), self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """Say a row in full."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = event.pos().y() // self._theme.px(ROW)
            if 0 <= row < len(self.rows):
                name, value = self.rows[row]
                QToolTip.showText(event.globalPos(), f"{name}: {_share(value)}", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows, or the hint."""
        painter, tokens = QPainter(self), self._theme.tokens
        font = painter.font()
        font.setPixelSize(self._theme.px(FONT_SMALL))
        painter.setFont(font)
        if not self.rows:
            painter.setPen(QColor(tokens.muted))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._hint)
            return
        widest = max(painter.fontMetrics().horizontalAdvance(name) for name, _ in self.rows)
        names = min(widest + 2 * self._theme.px(SPACE_M), round(self.width() * NAMES))
        for i, (name, value) in enumerate(self.rows):
            place = QRect(0, i * self._theme.px(ROW), self.width(), self._theme.px(ROW))
            if place.intersects(event.rect()):
                self._row(painter, place, names, name, value)

    def _row(self, painter: QPainter, rect: QRect, names: int, name: str, value: float) -> None:
        tokens, px = self._theme.tokens, self._theme.px
        best = name == self._best or not self._stand_out
        painter.setPen(QColor(tokens.text if best else tokens.muted))
        left = QRect(rect.left(), rect.top(), names, rect.height())
        centre = Qt.AlignmentFlag.AlignVCenter
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, left.width() - px(SPACE_S))
        painter.drawText(left, int(centre | Qt.AlignmentFlag.AlignLeft), shown)
        right = QRect(rect.right() - px(VALUES), rect.top(), px(VALUES), rect.height())
        painter.drawText(right, int(centre | Qt.AlignmentFlag.AlignRight), _share(value))
        track = QRect(left.right(), rect.top(), right.left() - left.right() - px(SPACE_S), rect.height())
        track = track.adjusted(0, px(SPACE_M) // 2, 0, -px(SPACE_M) // 2)
        painter.fillRect(track, QColor(tokens.control))
        if not math.isnan(value):
            filled = QRect(track.left(), track.top(), max(1, round(track.width() * value)), track.height())
            painter.fillRect(filled, QColor(tokens.accent if best else tokens.muted))


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1%}"
