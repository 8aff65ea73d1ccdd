"""The evidence of Judge as cards: neighbours, classes, the two networks, equal pairs, figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.ui.panels.judge_work import Examination
from studio.ui.theme import FONT_BODY, SPACE_L, SPACE_M, SPACE_S
from studio.ui.widgets.curves import CurveArea
from studio.ui.widgets.histogram import Bars
from studio.ui.widgets.labels import card, label
from studio.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    from studio.ui.context import Context

HEADERS = ("Figure", "Value", "95 % interval", "Held-out pictures", "Better")
ROWS = ("Sample", "Nearest by\npixels", "Nearest by\nfeatures")
TEXTS = ("near", "classes", "curves", "pairs", "figures")


class Evidence(QWidget):
    """What the verdict rests on; `show_examination` fills it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        theme = self._theme = context.theme
        self.neighbours = tuple(PictureView(theme, name.replace("\n", " ")) for name in ROWS)
        self.classes = Bars(theme, "Classes among the samples")
        self.curves = CurveArea(context)
        self.curves.setMinimumHeight(theme.px(250))
        self.pairs = PictureView(theme, "Equal pictures, side by side", "No two samples are equal.")
        self.figures = self._table()
        self._texts = {
            name: label("", "muted", wrap=True) for name in ("near", "classes", "pairs", "curves", "figures")
        }
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(SPACE_M)
        grid.setColumnStretch(0, 5)
        grid.setColumnStretch(1, 3)
        grid.addWidget(self._card("Nearest training pictures", "near", self._rows()), 0, 0)
        self.classes_card = self._card("Classes it draws", "classes", self.classes)
        grid.addWidget(self.classes_card, 0, 1)
        self.curves_card = self._card("The two networks", "curves", self.curves)
        grid.addWidget(self.curves_card, 1, 0)
        grid.addWidget(self._card("Equal pictures", "pairs", self.pairs), 1, 1)
        grid.addWidget(self._card("Figures", "figures", self.figures), 2, 0, 1, 2)

    def _card(self, title: str, text: str, content: QWidget) -> QFrame:
        made = card()
        column = QVBoxLayout(made)
        column.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        column.setSpacing(SPACE_S)
        column.addWidget(label(title, "title"))
        column.addWidget(self._texts[text])
        column.addWidget(content, 1)
        if content.sizePolicy().verticalPolicy() == QSizePolicy.Policy.Fixed:
            column.addStretch()
        return made

    def _rows(self) -> QWidget:
        """Return the three rows of pictures with their names; a sample stands above its neighbours."""
        made = QWidget()
        grid = QGridLayout(made)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(SPACE_S)
        grid.setColumnStretch(1, 1)
        for number, (name, row) in enumerate(zip(ROWS, self.neighbours, strict=True)):
            told = label(name, "small")
            told.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            row.setMinimumHeight(self._theme.px(56))
            grid.addWidget(told, number, 0)
            grid.addWidget(row, number, 1)
        return made

    def _table(self) -> QTableWidget:
        table = QTableWidget(0, len(HEADERS))
        table.setHorizontalHeaderLabels(HEADERS)
        table.setAccessibleName("Figures")
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setHighlightSections(False)
        return table

    def show_examination(self, found: Examination) -> None:
        """Show what was found about a run."""
        for row, pictures in zip(self.neighbours, (found.samples, found.by_pixels, found.by_features), strict=True):
            row.show_sheet(pictures, len(pictures))
        numbers = found.document["evidence"]
        usual = numbers.get("nearest_pixels_of_held_out")
        held_out = f", of held-out pictures {255 * usual:.0f}" if usual is not None else ""
        copies = numbers["copies"]
        self._texts["near"].setText(
            f"{copies} of {numbers['looked_at']} samples repeat a training picture. Median difference to the nearest:"
            f" {255 * numbers['nearest_pixels']:.0f} of 255 grey levels{held_out}."
        )
        self._show_classes(found)
        self._show_curves(found)
        if len(found.pairs):
            self.pairs.show_sheet(found.pairs, min(8, len(found.pairs)))
        else:
            self.pairs.clear()
        self._texts["pairs"].setText(found.repeats)
        self._show_figures(found)

    def _show_classes(self, found: Examination) -> None:
        classes = found.document.get("classes")
        self.classes_card.setVisible(classes is not None)
        if classes is None:
            return
        total = max(sum(classes["counts"]), 1)
        texts = [
            f"{100 * n / total:.0f} of {100 * e:.0f} %"
            for n, e in zip(classes["counts"], classes["expected"], strict=True)
        ]
        self.classes.show_values(classes["names"], classes["counts"], texts)
        asked = found.document.get("agreement")
        told = f"{classes['covered']} of {len(classes['names'])} covered, by {found.document['network']['name']}."
        if asked is not None:
            share, low, high = (100 * asked[name] for name in ("share", "low", "high"))
            told += f" Drawn as asked: {share:.1f} % ({low:.1f} to {high:.1f} %)."
        self._texts["classes"].setText(told)

    def _show_curves(self, found: Examination) -> None:
        self.curves.clear()
        self.curves_card.setVisible(bool(found.series))
        self.curves.remember_for(found.recipe)
        for name, (steps, values) in found.series.items():
            self.curves.append("train", steps, {name: values})
        if not self.curves.smoothing.value():
            self.curves.smoothing.setValue(60)
        numbers = found.document["evidence"]
        real, fake = numbers.get("acc_real"), numbers.get("acc_fake")
        told = ""
        if real is not None and fake is not None:
            judged = f"{100 * real:.0f} % of real and {100 * fake:.0f} % of generated pictures right"
            told = f"Lately the discriminator judges {judged}."
        if numbers.get("grad_norm_d") is not None and numbers.get("grad_norm_g") is not None:
            told += f" Gradient norms: D {numbers['grad_norm_d']:.3g}, G {numbers['grad_norm_g']:.3g}."
        self._texts["curves"].setText(told)

    def _show_figures(self, found: Examination) -> None:
        figures = found.document["figures"]
        self._texts["figures"].setText(figures[0]["protocol"] + ". Not FID, and not comparable across networks.")
        self.figures.setRowCount(len(figures))
        for row, figure in enumerate(figures):
            interval = "" if figure["low"] is None else f"{figure['low']:.4g} to {figure['high']:.4g}"
            reference = "" if figure["reference"] is None else f"{figure['reference']:.4g}"
            for column, text in enumerate(
                (figure["title"], f"{figure['value']:.4g}", interval, reference, figure["better"])
            ):
                item = QTableWidgetItem(text)
                item.setToolTip(figure["protocol"])
                if 0 < column < len(HEADERS) - 1:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                    item.setFont(self._theme.mono(FONT_BODY - 1))
                self.figures.setItem(row, column, item)
        self.figures.resizeRowsToContents()
        height = self.figures.verticalHeader().length() + self.figures.horizontalHeader().sizeHint().height()
        self.figures.setFixedHeight(height + self._theme.px(4))
