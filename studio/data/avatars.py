"""Faces for the rows of Wrodl: every combination of its five columns has one, drawn here from simple shapes.

Everything is drawn flat, in colours of one fixed palette of 256, on a grid of 256 x 256; a picture of another size
takes the nearest point of that grid (crisp, only palette colours) or the mean over each pixel (smooth, for the
screen).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from studio.data import wrodl

GRID = 256
_LEVELS, _GREYS = 6, 40

Colour = tuple[int, int, int]
_GROUND: Colour = (204, 255, 255)
_SKIN: Colour = (255, 204, 153)
_SHADE: Colour = (204, 153, 102)
_DARK: Colour = (51, 51, 51)
_LIPS: Colour = (153, 51, 51)
_LENS: Colour = (204, 204, 255)
_LIGHT: Colour = (255, 255, 255)
_CLOTHES: tuple[Colour, ...] = (
    *((0, 0, 0), (102, 204, 255), (153, 153, 153), (153, 255, 153)),
    *((255, 204, 102), (255, 102, 153), (255, 51, 51), (255, 255, 255)),
)
_HAIR: tuple[Colour, ...] = (
    *((51, 0, 0), (255, 204, 51), (102, 51, 0), (255, 153, 204), (204, 51, 0), (204, 204, 204)),
)


@cache
def palette() -> NDArray[np.uint8]:
    """Return the 256 colours: uint8 (256, 3), a cube of 6 levels a channel, then 40 greys from black to white."""
    steps = np.arange(_LEVELS) * 51
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    greys = np.rint(np.linspace(0, 255, _GREYS))[:, None].repeat(3, axis=1)
    return np.concatenate([cube, greys]).astype(np.uint8)


def draw(codes: NDArray[np.int64], size: int, *, smooth: bool = True) -> NDArray[np.uint8]:
    """Draw the faces of rows.

    Args:
        codes: int64 (N, 5), categories in the order of `wrodl.COLUMNS`.
        size: side in pixels, 8..256.
        smooth: mean colours over each pixel; otherwise only colours of the palette.

    Returns:
        uint8 (N, 3, size, size).
    """
    method = Image.Resampling.BOX if smooth else Image.Resampling.NEAREST
    faces = (_face(tuple(row)).resize((size, size), method) for row in codes.tolist())
    made = [np.asarray(face) for face in faces]
    return np.moveaxis(np.stack(made), -1, 1) if made else np.empty((0, 3, size, size), np.uint8)


@cache
def _face(codes: tuple[int, ...]) -> Image.Image:
    """Draw one face at the size of the grid, from back to front."""
    options = zip(wrodl.COLUMNS, codes, strict=True)
    glasses, _, clothing, _, style = (column.options[code] for column, code in options)
    cloth, hair = _CLOTHES[codes[1]], _HAIR[codes[3]]
    face = Image.new("RGB", (GRID, GRID), _GROUND)
    pen = ImageDraw.Draw(face)
    _hair_behind(pen, style, hair)
    _body(pen, clothing, cloth)
    pen.ellipse((80, 52, 176, 172), _SKIN)  # the head
    pen.ellipse((70, 104, 88, 130), _SKIN)
    pen.ellipse((168, 104, 186, 130), _SKIN)
    _hair_in_front(pen, style, hair)
    _features(pen)
    _glasses(pen, glasses)
    return face


def _features(pen: ImageDraw.ImageDraw) -> None:
    for x in (106, 150):
        pen.ellipse((x - 6, 106, x + 6, 118), _DARK)
        pen.rectangle((x - 11, 92, x + 11, 96), _DARK)
    pen.polygon(((128, 112), (119, 134), (137, 134)), _SHADE)
    pen.chord((106, 132, 150, 160), 15, 165, _LIPS)


def _body(pen: ImageDraw.ImageDraw, clothing: str, colour: Colour) -> None:
    shade = _darker(colour)
    pen.rounded_rectangle((34, 192, 222, 300), 48, colour)
    pen.rectangle((108, 156, 148, 200), _SHADE)  # the neck
    if clothing == "ShirtScoopNeck":
        pen.chord((92, 168, 164, 222), 0, 180, _SKIN)
    elif clothing == "ShirtVNeck":
        pen.polygon(((96, 192), (160, 192), (128, 238)), _SKIN)
        pen.line(((96, 192), (128, 238), (160, 192)), shade, 6)
    elif clothing == "Hoodie":
        pen.ellipse((76, 172, 180, 226), shade)
        pen.ellipse((96, 176, 160, 212), _SKIN)
        for x in (110, 146):
            pen.line(((x, 210), (x, 244)), _LIGHT if colour != _LIGHT else _DARK, 6)
    else:  # overall: straps and bib over a light shirt
        pen.rounded_rectangle((34, 192, 222, 300), 48, _LIGHT if colour != _LIGHT else (204, 204, 204))
        pen.chord((100, 172, 156, 214), 0, 180, _SKIN)
        for x in (78, 162):
            pen.rectangle((x, 190, x + 16, 230), colour)
        pen.rectangle((78, 224, 178, 256), colour)
        for x in (86, 170):
            pen.ellipse((x - 6, 226, x + 6, 238), shade)


def _hair_behind(pen: ImageDraw.ImageDraw, style: str, colour: Colour) -> None:
    if style == "LongHairStraight":
        pen.rounded_rectangle((62, 40, 194, 218), 56, colour)
    elif style == "LongHairCurly":
        for x, y in ((64, 84), (58, 118), (60, 152), (66, 186), (192, 84), (198, 118), (196, 152), (190, 186)):
            pen.ellipse((x - 26, y - 26, x + 26, y + 26), colour)
    elif style == "LongHairBun":
        pen.ellipse((100, 6, 156, 58), colour)
    elif style == "ShortHairFrizzle":
        for x, y in ((84, 70), (96, 52), (114, 42), (136, 40), (156, 48), (170, 66)):
            pen.ellipse((x - 22, y - 22, x + 22, y + 22), colour)


def _hair_in_front(pen: ImageDraw.ImageDraw, style: str, colour: Colour) -> None:
    if style == "NoHair":
        pen.chord((104, 58, 132, 80), 190, 300, _LIGHT)  # a bald head shines
        return
    if style == "ShortHairShortFlat":
        pen.chord((74, 34, 182, 138), 190, 350, colour)
        pen.rectangle((74, 66, 84, 108), colour)
        pen.rectangle((172, 66, 182, 108), colour)
    elif style == "ShortHairShortWaved":
        for x, y, r in ((88, 76, 16), (104, 62, 18), (126, 56, 18), (148, 60, 18), (166, 74, 16)):
            pen.ellipse((x - r, y - r, x + r, y + r), colour)
    elif style == "ShortHairFrizzle":
        pen.chord((82, 40, 174, 120), 200, 340, colour)
        for x in (92, 110, 128, 146, 164):
            pen.ellipse((x - 12, 54, x + 12, 80), colour)
    else:  # long hair: a parting over the forehead
        pen.chord((74, 36, 182, 152), 188, 352, colour)
        pen.polygon(((128, 62), (96, 90), (160, 90)), _SKIN)


def _glasses(pen: ImageDraw.ImageDraw, kind: str) -> None:
    if kind == "Blank":
        return
    for x in (106, 150):
        if kind == "Round":
            pen.ellipse((x - 20, 92, x + 20, 132), outline=_DARK, width=6)
        else:
            pen.rounded_rectangle((x - 21, 96, x + 21, 128), 12, _DARK)
            pen.line(((x - 10, 120), (x + 2, 104)), _LENS, 4)
    pen.line(((124, 110), (132, 110)), _DARK, 6)
    pen.line(((74, 108), (86, 108)), _DARK, 6)
    pen.line(((170, 108), (182, 108)), _DARK, 6)


def _darker(colour: Colour) -> Colour:
    """Return the next darker colour of the palette's cube."""
    red, green, blue = (max(0, level - 51) for level in colour)
    return red, green, blue
