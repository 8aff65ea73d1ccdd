"""Networks that turn pictures into pictures, and those that judge patches of them.

    U-Net       Ronneberger 2015, arXiv:1505.04597: what the way down saw is joined to the way up, channel by channel
    residual    Johnson 2016, arXiv:1603.08155; Zhu 2017, arXiv:1703.10593: halve, change at constant size, double
    PatchGAN    Isola 2017, arXiv:1611.07004: a verdict for every patch, from convolutions alone

All of them take any picture size: layers are added or lose their stride (`studio/nn/plan.py`), and what a doubling
makes too large is cut to the size of its partner.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from studio.nn.dropout import Dropout
from studio.nn.keras import Conv, ConvTranspose, Dense, batch_norm
from studio.nn.plan import SMALLEST, plan

Norm = Literal["scalar", "instance", "batch"]
SLOPE = 0.2
"""Of every LeakyReLU here, as in the papers and both books."""
EPSILON = 1e-3


class ScalarInstanceNorm(nn.Module):
    """keras-contrib's `InstanceNormalization()` without an axis: one mean, deviation, gain and bias per picture.

        y = γ (x - mean) / (std + 0.001) + β,    mean and std over C, H and W of one picture

    What Atienza's listings really compute; the paper's instance normalisation (Ulyanov 2016, arXiv:1607.08022) keeps
    the channels apart (`norm("instance", …)`).
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(1)), nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, C, H, W), in float32 also under autocast."""
        variance, mean = torch.var_mean(x.float(), dim=(1, 2, 3), correction=0, keepdim=True)
        deviation = (variance + 1e-12).sqrt()  # the slope of a root at zero would be infinite: an empty picture
        return self.weight * (x - mean) / (deviation + EPSILON) + self.bias


def norm(kind: Norm, channels: int) -> nn.Module:
    """Return a normalisation of feature maps: "scalar" (keras-contrib's), "instance" (no gain, no bias) or "batch"."""
    if kind == "scalar":
        return ScalarInstanceNorm()
    return nn.InstanceNorm2d(channels, eps=EPSILON) if kind == "instance" else batch_norm(channels, 0.9)


class UNet(nn.Module):
    """A chain down, a chain up, and joins between equal sizes.

    Args:
        downs: blocks; each takes what the one before it made.
        ups: one fewer; the first takes the bottom, the others what came before joined to its partner on the way down.
        head: makes the picture from the last join.
    """

    def __init__(self, downs: Sequence[nn.Module], ups: Sequence[nn.Module], head: nn.Module) -> None:
        super().__init__()
        self.downs, self.ups, self.head = nn.ModuleList(downs), nn.ModuleList(ups), head

    def forward(self, x: Tensor) -> Tensor:
        """Turn (N, C, H, W) into (N, C', H, W)."""
        height, width = x.shape[-2:]
        seen = []
        for down in self.downs:
            x = down(x)
            seen.append(x)
        seen.pop()
        for up, partner in zip(self.ups, reversed(seen), strict=True):
            x = torch.cat([up(x)[..., : partner.shape[-2], : partner.shape[-1]], partner], dim=1)
        made: Tensor = self.head(x)[..., :height, :width]
        return made


def preactivated_unet(
    inputs: int, outputs: int, size: int, filters: Sequence[int], kernel: int, kind: Norm = "scalar"
) -> UNet:
    """Return Atienza's U-Net (7.1): norm, activation, convolution in this order; pictures in 0..1.

    Args:
        inputs: channels of the source.
        outputs: channels of the target.
        size: side of the picture.
        filters: width of each level; the first keeps the size, the others halve it.
        kernel: 3 for domains that lie close together, 5 for distant ones.
        kind: normalisation.
    """
    layers, _ = plan(size, filters, (1,))
    downs, ups, width = [], [], inputs
    for f, stride in layers:
        downs.append(nn.Sequential(norm(kind, width), nn.LeakyReLU(SLOPE), Conv(width, f, kernel, stride)))
        width = f
    for i in reversed(range(len(layers) - 1)):
        f = layers[i][0]
        ups.append(nn.Sequential(norm(kind, width), nn.ReLU(), ConvTranspose(width, f, kernel, layers[i + 1][1])))
        width = 2 * f
    return UNet(downs, ups, nn.Sequential(ConvTranspose(width, outputs, kernel), nn.Sigmoid()))


def upsampling_unet(
    inputs: int, outputs: int, size: int, filters: Sequence[int], kernel: int = 4, kind: Norm = "instance"
) -> UNet:
    """Return Foster's U-Net (chapter 5): repeat and convolve on the way up, ReLU throughout, pictures in -1..1."""
    layers, _ = plan(size, filters, ())
    downs, ups, width = [], [], inputs
    for f, stride in layers:
        downs.append(nn.Sequential(Conv(width, f, kernel, stride), norm(kind, f), nn.ReLU()))
        width = f
    for i in reversed(range(len(layers) - 1)):
        f = layers[i][0]
        repeat = nn.Upsample(scale_factor=layers[i + 1][1])
        ups.append(nn.Sequential(repeat, Conv(width, f, kernel), norm(kind, f), nn.ReLU()))
        width = 2 * f
    repeat = nn.Upsample(scale_factor=layers[0][1])
    return UNet(downs, ups, nn.Sequential(repeat, Conv(width, outputs, kernel), nn.Tanh()))


def deep_unet(
    inputs: int, outputs: int, size: int, filters: Sequence[int], dropout: float, kind: Norm = "batch"
) -> UNet:
    """Return the U-Net of pix2pix (Isola 2017, 6.1.1): halve down to next to nothing; pictures in -1..1.

    Args:
        inputs: channels of the source.
        outputs: channels of the target.
        size: side of the picture; as many levels of `filters` are used as it can be halved.
        filters: width of each level.
        dropout: of the first three blocks on the way up, the only source of chance.
        kind: normalisation; neither the first nor the last level down has one.
    """
    levels = filters[: max(1, size.bit_length() - 1)]
    downs: list[nn.Module] = [Conv(inputs, levels[0], 4, 2)]
    for i in range(1, len(levels)):
        normed = [norm(kind, levels[i])] if i < len(levels) - 1 else []
        downs.append(nn.Sequential(nn.LeakyReLU(SLOPE), Conv(levels[i - 1], levels[i], 4, 2), *normed))
    ups: list[nn.Module] = []
    width = levels[-1]
    for i in reversed(range(len(levels) - 1)):
        f = levels[i]
        noise = [Dropout(dropout)] if dropout and len(ups) < 3 else []
        ups.append(nn.Sequential(nn.ReLU(), ConvTranspose(width, f, 4, 2), norm(kind, f), *noise))
        width = 2 * f
    return UNet(downs, ups, nn.Sequential(nn.ReLU(), ConvTranspose(width, outputs, 4, 2), nn.Tanh()))


class ResidualBlock(nn.Module):
    """x + norm(conv(ReLU(norm(conv(x))))), mirrored at the border; nothing follows the sum."""

    def __init__(self, channels: int, kind: Norm) -> None:
        super().__init__()
        first = [nn.ReflectionPad2d(1), Conv(channels, channels, 3, same=False), norm(kind, channels), nn.ReLU()]
        second = [nn.ReflectionPad2d(1), Conv(channels, channels, 3, same=False), norm(kind, channels)]
        self.body = nn.Sequential(*first, *second)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W) of the same shape."""
        return x + self.body(x)  # type: ignore[no-any-return]


def residual_generator(inputs: int, outputs: int, filters: int, blocks: int, kind: Norm = "instance") -> nn.Sequential:
    """Return the residual generator of CycleGAN (Zhu 2017, 7.2; Foster, chapter 5): pictures in -1..1.

    Sizes that are no multiple of 4 come back up to 3 pixels larger (`studio.nn.pictures.crop`).

    Args:
        inputs: channels of the source.
        outputs: channels of the target.
        filters: width at full size; twice and four times as wide at the half and the quarter.
        blocks: residual blocks at a quarter of the size: 6 at 128 px, 9 at 256.
        kind: normalisation.
    """
    layers: list[nn.Module] = [nn.ReflectionPad2d(3), Conv(inputs, filters, 7, same=False)]
    layers += [norm(kind, filters), nn.ReLU()]
    for f in (2 * filters, 4 * filters):
        layers += [Conv(f // 2, f, 3, 2), norm(kind, f), nn.ReLU()]
    layers += [ResidualBlock(4 * filters, kind) for _ in range(blocks)]
    for f in (2 * filters, filters):
        layers += [ConvTranspose(2 * f, f, 3, 2), norm(kind, f), nn.ReLU()]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), Conv(filters, outputs, 7, same=False), nn.Tanh())


def discriminator(
    channels: int,
    size: int,
    filters: Sequence[int],
    kernel: int = 4,
    kind: Norm | None = "instance",
    patch_stride: int = 1,
) -> nn.Sequential:
    """Return a discriminator (N, C, H, W) -> a grid of verdicts (N, 1, h, w), or one verdict (N, 1).

    With kernel 4 and four widths a verdict sees 70 x 70 pixels (Isola 2017).

    Args:
        channels: of the picture, or of source and picture joined.
        size: side of the picture; only the one verdict's weights depend on it.
        filters: widths; all but the last layer halve the size, while it is above 4.
        kernel: of every convolution.
        kind: normalisation of all but the first layer; None for none.
        patch_stride: of the last convolution; 0 gives one verdict of the whole picture.
    """
    layers: list[nn.Module] = []
    for i, f in enumerate(filters):
        stride = 2 if i < len(filters) - 1 and size > SMALLEST else 1
        layers += [Conv(channels, f, kernel, stride), *([norm(kind, f)] if kind and i else []), nn.LeakyReLU(SLOPE)]
        channels, size = f, -(-size // stride)
    if patch_stride:
        return nn.Sequential(*layers, Conv(channels, 1, kernel, patch_stride))
    return nn.Sequential(*layers[:-1], nn.Flatten(), Dense(channels * size * size, 1))
