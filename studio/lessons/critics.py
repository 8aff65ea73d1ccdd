"""What a discriminator tells a generator: gradients on both sides of its boundary, and the cone of a Lipschitz critic.

Mao et al. 2017 (arXiv:1611.04076, figure 1) for least squares; Arjovsky 2017 (arXiv:1701.07875) for the cone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio.lessons.activations import sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cross_entropy_slope(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return d/ds of the generator's -ln σ(s): -σ(-s), which vanishes for fakes well inside the real side."""
    return -sigmoid(-score)


def least_squares_slope(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return d/ds of the generator's (s - 1)²: 2 (s - 1), which pulls from both sides."""
    made: NDArray[np.float64] = 2 * (score - 1)
    return made


def outside_cone(x: NDArray[np.float64], y: NDArray[np.float64], at: int, bound: float = 1.0) -> NDArray[np.bool_]:
    """Return which points of a curve (N,) leave the double cone of slope `bound` around its point `at`."""
    made: NDArray[np.bool_] = np.abs(y - y[at]) > bound * np.abs(x - x[at]) + 1e-9
    return made


def steepest(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the largest slope between neighbours: the curve is K-Lipschitz for every K from this on."""
    return float(np.abs(np.diff(y) / np.diff(x)).max())
