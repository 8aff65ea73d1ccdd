"""Makes `resources/samples/`: pictures for the empty state of Dream and Transfer, so that both do something at once.

    python packaging/samples.py [--out FOLDER]

Every pixel is computed here from a seed: a landscape, a swirl of brush strokes, a mosaic. Nothing is copied from
anywhere; the pictures are part of Generative Studio and under the same MIT licence.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 768, 576
LARGEST = 200_000
FINE = 2
Field = NDArray[np.float64]


def noise(random: np.random.Generator, cells: int, octaves: int = 5, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Field:
    """Return value noise (rows, columns) in 0..1; each octave is half as strong as the one before."""
    total = np.zeros(size)
    for octave in range(octaves):
        across = cells * 2**octave
        grid = random.random((max(across * size[0] // size[1], 2), max(across, 2))).astype(np.float32)
        layer = Image.fromarray(grid, "F").resize((size[1], size[0]), Image.Resampling.BICUBIC)
        total += np.asarray(layer, np.float64) / 2**octave
    return (total - total.min()) / (total.max() - total.min())


def blend(stops: list[tuple[float, str]], where: Field) -> Field:
    """Return colours (rows, columns, 3) 0..1 of positions 0..1 on a gradient of `#rrggbb` stops."""
    places = [place for place, _ in stops]
    colours = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for _, c in stops])
    return np.stack([np.interp(where, places, colours[:, i]) for i in range(3)], -1)


def lake(random: np.random.Generator) -> Image.Image:
    """Evening hills over water: sky with clouds and a low sun, ridges in haze, their reflection, reeds."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / [[[HEIGHT]], [[WIDTH]]]
    shore = 0.62
    sky = [(0.0, "#27406f"), (0.35, "#7a7fa8"), (0.62, "#e8a37a"), (0.85, "#f7cf8a"), (1.0, "#fbe3b0")]
    picture = blend(sky, np.clip(y / shore, 0, 1))
    clouds = np.clip((noise(random, 3, 6, (HEIGHT, WIDTH)) - 0.52) * 3.2, 0, 1) * np.clip(1.1 - y / shore, 0, 1)
    picture += clouds[..., None] * (blend([(0.0, "#d9c3cf"), (1.0, "#ffb27d")], y / shore) - picture) * 0.85
    sun = np.hypot((x - 0.72) * WIDTH / HEIGHT, y - 0.27)
    picture += np.exp(-((sun / 0.16) ** 2))[..., None] * np.array([0.5, 0.32, 0.12])
    picture[sun < 0.045] = [1.0, 0.95, 0.8]
    picture = ridges(random, picture, x, y, shore)
    picture = reflected(random, picture, x, y, shore)
    return reeds(random, Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)))


def ridges(random: np.random.Generator, picture: Field, x: Field, y: Field, shore: float) -> Field:
    """Add four ranges of hills, the nearer the darker and the greener."""
    colours = ("#8b86a8", "#66708f", "#455a63", "#2b4237")
    for depth, colour in enumerate(colours):
        height = noise(random, 3 + depth, 5, (2, WIDTH))[0]
        crest = shore - 0.26 + 0.055 * depth - height * (0.2 - 0.03 * depth) + 0.06
        inside = np.clip((y - crest[None]) * HEIGHT, 0, 1)[..., None]
        ground = blend([(0.0, colour), (1.0, "#1d2c2a" if depth == 3 else "#c9a58c")], np.clip((y - crest) * 3, 0, 0.6))
        texture = (noise(random, 40, 3) - 0.5)[..., None] * (0.05 + 0.07 * depth)
        picture = picture * (1 - inside) + (ground + texture) * inside
    return picture


def reflected(random: np.random.Generator, picture: Field, x: Field, y: Field, shore: float) -> Field:
    """Mirror what is above the shore in rippled water."""
    below = np.clip((y - shore) / (1 - shore), 0, 1)
    ripple = (noise(random, 10, 4, (HEIGHT * 3, WIDTH))[::3] - 0.5) * (0.01 + 0.05 * below)
    wave = np.sin(below**0.6 * 120 + 9 * noise(random, 5, 3)) * (0.002 + 0.012 * below)
    rows = np.clip((2 * shore - y + ripple + wave) * HEIGHT, 0, shore * HEIGHT - 1).astype(int)
    columns = np.clip((x + ripple * 0.35) * WIDTH, 0, WIDTH - 1).astype(int)
    water = picture[rows, columns] * 0.8 + np.array([0.02, 0.05, 0.09])
    water *= 1 - 0.45 * below[..., None]
    inside = np.clip((y - shore) * HEIGHT, 0, 1)[..., None]
    return picture * (1 - inside) + water * inside


def reeds(random: np.random.Generator, picture: Image.Image) -> Image.Image:
    """Draw dark reeds in the lower left corner, at twice the size for smooth edges."""
    large = picture.resize((WIDTH * FINE, HEIGHT * FINE), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(large)
    for _ in range(130):
        x = abs(random.normal(0, 0.13)) * WIDTH * FINE
        high, lean = random.uniform(60, 230) * FINE * 0.7, random.normal(0, 26) * FINE
        path = [(x + lean * t * t, HEIGHT * FINE - high * t) for t in np.linspace(0, 1, 9)]
        shade = int(random.integers(14, 46))
        pen.line(path, fill=(shade, shade + 10, shade + 6), width=int(random.integers(2, 5)), joint="curve")
    return large.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def swirl(random: np.random.Generator) -> Image.Image:
    """Thousands of short strokes that follow a field of eddies, from dark blue to yellow."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    along_x, along_y, glow = np.ones_like(x), 0.35 * np.sin(x / 90), np.zeros_like(x)
    centres = [(150, 130, 92), (420, 190, 120), (640, 110, 80), (300, 420, 90), (610, 400, 115), (60, 400, 70)]
    for i, (cx, cy, radius) in enumerate(centres):
        dx, dy = x - cx, y - cy
        pull = 2.6 * np.exp(-(dx * dx + dy * dy) / (2 * radius**2)) * (1 if i % 2 else -1)
        along_x, along_y = along_x - dy / radius * pull, along_y + dx / radius * pull
        glow += np.exp(-((np.hypot(dx, dy) / radius - 0.25) ** 2) * 5)
    angle, tone = np.arctan2(along_y, along_x), np.clip(0.75 * glow + 0.35 * (noise(random, 6, 4) - 0.4), 0, 1)
    stops = [(0, "#0c1f4a"), (0.25, "#1f4f96"), (0.5, "#4a93b8"), (0.7, "#a9cfa3"), (0.85, "#f0d05a"), (1, "#f6f0c8")]
    return strokes(random, angle, blend([(float(p), c) for p, c in stops], tone))


def strokes(random: np.random.Generator, angle: Field, colours: Field) -> Image.Image:
    """Paint along a field of angles in three passes, from broad to fine."""
    large = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), "#12264f")
    pen = ImageDraw.Draw(large)
    for count, width, length in ((5200, 15, 44), (9000, 9, 34), (9000, 5, 24)):
        for px, py in random.random((count, 2)) * [WIDTH - 1, HEIGHT - 1]:
            colour = np.clip(colours[int(py), int(px)] * random.uniform(0.78, 1.18) + random.normal(0, 0.025, 3), 0, 1)
            path, at = [], np.array([px, py])
            for _ in range(7):
                path.append((at[0] * FINE, at[1] * FINE))
                here = angle[int(np.clip(at[1], 0, HEIGHT - 1)), int(np.clip(at[0], 0, WIDTH - 1))]
                at = at + np.array([np.cos(here), np.sin(here)]) * length / 7
            pen.line(path, fill=tuple(int(255 * c) for c in colour), width=round(width * FINE * 0.55), joint="curve")
    return large.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def mosaic(random: np.random.Generator) -> Image.Image:
    """Glass in lead: cells around scattered points, coloured by rings and rays, with light inside each piece."""
    count = 460
    points = random.random((count, 2)) * [HEIGHT, WIDTH]
    for _ in range(3):  # Lloyd's relaxation makes the pieces about equally large
        sample = random.random((24_000, 2)) * [HEIGHT, WIDTH]
        owner = ((sample[:, None] - points[None]) ** 2).sum(-1).argmin(1)
        points = np.stack([sample[owner == i].mean(0) if (owner == i).any() else points[i] for i in range(count)])
    distance = np.empty((HEIGHT, WIDTH, 2))
    owner = np.empty((HEIGHT, WIDTH), int)
    columns = np.arange(WIDTH)
    for row in range(HEIGHT):
        square = (row - points[:, 0, None]) ** 2 + (columns[None] - points[:, 1, None]) ** 2
        nearest = np.argpartition(square, 1, 0)[:2]
        near = np.take_along_axis(square, nearest, 0)
        owner[row], distance[row] = nearest[near.argmin(0), columns], np.sqrt(np.sort(near, 0)).T
    centre = np.array([HEIGHT * 0.5, WIDTH * 0.5])
    far = np.hypot(*(points - centre).T) / 320
    turn = np.arctan2(*(points - centre).T)
    where = (far * 1.35 + 0.09 * np.sin(8 * turn) + random.normal(0, 0.045, count)) % 1.0
    stops = [(0, "#f7d154"), (0.2, "#e4572e"), (0.42, "#8e2450"), (0.6, "#1f3c88"), (0.8, "#1b998b"), (1, "#f2c14e")]
    colours = blend([(float(p), c) for p, c in stops], where)
    light = 1.12 - 0.3 * (distance[..., 0] / 22) + 0.16 * (noise(random, 60, 3) - 0.5)
    edge = np.clip((distance[..., 1] - distance[..., 0] - 1.6) / 2.2, 0, 1)[..., None]
    picture = colours[owner] * light[..., None] * edge + np.array([0.09, 0.08, 0.1]) * (1 - edge)
    return Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))


SAMPLES: dict[str, Callable[[np.random.Generator], Image.Image]] = {"lake": lake, "swirl": swirl, "mosaic": mosaic}


def write(path: Path, picture: Image.Image) -> None:
    """Save as JPEG in the best quality that stays under 200 KB."""
    for quality in (92, 88, 84, 80, 75, 70, 60):
        picture.save(path, quality=quality, optimize=True)
        if path.stat().st_size < LARGEST:
            return
    raise SystemExit(f"{path} cannot be made smaller than {LARGEST:,} bytes.")


def main() -> None:
    """Make all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "samples")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for number, (name, make) in enumerate(SAMPLES.items()):
        path = out / f"{name}.jpg"
        write(path, make(np.random.default_rng(20 + number)))
        print(f"{path}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
