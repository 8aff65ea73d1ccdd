"""Lessons: the boundary of LSGAN on a plane, and the cone of a Lipschitz curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio.lessons.critics import cross_entropy_slope, least_squares_slope, outside_cone, steepest
from studio.ui.context import Context
from studio.ui.panels.lesson_view import LessonView
from studio.ui.widgets.function_plot import FunctionPlot

if TYPE_CHECKING:
    from numpy.typing import NDArray

COUNT, MOST_STEPS = 40, 400
LOSSES = (("Sigmoid cross-entropy", "cross entropy"), ("Least squares (LSGAN)", "least squares"))
X = np.linspace(-4.0, 4.0, 401)
CURVES = (("Sine", "sine"), ("Two hills", "hills"), ("Step", "step"), ("Zigzag", "zigzag"))


class BoundaryLesson(LessonView):
    """A fixed discriminator with a straight boundary; fakes move as their loss pulls them."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.plane = FunctionPlot(self.theme, "Real and fake points", "score s of the discriminator", "")
        self.slopes = FunctionPlot(
            self.theme, "Pull on a fake over its score", "score s", "pull, −dL/ds", "bottom left"
        )
        self.slopes.setMaximumHeight(self.theme.px(220))
        self.stage.addWidget(self.plane, 2)
        self.stage.addWidget(self.slopes, 1)
        self.loss = self.add_choice("Generator's loss", LOSSES, self._show, "cross entropy")
        self.rate = self.add_slider("Learning rate", 0.001, 1.0, 0.05, changed=self._show, log=True)
        self.place = self.add_slider("Fakes begin around", -6.0, 8.0, 6.0, 0.1, changed=self.restart)
        self.player = self.add_player(self.step, self.restart)
        self.add_text("cross-entropy: −ln σ(s), pull σ(−s)", "")
        self.add_text("least squares: (s − 1)², pull 2·(1 − s)", "")
        self.add_text(
            "The dotted line is the boundary between real (right) and fake (left); real points have scores near 1."
        )
        generator = np.random.default_rng(5)
        self._real = generator.normal((1.0, 0.0), (0.3, 1.0), (COUNT, 2))
        self._noise = generator.normal(0.0, (0.8, 1.0), (COUNT, 2))
        scores = np.linspace(-7, 9, 161)
        self.slopes.show_line("cross-entropy", scores, -cross_entropy_slope(scores), 2)
        self.slopes.show_line("least squares", scores, -least_squares_slope(scores), 3)
        self.slopes.set_view((-7, 9), (-6, 6))
        self.restart()

    def restart(self) -> None:
        """Put the fakes where they began."""
        self.fakes = self._noise + np.array([self.place.value, 0.0])
        self.steps = 0
        self._show()

    def step(self) -> bool:
        """Move every fake once; return whether more may follow."""
        self.fakes[:, 0] -= self.rate.value * self._slope(self.fakes[:, 0])
        self.steps += 1
        self._show()
        return self.steps < MOST_STEPS

    def _slope(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        rule = cross_entropy_slope if self.loss.currentData() == "cross entropy" else least_squares_slope
        return rule(scores)

    def _show(self) -> None:
        scores = self.fakes[:, 0]
        self.plane.show_line("boundary", [0.0, 0.0], [-4.0, 4.0], -1, "dotted", legend=False)
        self.plane.show_points("real", self._real[:, 0], self._real[:, 1], 0)
        self.plane.show_points("fake", scores, self.fakes[:, 1], 1)
        self.plane.show_text("real name", "real", 1.0, 3.2, (0.5, 0.5))
        self.plane.show_text("fake name", "fake", float(scores.mean()), -3.4, (0.5, 0.5))
        self.plane.set_view((-7, 9), (-3.8, 3.8))
        pull = -self._slope(scores)
        self.slopes.show_points("fakes", scores, pull, 1, 7)
        right = float((scores > 0).mean())
        far = float(np.abs(scores - 1.0).mean())
        self.say(
            f"After {self.steps} steps: {right:.0%} of the fakes are judged real, yet on average they are {far:.2f} "
            f"away from the real points; mean pull {np.abs(pull).mean():.4f}."
        )


class LipschitzLesson(LessonView):
    """A curve and the double cone that a K-Lipschitz critic must stay outside of."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.plot = FunctionPlot(self.theme, "Curve and cone", "x", "critic f(x)", "bottom right")
        self.stage.addWidget(self.plot, 1)
        self.curve = self.add_choice("Curve", CURVES, self._draw)
        self.tall = self.add_slider("Height", 0.1, 3.0, 1.0, 0.05, changed=self._draw)
        self.speed = self.add_slider("Speed", 0.2, 4.0, 1.0, 0.05, changed=self._draw)
        self.bound = self.add_slider("Bound K", 0.1, 4.0, 1.0, 0.05, changed=self._draw)
        self.at = self.add_slider("Tip of the cone", -4.0, 4.0, 0.0, 0.02, changed=self._draw)
        self.add_text("|f(x) − f(y)| ≤ K · |x − y| for all x, y", "")
        self.add_text("Move the tip along the curve: orange points leave the cone and break the rule.")
        self.plot.pointed.connect(lambda x, _: self.at.set_value(min(max(x, -4.0), 4.0)))
        self._draw()

    def _values(self) -> NDArray[np.float64]:
        x = self.speed.value * X
        made = {
            "sine": np.sin(x),
            "hills": np.exp(-((x - 1.5) ** 2)) + 0.6 * np.exp(-((x + 1.5) ** 2) * 2),
            "step": np.tanh(2 * x),
            "zigzag": 2 / np.pi * np.arcsin(np.sin(2 * x)),
        }
        values: NDArray[np.float64] = self.tall.value * made[self.curve.currentData()]
        return values

    def _draw(self) -> None:
        y, k = self._values(), self.bound.value
        at = int(np.abs(X - self.at.value).argmin())
        out = outside_cone(X, y, at, k)
        reach = np.array([-9.0, 9.0])
        self.plot.show_line("f(x)", X, y, 0)
        self.plot.show_line("slope K", X[at] + reach, y[at] + k * reach, -1, "dashed")
        self.plot.show_line("slope −K", X[at] + reach, y[at] - k * reach, -1, "dashed")
        self.plot.show_line("outside the cone", np.where(out, X, np.nan), np.where(out, y, np.nan), 1)
        self.plot.show_points("tip", [X[at]], [y[at]], 0, 13)
        self.plot.set_view((-4.0, 4.0), (-3.2, 3.2))
        most = steepest(X, y)
        verdict = "It is" if most <= k + 1e-3 else "It is not"
        share = (
            f"{out.mean():.0%} of the curve leaves the cone here" if out.any() else "from this tip nothing leaves it"
        )
        self.say(f"Steepest slope {most:.2f}. {verdict} {k:g}-Lipschitz; {share}.")
