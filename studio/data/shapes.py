"""Coloured shapes whose factors are known exactly: the data set that asks whether a latent space found them.

One anti-aliased shape on a dark ground, drawn from six factors: shape, colour, size, x, y and rotation. Everything
is a signed distance to the outline, in units of half a picture, so a shape is crisp at any size. The idea of a
data set with known factors follows dSprites (Matthey et al. 2017); shapes, colours and ranges are our own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadConfig
from studio.data.progress import Progress

SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")
COLOURS = ("orange", "sky", "green", "yellow", "blue", "red", "pink", "white")
FACTORS = ("shape", "colour", "size", "x", "y", "rotation")
"""Columns of `Shapes.factors`: indices into SHAPES and COLOURS; radius and centre as shares of the width; degrees."""

_RGB = np.array(  # Okabe and Ito's palette, told apart by colour-blind people too; black replaced by white
    [
        *([230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66]),
        *([0, 114, 178], [213, 94, 0], [204, 121, 167], [245, 245, 245]),
    ],
    np.float32,
)
_GROUND = np.array([21, 23, 28], np.float32)
_PERIOD = np.array([0.0, 90.0, 120.0, 72.0, 90.0, 0.0], np.float32)
"""Degrees after which a shape looks the same; rotation is drawn below that, so that each picture has one rotation."""
_SIZES = (0.15, 0.35)
_BATCH_PIXELS = 1 << 20
_LARGEST = 64


@dataclass(frozen=True)
class Shapes:
    """Pictures with the factors they were drawn from.

    Attributes:
        pixels: uint8 (N, 3, S, S), 0..255.
        labels: int64 (N,), index into `SHAPES`.
        factors: float32 (N, 6), columns as in `FACTORS`.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    factors: NDArray[np.float32]
    classes: tuple[str, ...] = SHAPES


def make(count: int, size: int = 32, seed: int = 0, progress: Progress | None = None) -> Shapes:
    """Draw `count` random shapes; the first n of a seed are the same for every count.

    Args:
        count: number of pictures, at least 1.
        size: side in pixels, 8..64.
        seed: fixes every factor of every picture.
        progress: called with (done, count, "shapes"); may raise `Cancelled`.

    Raises:
        BadConfig: count or size out of range.
    """
    if count < 1 or not 8 <= size <= _LARGEST:
        raise BadConfig(f"{count} shapes of {size} px cannot be drawn.", "Ask for 1 or more, of 8 to 64 pixels.")
    factors = draw_factors(count, seed)
    pixels = np.empty((count, 3, size, size), np.uint8)
    step = max(1, _BATCH_PIXELS // (size * size))
    for start in range(0, count, step):
        pixels[start : start + step] = render(factors[start : start + step], size)
        if progress:
            progress(min(start + step, count), count, "shapes")
    return Shapes(pixels, factors[:, 0].astype(np.int64), factors)


def draw_factors(count: int, seed: int) -> NDArray[np.float32]:
    """Draw independent uniform factors.

    Returns:
        float32 (count, 6); a centre always keeps the whole shape inside the picture.
    """
    u = np.random.default_rng(seed).random((count, len(FACTORS)))
    shape = np.floor(u[:, 0] * len(SHAPES))
    colour = np.floor(u[:, 1] * len(COLOURS))
    size = _SIZES[0] + u[:, 2] * (_SIZES[1] - _SIZES[0])
    x, y = (size + u[:, axis] * (1 - 2 * size) for axis in (3, 4))
    rotation = u[:, 5] * _PERIOD[shape.astype(np.int64)]
    return np.stack([shape, colour, size, x, y, rotation], axis=1).astype(np.float32)


def render(factors: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
    """Draw pictures from factors.

    Args:
        factors: float (N, 6), columns as in `FACTORS`.
        size: side in pixels.

    Returns:
        uint8 (N, 3, size, size).
    """
    coverage = np.empty((len(factors), size, size), np.float32)
    for index, outline in enumerate(_OUTLINES):
        chosen = factors[:, 0].astype(np.int64) == index
        if chosen.any():
            x, y, scale = _own_frame(factors[chosen], size)
            # one pixel is 1/(size*scale) of the shape's frame: the edge fades over exactly one pixel
            coverage[chosen] = np.clip(0.5 - outline(x, y) * (size * scale), 0.0, 1.0)
    colour = _RGB[factors[:, 1].astype(np.int64)]  # (N, 3)
    mixed = _GROUND[:, None, None] + coverage[:, None] * (colour - _GROUND)[:, :, None, None]
    return np.rint(mixed).astype(np.uint8)


def _own_frame(
    factors: NDArray[np.float32], size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return pixel centres in the shape's own frame (radius 1, unrotated), each (N, S, S), and the radius (N, 1, 1)."""
    scale, cx, cy, degrees = (factors[:, i, None, None].astype(np.float32) for i in (2, 3, 4, 5))
    centres = ((np.arange(size) + 0.5) / size).astype(np.float32)
    dx, dy = (centres[None, None, :] - cx) / scale, (centres[None, :, None] - cy) / scale
    angle = np.deg2rad(degrees)
    return dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle), scale


def _circle(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance to a circle of radius 1."""
    return np.asarray(np.hypot(x, y) - 1)


def _ring(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance to a ring between radius 0.55 and 1."""
    return np.asarray(np.abs(np.hypot(x, y) - 0.775) - 0.225)


def _square(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance to the square inscribed in the unit circle."""
    return np.asarray(np.maximum(np.abs(x), np.abs(y)) - np.sqrt(np.float32(0.5)))


def _triangle(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance to the upright equilateral triangle inscribed in the unit circle (y points down)."""
    half = np.sqrt(np.float32(3)) / 2
    return np.asarray(np.maximum(np.abs(x) * half - y / 2, y) - np.float32(0.5))


def _cross(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance to a plus sign inscribed in the unit circle."""
    long, short = np.maximum(np.abs(x), np.abs(y)), np.minimum(np.abs(x), np.abs(y))
    return np.asarray(np.maximum(long - np.float32(0.94), short - np.float32(0.33)))


def _star(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance to a five-pointed star, by folding the plane into one of its ten mirrored sectors."""
    sector = np.float32(np.pi / 5)
    radius, angle = np.hypot(x, y), np.arctan2(x, -y)
    angle = np.abs((angle + sector) % (2 * sector) - sector)  # 0 at a tip, pi/5 between two tips
    u, v = radius * np.cos(angle), radius * np.sin(angle)
    inner = np.float32(0.42) * np.array([np.cos(sector), np.sin(sector)], np.float32)
    edge = inner - np.array([1, 0], np.float32)  # from the tip (1, 0) to the notch
    normal = np.array([edge[1], -edge[0]], np.float32) / np.hypot(*edge)
    return np.asarray((u - 1) * normal[0] + v * normal[1])


_OUTLINES = (_circle, _square, _triangle, _star, _cross, _ring)
