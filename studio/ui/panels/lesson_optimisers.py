"""Lesson: optimisers going down curves and surfaces with one and two minima."""

from __future__ import annotations

import numpy as np

from studio.lessons.optimisers import LANDSCAPES, RULES, Descent, Landscape, landscape
from studio.ui.context import Context
from studio.ui.panels.lesson_view import LessonView
from studio.ui.widgets.function_plot import FunctionPlot

ALL = "all"
MOST_STEPS = 2000
BANDS = 16


class OptimiserLesson(LessonView):
    """One optimiser, or all four from the same start."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.descents: list[Descent] = []
        self.plot = FunctionPlot(self.theme, "Descent", "x", "y")
        self.stage.addWidget(self.plot, 1)
        self.choice = self.add_choice("Function", [(f.title, f.id) for f in LANDSCAPES], self._chosen)
        rules = [("All four", ALL), *((title, rule) for rule, title in RULES)]
        self.rule = self.add_choice("Optimiser", rules, self.restart, "sgd")
        self.rate = self.add_slider("Learning rate", 1e-3, 1.0, 0.01, changed=self.restart, log=True)
        self.momentum = self.add_slider("Momentum", 0.0, 0.99, 0.9, 0.01, changed=self.restart)
        self.start_x = self.add_slider("Start x", -6.0, 6.0, -0.5, 0.05, changed=self.restart)
        self.start_y = self.add_slider("Start y", -3.0, 3.0, 0.0, 0.05, changed=self.restart)
        self.player = self.add_player(self.step, self.restart)
        self.formula = self.add_text("", "")
        self.add_text("Point into the plot to begin elsewhere.")
        self.plot.pointed.connect(self._begin_at)
        self._chosen()

    @property
    def where(self) -> Landscape:
        """The function on show."""
        return landscape(self.choice.currentData())

    def _chosen(self) -> None:
        where = self.where
        for name in self.plot.names:
            self.plot.remove(name)
        self.start_y.setVisible(where.dimensions == 2)
        for slider, value in zip((self.start_x, self.start_y), where.start, strict=False):
            slider.set_value(value)
        self.rate.set_value(where.rate)
        self.formula.setText(where.formula)
        (self._draw_curve if where.dimensions == 1 else self._draw_surface)(where)
        self.restart()

    def _draw_curve(self, where: Landscape) -> None:
        x = np.linspace(where.low[0], where.high[0], 400)[:, None]
        heights = where.value(x)
        self.plot.show_line("function", x[:, 0], heights, -1, legend=False)
        self.plot.set_titles("x", "y")
        self.plot.set_view((where.low[0], where.high[0]), (float(heights.min()) - 0.4, float(heights.max()) + 0.4))

    def _draw_surface(self, where: Landscape) -> None:
        x, y = (np.linspace(low, high, 240) for low, high in zip(where.low, where.high, strict=True))
        heights = where.value(np.stack(np.meshgrid(x, y), axis=-1))
        shares = np.sqrt((heights - heights.min()) / (heights.max() - heights.min()))
        self.plot.show_map("surface", np.floor(shares * BANDS), (x[0], x[-1]), (y[0], y[-1]))
        self.plot.set_titles("x", "y")
        self.plot.set_view((x[0], x[-1]), (y[0], y[-1]))

    def _begin_at(self, x: float, y: float) -> None:
        where = self.where
        self.start_x.set_value(min(max(x, where.low[0]), where.high[0]))
        if where.dimensions == 2:
            self.start_y.set_value(min(max(y, where.low[1]), where.high[1]))
        self.restart()

    # ---- steps

    def restart(self) -> None:
        """Put every optimiser at the start."""
        wanted = self.rule.currentData()
        start = np.array([self.start_x.value, self.start_y.value][: self.where.dimensions])
        start = start + (0.001 if self.where.id == "saddle" and not start[-1] else 0.0)
        self.descents = [
            Descent(self.where, rule, self.rate.value, start, self.momentum.value)
            for rule, _ in RULES
            if wanted in (ALL, rule)
        ]
        self.momentum.setVisible(wanted in (ALL, "momentum"))
        self._show()

    def step(self) -> bool:
        """Do one step of each; return whether there is more to do."""
        for descent in self.descents:
            descent.step()
        self._show()
        return len(self.descents[0].path) < MOST_STEPS and not all(d.lost for d in self.descents)

    def _show(self) -> None:
        for number, (rule, title) in enumerate(RULES):
            found = next((d for d in self.descents if d.rule == rule), None)
            if found is None:
                self.plot.remove(title)
                self.plot.remove(f"{title} now")
                continue
            path = np.array(found.path)
            heights = found.where.value(path) if path.shape[1] == 1 else path[:, 1]
            self.plot.show_line(title, path[:, 0], heights, number + 1)
            self.plot.show_points(f"{title} now", path[-1:, 0], heights[-1:], number + 1, 13)
        self._tell()

    def _tell(self) -> None:
        steps = len(max((d.path for d in self.descents), key=len)) - 1
        if len(self.descents) > 1:
            ends = [f"{dict(RULES)[d.rule]} {self._height(d)}" for d in self.descents]
            self.say(f"After {steps} steps the heights are: {', '.join(ends)}.")
            return
        descent = self.descents[0]
        if descent.lost:
            self.say(f"After {steps} steps it has left for good: the learning rate is too large.")
            return
        at, slope = descent.at, descent.where.slope(descent.at)
        places = ", ".join(f"{v:.3f}" for v in at)
        slopes = ", ".join(f"{v:.3f}" for v in slope)
        self.say(f"Step {steps}: at ({places}), height {self._height(descent)}, gradient ({slopes}).")

    def _height(self, descent: Descent) -> str:
        return "lost" if descent.lost else f"{float(descent.where.value(descent.at)):.4f}"
