"""Numbers behind the lessons on the foundations: a box on the world map, Wrodl's fashions, faces pixel by pixel.

Everything is small enough to be worked out anew at every move of a slider; the recipes of the family "basics" learn the
same things step by step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.data import avatars, world, wrodl

SIZES = tuple(len(column.options) for column in wrodl.COLUMNS)
CELLS = math.prod(SIZES)
NEAR = 1.0
"""Degrees: a sample this close to a point of the data is called a copy of it."""

Model = Literal["multinomial", "naive-bayes"]
Edge = Literal["south", "west", "north", "east"]
Codes = NDArray[np.int64]
Numbers = NDArray[np.float32]


# ---- the box


@dataclass(frozen=True)
class Box:
    """A rectangle of the map in degrees."""

    south: float
    west: float
    north: float
    east: float

    @property
    def area(self) -> float:
        """Square degrees."""
        return max(0.0, self.north - self.south) * max(0.0, self.east - self.west)

    def holds(self, points: Numbers) -> NDArray[np.bool_]:
        """Tell which points (N, 2), latitude and longitude, lie inside: bool (N,)."""
        latitude, longitude = points[:, 0], points[:, 1]
        inside = (latitude >= self.south) & (latitude <= self.north)
        return np.asarray(inside & (longitude >= self.west) & (longitude <= self.east))

    def log_likelihood(self, points: Numbers) -> float:
        """Return Σ log p(x) in nats: -N log area, or -∞ when a point lies outside."""
        if self.area <= 0 or not self.holds(points).all():
            return -math.inf
        return -len(points) * math.log(self.area)

    def sample(self, n: int, seed: int) -> Numbers:
        """Draw points uniformly inside: float32 (n, 2)."""
        u = np.random.default_rng(seed).random((n, 2))
        low, high = np.array([self.south, self.west]), np.array([self.north, self.east])
        points: Numbers = (low + u * (high - low)).astype(np.float32)
        return points


def smallest_box(points: Numbers) -> Box:
    """Return the rectangle of maximum likelihood: the smallest one around all points."""
    (south, west), (north, east) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return Box(south, west, north, east)


def likelihood_plane(
    points: Numbers, box: Box, edges: tuple[Edge, Edge], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the log-likelihood of the points for boxes that differ in two edges (Foster 2019, chapter 1).

    A likelihood is a function of the parameters, here of two of the four; it is no distribution over them.

    Args:
        points: latitude and longitude in degrees, float32 (N, 2).
        box: gives the other two edges.
        edges: the edge that `x` stands for, and the one that `y` does.
        x: places of the first edge in degrees, float64 (K,).
        y: places of the second edge in degrees, float64 (M,).

    Returns:
        Mean log p(x) in nats a point, -log area, or -∞ where the likelihood is 0: float64 (M, K).
    """
    sides: dict[str, float | NDArray[np.float64]] = {**vars(box), edges[0]: x[None, :], edges[1]: y[:, None]}
    south, west, north, east = (sides[name] for name in ("south", "west", "north", "east"))
    tight = smallest_box(points)
    holds = (south <= tight.south) & (west <= tight.west) & (north >= tight.north) & (east >= tight.east)
    area = np.maximum(np.subtract(north, south), 0) * np.maximum(np.subtract(east, west), 0)
    with np.errstate(divide="ignore"):  # of boxes without area, which hold nothing
        return np.where(holds & (area > 0), -np.log(area), -np.inf)


def judged(samples: Numbers, points: Numbers) -> list[str]:
    """Judge samples by the books' two rules.

    Returns:
        For each sample "A" (in the sea: not like the data), "B" (on land but within a degree of a training point: a
        copy) or "C" (on land and new).
    """
    land = world.on_land(samples)
    distance = np.hypot(*(samples[:, None] - points[None]).transpose(2, 0, 1)).min(axis=1)
    return ["A" if not on else "B" if near < NEAR else "C" for on, near in zip(land, distance, strict=True)]


# ---- Wrodl


@cache
def _cells() -> Codes:
    """Return every combination, int64 (4032, 5)."""
    return np.stack(np.unravel_index(np.arange(CELLS), SIZES), axis=1).astype(np.int64)


@cache
def _counts() -> NDArray[np.int64]:
    """Return how often each combination occurs, int64 (4032,)."""
    return np.bincount(np.ravel_multi_index(tuple(wrodl.rows().T), SIZES), minlength=CELLS)


def column_probabilities(column: int, pseudocount: float) -> NDArray[np.float64]:
    """Return (n + a) / (N + a L) of each category of a column."""
    counts = np.array(wrodl.COUNTS[column], np.float64)
    smoothed: NDArray[np.float64] = (counts + pseudocount) / (counts.sum() + pseudocount * len(counts))
    return smoothed


def probabilities(model: Model, pseudocount: float) -> NDArray[np.float64]:
    """Return the probability of each of the 4,032 combinations."""
    if model == "multinomial":
        counts = _counts()
        smoothed: NDArray[np.float64] = (counts + pseudocount) / (counts.sum() + pseudocount * CELLS)
        return smoothed
    columns = [column_probabilities(k, pseudocount) for k in range(len(SIZES))]
    joint = columns[0]
    for column in columns[1:]:
        joint = np.multiply.outer(joint, column)
    return joint.reshape(-1)


def probability(model: Model, codes: tuple[int, ...], pseudocount: float) -> float:
    """Return the probability of one row of codes."""
    return float(probabilities(model, pseudocount)[np.ravel_multi_index(codes, SIZES)])


def occurrences(codes: tuple[int, ...]) -> int:
    """Return how often a row is in the table."""
    return int(_counts()[np.ravel_multi_index(codes, SIZES)])


def unseen_mass(model: Model, pseudocount: float) -> float:
    """Return the probability (0..1) of all combinations that are not in the table."""
    return float(probabilities(model, pseudocount)[_counts() == 0].sum())


def draw(model: Model, pseudocount: float, n: int, seed: int) -> tuple[Codes, NDArray[np.bool_]]:
    """Draw rows: codes int64 (n, 5), and which of them are copies of the table's, bool (n,)."""
    p = probabilities(model, pseudocount)
    chosen = np.random.default_rng(seed).choice(CELLS, n, p=p / p.sum())
    return _cells()[chosen], _counts()[chosen] > 0


# ---- pixels


@cache
def planet_pixel() -> NDArray[np.uint8]:
    """Return the fifty faces, uint8 (50, 32, 32, 3)."""
    return np.ascontiguousarray(np.moveaxis(avatars.draw(wrodl.rows(), 32, smooth=False), 1, -1))


def pixel_samples(n: int, seed: int) -> NDArray[np.uint8]:
    """Draw faces pixel by pixel, uint8 (n, 32, 32, 3): each pixel from its own fifty colours."""
    faces = planet_pixel()
    count, height, width, _ = faces.shape
    source = np.random.default_rng(seed).integers(0, count, (n, height, width))
    rows, columns = np.mgrid[:height, :width]
    drawn: NDArray[np.uint8] = faces[source, rows, columns]
    return drawn


def mean_face() -> NDArray[np.uint8]:
    """Return the mean of the fifty faces, uint8 (32, 32, 3)."""
    mean: NDArray[np.uint8] = np.rint(planet_pixel().mean(axis=0)).astype(np.uint8)
    return mean
