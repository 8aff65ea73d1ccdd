"""Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167) and dropout (Srivastava et al. 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EPSILON = 1e-3
"""Keras' default; PyTorch uses 1e-5."""


@dataclass(frozen=True)
class Running:
    """What a batch normalisation remembers: the numbers it uses in evaluation.

    Attributes:
        mean: running mean.
        variance: running variance (Keras: of the batch itself, not the unbiased one).
        updates: how many batches it has seen.
    """

    mean: float = 0.0
    variance: float = 1.0
    updates: int = 0

    def updated(self, batch: NDArray[np.float64], momentum: float) -> Running:
        """Return the memory after one more batch (N,); `momentum` is the weight of the old value, as in Keras."""
        mean = momentum * self.mean + (1 - momentum) * float(batch.mean())
        variance = momentum * self.variance + (1 - momentum) * float(batch.var())
        return Running(mean, variance, self.updates + 1)


def normalised(
    batch: NDArray[np.float64], mean: float, variance: float, gamma: float = 1.0, beta: float = 0.0
) -> NDArray[np.float64]:
    """Return gamma * (x - mean) / sqrt(variance + eps) + beta, (N,)."""
    made: NDArray[np.float64] = gamma * (batch - mean) / np.sqrt(variance + EPSILON) + beta
    return made


def dropout(values: NDArray[np.float64], rate: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return the values with a share `rate` of them zeroed and the rest divided by 1 - rate (inverted dropout).

    The mean is unchanged on average, so nothing is to be done in evaluation.
    """
    kept = generator.random(values.shape) >= rate
    made: NDArray[np.float64] = np.where(kept, values / max(1 - rate, 1e-12), 0.0)
    return made
