"""Generators with a planted illness, on the bundled digits: what they draw, and the metric series of their runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studio.core.spec import DataSpec
from studio.data.digits import CLASSES, load_digits
from studio.data.splits import ArraySplit, ImageData

TRAIN, VAL = 900, 400
"""The rest of the digits is seen by nobody: a perfect generator draws those."""


@dataclass(frozen=True)
class World:
    """The data of a run, and real pictures that are neither trained on nor held out."""

    data: ImageData
    unseen: np.ndarray
    unseen_labels: np.ndarray


def world() -> World:
    images, labels = load_digits()  # uint8 (N, 8, 8)
    order = np.random.default_rng(0).permutation(len(images))
    pixels, labels = images.reshape(-1, 1, 8, 8)[order], labels[order].astype(np.int64)
    rows = np.arange(len(pixels))
    train, val = (ArraySplit(pixels, r, labels[r]) for r in (rows[:TRAIN], rows[TRAIN : TRAIN + VAL]))
    spec = DataSpec(
        name="digits",
        kind="image",
        shape=(1, 8, 8),
        train_count=TRAIN,
        val_count=VAL,
        classes=CLASSES,
        fingerprint="planted",
    )
    rest = rows[TRAIN + VAL :]
    return World(ImageData(spec, train, val), np.moveaxis(pixels[rest], 1, -1), labels[rest])


def drawn(pixels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Draw different pictures while there are enough, each a little changed by noise."""
    random = np.random.default_rng(seed)
    index = random.choice(len(pixels), count, replace=count > len(pixels))
    noisy = pixels[index].astype(float) + random.normal(0, 6, (count, *pixels.shape[1:]))
    return noisy.clip(0, 255).astype(np.uint8)


def train_pixels(w: World) -> np.ndarray:
    return np.moveaxis(w.data.train.gather(np.arange(TRAIN))[0], 1, -1)


def series(steps: int = 1200, seed: int = 0, **changed: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Metric series of a healthy GAN; `changed` replaces some."""
    random, at = np.random.default_rng(seed), np.arange(1, steps + 1)
    values = {
        "loss_d": 0.55 + 0.1 * random.normal(size=steps),
        "loss_g": 1.0 + 0.2 * random.normal(size=steps),
        "acc_real": (0.75 + 0.05 * random.normal(size=steps)).clip(0, 1),
        "acc_fake": (0.72 + 0.05 * random.normal(size=steps)).clip(0, 1),
        "grad_norm_d": 1 + 0.1 * random.random(steps),
        "grad_norm_g": 2 + 0.2 * random.random(steps),
        **changed,
    }
    return {name: (at, np.asarray(v, float)) for name, v in values.items()}
