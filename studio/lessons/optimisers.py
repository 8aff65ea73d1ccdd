"""Gradient descent on curves and surfaces with one or two minima (Atienza 1.3.3, equations 1.3.6 and 1.3.7).

The update rules are those of Keras: RMSprop (Tieleman and Hinton 2012) with decay 0.9, Adam (Kingma and Ba 2015,
arXiv:1412.6980) with 0.9 and 0.999.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EPSILON = 1e-7
RULES: tuple[tuple[str, str], ...] = (
    ("sgd", "SGD"),
    ("momentum", "Momentum"),
    ("rmsprop", "RMSprop"),
    ("adam", "Adam"),
)
FAR = 1e6
"""A point farther away than this has left for good."""


@dataclass(frozen=True)
class Landscape:
    """A function to be minimised.

    Attributes:
        id: stable name.
        title: as shown.
        formula: in plain text.
        dimensions: 1 or 2.
        value: points float64 (..., D) -> heights (...).
        slope: points (..., D) -> gradients (..., D).
        reach: half width of what is shown around `middle`, per dimension.
        start: where a descent begins.
        rate: a learning rate at which something is to be seen.
    """

    id: str
    title: str
    formula: str
    dimensions: int
    value: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    slope: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    low: tuple[float, ...]
    high: tuple[float, ...]
    start: tuple[float, ...]
    rate: float


def _two_minima(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return x**4 - 0.2 * x**3 - 5 * x**2 + 4


def _two_minima_slope(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 4 * x**3 - 0.6 * x**2 - 10 * x


def _stack(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack((x, y), axis=-1)


LANDSCAPES: tuple[Landscape, ...] = (
    Landscape(
        "parabola", "Curve, one minimum", "y = x² − x − 1", 1,
        lambda p: p[..., 0] ** 2 - p[..., 0] - 1, lambda p: 2 * p - 1, (-1.0,), (2.0,), (-0.5,), 0.01,
    ),
    Landscape(
        "two minima", "Curve, two minima", "y = x⁴ − 0.2·x³ − 5·x² + 4", 1,
        lambda p: _two_minima(p[..., 0]), _two_minima_slope, (-2.5,), (2.5,), (-2.4,), 0.01,
    ),
    Landscape(
        "valley", "Surface, long valley", "z = 0.05·x² + y²", 2,
        lambda p: 0.05 * p[..., 0] ** 2 + p[..., 1] ** 2, lambda p: _stack(0.1 * p[..., 0], 2 * p[..., 1]),
        (-6.0, -3.0), (6.0, 3.0), (-5.0, 2.0), 0.2,
    ),
    Landscape(
        "two hollows", "Surface, two minima", "z = x⁴ − 0.2·x³ − 5·x² + 4 + 3·y²", 2,
        lambda p: _two_minima(p[..., 0]) + 3 * p[..., 1] ** 2,
        lambda p: _stack(_two_minima_slope(p[..., 0]), 6 * p[..., 1]),
        (-2.5, -2.0), (2.5, 2.0), (-2.3, 1.5), 0.01,
    ),
    Landscape(
        "saddle", "Surface, saddle", "z = x² − y² + y⁴/4", 2,
        lambda p: p[..., 0] ** 2 - p[..., 1] ** 2 + p[..., 1] ** 4 / 4,
        lambda p: _stack(2 * p[..., 0], p[..., 1] ** 3 - 2 * p[..., 1]),
        (-2.0, -2.2), (2.0, 2.2), (-1.8, 0.001), 0.05,
    ),
)  # fmt: skip


def landscape(name: str) -> Landscape:
    """Return a landscape by its id."""
    return next(found for found in LANDSCAPES if found.id == name)


@dataclass
class Descent:
    """A point that goes down.

    Args:
        where: the function.
        rule: "sgd", "momentum", "rmsprop" or "adam".
        rate: learning rate.
        start: float64 (D,).
        momentum: weight of the past step, of "momentum" only.

    Attributes:
        path: every point so far, the start first, each float64 (D,).
    """

    where: Landscape
    rule: str
    rate: float
    start: NDArray[np.float64]
    momentum: float = 0.9
    path: list[NDArray[np.float64]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path.append(np.array(self.start, np.float64))
        self._first = np.zeros_like(self.path[0])
        self._second = np.zeros_like(self.path[0])

    @property
    def at(self) -> NDArray[np.float64]:
        """The present point, float64 (D,)."""
        return self.path[-1]

    @property
    def lost(self) -> bool:
        """Whether it has left for good (the rate is too large)."""
        return bool(not np.all(np.isfinite(self.at)) or np.abs(self.at).max() > FAR)

    def step(self) -> NDArray[np.float64]:
        """Do one update and return the new point; a lost point stays where it is."""
        if not self.lost:
            gradient = self.where.slope(self.at)
            self.path.append(self.at - self.rate * getattr(self, f"_{self.rule}")(gradient))
        return self.at

    def _sgd(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        return gradient

    def _momentum(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        self._first = self.momentum * self._first + gradient
        return self._first

    def _rmsprop(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        self._second = 0.9 * self._second + 0.1 * gradient**2
        made: NDArray[np.float64] = gradient / (np.sqrt(self._second) + EPSILON)
        return made

    def _adam(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        number = len(self.path)  # of this step, from 1
        self._first = 0.9 * self._first + 0.1 * gradient
        self._second = 0.999 * self._second + 0.001 * gradient**2
        first, second = self._first / (1 - 0.9**number), self._second / (1 - 0.999**number)
        made: NDArray[np.float64] = first / (np.sqrt(second) + EPSILON)
        return made
