"""Lesson: activation functions, their slopes and their parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio.lessons.activations import ACTIVATIONS, activation
from studio.ui.context import Context
from studio.ui.panels.lesson_view import LessonView
from studio.ui.widgets.function_plot import FunctionPlot

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH = 6.0
NONE = ""


class ActivationLesson(LessonView):
    """One function with its slope, a second one to compare, and a point to move."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.plot = FunctionPlot(self.theme, "Activation and its slope", "input x", "output", "top left")
        self.stage.addWidget(self.plot, 1)
        titles = [(a.title, a.id) for a in ACTIVATIONS]
        self.choice = self.add_choice("Activation", titles, self._chosen, "sigmoid")
        self.other = self.add_choice("Compare with", [("Nothing", NONE), *titles], self._draw)
        self.parameter = self.add_slider("Parameter", 0.0, 10.0, 1.0, 0.01, changed=self._draw)
        self.at = self.add_slider("Input x", -REACH, REACH, 1.0, 0.05, changed=self._draw)
        self.formula = self.add_text("", "")
        self.use = self.add_text("")
        self.plot.pointed.connect(lambda x, _: self.at.set_value(min(max(x, -REACH), REACH)))
        self._chosen()

    def _chosen(self) -> None:
        chosen = activation(self.choice.currentData())
        self.parameter.setVisible(bool(chosen.parameter))
        self.parameter.set_range(chosen.parameter or "Parameter", chosen.low, chosen.high, chosen.default)
        self._draw()

    def _draw(self) -> None:
        chosen, p = activation(self.choice.currentData()), self.parameter.value
        x = np.linspace(-REACH, REACH, 481)
        self.plot.show_line("f(x)", x, chosen.value(x, p), 0)
        self.plot.show_line("slope f′(x)", x, chosen.slope(x, p), 1, "dashed")
        self._compare(x)
        tall = max(1.2, float(chosen.value(x, p).max()))
        self.plot.set_view((-REACH, REACH), (min(-0.2, float(chosen.value(x, p).min())), min(tall, REACH)))
        at = np.array([self.at.value])
        value, slope = chosen.value(at, p)[0], chosen.slope(at, p)[0]
        self.plot.show_points("at", at, [value], 0, 12)
        self.plot.show_points("slope at", at, [slope], 1)
        self.formula.setText(chosen.formula)
        self.use.setText(chosen.use)
        self.say(
            f"f({at[0]:.2f}) = {value:.4f}, slope {slope:.4f}. "
            f"Through ten such neurons a gradient keeps {slope**10:.2g} of its size."
        )

    def _compare(self, x: NDArray[np.float64]) -> None:
        for name in [n for n in self.plot.names if n.startswith("compared: ")]:
            self.plot.remove(name)
        if self.other.currentData() != NONE:
            other = activation(self.other.currentData())
            self.plot.show_line(f"compared: {other.title}", x, other.value(x, other.default), 2, "dotted")
