"""The history of results: thumbnails in a row, newest first, that can be shown again, restored and removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from studio.ui.theme import FONT_SMALL, RADIUS, SPACE_L, SPACE_S, Theme
from studio.ui.widgets.labels import icon_button
from studio.ui.widgets.picture_well import thumbnail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE, CELL, CAPTION, TOOL = 72, 96, 18, 26
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, eq=False)
class ResultRow:
    """One result: picture uint8 (H, W, 3), caption below it, tooltip (the caption if empty)."""

    pixels: NDArray[np.uint8]
    caption: str
    tooltip: str = ""


class ResultsStrip(QWidget):
    """Results in a row. A click or Enter shows one, R puts its settings back, Delete removes it.

    Every signal is a wish and carries the index into the rows that were given last.

    Signals:
        shown: show this result.
        restored: put this result's settings back.
        removed: forget this result.
    """

    shown = Signal(int)
    restored = Signal(int)
    removed = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.list = _Results(theme, self.choose, self.menu)
        self.show_button = icon_button(theme, "picture", "Show this result (Enter)", lambda: self.choose("show"))
        self.restore_button = icon_button(theme, "undo", "Put its settings back (R)", lambda: self.choose("restore"))
        self.remove_button = icon_button(theme, "trash", "Remove this result (Delete)", lambda: self.choose("remove"))
        self._buttons = (self.show_button, self.restore_button, self.remove_button)
        tools = QVBoxLayout()
        tools.setSpacing(SPACE_S)
        for tool in self._buttons:
            tool.setStyleSheet("padding: 0; min-height: 0;")
            tools.addWidget(tool)
        tools.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_S)
        row.addWidget(self.list, 1)
        row.addLayout(tools)
        self.setFocusProxy(self.list)
        self.list.currentRowChanged.connect(lambda *_: self._enable())
        theme.changed.connect(self._resize)
        self._resize()
        self._enable()

    @property
    def count(self) -> int:
        """Number of results."""
        return self.list.count()

    @property
    def current(self) -> int:
        """Index of the marked result; -1 for none."""
        return self.list.currentRow()

    def show_results(self, rows: Sequence[ResultRow]) -> None:
        """Show these results, newest first; the mark stays on the result it was on."""
        self.list.show_rows(rows)
        self._enable()

    def choose(self, what: str) -> None:
        """Send a wish about the marked result: "show", "restore" or "remove"."""
        if self.current >= 0:
            {"show": self.shown, "restore": self.restored, "remove": self.removed}[what].emit(self.current)

    def menu(self) -> QMenu:
        """Return the context menu of the marked result."""
        made = QMenu(self)
        made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for title, what in (("Show", "show"), ("Put settings back", "restore"), ("Remove", "remove")):
            made.addAction(title, partial(self.choose, what))
        return made

    def _enable(self) -> None:
        for tool in self._buttons:
            tool.setEnabled(self.current >= 0)

    def _resize(self) -> None:
        for tool in self._buttons:
            tool.setFixedSize(self._theme.px(TOOL), self._theme.px(TOOL))
        self.setFixedHeight(self.list.height())


class _Results(QListWidget):
    """The thumbnails."""

    def __init__(self, theme: Theme, choose: Callable[[str], None], menu: Callable[[], QMenu]) -> None:
        super().__init__()
        self._theme, self._choose, self._menu = theme, choose, menu
        self._rows: tuple[ResultRow, ...] = ()
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QListView.Movement.Static)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setItemDelegate(_Drawing(theme, self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName("Results, newest first")
        self.setAccessibleDescription("Enter shows a result, R puts its settings back, Delete removes it.")
        self.itemClicked.connect(lambda *_: choose("show"))
        self.customContextMenuRequested.connect(self._ask)
        theme.changed.connect(self._resize)
        self._resize()

    def show_rows(self, rows: Sequence[ResultRow]) -> None:
        """Show results; the mark follows its picture."""
        marked = self._rows[self.currentRow()].pixels if 0 <= self.currentRow() < len(self._rows) else None
        self._rows = tuple(rows)
        self.clear()
        for row in rows:
            self.addItem(self._item(row))
        found = [i for i, row in enumerate(rows) if row.pixels is marked]
        self.setCurrentRow(found[0] if found else -1)

    def _item(self, row: ResultRow) -> QListWidgetItem:
        ratio = self.devicePixelRatioF()
        image = thumbnail(row.pixels, round(self._theme.px(SIDE) * ratio))
        image.setDevicePixelRatio(ratio)
        item = QListWidgetItem(row.caption)
        item.setData(Qt.ItemDataRole.DecorationRole, QPixmap.fromImage(image))
        item.setToolTip(row.tooltip or row.caption)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"Result: {row.caption}")
        return item

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Show, restore, remove."""
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose("show")
        elif key == Qt.Key.Key_R and not event.modifiers():
            self._choose("restore")
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._choose("remove")
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the results, or what this place is for."""
        super().paintEvent(event)
        if not self.count():
            painter = QPainter(self.viewport())
            painter.setPen(QColor(self._theme.tokens.muted))
            text = "Every finished picture stays here, newest first, with the settings that made it."
            painter.drawText(self.viewport().rect(), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), text)

    def _ask(self, at: QPoint) -> None:
        item = self.itemAt(at)
        if item is not None:
            self.setCurrentItem(item)
            self._menu().popup(self.viewport().mapToGlobal(at))

    def _resize(self) -> None:
        px = self._theme.px
        self.setGridSize(QSize(px(CELL), px(SIDE + CAPTION + 2 * SPACE_S)))
        self.setFixedHeight(px(SIDE + CAPTION + 2 * SPACE_S) + px(SPACE_L))
        self.show_rows(self._rows)


class _Drawing(QStyledItemDelegate):
    """Draws a result: the picture in a square, its caption on one line below."""

    def __init__(self, theme: Theme, parent: _Results) -> None:
        super().__init__(parent)
        self._theme, self._list = theme, parent

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of a cell."""
        return self._list.gridSize()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw it."""
        px, tokens = self._theme.px, self._theme.tokens
        cell: QRect = option.rect.adjusted(px(2), 0, -px(2), 0)
        is_marked = index.row() == self._list.currentRow()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if is_marked or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(QColor(tokens.hover))
            framed = is_marked and self._list.hasFocus()
            painter.setPen(QColor(tokens.accent if framed else tokens.hover))
            painter.drawRoundedRect(cell.adjusted(0, 0, -1, -1), px(RADIUS), px(RADIUS))
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(picture, QPixmap):
            size = picture.deviceIndependentSize().toSize()
            top = cell.y() + px(SPACE_S) + (px(SIDE) - size.height()) // 2
            painter.drawPixmap(cell.x() + (cell.width() - size.width()) // 2, top, picture)
        font = painter.font()
        font.setPixelSize(px(FONT_SMALL))
        painter.setFont(font)
        painter.setPen(QColor(tokens.text if is_marked else tokens.muted))
        below = QRect(cell.x() + px(2), cell.y() + px(SPACE_S + SIDE), cell.width() - 2 * px(2), px(CAPTION))
        caption = str(index.data())
        text = painter.fontMetrics().elidedText(caption, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), text)
        painter.restore()
