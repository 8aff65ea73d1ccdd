"""What every classifier does, whatever its network: cross-entropy, accuracy, answers beside pictures.

    L = -mean_i log p(y_i | x_i) + λ Σ w²          (kernels only)

Softmax and cross-entropy are one stable operation on logits, where the books take the logarithm of a softmax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from studio.core.capabilities import Classifies
from studio.core.compute import Compute
from studio.core.events import Event, Images
from studio.core.recipe import Batch, Recipe
from studio.nn.keras import kernels
from studio.nn.pictures import answers, to_pixels

OptimiserName = Literal["adam", "sgd", "rmsprop"]
SHOWN = 32
"""Pictures in a preview."""


def optimiser(compute: Compute, name: OptimiserName, network: nn.Module, lr: float, l2: float = 0.0) -> Optimizer:
    """Return an optimiser with Keras' defaults for the weights of `network` that learn.

    The gradient of λ w² is 2 λ w, which is what torch's coupled weight decay adds; asking for it there gives the same
    steps as adding the penalty to the loss, without computing its graph.

    Args:
        compute: makes the optimiser.
        name: which one.
        network: prepared.
        lr: learning rate.
        l2: λ; applies to kernels, never to biases or normalisation.
    """
    makers: dict[str, Callable[..., Optimizer]] = {
        "adam": compute.adam,
        "sgd": compute.sgd,
        "rmsprop": compute.rmsprop,
    }
    learning = [p for p in network.parameters() if p.requires_grad]
    if not l2:
        return makers[name](learning, lr=lr)
    decayed = {id(w) for w in kernels(network)}
    shrinking, others = [p for p in learning if id(p) in decayed], [p for p in learning if id(p) not in decayed]
    return makers[name]([{"params": shrinking, "weight_decay": 2 * l2}, {"params": others}], lr=lr)


def accuracy(logits: Tensor, y: Tensor) -> Tensor:
    """Return the share (0..1) of logits (N, K) whose largest is that of the label, int64 (N,)."""
    return (logits.argmax(dim=-1) == y).float().mean()


class Classifier(Recipe, Classifies):
    """A recipe whose `build` sets `network`, pictures (N, C, H, W) -> logits (N, K), and its optimiser `opt`."""

    needs_labels = True
    best_metric, best_mode = "accuracy", "max"
    network: nn.Module
    opt: Optimizer

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Do one step on the cross-entropy."""
        metrics = self._metrics(batch)
        self.compute.minimise(metrics["loss"], self.opt)
        return {name: value.detach() for name, value in metrics.items()}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the cross-entropy (nats, without the penalty) and the accuracy (0..1)."""
        return self._metrics(batch)

    def _metrics(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.network(batch.x).float()  # (N, K)
        assert batch.y is not None  # the engine refuses unlabelled data
        return {"loss": F.cross_entropy(logits, batch.y), "accuracy": accuracy(logits, batch.y)}

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show held-out pictures with the answer, its probability and, when wrong, the truth."""
        assert batch.y is not None
        x, y = batch.x[:SHOWN], batch.y[:SHOWN]
        captions = answers(self.classify(x), y, self.spec.classes)
        yield Images(0, "predictions", to_pixels(x), columns=8, captions=captions)

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """Return class probabilities (N, K)."""
        probabilities: Tensor = self.network(x).float().softmax(dim=1)
        return probabilities
