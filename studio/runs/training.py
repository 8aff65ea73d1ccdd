"""Starting, resuming and branching runs: the one way from "this recipe on that data" to a stream of events."""

from __future__ import annotations

import difflib
import os
import queue
import shutil
import threading
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core import events as ev
from studio.core import knobs, registry
from studio.core.control import Control
from studio.core.errors import BadConfig, BadInput, Cancelled, StudioError
from studio.core.files import explained, read_json, write_json
from studio.core.records import RunRecord
from studio.core.spec import DataSet, DataSpec
from studio.core.store import Store
from studio.core.training import Training
from studio.data.options import DataOptions
from studio.runs.recorder import Recorder

if TYPE_CHECKING:
    from studio.core.compute import Compute, Policy
    from studio.core.policy import Compiling, Precision
    from studio.core.recipe import Recipe

SETTABLE_AFTERWARDS = ("epochs", "steps", "keep_last", "checkpoint_seconds", "preview_seconds", "validate_every")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person asked to train.

    Attributes:
        recipe: id of a recipe.
        data: catalogue name or path; "" takes the preset's data set, or the bundled one without a preset.
        preset: name of a preset of the recipe, or "".
        settings: values for the recipe's Config, `Training` and `DataOptions`, by field name, mixed.
        device, precision, compile: "auto" or a wish; see `studio.core.training.Computing`.
        devices, nodes: processes on this machine, machines.
    """

    recipe: str
    data: str = ""
    preset: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    precision: Precision = "auto"
    compile: Compiling = "auto"
    devices: int = 1
    nodes: int = 1


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A checked request: every knob has its value."""

    recipe: type[Recipe]
    config: Any
    training: Training
    data_options: DataOptions
    data: str


def resolve(request: Request) -> Resolved:
    """Check a request and fill in preset and defaults.

    Raises:
        BadConfig: an unknown recipe, preset or setting, or a value out of range.
    """
    cls = registry.recipe(request.recipe)
    chosen = registry.preset(cls, request.preset) if request.preset else None
    values = {**chosen.config, **chosen.training, **chosen.data_options} if chosen else {}
    values.update(cls.current(request.settings))
    parts: list[Any] = [cls.Config, Training, DataOptions]
    names = [{f.name for f in knobs.fields_of(part)} for part in parts]
    if unknown := set(values) - set().union(*names):
        raise _unknown(sorted(unknown)[0], sorted(set().union(*names)))
    made = [
        knobs.make(part, {k: v for k, v in values.items() if k in own}) for part, own in zip(parts, names, strict=True)
    ]
    source = request.data or (chosen.data if chosen else offline_data(cls))
    return Resolved(recipe=cls, config=made[0], training=made[1], data_options=made[2], data=source)


def offline_data(cls: type[Recipe]) -> str:
    """Return the data set that a recipe uses when none is named: its first preset's if bundled, or its kind's."""
    from studio.data import catalogue

    first = cls.presets[0].data if cls.presets else ""
    bundled = any(entry.name == first and entry.bundled for entry in catalogue.entries())
    return first if bundled else catalogue.BUNDLED[cls.accepts]


def _unknown(name: str, known: list[str]) -> BadConfig:
    near = difflib.get_close_matches(name, known, n=1)
    return BadConfig(
        f"There is no setting called {name!r}.", f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
    )


class Run:
    """One run that is about to train: new, resumed or branched.

    Attributes:
        store: the workspace.
        record: what is known before it starts; `recorder.record` is the current state afterwards.
    """

    def __init__(self, store: Store, record: RunRecord, resolved: Resolved, request: Request) -> None:
        self.store, self.resolved, self.request = store, resolved, request
        self.recorder = Recorder(store, record)

    @property
    def record(self) -> RunRecord:
        """The current record."""
        return self.recorder.record

    @property
    def id(self) -> str:
        """The run's id."""
        return self.record.id

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.record.path

    def events(self, control: Control | None = None) -> Iterator[ev.Event]:
        """Open the data, choose how to compute, train; every event is recorded before it is yielded.

        Must be iterated in one thread; the last event is `Finished`.
        """
        control = control or Control()
        store = Store(self.store.workspace)  # SQLite connections belong to one thread
        self.recorder = Recorder(store, self.record)
        try:
            yield from self.recorder.follow(self._guarded(control))
        except GeneratorExit:
            raise
        except BaseException as error:
            self.recorder.update(status="failed", error=f"{type(error).__name__}: {error}", pid=0)
            raise
        finally:
            store.close()

    def _guarded(self, control: Control) -> Iterator[ev.Event]:
        """Tell failures before the loop as `Finished`, like those inside it."""
        step = self.record.steps
        try:
            yield from self._train(control)
        except Cancelled:
            yield ev.Finished(step, "stopped", 0.0)
        except StudioError as error:
            yield ev.Finished(step, "failed", 0.0, {}, error.what, error.what_to_do)

    def _train(self, control: Control) -> Iterator[ev.Event]:
        yield ev.Message(self.record.steps, "info", f"Opening {self.resolved.data}.")
        data = yield from open_with_progress(self.resolved, self.store.workspace, control)
        for message in getattr(data, "messages", ()):
            yield ev.Message(self.record.steps, "warning", message)
        self._check(data.spec)
        self.recorder.update(data={**self.record.data, "spec": data.spec.to_json()})
        if self.request.devices * self.request.nodes > 1:
            self._check_shareable()
            from studio.runs.distributed import train_together

            yield from train_together(self, control)
            return
        from studio.runs.loop import engine_of

        policy = self._policy(data)
        yield ev.Message(self.record.steps, "info", f"Computing on {policy.reason}")
        engine, complaints = engine_of(self.record, self.resolved, data, policy, control)
        for complaint in complaints:
            yield ev.Message(engine.step, "warning", complaint, "An older checkpoint is used instead.")
        if engine.step or self.record.parent:
            yield ev.Rewound(engine.step)
        yield from engine.run()

    def _check(self, spec: DataSpec) -> None:
        """Refuse data the recipe cannot use.

        Raises:
            BadInput: wrong kind, no labels where labels are needed, or not the data the run began with.
        """
        cls = self.resolved.recipe
        if spec.kind != cls.accepts:
            raise BadInput(
                f"{cls.title} trains on {cls.accepts} data, but {spec.name} holds {spec.kind}.", "Choose other data."
            )
        if spec.table_of != cls.table_of:
            raise BadInput(
                f"{cls.title} needs a table of {cls.table_of}, but {spec.name} holds {spec.table_of}.",
                "Choose other data.",
            )
        if cls.needs_labels and not spec.classes:
            raise BadInput(
                f"{cls.title} needs labels, but {spec.name} has none.", "Sort the pictures into one folder per class."
            )
        if not spec.train_count:
            raise BadInput(f"{spec.name} has no training examples.", "Choose other data, or fewer restrictions.")
        before = self.record.data.get("spec") or {}
        if self.record.steps and before.get("fingerprint") not in (None, "", spec.fingerprint):
            raise BadInput(
                f"{self.resolved.data} has changed since the run began.",
                "Restore the data, or branch the run onto the new data.",
            )

    def _check_shareable(self) -> None:
        """Refuse several processes where there are no gradients to share."""
        cls = self.resolved.recipe
        if cls.learns_by != "gradient":
            raise BadConfig(f"{cls.title} learns without gradients, in one process.", "Use one device and one node.")

    def _policy(self, data: DataSet) -> Policy:
        """Return the stored policy of a run that goes on, or choose one."""
        from studio.core.compute import Policy
        from studio.core.policy import choose

        if self.record.policy:
            return Policy(**self.record.policy)

        def build(compute: Compute) -> Recipe:
            return self.resolved.recipe(self.resolved.config, data.spec, compute)

        return choose(
            build,
            data,
            self.resolved.training,
            device=self.request.device,
            precision=self.request.precision,
            compiling=self.request.compile,
            recipe=self.resolved.recipe.id,
            config=self.resolved.config,
            memory=self.store.workspace / "cache" / "policies.json",
            timed=self.resolved.recipe.learns_by == "gradient",
        )


def open_with_progress(resolved: Resolved, workspace: Path, control: Control) -> Generator[ev.Event, None, DataSet]:
    """Open the data in a helper thread, yielding `Progress` meanwhile; returns the data set.

    Raises:
        Cancelled: the person stopped it.
        StudioError: the data cannot be used.
    """
    from studio.data.open import open_data

    told: queue.SimpleQueue[tuple[int, int, str]] = queue.SimpleQueue()
    result: dict[str, Any] = {}

    def progress(done: int, total: int, what: str) -> None:
        told.put((done, total, what))
        if control.stopped:
            raise Cancelled

    def work() -> None:
        try:
            result["data"] = open_data(
                resolved.data,
                resolved.data_options,
                workspace=workspace,
                kind=resolved.recipe.accepts,
                progress=progress,
            )
        except BaseException as error:  # handed to the caller's thread
            result["error"] = error

    thread = threading.Thread(target=work, name="open-data", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
        latest = None
        while not told.empty():
            latest = told.get()
        if latest is not None:
            done, total, what = latest
            yield ev.Progress(done, 0, total, 0.0, 0.0, 0.0, phase=what)
    if "error" in result:
        raise result["error"]
    return result["data"]  # type: ignore[no-any-return]


def start(store: Store, request: Request) -> Run:
    """Prepare a new run.

    Raises:
        BadConfig: the request does not fit.
        StoreError: the workspace cannot be written.
    """
    resolved = resolve(request)
    record = RunRecord(
        id="",
        path=Path(),
        recipe=request.recipe,
        preset=request.preset,
        title=resolved.recipe.title,
        config=knobs.to_json(resolved.config),
        training=knobs.to_json(resolved.training),
        data={"source": resolved.data, "options": knobs.to_json(resolved.data_options), "spec": None},
    )
    return Run(store, store.create(record), resolved, request)


def resume(store: Store, run_id: str, *, devices: int = 1, **settings: Any) -> Run:
    """Prepare to go on with a run exactly where its newest checkpoint stands.

    Args:
        store: the workspace.
        run_id: id, unique beginning, or "last".
        devices: processes on this machine.
        settings: longer budgets and housekeeping only; anything else is a branch.

    Raises:
        StudioError: it is running, or a setting would change the run's past.
    """
    record = store.run(run_id)
    if record.status == "running":
        raise StudioError(f"{record.id} is running already.", "Stop it first.")
    if changing := set(settings) - set(SETTABLE_AFTERWARDS):
        raise BadConfig(f"{sorted(changing)[0]} cannot change when a run goes on.", "Use branch to try other settings.")
    resolved = resolved_of(record, settings)
    record = replace(
        record, status="running", training=knobs.to_json(resolved.training), pid=os.getpid(), error="", what_to_do=""
    )
    store.update(record)
    return Run(store, record, resolved, Request(recipe=record.recipe, devices=devices))


def resolved_of(record: RunRecord, settings: Mapping[str, Any], data: str = "") -> Resolved:
    """Return the checked request that would train a record again, with changed settings."""
    options = record.data.get("options") or {}
    return resolve(
        Request(
            recipe=record.recipe,
            data=data or record.data["source"],
            settings={**record.config, **record.training, **options, **settings},
        )
    )


def branch(store: Store, run_id: str, step: int | None = None, settings: Mapping[str, Any] | None = None) -> Run:
    """Prepare a new run that begins at a checkpoint of another, with changed knobs.

    Args:
        store: the workspace.
        run_id: the parent.
        step: of one of its checkpoints; the nearest earlier one is taken; None is the newest.
        settings: changed knobs; knobs that change the networks' shapes are refused when it starts.

    Raises:
        StudioError: the parent has no checkpoint at or before `step`.
    """
    from studio.core import checkpoint as ckpt

    parent = store.run(run_id)
    folder = parent.path / "checkpoints"
    possible = [s for s in ckpt.steps(folder) if step is None or s <= step]
    if not possible:
        have = ", ".join(map(str, ckpt.steps(folder))) or "none"
        raise StudioError(f"{parent.id} has no checkpoint at or before step {step}.", f"Checkpoints: {have}.")
    resolved = resolved_of(parent, settings or {})
    record = store.create(
        replace(
            parent,
            config=knobs.to_json(resolved.config),
            training=knobs.to_json(resolved.training),
            data={"source": resolved.data, "options": knobs.to_json(resolved.data_options), "spec": None},
            status="running",
            parent=parent.id,
            parent_step=possible[-1],
            steps=possible[-1],
            certified=None,
            best={},
            error="",
            seconds=0.0,
        )
    )
    name = ckpt.name_of(possible[-1])
    with explained(record.path):
        copied = Path(shutil.copytree(folder / name, record.path / "checkpoints" / name))
    state = read_json(copied / "state.json")
    for turned in ("live", "resting"):  # the branch's own settings count, not what was turned while the parent trained
        state.pop(turned, None)
    write_json(copied / "state.json", state)
    return Run(store, record, resolved, Request(recipe=record.recipe))


def threads_of(policy: Policy) -> None:
    """Use the number of threads the policy was measured with: sums depend on it."""
    import torch

    if policy.device == "cpu" and policy.threads and torch.get_num_threads() != policy.threads:
        torch.set_num_threads(policy.threads)
