"""The models and data that are measured: small, made in memory, the same everywhere."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core import registry, seeds
from studio.core.compute import Compute
from studio.core.recipe import Recipe
from studio.core.spec import DataSpec, Split
from studio.data.shapes import make

COUNT, VAL_COUNT = 2048, 256
BATCH = 64


@dataclass(frozen=True)
class Pictures:
    """A split in memory.

    Attributes:
        x: uint8 (N, 3, S, S).
        y: int64 (N,).
    """

    x: NDArray[np.uint8]
    y: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.x)

    def gather(self, index: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
        """Fetch examples by index."""
        return self.x[index], self.y[index]


class ShapePictures:
    """The studio's own coloured shapes as a `DataSet`.

    Args:
        size: side in pixels.
    """

    augment: Any | None = None

    def __init__(self, size: int) -> None:
        made = make(COUNT + VAL_COUNT, size)
        self.pictures = Pictures(made.pixels[:COUNT], made.labels[:COUNT])
        self.train: Split = self.pictures
        self.val: Split = Pictures(made.pixels[COUNT:], made.labels[COUNT:])
        self.spec = DataSpec(
            name="shapes",
            kind="image",
            shape=(3, size, size),
            train_count=COUNT,
            val_count=VAL_COUNT,
            classes=made.classes,
        )


@dataclass(frozen=True)
class Subject:
    """A recipe at a picture size, with its default Config."""

    recipe: str
    size: int

    @property
    def label(self) -> str:
        """Name in figures."""
        return f"{self.recipe}{self.size}"

    def build(self, data: ShapePictures, compute: Compute, seed: int = 0) -> Recipe:
        """Build the recipe with weights that depend on the seed only."""
        cls = registry.recipe(self.recipe)
        seeds.seed_everything(seeds.derive(seed, "weights"), compute.device)
        return cls(cls.Config(), copy.copy(data.spec), compute)
