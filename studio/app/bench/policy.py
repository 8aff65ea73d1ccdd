"""`bench policy`: the chosen policy and the studio's batches against the loop that tutorials write.

Both start from the same weights and see the same batches in the same order; turns are interleaved. The draws of
noise differ, so the losses agree statistically: the deviation of the two curves is one of the figures.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch
from torch.utils.flop_counter import FlopCounterMode

from studio.app.bench.plain import batches, plain_loop
from studio.app.bench.report import Report, Say, median
from studio.app.bench.subjects import BATCH, ShapePictures, Subject
from studio.core import seeds
from studio.core.compute import Compute, Policy
from studio.core.feed import Feed
from studio.core.policy import choose, has_bf16_units
from studio.core.training import Training

PROMISE = 2.5
AGREE = {"vae": 0.05, "dcgan": 0.25}
"""Largest relative deviation of the mean loss over the second half; a GAN's losses wander with the noise."""
SUBJECTS = (Subject("dcgan", 32), Subject("vae", 64))
TURN = 4  # steps
MIN_TURNS, MAX_TURNS, SECONDS = 6, 60, 60.0


@dataclass
class Curve:
    """Losses and seconds per step of one loop."""

    losses: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


class PlainSide:
    """The tutorial's loop."""

    def __init__(self, subject: Subject, data: ShapePictures) -> None:
        self.loop = plain_loop(subject.build(data, Compute(Policy())))
        self.batches = batches(data.pictures, seed=0)
        self.watched: str = self.loop.watched
        self.curve = Curve()

    def turn(self) -> None:
        """Do `TURN` steps."""
        started = time.perf_counter()
        for _ in range(TURN):
            self.curve.losses.append(self.loop.step(next(self.batches)))
        self.curve.times.append((time.perf_counter() - started) / TURN)


class ChosenSide:
    """The studio's step under the chosen policy; metrics are fetched once per turn."""

    def __init__(self, subject: Subject, data: ShapePictures, policy: Policy, watched: str) -> None:
        self.compute, self.watched = Compute(policy), watched
        self.recipe = subject.build(data, self.compute)
        self.feed = Feed(data.train, BATCH, 0, self.compute)
        self.curve, self.number = Curve(), 0

    def turn(self) -> None:
        """Do `TURN` steps."""
        started, kept = time.perf_counter(), []
        for _ in range(TURN):
            kept.append(self.step()[self.watched])
        self.curve.losses += torch.stack(kept).float().tolist()
        self.curve.times.append((time.perf_counter() - started) / TURN)

    def step(self) -> dict[str, torch.Tensor]:
        """Do one step."""
        seeds.seed_everything(seeds.derive(0, "step", self.number), self.compute.device)
        with self.compute.autocast():
            metrics = self.recipe.step(self.feed.batch(self.number))
        self.number += 1
        return dict(metrics)


def matrix_rate(dtype: torch.dtype, size: int = 1024) -> float:
    """Return the best rate of a square matrix product in multiply-accumulates per second."""
    a, b = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
    best = float("inf")
    for _ in range(12):
        started = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - started)
    return size**3 / best


def macs_of_step(side: ChosenSide) -> float:
    """Count the multiply-accumulates of one training step, forwards and backwards."""
    with FlopCounterMode(display=False) as counter:
        side.step()
    return float(counter.get_total_flops()) / 2


def deviation(a: list[float], b: list[float]) -> float:
    """Return the relative difference of two curves' means over their second half."""
    half = len(a) // 2
    mean_a, mean_b = sum(a[half:]) / len(a[half:]), sum(b[half:]) / len(b[half:])
    return abs(mean_a - mean_b) / max(abs(mean_b), 1e-12)


def take_turns(plain: PlainSide, chosen: ChosenSide, quick: bool, say: Say) -> None:
    """Let both loops work in turns, for `SECONDS` or `MAX_TURNS`."""
    started = time.perf_counter()
    for number in range(2 if quick else MAX_TURNS):
        plain.turn()
        chosen.turn()
        say(f"turn {number + 1}: {plain.curve.times[-1] / chosen.curve.times[-1]:.2f} times as quick")
        if number + 1 >= MIN_TURNS and time.perf_counter() - started > SECONDS:
            return


def measure(subject: Subject, quick: bool, rates: dict[str, float], say: Say) -> tuple[dict[str, float], Policy]:
    """Time both loops in turns; returns the figures of the subject."""
    data = ShapePictures(subject.size)
    policy = choose(lambda c: subject.build(data, c), data, Training(batch_size=BATCH))
    say(f"{subject.label}: computing on {policy.reason}")
    plain = PlainSide(subject, data)
    chosen = ChosenSide(subject, data, policy, plain.watched)
    take_turns(plain, chosen, quick, say)
    slow, fast = plain.curve.times[1:], chosen.curve.times[1:]  # the first turn warms caches up
    seconds = median(fast)
    reached = macs_of_step(chosen) / seconds
    figures = {
        "plain_ms": 1000 * median(slow),
        "chosen_ms": 1000 * seconds,
        "speedup": median([s / q for s, q in zip(slow, fast, strict=True)]),
        "loss_deviation": deviation(chosen.curve.losses, plain.curve.losses),
        "gmacs_per_s": reached / 1e9,
        **{f"share_of_{name}_rate": reached / rate for name, rate in rates.items()},
    }
    return {f"{subject.label}_{name}": value for name, value in figures.items()}, policy


def run(say: Say, *, quick: bool = False) -> Report:
    """Measure a GAN at 32 px and a VAE at 64 px, batch 64."""
    units = has_bf16_units("cpu")
    rates = {"fp32": matrix_rate(torch.float32)}
    if units:  # emulated bf16 would take minutes and say nothing
        rates["bf16"] = matrix_rate(torch.bfloat16)
    figures = {f"matrix_{name}_gmacs_per_s": rate / 1e9 for name, rate in rates.items()}
    holds: dict[str, bool] = {}
    notes = [] if units else ["This processor has no bf16 units: the promise is made for those that have them."]
    for subject in SUBJECTS:
        found, policy = measure(subject, quick, rates, say)
        figures.update(found)
        holds[f"{subject.label}_speedup_at_least_{PROMISE}"] = found[f"{subject.label}_speedup"] >= PROMISE
        limit = AGREE[subject.recipe]
        holds[f"{subject.label}_losses_agree_within_{limit:g}"] = found[f"{subject.label}_loss_deviation"] <= limit
        notes.append(f"{subject.label}: {policy.reason}")
    return Report("policy", figures, holds, tuple(notes))
