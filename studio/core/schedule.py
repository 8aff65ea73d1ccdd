"""Learning-rate schedules as one factor on every optimiser's base rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.core.training import Training, read_milestones

if TYPE_CHECKING:
    from studio.core.recipe import Recipe


@dataclass
class Plateau:
    """Counts validations without an improvement; drives the plateau schedule and early stopping.

    Attributes:
        best: best value so far; None before the first validation.
        best_at: step of the best value.
        bad: validations since then.
        drops: how often the plateau schedule lowered the rate.
    """

    best: float | None = None
    best_at: int = 0
    bad: int = 0
    drops: int = 0

    def update(self, value: float, step: int, mode: str, patience: int) -> bool:
        """Take a validation value; return whether it is the best so far.

        The rate drops each time `patience` validations in a row brought nothing (Keras' ReduceLROnPlateau).
        """
        better = self.best is None or (value < self.best if mode == "min" else value > self.best)
        if better:
            self.best, self.best_at, self.bad = value, step, 0
        else:
            self.bad += 1
            if patience and self.bad % patience == 0:
                self.drops += 1
        return better


def factor(training: Training, step: int, per_epoch: int, total: int, plateau: Plateau) -> float:
    """Return the factor on the base learning rate at a step (0-based, before the step is done)."""
    warmup = min(1.0, (step + 1) / training.warmup_steps) if training.warmup_steps else 1.0
    return warmup * _shape(training, step, per_epoch, total, plateau)


def _shape(training: Training, step: int, per_epoch: int, total: int, plateau: Plateau) -> float:
    decay = training.decay
    match training.schedule:
        case "step":
            return float(decay ** (step // per_epoch // training.decay_epochs))
        case "milestones":
            reached = [share for epoch, share in read_milestones(training.milestones) if step // per_epoch >= epoch]
            return reached[-1] if reached else 1.0
        case "cosine":  # Loshchilov & Hutter 2017, one cycle from 1 to `decay`
            return decay + (1 - decay) * 0.5 * (1 + math.cos(math.pi * min(step / max(total, 1), 1.0)))
        case "plateau":
            return float(decay**plateau.drops)
        case "time":  # Keras 2: lr / (1 + decay * updates)
            return 1.0 / (1.0 + decay * step)
        case _:
            return 1.0


class Rates:
    """The learning rates of a recipe's optimisers while it trains.

    The base rate of the optimiser `opt_d` is the knob `lr_d` (live: read at every step), or, for an optimiser without
    a knob, the rate it was made with.

    Args:
        recipe: built.
        training: names the schedule.
        per_epoch, total: steps of an epoch, of the whole run.

    Attributes:
        scale: further factor on every rate, halved after losses that were not finite.
        drops: how often it was halved.
    """

    def __init__(self, recipe: Recipe, training: Training, per_epoch: int, total: int) -> None:
        self._recipe, self._training, self._per_epoch, self._total = recipe, training, per_epoch, total
        self._initial = {name: o.param_groups[0]["lr"] for name, o in recipe.optimizers().items()}
        self._written: dict[str, float] = {}
        self.scale, self.drops = 1.0, 0

    def apply(self, step: int, plateau: Plateau) -> None:
        """Write the rate of a step (0-based, before it is done) into every optimiser whose rate changed."""
        scale = self.scale * factor(self._training, step, self._per_epoch, self._total, plateau)
        for name, optimizer in self._recipe.optimizers().items():
            base = getattr(self._recipe.config, f"lr{name.removeprefix('opt')}", self._initial[name])
            if self._written.get(name) != base * scale:
                self._written[name] = base * scale
                for group in optimizer.param_groups:
                    group["lr"] = base * scale

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"rate_scale": self.scale, "drops": self.drops}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self.scale, self.drops = state["rate_scale"], state["drops"]
        self._written.clear()
