"""Multi-layer perceptron classifier: pixels in, class probabilities out.

A stack of Dense-ReLU-Dropout on the flattened picture and a softmax, trained on cross-entropy:

    L = -mean_i log p(y_i | x_i) + λ Σ w²          (kernels only)

Used in: Atienza, Advanced Deep Learning with Keras (2018), 1.3 and the study of table 1.3.2; the baseline of that book.

What we do differently: softmax and cross-entropy are one stable operation on logits. Table 1.3.2 counts three
layers of units, the book's listing has two hidden layers; the presets follow the listing (269,322 parameters).

What to expect: 98.5 % on the MNIST test set after 20 epochs (under a minute on a laptop).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from studio.core.capabilities import Classifies
from studio.core.compute import Compute
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Recipe
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.keras import Dense, l2_penalty
from studio.nn.pictures import answers, to_pixels


def perceptron(inputs: int, units: Sequence[int], classes: int, dropout: float, nonlinear: bool) -> nn.Sequential:
    """Return the network (N, C, H, W) -> logits (N, K)."""
    layers: list[nn.Module] = [nn.Flatten()]
    for width in units:
        layers += [Dense(inputs, width)]
        layers += [nn.ReLU()] if nonlinear else []
        layers += [nn.Dropout(dropout)] if dropout else []
        inputs = width
    return nn.Sequential(*layers, Dense(inputs, classes))


def _study(name: str, units: tuple[int, ...], optimiser: str, train: str, test: str, **config: object) -> Preset:
    """Return one row of table 1.3.2."""
    rate = 0.01 if optimiser == "sgd" else 1e-3
    return Preset(
        name=name,
        title=f"{'-'.join(map(str, units))}, {optimiser}, {config}".replace("'", ""),
        source="Atienza, table 1.3.2",
        data="mnist",
        config={"units": units, "optimiser": optimiser, "lr": rate, **config},
        training={"epochs": 20, "batch_size": 128},
        expects=f"{train} % training and {test} % test accuracy after 20 epochs.",
    )


@register("mlp-classifier", title="MLP classifier", family="classifier", sources="Atienza 1.3, table 1.3.2")
class MLPClassifier(Recipe, Classifies):
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
        optimiser: Annotated[Literal["adam", "sgd", "rmsprop"], Knob("Optimiser", group="Optimiser")] = "adam"
        lr: Annotated[float, Knob("Learning rate", 1e-6, 10.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    needs_labels = True
    best_metric, best_mode = "accuracy", "max"
    presets = (
        Preset(
            name="atienza",
            title="MLP 256-256, dropout 0.45, Adam",
            source="Atienza 1.3, table 1.3.2 row 16",
            data="mnist",
            training={"epochs": 20, "batch_size": 128},
            expects="98.5 % test accuracy after 20 epochs (99.39 % training).",
        ),
        _study("linear-sgd", (256, 256), "sgd", "93.65", "92.5", dropout=0.0, activation=False),
        _study("sgd", (256, 256), "sgd", "99.93", "98.0", dropout=0.0),
        _study("l2-sgd", (256, 256), "sgd", "99.35", "98.0", dropout=0.0, l2=0.001),
        _study("wide-sgd", (1024, 1024), "sgd", "99.37", "98.3", dropout=0.4),
        _study("rmsprop", (256, 256), "rmsprop", "98.75", "98.1", dropout=0.45),
        _study("narrow", (128, 128), "adam", "98.70", "97.7", dropout=0.45),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create the network and its optimiser."""
        c = self.config
        network = perceptron(math.prod(spec.shape), c.units, len(spec.classes), c.dropout, c.activation)
        self.network = compute.prepare(network)
        makers: dict[str, Callable[..., Optimizer]] = {
            "adam": compute.adam,
            "sgd": compute.sgd,
            "rmsprop": compute.rmsprop,
        }
        self.opt = makers[c.optimiser](self.network.parameters(), lr=c.lr)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Do one step on the cross-entropy."""
        metrics = self._metrics(batch)
        penalty = self.config.l2 * l2_penalty(self.network) if self.config.l2 else 0.0
        self.compute.minimise(metrics["loss"] + penalty, self.opt)
        return {name: value.detach() for name, value in metrics.items()}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the cross-entropy (nats, without the penalty) and the accuracy (0..1)."""
        return self._metrics(batch)

    def _metrics(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.network(batch.x).float()  # (N, K)
        assert batch.y is not None  # the engine refuses unlabelled data
        accuracy = (logits.argmax(dim=1) == batch.y).float().mean()
        return {"loss": F.cross_entropy(logits, batch.y), "accuracy": accuracy}

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show held-out pictures with the answer, its probability and, when wrong, the truth."""
        assert batch.y is not None
        x, y = batch.x[:32], batch.y[:32]
        captions = answers(self.classify(x), y, self.spec.classes)
        yield Images(0, "predictions", to_pixels(x), columns=8, captions=captions)

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """Return class probabilities (N, K)."""
        probabilities: Tensor = self.network(x).float().softmax(dim=1)
        return probabilities
