"""Lessons: KL, JS and earth mover's distance between two Gaussians, and between two parallel lines."""

from __future__ import annotations

import math

import numpy as np

from studio.lessons.distances import emd, gaussian, gaussian_kl, js, parallel_lines
from studio.ui.context import Context
from studio.ui.panels.lesson_view import LessonView
from studio.ui.widgets.function_plot import FunctionPlot

REACH, MEASURES = 12.0, 6.0
GRID = np.linspace(-REACH, REACH, 1201)
WIDTH = float(GRID[1] - GRID[0])


class GaussianLesson(LessonView):
    """Two bells that can be moved, and the distances over the place of the second one."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.bells = FunctionPlot(self.theme, "Two distributions", "x", "density")
        self.curves = FunctionPlot(
            self.theme, "Distances over the mean of the generator", "mean of p(generator)", "", "top left"
        )
        self.stage.addWidget(self.bells, 1)
        self.stage.addWidget(self.curves, 1)
        self.first = [
            self.add_slider("Data: mean", -MEASURES, MEASURES, 0.0, 0.1, changed=self._draw),
            self.add_slider("Data: deviation", 0.2, 3.0, 1.0, 0.1, changed=self._draw),
        ]
        self.second = [
            self.add_slider("Generator: mean", -MEASURES, MEASURES, 3.0, 0.1, changed=self._draw),
            self.add_slider("Generator: deviation", 0.2, 3.0, 1.0, 0.1, changed=self._draw),
        ]
        self.add_text("KL(p‖q) = E_p ln(p/q)", "")
        self.add_text("JS = ½ KL(p‖m) + ½ KL(q‖m),  m = (p + q)/2", "")
        self.add_text("EMD = area between the cumulative curves", "")
        self.bells.pointed.connect(lambda x, _: self.second[0].set_value(min(max(x, -MEASURES), MEASURES)))
        self.curves.pointed.connect(lambda x, _: self.second[0].set_value(min(max(x, -MEASURES), MEASURES)))
        self._draw()

    def _draw(self) -> None:
        (m1, s1), (m2, s2) = ([slider.value for slider in pair] for pair in (self.first, self.second))
        p, q = gaussian(GRID, m1, s1), gaussian(GRID, m2, s2)
        self.bells.show_area("p(data)", GRID, p, 0)
        self.bells.show_area("p(generator)", GRID, q, 1)
        self.bells.set_view((-8.0, 8.0), (0.0, max(0.5, float(p.max()), float(q.max())) * 1.05))
        means = np.linspace(-MEASURES, MEASURES, 49)
        others = [gaussian(GRID, mean, s2) for mean in means]
        lines = {
            "KL(data‖generator)": ([gaussian_kl((m1, s1), (mean, s2)) for mean in means], 3),
            "JS": ([js(p, other, WIDTH) for other in others], 2),
            "EMD": ([emd(p, other, WIDTH) for other in others], 1),
        }
        now = {"KL(data‖generator)": gaussian_kl((m1, s1), (m2, s2)), "JS": js(p, q, WIDTH), "EMD": emd(p, q, WIDTH)}
        for name, (values, colour) in lines.items():
            self.curves.show_line(name, means, values, colour)
            self.curves.show_points(f"{name} now", [m2], [now[name]], colour, 11)
        self.curves.set_view((-MEASURES, MEASURES), (0.0, 7.0))
        back = gaussian_kl((m2, s2), (m1, s1))
        self.say(
            f"KL(data‖generator) {now['KL(data‖generator)']:.3f}, KL(generator‖data) {back:.3f}, "
            f"JS {now['JS']:.4f} (at most ln 2 = {math.log(2):.4f}), EMD {now['EMD']:.3f}."
        )


class LinesLesson(LessonView):
    """Two lines that never meet: only the earth mover's distance says which way is nearer."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.lines = FunctionPlot(self.theme, "Two parallel lines", "x", "y")
        self.curves = FunctionPlot(self.theme, "Distances over θ", "θ", "", "bottom left")
        self.stage.addWidget(self.lines, 1)
        self.stage.addWidget(self.curves, 1)
        self.theta = self.add_slider("θ, place of the generator", -1.0, 1.0, 0.5, 0.01, changed=self._draw)
        self.add_text("data: (0, y)   generator: (θ, y)", "")
        self.add_text("y is uniform from 0 to 1. The lines share no point unless θ = 0, so p/q is nowhere defined.")
        for plot in (self.lines, self.curves):
            plot.pointed.connect(lambda x, _: self.theta.set_value(min(max(x, -1.0), 1.0)))
        y = np.random.default_rng(0).uniform(0, 1, 160)
        self._y = y
        self.lines.show_points("data", np.zeros(160), y, 0, 7)
        self.lines.set_view((-1.1, 1.1), (0.0, 1.0))
        thetas = np.linspace(-1, 1, 201)
        self.curves.show_line("EMD = |θ|", thetas, np.abs(thetas), 1)
        self.curves.show_line("JS = ln 2, except at 0", thetas, np.where(thetas == 0, np.nan, math.log(2)), 2)
        self.curves.set_view((-1.1, 1.1), (0.0, 1.1))
        self._draw()

    def _draw(self) -> None:
        theta = self.theta.value
        kl, jensen, mover = parallel_lines(theta)
        self.lines.show_points("generator", np.full(160, theta), self._y, 1, 7)
        self.lines.show_text("data name", "data", 0.02, 1.0, (0, 0))
        self.lines.show_text("generator name", "generator", theta + 0.02, 0.08, (0, 0))
        self.curves.show_points("JS now", [theta], [jensen], 2, 12)
        self.curves.show_points("EMD now", [theta], [mover], 1, 12)
        shown = "∞" if math.isinf(kl) else f"{kl:g}"
        slope = "0: nothing to learn from" if theta else "not defined"
        pull = "±1 everywhere else: always the right way" if theta else "at its minimum"
        self.say(
            f"θ = {theta:.2f}: KL = {shown} both ways, JS = {jensen:.4f} (its slope is {slope}), "
            f"EMD = {mover:.2f} (its slope is {pull})."
        )
