"""Convolutional classifier: three convolutions with pooling, dropout and a softmax.

    [Conv k3 valid - ReLU - MaxPool 2] x 2 - Conv k3 valid - ReLU - Flatten - Dropout - Dense

Fewer parameters than the perceptron (80,266 against 269,322) and a better score.

Used in: Atienza, Advanced Deep Learning with Keras (2018), 1.4.

What we do differently: softmax and cross-entropy are one stable operation on logits. Pictures too small for a
"valid" convolution or a pooling get "same" padding or no pooling instead. The book prints 80,226 parameters in the
prose and 80,266 in the summary; the summary is right.

What to expect: 99.4 % on the MNIST test set within 10 epochs (a few minutes on a laptop).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from torch import nn

from studio.core.compute import Compute
from studio.core.knobs import Knob
from studio.core.recipe import Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.classification import Classifier, OptimiserName, optimiser
from studio.nn.dropout import Dropout
from studio.nn.keras import Conv, Dense
from studio.nn.plan import square

KERNEL = 3


def convolutions(
    channels: int, size: int, filters: Sequence[int], classes: int, dropout: float, nonlinear: bool
) -> nn.Sequential:
    """Return the network (N, C, size, size) -> logits (N, K)."""
    layers: list[nn.Module] = []
    for i, width in enumerate(filters):
        same = size < 2 * KERNEL - 1  # a valid convolution would leave next to nothing
        layers += [Conv(channels, width, KERNEL, same=same)]
        layers += [nn.ReLU()] if nonlinear else []
        channels, size = width, size if same else size - KERNEL + 1
        if i < len(filters) - 1 and size >= 4:
            layers, size = [*layers, nn.MaxPool2d(2)], size // 2
    dropouts = [Dropout(dropout)] if dropout else []
    return nn.Sequential(*layers, nn.Flatten(), *dropouts, Dense(channels * size * size, classes))


@register("cnn-classifier", title="CNN classifier", family="classifier", sources="Atienza 1.4")
class CNNClassifier(Classifier):
    """Convolutions that name what they see."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the convolutional network."""

        filters: Annotated[tuple[int, ...], Knob("Filters", 1, 2048, help="Width of each convolution.")] = (64, 64, 64)
        activation: Annotated[bool, Knob("ReLU", help="Without it only the pooling is nonlinear.")] = True
        dropout: Annotated[float, Knob("Dropout", 0.0, 0.95, help="Before the last layer; off when predicting.")] = 0.2
        l2: Annotated[float, Knob("L2 on kernels", 0.0, 1.0, help="Adds λ Σ w² to the loss.", group="Optimiser")] = 0.0
        optimiser: Annotated[OptimiserName, Knob("Optimiser", group="Optimiser")] = "adam"
        lr: Annotated[float, Knob("Learning rate", 1e-6, 10.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    presets = (
        Preset(
            name="atienza",
            title="CNN 64-64-64, dropout 0.2, Adam",
            source="Atienza 1.4",
            data="mnist",
            training={"epochs": 10, "batch_size": 128},
            expects="99.4 % test accuracy within 10 epochs.",
        ),
        Preset(
            name="functional",
            title="CNN 64-64-64, dropout 0.3, 20 epochs",
            source="Atienza 2.1",
            data="mnist",
            config={"dropout": 0.3},
            training={"epochs": 20, "batch_size": 128},
            expects="99.3 to 99.4 % test accuracy over 20 epochs.",
        ),
        Preset(
            name="sgd",
            title="CNN 64-64-64 with plain SGD",
            source="Atienza 1.4, study",
            data="mnist",
            config={"optimiser": "sgd", "lr": 0.01},
            training={"epochs": 10, "batch_size": 128},
            expects="Not printed in the book; slower than Adam.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create the network and its optimiser."""
        c, (channels, size) = self.config, square(spec)
        network = convolutions(channels, size, c.filters, len(spec.classes), c.dropout, c.activation)
        self.network = compute.prepare(network)
        self.opt = optimiser(compute, c.optimiser, self.network, c.lr, c.l2)
