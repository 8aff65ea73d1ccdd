"""Sweeps: a small grid over any knobs, one ordinary run for each point, one after another.

A sweep is a file `sweeps/<id>.json` in the workspace; its runs carry the tag `sweep:<id>`. Nothing else is kept: what
is done and what is missing is read from the runs, so a sweep that was broken off goes on with the missing runs, and a
run that was broken off at its newest checkpoint. `sweep_table` says what they reached.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from studio.core import events as ev
from studio.core import registry
from studio.core.control import Control
from studio.core.errors import BadConfig, StoreError, StudioError
from studio.core.files import explained, read_json, write_json
from studio.core.knobs import KnobField, check, fields_of
from studio.core.records import RunRecord
from studio.core.store import Store
from studio.core.training import Training
from studio.data.options import DataOptions
from studio.runs.request import Request, resolve
from studio.runs.run import Run
from studio.runs.sweep_grid import Axis, parse_axes, points
from studio.runs.training import resume, start

VERSION = 1
OVER = ("done", "failed")
"""A run that failed is not tried again: it would fail again. Delete it to have it tried."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A grid of runs.

    Attributes:
        id: begins with "sweep-".
        request: what every run shares.
        axes: the knobs that vary.
        created: ISO time, UTC.
    """

    id: str
    request: Request
    axes: tuple[Axis, ...]
    created: str = ""

    @property
    def tag(self) -> str:
        """The tag of its runs."""
        return f"sweep:{self.id}"

    def requests(self) -> list[tuple[dict[str, Any], Request]]:
        """Return (settings that vary, request) of every run."""
        return [(p, replace(self.request, settings={**self.request.settings, **p})) for p in points(self.axes)]


@dataclass(frozen=True)
class RunBegan(ev.Event):
    """Run `number` of `total` begins (or goes on)."""

    run: str
    number: int
    total: int
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunEnded(ev.Event):
    """A run of the sweep ended; `finished` is its own last event."""

    run: str
    finished: ev.Finished


# ---- making and finding


def knobs_of(recipe: str) -> dict[str, KnobField]:
    """Return every knob that a sweep over a recipe may vary, by name."""
    types: tuple[Any, ...] = (registry.recipe(recipe).Config, Training, DataOptions)
    return {found.name: found for config in types for found in fields_of(config)}


def plan(request: Request, texts: Sequence[str]) -> Sweep:
    """Read and check a sweep without keeping it.

    Args:
        request: what every run shares.
        texts: `NAME=VALUES` for each knob; see `studio.runs.sweep_grid`.

    Raises:
        BadConfig: a text, or one of the runs it makes, does not fit.
    """
    if not texts:
        raise BadConfig("The sweep varies nothing.", "Name a knob with two values or more.")
    sweep = Sweep(id="", request=request, axes=parse_axes(texts, knobs_of(request.recipe)))
    for _, single in sweep.requests():
        resolve(single)
    return sweep


def create(store: Store, request: Request, texts: Sequence[str]) -> Sweep:
    """Check a sweep and keep it in the workspace; `SweepRun` trains it.

    Raises:
        BadConfig: see `plan`.
        StoreError: the workspace cannot be written.
    """
    now = datetime.now(UTC)
    name = f"sweep-{now:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}"
    sweep = replace(plan(request, texts), id=name, created=now.isoformat())
    folder = store.workspace / "sweeps"
    with explained(folder):
        folder.mkdir(exist_ok=True)
    axes = {axis.name: list(axis.values) for axis in sweep.axes}
    document = {"version": VERSION, "created": sweep.created, "request": asdict(request), "axes": axes}
    write_json(folder / f"{name}.json", document)
    return sweep


def load(store: Store, sweep_id: str) -> Sweep:
    """Return a kept sweep by its id, a unique beginning of it, or "last".

    Raises:
        StoreError: there is no such sweep, more than one, or its file is damaged.
    """
    found = sorted((store.workspace / "sweeps").glob("sweep-*.json"))
    named = found[-1:] if sweep_id == "last" else [p for p in found if p.stem.startswith(sweep_id)]
    named = [p for p in named if p.stem == sweep_id] or named
    if len(named) != 1:
        raise StoreError(
            f"{len(named)} sweeps begin with {sweep_id!r}.", "List them with: generative-studio runs sweeps"
        )
    document = read_json(named[0])
    try:
        request = Request(**document["request"])
        known = knobs_of(request.recipe)
        axes = [Axis(k, tuple(check(known[k], v) for v in values)) for k, values in document["axes"].items()]
        return Sweep(id=named[0].stem, request=request, axes=tuple(axes), created=str(document["created"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{named[0]} is damaged.", "Delete it; its runs stay.", details=repr(error)) from error


def kept(store: Store) -> list[Sweep]:
    """Return every sweep of the workspace that can be read, newest first."""
    found = []
    for path in sorted((store.workspace / "sweeps").glob("sweep-*.json"), reverse=True):
        try:
            found.append(load(store, path.stem))
        except StudioError:
            continue  # damaged, or of a recipe that is not installed: `load` says why when it is asked for
    return found


def runs_of(store: Store, sweep: Sweep) -> list[tuple[dict[str, Any], RunRecord | None]]:
    """Return the newest run of each point, None where there is none."""
    tagged = [record for record in store.runs() if sweep.tag in record.tags]
    return [(p, next((r for r in tagged if _fits(r, p)), None)) for p in points(sweep.axes)]


def _fits(record: RunRecord, point: Mapping[str, Any]) -> bool:
    values = {**record.config, **record.training, **(record.data.get("options") or {})}
    return all(values.get(k) == (list(v) if isinstance(v, tuple) else v) for k, v in point.items())


# ---- training


class SweepRun:
    """The runs of a sweep, one after another, as one stream of events.

    Attributes:
        id: of the run that trains now; of the sweep before the first one.
    """

    def __init__(self, store: Store, sweep: Sweep) -> None:
        self.sweep, self._workspace = sweep, store.workspace
        self.id = sweep.id

    def events(self, control: Control | None = None) -> Iterator[ev.Event]:
        """Train what is missing; every run's events between `RunBegan` and `RunEnded`, and one `Finished` at the end.

        A run that fails does not end the sweep; a stop ends it after a checkpoint of the present run.
        """
        control = control or Control()
        store = Store(self._workspace)  # SQLite connections belong to one thread
        try:
            yield from self._events(store, control)
        finally:
            store.close()

    def _events(self, store: Store, control: Control) -> Iterator[ev.Event]:
        reached = runs_of(store, self.sweep)
        seconds = 0.0
        for number, ((point, request), (_, record)) in enumerate(zip(self.sweep.requests(), reached, strict=True), 1):
            if record is not None and record.status in (*OVER, "running"):
                continue
            if control.stopped:
                break
            run = self._prepare(store, request, record)
            self.id = run.id
            yield RunBegan(run.record.steps, run.id, number, len(reached), point)
            finished = yield from _trained(run, control)
            seconds += finished.seconds
            yield RunEnded(finished.step, run.id, finished)
        yield ev.Finished(0, "stopped" if control.stopped else "done", seconds)

    def _prepare(self, store: Store, request: Request, record: RunRecord | None) -> Run:
        if record is not None:
            return resume(store, record.id)
        run = start(store, request)
        run.recorder.update(tags=(*run.record.tags, self.sweep.tag))
        return run


def _trained(run: Run, control: Control) -> Generator[ev.Event, None, ev.Finished]:
    """Pass a run's events on except the last one, which is returned, whatever ended the run."""
    last: ev.Event | None = None
    try:
        for last in run.events(control):
            if not isinstance(last, ev.Finished):
                yield last
    except Exception as error:  # settings that torch refuses must not take the other runs along; the record says why
        return ev.Finished(run.record.steps, "failed", 0.0, {}, f"{type(error).__name__}: {error}")
    assert isinstance(last, ev.Finished)
    return last
