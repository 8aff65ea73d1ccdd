"""The convolutional networks that most of the books' GANs share, stretched to any picture size.

Atienza builds nearly all of his GANs from one generator and one discriminator (Advanced Deep Learning with Keras,
2018, 4.2 and listings 6.1.1 and 6.1.2): the defaults here, with the book's parameter counts at 28 x 28. Foster's and
Chollet's differ in widths, normalisation and in how pictures are enlarged, and are the same functions with other
arguments.

Generators end without an activation: the recipe applies sigmoid or tanh. Discriminators end without one, too: logits
or scores, positive for real.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from studio.nn.dropout import Dropout
from studio.nn.keras import BATCH_NORM_MOMENTUM, Conv, ConvTranspose, Dense, batch_norm, batch_norm_units
from studio.nn.plan import plan

G_FILTERS = (128, 64, 32)
D_FILTERS = (32, 64, 128, 256)


def image_generator(
    inputs: int,
    channels: int,
    size: int,
    *,
    filters: Sequence[int] = G_FILTERS,
    strides: Sequence[int] = (2, 2, 1),
    base: int = 0,
    kernel: int = 5,
    last_kernel: int = 5,
    norm: Literal["channel", "unit", "none"] = "channel",
    momentum: float = BATCH_NORM_MOMENTUM,
    slope: float = 0.0,
    upsampling: Literal["transposed", "repeat"] = "transposed",
) -> nn.Sequential:
    """Return the network (N, inputs) -> pictures before sigmoid or tanh, (N, channels, ≥ size, ≥ size).

    A Dense layer makes a small picture of `base` channels; then each layer normalises, activates and enlarges.
    Where `size` is no multiple of the strides the result is larger: `nn.pictures.crop` it.

    Args:
        inputs: numbers a picture is made from (noise, one-hot label and codes side by side).
        channels: of the picture.
        size: side of the picture in pixels.
        filters: width of each layer, the last layer (to the picture) not counted.
        strides: enlargement of each layer, 1 or 2; fitted to `size`, missing ones are 2.
        base: channels after the Dense layer; 0 is the first of `filters`.
        kernel: side of the kernels.
        last_kernel: of the layer that makes the picture.
        norm: batch normalisation after the Dense layer per channel or per unit (later layers: per channel); "none"
            leaves all of it out, and the activation after the Dense layer with it (Chollet).
        momentum: share of the old running statistics that is kept.
        slope: of the leaky ReLU; 0 is ReLU.
        upsampling: transposed convolutions, or repeated pixels and a convolution.
    """
    steps = (*strides, *[2] * len(filters))[: len(filters)]
    layers, bottom = plan(size, tuple(filters)[::-1], steps[::-1])  # from the picture down
    width = base or layers[-1][0]
    units = width * bottom * bottom
    body: list[nn.Module] = [Dense(inputs, units)]
    body += [batch_norm_units(units, momentum)] if norm == "unit" else []
    body += [nn.Unflatten(1, (width, bottom, bottom))]
    body += [batch_norm(width, momentum)] if norm == "channel" else []
    body += [nn.LeakyReLU(slope)] if norm != "none" else []
    for wide, stride in reversed(layers):
        body += enlarge(width, wide, kernel, stride, upsampling)
        body += [batch_norm(wide, momentum)] if norm != "none" else []
        body += [nn.LeakyReLU(slope)]
        width = wide
    return nn.Sequential(*body, *enlarge(width, channels, last_kernel, 1, upsampling))


def enlarge(channels: int, filters: int, kernel: int, stride: int, upsampling: str = "transposed") -> list[nn.Module]:
    """Return layers that make pictures `stride` times larger: a transposed convolution, or repeat and convolve."""
    if upsampling == "transposed":
        return [ConvTranspose(channels, filters, kernel, stride)]
    repeat: list[nn.Module] = [nn.Upsample(scale_factor=stride)] if stride > 1 else []
    return [*repeat, Conv(channels, filters, kernel)]


def image_features(
    channels: int,
    size: int,
    *,
    filters: Sequence[int] = D_FILTERS,
    strides: Sequence[int] = (2, 2, 2, 1),
    kernel: int = 5,
    slope: float = 0.2,
    activation: Literal["before", "after"] = "before",
    norm: bool = False,
    dropout: float = 0.0,
) -> tuple[nn.Sequential, int]:
    """Return a discriminator's body (N, channels, size, size) -> (N, features), and the number of features.

    Args:
        channels: of the pictures.
        size: side of the pictures in pixels.
        filters: width of each layer.
        strides: of each layer, 1 or 2; fitted to `size`.
        kernel: side of the kernels.
        slope: of the leaky ReLU; 0 is ReLU.
        activation: before each convolution (Atienza: the raw picture, too, and none after the last) or after it.
        norm: batch normalisation before each activation, except on the raw picture; the books leave it out, because
            the GANs that they build then fail.
        dropout: after each layer.
    """
    layers, bottom = plan(size, filters, strides)
    body: list[nn.Module] = []
    for i, (width, stride) in enumerate(layers):
        before = activation == "before"
        seen = channels if before else width
        act: list[nn.Module] = [batch_norm(seen)] if norm and (i or not before) else []
        act += [nn.LeakyReLU(slope)]
        conv: list[nn.Module] = [Conv(channels, width, kernel, stride)]
        body += [*act, *conv] if before else [*conv, *act]
        body += [Dropout(dropout)] if dropout else []
        channels = width
    return nn.Sequential(*body, nn.Flatten()), channels * bottom * bottom


def label_head(features: int, classes: int, width: int = 128) -> nn.Sequential:
    """Return Atienza's classifier on a discriminator's features: two Dense layers, linear between, logits out."""
    return nn.Sequential(Dense(features, width), Dense(width, classes))


class Headed(nn.Module):
    """A body with several heads: x -> a tuple with each head's answer to the same features.

    Args:
        body: (N, ...) -> (N, features).
        heads: networks on the features; a head may be `Headed` itself.
    """

    def __init__(self, body: nn.Module, *heads: nn.Module) -> None:
        super().__init__()
        self.body, self.heads = body, nn.ModuleList(heads)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Run the body once and every head on what it says."""
        features = self.body(x)
        return tuple(head(features) for head in self.heads)
