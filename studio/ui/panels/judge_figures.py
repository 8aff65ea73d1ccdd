"""The figures of Judge: each with its interval, what held-out pictures get, and its protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.ui.theme import FONT_BODY, SPACE_S, Theme
from studio.ui.widgets.labels import button, label

HEADERS = ("Figure", "Value", "95 % interval", "Held-out pictures", "Better")


class Figures(QWidget):
    """The table, the protocol above it, and the button that measures with more samples.

    Signals:
        measure_wanted: the person wants the figures of as many samples as are usual.
    """

    measure_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.protocol = label("", "muted", wrap=True)
        self.measure_button = button("Measure with 5,000 samples", self.measure_wanted.emit)
        self.measure_button.setToolTip("As `generative-studio measure` does; with FID when its network is at hand")
        self.table = QTableWidget(0, len(HEADERS))
        for place, header in enumerate(HEADERS):
            item = QTableWidgetItem(header)
            item.setTextAlignment(_alignment(place))
            self.table.setHorizontalHeaderItem(place, item)
        self.table.setAccessibleName("Figures")
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setHighlightSections(False)
        row = QHBoxLayout()
        row.addWidget(self.protocol, 1)
        row.addWidget(self.measure_button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(row)
        column.addWidget(self.table)

    def show_figures(self, figures: Sequence[Mapping[str, Any]], remark: str = "") -> None:
        """Show figures as `studio.quality.measures.Figure.to_json` gives them; each row's tooltip is its protocol."""
        self.protocol.setText(f"{figures[0]['protocol']}. {remark or 'Not comparable across networks.'}")
        self.table.setRowCount(len(figures))
        for row, figure in enumerate(figures):
            self._fill(row, figure)
        self.table.resizeRowsToContents()
        height = self.table.verticalHeader().length() + self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(height + self._theme.px(4))

    def _fill(self, row: int, figure: Mapping[str, Any]) -> None:
        interval = "" if figure["low"] is None else f"{figure['low']:.4g} to {figure['high']:.4g}"
        reference = "" if figure["reference"] is None else f"{figure['reference']:.4g}"
        texts = (figure["title"], f"{figure['value']:.4g}", interval, reference, figure["better"])
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(figure["protocol"])
            item.setTextAlignment(_alignment(column))
            if 0 < column < len(HEADERS) - 1:
                item.setFont(self._theme.mono(FONT_BODY - 1))
            self.table.setItem(row, column, item)


def _alignment(column: int) -> Qt.AlignmentFlag:
    """Numbers stand at the right, below the end of their title."""
    is_number = 0 < column < len(HEADERS) - 1
    return (Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter
