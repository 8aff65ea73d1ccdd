"""What `dream` and `transfer` share: settings as flags, a recipe taken up again, following the work, writing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

import tyro

from studio.app.commands.base import Command, Settings, number, pairs, quiet_default, say
from studio.app.commands.progress import Bar, Line, duration
from studio.app.commands.train import stopped_by_interrupt
from studio.core import events as ev
from studio.core.control import Control
from studio.core.errors import BadConfig, BadInput

if TYPE_CHECKING:
    from studio.canvas.picture import Pixels
    from studio.canvas.session import Session
    from studio.runs.canvas_batch import Report
    from studio.runs.canvas_items import Item
    from studio.runs.canvases import DreamRequest, TransferRequest

R = TypeVar("R", "DreamRequest", "TransferRequest")
Masks = Annotated[tuple[Path, ...], tyro.conf.arg(metavar="FILE …", help_behavior_hint="")]


@dataclass(frozen=True, kw_only=True)
class Canvas(Command):
    """A command that makes pictures with a network: shared by dream and transfer."""

    kind: ClassVar[str] = ""
    knobs: ClassVar[tuple[str, ...]] = ()

    out: Annotated[Path | None, quiet_default("FILE|FOLDER")] = None
    """.png, .jpg, .tif or .webp, or a folder (default: in the workspace's canvas/exports)."""
    preset: Annotated[str, quiet_default("NAME")] = ""
    """A named look or a book's experiment; flags and --set change single values of it."""
    recipe: Annotated[Path | None, quiet_default("FILE")] = None
    """A picture that the studio exported: its pictures, masks and settings are taken up again."""
    mask: Annotated[Path | None, quiet_default("FILE")] = None
    """A grey picture, white where it works (dream) or where the content counts (transfer)."""
    set: Settings = ()

    def settings(self) -> dict[str, str]:
        """Return the knob values that were given, by name; --set wins over a flag."""
        flags = {name: getattr(self, name) for name in self.knobs}
        return {**{k: v for k, v in flags.items() if v is not None}, **pairs(self.set)}

    # ---- what is asked for

    def restored(self, replaced: Sequence[str]) -> DreamRequest | TransferRequest | None:
        """Return the request of --recipe, None without; sources that the person replaces need not be there.

        Raises:
            BadInput: no recipe in the file, or one of the other kind.
        """
        from studio.runs.canvas_files import read_recipe, request_of

        if self.recipe is None:
            return None
        if self.preset:
            raise BadConfig("--preset and --recipe exclude each other.", "A recipe holds every setting: leave one out.")
        document = read_recipe(self.recipe)
        if document["kind"] != self.kind:
            raise BadInput(
                f"{self.recipe} was made by {document['kind']}.", f"Use generative-studio {document['kind']}."
            )
        sources = document.get("sources")
        if isinstance(sources, dict):
            document["sources"] = {k: v for k, v in sources.items() if k not in replaced}
        return request_of(document, self.workspace_folder())

    def changed(self, request: R, **given: Any) -> R:
        """Return a request with what the person gave on top; the end of a changed recipe is its plan's end."""
        given = {name: value for name, value in given.items() if value is not None}
        settings = {**request.settings, **self.settings()}
        steps = 0 if given or self.settings() else request.steps
        return replace(request, preset=self.preset, settings=settings, steps=steps, **given)

    def target(self, name: str, suffix: str = ".png") -> Path:
        """Return the file to write: --out, or a free name in that folder or the workspace's exports."""
        folder = self.workspace_folder() / "canvas" / "exports" if self.out is None else self.out
        if self.out is not None and self.out.suffix and not self.out.is_dir():
            return self.out
        path, count = folder / f"{name}{suffix}", 1
        while path.exists():
            count += 1
            path = folder / f"{name}-{count}{suffix}"
        return path

    def keep_sources(self, session: Session[Any]) -> None:
        """Copy what went in into the workspace, so that the recipe can be restored later."""
        from studio.runs.canvas_files import keep_source

        for source in session.sources().values():
            keep_source(self.workspace_folder(), source)

    # ---- one picture

    def single(self, session: Session[Any], path: Path, steps: int) -> dict[str, Any]:
        """Work a session to its end, write its picture, and return the document about it."""
        from studio.runs import canvas_files, canvases

        canvas_files.ending(path)
        self.keep_sources(session)
        control, watcher, began = Control(), _Watcher(session), time.monotonic()
        with stopped_by_interrupt(control, "Stopping after this step; the picture so far is written."):
            canvases.finish(session, control=control, steps=steps, watch=watcher.show)
            asked = control.stopped and not (session.finished or 0 < steps <= session.step)
        canvas_files.export(made_folder(path), session.pixels(), session.recipe())
        return {**about(session, path, time.monotonic() - began), "status": "stopped" if asked else "done"}

    def text(self, document: Any) -> str:
        """Say what was written where."""
        if "failed" in document:
            return _batch_text(document)
        height, width = document["size"]
        more = f"{document['frames']} frames, " if "frames" in document else ""
        stopped = "stopped: " if document["status"] == "stopped" else ""
        steps = f"{document['steps']:,} steps, " if document["steps"] else ""
        loss = f", loss {number(document['loss'])}" if document["loss"] is not None else ""
        return f"{document['out']}  ({stopped}{more}{width} x {height}, {steps}{duration(document['seconds'])}{loss})"

    # ---- films

    def film_target(self, name: str) -> Path:
        """Return the file of a film to write: --out, or a free name.

        Raises:
            BadInput: its ending is not that of a film.
        """
        from studio.runs.films import SUFFIXES

        path = self.out or self.target(name, ".gif")
        if path.suffix.lower() not in SUFFIXES:
            raise BadInput(f"{path} cannot hold a film.", "End it in .mp4, .gif or .webp, or name a folder.")
        return path

    def write_film(
        self, path: Path, frames: Iterator[Pixels], fps: float, recipe: dict[str, Any], control: Control, total: int
    ) -> dict[str, Any]:
        """Write a film as its frames come; Ctrl-C leaves a whole, shorter one. `total` 0 is unknown."""
        from studio.runs.films import write_film

        count = 0

        def told(done: int, _: int, what: str) -> None:
            nonlocal count
            count = done
            bar.update(done, total, f"{what}: frame {done}")

        with Bar() as bar, stopped_by_interrupt(control, "Ending the film here; the frames so far are written."):
            write_film(made_folder(path), frames, fps, recipe, told)
        return {"recipe": recipe, "frames": count, "status": "stopped" if control.stopped else "done"}

    # ---- many pictures

    def batch(self, items: Sequence[Item], out: Path) -> dict[str, Any]:
        """Make what is not in the folder yet; exit code 1 when nothing worked."""
        from studio.runs import canvas_batch

        control = Control()
        with Bar() as bar, stopped_by_interrupt(control, "Stopping; the same command goes on from here later."):
            report = canvas_batch.run(items, out, self.workspace_folder(), progress=bar.update, control=control)
        return _report(self.kind, report)

    def folder(self) -> Path:
        """Return the folder for a batch.

        Raises:
            BadInput: --out names a file.
        """
        if self.out is None or self.out.is_file():
            raise BadInput("Many pictures need a folder to go to.", "Give one: --out FOLDER.")
        return self.out


def made_folder(path: Path) -> Path:
    """Make the folder of a file to write and return the file."""
    from studio.core.files import explained

    with explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    return path


def about(session: Session[Any], path: Path, seconds: float) -> dict[str, Any]:
    """Return the stable document about a picture: `size` is (height, width), `loss` that of the last step."""
    moments = session.timeline.moments()
    return {
        "out": path,
        "kind": session.kind,
        "seconds": seconds,
        "steps": session.step,
        "loss": moments[-1].losses.get("loss") if moments else None,
        "size": session.pixels().shape[:2],
        "policy": asdict(session.compute.policy),
        "recipe": session.recipe(),
        "peak_bytes": peak_bytes(),
    }


def peak_bytes() -> int | None:
    """Return the most memory that this process ever held, in bytes; None where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # bytes on macOS, KiB elsewhere


class _Watcher:
    """Tells a person how far a picture is: messages, and a line with rate, time left and loss."""

    def __init__(self, session: Session[Any]) -> None:
        self._session, self._line, self._loss = session, Line(), ""

    def show(self, event: ev.Event) -> None:
        """Show one event."""
        match event:
            case ev.Message():
                self._line.end()
                level = "" if event.level == "info" else f"{event.level}: "
                say(f"{level}{event.text} {event.what_to_do}".strip())
            case ev.Scalars():
                self._loss = f"loss {event.values['loss'][-1]:.4g}" if "loss" in event.values else ""
            case ev.Progress():
                done = event.step / max(event.total_steps, 1)
                left = f"{duration(event.seconds_left)} left"
                self._line.write(f"{done:4.0%}  {self._session.caption()}  {left}  {self._loss}")
            case ev.Finished():
                self._line.end()


def _report(kind: str, report: Report) -> dict[str, Any]:
    return {
        "out": report.out,
        "kind": kind,
        "seconds": report.seconds,
        "done": report.done,
        "skipped": report.skipped,
        "failed": [{"name": f.name, **f.error.to_json()} for f in report.failed],
        "status": "stopped" if report.stopped else "done",
        "peak_bytes": peak_bytes(),
        "exit": 1 if report.failed and not (report.done or report.skipped) else 0,
    }


def _batch_text(document: Mapping[str, Any]) -> str:
    counts = f"{len(document['done'])} made, {len(document['skipped'])} there already"
    lines = [f"{document['out']}  ({counts}, {len(document['failed'])} failed, {duration(document['seconds'])})"]
    lines += [f"  {f['name']}: {f['error']} {f['what_to_do']}".rstrip() for f in document["failed"]]
    if document["exit"]:
        lines.append("Nothing could be made.")
    if document["status"] == "stopped":
        lines.append("Stopped. The same command goes on from here.")
    return "\n".join(lines)
