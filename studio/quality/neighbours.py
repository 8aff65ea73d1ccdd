"""Is it invented or remembered: nearest training pictures, copies, repeated pictures, distances between pictures.

A copy is a picture whose nearest training picture is less than half as far as its fifth nearest: new pictures lie about
equally far from many. (Carlini 2023, arXiv:2301.13188, judges by such a ratio; the fifth neighbour, so that repeats in
the data do not hide a copy.) The same rule applied to held-out real pictures tells how often it errs on this data.

The birthday test (Arora 2017, arXiv:1706.08224): n pictures of a generator that knows S equally likely ones hold
n (n - 1) / 2S equal pairs on average, so that the pairs counted tell S.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.core.errors import BadInput
from studio.core.spec import Split
from studio.data.progress import Progress, silent
from studio.quality.pictures import Pixels, Points

Indices = NDArray[np.int64]
FAR = 5
COPY_RATIO = 0.5
"""A copy's nearest training picture is at most this share of the distance to its fifth nearest."""
CANDIDATES = 64
"""Euclidean neighbours among which the nearest in L1 is looked for."""
TRAIN_CHUNK, QUERY_CHUNK = 4_096, 128
DUPLICATE_RATIO = 0.5
"""Two pictures are equal when they are at most this share of the distance at which real ones become rare."""
RARE = 0.05
ZERO_PAIRS_BOUND = 3.0
"""Rule of three: with no pair seen, at most three are expected (95 %)."""


@dataclass(frozen=True)
class Nearest:
    """The nearest references of each query.

    Attributes:
        index: int64 (N, k), nearest first.
        distance: float32 (N, k): mean absolute difference of pixels in 0..1, or Euclidean distance of features.
    """

    index: Indices
    distance: Points

    @property
    def ratio(self) -> Points:
        """Distance to the nearest by distance to the farthest of the k, float32 (N,) in 0..1."""
        return np.divide(self.distance[:, 0], np.maximum(self.distance[:, -1], 1e-12), dtype=np.float32)

    @property
    def copies(self) -> Indices:
        """Queries that repeat a reference, most alike first, int64 (n,)."""
        order = np.argsort(self.ratio, kind="stable")
        return order[self.ratio[order] < COPY_RATIO]


def nearest_pixels(pixels: Pixels, split: Split, k: int = FAR, progress: Progress = silent) -> Nearest:
    """Find the nearest examples of a split by mean absolute difference (L1).

    L1 cannot be had from a matrix product: on MNIST an exact search takes a hundred times as long. So the candidates
    are the nearest in Euclidean distance, and their L1 distances are exact.

    Args:
        pixels: uint8 (N, H, W, C).
        split: with pictures of the same shape.
        k: neighbours, at most what the split holds.
        progress: told after each piece of the split.
    """
    query = _flat(pixels)
    best = _Best(len(query), min(CANDIDATES, len(split)))
    for start in range(0, len(split), TRAIN_CHUNK):
        progress(start, len(split), "Searching the training pictures")
        best.see(start, torch.cdist(query, _examples(split, np.arange(start, min(start + TRAIN_CHUNK, len(split))))))
    index, distance = [], []
    for picture, candidates in zip(query, best.index, strict=True):
        exact = (_examples(split, candidates.numpy()) - picture).abs().mean(dim=1)
        nearest = exact.topk(min(k, len(exact)), largest=False)
        index.append(candidates[nearest.indices])
        distance.append(nearest.values)
    return Nearest(torch.stack(index).numpy(), torch.stack(distance).numpy())


def _examples(split: Split, index: Indices) -> Tensor:
    """Return examples of a split as float32 (n, H·W·C) in 0..1."""
    return _flat(np.moveaxis(split.gather(index)[0], 1, -1))


def nearest_features(features: Points, references: Points, k: int = FAR) -> Nearest:
    """Find the nearest references (M, D) of each query (N, D) by Euclidean distance."""
    query, there = torch.from_numpy(features), torch.from_numpy(references)
    best = _Best(len(query), min(k, len(there)))
    for start in range(0, len(there), TRAIN_CHUNK):
        best.see(start, _distances(query, there[start : start + TRAIN_CHUNK], 2.0))
    return Nearest(best.index.numpy(), best.distance.numpy())


class _Best:
    """The k smallest distances seen so far, of each query."""

    def __init__(self, queries: int, k: int) -> None:
        self.k = k
        self.distance = torch.full((queries, k), torch.inf)
        self.index = torch.zeros((queries, k), dtype=torch.int64)

    def see(self, start: int, distances: Tensor) -> None:
        """Take in distances (N, M) to references number `start` and after."""
        numbers = torch.arange(start, start + distances.shape[1]).expand(len(distances), -1)
        together = torch.cat([self.distance, distances], dim=1)
        self.distance, where = together.topk(self.k, dim=1, largest=False)
        self.index = torch.cat([self.index, numbers], dim=1).gather(1, where)


def _flat(pixels: Pixels) -> Tensor:
    """Return pictures uint8 (N, H, W, C) as float32 (N, H·W·C) in 0..1."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).flatten(1).float().div_(255)


def _distances(a: Tensor, b: Tensor, p: float) -> Tensor:
    """Return p-norm distances (N, M); Euclidean ones without the rounding of the product form."""
    return torch.cat([torch.cdist(part, b, p, "donot_use_mm_for_euclid_dist") for part in torch.split(a, QUERY_CHUNK)])


@dataclass(frozen=True)
class Repeats:
    """Equal pictures within a set: the birthday test.

    Attributes:
        count: pictures compared.
        pairs: int64 (P, 2), equal pictures, most alike first.
        threshold: distance at which two pictures count as equal.
        support: estimated number of different pictures; a lower bound (95 %) when `bound`.
        bound: whether no equal pair was seen.
    """

    count: int
    pairs: Indices
    threshold: float
    support: float
    bound: bool


def repeats(pixels: Pixels, real: Pixels) -> Repeats:
    """Count equal pairs among generated pictures, by a threshold that real pictures set.

    Equal means: closer (L1) than half of the distance that only one real picture in twenty has to its nearest among
    as many others.

    Args:
        pixels: generated, uint8 (N, H, W, C).
        real: as many real pictures of the same shape; distinct ones.
    """
    if min(len(pixels), len(real)) < 2:
        raise BadInput("Repeated pictures are looked for among at least two.", "Measure more pictures.")
    threshold = DUPLICATE_RATIO * float(np.quantile(_to_nearest(real), RARE))
    distance = _within(pixels)
    rows, columns = np.nonzero(np.triu(distance <= threshold, 1))
    order = np.argsort(distance[rows, columns], kind="stable")
    possible = len(pixels) * (len(pixels) - 1) / 2
    support = possible / (len(rows) or ZERO_PAIRS_BOUND)
    return Repeats(len(pixels), np.stack([rows, columns], 1)[order], threshold, support, not len(rows))


def _within(pixels: Pixels) -> Points:
    """Return mean absolute differences (N, N) among pictures."""
    flat = _flat(pixels)
    distance: Points = (_distances(flat, flat, 1.0) / flat.shape[1]).numpy()
    return distance


def _to_nearest(pixels: Pixels) -> Points:
    distance = _within(pixels).copy()
    np.fill_diagonal(distance, np.inf)
    nearest: Points = distance.min(axis=1)
    return nearest


def spread(values: NDArray[np.float32] | Pixels, how: Literal["pixels", "features"]) -> float:
    """Return the mean distance of all pairs: mean absolute difference of pixels in 0..1, or Euclidean of features.

    Args:
        values: uint8 (N, H, W, C) or float32 (N, D), N at least 2.
        how: which of the two.
    """
    if how == "pixels":
        distance = _within(np.asarray(values, np.uint8))
    else:
        x = torch.from_numpy(np.asarray(values, np.float32))
        distance = _distances(x, x, 2.0).numpy()
    return float(distance.sum(dtype=np.float64) / (len(values) * (len(values) - 1)))
