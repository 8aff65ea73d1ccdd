"""Lesson: dropout of one dense layer, unit by unit."""

from __future__ import annotations

import numpy as np

from studio.lessons.normalisation import dropout
from studio.ui.context import Context
from studio.ui.panels.lesson_view import LessonView
from studio.ui.widgets.function_plot import FunctionPlot
from studio.ui.widgets.matrix_view import MatrixView

SIDE = 16
MOST_DRAWS = 500


class DropoutLesson(LessonView):
    """256 units as cells; the mean over many draws stays where evaluation has it."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.units = MatrixView(self.theme, "The 256 units of the layer", "256 units: dark ones are dropped")
        self.means = FunctionPlot(self.theme, "Mean of the layer over the draws", "draw", "mean", "bottom right")
        self.means.setMaximumHeight(self.theme.px(190))
        self.stage.addWidget(self.units, 3)
        self.stage.addWidget(self.means, 1)
        self.rate = self.add_slider("Rate (share dropped)", 0.0, 0.9, 0.45, 0.01, changed=self.restart)
        self.training = self.add_switch("Training (off: evaluation)", True, self.restart)
        self.player = self.add_player(self.step, self.restart)
        self.add_text("kept units × 1 / (1 − rate), the others 0", "")
        self.add_text(
            "Inverted dropout: because the kept units are enlarged, the sum that arrives in the next layer is the same "
            "on average, and nothing has to be done in evaluation."
        )
        self.restart()

    def restart(self) -> None:
        """Begin with the first draw again."""
        self._generator = np.random.default_rng(2)
        self.values = np.abs(self._generator.normal(1.0, 0.3, (SIDE, SIDE)))
        self.drawn: list[float] = []
        self.step()

    def step(self) -> bool:
        """Draw which units are dropped; return whether more may follow."""
        rate = self.rate.value if self.training.isChecked() else 0.0
        made = dropout(self.values, rate, self._generator)
        self.drawn.append(float(made.mean()))
        self.units.show_values(made, 0.0, 3.5)
        steps = np.arange(1, len(self.drawn) + 1)
        self.means.show_line("of one draw", steps, self.drawn, 0)
        self.means.show_line("over all draws", steps, np.cumsum(self.drawn) / steps, 1)
        self.means.show_line("in evaluation", steps, np.full(len(steps), self.values.mean()), -1, "dotted")
        self.means.set_view((1, max(25, len(self.drawn))), (0.75, 1.25))
        self.means.show_points("now", [steps[-1]], [self.drawn[-1]], 0)
        kept = int((made > 0).sum())
        self.say(
            f"{kept} of 256 units are kept (expected: {256 * (1 - rate):.1f}), each enlarged by {1 / (1 - rate):.2f}. "
            f"Mean of this draw {made.mean():.3f}, over {len(self.drawn)} draws {np.mean(self.drawn):.3f}, "
            f"in evaluation {self.values.mean():.3f}."
        )
        return len(self.drawn) < MOST_DRAWS
