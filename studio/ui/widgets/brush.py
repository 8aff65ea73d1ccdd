"""A soft round brush on a mask: what one stroke covers, and how it changes the mask below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Box = tuple[slice, slice]

LONGEST = 512
"""Masks have this many pixels on their longer side, whatever the picture has: a soft mask needs no more."""
RADIUS_MIN, RADIUS_MAX = 0.004, 0.5


@dataclass(frozen=True)
class Brush:
    """A round brush.

    Attributes:
        radius: share of the picture's longer side, 0.004 to 0.5.
        softness: share of the radius over which the edge fades, 0 (hard) to 1.
        erase: whether it takes away.
    """

    radius: float = 0.08
    softness: float = 0.5
    erase: bool = False


def mask_shape(width: int, height: int) -> tuple[int, int]:
    """Return (rows, columns) of the mask of a picture: its proportions, 512 on the longer side."""
    scale = LONGEST / max(width, height, 1)
    return max(1, round(height * scale)), max(1, round(width * scale))


def coverage(
    shape: tuple[int, int], start: tuple[float, float], end: tuple[float, float], radius: float, softness: float
) -> tuple[Box, NDArray[np.float32]]:
    """Return what a brush covers on its way from one point to another.

    The distance to the line between the points decides, so that a quick stroke has no gaps: 1 up to
    `radius * (1 - softness)`, 0 beyond `radius`, a smoothstep between (at least one pixel wide).

    Args:
        shape: rows and columns of the mask.
        start: x and y in mask pixels; pixel centres lie at halves.
        end: like `start`; the same point gives a dab.
        radius: in mask pixels.
        softness: 0 to 1.

    Returns:
        The rows and columns that are concerned, perhaps none, and the coverage there, float32 0..1.
    """
    outer = max(radius, radius * (1 - softness) + 1, 1.0)
    inner = max(min(radius * (1 - softness), outer - 1), 0.0)
    rows = _span(start[1], end[1], outer, shape[0])
    columns = _span(start[0], end[0], outer, shape[1])
    y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5 - start[1])[:, None]
    x = np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5 - start[0]
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    along = np.clip((x * dx + y * dy) / length, 0, 1) if length else np.float32(0)
    distance = np.sqrt((x - along * dx) ** 2 + (y - along * dy) ** 2)
    inside = np.clip((outer - distance) / (outer - inner), 0, 1)
    return (rows, columns), (inside * inside * (3 - 2 * inside)).astype(np.float32)


def _span(first: float, second: float, reach: float, size: int) -> slice:
    low, high = int(np.floor(min(first, second) - reach)), int(np.ceil(max(first, second) + reach))
    low = min(max(low, 0), size)
    return slice(low, min(max(high, low), size))


class Stroke:
    """One stroke on its way: the mask before it, and the mask with it.

    Coverage does not add up within a stroke (the largest counts), so that going back and forth leaves the soft edge.

    Args:
        mask: float32 (h, w) 0..1, the mask below; never changed.
        brush: how it paints.
        at: where it begins, as shares of width and height.
    """

    def __init__(self, mask: NDArray[np.float32], brush: Brush, at: tuple[float, float]) -> None:
        self.before, self.mask = mask, mask.copy()
        self.brush, self._covered = brush, np.zeros_like(mask)
        self._last = at

    def extend(self, at: tuple[float, float]) -> Box:
        """Go on to a point, shares of width and height; return the rows and columns that may have changed."""
        rows, columns = self.mask.shape
        (x0, y0), (x1, y1) = self._last, at
        radius = self.brush.radius * max(rows, columns)
        start, end = (x0 * columns, y0 * rows), (x1 * columns, y1 * rows)
        box, covers = coverage((rows, columns), start, end, radius, self.brush.softness)
        self._last = at
        covered = self._covered[box]
        np.maximum(covered, covers, out=covered)
        if self.brush.erase:
            np.minimum(self.before[box], 1 - covered, out=self.mask[box])
        else:
            np.maximum(self.before[box], covered, out=self.mask[box])
        return box
