"""Model, drawing and view of channel thumbnails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from studio.ui.theme import FONT_SMALL, Theme
from studio.ui.widgets.picture_well import thumbnail

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE, CAPTION, KEPT = 64, 16, 160
Index = QModelIndex | QPersistentModelIndex
STRENGTH = int(Qt.ItemDataRole.UserRole) + 1


class ChannelModel(QAbstractListModel):
    """Channels by number or by strength; a channel without a picture is there all the same."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.count = 0
        self._images: dict[int, QImage] = {}
        self._strengths: NDArray[np.float32] | None = None
        self._filter, self._is_sorted = "", False
        self._order: list[int] = []
        self._places: dict[int, int] = {}

    @property
    def ready(self) -> int:
        """Number of channels that have a picture."""
        return len(self._images)

    def begin(self, count: int) -> None:
        """Start over with `count` channels."""
        self._images, self.count = {}, count
        self._arrange()

    def add(self, channel: int, pixels: NDArray[np.uint8]) -> None:
        """Take a channel's picture, uint8 (H, W, 3)."""
        self._images[channel] = thumbnail(pixels, KEPT)
        place = self._places.get(channel)
        if place is not None:
            self.dataChanged.emit(self.index(place), self.index(place), [Qt.ItemDataRole.DecorationRole])

    def set_strengths(self, values: NDArray[np.float32] | None) -> None:
        """Take strengths (channels,), or none."""
        self._strengths = values
        self._arrange()

    def set_filter(self, text: str) -> None:
        """Show only channels whose number begins with a text."""
        self._filter = text.strip()
        self._arrange()

    def set_sorted(self, strongest_first: bool) -> None:
        """Sort by strength where it is known, otherwise by number."""
        self._is_sorted = strongest_first
        self._arrange()

    def channel(self, index: Index) -> int | None:
        """Return the channel at a place."""
        return self._order[index.row()] if 0 <= index.row() < len(self._order) else None

    def place(self, channel: int | None) -> QModelIndex:
        """Return where a channel stands; invalid if it is filtered out."""
        place = None if channel is None else self._places.get(channel)
        return QModelIndex() if place is None else self.index(place)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's own default
        """Return the number of channels that pass the filter."""
        return 0 if parent.isValid() else len(self._order)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return picture, number, strength as a share of the strongest, and words."""
        channel = self.channel(index)
        if channel is None:
            return None
        if role == Qt.ItemDataRole.DecorationRole:
            return self._images.get(channel)
        if role == Qt.ItemDataRole.DisplayRole:
            return str(channel)
        if role == STRENGTH:
            return self._share(channel)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(channel)
        return None

    def _words(self, channel: int) -> str:
        share = self._share(channel)
        strength = "" if share is None else f", {100 * share:.0f} % of the strongest on this picture"
        return f"Channel {channel}{strength}{'' if channel in self._images else ', picture is being made'}"

    def _share(self, channel: int) -> float | None:
        if self._strengths is None or channel >= len(self._strengths):
            return None
        strongest = float(np.max(self._strengths))
        return max(float(self._strengths[channel]) / strongest, 0.0) if strongest > 0 else 0.0

    def _arrange(self) -> None:
        self.beginResetModel()
        order = [n for n in range(self.count) if str(n).startswith(self._filter)]
        if self._is_sorted and self._strengths is not None:
            known = self._strengths
            order.sort(key=lambda n: -float(known[n]) if n < len(known) else 0.0)
        self._order, self._places = order, {channel: place for place, channel in enumerate(order)}
        self.endResetModel()


class ChannelList(QListView):
    """The grid.

    Signals:
        picked: index of a cell that was clicked, or chosen with Enter or Space.
    """

    picked = Signal(QModelIndex)

    def __init__(self, theme: Theme, model: ChannelModel) -> None:
        super().__init__()
        self._theme = theme
        self.setModel(model)
        self.setItemDelegate(_Drawing(theme, self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setAccessibleName("Channels")
        self.setAccessibleDescription("Arrow keys move, Enter chooses, digits filter.")
        self.clicked.connect(self.picked)
        model.modelAboutToBeReset.connect(self._remember)
        model.modelReset.connect(self._restore)
        self._channel: int | None = None
        theme.changed.connect(self._resize)
        self._resize()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose; digits are for the filter, not for Qt's own search."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.picked.emit(self.currentIndex())
        elif event.text().isdigit():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stretch the columns over the width."""
        super().resizeEvent(event)
        self._resize()

    def _channels(self) -> ChannelModel:
        model = self.model()
        assert isinstance(model, ChannelModel)
        return model

    def _remember(self) -> None:
        channel = self._channels().channel(self.currentIndex())
        self._channel = self._channel if channel is None else channel

    def _restore(self) -> None:
        index = self._channels().place(self._channel)
        if index.isValid():
            self.setCurrentIndex(index)

    def _resize(self) -> None:
        wanted, width = self._theme.px(SIDE), max(self.viewport().width() - 2, 1)
        side = max(width // max(width // wanted, 1), wanted)
        self.setGridSize(QSize(side, side + self._theme.px(CAPTION)))
        self.viewport().update()


class _Drawing(QStyledItemDelegate):
    """Draws a channel: its picture or a blank, its number, its strength as a bar."""

    def __init__(self, theme: Theme, parent: ChannelList) -> None:
        super().__init__(parent)
        self._theme, self._list = theme, parent

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of a cell."""
        return self._list.gridSize()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw it."""
        tokens, px = self._theme.tokens, self._theme.px
        cell: QRect = option.rect.adjusted(2, 2, -2, -2)
        area = QRect(cell.x(), cell.y(), cell.width(), cell.height() - px(CAPTION))
        image = index.data(Qt.ItemDataRole.DecorationRole)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if isinstance(image, QImage):
            painter.drawImage(area, image)
        else:
            painter.fillRect(area, QColor(tokens.control))
        self._paint_strength(painter, area, index.data(STRENGTH))
        font = painter.font()
        font.setPixelSize(px(FONT_SMALL))
        painter.setFont(font)
        painter.setPen(QColor(tokens.muted))
        below = QRect(cell.x(), area.bottom() + 1, cell.width(), px(CAPTION))
        painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), str(index.data()))
        marks = QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver
        if option.state & marks:
            painter.setPen(QPen(QColor(tokens.accent), px(2)))
            painter.drawRect(area.adjusted(1, 1, -1, -1))

    def _paint_strength(self, painter: QPainter, area: QRect, share: float | None) -> None:
        if share is not None:
            high = self._theme.px(3)
            painter.fillRect(QRect(area.x(), area.bottom() - high + 1, area.width(), high), QColor(0, 0, 0, 120))
            bar = QRect(area.x(), area.bottom() - high + 1, round(area.width() * share), high)
            painter.fillRect(bar, QColor(self._theme.tokens.accent))
