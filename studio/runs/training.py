"""Starting, resuming and branching runs: the one way from "this recipe on that data" to a run that trains."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.core import knobs
from studio.core.errors import BadConfig, StudioError
from studio.core.files import explained, read_json, write_json
from studio.core.records import RunRecord
from studio.core.store import Store
from studio.runs.request import Request, resolve, resolved_of
from studio.runs.run import Run

SETTABLE_AFTERWARDS = ("epochs", "steps", "keep_last", "checkpoint_seconds", "preview_seconds", "validate_every")


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
