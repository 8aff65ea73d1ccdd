"""From a gradient to a step: its length, blur, Laplacian pyramid, total variation, Adam's moments."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from studio.canvas.dream_config import DreamConfig

EPSILON = 1e-12


def norm(gradient: Tensor) -> Tensor:
    """Return sqrt(sum g^2 + 1e-12) over the whole tensor, 0-d: what the book divides by (Chollet 12.2)."""
    return (gradient.square().sum() + EPSILON).sqrt()


def root_mean_square(x: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the root of the mean square, 0-d; the mean is over where a weight (1, 1, H, W) 0..1 is."""
    squares = x.square().mean(1, keepdim=True)
    if weight is None:
        return squares.mean().sqrt()
    return (squares.sum() / weight.sum().clamp_min(1e-6)).sqrt()


def blurred(x: Tensor, sigma: float) -> Tensor:
    """Return (N, C, H, W) under a Gaussian of `sigma` pixels, cut at 3 sigma, edges repeated."""
    if sigma <= 0:
        return x
    radius = max(1, math.ceil(3 * sigma))
    at = torch.arange(-radius, radius + 1, device=x.device, dtype=x.dtype)
    kernel = torch.softmax(-at.square() / (2 * sigma**2), 0)
    channels = x.shape[1]
    padded = F.pad(x, (radius, radius, radius, radius), mode="replicate")
    across = F.conv2d(padded, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(across, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)


def evened(x: Tensor, levels: int) -> Tensor:
    """Return (N, C, H, W) with every level of its Laplacian pyramid brought to unit root-mean-square.

    After the Laplacian gradient normalisation of Mordvintsev's DeepDream notebook (2015): what is fine does not drown
    what is coarse. Levels whose side would fall below 4 pixels are not split off.

    Args:
        x: a gradient.
        levels: band-pass levels besides the coarsest rest; 0 returns x.
    """
    if not levels:
        return x
    bands = []
    for _ in range(levels):
        if min(x.shape[-2:]) < 8:
            break
        low = _reduced(x)
        bands.append(x - _expanded(low, x))
        x = low
    x = _even(x)
    for band in reversed(bands):
        x = _expanded(x, band) + _even(band)
    return x


def _binomial(x: Tensor) -> Tensor:
    row = x.new_tensor((1.0, 4.0, 6.0, 4.0, 1.0)) / 16
    return torch.outer(row, row).expand(x.shape[1], 1, 5, 5).contiguous()


def _reduced(x: Tensor) -> Tensor:
    padded = F.pad(x, (2, 2, 2, 2), mode="replicate")
    return F.conv2d(padded, _binomial(x), stride=2, groups=x.shape[1])


def _expanded(low: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(low, like.shape[-2:], mode="bilinear", align_corners=False)


def _even(x: Tensor) -> Tensor:
    return x / root_mean_square(x).clamp_min(1e-10)


def total_variation(picture: Tensor) -> Tensor:
    """Return the mean squared difference between neighbours, 0-d: of (1, C, H, W), rows plus columns."""
    down = (picture[..., 1:, :] - picture[..., :-1, :]).square()
    right = (picture[..., 1:] - picture[..., :-1]).square()
    return (down.sum() + right.sum()) / picture.numel()


class Stride:
    """How far a gradient in pixels moves the picture: measured anew at each step, once per octave, or not at all."""

    def __init__(self) -> None:
        self._divisor: Tensor | None = None

    def forget(self) -> None:
        """Measure anew at the next step."""
        self._divisor = None

    def change(self, gradient: Tensor, mask: Tensor | None, config: DreamConfig) -> Tensor:
        """Return the change of pixels that a gradient (1, 3, H, W) asks for.

        The book moves by `length * g / sqrt(sum g^2 + 1e-12)` in -1..1 units, where the gradient is half of that in
        0..1 units and a move is twice as large. Otherwise the root-mean-square of the change is `step`.
        """
        book = config.length > 0
        if config.normalise == "off":  # the gradient of a mean is small in proportion to the number of pixels
            divisor = gradient.new_tensor(1.0 if book else 1 / gradient.numel())
        elif config.normalise == "octave" and self._divisor is not None:
            divisor = self._divisor
        else:
            divisor = norm(gradient / 2) if book else root_mean_square(gradient, mask).clamp_min(1e-18)
        self._divisor = divisor
        return gradient / 2 / divisor * (config.length / 2) if book else gradient / divisor * config.step


class Moments:
    """Adam's direction without the learning rate (Kingma and Ba 2015, arXiv:1412.6980), for ascent.

    Args:
        betas: decay of the first and second moment.
    """

    def __init__(self, betas: tuple[float, float] = (0.9, 0.999)) -> None:
        self._betas = betas
        self._first: Tensor | None = None
        self._second: Tensor | None = None
        self._count = 0

    def direction(self, gradient: Tensor) -> Tensor:
        """Take a gradient in and return m / (sqrt(v) + 1e-8), bias-corrected; each element is about -1 to 1."""
        if self._first is None or self._second is None or self._first.shape != gradient.shape:
            self._first, self._second = torch.zeros_like(gradient), torch.zeros_like(gradient)
            self._count = 0
        self._count += 1
        slow, slower = self._betas
        self._first.lerp_(gradient, 1 - slow)
        self._second.lerp_(gradient.square(), 1 - slower)
        first = self._first / (1 - slow**self._count)
        second = self._second / (1 - slower**self._count)
        return first / (second.sqrt() + 1e-8)
