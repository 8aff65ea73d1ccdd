"""`runs list|show|compare|export|certify|delete|restore|sweeps|sweep`: what the workspace holds."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from studio.app.commands.base import Command, metrics_text, number, plain, quiet_default, table
from studio.app.commands.progress import Bar, duration
from studio.app.commands.sweep import ListSweeps, ShowSweep
from studio.core.errors import BadInput, StoreError

if TYPE_CHECKING:
    from studio.core.records import RunRecord
    from studio.core.store import Store

RunId = Annotated[tyro.conf.Positional[str], tyro.conf.arg(name="run", metavar="RUN")]


def document_of(record: RunRecord) -> dict[str, Any]:
    """Return a record in plain JSON types, with its path."""
    return {"run": record.id, **{f.name: getattr(record, f.name) for f in fields(record) if f.name != "id"}}


@dataclass(frozen=True, kw_only=True)
class List(Command):
    """List the runs of the workspace, newest first."""

    def run(self) -> Any:
        """Return one document per run."""
        return [document_of(record) for record in self.store().runs()]

    def text(self, document: Any) -> str:
        """Write one line per run."""
        if not document:
            return "There are no runs yet. Try: generative-studio train vae --data digits"
        return table([_row(run) for run in document], ["RUN", "STATUS", "STEPS", "TIME", "BEST", "CERTIFIED"])


def _row(run: dict[str, Any]) -> list[str]:
    return [run["run"], run["status"], f"{run['steps']:,}", duration(run["seconds"]), _best(run), _badge(run)]


def _best(run: dict[str, Any]) -> str:
    best = run["best"]
    return f"{best['name']} {number(best['value'])} at {best['step']:,}" if best else "–"


def _badge(run: dict[str, Any]) -> str:
    if not run["certified"]:
        return "–"
    return "exact" if run["certified"].get("exact") else "not exact"


@dataclass(frozen=True, kw_only=True)
class Show(Command):
    """Show everything that is known about a run."""

    run_id: RunId
    """Id of the run, the beginning of one, or "last"."""

    def run(self) -> Any:
        """Return the record."""
        return document_of(self.store().run(self.run_id))

    def text(self, document: Any) -> str:
        """Write the record in sections."""
        lines = [f"{document['run']}: {document['title']}, {document['status']}", f"  path: {document['path']}"]
        lines += [f"  {k}: {document[k]}" for k in ("error", "what_to_do", "parent", "checkpoint") if document[k]]
        lines += [f"  best: {_best(document)}", f"  certified: {_badge(document)}"]
        for section in ("config", "training", "policy"):
            lines.append(f"  {section}: " + ", ".join(f"{k} {v}" for k, v in document[section].items()))
        return "\n".join([*lines, metrics_text(document["metrics"])])


@dataclass(frozen=True, kw_only=True)
class Compare(Command):
    """Compare runs: which settings differ, and what each reached."""

    run_ids: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(name="runs", metavar="RUN RUN …")]
    """Two runs or more."""

    def run(self) -> Any:
        """Return the runs, the settings in which they differ, and their last metrics."""
        if len(self.run_ids) < 2:
            raise BadInput("There is nothing to compare.", "Name two runs or more.")
        store = self.store()
        records = [store.run(run_id) for run_id in self.run_ids]
        settings = [_settings(r) for r in records]
        metrics = [
            {f"{split}/{k}": v for split, values in r.metrics.items() for k, v in values.items()} for r in records
        ]
        return {
            "runs": [r.id for r in records],
            "differ": {k: [s.get(k) for s in settings] for k in _names(settings) if _differs(settings, k)},
            "metrics": {k: [m.get(k) for m in metrics] for k in _names(metrics)},
        }

    def text(self, document: Any) -> str:
        """Write a table with one column per run."""
        rows = [[k, *v] for k, v in document["differ"].items()]
        rows += [[k, *map(number, v)] for k, v in document["metrics"].items()]
        return table(rows, ["", *document["runs"]])


def _settings(record: RunRecord) -> dict[str, Any]:
    options = record.data.get("options") or {}
    source = {"recipe": record.recipe, "preset": record.preset, "data": record.data.get("source")}
    return {**source, **record.config, **record.training, **options}


def _names(documents: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for document in documents for name in document))


def _differs(documents: Sequence[dict[str, Any]], name: str) -> bool:
    return any(d.get(name) != documents[0].get(name) for d in documents)


@dataclass(frozen=True, kw_only=True)
class Export(Command):
    """Write a run's numbers, weights or everything to a file."""

    run_id: RunId
    """Id of the run, the beginning of one, or "last"."""
    out: Annotated[Path, quiet_default("FILE")]
    """What to write, by its ending: .csv (metrics), .json (record), .safetensors (weights), .zip (all of it)."""

    def run(self) -> Any:
        """Write the file and return its path."""
        from studio.core.files import write_atomic

        store = self.store()
        record = store.run(self.run_id)
        write = {".csv": _csv, ".json": _json, ".safetensors": _weights, ".zip": _zip}.get(self.out.suffix.lower())
        if write is None:
            raise BadInput(f"{self.out} does not say what to export.", "End it in .csv, .json, .safetensors or .zip.")
        content = write(store, record)
        write_atomic(self.out, content)
        return {"run": record.id, "out": self.out, "bytes": len(content)}

    def text(self, document: Any) -> str:
        """Say where it is."""
        return f"{document['out']} ({document['bytes']:,} bytes)"


def _csv(store: Store, record: RunRecord) -> bytes:
    """One row per metric point: series, step, value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["series", "step", "value"])
    for name, (steps, values) in store.metrics(record.id).items():
        writer.writerows((name, int(s), float(v)) for s, v in zip(steps, values, strict=True))
    return text.getvalue().encode()


def _json(store: Store, record: RunRecord) -> bytes:
    del store
    return json.dumps(plain(document_of(record)), indent=2).encode()


def _weights(store: Store, record: RunRecord) -> bytes:
    """The best checkpoint's weights (averaged ones when the run keeps them), else the newest."""
    del store
    from studio.core import checkpoint as ckpt

    folder = record.path / "checkpoints"
    best = ckpt.best_step(folder)
    chosen = folder / ckpt.name_of(best) if best is not None else Path(record.checkpoint or folder / "none")
    for name in ("ema.safetensors", "model.safetensors"):
        if (chosen / name).is_file():
            return (chosen / name).read_bytes()
    raise StoreError(f"{record.id} has no checkpoint.", "Resume it first.")


def _zip(store: Store, record: RunRecord) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run.json", _json(store, record))
        archive.writestr("metrics.csv", _csv(store, record))
        archive.writestr("model.safetensors", _weights(store, record))
        for preview in store.previews(record.id):
            archive.write(preview.path, f"previews/{preview.path.name}")
    return content.getvalue()


@dataclass(frozen=True, kw_only=True)
class Certify(Command):
    """Prove on a shortened copy of a run that killing and resuming it changes nothing, and keep the badge."""

    run_id: RunId
    """Id of the run, the beginning of one, or "last"."""
    steps: int = 60
    """Length of the copy."""
    kills: int = 5
    """How many times its process is killed at a random moment."""

    def run(self) -> Any:
        """Repeat the proof and return the certificate."""
        from studio.runs.certify import certify

        store = self.store()
        record = store.run(self.run_id)
        with Bar() as bar:
            certificate = certify(store, record.id, steps=self.steps, kills=self.kills, progress=bar.update)
        return {"run": record.id, **asdict(certificate), "exit": 0 if certificate.exact else 1}

    def text(self, document: Any) -> str:
        """Say what the proof showed."""
        told = "equal bit for bit" if document["exact"] else f"differ by up to {document['largest_difference']:g}"
        return (
            f"{document['run']}: after {document['kills']} kills in {document['steps']} steps the weights are {told}."
        )


@dataclass(frozen=True, kw_only=True)
class Delete(Command):
    """Move runs to the workspace's trash; `runs restore` brings them back."""

    run_ids: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(name="runs", metavar="RUN …")]
    """Runs to delete."""

    def run(self) -> Any:
        """Move them and return where they are."""
        if not self.run_ids:
            raise BadInput("There is nothing to delete.", "Name one run or more.")
        store = self.store()
        records = [store.run(run_id) for run_id in self.run_ids]  # all are found before the first one moves
        return [{"run": record.id, "trash": store.delete(record.id)} for record in records]

    def text(self, document: Any) -> str:
        """Say how to take it back."""
        return "\n".join(f"{d['run']} deleted. Undo: generative-studio runs restore {d['run']}" for d in document)


@dataclass(frozen=True, kw_only=True)
class Restore(Command):
    """Bring a deleted run back from the trash."""

    run_id: RunId
    """Id of the deleted run."""

    def run(self) -> Any:
        """Move it back and return its record."""
        store = self.store()
        trash = store.workspace / "trash"
        found = sorted(p for p in trash.glob("*") if p.name.startswith(self.run_id)) if trash.is_dir() else []
        if len(found) != 1:
            have = ", ".join(p.name for p in found) or "nothing that begins so"
            raise StoreError(f"{self.run_id!r} does not name one deleted run.", f"In the trash: {have}.")
        return document_of(store.restore(found[0]))

    def text(self, document: Any) -> str:
        """Say that it is back."""
        return f"{document['run']} is back."


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the union of types that tyro parses."""
    del name, words
    return (
        Annotated[List, tyro.conf.subcommand("list")]
        | Annotated[Show, tyro.conf.subcommand("show")]
        | Annotated[Compare, tyro.conf.subcommand("compare")]
        | Annotated[Export, tyro.conf.subcommand("export")]
        | Annotated[Certify, tyro.conf.subcommand("certify")]
        | Annotated[Delete, tyro.conf.subcommand("delete")]
        | Annotated[Restore, tyro.conf.subcommand("restore")]
        | Annotated[ListSweeps, tyro.conf.subcommand("sweeps")]
        | Annotated[ShowSweep, tyro.conf.subcommand("sweep")]
    )
