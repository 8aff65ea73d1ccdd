"""Networks that grow: a generator and a discriminator with a level per picture size, faded in one after the other.

    picture_i = (1 - α_i) · enlarged picture_{i-1} + α_i · colours of level i        (generator)
    features_{i-1} = (1 - α_i) · features of the shrunk picture + α_i · shrunk features of level i  (discriminator)

Karras 2017, arXiv:1710.10196, section 2 and figure 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from studio.nn.equalised import EqualConv, EqualDense, MinibatchStd, PixelNorm, enlarge, shrink

SLOPE = 0.2


class Growth(nn.Module):
    """The clock of a growing network; a buffer, so that a resumed run goes on at the same α.

    Level 0 is there from the start. Level i waits until everything below it has been stable for `stable` steps, then
    fades in over `fade` steps.

    Args:
        levels: number of picture sizes.
        stable, fade: lengths in steps.
    """

    steps: Tensor

    def __init__(self, levels: int, stable: int, fade: int) -> None:
        super().__init__()
        self.levels, self.stable, self.fade = levels, stable, fade
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def tick(self) -> None:
        """Count one step."""
        self.steps += 1

    def alphas(self) -> list[float]:
        """Return how far each level has come, 0..1; the first is 1, and only the last that is not 0 may be between.

        A step's α is that of its middle. Without numbers (torch's meta device) every level is half there, so that a
        dry run sees all layers.
        """
        if self.steps.is_meta:
            return [1.0, *[0.5] * (self.levels - 1)]
        now = int(self.steps) + 0.5
        begins = [i * (self.stable + self.fade) - self.fade for i in range(1, self.levels)]
        return [1.0, *(min(max((now - begin) / self.fade, 0.0), 1.0) for begin in begins)]


def at_level(x: Tensor, sides: Sequence[int], alphas: Sequence[float]) -> Tensor:
    """Return pictures as the largest level that is there shows them, faded like the networks.

    Args:
        x: real pictures (N, C, sides[-1], sides[-1]).
        sides: of all levels.
        alphas: from `Growth`.
    """
    top = top_of(alphas)
    for _ in range(len(sides) - 1 - top):
        x = shrink(x)
    return x if alphas[top] == 1 else torch.lerp(enlarge(shrink(x), sides[top]), x, alphas[top])


def top_of(alphas: Sequence[float]) -> int:
    """Return the largest level that is there."""
    return max(i for i, alpha in enumerate(alphas) if alpha > 0)


def generator_block(channels: int, filters: int) -> nn.Sequential:
    """Return two 3 x 3 convolutions, each with a leaky ReLU and pixel norm."""
    first = [EqualConv(channels, filters), nn.LeakyReLU(SLOPE), PixelNorm()]
    return nn.Sequential(*first, EqualConv(filters, filters), nn.LeakyReLU(SLOPE), PixelNorm())


def discriminator_block(channels: int, filters: int) -> nn.Sequential:
    """Return two 3 x 3 convolutions, each with a leaky ReLU; shrinking is left to the caller."""
    first = [EqualConv(channels, channels), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*first, EqualConv(channels, filters), nn.LeakyReLU(SLOPE))


def discriminator_end(channels: int, side: int) -> nn.Sequential:
    """Return the network (N, channels, side, side) -> score (N, 1) with the minibatch standard deviation."""
    seen = [MinibatchStd(), EqualConv(channels + 1, channels), nn.LeakyReLU(SLOPE), nn.Flatten()]
    dense = EqualDense(channels * side * side, channels)
    return nn.Sequential(*seen, dense, nn.LeakyReLU(SLOPE), EqualDense(channels, 1, gain=1.0))


class GrowingGenerator(nn.Module):
    """z (N, D) -> pictures (N, C, side, side) in about -1..1, at the side of the largest level that is there.

    Args:
        latent: D.
        channels: of the picture.
        sides: of the levels, from `ladder`.
        widths: feature maps of each level.
    """

    def __init__(self, latent: int, channels: int, sides: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        self.sides, bottom, first = tuple(sides), sides[0], widths[0]
        # the paper's gain √2 / 4 makes the Dense layer start like the 4 x 4 convolution of its official code
        dense = [PixelNorm(), EqualDense(latent, first * bottom * bottom, gain=2**0.5 / 4)]
        act = [nn.Unflatten(1, (first, bottom, bottom)), nn.LeakyReLU(SLOPE), PixelNorm()]
        self.start = nn.Sequential(*dense, *act, EqualConv(first, first), nn.LeakyReLU(SLOPE), PixelNorm())
        self.blocks = nn.ModuleList(generator_block(a, b) for a, b in pairwise(widths))
        self.colours = nn.ModuleList(EqualConv(width, channels, 1, gain=1.0) for width in widths)

    def forward(self, z: Tensor, alphas: Sequence[float]) -> Tensor:
        """Return the pictures; levels whose own picture nobody sees do not make one."""
        x, picture = self.start(z), None
        for i in range(top_of(alphas) + 1):
            x = self.blocks[i - 1](enlarge(x, self.sides[i])) if i else x
            if i + 1 < len(alphas) and alphas[i + 1] == 1:
                continue
            new: Tensor = self.colours[i](x)
            picture = new if picture is None else torch.lerp(enlarge(picture, self.sides[i]), new, alphas[i])
        assert picture is not None
        return picture


class GrowingDiscriminator(nn.Module):
    """Pictures (N, C, side, side) at the side of the largest level that is there -> scores (N, 1).

    Args:
        channels: of the pictures.
        sides: of the levels, from `ladder`.
        widths: feature maps of each level.
    """

    def __init__(self, channels: int, sides: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        features = [nn.Sequential(EqualConv(channels, width, 1), nn.LeakyReLU(SLOPE)) for width in widths]
        self.features = nn.ModuleList(features)
        self.blocks = nn.ModuleList(discriminator_block(b, a) for a, b in pairwise(widths))
        self.end = discriminator_end(widths[0], sides[0])

    def forward(self, picture: Tensor, alphas: Sequence[float]) -> Tensor:
        """Return a score per picture, positive for real."""
        top = top_of(alphas)
        x = self.features[top](picture)
        for i in range(top, 0, -1):
            x, picture = shrink(self.blocks[i - 1](x)), shrink(picture)
            if alphas[i] < 1:
                x = torch.lerp(self.features[i - 1](picture), x, alphas[i])
        score: Tensor = self.end(x)
        return score
