"""Residual GAN networks with spectral normalisation, self-attention and conditional batch normalisation.

Zhang 2018, arXiv:1805.08318 (SAGAN); Brock 2018, arXiv:1809.11096, appendix B (BigGAN); Miyato and Koyama 2018,
arXiv:1802.05637 (projection discriminator). Levels follow `nn.equalised.ladder`: 32 px are 4, 8, 16, 32.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.nn.attention import SelfAttention
from studio.nn.equalised import enlarge, shrink
from studio.nn.spectral import SpectralConv, SpectralDense


class ConditionalBatchNorm(nn.Module):
    """Batch normalisation whose gain and bias come from a condition: y = (1 + A c) x̂ + B c.

    Args:
        channels: feature maps.
        condition: numbers of c; with 0 it is ordinary batch normalisation.
    """

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=not condition)
        self.gain = SpectralDense(condition, channels, bias=False) if condition else None
        self.bias = SpectralDense(condition, channels, bias=False) if condition else None

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Normalise (N, C, H, W) under the conditions (N, condition)."""
        y: Tensor = self.norm(x)
        if self.gain is None or self.bias is None:
            return y
        gain, bias = (layer(c)[..., None, None].to(y.dtype) for layer in (self.gain, self.bias))
        y = y * (1 + gain) + bias
        return y


class UpBlock(nn.Module):
    """Norm - ReLU - twice as large - Conv - Norm - ReLU - Conv, plus the enlarged input through a 1 x 1 Conv."""

    def __init__(self, channels: int, filters: int, condition: int, side: int) -> None:
        super().__init__()
        self.side = side
        self.norm1, self.norm2 = ConditionalBatchNorm(channels, condition), ConditionalBatchNorm(filters, condition)
        self.conv1, self.conv2 = SpectralConv(channels, filters), SpectralConv(filters, filters)
        self.skip = SpectralConv(channels, filters, 1)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Return (N, filters, side, side)."""
        y: Tensor = self.conv1(enlarge(F.relu(self.norm1(x, c)), self.side))
        y = self.conv2(F.relu(self.norm2(y, c)))
        return y + enlarge(self.skip(x), self.side)  # a 1 x 1 convolution may as well come before the enlarging


class DownBlock(nn.Module):
    """ReLU - Conv - ReLU - Conv - half as large, plus the input through a 1 x 1 Conv.

    Args:
        channels, filters: of input and output.
        first: the input is a picture, which no ReLU may cut.
        shrinks: halve the side.
    """

    def __init__(self, channels: int, filters: int, *, first: bool = False, shrinks: bool = True) -> None:
        super().__init__()
        self.first, self.shrinks = first, shrinks
        self.conv1, self.conv2 = SpectralConv(channels, filters), SpectralConv(filters, filters)
        self.skip = SpectralConv(channels, filters, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, filters, ⌈H / 2⌉, ⌈W / 2⌉), or H and W when it does not shrink."""
        y: Tensor = self.conv2(F.relu(self.conv1(x if self.first else F.relu(x))))
        y, x = (shrink(y), shrink(x)) if self.shrinks else (y, x)
        skipped: Tensor = self.skip(x)  # a 1 x 1 convolution and a mean may change places
        return y + skipped


def attended_level(sides: Sequence[int], side: int) -> int:
    """Return the largest level above the first that is at most `side` pixels wide; 1 when there is none."""
    return max((i for i, s in enumerate(sides) if i and s <= side), default=1)


class ResidualGenerator(nn.Module):
    """Noise and a condition -> pictures (N, channels, side, side) in -1..1.

    Args:
        latent: numbers of noise.
        condition: numbers of the condition (0: none).
        channels: of the picture.
        sides: of the levels, from `ladder`; at least two.
        widths: feature maps of each level.
        attention: side of the feature map with self-attention, at most.
        skip_noise: give each level a part of the noise of its own, beside the condition (BigGAN).
    """

    def __init__(
        self,
        latent: int,
        condition: int,
        channels: int,
        sides: Sequence[int],
        widths: Sequence[int],
        attention: int,
        *,
        skip_noise: bool = False,
    ) -> None:
        super().__init__()
        levels, bottom = len(sides), sides[0]
        each = latent // levels if skip_noise else 0
        self.parts = [latent - each * (levels - 1), *[each] * (levels - 1)]
        self.start = nn.Sequential(
            SpectralDense(self.parts[0], widths[0] * bottom * bottom), nn.Unflatten(1, (widths[0], bottom, bottom))
        )
        wide = zip(pairwise(widths), self.parts[1:], sides[1:], strict=True)
        self.blocks = nn.ModuleList(UpBlock(a, b, condition + part, side) for (a, b), part, side in wide)
        self.attended = attended_level(sides, attention)
        self.attention = SelfAttention(widths[self.attended])
        self.norm, self.colours = nn.BatchNorm2d(widths[-1]), SpectralConv(widths[-1], channels)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """Return the pictures of noise (N, latent) under conditions (N, condition)."""
        x = self.attention(self._below(z, c, 0, self.attended, None))
        x = self._below(z, c, self.attended, len(self.blocks), x)
        picture: Tensor = self.colours(F.relu(self.norm(x)))
        return picture.tanh()

    def attention_weights(self, z: Tensor, c: Tensor) -> Tensor:
        """Return where each place of the attended feature map looks, (N, P, P)."""
        return self.attention.weights(self._below(z, c, 0, self.attended, None))

    def _below(self, z: Tensor, c: Tensor, first: int, last: int, x: Tensor | None) -> Tensor:
        """Run the blocks `first` to `last`, from the start when there are no features yet."""
        noise = torch.split(z, self.parts, dim=1)
        x = self.start(noise[0]) if x is None else x
        for i in range(first, last):
            x = self.blocks[i](x, torch.cat([c, noise[i + 1]], dim=1))
        return x


class ProjectionDiscriminator(nn.Module):
    """Pictures and one-hot labels -> scores (N, 1): w·φ(x) + yᵀ V φ(x).

    Args:
        channels: of the pictures.
        sides: of the levels, from `ladder`.
        widths: feature maps of each level, smallest side first.
        classes: number of labels; 0 judges the picture alone.
        attention: side of the feature map with self-attention, at most.
    """

    def __init__(
        self, channels: int, sides: Sequence[int], widths: Sequence[int], classes: int, attention: int
    ) -> None:
        super().__init__()
        wide = [channels, *reversed(widths)]
        blocks = [DownBlock(a, b, first=i == 0, shrinks=i < len(sides) - 1) for i, (a, b) in enumerate(pairwise(wide))]
        self.blocks = nn.ModuleList(blocks)
        self.attended = max(len(sides) - 2 - attended_level(sides, attention), 0)
        self.attention = SelfAttention(wide[self.attended + 1])
        self.judge = SpectralDense(widths[0], 1)
        self.classes = SpectralDense(classes, widths[0], bias=False) if classes else None

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return a score per picture; `y` is (N, classes)."""
        for i, block in enumerate(self.blocks):
            x = block(x)
            x = self.attention(x) if i == self.attended else x
        features = F.relu(x).sum(dim=(2, 3))  # (N, widths[0])
        score: Tensor = self.judge(features)
        if self.classes is not None:
            score = score + (self.classes(y) * features).sum(dim=1, keepdim=True)
        return score
