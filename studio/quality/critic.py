"""How a Wasserstein critic fares, read from its series: does its distance still mean something?

A critic has no accuracy. What recipes report instead: `wasserstein` (its estimate of the distance between real and
generated pictures), `clipped` (share of its weights at the walls of their box, weight clipping only).

A distance that falls means better pictures (Arjovsky 2017, arXiv:1701.07875, figure 3); one that grows and grows means
that the generator does not follow, or that nothing keeps the critic Lipschitz any more. A critic whose weights all
stand at the clip is about the simplest function there is in its box (Gulrajani 2017, arXiv:1704.00028, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

PARTS = 4
"""Equal parts of the newer half of a run that are compared."""
FEWEST = 512
"""Points of a run below which its beginning, when every critic's distance rises, is still part of what is judged."""
NOISE = 2.0
"""A part lies above the one before when their medians differ by this many of its standard errors."""


@dataclass(frozen=True)
class Critic:
    """The newer half of a run with a critic.

    Attributes:
        distance: median estimate in its last part; comparable only within a run.
        grown: that by the median of its first part; 1 where the distance did not rise from part to part.
        since: step at which the newer half begins.
        clipped: share of the weights at the clip in the last part, 0..1; None without clipping.
    """

    distance: float
    grown: float
    since: int
    clipped: float | None


def critic(
    steps: NDArray[np.int64], distances: NDArray[np.float64], clipped: NDArray[np.float64] | None
) -> Critic | None:
    """Judge a critic's distances (n,) at steps (n,); None when there are too few.

    Args:
        steps: int64 (n,).
        distances: `wasserstein`.
        clipped: share of weights at the clip (m,), or None.
    """
    if len(steps) < FEWEST:
        return None
    newer = distances[len(steps) // 2 :]
    parts = [part[np.isfinite(part)] for part in np.array_split(newer, PARTS)]
    if not all(len(part) for part in parts):
        return None
    first, last = (float(np.median(part)) for part in (parts[0], parts[-1]))
    rose = first > 0 and all(_above(a, b) for a, b in pairwise(parts))
    at_clip = None if clipped is None else float(np.median(clipped[-len(parts[-1]) :]))
    return Critic(last, last / first if rose else 1.0, int(steps[len(steps) // 2]), at_clip)


def _above(before: NDArray[np.float64], after: NDArray[np.float64]) -> bool:
    error = before.std() / np.sqrt(len(before))
    return bool(np.median(after) > np.median(before) + NOISE * error)
