"""Lesson: losses of one number, and the cross-entropy of three classes behind a softmax."""

from __future__ import annotations

import numpy as np

from studio.lessons.activations import softmax
from studio.lessons.losses import LOSSES, categorical_cross_entropy, softmax_slope
from studio.ui.context import Context
from studio.ui.panels.lesson_view import LessonView
from studio.ui.widgets.function_plot import FunctionPlot

EDGE = 0.005
CLASSES = "ABC"


class LossLesson(LessonView):
    """Squared error, absolute error and binary cross-entropy over the prediction."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.plot = FunctionPlot(self.theme, "Losses over the prediction", "prediction p", "loss")
        self.stage.addWidget(self.plot, 1)
        self.target = self.add_slider("Target y", 0.0, 1.0, 1.0, 0.05, changed=self._draw)
        self.prediction = self.add_slider("Prediction p", EDGE, 1 - EDGE, 0.3, 0.005, changed=self._draw)
        self.slopes = self.add_switch("Show slopes instead", False, self._draw)
        for found in LOSSES:
            self.add_text(f"{found.title}:  {found.formula}", "")
            self.add_text(found.use)
        self.plot.pointed.connect(lambda x, _: self.prediction.set_value(min(max(x, EDGE), 1 - EDGE)))
        self._draw()

    def _draw(self) -> None:
        y, p = self.target.value, np.array([self.prediction.value])
        x = np.linspace(EDGE, 1 - EDGE, 397)
        told, slopes = [], self.slopes.isChecked()
        for number, found in enumerate(LOSSES):
            value, slope = found.value(y, p)[0], found.slope(y, p)[0]
            curve, here = (found.slope(y, x), slope) if slopes else (found.value(y, x), value)
            self.plot.show_line(found.title, x, curve, number)
            self.plot.show_points(found.id, p, [here], number, 11)
            told.append(f"{found.title} {value:.4f} (slope {slope:+.3f})")
        self.plot.set_titles("prediction p", "slope" if slopes else "loss")
        self.plot.set_view((0.0, 1.0), (-6.0, 6.0) if slopes else (0.0, 4.0))
        self.say(f"Target {y:g}, prediction {p[0]:g}.  " + "   ".join(told))


class CrossEntropyLesson(LessonView):
    """Three logits, their softmax, and what the right class costs."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.plot = FunctionPlot(self.theme, "Probabilities of three classes", "class", "probability")
        self.stage.addWidget(self.plot, 1)
        starts = (1.0, 0.0, -1.0)
        self.logits = [
            self.add_slider(f"Logit of {name}", -6.0, 6.0, at, 0.1, changed=self._draw)
            for name, at in zip(CLASSES, starts, strict=True)
        ]
        self.right = self.add_choice("Right class", [(name, name) for name in CLASSES], self._draw)
        self.add_text("softmax(x)ᵢ = eˣⁱ / Σ eˣʲ", "")
        self.add_text("loss = −ln p(right class)", "")
        self.add_text(
            "The gradient of the loss with respect to the logits is simply p − target: the orange bars. It never "
            "vanishes while the network is wrong, which a squared error behind a softmax would."
        )
        self.plot.getPlotItem().getAxis("bottom").setTicks([list(enumerate(CLASSES))])
        self.plot.set_view((-0.6, 2.6), (-1.05, 1.05))
        self._draw()

    def _draw(self) -> None:
        target = self.right.currentIndex()
        p = softmax(np.array([slider.value for slider in self.logits]))
        slope = softmax_slope(target, p)
        self.plot.show_bars("probability p", np.arange(3) - 0.18, p, 0.32, 0)
        self.plot.show_bars("gradient p − target", np.arange(3) + 0.18, slope, 0.32, 1)
        for i, name in enumerate(CLASSES):
            self.plot.show_text(f"p of {name}", f"{p[i]:.3f}", i - 0.18, p[i], (0.5, 1.0))
        cost = categorical_cross_entropy(target, p)
        shares = ", ".join(f"{name} {value:.3f}" for name, value in zip(CLASSES, p, strict=True))
        self.say(f"p: {shares}. The right class is {CLASSES[target]}: loss −ln {p[target]:.3f} = {cost:.4f}.")
