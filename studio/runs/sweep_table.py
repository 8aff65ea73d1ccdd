"""What the runs of a sweep reached: the table, best first, as CSV, and how long the missing runs take."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio.core import registry
from studio.core.records import RunRecord
from studio.core.store import Store
from studio.runs.request import Request, resolve
from studio.runs.sweep import OVER, Sweep, runs_of
from studio.runs.sweep_grid import shown


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: a point of the grid and what its run reached.

    Attributes:
        settings: values of the knobs that vary.
        run: id, "" when it has not begun.
        status: of the run, "missing" when it has not begun.
        train, val: last value of the recipe's best metric.
        train_best, val_best: best value, by the recipe's direction; None where it was never measured.
        best_step: where `val_best` was reached.
        seconds: spent training.
        error: why it failed.
    """

    settings: dict[str, Any]
    run: str = ""
    status: str = "missing"
    train: float | None = None
    train_best: float | None = None
    val: float | None = None
    val_best: float | None = None
    best_step: int | None = None
    seconds: float = 0.0
    error: str = ""


def rows(store: Store, sweep: Sweep) -> list[Row]:
    """Return the table, the best run first; runs without a measured value come last, in the grid's order."""
    recipe = registry.recipe(sweep.request.recipe)
    made = [_row(store, p, r, recipe.best_metric, recipe.best_mode) for p, r in runs_of(store, sweep)]
    sign = 1 if recipe.best_mode == "min" else -1
    return sorted(made, key=lambda row: math.inf if (v := _rank(row)) is None else sign * v)


def _rank(row: Row) -> float | None:
    """The held-out best where there is one; recipes without validation are ranked by what they trained to."""
    value = row.val_best if row.val_best is not None else row.train
    return value if value is not None and math.isfinite(value) else None


def _row(store: Store, point: dict[str, Any], record: RunRecord | None, metric: str, mode: str) -> Row:
    if record is None:
        return Row(settings=point)
    series = store.metrics(record.id)
    found: dict[str, Any] = {}
    for split in ("train", "val"):
        steps, values = series.get(f"{split}/{metric}", ((), ()))
        finite = [(float(v), int(s)) for v, s in zip(values, steps, strict=True) if math.isfinite(v)]
        if finite:
            best = min(finite) if mode == "min" else max(finite, key=lambda pair: pair[0])
            found |= {split: finite[-1][0], f"{split}_best": best[0]}
            found |= {"best_step": best[1]} if split == "val" else {}
    return Row(settings=point, run=record.id, status=record.status, seconds=record.seconds, error=record.error, **found)


def to_csv(table: Sequence[Row]) -> str:
    """Return the table as CSV: the knobs, then what was reached."""
    names = list(table[0].settings) if table else []
    reached = ("run", "status", "train", "train_best", "val", "val_best", "best_step", "seconds", "error")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, *reached])
    for row in table:
        values = [getattr(row, name) for name in reached]
        writer.writerow([*(shown(v) for v in row.settings.values()), *("" if v is None else v for v in values)])
    return text.getvalue()


def estimate(store: Store, sweep: Sweep) -> float | None:
    """Return about how many seconds the missing runs take; None without a run of this recipe on this data to go by."""
    source = resolve(sweep.request).data
    for record in store.runs():
        spec = record.data.get("spec") or {}
        known = record.recipe == sweep.request.recipe and record.data.get("source") == source
        if known and record.seconds and record.steps and spec.get("train_count"):
            each = record.seconds / (record.steps * int(record.training["batch_size"]))
            return each * sum(_examples(single, spec["train_count"]) for single in _missing(store, sweep))
    return None


def _missing(store: Store, sweep: Sweep) -> list[Request]:
    if not sweep.id:
        return [single for _, single in sweep.requests()]
    reached = [record for _, record in runs_of(store, sweep)]
    pairs = zip(sweep.requests(), reached, strict=True)
    return [single for (_, single), record in pairs if record is None or record.status not in OVER]


def _examples(request: Request, train_count: int) -> int:
    training = resolve(request).training
    return training.steps * training.batch_size if training.steps else training.epochs * train_count
