"""Regular points in latent space: a plane to decode as a sheet of pictures, or one line.

The books' spans: Foster 2019 uses normal quantiles 0.01 to 0.99 (equal shares of the prior), Chollet 2021 -1 to 1 with
30 x 30, Atienza 2018 -4 to 4 with 30 x 30.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

QUANTILES = (0.01, 0.99)


def coordinates(n: int, span: float | tuple[float, float] = 4.0, *, quantiles: bool = False) -> NDArray[np.float32]:
    """Return `n` rising places on one axis, float32 (n,).

    Args:
        n: how many; one place is the middle of the span.
        span: (low, high), or s for (-s, s). With `quantiles` the pair is a range of probabilities, and a single
            number stands for the book's 0.01 to 0.99.
        quantiles: place the points at equal steps of the standard normal's probability instead of its value.
    """
    if quantiles:
        low, high = span if isinstance(span, tuple) else QUANTILES
        normal = NormalDist()
        return np.array([normal.inv_cdf(p) for p in _steps(low, high, n)], np.float32)
    low, high = span if isinstance(span, tuple) else (-span, span)
    return _steps(low, high, n).astype(np.float32)


def _steps(low: float, high: float, n: int) -> NDArray[np.float64]:
    return np.linspace(low, high, n) if n > 1 else np.full(n, (low + high) / 2)


def plane(
    n: int,
    span: float | tuple[float, float] = 4.0,
    *,
    quantiles: bool = False,
    axes: Sequence[int] = (0, 1),
    centre: ArrayLike | None = None,
) -> NDArray[np.float32]:
    """Return the points of an n x n plane, row by row as a sheet of pictures shows them, float32 (n * n, D).

    Args:
        n: points along each side.
        span: see `coordinates`.
        quantiles: see `coordinates`.
        axes: latent dimension that grows to the right, and the one that grows upwards: the first row has its
            largest value.
        centre: float (D,), added to the plane; None is the origin of a space with just these axes.

    Raises:
        ValueError: the axes are equal or outside the space.
    """
    across, upwards = axes
    middle = _centre(centre, (across, upwards))
    if across == upwards:
        raise ValueError(f"a plane needs two different axes, not {across} twice")
    places = coordinates(n, span, quantiles=quantiles)
    points = np.tile(middle, (n * n, 1))
    points[:, across] += np.tile(places, n)
    points[:, upwards] += np.repeat(places[::-1], n)
    return points


def line(
    n: int,
    span: float | tuple[float, float] = 4.0,
    *,
    quantiles: bool = False,
    axis: int = 0,
    centre: ArrayLike | None = None,
) -> NDArray[np.float32]:
    """Return `n` points along one dimension, float32 (n, D); the arguments are `plane`'s."""
    points = np.tile(_centre(centre, (axis,)), (n, 1))
    points[:, axis] += coordinates(n, span, quantiles=quantiles)
    return points


def _centre(centre: ArrayLike | None, axes: Sequence[int]) -> NDArray[np.float32]:
    middle = np.zeros(max(axes) + 1, np.float32) if centre is None else np.asarray(centre, np.float32)
    if middle.ndim != 1 or min(axes) < 0 or max(axes) >= len(middle):
        raise ValueError(f"axes {tuple(axes)} do not fit a centre of shape {middle.shape}")
    return middle
