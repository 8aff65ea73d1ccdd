"""A data set of a few numbers and a recipe of one layer: enough to watch the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from torch import nn

from studio.core import events as ev
from studio.core.compute import Compute
from studio.core.knobs import Knob
from studio.core.recipe import Recipe
from studio.core.spec import DataSpec


class Numbers:
    """Pictures of 1x2x2 random bytes with two classes."""

    def __init__(self, count: int, seed: int = 0) -> None:
        dice = np.random.default_rng(seed)
        self.x = dice.integers(0, 256, (count, 1, 2, 2), dtype=np.uint8)
        self.y = (self.x.reshape(count, -1).mean(1) > 127).astype(np.int64)

    def __len__(self) -> int:
        return len(self.x)

    def gather(self, index):
        return self.x[index], self.y[index]


class TinyData:
    def __init__(self, train: int = 50, val: int = 20) -> None:
        self.train, self.val, self.augment = Numbers(train), Numbers(val, 1), None
        self.spec = DataSpec(
            name="tiny",
            kind="image",
            shape=(1, 2, 2),
            train_count=train,
            val_count=val,
            classes=("dark", "light"),
            fingerprint="t",
        )


class Tiny(Recipe):
    """Logistic regression with dropout and batch norm (so that randomness and buffers matter)."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        lr: Annotated[float, Knob("Rate", 1e-6, 1e9, live=True)] = 0.1
        drop: Annotated[float, Knob("Dropout", 0.0, 0.9)] = 0.2
        break_at: Annotated[int, Knob("Break at", -1, 10_000)] = -1

    id = "tiny"
    title = "Tiny"

    def build(self, spec, compute):
        self.net = compute.prepare(
            nn.Sequential(nn.Flatten(), nn.BatchNorm1d(4), nn.Dropout(self.config.drop), nn.Linear(4, 1))
        )
        self.opt = compute.adam(self.net.parameters(), self.config.lr)
        self.calls = 0

    def loss(self, batch):
        return nn.functional.binary_cross_entropy_with_logits(self.net(batch.x).squeeze(1), batch.y.float())

    def step(self, batch):
        loss = self.loss(batch)
        if self.calls == self.config.break_at:
            loss = loss * float("nan")
        self.calls += 1
        self.compute.minimise(loss, self.opt)
        return {"loss": loss.detach()}

    def validate(self, batch):
        return {"loss": self.loss(batch)}

    def preview(self, batch):
        yield ev.Images(0, "pixels", (batch.x * 255).byte().permute(0, 2, 3, 1).numpy())


def tiny(seed: int = 0, **config) -> tuple[Tiny, Compute]:
    """Build the recipe with seeded weights."""
    from studio.core.compute import Policy

    compute = Compute(Policy())
    torch.manual_seed(seed)
    return Tiny(Tiny.Config(**config), TinyData().spec, compute), compute
