"""The evidence of Judge as cards: neighbours, classes, the two networks, equal pairs, figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from studio.ui.panels.judge_figures import Figures
from studio.ui.panels.judge_work import Examination
from studio.ui.theme import SPACE_L, SPACE_M, SPACE_S
from studio.ui.widgets.curves import SMOOTHING, CurveArea
from studio.ui.widgets.histogram import Bars
from studio.ui.widgets.labels import card, label
from studio.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    from studio.ui.context import Context

ROWS = ("Sample", "Nearest by\npixels", "Nearest by\nfeatures")
ROW_HEIGHT, CURVES_HEIGHT = 60, 280
TEXTS = ("near", "classes", "curves", "pairs")


def critic_in_words(numbers: Mapping[str, Any]) -> str:
    """Say what a Wasserstein critic's series tell (see `studio.quality.critic`)."""
    grown = numbers.get("distance_grown") or 1.0
    way = f"{grown:.1f} times what it was when half of the run was over" if grown > 1 else "not growing: as it should"
    told = f"Lately the critic sees a distance of {numbers['distance']:.3g}, {way}."
    if numbers.get("clipped") is not None:
        told += f" {100 * numbers['clipped']:.0f} % of its weights stand at the clip."
    return told


class Evidence(QWidget):
    """What the verdict rests on; `show_examination` fills it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        theme = self._theme = context.theme
        self.neighbours = tuple(PictureView(theme, name.replace("\n", " ")) for name in ROWS)
        self.classes = Bars(theme, "Classes among the samples")
        self.curves = CurveArea(context)
        self.curves.setFixedHeight(theme.px(CURVES_HEIGHT))
        self.pairs = PictureView(theme, "Equal pictures, side by side", "No two samples are equal.")
        self.figures = Figures(theme)
        self._texts = {name: label("", "muted", wrap=True) for name in TEXTS}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(SPACE_M)
        grid.setColumnStretch(0, 5)
        grid.setColumnStretch(1, 3)
        grid.addWidget(self._card("Nearest training pictures", self._rows(), self._texts["near"]), 0, 0)
        self.classes_card = self._card("Classes it draws", self.classes, self._texts["classes"])
        grid.addWidget(self.classes_card, 0, 1)
        self.curves_card = self._card("The two networks", self.curves, self._texts["curves"])
        grid.addWidget(self.curves_card, 1, 0)
        grid.addWidget(self._card("Equal pictures", self.pairs, self._texts["pairs"]), 1, 1)
        grid.addWidget(self._card("Figures", self.figures), 2, 0, 1, 2)

    def _card(self, title: str, content: QWidget, text: QLabel | None = None) -> QFrame:
        made = card()
        column = QVBoxLayout(made)
        column.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        column.setSpacing(SPACE_S)
        column.addWidget(label(title, "title"))
        if text is not None:
            column.addWidget(text)
        column.addWidget(content, 1 if content is self.pairs else 0)
        if content is not self.pairs:
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
            row.setFixedHeight(self._theme.px(ROW_HEIGHT))
            grid.addWidget(told, number, 0)
            grid.addWidget(row, number, 1)
        return made

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
        self.figures.show_figures(found.document["figures"])

    def _show_classes(self, found: Examination) -> None:
        classes = found.document.get("classes")
        self.classes_card.setVisible(classes is not None)
        if classes is None:
            return
        total = max(sum(classes["counts"]), 1)
        texts = [
            f"{100 * n / total:.0f} % ({100 * e:.0f} %)"
            for n, e in zip(classes["counts"], classes["expected"], strict=True)
        ]
        self.classes.show_values(classes["names"], classes["counts"], texts)
        asked = found.document.get("agreement")
        covered = f"{classes['covered']} of {len(classes['names'])} covered (in brackets: the data)"
        told = f"{covered}, by {found.document['network']['name']}."
        if asked is not None:
            share, low, high = (100 * asked[name] for name in ("share", "low", "high"))
            told += f" Drawn as asked: {share:.1f} % ({low:.1f} to {high:.1f} %)."
        self._texts["classes"].setText(told)

    def _show_curves(self, found: Examination) -> None:
        self.curves.clear()
        self.curves_card.setVisible(bool(found.series))
        self.curves.remember_for(found.recipe, SMOOTHING)
        for name, (steps, values) in found.series.items():
            self.curves.append("train", steps, {name: values})
        numbers = found.document["evidence"]
        real, fake = numbers.get("acc_real"), numbers.get("acc_fake")
        told = ""
        if real is not None and fake is not None:
            judged = f"{100 * real:.0f} % of real and {100 * fake:.0f} % of generated pictures right"
            told = f"Lately the discriminator judges {judged}."
        if numbers.get("distance") is not None:
            told = critic_in_words(numbers)
        if numbers.get("grad_norm_d") is not None and numbers.get("grad_norm_g") is not None:
            told += f" Gradient norms: D {numbers['grad_norm_d']:.3g}, G {numbers['grad_norm_g']:.3g}."
        self._texts["curves"].setText(told)
