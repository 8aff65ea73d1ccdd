"""RESULTS.json (the truth) and RESULTS.md (the table made of it)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.experiments import EXPERIMENTS

RESULTS = Path(__file__).with_name("RESULTS.json")
TABLE = Path(__file__).with_name("RESULTS.md")
PICTURES = Path(__file__).with_name("pictures")

HEADER = """# Published results, reproduced

Made by `tests/benchmarks/reproduce.py`. Held-out data is the data set's own test set (as in the books); text is split
by story; CIFAR-10 was read from a copy that stores its pictures as JPEG. A figure that falls short stays here, with the
reason. Seconds were taken while the machine also did other work; they say little about speed.
"""
HELD_OUT = """## On held-out data

"Best" is the best epoch, the way the books quote it; the last epoch is in brackets.
"""
SAMPLES = """## By their samples

The books show pictures only. Fréchet distance, precision and recall are taken on the features of a small classifier
that is trained here on the same data (99 % and more held out), never on Inception's: compare them only with each other.
"Modes" are the digits that appear with at least a fifth of their share; "asked label" is the share of samples to which
that classifier gives the label that was asked for.
"""
SHOWN = """## What they drew

The last preview of each run, with averaged weights where the preset has them.
"""
NOT_RUN = """## Not run yet

Declared in `experiments.py` with their budgets; nothing is claimed about them.
"""
MARKS = {True: "yes", False: "**no**", None: "–"}


def rows(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in (titles, ["---"] * len(titles), *lines)]


def write_table(lines: Sequence[dict[str, Any]]) -> None:
    """Write both files."""
    RESULTS.write_text(json.dumps(list(lines), indent=1) + "\n")
    held_out = [line for line in lines if not line.get("samples")]
    judged = [line for line in lines if line.get("samples")]
    parts = [HEADER, *_summary(lines), HELD_OUT, *_held_out(held_out), "", "Last held-out values of each run:", ""]
    parts += [f"- **{e['name']}**: " + ", ".join(f"{k} {v:.5g}" for k, v in e["values"].items()) for e in held_out]
    if judged:
        parts += ["", SAMPLES, *_samples(judged)]
    if drawn := [line["name"] for line in lines if (PICTURES / f"{line['name']}.png").is_file()]:
        parts += ["", SHOWN, *(f"**{name}**\n\n![{name}]({PICTURES.name}/{name}.png)\n" for name in drawn)]
    if missing := [e for e in EXPERIMENTS if e.name not in {line["name"] for line in lines}]:
        parts += ["", NOT_RUN, *(f"- **{e.name}**: {e.recipe} / {e.preset}; the book: {e.book}" for e in missing)]
    TABLE.write_text("\n".join([*parts, ""]))


def _summary(lines: Sequence[dict[str, Any]]) -> list[str]:
    """Say which figures with a goal are reached and which are not."""
    groups: dict[bool, list[str]] = {True: [], False: []}
    for line in lines:
        if line["holds"] is not None:
            groups[line["holds"]].append(line["name"] + (f" ({line['note']})" if line.get("note") else ""))
    told = [f"**Reached ({len(groups[True])})**: {', '.join(groups[True])}."]
    return [*told, "", f"**Not reached ({len(groups[False])})**: {', '.join(groups[False])}.", ""]


def _held_out(lines: Sequence[dict[str, Any]]) -> list[str]:
    titles = ("Experiment", "Recipe / preset", "Figure", "Ours, best (last)", "Book", "Reached", "Budget", "Note")
    cells = [
        (e["name"], e["recipe"], e["figure"], *_reached(e), e["budget"], e.get("note", ""), *_made(e)) for e in lines
    ]
    return rows((*titles, "Seconds", "Device", "Commit, date"), cells)


def _reached(e: dict[str, Any]) -> tuple[str, str, str]:
    return f"{e['best']:.5g} ({e['last']:.5g})", e["book"], MARKS[e["holds"]]


def _samples(lines: Sequence[dict[str, Any]]) -> list[str]:
    titles = (
        "Experiment",
        "Fréchet",
        "Precision",
        "Recall",
        "Modes",
        "Asked label",
        "Goal",
        "Reached",
        "Budget",
        "Note",
    )
    cells = [(e["name"], *_judged(e), MARKS[e["holds"]], e["budget"], e.get("note", ""), *_made(e)) for e in lines]
    return rows((*titles, "Seconds", "Device", "Commit, date"), cells)


def _judged(e: dict[str, Any]) -> tuple[str, ...]:
    names = ("precision", "recall", "modes", "label_agreement")
    goal = "–" if e["goal"] is None else f"{e['figure']} {e['goal']:g}"
    distance = f"{e['values']['frechet']:.4g} ({e['values']['reference']:.2g})"
    return (distance, *(f"{e['values'][n]:.4g}" if n in e["values"] else "–" for n in names), goal)


def _made(e: dict[str, Any]) -> tuple[str, str, str]:
    return f"{e['seconds']:g}", e["device"], f"{e['commit']}, {e['date']}"
