"""A coarse world map: where there is land, and points drawn uniformly over it.

The distribution that Foster's books fit a rectangle to (2019, chapter 1; 2023, chapter 1): every point of land is as
likely as any other, the sea is impossible. Because the outline is at hand, the truth behind the points can be shown.

The outlines are a few dozen hand-placed corners per continent, right to a degree or two. Antarctica is left out: with
it the smallest rectangle around all land would be the whole map. "Uniform" means on the map (degrees of longitude and
latitude), not on the globe, as in the books' figures.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from studio.core.spec import Column

COLUMNS = (Column("latitude"), Column("longitude"))
"""Degrees north and degrees east."""
COUNT = 1000
CELLS_PER_DEGREE = 4
SOUTH, NORTH, WEST, EAST = -60.0, 85.0, -180.0, 180.0
"""Edges of the map in degrees."""

_Ring = tuple[tuple[int, int], ...]
_LAND: tuple[_Ring, ...] = (
    (  # North and Central America
        *((-168, 66), (-161, 71), (-141, 70), (-128, 70), (-115, 68), (-108, 68), (-95, 68), (-94, 72), (-85, 69)),
        *((-82, 68), (-87, 64), (-94, 61), (-94, 58), (-88, 57), (-82, 55), (-80, 51), (-77, 56), (-78, 62), (-70, 61)),
        *((-66, 58), (-61, 56), (-56, 53), (-60, 50), (-66, 50), (-65, 47), (-61, 46), (-66, 44), (-70, 43), (-71, 41)),
        *((-74, 40), (-76, 36), (-81, 31), (-80, 26), (-82, 27), (-84, 30), (-90, 29), (-97, 28), (-98, 22), (-95, 18)),
        *((-91, 19), (-90, 21), (-87, 21), (-88, 16), (-84, 15), (-83, 10), (-79, 9), (-77, 8), (-80, 7), (-84, 9)),
        *((-88, 13), (-94, 16), (-105, 20), (-106, 23), (-112, 29), (-115, 31), (-110, 23), (-112, 26), (-117, 33)),
        *((-121, 35), (-124, 40), (-124, 47), (-128, 51), (-133, 57), (-140, 60), (-148, 60), (-152, 58), (-162, 55)),
        *((-157, 58), (-164, 60), (-166, 62), (-161, 64)),
    ),
    (
        (-80, 63),
        (-72, 62),
        (-62, 66),
        (-67, 70),
        (-79, 74),
        (-89, 73),
        (-85, 70),
        (-74, 68),
        (-73, 65),
    ),  # Baffin Island
    ((-117, 70), (-103, 69), (-106, 73), (-117, 73)),  # Victoria Island
    ((-90, 77), (-80, 74), (-78, 77), (-62, 82), (-70, 83), (-92, 81)),  # Ellesmere and Devon
    (  # Greenland
        *((-73, 78), (-58, 76), (-54, 70), (-53, 66), (-48, 61), (-43, 60), (-40, 65), (-25, 70), (-20, 74), (-18, 80)),
        *((-32, 83), (-58, 82)),
    ),
    ((-85, 22), (-80, 23), (-74, 20), (-78, 20)),  # Cuba
    ((-74, 20), (-69, 19), (-71, 18), (-74, 18)),  # Hispaniola
    (  # South America
        *((-77, 8), (-72, 12), (-62, 10), (-57, 6), (-51, 4), (-50, 0), (-44, -3), (-37, -5), (-35, -8), (-39, -13)),
        *((-40, -20), (-48, -26), (-54, -34), (-58, -35), (-57, -38), (-62, -39), (-65, -43), (-67, -46), (-69, -51)),
        *((-66, -55), (-72, -54), (-75, -50), (-74, -42), (-73, -37), (-71, -30), (-70, -18), (-76, -14), (-81, -6)),
        *((-80, -3), (-80, 1), (-77, 4)),
    ),
    (  # Africa
        *((-6, 36), (-2, 35), (10, 37), (11, 34), (20, 31), (25, 32), (32, 31), (34, 28), (37, 21), (43, 12), (51, 12)),
        *((48, 4), (40, -4), (39, -9), (41, -15), (35, -20), (35, -24), (31, -29), (26, -34), (18, -34), (15, -27)),
        *((12, -18), (14, -11), (12, -5), (9, -1), (9, 4), (4, 6), (-4, 5), (-8, 4), (-13, 8), (-17, 13), (-17, 21)),
        *((-13, 28), (-10, 30)),
    ),
    ((44, -17), (49, -12), (50, -16), (47, -25), (44, -25), (43, -22)),  # Madagascar
    (  # Europe and Asia
        *((-9, 37), (-9, 43), (-2, 43), (-1, 46), (-5, 48), (2, 51), (5, 53), (8, 54), (8, 57), (10, 58), (11, 56)),
        *((11, 54), (14, 54), (19, 54), (21, 57), (24, 58), (24, 59), (30, 60), (23, 60), (21, 61), (25, 65), (22, 66)),
        *((17, 61), (19, 60), (16, 57), (13, 55), (11, 59), (7, 58), (5, 62), (13, 66), (19, 70), (28, 71), (41, 67)),
        *(
            (33, 66),
            (38, 64),
            (44, 66),
            (54, 68),
            (68, 68),
            (69, 73),
            (80, 72),
            (87, 75),
            (104, 78),
            (113, 74),
            (130, 71),
        ),
        *((140, 73), (160, 70), (178, 69), (180, 65), (177, 62), (170, 60), (163, 58), (157, 51), (156, 57), (163, 61)),
        *((155, 59), (143, 59), (135, 55), (141, 52), (135, 44), (129, 41), (129, 36), (126, 35), (125, 39), (121, 40)),
        *((118, 39), (122, 37), (119, 35), (122, 31), (120, 26), (114, 22), (108, 21), (106, 18), (109, 13), (105, 9)),
        *((101, 13), (100, 9), (104, 2), (101, 3), (98, 8), (98, 16), (94, 16), (92, 22), (87, 21), (80, 15), (80, 12)),
        *((78, 8), (74, 15), (73, 20), (69, 22), (66, 25), (57, 26), (52, 28), (48, 30), (51, 24), (56, 26), (60, 22)),
        *((55, 17), (45, 13), (43, 15), (39, 21), (35, 29), (34, 31), (36, 36), (31, 37), (27, 37), (27, 40), (36, 42)),
        *((42, 42), (37, 45), (39, 47), (34, 46), (31, 46), (28, 44), (28, 41), (23, 41), (24, 38), (22, 37), (19, 42)),
        *((13, 46), (12, 44), (18, 40), (16, 38), (12, 42), (9, 44), (3, 43), (0, 39), (-2, 37), (-5, 36)),
    ),
    ((-5, 50), (1, 51), (1, 53), (-2, 56), (-2, 58), (-5, 58), (-5, 55), (-3, 54), (-5, 52)),  # Great Britain
    ((-10, 52), (-6, 52), (-6, 55), (-10, 54)),  # Ireland
    ((-24, 65), (-22, 64), (-18, 63), (-14, 65), (-16, 66), (-22, 66)),  # Iceland
    ((52, 71), (57, 71), (68, 76), (60, 76)),  # Novaya Zemlya
    ((11, 79), (17, 77), (26, 80), (15, 80)),  # Svalbard
    (
        (131, 31),
        (136, 34),
        (140, 35),
        (142, 39),
        (145, 43),
        (142, 46),
        (140, 42),
        (139, 38),
        (133, 35),
        (130, 33),
    ),  # Japan
    ((142, 46), (144, 49), (143, 54)),  # Sakhalin
    ((80, 9), (82, 7), (80, 6)),  # Sri Lanka
    ((95, 6), (104, -1), (106, -6), (102, -4)),  # Sumatra
    ((105, -6), (114, -7), (114, -9), (106, -8)),  # Java
    ((109, 2), (117, 7), (119, 5), (116, -4), (110, -3)),  # Borneo
    ((119, 1), (125, 2), (121, 0), (123, -5), (120, -5)),  # Sulawesi
    ((120, 18), (122, 18), (124, 13), (126, 7), (122, 7), (122, 12), (120, 15)),  # Philippines
    ((121, 25), (122, 25), (121, 22), (120, 23)),  # Taiwan
    ((131, -1), (138, -2), (146, -6), (150, -10), (143, -9), (138, -8), (133, -4)),  # New Guinea
    (  # Australia
        *((114, -22), (122, -18), (126, -14), (130, -12), (136, -12), (136, -15), (141, -17), (142, -11), (146, -19)),
        *((153, -25), (153, -31), (150, -37), (144, -38), (140, -38), (138, -33), (131, -31), (124, -33), (118, -35)),
        *((115, -34),),
    ),
    ((145, -41), (148, -41), (147, -43)),  # Tasmania
    ((173, -35), (178, -38), (175, -41), (173, -39)),  # New Zealand, north
    ((167, -46), (172, -41), (174, -42), (170, -46)),  # New Zealand, south
)
_WATER: tuple[_Ring, ...] = (
    ((48, 46), (53, 46), (53, 41), (54, 37), (50, 37), (49, 41)),  # the Caspian Sea
    ((-92, 47), (-85, 47), (-82, 43), (-88, 44)),  # the Great Lakes
)


@cache
def land() -> NDArray[np.bool_]:
    """Return the map: bool (580, 1440), True on land; the first row is the north, the first column the west."""
    width, height = int((EAST - WEST) * CELLS_PER_DEGREE), int((NORTH - SOUTH) * CELLS_PER_DEGREE)
    picture = Image.new("1", (width, height))
    pen = ImageDraw.Draw(picture)
    for rings, value in ((_LAND, 1), (_WATER, 0)):
        for ring in rings:
            pen.polygon([((x - WEST) * CELLS_PER_DEGREE, (NORTH - y) * CELLS_PER_DEGREE) for x, y in ring], fill=value)
    found = np.array(picture)
    found.setflags(write=False)
    return found


def cells(points: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns, int64 (N,), of points (N, 2) in latitude and longitude; they may lie off the map."""
    row = np.floor((NORTH - points[:, 0].astype(np.float64)) * CELLS_PER_DEGREE).astype(np.int64)
    column = np.floor((points[:, 1].astype(np.float64) - WEST) * CELLS_PER_DEGREE).astype(np.int64)
    return row, column


def on_land(points: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which points (N, 2) in latitude and longitude lie on land: bool (N,); off the map is sea."""
    there, (row, column) = land(), cells(points)
    inside = (row >= 0) & (row < there.shape[0]) & (column >= 0) & (column < there.shape[1])
    found = np.zeros(len(points), np.bool_)
    found[inside] = there[row[inside], column[inside]]
    return found


def draw(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Draw points uniformly over the land of the map: float32 (count, 2), latitude and longitude in degrees."""
    dice = np.random.default_rng(seed)
    row, column = np.nonzero(land())
    chosen = dice.integers(0, len(row), count)
    place = dice.random((count, 2))
    latitude = NORTH - (row[chosen] + place[:, 0]) / CELLS_PER_DEGREE
    longitude = WEST + (column[chosen] + place[:, 1]) / CELLS_PER_DEGREE
    return np.stack([latitude, longitude], axis=1).astype(np.float32)


def coverage(south: float, west: float, north: float, east: float) -> float:
    """Return which share of all land (0..1) lies in a rectangle, in degrees."""
    return float(_cut(south, west, north, east).sum() / land().sum())


def precision(south: float, west: float, north: float, east: float) -> float:
    """Return which share of a rectangle's area (0..1) is land; 0 when it is empty."""
    area = (north - south) * (east - west) * CELLS_PER_DEGREE**2
    return min(1.0, float(_cut(south, west, north, east).sum() / area)) if area > 0 else 0.0


def _cut(south: float, west: float, north: float, east: float) -> NDArray[np.bool_]:
    """Return the part of the map in a rectangle, to the nearest cell."""
    there = land()
    top, bottom = (int(np.clip(round((NORTH - y) * CELLS_PER_DEGREE), 0, there.shape[0])) for y in (north, south))
    left, right = (int(np.clip(round((x - WEST) * CELLS_PER_DEGREE), 0, there.shape[1])) for x in (west, east))
    return there[top:bottom, left:right]
