"""The model's summary: every layer with its output shape, parameters and multiplications, and the totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QVBoxLayout, QWidget

from studio.ui.theme import FONT_BODY, SPACE_M, SPACE_S, Theme
from studio.ui.widgets.labels import ElidedLabel, label

HEADERS = ("Network", "Layer", "Type", "Output shape", "Parameters", "MACs")
NUMBERS = (4, 5)
Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


@dataclass(frozen=True)
class Summary:
    """A model in numbers: `rows` are (network, layer, type, shape, parameters, MACs)."""

    rows: tuple[tuple[str, str, str, tuple[int, ...], int, int], ...]
    total: int
    trainable: int
    note: str = ""

    @property
    def macs(self) -> int:
        """Multiply-accumulate operations of one forward pass of one example."""
        return sum(row[5] for row in self.rows)


def grouped(number: int) -> str:
    """Return a whole number with thin gaps between thousands."""
    return f"{number:,}"


class SummaryModel(QAbstractTableModel):
    """The rows of a Summary."""

    def __init__(self) -> None:
        super().__init__()
        self.summary: Summary | None = None

    def show_summary(self, summary: Summary | None) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.summary = summary
        self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Return the number of layers."""
        return 0 if self.summary is None or parent.isValid() else len(self.summary.rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(HEADERS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text or alignment."""
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in NUMBERS:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole) or self.summary is None:
            return None
        value = self.summary.rows[index.row()][index.column()]
        if isinstance(value, tuple):
            return " × ".join(map(str, value)) if value else "–"
        return grouped(value) if isinstance(value, int) else value

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a column's title."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return HEADERS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section not in NUMBERS:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None


class SummaryTable(QWidget):
    """The table with its totals on top."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.model = SummaryModel()
        self.totals = label("", "title")
        self.note = ElidedLabel("", "muted")
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Model summary")
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_S)
        column.addWidget(self.totals)
        column.addWidget(self.note)
        column.addWidget(self.table, 1)
        theme.changed.connect(self._tint)
        self._tint()
        self.wait()

    def wait(self) -> None:
        """Say that the model is being counted; the old rows stay until the new ones come."""
        if self.model.summary is None:
            self.totals.setText("Counting…")

    def show_summary(self, summary: Summary) -> None:
        """Show a model."""
        self.model.show_summary(summary)
        millions = f"{summary.macs / 1e6:.3g} M" if summary.macs >= 1e5 else grouped(summary.macs)
        self.totals.setText(f"{grouped(summary.total)} parameters · {millions} MACs per example")
        frozen = summary.total - summary.trainable
        parts = [f"{grouped(frozen)} are not trained." if frozen else "All parameters are trained.", summary.note]
        self.note.setText(" ".join(p for p in parts if p))

    def show_problem(self, what: str, what_to_do: str = "") -> None:
        """Say why the model cannot be built."""
        self.model.show_summary(None)
        self.totals.setText("This model cannot be built")
        self.note.setText(f"{what} {what_to_do}".strip())

    def texts(self) -> Sequence[str]:
        """Return the headline and the note."""
        return self.totals.text(), self.note.text()

    def _tint(self) -> None:
        self.table.setFont(self._theme.mono(FONT_BODY - 1))
