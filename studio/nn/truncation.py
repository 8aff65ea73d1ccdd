"""The truncation tricks: likelier noise makes better pictures that differ less."""

from __future__ import annotations

import torch
from torch import Tensor

UNTRUNCATED = 4.0
"""A threshold in standard deviations that 99.99 % of normal noise respects."""
TINIEST = 1e-3


def truncate_normal(z: Tensor, threshold: Tensor) -> Tensor:
    """Return noise of the normal distribution cut off at ±threshold, the place of each number in it unchanged.

    BigGAN (Brock 2018, arXiv:1809.11096, section 3.1) draws values beyond the threshold again. This is the same
    distribution, but a fixed z moves smoothly with the threshold t: z' = Φ⁻¹(Φ(-t) + (Φ(t) - Φ(-t)) Φ(z)).

    Args:
        z: N(0, 1) noise, (N, D).
        threshold: t of each row, (N,); positive.
    """
    t = threshold.double().clamp_min(TINIEST)[:, None]
    low, high = torch.special.ndtr(-t), torch.special.ndtr(t)
    cut: Tensor = torch.special.ndtri(low + (high - low) * torch.special.ndtr(z.double()))
    return cut.clamp(-t, t).to(z.dtype)


def truncate_style(w: Tensor, mean: Tensor, psi: Tensor) -> Tensor:
    """Return styles moved towards the mean style: w̄ + ψ (w - w̄).

    StyleGAN (Karras 2019, arXiv:1812.04948, appendix B).

    Args:
        w: styles, (N, ..., D).
        mean: w̄, (D,).
        psi: ψ of each row, (N,); 1 changes nothing, 0 gives the mean.
    """
    return mean + psi.view(-1, *[1] * (w.ndim - 1)) * (w - mean)
