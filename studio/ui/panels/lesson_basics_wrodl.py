"""Lessons on counting: Wrodl's fashions under three models, and the same faces pixel by pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.data import avatars, wrodl
from studio.lessons import basics
from studio.ui.context import Context
from studio.ui.panels.data_view import scrolled
from studio.ui.panels.lesson_view import LessonView
from studio.ui.theme import SPACE_M, SPACE_S
from studio.ui.widgets.histogram import Bars
from studio.ui.widgets.labels import label
from studio.ui.widgets.picture import PictureView

DRAWN, ACROSS, FACE = 10, 5, 192


def faces(codes: basics.Codes, size: int) -> NDArray[np.uint8]:
    """Return drawn faces uint8 (N, size, size, 3)."""
    return np.ascontiguousarray(np.moveaxis(avatars.draw(codes, size), 1, -1))


class WrodlLesson(LessonView):
    """Compose a face and see its probability; draw faces and see which are copies."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.bars = [Bars(self.theme, f"Probabilities of {column.name}") for column in wrodl.COLUMNS]
        for bars in self.bars:
            bars.beside = self.bars
        self.face = PictureView(self.theme, "The composed face")
        self.samples = PictureView(self.theme, "Ten faces the model draws")
        self._turn = 1
        self._build()
        start = wrodl.codes_of(wrodl.TWICE)
        self.pickers = [
            self.add_choice(
                column.name.capitalize(), [(o, o) for o in column.options], self._show, column.options[code]
            )
            for column, code in zip(wrodl.COLUMNS, start, strict=True)
        ]
        self.pseudocount = self.add_slider("Pseudocount", 0.0, 5.0, 0.0, 0.1, changed=self._show)
        self.model = self.add_choice(
            "Draw from", [("Naive Bayes", "naive-bayes"), ("Multinomial", "multinomial")], self._show
        )
        self.add_button("Draw ten others", self.draw)
        self._show()

    def _build(self) -> None:
        table = QWidget()
        column = QVBoxLayout(table)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        for about, bars in zip(wrodl.COLUMNS, self.bars, strict=True):
            column.addWidget(label(about.name.capitalize(), "muted"))
            column.addWidget(bars)
        column.addStretch(1)
        right = QVBoxLayout()
        right.setSpacing(SPACE_M)
        right.addWidget(self.face, 2)
        right.addWidget(self.samples, 3)
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(scrolled(table), 2)
        row.addLayout(right, 3)
        self.stage.addLayout(row, 1)

    @property
    def codes(self) -> tuple[int, ...]:
        """The composed row."""
        return tuple(picker.currentIndex() for picker in self.pickers)

    def draw(self) -> None:
        """Draw ten other faces."""
        self._turn += 1
        self._show()

    def _show(self) -> None:
        a = self.pseudocount.value
        for number, (column, bars) in enumerate(zip(wrodl.COLUMNS, self.bars, strict=True)):
            p = basics.column_probabilities(number, a)
            bars.show_values(column.options, p.tolist(), [f"{v:.3f}" for v in p])
        self.face.show_pixels(faces(np.array([self.codes]), FACE)[0])
        model: basics.Model = "multinomial" if self.model.currentData() == "multinomial" else "naive-bayes"
        rows, copies = basics.draw(model, a, DRAWN, self._turn)
        self.samples.show_sheet(faces(rows, 96), ACROSS, ["copy" if copy else "new" for copy in copies])
        seen = basics.occurrences(self.codes)
        times = {0: "never", 1: "once", 2: "twice"}.get(seen, f"{seen} times")
        whole, parts = (basics.probability(m, self.codes, a) for m in ("multinomial", "naive-bayes"))
        unseen = basics.unseen_mass(model, a)
        self.say(
            f"This face is {times} among the fifty. Multinomial (4,031 parameters): {whole:.6f}. Naive Bayes "
            f"(23 parameters): {parts:.6f}. {copies.sum()} of the {DRAWN} drawn faces are copies; "
            f"{unseen:.0%} of the model's probability lies on faces that are not among the fifty."
        )


class PixelsLesson(LessonView):
    """Fifty faces counted column by column, and pixel by pixel."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.data = PictureView(self.theme, "Ten of the fifty faces")
        self.columns = PictureView(self.theme, "Faces drawn by naive Bayes on the five columns")
        self.pixels = PictureView(self.theme, "Faces drawn by naive Bayes on the pixels")
        self._turn = 0
        for title, view in (
            ("The data: ten of fifty faces of 32 × 32 pixels", self.data),
            ("Drawn by naive Bayes on the five columns", self.columns),
            ("Drawn by naive Bayes on the 1,024 pixels", self.pixels),
        ):
            self.stage.addWidget(label(title, "muted"))
            self.stage.addWidget(view, 1)
        self.data.show_sheet(basics.planet_pixel()[:DRAWN], ACROSS)
        self.add_button("Draw others", self.draw, "primary")
        self.mean = self.add_switch("Show the mean face first", False, self._show)
        self.add_text("Both models count and draw every feature for itself. Only the features differ.")
        self.add_text("The mean is no generative model: it has no randomness, and nobody looks like it.")
        self.draw()

    def draw(self) -> None:
        """Draw other faces."""
        self._turn += 1
        self._show()

    def _show(self) -> None:
        rows, _ = basics.draw("naive-bayes", 0.0, DRAWN, self._turn)
        crisp = np.moveaxis(avatars.draw(rows, 32, smooth=False), 1, -1)
        self.columns.show_sheet(np.ascontiguousarray(crisp), ACROSS)
        scattered = basics.pixel_samples(DRAWN, self._turn)
        if self.mean.isChecked():
            scattered[0] = basics.mean_face()
        self.pixels.show_sheet(scattered, ACROSS)
        self.say(
            "Five columns are nearly independent, so new faces look right. Pixels are not: hair and shirt become "
            "confetti and glasses lose their shape, because no pixel knows its neighbours. What all share survives."
        )
