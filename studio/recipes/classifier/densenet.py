"""Densely connected network: every layer sees the outputs of all layers before it in its block.

    x_l = H([x_0, x_1, …, x_(l-1)]),   H = BN - ReLU - Conv1 (4 k) - BN - ReLU - Conv3 (k)      (bottleneck, "B")

Between blocks a transition BN - Conv1 - AvgPool 2 keeps a share θ of the maps (compression, "C"). With growth rate k
each layer adds only k maps, so the network is narrow, and gradients reach every layer directly. Huang 2017,
arXiv:1608.06993.

Used in: Atienza, Advanced Deep Learning with Keras (2018), 2.4.

What we do differently: nothing in the network; it follows the author's released program where the book says less. As
there, the stem is joined with the picture itself, a transition's width ignores those first channels, nothing is
normalised before the last pooling, and a depth between two that fit is rounded down. The plateau reducer is left out:
the step table writes the rate anew at every epoch. Dropout follows the convolutions when there is no augmentation
(0.2 in the program); here it is a knob. 797,788 parameters count the running statistics, 774,376 are trained.

What to expect: 93.74 % on the CIFAR-10 test set after 200 epochs (paper: 95.49 %); 225 s per epoch on the author's GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from studio.core.compute import Compute
from studio.core.knobs import Knob
from studio.core.recipe import Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.classification import Classifier, OptimiserName, optimiser
from studio.nn.dropout import Dropout
from studio.nn.keras import Conv, Dense, batch_norm, he_normal_


class Joined(nn.Sequential):
    """[x, H(x)]: (N, C, H, W) -> (N, C + k, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        """Append what the layers make of x."""
        made = x
        for layer in self:
            made = layer(made)
        return torch.cat([x, made], dim=1)


def unit(inputs: int, filters: int, kernel: int, dropout: float) -> list[nn.Module]:
    """Return normalise, activate, convolve."""
    dropouts = [Dropout(dropout)] if dropout else []
    return [batch_norm(inputs), nn.ReLU(), Conv(inputs, filters, kernel), *dropouts]


def dense_layer(inputs: int, c: DenseNet.Config) -> Joined:
    """Return the layer (N, inputs, H, W) -> (N, inputs + k, H, W)."""
    if not c.bottleneck:
        return Joined(*unit(inputs, c.growth, 3, c.dropout))
    narrow = 4 * c.growth
    return Joined(*unit(inputs, narrow, 1, c.dropout), *unit(narrow, c.growth, 3, c.dropout))


def transition(inputs: int, filters: int, dropout: float) -> list[nn.Module]:
    """Return (N, inputs, H, W) -> (N, filters, H / 2, W / 2)."""
    dropouts = [Dropout(dropout)] if dropout else []
    return [batch_norm(inputs), Conv(inputs, filters, 1), *dropouts, nn.AvgPool2d(2)]


def densenet(channels: int, classes: int, c: DenseNet.Config) -> nn.Sequential:
    """Return the network (N, C, H, W) -> logits (N, K)."""
    layers = max(1, (c.depth - 4) // (c.blocks * (2 if c.bottleneck else 1)))
    counted = 2 * c.growth  # the picture's own channels are not
    body: list[nn.Module] = [Joined(*unit(channels, counted, 3, 0.0))]
    width = channels + counted
    for block in range(c.blocks):
        for _ in range(layers):
            body += [dense_layer(width, c)]
            width += c.growth
        if block < c.blocks - 1:
            counted = max(1, int((counted + layers * c.growth) * c.compression))
            body += transition(width, counted, c.dropout)
            width = counted
    network = nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), Dense(width, classes))
    he_normal_(network)
    return network


def _book(name: str, title: str, expects: str, **config: object) -> Preset:
    return Preset(
        name=name,
        title=title,
        source="Atienza 2.4",
        data="cifar10",
        config=config,
        training={
            "epochs": 200,
            "batch_size": 32,
            "schedule": "milestones",
            "milestones": "80: 0.1, 120: 0.01, 160: 0.001, 180: 0.0005",
        },
        data_options={"flip": True, "shift": 0.1},
        shape=(3, 32, 32),
        expects=expects,
    )


@register("densenet", title="DenseNet", family="classifier", sources="Huang 2017 arXiv:1608.06993; Atienza 2.4")
class DenseNet(Classifier):
    """Layers that see all layers before them name what they see."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the densely connected network."""

        depth: Annotated[int, Knob("Depth", 7, 400, help="Layers with weights: 4 + layers in the blocks.")] = 100
        growth: Annotated[int, Knob("Growth rate", 2, 64, help="Maps that each layer adds (k).")] = 12
        blocks: Annotated[int, Knob("Blocks", 1, 4, help="Each but the first sees pictures of half the size.")] = 3
        bottleneck: Annotated[bool, Knob("Bottleneck", help="A 1x1 convolution to 4 k maps in every layer.")] = True
        compression: Annotated[float, Knob("Compression", 0.1, 1.0, help="Share of maps kept between blocks.")] = 0.5
        dropout: Annotated[float, Knob("Dropout", 0.0, 0.95, help="0.2 without augmentation, 0 with.")] = 0.0
        optimiser: Annotated[OptimiserName, Knob("Optimiser", group="Optimiser")] = "rmsprop"
        lr: Annotated[float, Knob("Learning rate", 1e-6, 10.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    presets = (
        _book("bc-100", "DenseNet-BC-100, k = 12", "93.74 % test accuracy after 200 epochs (paper: 95.49 %)."),
        _book(
            "40",
            "DenseNet-40, k = 12, without bottleneck and compression",
            "Not run in the book; the paper states 94.76 %.",
            depth=40,
            bottleneck=False,
            compression=1.0,
        ),
        _book(
            "bc-250",
            "DenseNet-BC-250, k = 24",
            "Named in the book, not run: too large for the author's GPU. The paper states 96.38 %.",
            depth=250,
            growth=24,
        ),
        _book(
            "bc-190",
            "DenseNet-BC-190, k = 40",
            "Named in the book, not run: too large for the author's GPU. The paper states 96.54 %.",
            depth=190,
            growth=40,
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create the network and its optimiser."""
        c = self.config
        self.network = compute.prepare(densenet(spec.shape[0], len(spec.classes), c))
        self.opt = optimiser(compute, c.optimiser, self.network, c.lr)
