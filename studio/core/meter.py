"""Metrics on their way from tensors to points: kept without waiting for the device, fetched in bulk."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from studio.core import events as ev
from studio.core.compute import Compute

Points = dict[str, tuple[list[int], list[float]]]


class Meter:
    """Buffers each step's metrics and measures the rate of steps.

    Attributes:
        rate: steps a second, smoothed; 0 before the first fetch.
    """

    def __init__(self, compute: Compute) -> None:
        self.rate = 0.0
        self._compute = compute
        self._buffer: list[tuple[int, Mapping[str, Tensor]]] = []
        self._since = time.perf_counter()

    def add(self, step: int, metrics: Mapping[str, Tensor]) -> None:
        """Keep the 0-d tensors of a step."""
        self._buffer.append((step, metrics))

    def clear(self) -> None:
        """Forget what was not fetched: the steps are void."""
        self._buffer.clear()

    def restart(self) -> None:
        """Begin measuring the rate now; time spent waiting is not part of it."""
        self._since = time.perf_counter()

    def fetch(self) -> Points:
        """Return the buffered values by metric name, averaged over all processes; empty when there are none."""
        buffer, self._buffer = self._buffer, []
        if not buffer:
            return {}
        columns: dict[str, tuple[list[int], list[Tensor]]] = {}
        for step, metrics in buffer:
            for name, value in metrics.items():
                steps, values = columns.setdefault(name, ([], []))
                steps.append(step)
                values.append(value)
        points = {n: (s, self._compute.average(torch.stack(v).float()).tolist()) for n, (s, v) in columns.items()}
        now = time.perf_counter()
        rate = len(buffer) / max(now - self._since, 1e-9)
        self._since = now
        self.rate = rate if not self.rate else 0.7 * self.rate + 0.3 * rate
        return points


def first_bad(points: Points) -> int | None:
    """Return the first step with a non-finite value, or None."""
    bad = (s for steps, values in points.values() for s, v in zip(steps, values, strict=True) if not math.isfinite(v))
    return min(bad, default=None)


def to_scalars(step: int, split: str, points: Points, bad: int | None = None) -> Iterator[ev.Scalars]:
    """Turn points into events, one for all metrics measured at the same steps; without those at and after `bad`."""
    groups: dict[tuple[int, ...], dict[str, tuple[float, ...]]] = {}
    for name, (steps, values) in points.items():
        kept = [(s, v) for s, v in zip(steps, values, strict=True) if bad is None or s < bad]
        if kept:
            groups.setdefault(tuple(s for s, _ in kept), {})[name] = tuple(v for _, v in kept)
    for steps_of, values_of in groups.items():
        yield ev.Scalars(step, split, steps_of, values_of)
