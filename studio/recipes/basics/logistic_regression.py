"""Logistic regression on raw pixels: one weight per pixel and class, the simplest classifier there is.

    p(y | x) = softmax(W x + b),        L = -mean_i log p(y_i | x_i) + λ Σ w²

Used in: Foster, Generative Deep Learning, 1st ed. (2019) and 2nd ed. (2023), chapter 2: named as what is fine for
tables but not for pictures, since a pixel by itself means little. No figures are printed.

What we do differently: the preview also shows the weights as pictures, one per class: grey is zero, white speaks for
the class and black against it.

What to expect: 92.6 to 92.8 % on MNIST after 10 epochs (10 seconds on a CPU), 39.3 % on CIFAR-10 at best (37.2 % at the
end). The weights look like ghosts of digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from torch import nn

from studio.core.compute import Compute
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.classification import Classifier, OptimiserName, optimiser
from studio.nn.keras import Dense
from studio.nn.pictures import to_pixels


@register(
    "logistic-regression",
    title="Logistic regression",
    family="basics",
    sources="Foster (2019) ch. 2; Foster (2023) ch. 2",
)
class LogisticRegression(Classifier):
    """One linear layer and a softmax."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the regression."""

        l2: Annotated[float, Knob("L2 on weights", 0.0, 1.0, help="Adds λ Σ w² to the loss.", group="Optimiser")] = 0.0
        optimiser: Annotated[OptimiserName, Knob("Optimiser", group="Optimiser")] = "adam"
        lr: Annotated[float, Knob("Learning rate", 1e-6, 10.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    presets = (
        Preset(
            name="mnist",
            title="MNIST, raw pixels",
            source="Foster (2019), chapter 2, as a contrast",
            data="mnist",
            training={"epochs": 10, "batch_size": 128},
            expects="About 92.5 % test accuracy; 7,850 weights.",
        ),
        Preset(
            name="cifar10",
            title="CIFAR-10, raw pixels",
            source="Foster (2019), chapter 2, as a contrast",
            data="cifar10",
            training={"epochs": 10, "batch_size": 128},
            shape=(3, 32, 32),
            expects="39 % at best (the books' dense network: 49 %, convolutional: 72 %).",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create the layer and its optimiser."""
        layers = nn.Sequential(nn.Flatten(), Dense(math.prod(spec.shape), len(spec.classes)))
        self.network = compute.prepare(layers)
        self.opt = optimiser(compute, self.config.optimiser, self.network, self.config.lr, self.config.l2)

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show answers, then the weights of each class as pictures."""
        yield from super().preview(batch)
        weights = self.network[1].weight.detach().float()  # type: ignore[index]  # (K, C·H·W)
        largest = weights.abs().max().clamp_min(1e-8)
        pictures = (0.5 + 0.5 * weights / largest).reshape(-1, *self.spec.shape)
        yield Images(0, "weights", to_pixels(pictures), columns=5, captions=self.spec.classes)
