"""Lesson: batch normalisation of one channel: the batch's statistics in training, the running ones in evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio.lessons.normalisation import Running, normalised
from studio.ui.context import Context
from studio.ui.panels.lesson_view import LessonView
from studio.ui.widgets.function_plot import FunctionPlot

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS = (("after, in evaluation", 0.0, 2), ("after, in training", 1.0, 0), ("batch before", 2.0, 1))
MOST_BATCHES = 400


class BatchNormLesson(LessonView):
    """Batches are drawn one by one; dots before and after, and the running statistics over time."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.dots = FunctionPlot(self.theme, "One batch before and after", "value", "")
        self.history = FunctionPlot(self.theme, "Running statistics", "batches seen", "", "bottom right")
        self.history.setMaximumHeight(self.theme.px(190))
        self.dots.getPlotItem().getAxis("left").setTicks([[(y, name) for name, y, _ in ROWS]])
        self.dots.getPlotItem().getAxis("left").setWidth(self.theme.px(130))
        self.history.getPlotItem().getAxis("left").setWidth(self.theme.px(130))
        self.stage.addWidget(self.dots, 2)
        self.stage.addWidget(self.history, 1)
        self.mean = self.add_slider("Mean of the data", -6.0, 6.0, 3.0, 0.1, changed=self._redraw)
        self.deviation = self.add_slider("Deviation of the data", 0.2, 4.0, 2.0, 0.1, changed=self._redraw)
        self.batch_size = self.add_slider("Batch size", 2, 128, 16, 1, changed=self._redraw)
        self.momentum = self.add_slider("Momentum (old value)", 0.0, 0.99, 0.9, 0.01, changed=self.restart)
        self.gamma = self.add_slider("γ, learned scale", 0.1, 3.0, 1.0, 0.1, changed=self._show)
        self.beta = self.add_slider("β, learned shift", -3.0, 3.0, 0.0, 0.1, changed=self._show)
        self.player = self.add_player(self.step, self.restart)
        self.add_text("y = γ·(x − mean) / √(variance + 0.001) + β", "")
        self.restart()

    def restart(self) -> None:
        """Forget every batch."""
        self._generator = np.random.default_rng(4)
        self.seen = [Running()]
        self.step()

    def step(self) -> bool:
        """Draw one more batch; return whether more may follow."""
        self.noise = self._generator.standard_normal(round(self.batch_size.value))
        self.seen.append(self.seen[-1].updated(self.batch, self.momentum.value))
        self._show()
        return len(self.seen) <= MOST_BATCHES

    @property
    def batch(self) -> NDArray[np.float64]:
        """The present batch, float64 (N,)."""
        return self.mean.value + self.deviation.value * self.noise

    def _redraw(self) -> None:
        """Show the present batch under other settings; what was remembered stays."""
        if round(self.batch_size.value) != len(self.noise):
            self.noise = self._generator.standard_normal(round(self.batch_size.value))
        self._show()

    def _show(self) -> None:
        batch, running = self.batch, self.seen[-1]
        gamma, beta = self.gamma.value, self.beta.value
        trained = normalised(batch, batch.mean(), batch.var(), gamma, beta)
        used = normalised(batch, running.mean, running.variance, gamma, beta)
        spread = 0.18 * np.sin(np.arange(len(batch)) * 2.4)  # so that dots do not hide each other
        for (name, y, colour), values in zip(ROWS, (used, trained, batch), strict=True):
            self.dots.show_points(name, values, y + spread, colour, 8)
        self.dots.set_view((-10, 12), (-0.5, 2.5))
        steps = np.arange(len(self.seen))
        self.history.show_line("running mean", steps, [r.mean for r in self.seen], 0)
        self.history.show_line("running deviation", steps, [np.sqrt(r.variance) for r in self.seen], 1)
        self.history.show_line("of the data", steps, np.full(len(steps), self.mean.value), 0, "dotted", legend=False)
        self.history.show_line("deviation", steps, np.full(len(steps), self.deviation.value), 1, "dotted", legend=False)
        self.history.set_view(
            (0, max(25, len(self.seen) - 1)), (-0.2, max(3.5, self.mean.value, self.deviation.value) + 0.3)
        )
        batches = f"{running.updates} batch{'es' if running.updates != 1 else ''}"
        self.say(
            f"Batch: mean {batch.mean():.2f}, deviation {batch.std():.2f}. After {batches} the running "
            f"mean is {running.mean:.2f} and the running deviation {np.sqrt(running.variance):.2f}: evaluation uses "
            f"these, so there the dots have mean {used.mean():.2f} and deviation {used.std():.2f}."
        )
