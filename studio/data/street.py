"""Plain digits and street numbers: two domains that mean the same and look nothing alike.

"digits" are handwritten: MNIST with a black border when the workspace has it, else scikit-learn's small digits,
enlarged smoothly, each a little turned and scaled. "street" is drawn: numbers set in type on plates and walls, seen at
an angle, cropped with parts of their neighbours, unevenly lit, blurred and grainy, as in the Street View House Numbers
(Netzer 2011), which they stand in for where a download is not wanted (Atienza 7.1).
The first n pictures of a seed are the same for every count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from studio.data import catalogue
from studio.data.arrays import read_idx
from studio.data.assemble import Job, from_numbers
from studio.data.cache import Block, decoded_or_built, key_of
from studio.data.detect import idx_files
from studio.data.digits import load_digits
from studio.data.numbers import Numbered
from studio.data.progress import Progress, silent
from studio.data.splits import ImageData

if TYPE_CHECKING:
    from torch import Tensor

CLASSES = ("digits", "street")
COLUMNS = ("digit",)
SIZE = 32
COUNT = 20_000
VERSION = 1
"""Part of the cache key: another drawing is another data set."""
_CELL = 48
"""Side of a typeset digit, in pixels, before it is seen from somewhere."""
_WEIGHTS = (0, 1, 2)
"""Stroke widths added to the typeface: regular to bold."""
_STRIP = 3
"""Digits of a number that may come into view: the one in the middle and its neighbours."""
_AT_ONCE = 1_000


def open_street(job: Job) -> ImageData:
    """Open as many as the limit asks for; drawn once, then found in the cache. Tables hold the digit in the middle."""
    originals, values, origin = handwritten(job.workspace)
    options = job.options
    count = ceil(options.limit / (1 - options.val_fraction)) if options.limit else COUNT
    key = key_of("street-digits", VERSION, origin, count)
    drawn = decoded_or_built(job.workspace, key, lambda: ((3, SIZE, SIZE), blocks(count, originals, 0, job.progress)))
    digits = np.concatenate([_digits(values, start, 0) for start in range(0, count, _AT_ONCE)])[:count]
    found = Numbered(drawn.pixels, np.arange(count) % len(CLASSES))
    data = from_numbers(found, job, key, CLASSES, digits[:, None].astype(np.float32))
    return replace(data, columns=COLUMNS)


def handwritten(workspace: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64], str]:
    """Return handwritten digits uint8 (N, H, W), their values (N,), and the data set they are from."""
    place = catalogue.place_of("mnist", workspace)
    files = idx_files(place) if place else None
    if files is not None and files.labels is not None:
        return read_idx(files.images), read_idx(files.labels).astype(np.int64), "mnist"
    images, labels = load_digits()
    return images[:, 0], labels, "digits"


def blocks(count: int, originals: NDArray[np.uint8], seed: int, progress: Progress = silent) -> Iterator[Block]:
    """Draw pictures, plain digits and street numbers in turn.

    Args:
        count: number of pictures.
        originals: handwritten digits uint8 (M, H, W).
        seed: fixes every picture; the first n are the same for every count.
        progress: called with (done, count, what); may raise `Cancelled`.

    Yields:
        uint8 (n, 3, 32, 32) and their numbers (n,).
    """
    typeset = _typeset()
    for start in range(0, count, _AT_ONCE):
        progress(start, count, "Drawing street numbers")
        chosen, middle = _choices(len(originals), start, seed)
        random = np.random.default_rng((seed, start, 1))
        pixels = np.empty((_AT_ONCE, 3, SIZE, SIZE), np.uint8)
        pixels[0::2] = _plain(originals[chosen], random)[:, None]
        pixels[1::2] = _street(typeset, middle, random)
        n = min(_AT_ONCE, count - start)
        yield pixels[:n], np.arange(start, start + n)
    progress(count, count, "Drawing street numbers")


def _choices(known: int, start: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which originals a block shows, and the digits in the middle of its street numbers; half a block each."""
    random = np.random.default_rng((seed, start, 0))
    return random.integers(0, known, _AT_ONCE // 2), random.integers(0, 10, _AT_ONCE // 2)


def _digits(values: NDArray[np.int64], start: int, seed: int) -> NDArray[np.int64]:
    """Return the digit of each picture of a block, (_AT_ONCE,)."""
    chosen, middle = _choices(len(values), start, seed)
    return np.stack([values[chosen], middle], axis=1).reshape(-1)


def _plain(originals: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Return digits uint8 (n, 32, 32): with a black border, small ones enlarged smoothly and varied a little."""
    import torch
    from torch.nn import functional as F

    x = torch.from_numpy(originals).float()[:, None] / 255
    small = x.shape[-1] < SIZE // 2
    if small:
        x = F.interpolate(x, (26, 26), mode="bicubic")
        x = ((x - 0.35) * 2.2).clamp(0, 1)  # strokes with an edge again, as ink has
    before, after = (SIZE - x.shape[-1]) // 2, (SIZE - x.shape[-1] + 1) // 2
    x = F.pad(x, (before, after, before, after))
    return _bytes(_turned(x, random) if small else x)[:, 0]


def _turned(x: Tensor, random: np.random.Generator) -> Tensor:
    """Turn, stretch and slant every picture by its own small amount: 1,800 originals become many."""
    import torch
    from torch.nn import functional as F

    low, high = [-0.2, 0.9, 0.9, -0.2], [0.2, 1.15, 1.15, 0.2]
    angle, wide, tall, slant = torch.from_numpy(random.uniform(low, high, (len(x), 4))).float().unbind(1)
    nothing = torch.zeros_like(angle)
    rows = [angle.cos() * wide, slant - angle.sin(), nothing, angle.sin(), tall, nothing]
    grid = F.affine_grid(torch.stack(rows, 1).view(-1, 2, 3), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def _typeset() -> Tensor:
    """Return the digits of Pillow's own typeface in every weight: float32 (10, weights, 48, 48) in 0..1."""
    import torch

    font = ImageFont.load_default(size=44)
    cells = np.zeros((10, len(_WEIGHTS), _CELL, _CELL), np.uint8)
    for digit in range(10):
        for i, stroke in enumerate(_WEIGHTS):
            cell = Image.new("L", (_CELL, _CELL))
            ImageDraw.Draw(cell).text((24, 24), str(digit), 255, font, anchor="mm", stroke_width=stroke)
            cells[digit, i] = np.asarray(cell)
    return torch.from_numpy(cells).float() / 255


def _street(typeset: Tensor, middle: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.uint8]:
    """Return street numbers uint8 (n, 3, 32, 32) with these digits in the middle."""
    import torch

    n = len(middle)
    digits = random.integers(0, 10, (n, _STRIP))
    digits[:, 1] = middle
    there = np.ones((n, _STRIP), np.float32)
    there[:, [0, 2]] = random.random((n, 2)) < 0.6
    weight = random.integers(0, len(_WEIGHTS), (n, 1))
    cells = typeset[torch.from_numpy(digits), torch.from_numpy(weight)]  # (n, 3, 48, 48)
    cells = cells * torch.from_numpy(there)[:, :, None, None]
    margin = round(_CELL * 0.21)  # set close, as numbers are
    strip = cells[..., margin:-margin].permute(0, 2, 1, 3).reshape(n, 1, _CELL, -1)
    ink, where = _viewed(strip, random)
    return _bytes(_coloured(ink, where, random))


def _viewed(strip: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Look at strips of digits at an angle.

    Returns:
        ink: float32 (n, 1, 32, 32), how much of each pixel is paint.
        where: float32 (n, 32, 32, 2), the place on the wall that each pixel shows; x in digits, y in heights.
    """
    import torch
    from torch.nn import functional as F

    n, aspect = len(strip), strip.shape[3] / strip.shape[2]
    u = torch.from_numpy(random.uniform(-1, 1, (n, 7, 1, 1))).float().unbind(1)
    axis = (torch.arange(SIZE) + 0.5) / SIZE * 2 - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    angle, scale = 0.18 * u[0], 1.0 + 0.2 * u[1]
    depth = 1 + 0.18 * u[2] * x + 0.12 * u[3] * y  # what leans away from the camera is smaller
    across = ((x * angle.cos() - y * angle.sin()) * scale / depth + 0.12 * u[4] + 0.2 * u[6] * y) * 0.95
    down = (x * angle.sin() + y * angle.cos()) * scale / depth * 0.95 + 0.08 * u[5]
    grid = torch.stack([across / aspect, down], dim=-1)
    return F.grid_sample(strip, grid, align_corners=False), torch.stack([across, down], dim=-1)


def _coloured(ink: Tensor, where: Tensor, random: np.random.Generator) -> Tensor:
    """Paint wall, plate and digits, then light, blur and grain: float32 (n, 3, 32, 32) in 0..1."""
    import torch
    from torch.nn import functional as F

    n = len(ink)
    wall, paint, plate = (torch.from_numpy(_colours(random, n)).float()[..., None, None] for _ in range(3))
    dark = torch.from_numpy(random.random((n, 1, 1, 1)) < 0.5)
    wall = torch.where(dark, 0.1 + 0.4 * wall, 0.5 + 0.45 * wall)
    paint = torch.where(dark, 0.65 + 0.35 * paint, 0.35 * paint)
    across, down = where[..., 0][:, None], where[..., 1][:, None]
    bricks = 0.06 * torch.sin(down * 9 + 3 * torch.from_numpy(random.random((n, 1, 1, 1))).float())
    walled = wall + bricks * torch.from_numpy(random.random((n, 1, 1, 1)) < 0.4).float()
    width = torch.from_numpy(random.uniform(0.7, 2.2, (n, 1, 1, 1))).float()
    inside = ((across.abs() < width) & (down.abs() < 0.88)).float()
    inside = inside * torch.from_numpy(random.random((n, 1, 1, 1)) < 0.5).float()
    ground = torch.lerp(walled, torch.where(dark, 0.4 * plate, 0.6 + 0.4 * plate), inside)
    x = torch.lerp(ground, paint.expand_as(ground), ink)
    slope = torch.from_numpy(random.uniform(-0.25, 0.25, (n, 2, 1, 1))).float()
    x = x * (1 + slope[:, :1] * across + slope[:, 1:] * down).clamp(0.4, 1.5)
    blur = torch.from_numpy(random.uniform(0, 1, (n, 1, 1, 1))).float()
    x = torch.lerp(x, F.avg_pool2d(F.pad(x, (1, 1, 1, 1), "replicate"), 3, 1), blur)
    coarse = torch.from_numpy(random.normal(0, 0.05, (n, 3, 9, 9))).float()  # stains and reflections
    x = x + F.interpolate(coarse, (SIZE, SIZE), mode="bilinear")
    return (x + torch.from_numpy(random.normal(0, 0.02, (n, 3, SIZE, SIZE))).float()).clamp(0, 1)


def _colours(random: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Return muted colours (n, 3) in 0..1: a grey with a tint."""
    return np.clip(random.random((n, 1)) + random.normal(0, 0.15, (n, 3)), 0, 1)


def _bytes(x: Tensor) -> NDArray[np.uint8]:
    """Return float pictures in 0..1 as uint8."""
    return np.asarray((x.clamp(0, 1) * 255).round().byte().numpy())
