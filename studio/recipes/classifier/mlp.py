"""Multi-layer perceptron classifier: pixels in, class probabilities out.

A stack of Dense-ReLU-Dropout on the flattened picture and a softmax, trained on cross-entropy:

    h_l = dropout(relu(W_l h_(l-1) + b_l)),   p = softmax(W h + b)

Used in: Atienza, Advanced Deep Learning with Keras (2018), 1.3 and the 18 runs of table 1.3.2; the baseline of that
book. Foster, Generative Deep Learning, ch. 2 of both editions, on CIFAR-10.

What we do differently: softmax and cross-entropy are one stable operation on logits. Table 1.3.2 counts three
layers of units, the book's listing has two hidden layers; the presets follow the listing (269,322 parameters) and
take the first two numbers. Foster's "Sequential" listing puts a Dense layer before Flatten, which is another network;
the functional one is meant (646,260 parameters).

What to expect: 98.5 % on the MNIST test set after 20 epochs (under a minute on a laptop), 49 % on CIFAR-10 after 10
(measured here: 48.4 %, and 49.9 % with averaged weights).
"""

from __future__ import annotations

import math
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
from studio.nn.keras import Dense


def perceptron(inputs: int, units: Sequence[int], classes: int, dropout: float, nonlinear: bool) -> nn.Sequential:
    """Return the network (N, C, H, W) -> logits (N, K)."""
    layers: list[nn.Module] = [nn.Flatten()]
    for width in units:
        layers += [Dense(inputs, width)]
        layers += [nn.ReLU()] if nonlinear else []
        layers += [Dropout(dropout)] if dropout else []
        inputs = width
    return nn.Sequential(*layers, Dense(inputs, classes))


def _study(row: int, name: str, units: tuple[int, ...], optimiser: str, reached: str, **config: object) -> Preset:
    """Return one row of table 1.3.2; `reached` is its training / test accuracy."""
    rate = 0.01 if optimiser == "sgd" else 1e-3  # Keras' defaults
    config = {"dropout": 0.0, **config}
    changes = ", ".join(f"{key} {value}" for key, value in config.items() if value)
    train, test = reached.split("/")
    return Preset(
        name=name,
        title=f"{'-'.join(map(str, units))}, {changes or 'nothing against overfitting'}, {optimiser}",
        source=f"Atienza, table 1.3.2 row {row}",
        data="mnist",
        config={"units": units, "optimiser": optimiser, "lr": rate, **config},
        training={"epochs": 20, "batch_size": 128},
        expects=f"{train} % training and {test} % test accuracy after 20 epochs.",
    )


@register(
    "mlp-classifier", title="MLP classifier", family="classifier", sources="Atienza 1.3, table 1.3.2; Foster ch. 2"
)
class MLPClassifier(Classifier):
    """Dense layers that name what they see."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the perceptron."""

        units: Annotated[tuple[int, ...], Knob("Units", 1, 8192, help="Width of each hidden layer.")] = (256, 256)
        activation: Annotated[bool, Knob("ReLU", help="Without it the layers collapse to one linear map.")] = True
        dropout: Annotated[float, Knob("Dropout", 0.0, 0.95, help="Share of units silenced; off when predicting.")] = (
            0.45
        )
        l2: Annotated[float, Knob("L2 on kernels", 0.0, 1.0, help="Adds λ Σ w² to the loss.", group="Optimiser")] = 0.0
        optimiser: Annotated[OptimiserName, Knob("Optimiser", group="Optimiser")] = "adam"
        lr: Annotated[float, Knob("Learning rate", 1e-6, 10.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    presets = (
        Preset(
            name="atienza",
            title="MLP 256-256, dropout 0.45, Adam",
            source="Atienza 1.3, table 1.3.2 row 16",
            data="mnist",
            training={"epochs": 20, "batch_size": 128},
            expects="98.5 % test accuracy after 20 epochs (99.39 % training).",
        ),
        _study(1, "linear-sgd", (256, 256), "sgd", "93.65/92.5", activation=False),
        _study(2, "l2-sgd", (256, 256), "sgd", "99.35/98.0", l2=0.001),
        _study(3, "l2-strong-sgd", (256, 256), "sgd", "96.90/96.7", l2=0.01),
        _study(4, "sgd", (256, 256), "sgd", "99.93/98.0"),
        _study(5, "dropout40-sgd", (256, 256), "sgd", "98.23/98.1", dropout=0.4),
        _study(6, "dropout45-sgd", (256, 256), "sgd", "98.07/98.1", dropout=0.45),
        _study(7, "dropout50-sgd", (256, 256), "sgd", "97.68/98.1", dropout=0.5),
        _study(8, "dropout60-sgd", (256, 256), "sgd", "97.11/97.9", dropout=0.6),
        _study(9, "bulge-sgd", (256, 512), "sgd", "98.21/98.2", dropout=0.45),
        _study(10, "512-dropout20-sgd", (512, 512), "sgd", "99.45/98.3", dropout=0.2),
        _study(11, "512-dropout40-sgd", (512, 512), "sgd", "98.95/98.3", dropout=0.4),
        _study(12, "512-bulge-sgd", (512, 1024), "sgd", "98.90/98.2", dropout=0.45),
        _study(13, "wide-sgd", (1024, 1024), "sgd", "99.37/98.3", dropout=0.4),
        _study(14, "dropout60", (256, 256), "adam", "98.64/98.2", dropout=0.6),
        _study(15, "dropout55", (256, 256), "adam", "99.02/98.3", dropout=0.55),
        _study(17, "rmsprop", (256, 256), "rmsprop", "98.75/98.1", dropout=0.45),
        _study(18, "narrow", (128, 128), "adam", "98.70/97.7", dropout=0.45),
        Preset(
            name="three-layers",
            title="MLP 256-256-256, as the table's heading has it",
            source="Atienza, table 1.3.2 row 16, read literally",
            data="mnist",
            config={"units": (256, 256, 256)},
            training={"epochs": 20, "batch_size": 128},
            expects="335,114 parameters; the book's 269,322 belong to two hidden layers. No figure of its own.",
        ),
        Preset(
            name="foster",
            title="MLP 200-150 on CIFAR-10",
            source="Foster 1st ed. ch. 2; 2nd ed. table 2-1",
            data="cifar10",
            config={"units": (200, 150), "dropout": 0.0, "lr": 5e-4},
            training={"epochs": 10, "batch_size": 32},
            shape=(3, 32, 32),
            expects="48.96 % test accuracy and a test loss of 1.4358 after 10 epochs.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create the network and its optimiser."""
        c = self.config
        network = perceptron(math.prod(spec.shape), c.units, len(spec.classes), c.dropout, c.activation)
        self.network = compute.prepare(network)
        self.opt = optimiser(compute, c.optimiser, self.network, c.lr, c.l2)
