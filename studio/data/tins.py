"""Biscuit tins: grey pictures that differ in nothing but height and width, so two numbers say all about each.

Foster's books (2019 and 2023, chapter 1) draw such tins to explain what a latent space is; sizes and shading are
our own. One tin stands on an even ground: a lit cylinder, its elliptic lid with a rim, a band around the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadConfig
from studio.data.progress import Progress

FACTORS = ("height", "width")
"""Columns of `Tins.factors`, as shares of the picture's side."""
RANGES = ((0.2, 0.6), (0.25, 0.85))
"""Least and greatest height and width."""
_GROUND, _BASE_LINE, _TILT = 236.0, 0.88, 0.13
_BATCH_PIXELS = 1 << 20
_LARGEST = 256

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Tins:
    """Pictures with the factors they were drawn from.

    Attributes:
        pixels: uint8 (N, 1, S, S), 0..255.
        factors: float32 (N, 2), columns as in `FACTORS`.
    """

    pixels: NDArray[np.uint8]
    factors: Array


def make(count: int, size: int = 64, seed: int = 0, progress: Progress | None = None) -> Tins:
    """Draw `count` random tins; the first n of a seed are the same for every count.

    Args:
        count: number of pictures, at least 1.
        size: side in pixels, 8..256.
        seed: fixes height and width of every tin.
        progress: called with (done, count, "tins"); may raise `Cancelled`.

    Raises:
        BadConfig: count or size out of range.
    """
    if count < 1 or not 8 <= size <= _LARGEST:
        raise BadConfig(f"{count} tins of {size} px cannot be drawn.", f"Ask for 1 or more, of 8 to {_LARGEST} pixels.")
    low, high = np.array(RANGES).T
    factors = (low + np.random.default_rng(seed).random((count, 2)) * (high - low)).astype(np.float32)
    pixels = np.empty((count, 1, size, size), np.uint8)
    step = max(1, _BATCH_PIXELS // (size * size))
    for start in range(0, count, step):
        pixels[start : start + step] = render(factors[start : start + step], size)
        if progress:
            progress(min(start + step, count), count, "tins")
    return Tins(pixels, factors)


def render(factors: Array, size: int) -> NDArray[np.uint8]:
    """Draw tins from factors.

    Args:
        factors: float (N, 2): height and width as shares of the side.
        size: side in pixels.

    Returns:
        uint8 (N, 1, size, size).
    """
    height, width = (np.asarray(factors, np.float32)[:, i, None, None] for i in (0, 1))  # (N, 1, 1)
    centres = ((np.arange(size) + 0.5) / size).astype(np.float32)
    x, y = centres[None, None, :] - 0.5, centres[None, :, None]
    radius, flat = width / 2, _TILT * width  # half axes of the ellipses of lid and foot
    foot = _BASE_LINE - flat
    top = foot - height
    edge = 1.0 / size
    side = _side(x / radius, (y - top) / height)
    body = _inside(np.maximum(np.abs(x) - radius, np.maximum(top - y, y - foot)), edge)
    base = _inside(_ellipse(x, y - foot, radius, flat), edge)
    lid = _inside(_ellipse(x, y - top, radius, flat), edge)
    rim = _inside(_ellipse(x, y - top, 0.88 * radius, 0.82 * flat), edge)
    picture = np.full((len(height), size, size), _GROUND, np.float32)
    for coverage, shade in ((np.maximum(body, base), side), (lid, 176.0), (rim, 148.0)):
        picture = picture + coverage * (shade - picture)
    return np.rint(picture).astype(np.uint8)[:, None]


def _side(across: Array, down: Array) -> Array:
    """Return the grey of the side: lit from the left, darker towards the edges, with a band around the middle."""
    light = 96.0 + 92.0 * np.exp(-(((across + 0.35) / 0.55) ** 2))
    band = (down > 0.4) & (down < 0.7)
    return np.asarray(np.where(band, 0.62 * light, light), np.float32)


def _ellipse(x: Array, y: Array, across: Array, down: Array) -> Array:
    """Return about the distance to an ellipse with these half axes, negative inside: its equation over its slope."""
    level = np.hypot(x / across, y / down)
    slope = np.hypot(x / across**2, y / down**2)
    return np.asarray((level - 1) * level / np.maximum(slope, 1e-6))


def _inside(distance: Array, edge: float) -> Array:
    """Turn a distance into coverage 0..1 that fades over one pixel."""
    return np.asarray(np.clip(0.5 - distance / edge, 0.0, 1.0))
