"""What can be done about a finding: changes of settings, for a branch, for the running job, or for a new run.

A remedy names settings that some recipes have. `fitting` keeps those changes that a run's settings allow, and turns
factors into values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from studio.core.control import TRAIN_ONLY

How = Literal["branch", "live", "recipe", "train on"]


@dataclass(frozen=True)
class Change:
    """One setting to change.

    Attributes:
        name: of a knob.
        to: its new value; for numbers, at least this much when `raising`.
        factor: multiplies the present value instead.
        raising: only where the present value is lower.
    """

    name: str
    to: Any = None
    factor: float | None = None
    raising: bool = False

    def applied(self, present: Any) -> Any:
        """Return the new value, or None when there is nothing to change."""
        if self.factor is not None:
            return type(present)(present * self.factor) if present else None
        if present == self.to or (self.raising and present >= self.to):
            return None
        return self.to


@dataclass(frozen=True)
class Remedy:
    """Something a person can do with one click.

    Attributes:
        title: what the button says.
        why: one sentence.
        how: "branch": a new run from the newest checkpoint with these settings; "live": turned on the running job;
            "recipe": another system on the same data; "train on": the same run, longer.
        changes: settings, in the order of their importance; all that fit are applied.
        recipe: id, for "recipe".
    """

    title: str
    why: str
    how: How = "branch"
    changes: tuple[Change, ...] = ()
    recipe: str = ""


@dataclass(frozen=True)
class Prepared:
    """A remedy with the values that it gives a run.

    Attributes:
        remedy: what it is.
        settings: knob name -> new value.
        before: knob name -> present value, of the same knobs.
    """

    remedy: Remedy
    settings: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)


def fitting(
    remedies: Collection[Remedy], present: Mapping[str, Any], recipes: Collection[str], *, training: bool
) -> list[Prepared]:
    """Return the remedies that a run can take, with their values.

    Args:
        remedies: of a finding.
        present: the run's settings by name.
        recipes: ids that exist, without the run's own.
        training: whether the run is training now, so that its knobs can be turned.
    """
    prepared = []
    for remedy in remedies:
        if remedy.how == "live" and not training:
            continue
        if remedy.how == "recipe":
            if remedy.recipe in recipes:
                prepared.append(Prepared(remedy))
            continue
        settings = {}
        for change in remedy.changes:
            known = change.name in present or change.name == TRAIN_ONLY
            if known and (value := change.applied(present.get(change.name))) is not None:
                settings[change.name] = value
            if settings and remedy.how == "train on":
                break  # steps, or epochs where the run has no number of steps
        if settings:
            prepared.append(Prepared(remedy, settings, {name: present.get(name, "") for name in settings}))
    return prepared


_WEAKER_D = Remedy(
    "Slow the discriminator down",
    "Half its learning rate leaves the generator something to learn from.",
    changes=(Change("lr_d", factor=0.5),),
)
_SOFTER_TARGETS = Remedy(
    "Soften the targets",
    "Real is no longer exactly 1, so that a discriminator that is sure of itself still gives a gradient.",
    changes=(Change("label_noise", 0.1, raising=True), Change("label_smoothing", 0.1, raising=True)),
)
_DROPOUT = Remedy(
    "Dropout in the discriminator",
    "It can no longer know pictures by heart.",
    changes=(Change("d_dropout", 0.4, raising=True),),
)
_PENALTY = Remedy(
    "Start again as WGAN-GP",
    "A critic with a gradient penalty gives a gradient wherever the pictures are, and rarely collapses.",
    how="recipe",
    recipe="wgan-gp",
)
_ONLY_G = Remedy(
    "Train only the generator",
    "It catches up while the discriminator waits; turn it off again in Train.",
    how="live",
    changes=(Change(TRAIN_ONLY, "_g"),),
)
_ONLY_D = Remedy(
    "Train only the discriminator",
    "It catches up while the generator waits; turn it off again in Train.",
    how="live",
    changes=(Change(TRAIN_ONLY, "_d"),),
)
_SLOWER = Remedy(
    "Halve both learning rates",
    "Smaller steps damp the swings.",
    changes=(Change("lr_d", factor=0.5), Change("lr_g", factor=0.5), Change("lr", factor=0.5)),
)
_AVERAGE = Remedy(
    "Average the generator's weights",
    "The mean over the last thousand steps lies in the middle of the swing.",
    changes=(Change("ema", 0.999, raising=True),),
)
_CLIP = Remedy(
    "Clip the gradients",
    "One wild step can no longer break the run.",
    changes=(Change("clip_norm", 1.0, raising=True), Change("lr_d", factor=0.5), Change("lr_g", factor=0.5)),
)
_ALL_DATA = Remedy("Use all of the data", "A few pictures are quickly learned by heart.", changes=(Change("limit", 0),))
_MIRROR = Remedy(
    "Vary the pictures",
    "Random shifts make every picture a new one.",
    changes=(Change("shift", 0.1, raising=True),),
)
_ON = Remedy(
    "Train on, twice as long",
    "Nothing speaks against it.",
    how="train on",
    changes=(Change("steps", factor=2), Change("epochs", factor=2)),
)

REMEDIES: Mapping[str, tuple[Remedy, ...]] = {
    "broken": (_SLOWER, _CLIP),
    "memorised": (_ALL_DATA, _MIRROR, _DROPOUT),
    "collapsed": (_PENALTY, _SOFTER_TARGETS, _WEAKER_D, _DROPOUT),
    "discriminator": (_ONLY_G, _WEAKER_D, _SOFTER_TARGETS, _DROPOUT, _PENALTY),
    "critic": (
        _ONLY_G,
        Remedy(
            "Hold the critic tighter",
            "Twice the gradient penalty keeps its slope near 1, so that its distance has a bound.",
            changes=(Change("penalty", factor=2),),
        ),
        _SLOWER,
        _PENALTY,
    ),
    "clipped": (
        _PENALTY,
        Remedy(
            "Give the weights more room",
            "A box twice as wide lets the critic be more than a step.",
            changes=(Change("clip", factor=2.0),),
        ),
    ),
    "generator": (
        _ONLY_D,
        Remedy(
            "Slow the generator down",
            "Half its learning rate lets the discriminator catch up.",
            changes=(Change("lr_g", factor=0.5),),
        ),
    ),
    "swinging": (_SLOWER, _AVERAGE, _PENALTY),
    "unlike": (
        replace(_ON, why="Pictures this far from the data mostly mean that it has not learned for long enough."),
    ),
    "healthy": (_ON,),
}
"""Kind of finding -> what helps, the most promising first."""
