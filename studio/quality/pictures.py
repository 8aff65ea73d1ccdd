"""Pictures on their way into the measurements: uint8 (N, H, W, C) to float tensors, in chunks."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.core.spec import Split

Pixels = NDArray[np.uint8]
Points = NDArray[np.float32]
CHUNK = 256


def to_tensor(pixels: Pixels) -> Tensor:
    """Return float32 (N, C, H, W) in 0..1 of pictures uint8 (N, H, W, C)."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels, -1, 1))).float().div_(255)


def picked(split: Split, count: int, seed: int = 0) -> tuple[Pixels, NDArray[np.int64] | None, NDArray[np.int64]]:
    """Draw examples of a split without replacement; all of them, in order, where there are not more.

    Returns:
        pixels: uint8 (n, H, W, C), n = min(count, len(split)).
        labels: int64 (n,) or None.
        index: int64 (n,), positions in the split, ascending.
    """
    every = np.arange(len(split))
    index = every if count >= len(split) else np.sort(np.random.default_rng(seed).choice(every, count, replace=False))
    x, labels = split.gather(index.astype(np.int64))
    return np.ascontiguousarray(np.moveaxis(x, 1, -1)), labels, index
