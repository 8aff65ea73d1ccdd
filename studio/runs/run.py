"""One run from its checked request to a stream of events: opens the data, chooses how to compute, trains, records."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core import events as ev
from studio.core.control import Control
from studio.core.errors import BadConfig, BadInput, Cancelled, StudioError
from studio.core.records import RunRecord
from studio.core.spec import DataSet, DataSpec
from studio.core.store import Store
from studio.runs.recorder import Recorder

if TYPE_CHECKING:
    from studio.core.compute import Compute, Policy
    from studio.core.recipe import Recipe
    from studio.runs.request import Request, Resolved


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


def threads_of(policy: Policy) -> None:
    """Use the number of threads the policy was measured with: sums depend on it."""
    import torch

    if policy.device == "cpu" and policy.threads and torch.get_num_threads() != policy.threads:
        torch.set_num_threads(policy.threads)
