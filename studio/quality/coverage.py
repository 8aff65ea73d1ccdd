"""Which classes a generator draws, as an independent classifier sees them.

Sources: modes counted with a classifier, as in Metz 2017, arXiv:1611.02163, and Srivastava 2017, arXiv:1705.07761;
label agreement is Shmelkov's GAN-test (2018, arXiv:1807.09499): a classifier trained on real pictures, tested on
generated ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
COVERED = 0.1
"""A class counts as covered when it appears at least this often, relative to its share in the data."""


@dataclass(frozen=True)
class Coverage:
    """How the generated pictures spread over the classes.

    Attributes:
        counts: int64 (K,), generated pictures by predicted class.
        expected: float64 (K,), the classes' shares in the data; they sum to 1.
        covered: number of classes with at least `COVERED` of their expected share.
        missing: classes that are not covered, in label order.
        entropy: of the predicted classes in nats, divided by that of the data: 1 is as varied as the data.
        largest: class that is drawn most.
        largest_share: its share of the generated pictures, 0..1.
    """

    counts: Labels
    expected: NDArray[np.float64]
    covered: int
    missing: tuple[int, ...]
    entropy: float
    largest: int
    largest_share: float


def coverage(predicted: Labels, expected: NDArray[np.float64], least: float = COVERED) -> Coverage:
    """Return how predicted classes int64 (N,) spread over the K classes of the data.

    Args:
        predicted: class of each generated picture.
        expected: shares of the classes in the data (K,).
        least: share of the expected share that counts as covered.
    """
    counts = np.bincount(predicted, minlength=len(expected))
    shares = counts / max(len(predicted), 1)
    there = expected > 0
    missing = np.flatnonzero(there & (shares < least * expected))
    whole = entropy(expected)
    return Coverage(
        counts=counts,
        expected=expected,
        covered=int(there.sum()) - len(missing),
        missing=tuple(int(i) for i in missing),
        entropy=entropy(shares) / whole if whole > 0 else 1.0,
        largest=int(counts.argmax()),
        largest_share=float(shares.max()),
    )


def shares_of(labels: Labels, classes: int) -> NDArray[np.float64]:
    """Return the share of each class among labels int64 (N,), float64 (K,)."""
    return np.bincount(labels, minlength=classes) / max(len(labels), 1)


def entropy(shares: NDArray[np.float64]) -> float:
    """Return the entropy of a distribution (K,) in nats."""
    p = shares[shares > 0]
    return float(-(p * np.log(p)).sum()) + 0.0  # never -0


@dataclass(frozen=True)
class Agreement:
    """How often a conditional generator draws what it was asked for.

    Attributes:
        share: pictures that the classifier gives the asked label, 0..1.
        low, high: 95 % interval of the share (Wilson 1927).
        by_class: float64 (K,), share by asked label; NaN where none was asked.
        confusion: int64 (K, K), asked label by predicted class.
    """

    share: float
    low: float
    high: float
    by_class: NDArray[np.float64]
    confusion: Labels


def agreement(asked: Labels, predicted: Labels, classes: int) -> Agreement:
    """Return how predicted classes int64 (N,) agree with asked labels int64 (N,)."""
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (asked, predicted), 1)
    right, total = np.diag(confusion), confusion.sum(axis=1)
    by_class = np.divide(right, total, out=np.full(classes, np.nan), where=total > 0)
    low, high = wilson(int(right.sum()), len(asked))
    return Agreement(float(right.sum() / max(len(asked), 1)), low, high, by_class, confusion)


def wilson(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's score interval of a share; (0, 1) of nothing."""
    if not count:
        return 0.0, 1.0
    p, scale = hits / count, 1 + z**2 / count
    middle = (p + z**2 / (2 * count)) / scale
    half = z * np.sqrt(p * (1 - p) / count + z**2 / (4 * count**2)) / scale
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))
