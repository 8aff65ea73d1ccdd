"""Self-attention over the places of a feature map, so that far parts of a picture agree.

    β_ji = softmax_i f(x_i)ᵀ g(x_j)          y_j = x_j + γ v(Σ_i β_ji h(x_i))          γ starts at 0

Zhang 2018, arXiv:1805.08318, section 3: f, g, h and v are 1 x 1 convolutions, the first three to C / 8 channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.nn.spectral import SpectralConv

REDUCTION = 8


class Scale(nn.Module):
    """Multiplies by one learnt number γ, 0 at the start."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Return γ x."""
        return self.gamma.to(x.dtype) * x


class SelfAttention(nn.Module):
    """Adds to every place what the places it attends to have to say, (N, C, H, W) -> the same shape.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(channels // REDUCTION, 1)
        self.f, self.g, self.h = (SpectralConv(channels, inner, 1, bias=False) for _ in range(3))
        self.v = SpectralConv(inner, channels, 1, bias=False)
        self.scale = Scale()

    def forward(self, x: Tensor) -> Tensor:
        """Attend; the softmax is not divided by √C, as in the paper."""
        f, g, h = (layer(x).flatten(2).transpose(1, 2) for layer in (self.f, self.g, self.h))  # (N, P, C/8)
        seen = F.scaled_dot_product_attention(g, f, h, scale=1.0)  # (N, P, C/8)
        y: Tensor = x + self.scale(self.v(seen.transpose(1, 2).reshape(len(x), -1, *x.shape[2:])))
        return y

    def weights(self, x: Tensor) -> Tensor:
        """Return β, (N, P, P): row j tells where place j looks; rows add up to 1. P = H·W, row by row."""
        f, g = self.f(x).flatten(2), self.g(x).flatten(2)
        scores: Tensor = g.transpose(1, 2) @ f
        return scores.float().softmax(dim=2)
