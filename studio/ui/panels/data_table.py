"""A table in the Data panel: its first rows, and how the values of the chosen column are spread."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.ui.panels.data_work import View, rows_of, spread_of
from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.histogram import Bars
from studio.ui.widgets.labels import label


class TablePage(QWidget):
    """Rows at the left, bars of one column at the right; choosing a cell chooses its column."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._view: View | None = None
        self._split = "train"
        self.rows = QTableWidget()
        self.rows.setAccessibleName("Rows of the table")
        self.rows.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.rows.setTabKeyNavigation(False)
        self.rows.setWordWrap(False)
        self.rows.verticalHeader().setDefaultSectionSize(theme.px(26))
        self.heading = label("", "muted")
        self.bars = Bars(theme, "How often each value of the chosen column occurs")
        self._build(theme)
        self.rows.currentCellChanged.connect(lambda row, column, *_: self._show_column(column))
        self.rows.horizontalHeader().sectionClicked.connect(self._show_column)

    def _build(self, theme: Theme) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, SPACE_S, 0, 0)
        row.setSpacing(SPACE_M)
        row.addWidget(self.rows, 5)
        area = QScrollArea()
        area.setWidget(self.bars)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        side = QVBoxLayout()
        side.setSpacing(SPACE_S)
        side.addWidget(self.heading)
        side.addWidget(area, 1)
        row.addLayout(side, 2)
        area.setMaximumWidth(theme.px(260))

    def show_view(self, view: View, split: str) -> None:
        """Show the first rows of a split."""
        self._view, self._split = view, split
        columns, cells = view.data.spec.columns, rows_of(view.data, split)
        self.rows.setRowCount(len(cells))
        self.rows.setColumnCount(len(columns))
        self.rows.setHorizontalHeaderLabels([column.name for column in columns])
        for i, texts in enumerate(cells):
            for j, text in enumerate(texts):
                self.rows.setItem(i, j, QTableWidgetItem(text))
        self.rows.resizeColumnsToContents()
        self._show_column(0)

    def _show_column(self, column: int) -> None:
        view = self._view
        if view is None or not 0 <= column < len(view.data.spec.columns):
            return
        self.heading.setText(view.data.spec.columns[column].name)
        self.bars.show_values(*spread_of(view.data, self._split, column))
