"""Timed steps of a canvas at small sizes, and the file that remembers them: what `studio.canvas.budget` learns from."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from studio.canvas.backbone import Backbone
from studio.canvas.dream import DreamSession
from studio.canvas.dream_config import DreamConfig
from studio.canvas.picture import Source
from studio.canvas.session import Session
from studio.canvas.transfer import TransferSession
from studio.canvas.transfer_config import Style, TransferConfig
from studio.core.compute import Compute
from studio.core.errors import StoreError
from studio.core.events import Event, Scalars
from studio.core.files import explained, read_json, write_json

Line = tuple[float, float]
"""Seconds = a + b pixels."""
SIDES = (128, 256)
WARM_UP, LEAST, MOST, SECONDS = 1, 2, 6, 0.4
"""Steps before the clock counts; steps timed at each size at least and at most; time spent beyond the least."""
REMEMBERED_RATIOS, REMEMBERED_KEYS = 8, 256
FURTHEST = 10.0
"""A run that took so much longer was disturbed (a laptop slept): it counts no more than this."""
VERSION = 1
_DREAM = ("parameters", "optimizer", "laplacian", "pooling")
_TRANSFER = ("optimizer", "evaluations", "pooling", "colours", "style_scale")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trial:
    """What is known of one combination of network, layers, precision and threads.

    Attributes:
        step: time of a step.
        enter: time to prepare a stage.
        ratios: real time over expected time of the last runs, newest last.
    """

    step: Line
    enter: Line
    ratios: tuple[float, ...] = ()

    @property
    def correction(self) -> float:
        """Geometric mean of the ratios; 1 without any."""
        return math.exp(sum(map(math.log, self.ratios)) / len(self.ratios)) if self.ratios else 1.0

    def corrected(self, ratio: float) -> Trial:
        """Return it with one run more."""
        bounded = min(max(ratio, 1 / FURTHEST), FURTHEST)
        return replace(self, ratios=(*self.ratios, bounded)[-REMEMBERED_RATIOS:])


# ---- timing


def timed(kind: str, config: DreamConfig | TransferConfig, backbone: Backbone, compute: Compute) -> Trial:
    """Time a few steps at two small sizes.

    Args:
        kind: "dream" or "transfer".
        config: settings; size, stages and tiles are replaced.
        backbone: the network (not yet prepared).
        compute: device and precision.

    Raises:
        BadConfig: settings that do not fit the network.
    """
    del kind  # the settings say which
    sides = [max(side, backbone.smallest * (i + 1)) for i, side in enumerate(SIDES)]
    pixels, steps, enters = [], [], []
    for side in sides:
        session = _small(config, backbone, compute, side)
        enters.append(_seconds(lambda session=session: session.enter(0), compute))  # type: ignore[misc]
        steps.append(_median_step(session, compute))
        pixels.append(side * side)
    return Trial(fitted(pixels, steps), fitted(pixels, enters))


def _small(config: DreamConfig | TransferConfig, backbone: Backbone, compute: Compute, side: int) -> Session[Any]:
    """Return a session of one stage on noise of side x side pixels."""
    rng = np.random.default_rng(side)
    picture = Source.of(rng.integers(0, 256, (side, side, 3), np.uint8))
    if isinstance(config, DreamConfig):
        dream = replace(config, size=0, octaves=1, iterations=MOST + WARM_UP, tile=0, max_loss=0.0)
        return DreamSession(dream, backbone, compute, picture)
    transfer = replace(config, size=0, smallest=side, iterations=MOST + WARM_UP, tile=0)
    style = Source.of(rng.integers(0, 256, (side, side, 3), np.uint8))
    return TransferSession(transfer, backbone, compute, picture, [Style(style)])


def _median_step(session: Session[Any], compute: Compute) -> float:
    """Return the time of a step with all that a session does besides: timeline, events, previews."""
    events = session.events()
    times: list[float] = []
    while len(times) < WARM_UP + LEAST or (len(times) < WARM_UP + MOST and sum(times) < SECONDS):
        if session.finished:  # what has a single step
            break
        times.append(_seconds(lambda: _to_next_step(events), compute))
    return float(np.median(times[WARM_UP:] or times))


def _to_next_step(events: Iterator[Event]) -> None:
    while not isinstance(next(events), Scalars):
        pass


def _seconds(work: Callable[[], object], compute: Compute) -> float:
    began = time.perf_counter()
    work()
    if compute.device.type == "cuda":
        torch.cuda.synchronize(compute.device)
    return time.perf_counter() - began


def fitted(pixels: Sequence[int], seconds: Sequence[float]) -> Line:
    """Return the line through times, least squares of relative errors, with neither part negative."""
    x, y = np.asarray(pixels, np.float64), np.asarray(seconds, np.float64)
    rows = np.stack([1 / y, x / y], axis=1)
    a, b = (float(v) for v in np.linalg.lstsq(rows, np.ones_like(y), rcond=None)[0])
    if a < 0:
        return 0.0, float((x / y).sum() / (x / y).dot(x / y))
    if b < 0:
        return float((1 / y).sum() / (1 / y).dot(1 / y)), 0.0
    return a, b


# ---- memory

_lock = threading.Lock()
_here: dict[str, Trial] = {}
"""What was learnt without a workspace."""


def key(
    kind: str, config: DreamConfig | TransferConfig, backbone: Backbone, compute: Compute, names: Sequence[str]
) -> str:
    """Return the name under which times are remembered: everything but the size that makes a step quicker or slower."""
    options = _DREAM if isinstance(config, DreamConfig) else _TRANSFER
    what = {
        "network": backbone.fingerprint or backbone.id,
        "layers": list(names),
        "device": str(compute.device),
        "precision": compute.policy.precision,
        "threads": torch.get_num_threads(),
        **{name: getattr(config, name) for name in options},
    }
    return f"{kind}-{hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:24]}"


def recall(workspace: Path | None, name: str) -> Trial | None:
    """Return what is remembered, None when nothing is."""
    with _lock:
        return (_here if workspace is None else _read(_file(workspace))).get(name)


def keep(workspace: Path | None, name: str, trial: Trial) -> None:
    """Remember; a folder that cannot be written is no reason to stop."""
    with _lock:
        if workspace is None:
            _here[name] = trial
            return
        path = _file(workspace)
        known = _read(path)
        known.pop(name, None)
        known[name] = trial
        recent = dict(list(known.items())[-REMEMBERED_KEYS:])
        document = {k: {"step": t.step, "enter": t.enter, "ratios": t.ratios} for k, t in recent.items()}
        try:
            with explained(path.parent):
                path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, {"version": VERSION, "trials": document})
        except StoreError as error:
            log.debug("Times not kept: %s", error)


def _file(workspace: Path) -> Path:
    return workspace / "cache" / "canvas-budget.json"


def _read(path: Path) -> dict[str, Trial]:
    """Return what a file holds; a damaged one holds nothing and is replaced at the next `keep`."""
    if not path.is_file():
        return {}
    try:
        document = read_json(path)
        if document["version"] != VERSION:
            return {}
        return {name: _trial(entry) for name, entry in document["trials"].items()}
    except (StoreError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        log.debug("Times in %s left aside: %r", path, error)
        return {}


def _trial(entry: dict[str, Any]) -> Trial:
    step, enter = (_numbers(entry[name], 2, 2) for name in ("step", "enter"))
    ratios = _numbers(entry["ratios"], 0, REMEMBERED_RATIOS)
    if any(ratio <= 0 for ratio in ratios):
        raise ValueError("a ratio is not positive")
    return Trial((step[0], step[1]), (enter[0], enter[1]), ratios)


def _numbers(values: Any, least: int, most: int) -> tuple[float, ...]:
    found = tuple(float(value) for value in values)
    if not least <= len(found) <= most or not all(math.isfinite(v) and v >= 0 for v in found):
        raise ValueError(f"not {least} to {most} times")
    return found
