"""Twelve classes of generated pictures that teach a small network strokes, spirals, eyes and other things CIFAR lacks.

Everything is computed from coordinates with random scale, angle, place and colours: no file, no licence but ours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CLASSES = (
    "stripes",
    "checks",
    "dots",
    "rings",
    "spirals",
    "rays",
    "eyes",
    "flowers",
    "cells",
    "marble",
    "fractals",
    "strokes",
)
Field = NDArray[np.float32]


def texture(kind: str, size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return one picture uint8 (3, size, size) of a class."""
    x, y = _plane(size, rng)
    value = _FIELDS[kind](x, y, rng)
    value = np.clip(value + 0.04 * rng.standard_normal(value.shape), 0, 1)
    return _coloured(value, rng)


def _plane(size: int, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return turned, scaled and shifted coordinates, about -1..1 at scale 1."""
    angle, scale = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 1.6)
    v, u = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j] * scale
    u, v = u + rng.uniform(-0.3, 0.3), v + rng.uniform(-0.3, 0.3)
    bend = rng.uniform(0, 0.25)  # hardly anything in a photograph is perfectly straight
    u, v = u + bend * np.sin(2.5 * v + rng.uniform(0, 6)), v + bend * np.sin(2.5 * u + rng.uniform(0, 6))
    return u * np.cos(angle) - v * np.sin(angle), u * np.sin(angle) + v * np.cos(angle)


def _coloured(value: Field, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Map 0..1 to a gradient through three random colours, with a soft light from one side."""
    stops = rng.uniform(0, 1, (3, 3))
    if np.abs(stops[0] - stops[2]).sum() < 0.8:
        stops[2] = 1 - stops[0]
    low, high = np.minimum(value * 2, 1)[..., None], np.maximum(value * 2 - 1, 0)[..., None]
    colour = (stops[0] * (1 - low) + stops[1] * low) * (1 - high) + stops[2] * high
    size = value.shape[0]
    light = np.linspace(1 - rng.uniform(0, 0.4), 1, size)[:, None, None]
    return (np.clip(colour * light, 0, 1) * 255).astype(np.uint8).transpose(2, 0, 1)


def _wave(t: Field, rng: np.random.Generator) -> Field:
    """Return 0..1, between a soft sine and a hard edge."""
    return 1 / (1 + np.exp(-rng.uniform(2, 8) * np.sin(t)))


def _stripes(x: Field, y: Field, rng: np.random.Generator) -> Field:
    return _wave(x * rng.uniform(4, 14), rng)


def _checks(x: Field, y: Field, rng: np.random.Generator) -> Field:
    k = rng.uniform(4, 10)
    return 1 / (1 + np.exp(-8 * np.sin(k * x) * np.sin(k * y)))


def _dots(x: Field, y: Field, rng: np.random.Generator) -> Field:
    k = rng.uniform(1.2, 3.0)
    u = (x * k + 0.5 * (np.floor(y * k) % 2)) % 1 - 0.5
    v = (y * k) % 1 - 0.5
    return 1 / (1 + np.exp(25 * (np.hypot(u, v) - rng.uniform(0.2, 0.36))))


def _rings(x: Field, y: Field, rng: np.random.Generator) -> Field:
    return _wave(np.hypot(x, y * rng.uniform(0.7, 1)) * rng.uniform(9, 18), rng)


def _spirals(x: Field, y: Field, rng: np.random.Generator) -> Field:
    arms, twist = rng.integers(1, 4), rng.uniform(7, 13) * rng.choice((-1, 1))
    return _wave(arms * np.arctan2(y, x) + twist * np.hypot(x, y) ** rng.uniform(0.6, 1), rng)


def _rays(x: Field, y: Field, rng: np.random.Generator) -> Field:
    return _wave(rng.integers(5, 12) * np.arctan2(y, x), rng) * np.exp(-rng.uniform(0, 0.7) * np.hypot(x, y))


def _eyes(x: Field, y: Field, rng: np.random.Generator) -> Field:
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    iris, pupil = rng.uniform(0.4, 0.65), rng.uniform(0.15, 0.28)
    value = np.where(radius < iris, 0.45 + 0.15 * np.sin(angle * rng.integers(8, 20)), 0.95)
    value = np.where(radius < pupil, 0.0, value)
    value = np.where(np.hypot(x - pupil / 2, y - pupil / 2) < 0.09, 1.0, value)
    lid = np.abs(y) / np.maximum(1 - (x / rng.uniform(1.1, 1.6)) ** 2, 0.05)
    return np.where(lid > rng.uniform(0.6, 0.9), 0.25 + 0.1 * np.cos(6 * lid), value)


def _flowers(x: Field, y: Field, rng: np.random.Generator) -> Field:
    radius, angle, petals = np.hypot(x, y), np.arctan2(y, x), rng.integers(4, 9)
    edge = rng.uniform(0.5, 0.9) * (0.55 + 0.45 * np.abs(np.cos(petals * angle / 2)))
    value = 0.2 + 0.7 / (1 + np.exp(20 * (radius - edge))) * (0.6 + 0.4 * radius / edge)
    return np.where(radius < rng.uniform(0.12, 0.22), 0.55, value)


def _cells(x: Field, y: Field, rng: np.random.Generator) -> Field:
    seeds = rng.uniform(-1.6, 1.6, (rng.integers(12, 40), 2))
    near = np.sort(np.hypot(x[..., None] - seeds[:, 0], y[..., None] - seeds[:, 1]), axis=-1)
    border = near[..., 1] - near[..., 0]
    return np.clip(border * rng.uniform(3, 8), 0, 1) * (1 - 0.5 * np.clip(near[..., 0] * 2, 0, 1))


def _marble(x: Field, y: Field, rng: np.random.Generator) -> Field:
    u, v = x, y
    for octave in range(1, 5):
        k = 1.7**octave
        u, v = (
            u + 0.5 / octave * np.sin(k * v + rng.uniform(0, 6)),
            v + 0.5 / octave * np.sin(k * u + rng.uniform(0, 6)),
        )
    return 0.5 + 0.5 * np.sin(rng.uniform(3, 6) * u + v)


def _fractals(x: Field, y: Field, rng: np.random.Generator) -> Field:
    turn = rng.uniform(0, 2 * np.pi)
    constant = 0.7885 * np.exp(1j * turn)  # a circle of constants with varied Julia sets
    z, steps = (x + 1j * y) * 1.1, np.zeros(x.shape)
    for i in range(24):
        inside = np.abs(z) < 4
        z = np.where(inside, z * z + constant, z)
        steps = np.where(inside, i + 1 - np.log2(np.maximum(np.log(np.maximum(np.abs(z), 1.01)), 1e-3)), steps)
    steps = np.clip(steps, 0, 24)
    return (steps - steps.min()) / max(np.ptp(steps), 1e-6)


def _strokes(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Brush strokes along a swirling flow: short, overlapping, each of its own tone."""
    value = np.full(x.shape, rng.uniform(0.3, 0.7))
    phase, k = rng.uniform(0, 6, 2), rng.uniform(0.8, 2.5, 2)
    length, width = rng.uniform(0.25, 0.5), rng.uniform(0.05, 0.11)
    for cx, cy in rng.uniform(-1.5, 1.5, (130, 2)):
        a = 2 * np.sin(k[0] * cx + phase[0]) + 2 * np.cos(k[1] * cy + phase[1])
        along = (x - cx) * np.cos(a) + (y - cy) * np.sin(a)
        across = -(x - cx) * np.sin(a) + (y - cy) * np.cos(a) - 0.5 * along**2
        inside = 1 / (
            1 + np.exp(np.clip(40 * (np.maximum(np.abs(along) / length, np.abs(across) / width) - 1), -30, 30))
        )
        value = value * (1 - inside) + inside * rng.uniform(0, 1)
    return value


_FIELDS = dict(
    zip(
        CLASSES,
        (_stripes, _checks, _dots, _rings, _spirals, _rays, _eyes, _flowers, _cells, _marble, _fractals, _strokes),
        strict=True,
    )
)
