"""Between tensors and what a preview shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def crop(x: Tensor, size: int) -> Tensor:
    """Return the top-left (size, size) part: a decoder of a size that is no multiple of its strides makes more."""
    return x if x.shape[-1] == size else x[..., :size, :size]


def to_pixels(x: Tensor) -> NDArray[np.uint8]:
    """Return pictures float (N, C, H, W) in 0..1 as uint8 (N, H, W, C); values outside are clipped."""
    scaled = x.detach().float().clamp(0.0, 1.0).mul(255.0).round()
    pixels: NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).cpu().numpy().astype(np.uint8)
    return pixels


def in_pairs(left: Tensor, right: Tensor) -> Tensor:
    """Return (2N, C, H, W): each original followed by its counterpart."""
    return torch.stack([left.float(), right.float()], dim=1).flatten(0, 1)


def answers(probabilities: Tensor, labels: Tensor, classes: Sequence[str]) -> tuple[str, ...]:
    """Return a caption per picture: the likeliest class, its probability and, when it is wrong, the truth.

    Args:
        probabilities: float (N, K).
        labels: true classes, int64 (N,).
        classes: K names.
    """
    best, chosen = probabilities.max(dim=1)
    captions = []
    for p, answer, truth in zip(best.tolist(), chosen.tolist(), labels.tolist(), strict=True):
        wrong = "" if answer == truth else f", is {classes[truth]}"
        captions.append(f"{classes[answer]} {p:.0%}{wrong}")
    return tuple(captions)
