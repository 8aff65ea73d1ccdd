"""`bench engine`: what the loop costs over a bare one with the same modules, optimisers, policy and batches.

Both loops are driven in turns of half a second in one process, so that a busy machine slows both alike; the
figure is the median of the ratios. Previews, checkpoints and validation are switched off: they are work that a
person asked for, not the cost of the loop. Fetching metrics, gradient norms, seeds and schedules are in.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.app.bench.report import Report, Say, median
from studio.app.bench.subjects import BATCH, ShapePictures, Subject
from studio.core import events as ev
from studio.core.compute import Compute, Policy
from studio.core.engine import Engine
from studio.core.feed import Feed
from studio.core.policy import choose
from studio.core.training import Training

PROMISE = 1.03
SUBJECTS = (Subject("vae", 28), Subject("dcgan", 28))
TRAINING = Training(
    steps=10**7, batch_size=BATCH, preview_seconds=86_400, checkpoint_seconds=86_400, validate_every=0, keep_last=1
)
TURN_SECONDS, MIN_TURNS, MAX_TURNS, SECONDS = 0.5, 6, 40, 60.0


class BareLoop:
    """Batches and steps, nothing else."""

    def __init__(self, subject: Subject, data: ShapePictures, policy: Policy) -> None:
        self.compute = Compute(policy)
        self.recipe = subject.build(data, self.compute)
        self.feed = Feed(data.train, BATCH, TRAINING.seed, self.compute)
        self.number = 0

    def turn(self) -> float:
        """Train for about `TURN_SECONDS` and return the seconds per step."""
        started, first = time.perf_counter(), self.number
        while (now := time.perf_counter()) - started < TURN_SECONDS:
            with self.compute.autocast():
                self.recipe.step(self.feed.batch(self.number))
            self.number += 1
        return (now - started) / (self.number - first)


class EngineLoop:
    """The same through the engine, seen through its events."""

    def __init__(self, subject: Subject, data: ShapePictures, policy: Policy, folder: Path) -> None:
        compute = Compute(policy)
        self.engine = Engine(subject.build(data, compute), data, TRAINING, compute, folder)
        self.events: Iterator[ev.Event] = self.engine.run()

    def turn(self) -> float:
        """Train for about `TURN_SECONDS` and return the seconds per step, metrics fetched."""
        self._next_progress()  # metrics of the time it was held up
        started, first = time.perf_counter(), self.engine.step
        while True:
            self._next_progress()
            if (now := time.perf_counter()) - started >= TURN_SECONDS:
                return (now - started) / (self.engine.step - first)

    def _next_progress(self) -> None:
        for event in self.events:
            if isinstance(event, ev.Progress):
                return


@dataclass(frozen=True)
class Overhead:
    """Milliseconds per step of both loops and their median ratio."""

    bare: float
    engine: float
    ratio: float


def measure(subject: Subject, quick: bool, say: Say) -> Overhead:
    """Time both loops in turns."""
    data = ShapePictures(subject.size)
    policy = choose(lambda c: subject.build(data, c), data, TRAINING)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bare, engine = BareLoop(subject, data, policy), EngineLoop(subject, data, policy, Path(folder))
        bare.turn(), engine.turn()  # caches, allocator, first checkpoint
        times: list[tuple[float, float]] = []
        started = time.perf_counter()
        for number in range(2 if quick else MAX_TURNS):
            # who goes first changes, so that a drift of the machine favours neither
            pair = (bare.turn(), engine.turn()) if number % 2 else (engine.turn(), bare.turn())[::-1]
            times.append(pair)
            say(f"{subject.label}: turn {number + 1}, ratio {pair[1] / pair[0]:.3f}")
            if number + 1 >= MIN_TURNS and time.perf_counter() - started > SECONDS:
                break
    bares, engines = [b for b, _ in times], [e for _, e in times]
    return Overhead(1000 * median(bares), 1000 * median(engines), median([e / b for b, e in times]))


def run(say: Say, *, quick: bool = False) -> Report:
    """Measure the overhead for a VAE and a GAN."""
    figures: dict[str, float] = {}
    holds: dict[str, bool] = {}
    for subject in SUBJECTS:
        found = measure(subject, quick, say)
        figures[f"{subject.label}_bare_ms"] = found.bare
        figures[f"{subject.label}_engine_ms"] = found.engine
        figures[f"{subject.label}_ratio"] = found.ratio
        holds[f"{subject.label}_ratio_at_most_{PROMISE}"] = found.ratio <= PROMISE
    notes = ("Median of interleaved turns of half a second; previews, checkpoints and validation are switched off.",)
    return Report("engine", figures, holds, notes)
