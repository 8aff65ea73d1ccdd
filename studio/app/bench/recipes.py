"""`bench recipes`: images per second of every recipe's reference preset, plain fp32 against the chosen policy.

Both sides run the recipe's own step on the same batches of made-up pictures of the preset's size, in turns, so that
whatever else the machine does falls on both. The plain side is fp32 in torch's standard memory format.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.app.bench.report import Report, Say, median
from studio.core import knobs, registry, seeds
from studio.core.compute import Compute, Policy
from studio.core.errors import NotAvailable
from studio.core.feed import Feed
from studio.core.policy import choose
from studio.core.recipe import Preset, Recipe
from studio.core.spec import DataSpec
from studio.core.training import Training
from studio.nn.summary import preset_spec

LARGEST_BATCH = 64
TURNS, SECONDS = 9, 12.0
TURN_SECONDS = 0.1
"""A turn does as many steps as fill this time: a single step of two milliseconds measures the machine's jitter."""
NOT_SLOWER = 0.95
"""A ratio above this counts as "not slower": two equal loops differ by a few per cent from turn to turn."""


@dataclass(frozen=True)
class MadeUp:
    """Random examples of a preset's shape; labels go round the classes.

    Attributes:
        spec: the preset's stand-in for its data.
        count: number of examples.
    """

    spec: DataSpec
    count: int

    def __len__(self) -> int:
        return self.count

    def gather(self, index: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
        """Fetch examples by index; each index always gives the same."""
        dice = np.random.default_rng(index.tolist())
        shape = (len(index), *self.spec.shape)
        if self.spec.kind == "text":
            tokens = dice.integers(1, len(self.spec.vocabulary), shape, dtype=np.int64)
            return tokens, tokens[:, -1]
        labels = index % len(self.spec.classes) if self.spec.classes else None
        return dice.integers(0, 256, shape, dtype=np.uint8), labels


class MadeUpData:
    """A `DataSet` of `MadeUp` examples."""

    augment = None

    def __init__(self, spec: DataSpec, count: int) -> None:
        self.spec = spec
        self.train = self.val = MadeUp(spec, count)


class Side:
    """One policy's loop over the recipe's step."""

    def __init__(self, cls: type[Recipe], preset: Preset, data: MadeUpData, batch: int, policy: Policy) -> None:
        self.compute = Compute(policy)
        seeds.seed_everything(0, self.compute.device)
        self.recipe = cls(knobs.make(cls.Config, preset.config), data.spec, self.compute)
        self.feed = Feed(data.train, batch, 0, self.compute)
        self.times: list[float] = []

    def turn(self, number: int, steps: int) -> None:
        """Do some steps and note the seconds of one."""
        seeds.seed_everything(number, self.compute.device)
        started = time.perf_counter()
        for step in range(number * steps, (number + 1) * steps):
            with self.compute.autocast():
                metrics = self.recipe.step(self.feed.batch(step))
        for value in metrics.values():  # waits for a GPU
            float(value)
        self.times.append((time.perf_counter() - started) / steps)


def measure(cls: type[Recipe], *, quick: bool) -> tuple[dict[str, float], str]:
    """Time a recipe's reference preset; returns its figures and why the policy was chosen."""
    preset = cls.presets[0]
    training = knobs.make(Training, preset.training)
    batch = min(training.batch_size, LARGEST_BATCH)
    data = MadeUpData(preset_spec(preset, cls), 4 * batch)

    def build(compute: Compute) -> Recipe:
        return cls(knobs.make(cls.Config, preset.config), data.spec, compute)

    policy = choose(build, data, knobs.make(Training, {**preset.training, "batch_size": batch}))
    plain, chosen = Side(cls, preset, data, batch, Policy()), Side(cls, preset, data, batch, policy)
    for side in (plain, chosen, plain, chosen):  # the first steps warm caches up, the second tell how long one takes
        side.turn(0, 1)
    steps = max(1, round(TURN_SECONDS / max(plain.times[1], chosen.times[1])))
    plain.times, chosen.times = [], []
    started = time.perf_counter()
    for number in range(2 if quick else TURNS):
        for side in (plain, chosen) if number % 2 else (chosen, plain):  # whoever is second finds warm caches
            side.turn(number, steps)
        if number and time.perf_counter() - started > SECONDS:
            break
    slow, fast = plain.times, chosen.times
    figures = {
        "plain_per_second": batch / median(slow),
        "chosen_per_second": batch / median(fast),
        "ratio": median([s / f for s, f in zip(slow, fast, strict=True)]),
    }
    return figures, f"{cls.id} / {preset.name}, batch {batch}: {policy.reason}"


def run(say: Say, *, quick: bool = False) -> Report:
    """Measure every recipe that learns by gradients; a recipe whose network is not at hand is named in the notes."""
    figures: dict[str, float] = {}
    holds: dict[str, bool] = {}
    notes: list[str] = []
    for cls in registry.recipes().values():
        if cls.learns_by != "gradient":
            notes.append(f"{cls.id}: not measured: it learns by {cls.learns_by}, there is no policy to choose.")
            continue
        try:
            found, note = measure(cls, quick=quick)
        except NotAvailable as error:
            notes.append(f"{cls.id}: not measured: {error.what}")
            continue
        say(f"{cls.id}: {found['chosen_per_second']:.0f} a second, {found['ratio']:.2f} times plain")
        figures.update({f"{cls.id}_{name}": value for name, value in found.items()})
        holds[f"{cls.id}_not_slower_than_plain"] = found["ratio"] >= NOT_SLOWER
        notes.append(note)
    return Report("recipes", figures, holds, tuple(notes))
