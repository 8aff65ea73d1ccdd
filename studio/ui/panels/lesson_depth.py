"""Lesson: gradients on their way back through a deep network, with and without shortcuts."""

from __future__ import annotations

import numpy as np

from studio.lessons.activations import ACTIVATIONS, activation
from studio.lessons.depth import gradient_norms, weights
from studio.ui.context import Context
from studio.ui.panels.lesson_view import LessonView
from studio.ui.widgets.function_plot import FunctionPlot

LEAST = 1e-30


class DepthLesson(LessonView):
    """The size of the gradient at every layer, on a logarithmic axis."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.plot = FunctionPlot(
            self.theme, "Size of the gradient at every layer", "layer", "log₁₀ of the gradient", "bottom right"
        )
        self.stage.addWidget(self.plot, 1)
        self.layers = self.add_slider("Layers", 2, 100, 30, 1, changed=self._draw)
        self.gain = self.add_slider("Size of the weights", 0.1, 3.0, 1.0, 0.05, changed=self._draw)
        titles = [(a.title, a.id) for a in ACTIVATIONS]
        self.choice = self.add_choice("Activation", titles, self._draw, "sigmoid")
        self.seed = self.add_slider("Seed of the weights", 0, 20, 0, 1, changed=self._draw)
        self.add_text("plain:  h ← f(W·h)", "")
        self.add_text("with shortcut:  h ← h + f(W·h)", "")
        self.add_text(
            "Random matrices of 48 × 48, of variance size²/48. Layer 0 is the input; the loss is at the right, where "
            "the gradient begins with size 1."
        )
        self._draw()

    def _draw(self) -> None:
        depth, name = round(self.layers.value), self.choice.currentData()
        layers, p = weights(depth, self.gain.value, round(self.seed.value)), activation(name).default
        kinds = (("plain", False), ("with shortcut", True))
        ends = {}
        for number, (title, shortcut) in enumerate(kinds):
            norms = np.maximum(gradient_norms(layers, name, shortcut=shortcut, parameter=p), LEAST)
            self.plot.show_line(title, np.arange(depth + 1), np.log10(norms), number)
            ends[title] = norms[0]
        self.plot.set_view((0, depth), self._span(ends))
        told = [f"{title}: {self._judged(value)}" for title, value in ends.items()]
        self.say(f"What the first layer gets of the gradient at the output: {'; '.join(told)}.")

    def _span(self, ends: dict[str, float]) -> tuple[float, float]:
        exponents = [float(np.log10(value)) for value in ends.values()]
        return min(-1.0, *exponents), max(1.0, *exponents)

    def _judged(self, share: float) -> str:
        word = "it vanishes" if share < 1e-3 else "it explodes" if share > 1e3 else "fine"
        return f"{share:.2g} ({word})"
