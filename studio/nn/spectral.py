"""Layers whose largest singular value is held at one: spectral normalisation.

    ŵ = w / σ(w),   σ(w) = max ‖w v‖ / ‖v‖ ≈ uᵀ w v          (w as a matrix: filters x everything else)

u and v follow w by one power iteration per training pass. Miyato 2018, arXiv:1802.05957. torch's own
parametrisation does the same; here the weight stays a plain parameter of a plain layer, which summaries, weight
averaging and regularisers understand.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def largest_singular_value(weight: Tensor, u: Tensor, update: bool) -> Tensor:
    """Return the estimate uᵀ w v as a 0-d tensor; its gradient takes u and v as constants.

    Products are written as sums, so that bf16 autocast leaves them in float32.

    Args:
        weight: kernel, first axis = filters.
        u: left singular vector, (filters,); need not be of length one (averaged weights).
        update: move u by one power iteration, in place.
    """
    w = weight.flatten(1)
    with torch.no_grad():
        left = F.normalize(u, dim=0)
        right = F.normalize((w * left[:, None]).sum(dim=0), dim=0)
        if update:
            left = F.normalize((w * right).sum(dim=1), dim=0)
            u.copy_(left)
    return ((w * right).sum(dim=1) * left).sum()


class SpectralConv(nn.Conv2d):
    """A convolution with spectral normalisation; zero padding keeps the size; starts orthogonal, so at σ = 1."""

    u: Tensor

    def __init__(self, channels: int, filters: int, kernel: int = 3, *, bias: bool = True) -> None:
        super().__init__(channels, filters, kernel, padding=kernel // 2, bias=bias)
        self.register_buffer("u", torch.randn(filters))

    def reset_parameters(self) -> None:
        """Start with an orthogonal kernel and zero bias."""
        nn.init.orthogonal_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, filters, H, W)."""
        sigma = largest_singular_value(self.weight, self.u, self.training)
        return F.conv2d(x, self.weight / sigma, self.bias, padding=self.padding)


class SpectralDense(nn.Linear):
    """A dense layer with spectral normalisation, started like `SpectralConv`."""

    u: Tensor

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True) -> None:
        super().__init__(inputs, outputs, bias=bias)
        self.register_buffer("u", torch.randn(outputs))

    def reset_parameters(self) -> None:
        """Start with an orthogonal kernel and zero bias."""
        nn.init.orthogonal_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs)."""
        return F.linear(x, self.weight / largest_singular_value(self.weight, self.u, self.training), self.bias)


def orthogonal_penalty(module: nn.Module) -> Tensor:
    """Return Σ ‖w wᵀ ⊙ (1 - I)‖²_F over the kernels below `module`: filters shall not resemble each other.

    Brock 2018, arXiv:1809.11096, equation 3: the diagonal is left alone, so lengths stay free. The matrices' side is
    the number of filters (the paper's code does the same).
    """
    layers = (m for m in module.modules() if isinstance(m, nn.Linear | nn.Conv2d))
    return torch.stack([_off_diagonal(layer.weight.flatten(1)) for layer in layers]).sum()


def _off_diagonal(w: Tensor) -> Tensor:
    products = (w @ w.T).float()
    return products.square().sum() - products.diagonal().square().sum()
