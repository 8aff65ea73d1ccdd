"""Losses of one example and their slopes (Foster 2019, chapter 2; Chollet and Foster 2e, chapter 2; Atienza 1.3.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST = 1e-7
"""Probabilities are kept this far from 0 and 1, as Keras does: the largest cross-entropy is 16.1."""
Part = Callable[[float, "NDArray[np.float64]"], "NDArray[np.float64]"]


@dataclass(frozen=True)
class Loss:
    """A loss of a target and a prediction.

    Attributes:
        id: stable name.
        title: as shown.
        formula: in plain text, y the target and p the prediction.
        value: (target, predictions) -> losses.
        slope: (target, predictions) -> d loss / d prediction.
        use: where it belongs, one sentence.
    """

    id: str
    title: str
    formula: str
    value: Part
    slope: Part
    use: str


def _clipped(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(p, LEAST, 1 - LEAST)


def binary_cross_entropy(y: float, p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return -(y log p + (1 - y) log(1 - p)), any shape; natural logarithm."""
    p = _clipped(p)
    made: NDArray[np.float64] = -(y * np.log(p) + (1 - y) * np.log1p(-p))
    return made


def _binary_slope(y: float, p: NDArray[np.float64]) -> NDArray[np.float64]:
    p = _clipped(p)
    made: NDArray[np.float64] = (p - y) / (p * (1 - p))
    return made


def categorical_cross_entropy(target: int, probabilities: NDArray[np.float64]) -> float:
    """Return -log p of the right class.

    Args:
        target: its index.
        probabilities: float64 (N,), summing to 1.
    """
    return float(-np.log(_clipped(probabilities)[target]))


def softmax_slope(target: int, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return d cross-entropy / d logits = p - one_hot(target), float64 (N,): never more than 1 in size."""
    made: NDArray[np.float64] = probabilities - np.eye(len(probabilities))[target]
    return made


LOSSES: tuple[Loss, ...] = (
    Loss(
        "mse", "Squared error", "(y − p)²", lambda y, p: (y - p) ** 2, lambda y, p: 2 * (p - y),
        "Regression, and pictures with a sigmoid or tanh output: large errors count most.",
    ),
    Loss(
        "mae", "Absolute error", "|y − p|", lambda y, p: np.abs(y - p), lambda y, p: np.sign(p - y),
        "Where outliers should not rule, and for pictures that are to stay sharp (CycleGAN's cycle loss).",
    ),
    Loss(
        "bce", "Binary cross-entropy", "−y·ln p − (1 − y)·ln(1 − p)", binary_cross_entropy, _binary_slope,
        "One yes or no with a sigmoid output: being sure and wrong costs without limit.",
    ),
)  # fmt: skip


def loss(name: str) -> Loss:
    """Return a loss by its id."""
    return next(found for found in LOSSES if found.id == name)
