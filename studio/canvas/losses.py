"""Losses of a transfer with their gradients, written out: no graph is kept, and tiles can be summed exactly.

A Gram matrix is `G = F^T F` over positions (Gatys 2016, arXiv:1508.06576, eq. 3). With a painted mask `m` it becomes
the guided Gram matrix `sum_p m(p) f(p) f(p)^T` of Gatys 2017 (arXiv:1611.07865, where `m` is the squared guidance
channel). Since a Gram matrix is a sum over positions, tiles give the same one, each position counted once.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

CHUNK = 1024
"""Positions per bf16 product: each is rounded to 8 bits, their sum is fp32, so that the errors average out."""
SMALLEST_DIFFERENCE = 1e-12
"""Below this squared difference the total variation counts as flat: powers under 1 have no gradient at 0."""


def positions(features: Tensor) -> Tensor:
    """Return (h * w, C) of features (1, C, h, w); no copy of a whole map, whatever its memory format."""
    if features.is_contiguous(memory_format=torch.channels_last):
        return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
    return features[0].flatten(1).T


def gram(features: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the unnormalised Gram matrix.

    Args:
        features: (1, C, h, w), fp32 or bf16.
        weight: of each position, float32 (1, 1, h, w) >= 0; None counts all once.

    Returns:
        float32 (C, C): sum over positions of weight * f f^T.
    """
    if weight is not None:
        features = features * weight.sqrt().to(features.dtype)
    f = positions(features)
    if f.dtype != torch.bfloat16:
        return (f.T @ f).float()
    whole = f.shape[0] // CHUNK * CHUNK
    rest = f[whole:].float()
    total = rest.T @ rest
    if whole:
        chunks = f[:whole].reshape(-1, CHUNK, f.shape[1])
        total += torch.bmm(chunks.transpose(1, 2), chunks).sum(0, dtype=torch.float32)
    return total


def gram_gradient(features: Tensor, slope: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the gradient of a loss by the features, given its gradient by their Gram matrix.

    Args:
        features: (1, C, h, w).
        slope: symmetric (C, C), dL/dG.
        weight: as given to `gram`.

    Returns:
        (1, C, h, w) in the features' dtype: 2 weight(p) slope f(p).
    """
    found = F.conv2d(features, (2 * slope).to(features.dtype)[:, :, None, None])
    return found if weight is None else found * weight.to(found.dtype)


def content(features: Tensor, target: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the sum of squared differences (no half, no mean: Chollet 12.3.3, Foster ch. 5) and its gradient.

    Args:
        features: (1, C, h, w).
        target: of the same shape.
        weight: of each position, float32 (1, 1, h, w); None counts all once.

    Returns:
        fp32 0-d loss; gradient (1, C, h, w) in the features' dtype.
    """
    difference = features - target
    pulled = difference if weight is None else difference * weight.to(difference.dtype)
    loss = (pulled.float() * difference.float()).sum()
    return loss, 2 * pulled


def total_variation(x: Tensor, power: float = 1.25) -> tuple[Tensor, Tensor]:
    """Return `sum (a + b)^power` over the (H-1) x (W-1) crop and its gradient.

    `a` and `b` are the squared differences to the pixel below and to the right, per channel (Chollet 12.3.3).

    Args:
        x: float32 (1, C, H, W).
        power: 1.25 in the books; 1 is the squared total variation, 0.5 the isotropic one.

    Returns:
        fp32 0-d loss; gradient float32 (1, C, H, W).
    """
    corner = x[..., :-1, :-1]
    down, right = corner - x[..., 1:, :-1], corner - x[..., :-1, 1:]
    squares = (down * down).addcmul_(right, right).clamp_(min=SMALLEST_DIFFERENCE)
    steepness = squares.pow(power - 1)
    loss = (steepness * squares).sum()
    steepness.mul_(2 * power)
    gradient = torch.zeros_like(x)
    by_down, by_right = down.mul_(steepness), right.mul_(steepness)
    gradient[..., :-1, :-1] += by_down
    gradient[..., :-1, :-1] += by_right
    gradient[..., 1:, :-1] -= by_down
    gradient[..., :-1, 1:] -= by_right
    return loss, gradient


def shrunk(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a mask (1, 1, H, W) at a layer's (h, w): the mean of what each cell covers."""
    return F.adaptive_avg_pool2d(mask, size)
