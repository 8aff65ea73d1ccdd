"""Directions of a latent space that have a meaning: from examples without an attribute to examples with it.

    v = mean(z | attribute) - mean(z | no attribute),    z' = z + α v / ‖v‖

Foster, Generative Deep Learning (2019), chapter 3, "Latent space arithmetic" (α from -4 to 4 on faces); the idea goes
back to Radford 2016, arXiv:1511.06434, and Larsen 2016, arXiv:1512.09300. Means of q(z|x) are taken, not draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 5
"""With fewer examples on a side, a mean says nothing."""


@dataclass(frozen=True)
class Directions:
    """What was found.

    Attributes:
        names: of the attributes.
        vectors: float32 (K, D), from the mean without to the mean with.
        counts: int64 (K, 2), examples with and without.
    """

    names: tuple[str, ...]
    vectors: NDArray[np.float32]
    counts: NDArray[np.int64]

    def unit(self, name: str) -> NDArray[np.float32]:
        """Return an attribute's direction with length 1, float32 (D,); zero where there is no difference.

        Raises:
            KeyError: there is no such attribute.
        """
        if name not in self.names:
            raise KeyError(name)
        vector = self.vectors[self.names.index(name)]
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-8), np.float32)


def directions(points: NDArray[np.float32], table: NDArray[np.float32], names: Sequence[str]) -> Directions:
    """Find the direction of every attribute that enough examples have and lack.

    Args:
        points: latent points (N, D).
        table: facts about them (N, K): 0 and 1, or numbers, of which the half above the median counts as having.
        names: of the K columns.
    """
    kept: list[str] = []
    vectors, counts = [], []
    for column, name in zip(table.T, names, strict=True):
        has = column > (0.5 if set(np.unique(column)) <= {0.0, 1.0} else np.median(column))
        count = int(has.sum()), int((~has).sum())
        if min(count) < FEWEST:
            continue
        kept.append(name)
        vectors.append(points[has].mean(axis=0) - points[~has].mean(axis=0))
        counts.append(count)
    size = points.shape[1]
    return Directions(
        tuple(kept),
        np.array(vectors, np.float32).reshape(len(kept), size),
        np.array(counts, np.int64).reshape(len(kept), 2),
    )


def by_class(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return labels as a table of facts, float32 (N, classes): being of a class is an attribute too."""
    return np.asarray(labels[:, None] == np.arange(classes), np.float32)
