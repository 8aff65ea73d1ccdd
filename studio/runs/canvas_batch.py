"""Many pictures with the same settings: a folder of dreams, or every content with every style.

Results appear one by one, each complete, beside a manifest (`batch.json`) that says from what each was made. A second
call leaves alone what is there and undamaged, and makes again what changed; so an interrupted batch goes on where it
was, and ends with the same files as an unbroken one. A file that cannot be used is reported and does not stop the rest.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from studio import __version__
from studio.canvas.picture import Source
from studio.core.control import Control
from studio.core.errors import BadInput, StoreError, StudioError
from studio.core.files import explained, read_json, write_json
from studio.core.knobs import to_json
from studio.runs import canvas_files, canvases, pictures
from studio.runs.canvas_items import Item
from studio.runs.canvases import DreamRequest, TransferRequest

if TYPE_CHECKING:
    from studio.canvas.backbone import Backbone
    from studio.canvas.session import Session

Progress = Callable[[int, int, str], None]
MANIFEST = "batch.json"
MANIFEST_VERSION = 1


@dataclass(frozen=True)
class Failure:
    """A picture that could not be made, and why."""

    name: str
    error: StudioError


@dataclass(frozen=True)
class Report:
    """What became of a batch.

    Attributes:
        out: the folder of results.
        done: names of the files made now.
        skipped: names of those that were there already.
        failed: those that could not be made.
        stopped: whether it was asked to stop before the end.
        seconds: that it took.
    """

    out: Path
    done: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: tuple[Failure, ...]
    stopped: bool
    seconds: float


# ---- making it


@dataclass
class _Batch:
    """A batch at work: networks opened once, the manifest as it grows."""

    out: Path
    workspace: Path
    control: Control
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: list[Failure] = field(default_factory=list)
    networks: dict[str, Backbone] = field(default_factory=dict)

    def network(self, name: str, progress: Progress | None) -> Backbone:
        if name not in self.networks:
            self.networks[name] = canvases.open_backbone(name, self.workspace, progress)
        return self.networks[name]

    def save(self) -> None:
        failed = {f.name: f.error.to_json() for f in self.failed}
        document = {"version": MANIFEST_VERSION, "studio": __version__, "files": self.files, "failed": failed}
        write_json(self.out / MANIFEST, document)


def run(
    items: Sequence[Item],
    out: Path,
    workspace: Path,
    *,
    progress: Progress | None = None,
    control: Control | None = None,
) -> Report:
    """Make what is not there yet.

    Args:
        items: as `dream_items` or `transfer_items` return them.
        out: folder of results; made if need be.
        workspace: where downloaded networks and runs are.
        progress: told (hundredths of a picture done, of how many, what); what it raises ends the batch.
        control: `stop` gives up the picture in work and ends the batch.

    Raises:
        BadConfig: the settings are wrong.
        BadInput: the results would lie among their sources.
        StudioError: the network cannot be opened.
        StoreError: the folder of results cannot be written; what is there is intact.
    """
    began = time.monotonic()
    _refuse_own_sources(items, out)
    with explained(out):
        out.mkdir(parents=True, exist_ok=True)
    batch = _Batch(out, workspace, control or Control(), _known_files(out))
    done, skipped = [], []
    for number, item in enumerate(items):
        if batch.control.stopped:
            break
        network = batch.network(canvases.config_of(item.request).backbone, progress)
        try:
            key, sources = identity(item.request, network)
            if _is_there(batch, item.name, key):
                skipped.append(item.name)
                continue
            _refuse_foreign(batch, item.name)
            session, seconds = _made(batch, item, network, _share(progress, number, len(items), item.name))
        except StudioError as error:
            batch.failed.append(Failure(item.name, error))
            continue
        if session is not None:
            _keep(batch, item.name, session, {"key": key, "sources": sources, "seconds": seconds})
            done.append(item.name)
    batch.save()
    if progress is not None and not batch.control.stopped:
        progress(len(items) * 100, len(items) * 100, f"{len(items)} pictures")
    return Report(
        out, tuple(done), tuple(skipped), tuple(batch.failed), batch.control.stopped, time.monotonic() - began
    )


def _made(batch: _Batch, item: Item, network: Backbone, progress: Progress | None) -> tuple[Session[Any] | None, float]:
    """Return the finished session of an item and its seconds; None when it was stopped on the way."""
    request, began, own = item.request, time.monotonic(), Control()
    session: Session[Any]
    if isinstance(request, DreamRequest):
        session = canvases.dream(request, batch.workspace, backbone=network)
    else:
        session = canvases.transfer(request, batch.workspace, backbone=network)

    def watch(event: object) -> None:
        if batch.control.stopped:
            own.stop()

    canvases.finish(session, progress, control=own, steps=request.steps, watch=watch)
    complete = session.finished or (request.steps and session.step >= request.steps)
    return (session if complete else None), time.monotonic() - began


def _keep(batch: _Batch, name: str, session: Session[Any], entry: dict[str, Any]) -> None:
    path = batch.out / name
    canvas_files.export(path, session.pixels(), {**session.recipe(), "batch": entry["key"]})
    batch.files[name] = {**entry, "sha256": _digest(path)}
    batch.save()


def _share(progress: Progress | None, number: int, count: int, name: str) -> Progress | None:
    """Return what one picture tells its progress: hundredths of the whole batch."""
    if progress is None:
        return None

    def told(done: int, total: int, what: str) -> None:
        progress(number * 100 + 100 * done // max(total, 1), count * 100, f"{number + 1} of {count} · {name} · {what}")

    return told


# ---- what is there


def identity(request: DreamRequest | TransferRequest, backbone: Backbone) -> tuple[str, dict[str, str]]:
    """Return the SHA-256 of everything that decides how a picture comes out, and the digests of its sources.

    Raises:
        BadInput: a source cannot be read.
    """
    if isinstance(request, DreamRequest):
        parts = {"picture": request.picture, "guide": request.guide, "mask": request.mask}
        weights: list[float] = []
    else:
        parts = {"content": request.content, "mask": request.mask}
        weights = [style.weight for style in request.styles]
        for number, style in enumerate(request.styles, 1):
            parts |= {f"style {number}": style.picture, f"mask {number}": style.mask, f"region {number}": style.region}
    sources = {role: _digest_of(part) for role, part in parts.items() if part is not None}
    document = {
        "kind": type(request).__name__,
        "config": to_json(canvases.config_of(request)),
        "changes": {str(k): dict(v) for k, v in request.changes.items()},
        "steps": request.steps,
        "backbone": backbone.fingerprint,
        "weights": weights,
        "sources": sources,
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest(), sources


def _digest_of(part: Any) -> str:
    """Return the SHA-256 of a picture or mask, given as a file, a Source or an array."""
    if isinstance(part, Source):
        return part.sha256
    if isinstance(part, np.ndarray):
        return hashlib.sha256(repr(part.shape).encode() + np.ascontiguousarray(part).tobytes()).hexdigest()
    try:
        return _digest(part)
    except OSError as error:
        raise BadInput(f"{part} cannot be read: {error.strerror}.", "Check the path.") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _known_files(out: Path) -> dict[str, dict[str, Any]]:
    """Return the manifest's entries; a missing or damaged manifest has none, and all is made again."""
    if not (out / MANIFEST).is_file():
        return {}
    try:
        document = read_json(out / MANIFEST)
    except StoreError:
        return {}
    files = document.get("files") if isinstance(document, dict) else None
    return {k: v for k, v in files.items() if isinstance(v, dict)} if isinstance(files, dict) else {}


def _is_there(batch: _Batch, name: str, key: str) -> bool:
    entry, path = batch.files.get(name, {}), batch.out / name
    return entry.get("key") == key and path.is_file() and _digest_of(path) == entry.get("sha256")


def _refuse_foreign(batch: _Batch, name: str) -> None:
    """Refuse to replace a file that no batch made."""
    path = batch.out / name
    if path.exists() and name not in batch.files and "batch" not in (pictures.read_recipe(path) or {}):
        raise BadInput(f"{path} is there already and was not made by a batch.", "Move it, or choose another folder.")


def _refuse_own_sources(items: Sequence[Item], out: Path) -> None:
    for item in items:
        request = item.request
        source = request.picture if isinstance(request, DreamRequest) else request.content
        if isinstance(source, Path) and source.parent.resolve() == out.resolve():
            raise BadInput(f"{out} is the folder of the sources.", "Choose another folder for the results.")
