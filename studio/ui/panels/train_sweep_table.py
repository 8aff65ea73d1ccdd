"""The table of a sweep: what each run reached, the best first and marked; a row opens its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from studio.ui.panels.train_controls import clock
from studio.ui.panels.train_sweep_work import Table
from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.empty import EmptyState
from studio.ui.widgets.labels import ElidedLabel, button, label
from studio.ui.widgets.run_card import status_colour

if TYPE_CHECKING:
    from studio.runs.sweep_table import Row

Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()
REACHED = ("Status", "Train", "Held out", "Best", "At step", "Time")
ROLE = Qt.ItemDataRole


class TableModel(QAbstractTableModel):
    """The rows of a Table; the best measured one is bold and has a star."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._bold = QFont()
        self._bold.setBold(True)
        self.table: Table | None = None

    def show_table(self, table: Table | None) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.table = table
        self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Return the number of runs."""
        return 0 if self.table is None or parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """Return the number of columns: a star, the knobs, what was reached."""
        return 0 if self.table is None or parent.isValid() else 1 + len(self.table.knobs) + len(REACHED)

    def is_best(self, row: int) -> bool:
        """Whether a row is the best one, with a value to show for it."""
        if row or self.table is None:
            return False
        return self.table.rows[0].val_best is not None or self.table.rows[0].train is not None

    def data(self, index: Index, role: int = ROLE.DisplayRole) -> Any:
        """Return a cell's text, tip, colour, font or alignment."""
        if self.table is None or not index.isValid():
            return None
        line, is_status = self.table.rows[index.row()], index.column() == 1 + len(self.table.knobs)
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        found = {
            ROLE.DisplayRole: self._cells(index.row())[index.column()],
            ROLE.ToolTipRole: line.error or "Enter opens the curves of this run.",
            ROLE.FontRole: self._bold if self.is_best(index.row()) else None,
            ROLE.ForegroundRole: QColor(status_colour(self._theme, line.status)) if is_status else None,
            ROLE.TextAlignmentRole: None if is_status else right,
        }
        return found.get(ROLE(role))

    def _cells(self, row: int) -> list[str]:
        assert self.table is not None
        line = self.table.rows[row]
        values = [_number(v) for v in (line.train, line.val, line.val_best)]
        at = "–" if line.best_step is None else f"{line.best_step:,}"
        settings = [_setting(v) for v in line.settings.values()]
        return ["★" if self.is_best(row) else "", *settings, line.status, *values, at, clock(line.seconds)]

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = ROLE.DisplayRole) -> Any:
        """Return a column's title, above its numbers."""
        if orientation != Qt.Orientation.Horizontal or self.table is None:
            return None
        titles = ["", *self.table.knobs, *REACHED]
        titles[-3] = f"Best {self.table.metric}"
        side = Qt.AlignmentFlag.AlignLeft if titles[section] == "Status" else Qt.AlignmentFlag.AlignRight
        found = {ROLE.DisplayRole: titles[section], ROLE.TextAlignmentRole: int(side | Qt.AlignmentFlag.AlignVCenter)}
        return found.get(ROLE(role))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


class SweepTable(QWidget):
    """The tab.

    Signals:
        opened: id of a run whose curves are wanted.
        shown: id of a kept sweep that is wanted.
        rest_wanted: id of the sweep whose missing runs are to be trained.
        export_wanted: id of the sweep whose table is to be written.
    """

    opened = Signal(str)
    shown = Signal(str)
    rest_wanted = Signal(str)
    export_wanted = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.model = TableModel(theme)
        self.picker = QComboBox()
        self.picker.setAccessibleName("Kept sweeps")
        self.picker.setMinimumContentsLength(24)
        self.picker.activated.connect(lambda *_: self.shown.emit(self.picker.currentData()))
        self.told = ElidedLabel("", "muted")
        self.trouble = label("", "error", wrap=True)
        self.rest_button = button("Go on", lambda: self.rest_wanted.emit(self.id))
        self.rest_button.setToolTip("Train the runs that are missing")
        self.open_button = button("Open the run", self.open_row)
        self.export_button = button("Export CSV", lambda: self.export_wanted.emit(self.id))
        self.view = _View(self)
        self.view.setModel(self.model)
        text = "Open “Sweep” at the right, vary a knob, and the runs are compared here."
        self.empty = EmptyState(theme, "compare", "No sweep yet", text)
        self._build()
        self.view.doubleClicked.connect(lambda *_: self.open_row())
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._tell_trouble())
        theme.changed.connect(self.view.viewport().update)
        self.show_table(None)

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE_M)
        head.addWidget(label("Sweep", "muted"))
        head.addWidget(self.picker)
        head.addWidget(self.told, 1)
        for made in (self.rest_button, self.open_button, self.export_button):
            head.addWidget(made)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_S)
        column.addLayout(head)
        column.addWidget(self.view, 1)
        column.addWidget(self.trouble)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.pages)

    @property
    def id(self) -> str:
        """Id of the sweep on show, "" for none."""
        return self.model.table.id if self.model.table is not None else ""

    def show_table(self, table: Table | None) -> None:
        """Show a sweep; the chosen row stays with its run."""
        chosen = self.chosen_run
        self.model.show_table(table)
        self.pages.setCurrentIndex(0 if table is None else 1)
        if table is None:
            return
        self.picker.clear()
        for sweep_id, title in table.kept:
            self.picker.addItem(title, sweep_id)
        self.picker.setCurrentIndex(self.picker.findData(table.id))
        over, failed = len(table.rows) - table.missing, sum(row.status == "failed" for row in table.rows)
        trouble = f" · {failed} failed" if failed else ""
        self.told.setText(f"{over} of {len(table.rows)} finished{trouble}")
        self.rest_button.setEnabled(table.missing > 0)
        runs = [row.run for row in table.rows]
        self.view.selectRow(runs.index(chosen) if chosen and chosen in runs else 0)
        self._tell_trouble()

    def set_training(self, training: bool) -> None:
        """Nothing else is begun or opened while something trains."""
        table = self.model.table
        self.rest_button.setEnabled(not training and table is not None and table.missing > 0)
        self.open_button.setEnabled(not training)

    @property
    def chosen(self) -> Row | None:
        """The chosen row."""
        rows, table = self.view.selectionModel().selectedRows(), self.model.table
        return table.rows[rows[0].row()] if rows and table is not None else None

    @property
    def chosen_run(self) -> str:
        """Id of the run in the chosen row; "" when there is none."""
        return self.chosen.run if self.chosen is not None else ""

    def _tell_trouble(self) -> None:
        """Say below the table why the chosen run failed."""
        text = self.chosen.error if self.chosen is not None else ""
        self.trouble.setText(f"This run failed: {text}" if text else "")
        self.trouble.setVisible(bool(text))

    def open_row(self) -> None:
        """Ask for the curves of the chosen run."""
        if self.chosen_run and self.open_button.isEnabled():
            self.opened.emit(self.chosen_run)


class _View(QTableView):
    """Enter opens the run of a row; Tab leaves the table."""

    def __init__(self, owner: SweepTable) -> None:
        super().__init__()
        self._owner = owner
        self.setAccessibleName("Runs of the sweep")
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setHighlightSections(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open, or move."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._owner.open_row()
        else:
            super().keyPressEvent(event)
