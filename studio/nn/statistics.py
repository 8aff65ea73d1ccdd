"""Statistics of feature maps that describe style, for batches and with gradients."""

from __future__ import annotations

import torch
from torch import Tensor


def gram_matrices(features: Tensor) -> Tensor:
    """Return each example's Gram matrix divided by its positions (Johnson 2016, arXiv:1603.08155, eq. 3, times C).

    Args:
        features: (N, C, h, w).

    Returns:
        (N, C, C): sum over positions of f f^T / (h w).
    """
    flat = features.flatten(2)  # (N, C, hw)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def mean_and_std(features: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor]:
    """Return each channel's mean and standard deviation over positions, both (N, C, 1, 1)."""
    flat = features.flatten(2)
    mean, std = flat.mean(2), (flat.var(2, unbiased=False) + eps).sqrt()
    return mean[..., None, None], std[..., None, None]


def adaptive_instance_norm(content: Tensor, style: Tensor) -> Tensor:
    """Give features (N, C, h, w) the channel statistics of a style's (Huang 2017, arXiv:1703.06868, eq. 8)."""
    mean, std = mean_and_std(content)
    style_mean, style_std = mean_and_std(style)
    return (content - mean) / std * style_std + style_mean


def roughness(x: Tensor) -> Tensor:
    """Return the mean squared difference between neighbours down and to the right, 0-d, of pictures (N, C, H, W)."""
    down, right = x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]
    return torch.stack([down.square().mean(), right.square().mean()]).sum()
