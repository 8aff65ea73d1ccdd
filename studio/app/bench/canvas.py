"""`bench canvas`: dream and transfer against the loops that tutorials write, the first preview, the window meanwhile.

The network has VGG19's shape and random weights (nothing is downloaded); both sides start from the same picture with
the same losses, layers, targets and step rule, and take turns. The session's time is all of its time: previews,
timeline and events included.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from studio.app.bench import child
from studio.app.bench.canvas_plain import PlainDream, PlainTransfer
from studio.app.bench.report import Report, Say, median
from studio.canvas import policy
from studio.canvas.atlas import dead_leaves
from studio.canvas.backbone import Backbone
from studio.canvas.dream import DreamConfig, DreamSession
from studio.canvas.picture import Source, to_tensor
from studio.canvas.session import Session
from studio.canvas.transfer import PRESETS, Style, TransferConfig, TransferSession
from studio.core.compute import Compute
from studio.core.events import Images, Scalars
from studio.core.knobs import make
from studio.core.policy import has_bf16_units
from studio.runs import canvases
from studio.runs.pictures import save_png

SPEEDUP, PREVIEW_S, GAP_MS, AGREE = 3.0, 3.0, 33.0, 0.05
TURN = 2
"""Steps of each side before it is the other's turn."""
LEAST_TURNS, MOST_TURNS, SECONDS = 4, 12, 90.0
MOST_POINTS = 24
"""Of a curve in the document."""
NETWORK, NETWORK_DREAM = "vgg19-caffe", "vgg19"
SOURCE = 640
"""Side of the generated pictures that are cut to the sizes measured."""


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


# ---- the two races


def picture(height: int, width: int, seed: int) -> Source:
    """Return a generated picture, at most `SOURCE` px on each side."""
    return Source.of(dead_leaves(seed, SOURCE)[:height, :width])


def transfer_config(size: int) -> TransferConfig:
    """Return Chollet's transfer at one size with Adam, in the default precision."""
    settings = {**PRESETS["chollet"]["settings"], "size": size, "optimizer": "adam", "rate": 0.02, "decay": 1.0}
    return make(TransferConfig, {**settings, "iterations": 20_000})


def transfer_race(
    backbone: Backbone, size: int, compute: Compute, quick: bool, say: Say
) -> tuple[dict[str, float], dict[str, Any]]:
    """Race a transfer of size x size pixels."""
    config = transfer_config(size)
    content, style = picture(size, size, 0), picture(size, size, 1)
    plain = PlainTransfer(config, backbone, to_tensor(content.pixels), to_tensor(style.pixels))
    session = TransferSession(config, backbone, compute, content, [Style(style)])
    return race("transfer", plain, Worked(session), quick, say)


def dream_race(
    backbone: Backbone, height: int, width: int, compute: Compute, quick: bool, say: Say
) -> tuple[dict[str, float], dict[str, Any]]:
    """Race a dream of height x width pixels on one octave; here more loss is better, so its ratio is above 1."""
    plainly = {"smoothing": 0.0, "laplacian": 0, "tv": 0.0, "parameters": "pixels", "colour": "free", "crop": 2}
    rule = {"normalise": "step", "optimizer": "ascent", "jitter": 0, "step": 0.012, "length": 0.0}
    config = make(DreamConfig, {**plainly, **rule, "size": max(height, width), "octaves": 1, "iterations": 2000})
    source = picture(height, width, 2)
    plain = PlainDream(config, backbone, to_tensor(source.pixels))
    session = DreamSession(config, backbone, compute, source)
    return race("dream", plain, Worked(session), quick, say)


# ---- the first preview


def first_previews(size: int, folder: Path, shaped: Backbone) -> dict[str, float]:
    """Return the seconds from the wish to the first live picture: file read, network opened, session made, a step.

    Args:
        size: longer side; 4:3.
        folder: for the picture files.
        shaped: the large network, open already.
    """
    height = size * 3 // 4
    content = save_png(folder / "content.png", picture(height, size, 3).pixels)
    style = save_png(folder / "style.png", picture(height, size, 4).pixels)
    settings = {"size": min(size, 512)}
    transfer = canvases.TransferRequest(
        content=content, styles=[canvases.StyleRequest(picture=style)], settings=settings
    )
    dream = canvases.DreamRequest(picture=content, settings={"size": size})
    wishes = {
        "preview_transfer_s": lambda: canvases.transfer(transfer, folder),
        "preview_dream_s": lambda: canvases.dream(dream, folder),
        "preview_transfer_vgg19_s": lambda: canvases.transfer(transfer, folder, backbone=shaped),
        "preview_dream_vgg19_s": lambda: canvases.dream(dream, folder, backbone=shaped),
    }
    return {name: _until_seen(wish) for name, wish in wishes.items()}


def _until_seen(wish: Any) -> float:
    began = time.perf_counter()
    events: Iterator[Any] = wish().events()
    while not isinstance(next(events), Images):
        pass
    return time.perf_counter() - began


def run(say: Say, *, quick: bool = False, size: int = 0) -> Report:
    """Measure all of it.

    Args:
        say: told what is being measured.
        quick: few steps at 96 px: shows that it works.
        size: pixels of the transfer instead of 512; the dream is 5/4 of it wide.
    """
    from studio.canvas.backbones.torchvision_nets import random_weights

    size = size or (96 if quick else 512)
    compute = policy.choose()
    shaped = random_weights(NETWORK_DREAM)
    say("Time to the first preview.")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:  # first: nothing is warm yet but torch itself
        figures = first_previews(size * 5 // 4, Path(folder), shaped)
    found, curves = transfer_race(random_weights(NETWORK), size, compute, quick, say)
    figures.update(found)
    found, more = dream_race(shaped, size * 15 // 16, size * 5 // 4, compute, quick, say)
    figures.update(found)
    curves.update(more)
    say("The window while a canvas works.")
    gaps = child.window("canvas", 3.0 if quick else 20.0)
    figures.update({f"gap_{name}": gaps[name] for name in ("p50_ms", "p99_ms", "max_ms")})
    figures.update(gap_seconds=gaps["seconds"], gap_torch_threads=gaps["threads"])
    return Report("canvas", figures, promises(figures), _notes(compute, size), series=curves)


def promises(figures: dict[str, float]) -> dict[str, bool]:
    """Return which promises the figures keep."""
    previews = [value for name, value in figures.items() if name.startswith("preview_")]
    return {
        f"transfer_speedup_at_least_{SPEEDUP:g}": figures["transfer_speedup"] >= SPEEDUP,
        f"dream_speedup_at_least_{SPEEDUP:g}": figures["dream_speedup"] >= SPEEDUP,
        f"transfer_losses_agree_within_{AGREE:g}": figures["transfer_loss_deviation"] <= AGREE,
        f"dream_losses_agree_within_{AGREE:g}": figures["dream_loss_deviation"] <= AGREE,
        "transfer_loss_lower_at_equal_time": figures["transfer_loss_ratio_at_equal_time"] < 1,
        "dream_excites_more_at_equal_time": figures["dream_loss_ratio_at_equal_time"] > 1,
        f"first_preview_within_{PREVIEW_S:g}_s": max(previews) <= PREVIEW_S,
        f"gap_p99_at_most_{GAP_MS:g}_ms": figures["gap_p99_ms"] <= GAP_MS,
    }


def _notes(compute: Compute, size: int) -> tuple[str, ...]:
    units = () if has_bf16_units("cpu") else ("No bf16 units here: the promise is made for processors with them.",)
    return (
        f"VGG19's shape, random weights; transfer {size} x {size} px, dream {size * 5 // 4} x {size * 15 // 16} px.",
        compute.policy.reason,
        f"{torch.get_num_threads()} torch threads, both sides in one process, in turns of {TURN} steps.",
        *units,
    )
