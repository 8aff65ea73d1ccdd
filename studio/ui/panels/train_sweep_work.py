"""What a sweep in the Train panel does in workers: nothing here touches a widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.runs.request import Request
    from studio.runs.sweep import SweepRun
    from studio.runs.sweep_table import Row


@dataclass(frozen=True)
class Plan:
    """How many runs a sweep makes, and about how long they take together (None: nothing to go by yet)."""

    runs: int
    seconds: float | None


@dataclass(frozen=True)
class Table:
    """A kept sweep: labels of its knobs, its rows (the best first), and every kept sweep (id, title)."""

    id: str
    recipe: str
    metric: str
    knobs: tuple[str, ...]
    rows: tuple[Row, ...]
    kept: tuple[tuple[str, str], ...]

    @property
    def missing(self) -> int:
        """How many runs are still to be trained."""
        return sum(row.status not in ("done", "failed") for row in self.rows)


def plan(workspace: Path, request: Request, texts: Sequence[str]) -> Plan:
    """Count the runs and estimate their time.

    Raises:
        BadConfig: a text, or one of the runs, does not fit.
    """
    from studio.core.store import Store
    from studio.runs import sweep
    from studio.runs.sweep_table import estimate

    store = Store(workspace)
    try:
        planned = sweep.plan(request, texts)
        return Plan(len(planned.requests()), estimate(store, planned))
    finally:
        store.close()


def prepare(workspace: Path, request: Request, texts: Sequence[str]) -> SweepRun:
    """Check and keep a sweep.

    Raises:
        StudioError: it does not fit, or the workspace cannot be written.
    """
    from studio.core.store import Store
    from studio.runs.sweep import SweepRun, create

    store = Store(workspace)
    try:
        return SweepRun(store, create(store, request, texts))
    finally:
        store.close()


def prepare_rest(workspace: Path, sweep_id: str) -> SweepRun:
    """Return what trains the missing runs of a kept sweep.

    Raises:
        StudioError: there is no such sweep.
    """
    from studio.core.store import Store
    from studio.runs.sweep import SweepRun, load

    store = Store(workspace)
    try:
        return SweepRun(store, load(store, sweep_id))
    finally:
        store.close()


def table(workspace: Path, sweep_id: str) -> Table | None:
    """Read a kept sweep, the newest one for "last"; None when there is none at all."""
    from studio.core import registry
    from studio.core.store import Store
    from studio.runs.sweep import kept, knobs_of, load
    from studio.runs.sweep_table import rows

    store = Store(workspace)
    try:
        known = kept(store)
        if not known and sweep_id == "last":
            return None
        sweep = known[0] if sweep_id == "last" else load(store, sweep_id)
        recipe = registry.recipe(sweep.request.recipe)
        titles = tuple((s.id, f"{s.created[:16].replace('T', ' ')} · {s.request.recipe}") for s in known)
        names = tuple(knobs_of(recipe.id)[axis.name].knob.label for axis in sweep.axes)
        return Table(sweep.id, recipe.id, recipe.best_metric, names, tuple(rows(store, sweep)), titles)
    finally:
        store.close()


def export(workspace: Path, path: Path, sweep_id: str) -> Path:
    """Write a sweep's table as CSV; the folder is made.

    Raises:
        StudioError: there is no such sweep, or the file cannot be written.
    """
    from studio.core.files import explained, write_atomic
    from studio.core.store import Store
    from studio.runs.sweep import load
    from studio.runs.sweep_table import rows, to_csv

    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    store = Store(workspace)
    try:
        write_atomic(path, to_csv(rows(store, load(store, sweep_id))).encode())
    finally:
        store.close()
    return path
