"""Residual network: every block only adds what it changes, so that a hundred layers can learn; versions 1 and 2.

    v1:  x_(l+1) = relu(x_l + F(x_l)),  F = Conv3 - BN - ReLU - Conv3 - BN                depth = 6 n + 2
    v2:  x_(l+1) = x_l + F(x_l),        F = [BN - ReLU - Conv] for k 1, 3, 1              depth = 9 n + 2

Three stages of n blocks; each halves the picture and doubles the filters. A block only has to learn what to change, and
the gradient reaches the first layers unhindered. He 2016, arXiv:1512.03385, and (v2, pre-activation) arXiv:1603.05027.

Used in: Atienza, Advanced Deep Learning with Keras (2018), 2.2 and 2.3.

What we do differently: the author's program subtracts the mean picture of the training set; here the normalisation
after the first convolution takes the mean away. Its plateau reducer is left out: the step table writes the rate anew at
every epoch, so it never had an effect. The penalty of 1e-4, the batch of 32 and the factors of the step table stand
only in that program; the penalty here holds the last Dense layer, too, which the program leaves free. Section 2.3
prints n = 9 and 18 for v2; 6 and 12 are meant. Convolutions keep their biases, as in Keras: 274,442 parameters at depth
20.

What to expect: on the CIFAR-10 test set after 200 epochs 92.16 % (ResNet20 v1, 35 s per epoch on the author's GPU) to
93.15 % (ResNet110 v2, 180 s). Measured on one CPU core: ResNet20 reaches 77.8 % in 6 epochs (12 minutes), the steps of
the rate moved to epochs 4 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from torch import Tensor, nn

from studio.core.compute import Compute
from studio.core.errors import BadConfig
from studio.core.knobs import Knob
from studio.core.recipe import Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.classification import Classifier, OptimiserName, optimiser
from studio.nn.keras import Conv, Dense, batch_norm, he_normal_

STAGES = 3


class Residual(nn.Module):
    """x + F(x), or P x + F(x) where the shape changes; (N, C, H, W) -> (N, filters, H / stride, W / stride).

    Args:
        body: F.
        shortcut: P, a 1x1 convolution, or the identity.
        last: what follows the sum.
    """

    def __init__(self, body: nn.Module, shortcut: nn.Module, last: nn.Module) -> None:
        super().__init__()
        self.body, self.shortcut, self.last = body, shortcut, last

    def forward(self, x: Tensor) -> Tensor:
        """Add what the block changes."""
        y: Tensor = self.last(self.shortcut(x) + self.body(x))
        return y


def before(inputs: int, filters: int, kernel: int = 1, stride: int = 1) -> list[nn.Module]:
    """Return v2's unit: normalise and activate, then convolve."""
    return [batch_norm(inputs), nn.ReLU(), Conv(inputs, filters, kernel, stride)]


def stages_v1(n: int, filters: int) -> tuple[list[nn.Module], int]:
    """Return 3 n blocks (N, filters, H, W) -> (N, 4 filters, H / 4, W / 4), and their last width."""
    blocks: list[nn.Module] = []
    inputs, width = filters, filters
    for i in range(STAGES * n):
        stride = 2 if i and i % n == 0 else 1
        width = width * stride
        body = [Conv(inputs, width, 3, stride), batch_norm(width), nn.ReLU(), Conv(width, width), batch_norm(width)]
        shortcut = Conv(inputs, width, 1, stride) if stride > 1 else nn.Identity()
        blocks += [Residual(nn.Sequential(*body), shortcut, nn.ReLU())]
        inputs = width
    return blocks, width


def stages_v2(n: int, filters: int) -> tuple[list[nn.Module], int]:
    """Return 3 n bottlenecks, BN and ReLU, (N, filters, H, W) -> (N, 16 filters, H / 4, W / 4), and the last width."""
    blocks: list[nn.Module] = []
    inputs, narrow, wide = filters, filters, 4 * filters
    for i in range(STAGES * n):
        first, stride = i % n == 0, 2 if i and i % n == 0 else 1
        if first and i:
            narrow, wide = wide, 2 * wide
        start = before(inputs, narrow, 1, stride) if i else [Conv(inputs, narrow, 1)]  # the stem has normalised
        body = [*start, *before(narrow, narrow, 3), *before(narrow, wide)]
        shortcut = Conv(inputs, wide, 1, stride) if first else nn.Identity()
        blocks += [Residual(nn.Sequential(*body), shortcut, nn.Identity())]
        inputs = wide
    return [*blocks, batch_norm(wide), nn.ReLU()], wide


def resnet(channels: int, classes: int, version: str, depth: int, filters: int) -> nn.Sequential:
    """Return the network (N, C, H, W) -> logits (N, K).

    Raises:
        BadConfig: there is no network of that depth.
    """
    layers = 2 * STAGES if version == "v1" else 3 * STAGES
    n, rest = divmod(depth - 2, layers)
    if rest or n < 1:
        near = max(1, round((depth - 2) / layers)) * layers + 2
        raise BadConfig(
            f"There is no ResNet {version} of depth {depth}.", f"The depth is {layers} n + 2, such as {near}."
        )
    blocks, width = (stages_v1 if version == "v1" else stages_v2)(n, filters)
    stem = [Conv(channels, filters), batch_norm(filters), nn.ReLU()]
    network = nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), Dense(width, classes))
    he_normal_(network)
    return network


def _book(version: str, depth: int, book: str, paper: str) -> Preset:
    """Return a row of tables 2.2.2 and 2.3.1."""
    return Preset(
        name=f"{version}-{depth}",
        title=f"ResNet{depth} {version}",
        source="Atienza 2.2, table 2.2.2" if version == "v1" else "Atienza 2.3",
        data="cifar10",
        config={"version": version, "depth": depth},
        training={
            "epochs": 200,
            "batch_size": 32,
            "schedule": "milestones",
            "milestones": "80: 0.1, 120: 0.01, 160: 0.001, 180: 0.0005",
        },
        data_options={"flip": True, "shift": 0.1},
        shape=(3, 32, 32),
        expects=f"{book} % test accuracy after 200 epochs ({paper}).",
    )


@register(
    "resnet", title="ResNet", family="classifier", sources="He 2016 arXiv:1512.03385, 1603.05027; Atienza 2.2, 2.3"
)
class ResNet(Classifier):
    """Many layers with shortcuts that name what they see."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the residual network."""

        version: Annotated[Literal["v1", "v2"], Knob("Version", help="v2 normalises before, and has bottlenecks.")] = (
            "v1"
        )
        depth: Annotated[int, Knob("Depth", 8, 1202, help="v1: 6 n + 2 (20, 32, 44, 56, 110); v2: 9 n + 2.")] = 20
        filters: Annotated[int, Knob("Filters", 4, 512, help="Of the first stage.")] = 16
        l2: Annotated[float, Knob("L2 on kernels", 0.0, 1.0, help="Adds λ Σ w² to the loss.", group="Optimiser")] = 1e-4
        optimiser: Annotated[OptimiserName, Knob("Optimiser", group="Optimiser")] = "adam"
        lr: Annotated[float, Knob("Learning rate", 1e-6, 10.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    presets = (
        _book("v1", 20, "92.16", "paper: 91.25 %"),
        _book("v1", 32, "92.46", "paper: 92.49 %"),
        _book("v1", 44, "92.50", "paper: 92.83 %"),
        _book("v1", 56, "92.71", "paper: 93.03 %"),
        _book("v1", 110, "92.65", "paper: 93.57 %"),
        _book("v2", 56, "93.01", "not in the paper"),
        _book("v2", 110, "93.15", "paper: 93.63 %"),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create the network and its optimiser."""
        c = self.config
        network = resnet(spec.shape[0], len(spec.classes), c.version, c.depth, c.filters)
        self.network = compute.prepare(network)
        self.opt = optimiser(compute, c.optimiser, self.network, c.lr, c.l2)
