"""Keeps what a run says: metric points, previews, log and the record's running totals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from studio.core import events as ev
from studio.core.errors import StoreError
from studio.core.files import explained, write_atomic
from studio.core.records import Points, RunRecord
from studio.core.store import Store
from studio.runs import previews


class Recorder:
    """Writes the events of one run to its folder and the catalogue while passing them on.

    Args:
        store: of the thread that calls `follow`.
        record: the run.
    """

    def __init__(self, store: Store, record: RunRecord) -> None:
        self.store = store
        self.record = record
        self._per_epoch = 1
        self._before = record.seconds

    def follow(self, events: Iterable[ev.Event]) -> Iterator[ev.Event]:
        """Record every event, then yield it.

        A workspace that cannot be written any more ends the run: the last event says so.
        """
        for event in events:
            try:
                self._take(event)
            except StoreError as error:
                yield ev.Finished(
                    event.step, "failed", self.record.seconds, self.record.best, error.what, error.what_to_do
                )
                self._try_to_fail(error)
                return
            yield event

    def _try_to_fail(self, error: StoreError) -> None:
        """Note the failure if that is still possible; the folder itself may be what failed."""
        failed = replace(self.record, status="failed", error=error.what, what_to_do=error.what_to_do, pid=0)
        try:
            self.store.update(failed)
        except StoreError:
            return  # the run is then found as "interrupted", which is true as well
        self.record = failed

    def _take(self, event: ev.Event) -> None:
        match event:
            case ev.Scalars():
                self._points(event)
            case ev.Images():
                self._picture(event)
            case ev.Text():
                path = self.record.path / "previews" / f"step_{event.step:010d}_{_safe(event.name)}.txt"
                write_atomic(path, event.text.encode())
            case ev.Message():
                self._log(event)
            case ev.Started():
                self._per_epoch = event.steps_per_epoch
                self.update(policy=event.policy)
            case ev.Progress():
                self.record = replace(self.record, examples_per_second=event.examples_per_second)
            case ev.Checkpointed():
                self.update(steps=event.step, epochs=event.step / self._per_epoch, checkpoint=event.path)
            case ev.Rewound():
                self.store.rewind(self.record, event.step)
            case ev.Finished():
                self._finish(event)

    def _points(self, event: ev.Scalars) -> None:
        points: Points = {
            f"{event.split}/{name}": list(zip(event.steps, values, strict=True))
            for name, values in event.values.items()
        }
        self.store.add_points(self.record, points)
        last = {name: values[-1] for name, values in event.values.items()}
        metrics = {**self.record.metrics, event.split: {**self.record.metrics.get(event.split, {}), **last}}
        self.record = replace(self.record, metrics=metrics)

    def _picture(self, event: ev.Images) -> None:
        path = self.record.path / "previews" / f"step_{event.step:010d}_{_safe(event.name)}.png"
        previews.save(path, event, self.recipe_of(event.step))

    def recipe_of(self, step: int) -> dict[str, Any]:
        """Return what is embedded in every artefact so that it can restore the state it came from."""
        r = self.record
        return {"run": r.id, "recipe": r.recipe, "config": r.config, "data": r.data.get("source"), "step": step}

    def _log(self, event: ev.Message) -> None:
        path = self.record.path / "log.jsonl"
        document = {"step": event.step, "level": event.level, "text": event.text, "what_to_do": event.what_to_do}
        with explained(path), path.open("a") as file:
            file.write(json.dumps(document) + "\n")

    def _finish(self, event: ev.Finished) -> None:
        self.update(
            status=event.status,
            steps=event.step,
            epochs=event.step / self._per_epoch,
            seconds=self._before + event.seconds,
            best=event.best,
            error=event.error,
            what_to_do=event.what_to_do,
            pid=0,
        )

    def update(self, **changes: Any) -> None:
        """Change fields of the record and save it."""
        self.record = replace(self.record, **changes)
        self.store.update(self.record)


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name)[:60]
