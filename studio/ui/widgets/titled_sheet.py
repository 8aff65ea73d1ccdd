"""A sheet of pictures whose rows and columns have titles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent

from studio.ui.theme import FONT_SMALL, SPACE_S, Theme
from studio.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIDEST = 140
"""Pixels that a row's title may take; a longer one is shortened."""


class TitledSheet(PictureView):
    """Pictures in a grid, with titles at the left of rows and above columns.

    Args:
        theme: for colours and sizes.
        name: accessible name.
        hint: shown while there is no picture.
        pickable: whether cells can be chosen.
    """

    def __init__(self, theme: Theme, name: str, hint: str = "", *, pickable: bool = False) -> None:
        super().__init__(theme, name, hint, pickable=pickable)
        self.row_titles: tuple[str, ...] = ()
        self.column_titles: tuple[str, ...] = ()

    def show_titled(
        self,
        pixels: NDArray[np.uint8],
        columns: int,
        row_titles: Sequence[str],
        column_titles: Sequence[str],
        captions: Sequence[str] = (),
    ) -> None:
        """Show pictures uint8 (N, H, W, C) in `columns` columns; empty titles take no space."""
        self.row_titles = tuple(row_titles) if any(row_titles) else ()
        self.column_titles = tuple(column_titles) if any(column_titles) else ()
        self.show_sheet(pixels, columns, captions)

    def _metrics(self) -> QFontMetrics:
        font = self.font()
        font.setPixelSize(self._theme.px(FONT_SMALL))
        return QFontMetrics(font)

    def _area(self) -> QRect:
        gap, metrics = self._theme.px(SPACE_S), self._metrics()
        widest = max(map(metrics.horizontalAdvance, self.row_titles), default=0)
        left = min(widest, self._theme.px(WIDEST)) + gap if self.row_titles else 0
        top = metrics.height() if self.column_titles else 0
        return self.rect().adjusted(left + gap, top + gap, -gap, -gap)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pictures and the titles."""
        super().paintEvent(event)
        if not self._images:
            return
        painter = QPainter(self)
        font = painter.font()
        font.setPixelSize(self._theme.px(FONT_SMALL))
        painter.setFont(font)
        painter.setPen(QColor(self._theme.tokens.muted))
        gap, height = self._theme.px(SPACE_S), painter.fontMetrics().height()
        for number, title in enumerate(self.row_titles):
            cell = self.cell(number * self._columns)
            place = QRect(gap, cell.top(), cell.left() - 2 * gap, cell.height())
            self._write(painter, place, title, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for number, title in enumerate(self.column_titles):
            cell = self.cell(number)
            place = QRect(cell.left(), cell.top() - gap - height, cell.width(), height)
            self._write(painter, place, title, Qt.AlignmentFlag.AlignCenter)

    def _write(self, painter: QPainter, place: QRect, title: str, where: Qt.AlignmentFlag) -> None:
        text = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, int(where), text)
