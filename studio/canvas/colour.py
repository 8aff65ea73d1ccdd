"""Colours of one picture given to another: by mean and covariance, by histogram, or luminance alone.

Sources: Gatys, Bethge, Hertzmann and Shechtman 2016, "Preserving Color in Neural Artistic Style Transfer"
(arXiv:1606.05897), section 3 (linear colour matching of the style before the transfer) and section 4 (luminance only).
Of the linear maps that match mean and covariance we take the symmetric one (Monge-Kantorovich; Pitie and Kokaram 2007),
which moves colours least. Pictures are float32 (1, 3, H, W), RGB, 0..1.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Rec. 601 luma, as `studio.canvas.backbone.Preprocessing` has it."""
RIDGE = 1e-5
"""Added to covariances, so that a grey or flat picture has an inverse."""
LEVELS = 257
"""Quantiles by which histograms are matched."""
SAMPLES = 1 << 18
OPPONENT = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]], np.float64) / np.sqrt([[3], [2], [6]])
"""Orthonormal: brightness, red against green, yellow against blue; nearly decorrelated for photographs (Ohta 1980)."""


def luminance(x: Tensor) -> Tensor:
    """Return the luma (1, 1, H, W)."""
    return (x * x.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def grey(x: Tensor) -> Tensor:
    """Return the picture without colour, (1, 3, H, W)."""
    return luminance(x).expand_as(x)


def with_luminance(x: Tensor, bright: Tensor) -> Tensor:
    """Return a picture's colours with another's luminance: the chroma of YIQ stays as it is."""
    return x + (luminance(bright) - luminance(x))


def match_luminance(x: Tensor, reference: Tensor) -> Tensor:
    """Return `x` without colour, its luminance at the reference's mean and spread (Gatys 2016b, section 4)."""
    y, wanted = luminance(x), luminance(reference)
    spread = wanted.std() / y.std().clamp(min=1e-4)
    return ((y - y.mean()) * spread + wanted.mean()).expand_as(x)


def match_linear(x: Tensor, reference: Tensor) -> Tensor:
    """Return `x` with the mean and covariance of the reference's colours.

    The map is `A (x - mean_x) + mean_r` with the symmetric positive `A` that has `A C_x A = C_r`:
    `A = C_x^-1/2 (C_x^1/2 C_r C_x^1/2)^1/2 C_x^-1/2`.
    """
    (mean, cov), (wanted_mean, wanted_cov) = _moments(x), _moments(reference)
    root = _root(cov)
    inverse = np.linalg.inv(root)
    a = inverse @ _root(root @ wanted_cov @ root) @ inverse
    moved = torch.einsum("ij,njhw->nihw", x.new_tensor(a), x - x.new_tensor(mean).view(1, 3, 1, 1))
    return moved + x.new_tensor(wanted_mean).view(1, 3, 1, 1)


def _moments(x: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean (3,) and covariance (3, 3) with a ridge."""
    flat = x[0].flatten(1).double()
    return flat.mean(1).cpu().numpy(), torch.cov(flat).cpu().numpy() + RIDGE * np.eye(3)


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    root: NDArray[np.float64] = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root


def match_histogram(x: Tensor, reference: Tensor) -> Tensor:
    """Return `x` with the reference's distribution along each opponent axis.

    The map is monotone and piecewise linear between quantiles, so equal colours stay equal (ranks would tear them).
    """
    basis = x.new_tensor(OPPONENT)
    turned = torch.einsum("ij,njhw->nihw", basis, x)
    wanted = torch.einsum("ij,njhw->nihw", basis, reference)
    levels = np.linspace(0, 1, LEVELS)
    channels = []
    for values, target in zip(turned[0], wanted[0], strict=True):
        own = np.quantile(_sample(values), levels)
        moved = np.interp(values.cpu().numpy(), own, np.quantile(_sample(target), levels))
        channels.append(torch.from_numpy(moved.astype(np.float32)))
    return torch.einsum("ji,njhw->nihw", basis, torch.stack(channels)[None].to(x.device))


def _sample(values: Tensor) -> NDArray[np.float32]:
    """Return at most `SAMPLES` of the values, evenly spread: quantiles of large pictures need no more."""
    flat = values.flatten()
    picked: NDArray[np.float32] = flat[:: max(1, flat.numel() // SAMPLES)].cpu().numpy()
    return picked


def recoloured(x: Tensor, reference: Tensor) -> Tensor:
    """Return `x` in the reference's colours: mean and covariance first, then the histograms ("only" of a transfer)."""
    return match_histogram(match_linear(x, reference), reference).clamp(0, 1)
