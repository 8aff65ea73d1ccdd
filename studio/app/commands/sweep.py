"""Sweeps on the command line: training the runs of a grid, the table, the list of kept sweeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from studio.app.commands.base import Command, number, quiet_default, say, table
from studio.app.commands.progress import Watcher, duration
from studio.core import events as ev

if TYPE_CHECKING:
    from studio.core.store import Store
    from studio.runs.request import Request
    from studio.runs.sweep import Sweep

Axes = Annotated[
    tuple[tuple[str, ...], ...],
    tyro.conf.UseAppendAction,
    tyro.conf.arg(
        metavar="NAME=VALUES …",
        help="Train once for every combination of values: --sweep dropout=0.2,0.45 --sweep lr=1e-4..1e-2x3; lists as "
        "units=256:256,512:512.",
        help_behavior_hint="",
    ),
]
SweepId = Annotated[tyro.conf.Positional[str], tyro.conf.arg(name="sweep", metavar="SWEEP")]


def begin(store: Store, request: Request, axes: Iterable[Iterable[str]]) -> dict[str, Any]:
    """Check and keep a sweep, train it, return its document.

    Raises:
        BadConfig: an axis, or one of the runs it makes, does not fit.
    """
    from studio.runs.sweep import create

    return follow(store, create(store, request, [text for group in axes for text in group]))


def follow(store: Store, sweep: Sweep) -> dict[str, Any]:
    """Train what is missing of a sweep and return its document; Ctrl-C stops it with a checkpoint."""
    from studio.app.commands.train import stopped_by_interrupt
    from studio.core.control import Control
    from studio.runs.sweep import RunBegan, RunEnded, SweepRun
    from studio.runs.sweep_grid import shown

    control, watcher = Control(), Watcher()
    with stopped_by_interrupt(control):
        for event in SweepRun(store, sweep).events(control):
            if isinstance(event, RunBegan):
                settings = ", ".join(f"{k} {shown(v)}" for k, v in event.settings.items())
                say(f"Run {event.number} of {event.total}: {settings}")
            elif isinstance(event, RunEnded):
                watcher.show(event.finished)
                if event.finished.status == "failed":
                    say(f"failed: {event.finished.error} {event.finished.what_to_do}".strip())
            elif not isinstance(event, ev.Finished):
                watcher.show(event)
    return document_of(store, sweep)


def document_of(store: Store, sweep: Sweep) -> dict[str, Any]:
    """Return the stable document about a sweep; `rows` are sorted, the best first."""
    from studio.core import registry
    from studio.runs.sweep_table import rows

    recipe = registry.recipe(sweep.request.recipe)
    made = rows(store, sweep)
    left = [row for row in made if row.status not in ("done", "failed")]
    return {
        "sweep": sweep.id,
        "recipe": recipe.id,
        "preset": sweep.request.preset,
        "data": sweep.request.data,
        "created": sweep.created,
        "metric": recipe.best_metric,
        "mode": recipe.best_mode,
        "axes": {axis.name: axis.values for axis in sweep.axes},
        "status": "stopped" if left else "done",
        "failed": sum(row.status == "failed" for row in made),
        "rows": [asdict(row) for row in made],
        "exit": 1 if made and all(row.status == "failed" for row in made) else 0,
    }


def text_of(document: dict[str, Any]) -> str:
    """Write the table, the best run first."""
    from studio.runs.sweep_grid import shown

    metric = document["metric"]
    header = [*document["axes"], "STATUS", f"TRAIN {metric}", f"VAL {metric}", "BEST", "AT STEP", "TIME", "RUN"]
    lines = []
    for row in document["rows"]:
        reached = [row["status"], number(row["train"]), number(row["val"]), number(row["val_best"])]
        at = f"{row['best_step']:,}" if row["best_step"] is not None else "–"
        settings = [shown(value) for value in row["settings"].values()]
        lines.append([*settings, *reached, at, duration(row["seconds"]), row["run"] or "–"])
    told = [table(lines, header), f"sweep {document['sweep']}: {len(lines)} runs, the best {metric} first."]
    told += [f"failed: {row['error']}" for row in document["rows"] if row["status"] == "failed"]
    if document["status"] == "stopped":
        told.append(f"Go on with: generative-studio resume {document['sweep']}")
    return "\n".join(told)


@dataclass(frozen=True, kw_only=True)
class ListSweeps(Command):
    """List the sweeps of the workspace, newest first."""

    def run(self) -> Any:
        """Return one document per sweep."""
        from studio.runs.sweep import kept

        store = self.store()
        return [document_of(store, sweep) for sweep in kept(store)]

    def text(self, document: Any) -> str:
        """Write one line per sweep."""
        if not document:
            return "There are no sweeps yet. Try: generative-studio train vae --data digits --sweep lr=1e-4..1e-2x3"
        rows = [
            [
                d["sweep"],
                d["recipe"],
                d["status"],
                len(d["rows"]),
                " ".join(d["axes"]),
                number(d["rows"][0]["val_best"]),
            ]
            for d in document
        ]
        return table(rows, ["SWEEP", "RECIPE", "STATUS", "RUNS", "VARIES", "BEST"])


@dataclass(frozen=True, kw_only=True)
class ShowSweep(Command):
    """Show what the runs of a sweep reached, the best first."""

    sweep_id: SweepId = "last"
    """Id of the sweep, the beginning of one, or "last"."""
    out: Annotated[Path | None, quiet_default("FILE.csv")] = None
    """Also write the table as CSV."""

    def run(self) -> Any:
        """Return the document, after writing the file that was asked for."""
        from studio.core.files import write_atomic
        from studio.runs.sweep import load
        from studio.runs.sweep_table import rows, to_csv

        store = self.store()
        sweep = load(store, self.sweep_id)
        if self.out is not None:
            write_atomic(self.out, to_csv(rows(store, sweep)).encode())
        return {**document_of(store, sweep), "exit": 0, "out": self.out}

    def text(self, document: Any) -> str:
        """Write the table, and where the file is."""
        return text_of(document) + (f"\n{document['out']}" if document["out"] is not None else "")
