"""Layers of the progressive GANs: equalised learning rate, pixel norm, minibatch standard deviation, a size ladder.

Karras 2017, arXiv:1710.10196, section 4 and appendix A.1; Karras 2019, arXiv:1812.04948 (learning-rate multiplier).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SMALLEST_SIDE = 7
"""A ladder's first side is at most this large: 28 -> 7, 32 -> 4, 100 -> 7."""


class EqualDense(nn.Linear):
    """`y = (c w) x + b` with w ~ N(0, 1) and He's constant c at run time, so that all weights learn equally fast.

    Args:
        inputs, outputs: numbers per example.
        gain: √2 before a rectifier, 1 before nothing.
        rate: learning-rate multiplier: weights start at N(0, 1 / rate²) and are scaled by `rate` more, the bias too.
    """

    def __init__(self, inputs: int, outputs: int, *, gain: float = math.sqrt(2), rate: float = 1.0) -> None:
        super().__init__(inputs, outputs)
        self.rate, self.scale = rate, rate * gain / math.sqrt(inputs)
        nn.init.normal_(self.weight, 0.0, 1.0 / rate)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs)."""
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class EqualConv(nn.Conv2d):
    """A convolution with the arithmetic of `EqualDense`; zero padding keeps the size.

    Args:
        channels, filters: input and output channels.
        kernel: side of the kernel, odd.
        gain: √2 before a rectifier, 1 before nothing.
    """

    def __init__(self, channels: int, filters: int, kernel: int = 3, *, gain: float = math.sqrt(2)) -> None:
        super().__init__(channels, filters, kernel, padding=kernel // 2)
        self.scale = gain / math.sqrt(channels * kernel * kernel)
        nn.init.normal_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, filters, H, W)."""
        return F.conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)


class PixelNorm(nn.Module):
    """Divides each place's feature vector by its root mean square: x / √(mean_c x² + 1e-8)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the same shape; axis 1 holds the features."""
        norm: Tensor = torch.linalg.vector_norm(x, dim=1, keepdim=True, dtype=torch.float32)
        return x * (norm.square() / x.shape[1] + 1e-8).rsqrt().to(x.dtype)


class MinibatchStd(nn.Module):
    """Shows a discriminator how much a batch varies, so that a collapsed generator is seen at once.

    The standard deviation over the batch of every feature at every place, averaged to one number, becomes one more
    feature map: (N, C, H, W) -> (N, C + 1, H, W).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Append the map."""
        variance = x.float().var(dim=0, unbiased=False)
        spread = (variance + 1e-8).sqrt().mean().to(x.dtype)
        return torch.cat([x, spread.expand(len(x), 1, *x.shape[2:])], dim=1)


def ladder(size: int) -> tuple[int, ...]:
    """Return the sides of the levels from the smallest up to `size`; each is half of the next, rounded up."""
    sides = [size]
    while sides[-1] > SMALLEST_SIDE:
        sides.append(-(-sides[-1] // 2))
    return tuple(reversed(sides))


def enlarge(x: Tensor, side: int) -> Tensor:
    """Return pictures (N, C, side, side), every pixel repeated 2 x 2; an odd `side` loses the last row and column."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")[..., :side, :side]


def shrink(x: Tensor) -> Tensor:
    """Return pictures of half the side, rounded up: means of 2 x 2 pixels (of what there is, at an odd edge)."""
    return F.avg_pool2d(x, 2, ceil_mode=True)
