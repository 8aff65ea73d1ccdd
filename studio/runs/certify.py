"""Proof of exact resume: a shortened copy of a run is killed again and again and compared with an unbroken one."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from studio import __version__
from studio.core import checkpoint as ckpt
from studio.core import events as ev
from studio.core.control import Control
from studio.core.errors import StudioError
from studio.core.records import RunRecord
from studio.core.store import Store
from studio.runs.request import Request
from studio.runs.training import resume, start

Progress = Callable[[int, int, str], None]
MIN_SECONDS = 2.0  # a shorter loop would often end before a kill lands
MAX_STEPS = 20_000


@dataclass(frozen=True)
class Certificate:
    """What the proof showed.

    Attributes:
        exact: every weight of the killed and resumed runs equals the unbroken run's, bit for bit.
        kills: how many processes were killed while training.
        steps: length of the shortened run.
        largest_difference: largest absolute difference of a weight (0.0 when exact).
    """

    exact: bool
    kills: int
    steps: int
    largest_difference: float
    device: str
    version: str = __version__
    when: str = ""


def certify(
    store: Store, run_id: str, *, steps: int = 60, kills: int = 5, seed: int = 0, progress: Progress | None = None
) -> Certificate:
    """Repeat the proof on a shortened copy of a run and store the badge with the run.

    Args:
        store: the workspace of the run.
        run_id: the run.
        steps: length of the copies; more if they would take less than two seconds.
        kills: number of SIGKILLs at random moments.
        seed: of those moments.
        progress: told after each kill; may raise Cancelled.

    Raises:
        StudioError: the copy cannot be trained.
    """
    record = store.run(run_id)
    with TemporaryDirectory(prefix="certify-") as folder:
        unbroken, steps, seconds = _unbroken(Path(folder), store.workspace, record, steps)
        copy = _Copy(Path(folder) / "killed", store.workspace, record, steps)
        broken, killed = _broken(copy, seconds, kills, seed, progress)
        difference = largest_difference(unbroken, broken)
    if not killed:
        raise StudioError("The shortened run ended before it could be killed.", "Ask for more --steps.")
    certificate = Certificate(
        exact=difference == 0.0,
        kills=killed,
        steps=steps,
        largest_difference=difference,
        device=record.policy.get("device", "cpu"),
        when=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    store.update(replace(store.run(run_id), certified=vars(certificate)))
    return certificate


class _Copy:
    """A shortened copy of a run in a workspace of its own that shares the data."""

    def __init__(self, workspace: Path, data_workspace: Path, record: RunRecord, steps: int) -> None:
        self.workspace, self.steps = workspace, steps
        self.store = Store(workspace)
        for shared in ("datasets", "cache"):
            if (data_workspace / shared).exists():
                (workspace / shared).symlink_to(data_workspace / shared)
        settings = {**record.config, **record.training, **(record.data.get("options") or {})}
        settings.update(steps=steps, checkpoint_seconds=0.05, preview_seconds=3600.0, keep_last=2)
        run = start(self.store, Request(recipe=record.recipe, data=record.data["source"], settings=settings))
        self.store.update(replace(run.record, policy=record.policy, pid=0))
        self.id = run.id

    @property
    def finished(self) -> bool:
        """Whether its last step has a checkpoint."""
        return self.steps in ckpt.steps(self.store.run(self.id).path / "checkpoints")

    def last(self) -> ckpt.Checkpoint:
        """Return the checkpoint of its last step."""
        return ckpt.load(self.store.run(self.id).path / "checkpoints" / ckpt.name_of(self.steps))


def _unbroken(folder: Path, data: Path, record: RunRecord, steps: int) -> tuple[ckpt.Checkpoint, int, float]:
    """Train a copy in one go; a copy too quick to be killed is made longer.

    Returns:
        its last checkpoint, its steps, and the seconds its loop took.
    """
    while True:
        copy = _Copy(folder / f"unbroken-{steps}", data, record, steps)
        train_to_end(str(copy.workspace), copy.id)
        seconds = copy.store.run(copy.id).seconds
        if seconds >= MIN_SECONDS or steps >= MAX_STEPS:
            return copy.last(), steps, seconds
        steps = min(MAX_STEPS, 1 + int(steps * 1.5 * MIN_SECONDS / max(seconds, 0.05)))


def _broken(
    copy: _Copy, seconds: float, kills: int, seed: int, progress: Progress | None
) -> tuple[ckpt.Checkpoint, int]:
    """Train a copy that is killed at random moments; return its last checkpoint and how often it was."""
    dice = random.Random(seed)
    killed = 0
    while killed < kills and not copy.finished:
        killed += kill_while_training(copy.workspace, copy.id, dice.uniform(0.0, 0.8) * seconds / kills)
        if progress:
            progress(killed, kills + 1, f"killed {killed} times")
    train_to_end(str(copy.workspace), copy.id)
    return copy.last(), killed


def kill_while_training(workspace: Path, run_id: str, seconds: float) -> bool:
    """Resume a run in another process and SIGKILL it `seconds` after it said that it trains.

    Returns:
        whether it was still training when it was killed.
    """
    context = multiprocessing.get_context("spawn")
    trains = context.Event()
    process = context.Process(target=train_to_end, args=(str(workspace), run_id, trains))
    process.start()
    while process.is_alive() and not trains.wait(0.05):
        pass
    process.join(seconds)
    alive = process.is_alive()
    process.kill()
    process.join()
    if not alive and process.exitcode:
        raise StudioError("The copy of the run could not be trained.", "Look at the run's log.")
    return alive


def train_to_end(workspace: str, run_id: str, trains: Any = None) -> None:
    """Resume a run and train it to its end; body of the processes that are killed."""
    run = resume(Store(Path(workspace)), run_id)
    for event in run.events(Control()):
        if trains is not None and isinstance(event, ev.Started):
            trains.set()
        if isinstance(event, ev.Finished) and event.status == "failed":
            raise StudioError(event.error, event.what_to_do)


def largest_difference(a: ckpt.Checkpoint, b: ckpt.Checkpoint) -> float:
    """Return the largest absolute difference of any weight; infinity when names or shapes differ."""
    if a.weights.keys() != b.weights.keys():
        return float("inf")
    worst = 0.0
    for name, tensor in a.weights.items():
        other = b.weights[name]
        if tensor.shape != other.shape:
            return float("inf")
        if tensor.numel() and not tensor.equal(other):
            worst = max(worst, float((tensor.double() - other.double()).abs().max()))
    return worst
