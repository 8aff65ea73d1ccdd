"""The left side of the Data panel: drop zone, recent sources, the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from studio.ui.panels.data_work import Listed, list_catalogue
from studio.ui.theme import FONT_SMALL, SPACE_M, Theme
from studio.ui.widgets.drop import DropZone
from studio.ui.widgets.labels import label

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QPersistentModelIndex

    from studio.ui.panel import Panel

RECENT_KEY = "data/recent"
RECENT = 8
ITEM = Qt.ItemDataRole.UserRole
ROW, HEAD = 44, 28


class SourceList(QWidget):
    """Where data comes from.

    Signals:
        chosen: the Listed line that was clicked or entered.
        dropped: list of Path.
        refused: the StudioError of a drop that cannot be used.
    """

    chosen = Signal(object)
    dropped = Signal(list)
    refused = Signal(object)

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self._panel = panel
        context = panel.context
        self._catalogue: list[Listed] = []
        self.zone = DropZone(context.theme, "Drop files or a folder", context.workspace / "pasted")
        self.list = QListWidget()
        self.list.setAccessibleName("Data sets")
        self.list.setItemDelegate(_TwoLines(context.theme, self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_M)
        column.addWidget(label("Data", "page"))
        column.addWidget(self.zone)
        column.addWidget(self.list, 1)
        self.zone.dropped.connect(self.dropped)
        self.zone.refused.connect(self.refused)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)

    def refresh(self) -> None:
        """Look again at what is on disk."""
        context = self._panel.context
        self._panel.run_task(list_catalogue, context.workspace, title="", on_done=self._show)

    def remember(self, source: str) -> None:
        """Put a path at the top of the recent sources."""
        recent = [source, *(s for s in self.recent() if s != source)][:RECENT]
        self._panel.context.settings.set(RECENT_KEY, recent)
        self._show(self._catalogue)

    def recent(self) -> list[str]:
        """Return the recent paths, newest first."""
        stored = self._panel.context.settings.get(RECENT_KEY, [])
        return [s for s in stored if isinstance(s, str)]

    def mark(self, source: str) -> None:
        """Select the line of a source without choosing it."""
        for row in range(self.list.count()):
            listed = self.list.item(row).data(ITEM)
            if isinstance(listed, Listed) and listed.source == source:
                self.list.setCurrentRow(row)
                return
        self.list.setCurrentRow(-1)

    def listed(self, source: str) -> Listed | None:
        """Return the line of a source."""
        return next((listed for listed in self._catalogue if listed.source == source), None)

    def forget_download(self, source: str) -> None:
        """Note that a data set of the catalogue is on disk now, before the list is read again."""
        self._catalogue = [replace(c, megabytes=0.0) if c.source == source else c for c in self._catalogue]

    def choose(self, source: str) -> None:
        """Choose a line as if it were clicked."""
        self.mark(source)
        item = self.list.currentItem()
        if item is not None:
            self._choose(item)

    def _show(self, catalogue: Sequence[Listed]) -> None:
        self._catalogue = list(catalogue)
        current = self.list.currentItem()
        kept = current.data(ITEM).source if current is not None and current.data(ITEM) else ""
        self.list.clear()
        recent = [Listed(s, Path(s).name or s, str(Path(s).parent), "Recent") for s in self.recent()]
        section = ""
        for listed in [*recent, *self._catalogue]:
            if listed.section != section:
                section = listed.section
                self._add_head(section)
            self._add(listed)
        self.mark(kept)

    def _add_head(self, title: str) -> None:
        item = QListWidgetItem(title)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.list.addItem(item)

    def _add(self, listed: Listed) -> None:
        item = QListWidgetItem(listed.title)
        item.setData(ITEM, listed)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{listed.title}, {listed.facts}")
        tip = [listed.title, listed.facts, listed.note, f"Licence: {listed.licence}" if listed.licence else ""]
        item.setToolTip("\n".join(t for t in tip if t))
        self.list.addItem(item)

    def _choose(self, item: QListWidgetItem) -> None:
        listed = item.data(ITEM)
        if isinstance(listed, Listed):
            self.chosen.emit(listed)


class _TwoLines(QStyledItemDelegate):
    """Draws a title with its facts below, or the head of a section."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the height of two lines, or of a head."""
        return QSize(80, self._theme.px(ROW if index.data(ITEM) is not None else HEAD))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw one line of the list."""
        tokens, listed = self._theme.tokens, index.data(ITEM)
        area: QRect = option.rect.adjusted(self._theme.px(8), 0, -self._theme.px(8), 0)
        small = QFont(option.font)
        small.setPixelSize(self._theme.px(FONT_SMALL))
        if not isinstance(listed, Listed):
            painter.setFont(small)
            painter.setPen(QColor(tokens.muted))
            painter.drawText(area, int(Qt.AlignmentFlag.AlignBottom), str(index.data()))
            return
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.fillRect(option.rect.adjusted(2, 1, -2, -1), QColor(tokens.hover))
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(QRect(option.rect.left(), option.rect.top() + 6, 3, ROW - 12), QColor(tokens.accent))
        painter.setFont(option.font)
        painter.setPen(QColor(tokens.text))
        middle = area.center().y()
        self._line(painter, QRect(area.left(), middle - 18, area.width(), 18), listed.title)
        painter.setFont(small)
        painter.setPen(QColor(tokens.muted))
        self._line(painter, QRect(area.left(), middle + 1, area.width(), 16), listed.facts)

    @staticmethod
    def _line(painter: QPainter, area: QRect, text: str) -> None:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), shown)
