"""Metric points of one curve: appended in bulk in amortised constant time, smoothed and watched as they come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 512
"""Points that are smoothed by one cumulative sum; keeps the powers of the weight far from overflow."""


def smooth(
    values: NDArray[np.float64], weight: float, carry: tuple[float, float] = (0.0, 0.0)
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Return the exponential moving average, corrected for its start (Kingma and Ba 2015, section 3).

    Values that are not finite are left out of the average.

    Args:
        values: float64 (N,).
        weight: of the past, 0 (none) up to but not including 1.
        carry: what an earlier call on the points before returned.

    Returns:
        smoothed: float64 (N,).
        carry: for the points that follow.
    """
    weight = weight if weight > 1e-12 else 0.0  # (smaller ones would underflow below)
    finite = np.isfinite(values)
    numbers = np.where(finite, values, 0.0)
    made = np.empty(len(values))
    top, bottom = carry
    size = BLOCK if weight <= 0 else max(1, min(BLOCK, int(-460.0 / math.log(weight))))
    powers = weight ** np.arange(1, size + 1)
    for begin in range(0, len(values), size):
        part = slice(begin, begin + size)
        decay = powers[: len(numbers[part])] if weight > 0 else None
        if decay is None:
            tops, bottoms = numbers[part], finite[part].astype(np.float64)
        else:
            share = (1.0 - weight) / decay
            tops = decay * (top + np.cumsum(numbers[part] * share))
            bottoms = decay * (bottom + np.cumsum(finite[part] * share))
        with np.errstate(invalid="ignore", divide="ignore"):
            made[part] = tops / bottoms
        top, bottom = float(tops[-1]), float(bottoms[-1])
    return made, (top, bottom)


def thin(
    steps: NDArray[np.float64], values: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keep the smallest and the largest value of each bin: what a screen can show, no peak lost.

    Args:
        steps: rising, float64 (N,).
        values: float64 (N,); NaN only where a whole bin is NaN.
        edges: rising bin borders in steps, float64 (B + 1,); points outside are left out but for one neighbour each
            side, so that lines go on beyond the border.

    Returns:
        steps, values: float64 (M,), M at most 2 B + 4.
    """
    places = np.searchsorted(steps, edges)
    begin, end = max(int(places[0]) - 1, 0), min(int(places[-1]) + 1, len(steps))
    if end - begin <= 2 * len(edges):
        return steps[begin:end], values[begin:end]
    starts = np.unique(np.clip(np.concatenate([[begin], places[:-1], [places[-1]]]), begin, end - 1))
    part, offsets = values[begin:end], starts - begin
    lows, highs = np.fmin.reduceat(part, offsets), np.fmax.reduceat(part, offsets)
    return np.repeat(steps[starts], 2), np.stack([lows, highs], axis=1).ravel()


class Series:
    """The points of one curve, in the order they came (steps never fall).

    Args:
        name: "train/loss".
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._steps = np.empty(256, np.float64)
        self._values = np.empty(256, np.float64)
        self._smooth = np.empty(256, np.float64)
        self._count = 0
        self._weight = 0.0
        self._carry = (0.0, 0.0)
        self._watched: Literal["", "min", "max"] = ""
        self.best: tuple[float, float] | None = None

    def __len__(self) -> int:
        return self._count

    @property
    def steps(self) -> NDArray[np.float64]:
        """Steps, float64 (N,): a view, not a copy."""
        return self._steps[: self._count]

    @property
    def values(self) -> NDArray[np.float64]:
        """Values, float64 (N,): a view, not a copy."""
        return self._values[: self._count]

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """Smoothed values, float64 (N,): a view, not a copy; equal to the values when smoothing is off."""
        return self._smooth[: self._count] if self._weight else self.values

    def append(self, steps: Sequence[float] | NDArray[Any], values: Sequence[float] | NDArray[Any]) -> None:
        """Add points; costs the number of new points, amortised."""
        begin, end = self._count, self._count + len(steps)
        self._reserve(end)
        self._steps[begin:end] = steps
        self._values[begin:end] = values
        self._count = end
        self._follow(begin)

    def rewind(self, step: int) -> None:
        """Drop the points after a step."""
        self._count = int(np.searchsorted(self.steps, step, side="right"))
        self._again()

    def set_smoothing(self, weight: float) -> None:
        """Choose the weight of the past, 0 (off) to 0.999."""
        if weight != self._weight:
            self._weight = weight
            self._again()

    def watch(self, mode: Literal["", "min", "max"]) -> None:
        """Keep `best`, the (step, value) of the smallest or largest finite value."""
        self._watched = mode
        self._again()

    def at(self, step: float) -> tuple[float, float] | None:
        """Return the (step, value) nearest to a step; None when empty."""
        if not self._count:
            return None
        right = int(np.searchsorted(self.steps, step))
        near = [i for i in (right - 1, right) if 0 <= i < self._count]
        index = min(near, key=lambda i: abs(self._steps[i] - step))
        return float(self._steps[index]), float(self._values[index])

    def _reserve(self, size: int) -> None:
        if size <= len(self._steps):
            return
        capacity = max(size, 2 * len(self._steps))
        for name in ("_steps", "_values", "_smooth"):
            larger = np.empty(capacity, np.float64)
            larger[: self._count] = getattr(self, name)[: self._count]
            setattr(self, name, larger)

    def _again(self) -> None:
        self._carry, self.best = (0.0, 0.0), None
        self._follow(0)

    def _follow(self, begin: int) -> None:
        new = self._values[begin : self._count]
        if not len(new):
            return
        if self._weight:
            self._smooth[begin : self._count], self._carry = smooth(new, self._weight, self._carry)
        finite = np.isfinite(new)
        if self._watched and finite.any():
            sign = 1.0 if self._watched == "min" else -1.0
            index = int(np.argmin(np.where(finite, sign * new, np.inf)))
            if self.best is None or sign * new[index] < sign * self.best[1]:
                self.best = (float(self._steps[begin + index]), float(new[index]))
