"""Exponential moving average of the weights (Polyak averaging), used for previews and validation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from studio.core.checkpoint import weights_of
from studio.core.recipe import Recipe


class Average:
    """Keeps `shadow <- decay * shadow + (1 - decay) * weight` for floating-point weights; copies the rest."""

    def __init__(self, recipe: Recipe, decay: float) -> None:
        self.decay = decay
        self._live = weights_of(recipe)
        self.shadow = {k: v.detach().clone() for k, v in self._live.items()}
        floating = [k for k, v in self._live.items() if v.is_floating_point()]
        self._pairs = ([self.shadow[k] for k in floating], [self._live[k] for k in floating])
        self._others = [k for k in self._live if k not in set(floating)]

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the current weights."""
        torch._foreach_lerp_(self._pairs[0], self._pairs[1], 1 - self.decay)
        for key in self._others:
            self.shadow[key].copy_(self._live[key])

    @torch.no_grad()
    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take over a checkpoint's averages."""
        for key, tensor in tensors.items():
            self.shadow[key].copy_(tensor)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the averaged weights into the networks while the block runs."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for key, live in self._live.items():
            held = live.clone()
            live.copy_(self.shadow[key])
            self.shadow[key].copy_(held)
