"""Reproduce the books' published results and write them into RESULTS.md.

    python -m tests.benchmarks.reproduce --mnist PATH [--cifar10 PATH] [--text PATH] [--only mlp,cgan] [--workspace DIR]
                                         [--runs FILE]

Each experiment of `experiments.py` is a preset trained with its own budget. Classifiers, autoencoders and text are
judged on held-out data, the best epoch as the books report it; GANs by their samples (`studio.runs.quality`). A figure
that falls short stays in the table. `--runs` names a JSON file {experiment: run id} of runs that are already in the
workspace: they are judged, not trained again.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

from PIL import Image

from studio.core import events as ev
from studio.core.records import previews
from studio.core.store import Store
from studio.runs.request import Request
from studio.runs.training import start
from tests.benchmarks.experiments import EXPERIMENTS, Experiment
from tests.benchmarks.table import PICTURES, RESULTS, write_table


def train(experiment: Experiment, source: Path, store: Store) -> str:
    """Train one experiment; returns the run's id."""
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
    return str(training.id)


def judge(experiment: Experiment, run_id: str, store: Store) -> dict[str, Any]:
    """Return the experiment's line of the table."""
    record = store.run(run_id)
    keep_picture(experiment, record.path)
    values = sampled(run_id, store) if experiment.samples else dict(record.metrics["val"])
    best = last = float(values[experiment.figure])
    if not experiment.samples:
        series = store.metrics(run_id)[f"val/{experiment.figure}"][1]
        best = float(series.max() if experiment.better == "max" else series.min())
        last = float(series[-1])
    better = 1 if experiment.better == "max" else -1
    return {
        "name": experiment.name,
        "recipe": f"{experiment.recipe} / {experiment.preset}",
        "samples": experiment.samples,
        "figure": experiment.figure,
        "best": best,
        "last": last,
        "values": {name: value for name, value in values.items() if isinstance(value, int | float)},
        "book": experiment.book,
        "note": experiment.note,
        "holds": None if experiment.goal is None else better * best >= better * experiment.goal,
        "goal": experiment.goal,
        "budget": f"{record.epochs:.3g} epochs, {record.steps:,} steps, batch {record.training['batch_size']}",
        "seconds": round(record.seconds, 1),
        "device": "{device} {precision}, {threads} threads, ".format(**record.policy) + _machine(),
        "commit": _commit(),
        "date": date.today().isoformat(),
    }


def keep_picture(experiment: Experiment, folder: Path) -> None:
    """Keep what the run showed last beside the table; classifiers and text show nothing that belongs there."""
    shown = [preview for preview in previews(folder) if preview.path.suffix == ".png"]
    if experiment.figure in ("accuracy", "perplexity") or not shown:
        return
    newest = next(preview for preview in shown if preview.step == shown[-1].step)
    PICTURES.mkdir(exist_ok=True)
    with Image.open(newest.path) as picture:
        picture.save(PICTURES / f"{experiment.name}.png", optimize=True)


def sampled(run_id: str, store: Store) -> dict[str, Any]:
    """Return the figures of generated pictures by name, and real pictures' own Fréchet distance as `reference`."""
    from studio.runs.quality import measure
    from studio.runs.trained import TrainedModel

    document = measure(TrainedModel.open(store, run_id, "last"))
    values = {figure["key"]: figure["value"] for figure in document["figures"]}
    references = {figure["key"]: figure["reference"] for figure in document["figures"]}
    values["reference"] = references["frechet"]
    values["modes"] = document["classes"]["covered"]
    if "agreement" in document:
        values["label_agreement"] = document["agreement"]["share"]
    return {**values, "network": document["network"]["name"]}


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=RESULTS.parent)
    return done.stdout.strip()


def main() -> None:
    """Run the chosen experiments; lines of other experiments stay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", type=Path, help="folder with the four idx files")
    parser.add_argument("--cifar10", type=Path, help="archive or folder of the pictures")
    parser.add_argument("--text", type=Path, help="the fables (Project Gutenberg no. 11339)")
    parser.add_argument("--only", default="", help="comma-separated names")
    parser.add_argument("--workspace", type=Path, default=Path("benchmark-workspace"))
    parser.add_argument("--runs", type=Path, help="JSON file {experiment: run id}")
    args = parser.parse_args()
    sources = {"mnist": args.mnist, "cifar10": args.cifar10, "aesop": args.text}
    wanted = set(args.only.split(",")) if args.only else {e.name for e in EXPERIMENTS}
    ready: dict[str, str] = json.loads(args.runs.read_text()) if args.runs else {}
    known = {line["name"]: line for line in json.loads(RESULTS.read_text())} if RESULTS.exists() else {}
    store = Store(args.workspace)
    for experiment in EXPERIMENTS:
        source = sources[experiment.data]
        if experiment.name not in wanted or (source is None and experiment.name not in ready):
            continue
        run_id = ready.get(experiment.name) or train(experiment, source, store)
        known[experiment.name] = judge(experiment, run_id, store)
        write_table([known[e.name] for e in EXPERIMENTS if e.name in known])


if __name__ == "__main__":
    main()
