"""Distances between distributions: KL, JS and the earth mover's (Atienza 5.1; Arjovsky 2017, arXiv:1701.07875).

Densities are given on an even grid; all logarithms are natural.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from studio.core.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray


def gaussian(x: NDArray[np.float64], mean: float, deviation: float) -> NDArray[np.float64]:
    """Return the normal density at x, any shape."""
    made: NDArray[np.float64] = np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))
    return made


def gaussian_kl(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return KL(first ‖ second) of two normals (mean, deviation): ln(s2/s1) + (s1² + (m1 - m2)²) / (2 s2²) - ½."""
    (m1, s1), (m2, s2) = first, second
    return math.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5


def kl(p: NDArray[np.float64], q: NDArray[np.float64], width: float = 1.0) -> float:
    """Return the sum of p ln(p/q) * width over the grid (N,); infinite where q is 0 and p is not."""
    there = p > 0
    if np.any(q[there] <= 0):
        return math.inf
    return float(np.sum(p[there] * np.log(p[there] / q[there])) * width)


def js(p: NDArray[np.float64], q: NDArray[np.float64], width: float = 1.0) -> float:
    """Return the Jensen-Shannon divergence, 0 to ln 2."""
    middle = (p + q) / 2
    return (kl(p, middle, width) + kl(q, middle, width)) / 2


def emd(p: NDArray[np.float64], q: NDArray[np.float64], width: float = 1.0) -> float:
    """Return the earth mover's distance on a line: the area between the two cumulative distributions."""
    return float(np.sum(np.abs(np.cumsum(p - q))) * width * width)


def parallel_lines(theta: float) -> tuple[float, float, float]:
    """Return (KL, JS, EMD) of the lines x = 0 and x = theta, y uniform in 0..1 (Atienza 5.1, figure 5.1.2)."""
    return (0.0, 0.0, 0.0) if theta == 0 else (math.inf, math.log(2), abs(theta))


def transport(
    supply: NDArray[np.float64], demand: NDArray[np.float64], distance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Return the cheapest plan that moves piles, and its cost (the linear program of Atienza's equation 5.1.4).

    Args:
        supply: mass of each source, float64 (S,), >= 0.
        demand: mass of each target, float64 (T,), of the same sum.
        distance: from source to target, float64 (S, T).

    Returns:
        plan: mass moved, float64 (S, T); its rows sum to `supply`, its columns to `demand`.
        cost: sum of mass times distance.

    Raises:
        BadInput: the masses do not agree.
    """
    from scipy.optimize import linprog  # half a second: only when piles are moved

    if not math.isclose(supply.sum(), demand.sum(), rel_tol=1e-9, abs_tol=1e-12):
        raise BadInput("The piles do not hold the same mass.", "Make both sums equal.")
    rows, columns = distance.shape
    leaves = np.kron(np.eye(rows), np.ones((1, columns)))
    arrives = np.kron(np.ones((1, rows)), np.eye(columns))
    found = linprog(
        distance.ravel(), A_eq=np.vstack((leaves, arrives)), b_eq=np.concatenate((supply, demand)), bounds=(0, None)
    )
    plan = np.maximum(found.x, 0.0).reshape(rows, columns)
    return plan, float((plan * distance).sum())
