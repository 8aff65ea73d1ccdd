"""Lesson: the earth mover's distance as piles that are moved, with the cheapest plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QHBoxLayout

from studio.lessons.distances import transport
from studio.ui.context import Context
from studio.ui.jobs import Latest
from studio.ui.panels.lesson_view import LessonView
from studio.ui.theme import SPACE_M
from studio.ui.widgets.function_plot import FunctionPlot
from studio.ui.widgets.matrix_view import MatrixView

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLACES = np.array([1.0, 2.0, 3.0, 4.0])
MASSES = (2.0, 1.0, 3.0, 2.0)
UP, DOWN = 1.0, 0.0


class PilesLesson(LessonView):
    """Four piles above, two holes below; lines show what goes where."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.picture = FunctionPlot(self.theme, "Piles and holes with the plan", "place", "")
        self.picture.getPlotItem().getAxis("left").setTicks([[(UP, "piles"), (DOWN, "holes")]])
        self.plan = MatrixView(self.theme, "Plan: from pile to hole", "plan: pile × hole")
        self.plan.digits = 2
        self.distance = MatrixView(self.theme, "Distance from pile to hole", "distance: pile × hole")
        self.distance.digits = 2
        self._build()
        self.masses = [
            self.add_slider(f"Mass of pile {i + 1}", 0.0, 5.0, mass, 0.5, changed=self._ask)
            for i, mass in enumerate(MASSES)
        ]
        self.holes = [
            self.add_slider(f"Place of hole {name}", 0.0, 6.0, place, 0.1, changed=self._ask)
            for name, place in (("A", 1.5), ("B", 5.0))
        ]
        self.share = self.add_slider("Share of hole A", 0.0, 1.0, 0.5, 0.05, changed=self._ask)
        self.add_text("EMD = min over plans of Σ mass × distance", "")
        self.add_text("The plan is computed as a linear program.")
        self._worker = Latest(self)
        self._worker.arrived.connect(self._show)
        self._worker.failed.connect(lambda error: self.say(str(error)))
        self._ask()

    def _build(self) -> None:
        tables = QHBoxLayout()
        tables.setSpacing(SPACE_M)
        for view in (self.plan, self.distance):
            view.setMaximumHeight(self.theme.px(230))
            tables.addWidget(view, 1)
        self.stage.addWidget(self.picture, 1)
        self.stage.addLayout(tables, 1)

    def _ask(self) -> None:
        supply = np.array([slider.value for slider in self.masses])
        share = self.share.value
        demand = supply.sum() * np.array([share, 1 - share])
        holes = np.array([slider.value for slider in self.holes])
        self._worker.submit(_solved, supply, demand, holes)

    def _show(self, solved: tuple[NDArray[np.float64], float, NDArray[np.float64], NDArray[np.float64]]) -> None:
        plan, cost, distance, holes = solved
        self.plan.show_values(plan, 0.0, max(float(plan.max()), 1e-9))
        self.distance.show_values(distance, 0.0, 6.0)
        supply, demand = plan.sum(axis=1), plan.sum(axis=0)
        most = max(float(supply.max()), float(demand.max()), 1e-9)
        for i, mass in enumerate(supply):
            self.picture.show_points(f"pile {i}", [PLACES[i]], [UP], 0, round(8 + 30 * mass / most))
            self.picture.show_text(f"mass {i}", f"{mass:g}", PLACES[i], UP + 0.08, (0.5, 1))
        for j, mass in enumerate(demand):
            self.picture.show_points(f"hole {j}", [holes[j]], [DOWN], 1, round(8 + 30 * mass / most), "s")
            self.picture.show_text(f"need {j}", f"{'AB'[j]}: {mass:g}", holes[j], DOWN - 0.08, (0.5, 0))
        self._show_moves(plan, holes)
        self.picture.set_view((-0.2, 6.2), (-0.4, 1.4))
        total = float(supply.sum())
        mean = cost / total if total else 0.0
        self.say(
            f"Cheapest work: {cost:.2f} (mass × distance). Divided by the mass {total:g} that is EMD = {mean:.3f}."
        )

    def _show_moves(self, plan: NDArray[np.float64], holes: NDArray[np.float64]) -> None:
        for i, j in np.ndindex(plan.shape):
            name = f"move {i} {j}"
            self.picture.remove(name)
            self.picture.remove(f"{name} mass")
            if plan[i, j] > 1e-9:
                self.picture.show_line(name, [PLACES[i], holes[j]], [UP, DOWN], -1, legend=False)
                middle = float(PLACES[i] + holes[j]) / 2
                self.picture.show_text(f"{name} mass", f"{plan[i, j]:g}", middle, 0.5, (0, 0.5))


def _solved(
    supply: NDArray[np.float64], demand: NDArray[np.float64], holes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float, NDArray[np.float64], NDArray[np.float64]]:
    """Solve in a worker: the solver takes half a second to import."""
    distance = np.abs(PLACES[:, None] - holes[None])
    plan, cost = transport(supply, demand, distance)
    return plan, cost, distance, holes
