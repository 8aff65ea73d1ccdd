"""Apples and oranges on trays: two domains without pairs, to be repainted into each other.

One to four pieces of fruit on a tray, lit from one side, with shadows. Only the fruit tells the domains apart: trays
are black or white in both, so a translation that changes them shows that its identity weight is too small. They stand
in for the photographs of apple2orange (Zhu 2017; Foster, chapter 5), which can be given as a folder. The first n
pictures of a seed are the same for every count.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from studio.data.assemble import Job, from_numbers
from studio.data.cache import Block, decoded_or_built, key_of
from studio.data.numbers import Numbered
from studio.data.progress import Progress, silent
from studio.data.splits import ImageData

if TYPE_CHECKING:
    from torch import Tensor

CLASSES = ("apples", "oranges")
SIZE, LARGEST, COUNT = 64, 256, 1_200
VERSION = 1
"""Part of the cache key: another drawing is another data set."""
_MOST = 4
_AT_ONCE = 100
_APPLES = ((0.72, 0.07, 0.09), (0.80, 0.20, 0.12), (0.45, 0.66, 0.16), (0.60, 0.72, 0.25))
_ORANGE = (0.96, 0.52, 0.08)
_LIGHT = (-0.5, -0.65, 0.57)
"""Direction of the light: from the upper left, towards the camera."""


def open_fruit(job: Job) -> ImageData:
    """Open as many as the limit asks for, drawn in the asked size once, then found in the cache."""
    options = job.options
    count = ceil(options.limit / (1 - options.val_fraction)) if options.limit else COUNT
    size = min(max(options.size or SIZE, 16), LARGEST)
    key = key_of("fruit", VERSION, count, size)
    drawn = decoded_or_built(job.workspace, key, lambda: ((3, size, size), blocks(count, size, 0, job.progress)))
    return from_numbers(Numbered(drawn.pixels, np.arange(count) % len(CLASSES)), job, key, CLASSES)


def blocks(count: int, size: int, seed: int, progress: Progress = silent) -> Iterator[Block]:
    """Draw pictures, apples and oranges in turn.

    Args:
        count: number of pictures.
        size: side in pixels.
        seed: fixes every picture.
        progress: called with (done, count, what); may raise `Cancelled`.

    Yields:
        uint8 (n, 3, size, size) and their numbers (n,).
    """
    for start in range(0, count, _AT_ONCE):
        progress(start, count, "Drawing fruit")
        random = np.random.default_rng((seed, start))
        pixels = (_drawn(size, random) * 255).round().byte().numpy()
        n = min(_AT_ONCE, count - start)
        yield pixels[:n], np.arange(start, start + n)
    progress(count, count, "Drawing fruit")


def _drawn(size: int, random: np.random.Generator) -> Tensor:
    """Return a block of pictures float32 (n, 3, size, size) in 0..1: table, tray, shadows, fruit from back to front."""
    import torch

    n = _AT_ONCE
    axis = (torch.arange(size) + 0.5) / size * 2 - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    orange = torch.arange(n) % 2 == 1
    picture = _ground(x, y, random)
    pieces = random.integers(1, _MOST + 1, n)
    places = _places(pieces, random)  # (n, 4, 3): x, y, radius
    for i in range(_MOST):
        there = torch.from_numpy(np.flatnonzero(pieces > i))
        cx, cy, radius = (torch.from_numpy(places[:, i, k]).float()[there, None, None] for k in range(3))
        u, v = (x - cx) / radius, (y - cy) / radius
        shade = torch.sigmoid(8 * (1.15 - torch.hypot(u - 0.2, (v - 0.75) * 2.2)))[:, None]
        colour, inside = _fruit(u, v, orange[there], 0.5 * size * radius, random)
        picture[there] = torch.lerp(picture[there] * (1 - 0.55 * shade), colour, inside)
    grain = torch.from_numpy(random.normal(0, 0.012, (n, 3, size, size))).float()
    return (picture + grain).clamp(0, 1)


def _ground(x: Tensor, y: Tensor, random: np.random.Generator) -> Tensor:
    """Return tables with a black or white tray, (n, 3, S, S)."""
    import torch

    n = _AT_ONCE
    wood = torch.from_numpy(random.uniform(0.25, 0.75, (n, 1)) * [1.0, 0.82, 0.62]).float()[..., None, None]
    streaks = 1 + 0.05 * torch.sin(40 * y + 3 * torch.sin(2 * x))
    tilt, wide = (torch.from_numpy(random.uniform(a, b, (n, 1, 1))).float() for a, b in ((-0.2, 0.2), (0.8, 0.95)))
    u, v = x * tilt.cos() - y * tilt.sin(), x * tilt.sin() + y * tilt.cos()
    edge = torch.maximum(u.abs() / wide, v.abs() / 0.85)
    tray = torch.from_numpy(random.random((n, 1, 1, 1)) < 0.5).float() * 0.82 + 0.07
    rim = ((edge - 0.9).abs() < 0.04).float()[:, None] * 0.06
    return torch.lerp(wood * streaks, tray.expand(n, 3, 1, 1) + rim, torch.sigmoid(60 * (1 - edge))[:, None])


def _places(pieces: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.float64]:
    """Return centre and radius of up to four pieces per picture, far ones first: float (n, 4, 3)."""
    n = len(pieces)
    corners = np.array([[-0.38, -0.36], [0.38, -0.34], [-0.36, 0.34], [0.38, 0.36]])
    order = np.argsort(random.random((n, _MOST)), axis=1)
    centres = corners[order] + random.uniform(-0.08, 0.08, (n, _MOST, 2))
    radius = random.uniform(0.27, 0.36, (n, _MOST, 1))
    alone = (pieces == 1)[:, None]
    centres[:, 0] = np.where(alone, random.uniform(-0.12, 0.12, (n, 2)), centres[:, 0])
    radius[:, 0] = np.where(alone, random.uniform(0.45, 0.6, (n, 1)), radius[:, 0])
    return np.concatenate([centres, radius], axis=2)


def _fruit(u: Tensor, v: Tensor, orange: Tensor, pixels: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return the colour (n, 3, S, S) and the coverage (n, 1, S, S) of one piece per picture, in its own frame."""
    import torch

    n = len(u)
    is_orange = orange[:, None, None]
    angle = torch.atan2(v, u)
    dimple = torch.where(is_orange, 0.0, 0.12 * torch.exp(-((angle + torch.pi / 2) ** 2) / 0.12))  # where the stalk is
    reach = torch.hypot(u, v) + dimple
    coverage = (0.5 + (1 - reach) * pixels).clamp(0, 1)[:, None]
    depth = (1 - reach.square()).clamp(min=0.0).sqrt()
    lit = (u * _LIGHT[0] + v * _LIGHT[1] + depth * _LIGHT[2])[:, None]
    skin = torch.tensor(_APPLES)[torch.from_numpy(random.integers(0, len(_APPLES), n))]
    skin = torch.where(orange[:, None], torch.tensor(_ORANGE), skin)[..., None, None]
    phase = torch.from_numpy(random.uniform(0, 6.28, (n, 1, 1))).float()
    streaks = 0.16 * torch.sin(9 * angle + phase) * reach.clamp(max=1)
    pores = 0.10 * torch.sin(23 * u + phase) * torch.sin(23 * v) * torch.sin(11 * (u + v))
    body = skin * (1 + torch.where(is_orange, pores, streaks)[:, None]) * (0.38 + 0.75 * lit.clamp(min=0))
    gloss = torch.where(is_orange, 0.18, 0.5)[:, None] * lit.clamp(0, 1) ** torch.where(is_orange, 14, 40)[:, None]
    stalk = ((u.abs() < 0.05) & (v > -1.15) & (v < -0.62) & ~is_orange).float()[:, None]
    colour = torch.lerp((body + gloss).clamp(0, 1), torch.tensor((0.25, 0.16, 0.08)).view(1, 3, 1, 1), stalk)
    return colour, torch.maximum(coverage, stalk)
