"""The likelihood of every box on the map at once, over two of its four edges."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PySide6.QtCore import Signal

from studio.data import world
from studio.lessons.basics import Box, Edge, Numbers, likelihood_plane, smallest_box
from studio.ui.theme import Theme
from studio.ui.widgets.function_plot import FunctionPlot

LIMITS: dict[Edge, tuple[float, float]] = {
    "south": (world.SOUTH, world.NORTH),
    "west": (world.WEST, world.EAST),
    "north": (world.NORTH, world.SOUTH),
    "east": (world.EAST, world.WEST),
}
"""How far out and how far in each edge can go, in degrees."""
CELLS = 160
LEAST_NEAR = 6.0
"""Degrees of an edge that the zoomed plane shows behind the maximum at least."""


class Pair(NamedTuple):
    """Two edges of a box: the one along x and the one along y."""

    title: str
    x: Edge
    y: Edge


PAIRS = {
    "north-east": Pair("North-east corner", "east", "north"),
    "south-west": Pair("South-west corner", "west", "south"),
    "west-east": Pair("West and east edges", "west", "east"),
    "south-north": Pair("South and north edges", "south", "north"),
}


def span(edge: Edge, best: float, near: bool) -> tuple[float, float]:
    """Return the least and the greatest place (degrees) that is shown of an edge.

    Args:
        edge: which one.
        best: its place of maximum likelihood.
        near: show only the brink: from the edge's outer limit to as far behind `best` again.
    """
    outer, inner = LIMITS[edge]
    if near:
        behind = max(abs(outer - best), LEAST_NEAR)
        inner = best - behind if outer > best else best + behind
    return min(outer, inner), max(outer, inner)


class LikelihoodMap(FunctionPlot):
    """A heat map of log p(data) over two edges, with the present box and the maximum as points of it.

    Bright is likely; where nothing is drawn the likelihood is 0. The keyboard's way to other boxes are the sliders.

    Signals:
        chosen: the Box with the two edges that a person pointed at.
    """

    chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Log-likelihood over two edges of the box")
        self._box = Box(0.0, 0.0, 1.0, 1.0)
        self._pair: Pair | None = None
        self.legend.hide()
        self.pointed.connect(self._choose)

    def show_likelihood(self, points: Numbers, box: Box, pair: Pair, near: bool) -> str:
        """Draw the plane through a box, and return in words what is seen; a box beyond the plane stands at its edge."""
        best = smallest_box(points)
        across, up = (span(edge, getattr(best, edge), near) for edge in (pair.x, pair.y))
        x, y = (np.linspace(low, high, CELLS) for low, high in (across, up))
        plane = likelihood_plane(points, box, (pair.x, pair.y), x, y)
        if pair != self._pair:
            self.set_titles(f"{pair.x} edge, degrees", f"{pair.y} edge, degrees")
        self._box, self._pair = box, pair
        self.set_view(across, up)
        at = [getattr(box, edge) for edge in (pair.x, pair.y)]
        shown = [min(max(place, low), high) for place, (low, high) in zip(at, (across, up), strict=True)]
        self.show_points("box", shown[:1], shown[1:], 1, 14)
        if not np.isfinite(plane).any():
            self.remove("likelihood")
            self.remove("maximum")
            return "Likelihood 0 everywhere: the two other edges leave points outside."
        self.show_map("likelihood", np.where(np.isfinite(plane), plane, np.nan), across, up, shades="viridis")
        self.show_points("maximum", [getattr(best, pair.x)], [getattr(best, pair.y)], 5, 18, "star")
        place = "" if at == shown else ", beyond the plane"
        return f"Brighter is likelier, empty is likelihood 0. Star: the maximum. Dot: your box{place}."

    def _choose(self, x: float, y: float) -> None:
        if self._pair is None:
            return
        edges = vars(self._box).copy()
        for edge, place in ((self._pair.x, x), (self._pair.y, y)):
            edges[edge] = min(max(place, min(LIMITS[edge])), max(LIMITS[edge]))
        edges["south"], edges["north"] = sorted((edges["south"], edges["north"]))
        edges["west"], edges["east"] = sorted((edges["west"], edges["east"]))
        self.chosen.emit(Box(**edges))
