"""A grid of any number of thumbnails: only what is visible is fetched, by a worker, in small batches."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from studio.ui.jobs import Latest
from studio.ui.theme import Theme
from studio.ui.widgets.picture import to_image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Fetch = Callable[[NDArray[np.int64]], tuple[NDArray[np.uint8], NDArray[np.int64] | None]]

BATCH = 96
KEPT = 4000
"""Thumbnails kept in memory; 4,000 of 64 px colour take 50 MB."""
SIDE = 56
Index = QModelIndex | QPersistentModelIndex


class ThumbnailModel(QAbstractListModel):
    """Examples by position; a missing picture is asked for when the view first paints it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._fetch: Fetch | None = None
        self._positions: NDArray[np.int64] | None = None
        self._classes: tuple[str, ...] = ()
        self._images: OrderedDict[int, tuple[QImage, int | None]] = OrderedDict()
        self._wanted: OrderedDict[int, None] = OrderedDict()
        self._asked: frozenset[int] = frozenset()
        self._worker = Latest(self)
        self._worker.arrived.connect(self._arrived)
        self._worker.failed.connect(self._failed)
        self._soon = QTimer(self, singleShot=True, interval=5)
        self._soon.timeout.connect(self._ask)

    def show_examples(self, fetch: Fetch | None, positions: NDArray[np.int64], classes: Sequence[str]) -> None:
        """Show examples.

        Args:
            fetch: runs in a worker: positions int64 (n,) -> uint8 (n, H, W, C) and labels or None.
            positions: which examples, int64 (N,).
            classes: label names.
        """
        self.beginResetModel()
        self._worker.drop()
        if fetch is not self._fetch:
            self._images.clear()
        self._fetch, self._positions, self._classes = fetch, positions, tuple(classes)
        self._wanted.clear()
        self._asked = frozenset()
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        """Return the number of examples."""
        return 0 if parent.isValid() or self._positions is None else len(self._positions)

    def position(self, row: int) -> int:
        """Return the position in the split of a row."""
        assert self._positions is not None
        return int(self._positions[row])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the picture (asking for it when it is missing) or what is known about an example."""
        if not index.isValid() or index.row() >= self.rowCount():
            return None
        position = self.position(index.row())
        if role == Qt.ItemDataRole.DecorationRole:
            return self._picture(position)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._facts(position)
        return None

    @property
    def waiting(self) -> bool:
        """Whether pictures are still to come."""
        return bool(self._wanted or self._asked)

    def _picture(self, position: int) -> QImage | None:
        if position in self._images:
            self._images.move_to_end(position)
            return self._images[position][0]
        if position not in self._asked:
            self._wanted[position] = None
            self._wanted.move_to_end(position)
            if not self._asked and not self._soon.isActive():
                self._soon.start()
        return None

    def _facts(self, position: int) -> str:
        if position not in self._images:
            return f"Example {position:,}"
        image, label = self._images[position]
        size = f"{image.width()} × {image.height()} px"
        if label is None:
            return f"Example {position:,}\n{size}"
        name = self._classes[label] if 0 <= label < len(self._classes) else str(label)
        return f"Example {position:,}\nClass {name}\n{size}"

    def _ask(self) -> None:
        """Send the newest wishes; older ones that scrolled away wait or are forgotten."""
        if self._fetch is None or not self._wanted or self._asked:
            return
        import numpy as np

        newest = list(self._wanted)[-BATCH:]
        self._wanted.clear()
        self._asked = frozenset(newest)
        self._worker.submit(_fetch_images, self._fetch, np.array(sorted(newest), np.int64))

    def _arrived(self, found: list[tuple[int, QImage, int | None]]) -> None:
        for position, image, label in found:
            self._images[position] = (image, label)
        while len(self._images) > KEPT:
            self._images.popitem(last=False)
        self._asked = frozenset()
        if self.rowCount():
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1), [Qt.ItemDataRole.DecorationRole])
        self._ask()

    def _failed(self, _: BaseException) -> None:
        # The files changed behind our back; the panel finds out when it opens the source again.
        self._asked = frozenset()

    def close(self) -> None:
        """End the worker."""
        self._worker.close()


def _fetch_images(fetch: Fetch, positions: NDArray[np.int64]) -> list[tuple[int, QImage, int | None]]:
    pixels, labels = fetch(positions)
    values = [None] * len(positions) if labels is None else labels.tolist()
    return [(int(p), to_image(x), y) for p, x, y in zip(positions, pixels, values, strict=True)]


class ThumbnailView(QListView):
    """The grid; thousands of examples scroll because only visible ones exist."""

    def __init__(self, theme: Theme, name: str = "Examples") -> None:
        super().__init__()
        self._theme = theme
        self.examples = ThumbnailModel(self)
        self.setModel(self.examples)
        self.setItemDelegate(_Drawing(theme, self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(5000)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        theme.changed.connect(self._resize)
        self._resize()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stretch the columns over the width."""
        super().resizeEvent(event)
        self._resize()

    def _resize(self) -> None:
        wanted, width = self._theme.px(SIDE), max(self.viewport().width() - 2, 1)
        side = max(width // max(width // wanted, 1), wanted)
        self.setGridSize(QSize(side, side))
        self.viewport().update()


class _Drawing(QStyledItemDelegate):
    """Draws one thumbnail."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of a cell."""
        return QSize(self._theme.px(SIDE), self._theme.px(SIDE))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the picture, or a blank until it comes."""
        area: QRect = option.rect.adjusted(2, 2, -2, -2)
        image = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(image, QImage):
            size = image.size().scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect(area.center().x() - size.width() // 2, area.center().y() - size.height() // 2, 0, 0)
            place.setSize(size)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.width() > size.width())
            painter.drawPixmap(place, QPixmap.fromImage(image))
        else:
            painter.fillRect(area, QColor(self._theme.tokens.control))
        marks = QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver
        if option.state & marks:
            painter.setPen(QColor(self._theme.tokens.accent))
            painter.drawRect(area)

    def helpEvent(self, event: Any, view: Any, option: QStyleOptionViewItem, index: Index) -> bool:
        """Show the facts of an example under the mouse."""
        if event.type() == QEvent.Type.ToolTip and not index.isValid():
            return False
        return super().helpEvent(event, view, option, index)
