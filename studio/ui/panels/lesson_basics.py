"""Lessons on the foundations: a box on the world map, and biscuit tins."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QHBoxLayout

from studio.data import tins, world
from studio.lessons.basics import Box, Numbers, judged, smallest_box
from studio.ui.context import Context
from studio.ui.panels.lesson_basics_likelihood import PAIRS, LikelihoodMap
from studio.ui.panels.lesson_basics_map import WorldMap
from studio.ui.panels.lesson_view import LessonView
from studio.ui.theme import SPACE_M
from studio.ui.widgets.picture import PictureView

POINTS = 300
SAMPLED = 30
GRID = 7


class MapLesson(LessonView):
    """Fit a rectangle to points of land, see the likelihood of all others, and judge what it draws."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.points = world.draw(POINTS)
        self.map = WorldMap(self.theme)
        self.map.points = self.points
        self.plane = LikelihoodMap(self.theme)
        self.stage.addWidget(self.map, 1)
        self.stage.addWidget(self.plane, 1)
        self._turn = 0
        self.edges = {
            name: self.add_slider(title, low, high, value, 1.0, changed=self._slid, unit="°")
            for name, title, low, high, value in (
                ("north", "North", world.SOUTH, world.NORTH, 60.0),
                ("south", "South", world.SOUTH, world.NORTH, -50.0),
                ("west", "West", world.WEST, world.EAST, -165.0),
                ("east", "East", world.WEST, world.EAST, 120.0),
            )
        }
        self.fit_button = self.add_button("Fit (maximum likelihood)", self.fit, "primary")
        self.sample_button = self.add_button(f"Draw {SAMPLED} samples", self.sample)
        self.land = self.add_switch("Reveal the land", False, self._reveal)
        self.count = self.add_slider("Points of data", 5, POINTS, POINTS, 5, changed=self._counted)
        self.pair = self.add_choice("Likelihood over", [(p.title, key) for key, p in PAIRS.items()], self._tell)
        self.near = self.add_switch("Zoom in on the maximum", True, self._tell)
        self.brightness = self.add_text("")
        self.verdict = self.add_text(
            "A: in the sea, unlike the data. B: within 1° of a training point, a copy. C: good."
        )
        self.map.moved.connect(self._dragged)
        self.plane.chosen.connect(self._dragged)
        self._slid()

    def fit(self) -> None:
        """Take the smallest box around all points."""
        self._dragged(smallest_box(self.points))

    def sample(self) -> None:
        """Draw points in the box and judge them."""
        self._turn += 1
        samples = self.map.box.sample(SAMPLED, self._turn)
        marks = judged(samples, self.points)
        self.map.show_samples(samples, marks)
        a, b, c = (marks.count(mark) for mark in "ABC")
        self.verdict.setText(f"{a} A: in the sea, unlike the data. {b} B: within 1° of a training point. {c} C: good.")

    def _counted(self) -> None:
        self.points = world.draw(POINTS)[: round(self.count.value)]
        self.map.points = self.points
        self.map.show_samples(np.empty((0, 2), np.float32), [])
        self._show(self.map.box)

    def _reveal(self) -> None:
        self.map.reveal(self.land.isChecked())
        self._tell()

    def _slid(self) -> None:
        south, north = sorted((self.edges["south"].value, self.edges["north"].value))
        west, east = sorted((self.edges["west"].value, self.edges["east"].value))
        self._show(Box(south, west, north, east))

    def _dragged(self, box: Box) -> None:
        for name, slider in self.edges.items():
            blocked = slider.blockSignals(True)
            slider.set_value(getattr(box, name))
            slider.blockSignals(blocked)
        self._show(box)

    def _show(self, box: Box) -> None:
        self.map.show_box(box)
        self._tell()

    def _tell(self) -> None:
        self._show_likelihood()
        box, count = self.map.box, len(self.points)
        outside = int((~box.holds(self.points)).sum())
        likelihood = box.log_likelihood(self.points)
        if math.isinf(likelihood):
            text = f"{outside} of {count} points lie outside: likelihood 0, log-likelihood −∞."
        else:
            text = (
                f"All {count} points inside: log-likelihood {likelihood:,.0f} nats ({likelihood / count:.2f} each); "
                f"the likelihood itself, 10^{likelihood / math.log(10):,.0f}, is too small for a computer's numbers."
            )
        if self.land.isChecked():
            edges = (box.south, box.west, box.north, box.east)
            text += (
                f" {world.precision(*edges):.0%} of the box is land; it holds {world.coverage(*edges):.0%} of the land."
            )
        self.say(f"Area {box.area:,.0f} square degrees, density {1 / max(box.area, 1e-9):.2e} inside. {text}")

    def _show_likelihood(self) -> None:
        pair = PAIRS[self.pair.currentData()]
        seen = self.plane.show_likelihood(self.points, self.map.box, pair, self.near.isChecked())
        self.brightness.setText(f"Lower plane: {seen}")


class TinsLesson(LessonView):
    """Two numbers, one tin: what a latent space is."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.tin = PictureView(self.theme, "The tin of these two numbers")
        self.plane = PictureView(self.theme, "Tins over the plane of height and width; choose one", pickable=True)
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(self.tin, 1)
        row.addWidget(self.plane, 1)
        self.stage.addLayout(row, 1)
        (low, high), (narrow, wide) = tins.RANGES
        self.height_slider = self.add_slider("Height", low, high, (low + high) / 2, 0.01, changed=self._show)
        self.width_slider = self.add_slider("Width", narrow, wide, (narrow + wide) / 2, 0.01, changed=self._show)
        self.add_text("Right: the plane of all tins, wider to the right, taller upwards. Choose one to jump there.")
        self.add_text("An autoencoder with two latent numbers finds such a plane by itself: train one on “tins”.")
        heights, widths = np.linspace(high, low, GRID), np.linspace(narrow, wide, GRID)
        self._corners = np.stack([np.repeat(heights, GRID), np.tile(widths, GRID)], axis=1).astype(np.float32)
        self.plane.show_sheet(self._drawn(self._corners, 64), GRID)
        self.plane.picked.connect(self._picked)
        self._show()

    def _drawn(self, factors: Numbers, size: int) -> NDArray[np.uint8]:
        return np.moveaxis(tins.render(factors, size), 1, -1)

    def _picked(self, index: int) -> None:
        if 0 <= index < len(self._corners):
            height, width = self._corners[index].tolist()
            self.height_slider.set_value(height)
            self.width_slider.set_value(width)
            self._show()

    def _show(self) -> None:
        height, width = self.height_slider.value, self.width_slider.value
        self.tin.show_pixels(self._drawn(np.array([[height, width]], np.float32), 256)[0])
        self.say(
            f"f({height:.2f}, {width:.2f}): 65,536 pixels that follow from two numbers. Adding to the first makes any "
            "tin taller, which no single pixel could do."
        )
