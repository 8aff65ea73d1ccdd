"""Rows of tables as pictures: faces for Wrodl's columns, cards of words for others, dots on a map or a plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from studio.core.spec import Column
from studio.data import avatars, world, wrodl

SIDE = 96
"""Pixels of a face or a card."""
_PAPER, _INK, _SEA, _LAND = (246, 247, 249), (60, 66, 80), (28, 31, 38), (58, 68, 82)
_DATA, _BOX, _SAMPLE = (232, 235, 242), (124, 156, 255), (230, 159, 0)
_LINES = 7

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float32]


def draw_rows(columns: Sequence[Column], codes: NDArray[np.int64]) -> Pixels:
    """Draw rows of categories: uint8 (N, 3, 96, 96)."""
    if tuple(columns) == wrodl.COLUMNS:
        return avatars.draw(codes, SIDE)
    cards = [_card([c.options[code] for c, code in zip(columns, row, strict=True)]) for row in codes.tolist()]
    return np.stack(cards) if cards else np.empty((0, 3, SIDE, SIDE), np.uint8)


def _card(words: Sequence[str]) -> Pixels:
    """Return a card with one word a line, (3, 96, 96); what does not fit is left out."""
    card = Image.new("RGB", (SIDE, SIDE), _PAPER)
    pen = ImageDraw.Draw(card)
    for line, word in enumerate(words[:_LINES]):
        pen.text((5, 5 + 13 * line), word[:16], _INK)
    return np.moveaxis(np.asarray(card), -1, 0)


@dataclass(frozen=True)
class Plane:
    """What part of two columns a picture of points shows.

    Attributes:
        low, high: edges as (second column, first column), in their units: x and y of the picture.
        map: whether the columns are degrees, so that land can be shown.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    map: bool = False


def plane_of(columns: Sequence[Column], values: Numbers) -> Plane:
    """Return the world for latitude and longitude, otherwise the extent of the first two columns and a margin."""
    if tuple(column.name for column in columns) == tuple(column.name for column in world.COLUMNS):
        return Plane((world.WEST, world.SOUTH), (world.EAST, world.NORTH), True)
    xy = across(values)
    low, high = xy.min(axis=0), xy.max(axis=0)
    margin = np.maximum(0.1 * (high - low), 1e-6)
    return Plane(tuple((low - margin).tolist()), tuple((high + margin).tolist()))


def across(values: Numbers) -> Numbers:
    """Return (N, 2): x is the second column (longitude), y the first; a single column has y 0."""
    first = values[:, 0]
    return np.stack([first, 0 * first] if values.shape[1] == 1 else [values[:, 1], first], axis=1)


def draw_plane(plane: Plane, points: Numbers, box: Numbers, samples: Numbers, width: int = 720, dot: int = 4) -> Pixels:
    """Draw points, a rectangle and samples.

    Args:
        plane: what part is shown.
        points: (N, K) rows of the data.
        box: (2, K), least and greatest corner; not finite shows none.
        samples: (M, K) rows of a model.
        width: of the picture in pixels; the height follows the map's shape.
        dot: radius of a sample in pixels.

    Returns:
        uint8 (3, H, width).
    """
    height = round(width * (world.NORTH - world.SOUTH) / (world.EAST - world.WEST))
    picture = Image.new("RGB", (width, height), _SEA)
    if plane.map:
        picture.paste(_LAND, mask=Image.fromarray(world.land()).resize((width, height), Image.Resampling.NEAREST))
    pen = ImageDraw.Draw(picture)
    _dots(pen, plane, points, picture.size, max(1, width // 360), _DATA)
    if np.isfinite(box).all():
        (left, bottom), (right, top) = _pixels(plane, box, picture.size).tolist()
        pen.rectangle((left, top, right, bottom), outline=_BOX, width=max(1, width // 240))
    _dots(pen, plane, samples, picture.size, dot, _SAMPLE)
    return np.moveaxis(np.asarray(picture), -1, 0)


def _pixels(plane: Plane, values: Numbers, size: tuple[int, int]) -> NDArray[np.float64]:
    low, high = np.array(plane.low), np.array(plane.high)
    share = (across(values) - low) / (high - low)
    share[:, 1] = 1 - share[:, 1]  # north is up
    return np.asarray(share * (np.array(size) - 1), np.float64)


def _dots(
    pen: ImageDraw.ImageDraw, plane: Plane, values: Numbers, size: tuple[int, int], radius: int, colour: tuple[int, ...]
) -> None:
    for x, y in _pixels(plane, values, size).tolist() if len(values) else ():
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), colour)
