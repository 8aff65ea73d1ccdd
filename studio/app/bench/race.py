"""Two sides that make the same picture take turns: a tutorial's loop and a session, their seconds and their losses."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch

from studio.app.bench.report import Say, median
from studio.canvas.session import Session
from studio.core.events import Scalars

TURN = 2
"""Steps of each side before it is the other's turn."""
LEAST_TURNS, MOST_TURNS, SECONDS = 4, 12, 90.0
MOST_POINTS = 24
"""Of a curve in the document."""


class Plain(Protocol):
    """A loop of a tutorial."""

    x: torch.Tensor

    def step(self) -> float:
        """Do one step; returns the loss before it."""
        ...

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the loss of a picture in fp32."""
        ...


@dataclass
class Course:
    """What one side did: seconds spent and loss, before each step."""

    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    spent: float = 0.0

    def note(self, losses: list[float], seconds: float) -> None:
        """Add the steps of a turn."""
        self.seconds += [self.spent + seconds * i / len(losses) for i in range(len(losses))]
        self.losses += losses
        self.spent += seconds


class Worked:
    """A session that works a few steps at a time."""

    def __init__(self, session: Session[Any]) -> None:
        self.session = session
        self._events = session.events()
        self.course = Course()
        self.snapshots: list[tuple[float, torch.Tensor]] = []

    def turn(self, steps: int = TURN) -> float:
        """Do some steps; returns seconds per step. The picture after them is kept for the curve."""
        began = time.perf_counter()
        losses: list[float] = []
        while len(losses) < steps:
            event = next(self._events)
            if isinstance(event, Scalars):
                losses.append(event.values["loss"][0])
        seconds = time.perf_counter() - began
        self.course.note(losses, seconds)
        self.snapshots.append((self.course.spent, self.session.picture().float().clone()))
        return seconds / steps


def _plain_turn(plain: Plain, course: Course) -> float:
    began = time.perf_counter()
    losses = [plain.step() for _ in range(TURN)]
    seconds = time.perf_counter() - began
    course.note(losses, seconds)
    return seconds / TURN


def race(name: str, plain: Plain, worked: Worked, quick: bool, say: Say) -> tuple[dict[str, float], dict[str, Any]]:
    """Let both sides take turns, then the session alone until it has used as much time.

    Returns:
        figures and curves ([seconds, loss in fp32] each), names beginning with `name`.
    """
    slow: list[float] = []
    quick_ones: list[float] = []
    course, began = Course(), time.perf_counter()
    for number in range(2 if quick else MOST_TURNS):
        slow.append(_plain_turn(plain, course))
        quick_ones.append(worked.turn())
        say(f"{name}, turn {number + 1}: {slow[-1] / quick_ones[-1]:.2f} times as quick")
        if number + 1 >= LEAST_TURNS and time.perf_counter() - began > SECONDS:
            break
    same = len(course.losses)
    deviation = _deviation(worked.course.losses[:same], course.losses)
    while worked.course.spent < course.spent:
        worked.turn()
    curves = {f"{name}_plain": _plain_curve(plain, course), f"{name}_session": _curve(plain, worked)}
    at_equal_time = _at(curves[f"{name}_session"], course.spent) / _at(curves[f"{name}_plain"], course.spent)
    later = slice(1, None) if len(slow) > 1 else slice(None)  # the first turn warms caches up
    figures = {
        "plain_s_per_step": median(slow[later]),
        "session_s_per_step": median(quick_ones[later]),
        "speedup": median([s / q for s, q in zip(slow[later], quick_ones[later], strict=True)]),
        "loss_deviation": deviation,
        "loss_ratio_at_equal_time": at_equal_time,
    }
    return {f"{name}_{key}": value for key, value in figures.items()}, curves


def _deviation(a: list[float], b: list[float]) -> float:
    """Return the mean relative difference of two curves at the same steps."""
    return sum(abs(x - y) / max(abs(y), 1e-12) for x, y in zip(a, b, strict=True)) / len(b)


def _plain_curve(plain: Plain, course: Course) -> list[list[float]]:
    with torch.no_grad():
        last = float(plain.loss(plain.x))
    return _thinned([*zip(course.seconds, course.losses, strict=True), (course.spent, last)])


def _curve(plain: Plain, worked: Worked) -> list[list[float]]:
    """Return the session's curve, judged by the plain side's fp32 network."""
    first = (0.0, worked.course.losses[0])
    with torch.no_grad():
        return _thinned([first, *((s, float(plain.loss(x))) for s, x in _thinned_snapshots(worked))])


def _thinned_snapshots(worked: Worked) -> list[tuple[float, torch.Tensor]]:
    every = -(-len(worked.snapshots) // MOST_POINTS)
    return worked.snapshots[(len(worked.snapshots) - 1) % every :: every]


def _thinned(points: list[tuple[float, float]]) -> list[list[float]]:
    every = -(-len(points) // MOST_POINTS)
    return [[round(s, 3), float(f"{loss:.5g}")] for s, loss in points[(len(points) - 1) % every :: every]]


def _at(curve: list[list[float]], seconds: float) -> float:
    """Return the loss at a time, on a straight line where it lies between two points."""
    return float(np.interp(seconds, [s for s, _ in curve], [loss for _, loss in curve]))
