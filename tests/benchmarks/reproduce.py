"""Reproduce the books' published results and write them into RESULTS.md.

    python tests/benchmarks/reproduce.py --mnist PATH [--text PATH] [--only mlp,cnn] [--workspace DIR]

Each experiment is a preset trained with its own budget; the figure is the best held-out value, the way the
books report it. A figure that falls short stays in the table.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from studio.core import events as ev
from studio.core.store import Store
from studio.runs.training import Request, start

RESULTS = Path(__file__).with_name("RESULTS.json")
TABLE = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One line of the table."""

    name: str
    recipe: str
    preset: str
    data: str
    figure: str
    book: str
    holds: str
    """Python expression over `v`, the figure; "" when the book gives none."""
    settings: Mapping[str, Any] = field(default_factory=dict)


EXPERIMENTS = (
    Experiment(
        name="mlp",
        recipe="mlp-classifier",
        preset="atienza",
        data="mnist",
        figure="accuracy",
        book="98.5 % (Atienza 1.3)",
        holds="v >= 0.985",
    ),
    Experiment(
        name="cnn",
        recipe="cnn-classifier",
        preset="atienza",
        data="mnist",
        figure="accuracy",
        book="99.4 % (Atienza 1.4)",
        holds="v >= 0.994",
    ),
    Experiment(
        name="mlp-averaged",
        recipe="mlp-classifier",
        preset="atienza",
        data="mnist",
        figure="accuracy",
        book="98.5 % (Atienza 1.3); ours adds weight averaging 0.999",
        holds="v >= 0.985",
        settings={"ema": 0.999},
    ),
    Experiment(
        name="cnn-averaged",
        recipe="cnn-classifier",
        preset="atienza",
        data="mnist",
        figure="accuracy",
        book="99.4 % (Atienza 1.4); ours adds weight averaging 0.999",
        holds="v >= 0.994",
        settings={"ema": 0.999},
    ),
    Experiment(
        name="ae16",
        recipe="autoencoder",
        preset="atienza-16",
        data="mnist",
        figure="loss",
        book="MSE 0.01 (Atienza 3.2); our preset averages weights (0.99)",
        holds="v <= 0.01",
    ),
    Experiment(
        name="vae-cnn",
        recipe="vae",
        preset="atienza-cnn",
        data="mnist",
        figure="elbo",
        book="no figure (Atienza 8.1); the book trains 30 epochs",
        holds="",
        settings={"epochs": 10},
    ),
    Experiment(
        name="lstm",
        recipe="lstm-text",
        preset="foster",
        data="aesop",
        figure="perplexity",
        book="no figure (Foster ch. 6); the book trains 100 epochs",
        holds="",
        settings={"epochs": 4},
    ),
)


def run(experiment: Experiment, source: Path, workspace: Path) -> dict[str, Any]:
    """Train one experiment and return its line of the table."""
    store = Store(workspace)
    request = Request(
        recipe=experiment.recipe,
        preset=experiment.preset,
        data=str(source),
        settings={"seed": 1, **experiment.settings},
    )
    training = start(store, request)
    print(f"{experiment.name}: {training.id}", file=sys.stderr)
    for event in training.events():
        if isinstance(event, ev.Scalars) and event.split == "val":
            print(f"  step {event.step}: { ({k: round(v[0], 5) for k, v in event.values.items()}) }", file=sys.stderr)
        if isinstance(event, ev.Finished) and event.status != "done":
            raise SystemExit(f"{experiment.name}: {event.status}: {event.error} {event.what_to_do}")
    record = store.run(training.id)
    steps, values = store.metrics(training.id)[f"val/{experiment.figure}"]
    best = values.max() if experiment.figure == "accuracy" else values.min()
    return {
        "name": experiment.name,
        "recipe": f"{experiment.recipe} / {experiment.preset}",
        "figure": experiment.figure,
        "best": float(best),
        "last": float(values[-1]),
        "val": record.metrics["val"],
        "book": experiment.book,
        "holds": bool(eval(experiment.holds, {"v": float(best)})) if experiment.holds else None,
        "budget": f"{record.epochs:.0f} epochs, {steps[-1]:,} steps, batch {record.training['batch_size']}",
        "seconds": round(record.seconds, 1),
        "device": "{device} {precision}, {threads} threads, ".format(**record.policy) + _machine(),
        "commit": _commit(),
        "date": date.today().isoformat(),
    }


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=TABLE.parent)
    return done.stdout.strip()


def write_table(lines: list[dict[str, Any]]) -> None:
    """Write RESULTS.json (the truth) and RESULTS.md (the table)."""
    RESULTS.write_text(json.dumps(lines, indent=1) + "\n")
    rows = [
        "| Experiment | Recipe / preset | Figure (held-out) | Ours, best (last) | Book | Reached | Budget | Seconds |"
        " Device | Commit, date |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for line in lines:
        reached = {True: "yes", False: "**no**", None: "–"}[line["holds"]]
        cells = [line["name"], line["recipe"], line["figure"], f"{line['best']:.5g} ({line['last']:.5g})", line["book"]]
        cells += [reached, line["budget"], f"{line['seconds']:g}", line["device"], f"{line['commit']}, {line['date']}"]
        rows.append(f"| {' | '.join(cells)} |")
    details = [f"- **{line['name']}**: " + ", ".join(f"{k} {v:.5g}" for k, v in line["val"].items()) for line in lines]
    TABLE.write_text("\n".join([HEADER, *rows, "", "Last held-out values of each run:", "", *details, ""]))


HEADER = """# Published results, reproduced

Made by `tests/benchmarks/reproduce.py`. Held-out data is the data set's own test set (as in the books); text is split
by story. "Best" is the best epoch, the way the books quote it; the last epoch is in brackets. A figure that falls
short stays here. Seconds were taken while the machine also did other work; they say little about speed.
"""


def main() -> None:
    """Run the chosen experiments; lines of other experiments stay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", type=Path, required=True, help="folder with the four idx files")
    parser.add_argument("--text", type=Path, help="the fables (Project Gutenberg no. 11339)")
    parser.add_argument("--only", default="", help="comma-separated names")
    parser.add_argument("--workspace", type=Path, default=Path("benchmark-workspace"))
    args = parser.parse_args()
    sources = {"mnist": args.mnist, "aesop": args.text}
    wanted = set(args.only.split(",")) if args.only else {e.name for e in EXPERIMENTS}
    known = {line["name"]: line for line in json.loads(RESULTS.read_text())} if RESULTS.exists() else {}
    for experiment in EXPERIMENTS:
        source = sources[experiment.data]
        if experiment.name in wanted and source is not None:
            known[experiment.name] = run(experiment, source, args.workspace)
            write_table([known[e.name] for e in EXPERIMENTS if e.name in known])


if __name__ == "__main__":
    main()
