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


LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a grey picture (ITU-R BT.601), as Pillow and both books take them."""


def grey(x: Tensor) -> Tensor:
    """Return the luminance of pictures: (N, 3, H, W) or (N, 1, H, W) -> (N, 1, H, W)."""
    return x if x.shape[1] == 1 else (x * x.new_tensor(LUMA).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)


def in_pairs(left: Tensor, right: Tensor) -> Tensor:
    """Return (2N, C, H, W): each original followed by its counterpart."""
    return torch.stack([left.float(), right.float()], dim=1).flatten(0, 1)


def in_rows(columns: int, *pictures: Tensor) -> Tensor:
    """Return (K N, C, H, W): `columns` pictures of the first, below them their counterparts, and so on.

    Args:
        columns: pictures in a row.
        pictures: K tensors (N, C or 1, H, W); grey ones are shown beside coloured ones.
    """
    channels = max(p.shape[1] for p in pictures)
    parts = [torch.split(p.float().expand(-1, channels, -1, -1), columns) for p in pictures]
    return torch.cat([row for group in zip(*parts, strict=True) for row in group])


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
