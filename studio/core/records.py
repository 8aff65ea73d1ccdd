"""A run's folder is the truth about it: `run.json` and `metrics.jsonl`; the database only makes it quick to ask.

Folder layout: `run.json`, `metrics.jsonl`, `log.jsonl`, `checkpoints/`, `previews/`, `exports/`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from studio.core.errors import StoreError
from studio.core.files import explained, read_json, write_json

VERSION = 1
PREVIEW_NAME = re.compile(r"step_(\d+)_(.+)\.(png|txt)")


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Everything that is known about a run except its metric points.

    Attributes:
        id: name of the run's folder.
        path: the folder.
        recipe, preset, title: what was trained.
        status: "running", "done", "stopped", "failed", or "interrupted" (its process is gone).
        config, training: knob values.
        data: `{"source", "options", "spec"}`.
        policy: how it computed.
        parent, parent_step: the run and step it was branched from.
        created: ISO time, UTC.
        seconds, steps, epochs, examples_per_second: work done so far.
        metrics: `{"train": {name: last value}, "val": {...}}`.
        best: `{"name", "value", "step"}` or empty.
        checkpoint: path of the newest checkpoint.
        certified: proof of exact resume, or None.
        error, what_to_do: why it failed.
        pid: process that trains it.
        tags, notes: the person's own.
    """

    id: str
    path: Path
    recipe: str
    preset: str = ""
    title: str = ""
    status: str = "running"
    config: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)
    parent: str = ""
    parent_step: int = 0
    created: str = ""
    seconds: float = 0.0
    steps: int = 0
    epochs: float = 0.0
    examples_per_second: float = 0.0
    metrics: dict[str, dict[str, float]] = field(default_factory=lambda: {"train": {}, "val": {}})
    best: dict[str, Any] = field(default_factory=dict)
    checkpoint: str = ""
    certified: dict[str, Any] | None = None
    error: str = ""
    what_to_do: str = ""
    pid: int = 0
    tags: tuple[str, ...] = ()
    notes: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types; `read` is the inverse (the path is where the folder is found)."""
        document = asdict(self)
        del document["path"]
        return {"version": VERSION, **document}

    def save(self) -> None:
        """Write `run.json` atomically."""
        write_json(self.path / "run.json", self.to_json())


def read(folder: Path) -> RunRecord:
    """Read a run's folder.

    Raises:
        StoreError: `run.json` is missing, damaged, or written by a newer version.
    """
    document = read_json(folder / "run.json")
    try:
        if document.pop("version") > VERSION:
            raise StoreError(f"{folder.name} was written by a newer version.", "Update Generative Studio to open it.")
        known = {f.name for f in dataclasses.fields(RunRecord)}
        values = {k: v for k, v in document.items() if k in known}
        values["tags"] = tuple(values.get("tags", ()))
        record = RunRecord(**{**values, "id": folder.name, "path": folder})
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{folder / 'run.json'} is damaged.", details=repr(error)) from error
    if record.status == "running" and not alive(record.pid):
        return dataclasses.replace(record, status="interrupted")
    return record


def alive(pid: int) -> bool:
    """Whether a process of this id runs on this machine."""
    if pid <= 0:
        return False
    if pid == os.getpid():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it exists and belongs to somebody else
    return True


@dataclass(frozen=True)
class Preview:
    """A stored preview: a PNG sheet or a text."""

    step: int
    name: str
    path: Path


def previews(folder: Path) -> list[Preview]:
    """List a run's stored previews in the order in which they were shown."""
    found = []
    for path in (folder / "previews").glob("step_*"):
        if match := PREVIEW_NAME.fullmatch(path.name):
            found.append((path.stat().st_mtime_ns, Preview(int(match[1]), match[2], path)))
    return [p for _, p in sorted(found, key=lambda pair: (pair[1].step, pair[0], pair[1].name))]


Points = dict[str, list[tuple[int, float]]]


def append_points(folder: Path, points: Points) -> None:
    """Append metric points as one line of `metrics.jsonl`."""
    line = json.dumps({k: [[s for s, _ in v], [x for _, x in v]] for k, v in points.items()}) + "\n"
    with explained(folder / "metrics.jsonl"), (folder / "metrics.jsonl").open("a") as file:
        file.write(line)


def read_points(folder: Path) -> Iterator[Points]:
    """Yield the batches of `metrics.jsonl`; a torn last line or damaged lines are left out."""
    path = folder / "metrics.jsonl"
    if not path.exists():
        return
    with explained(path, "read"), path.open(errors="replace") as file:
        for line in file:
            try:
                document = json.loads(line)
                yield {k: list(zip(map(int, s), map(float, v), strict=True)) for k, (s, v) in document.items()}
            except (ValueError, TypeError, AttributeError):
                continue


def rewind_points(folder: Path, step: int) -> None:
    """Drop the metric points and previews after a step."""
    kept = []
    for batch in read_points(folder):
        points = {k: [(s, x) for s, x in v if s <= step] for k, v in batch.items()}
        points = {k: v for k, v in points.items() if v}
        if points:
            kept.append(points)
    temporary = folder / ".metrics.jsonl.tmp"
    with explained(folder):
        temporary.write_text("")
        for points in kept:
            line = json.dumps({k: [[s for s, _ in v], [x for _, x in v]] for k, v in points.items()})
            with temporary.open("a") as file:
                file.write(line + "\n")
        temporary.replace(folder / "metrics.jsonl")
        for preview in previews(folder):
            if preview.step > step:
                preview.path.unlink(missing_ok=True)
