"""Results that are kept: on the strip, and in the workspace's `canvas/history` with their recipes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio.ui.panels import canvas_work as work
from studio.ui.panels.canvas_undo import Change
from studio.ui.widgets.results_strip import ResultRow, ResultsStrip

if TYPE_CHECKING:
    from studio.canvas.session import Session
    from studio.ui.panel import Panel

MOST = 60
"""Results on the strip; older files stay where they are."""


@dataclass(frozen=True, eq=False)
class Kept:
    """One result: its file, a thumbnail, its recipe, a caption."""

    path: Path
    thumb: work.Pixels
    recipe: dict[str, Any]
    caption: str


class HistoryKeeper(QObject):
    """Keeps every finished or stopped result.

    Signals:
        shown: pixels uint8 (H, W, 3) and recipe of a result that the person wants to see.
        restored: the recipe whose settings the person wants back.
        changed: results came or went.
    """

    shown = Signal(object, object)
    restored = Signal(object)
    changed = Signal()

    def __init__(self, panel: Panel, strip: ResultsStrip, kind: str) -> None:
        super().__init__(panel)
        self._panel, self._strip, self._kind = panel, strip, kind
        self.results: list[Kept] = []
        strip.shown.connect(self._show)
        strip.restored.connect(lambda i: self.restored.emit(self.results[i].recipe))
        strip.removed.connect(self._remove)

    @property
    def folder(self) -> Path:
        """Where results are kept."""
        return self._panel.context.workspace / "canvas" / "history"

    def load(self) -> None:
        """Find the results of earlier days."""
        self._panel.run_task(found, self.folder, self._kind, title="", on_done=self._loaded)

    def keep(self, session: Session[Any], pixels: work.Pixels) -> None:
        """Keep a result of a session that rests."""
        workspace = self._panel.context.workspace
        self._panel.run_task(kept, self.folder, workspace, session, pixels, title="", on_done=self._add)

    def _loaded(self, results: list[Kept]) -> None:
        known = {result.path for result in self.results}
        self._take([*self.results, *(r for r in results if r.path not in known)])

    def _add(self, result: Kept) -> None:
        self._take([result, *self.results])

    def _remove(self, index: int) -> None:
        rest = [r for i, r in enumerate(self.results) if i != index]
        change = Change("Remove a result", self, self._take_and_hide, list(self.results), rest)
        self._panel.context.undo.push(change)

    def _take_and_hide(self, results: Sequence[Kept]) -> None:
        """Show some results and keep only their files where they are looked for; the others go to `removed`."""
        gone = [r for r in self.results if r not in results]
        back = [r for r in results if r not in self.results]
        self._take(results)
        self._panel.run_task(moved, [r.path for r in gone], [r.path for r in back], title="")

    def _take(self, results: Sequence[Kept]) -> None:
        self.results = list(results)[:MOST]
        self._strip.show_results([ResultRow(r.thumb, r.caption, tip_of(r)) for r in self.results])
        self.changed.emit()

    def _show(self, index: int) -> None:
        result = self.results[index]
        self._panel.run_task(
            work.read, result.path, title="", on_done=lambda p: self.shown.emit(p.source.pixels, result.recipe)
        )


# ---- in workers


def found(folder: Path, kind: str) -> list[Kept]:
    """Return the newest results of a kind, newest first; files that cannot be read are left out."""
    from studio.core.errors import StudioError
    from studio.runs import canvas_files

    results: list[Kept] = []
    for path in sorted(folder.glob(f"{kind}-*.png"), key=lambda p: p.stat().st_mtime, reverse=True)[:MOST]:
        try:
            recipe = canvas_files.read_recipe(path)
            results.append(Kept(path, work.read(path).thumb, recipe, caption_of(recipe)))
        except StudioError:  # a damaged file in a folder of ours: it stays there, unseen
            continue
    return results


def kept(folder: Path, workspace: Path, session: Session[Any], pixels: work.Pixels) -> Kept:
    """Write a result with its recipe, and copies of its sources so that it can be made again.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    from studio.core.files import explained
    from studio.runs import canvas_files

    recipe = session.recipe()
    for source in session.sources().values():
        canvas_files.keep_source(workspace, source)
    stamp = f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1_000_000:06d}"
    path = folder / f"{session.kind}-{stamp}.png"
    with explained(path):
        folder.mkdir(parents=True, exist_ok=True)
    canvas_files.export(path, pixels, recipe)
    return Kept(path, work.fitting(pixels, work.THUMB_SIDE), recipe, caption_of(recipe))


def moved(gone: Sequence[Path], back: Sequence[Path]) -> None:
    """Put files aside in `removed`, and others back from there."""
    for path in gone:
        aside = path.parent / "removed" / path.name
        if path.exists():
            aside.parent.mkdir(exist_ok=True)
            path.replace(aside)
    for path in back:
        aside = path.parent / "removed" / path.name
        if aside.exists():
            aside.replace(path)


def caption_of(recipe: dict[str, Any]) -> str:
    """Return the few words below a thumbnail."""
    return f"{recipe.get('steps', 0)} steps"


def tip_of(result: Kept) -> str:
    """Return what tells a result apart: its picture, its objective, its file."""
    sources = result.recipe.get("sources") or {}
    names = [Path(str(source.get("path", ""))).name for source in sources.values()]
    config = result.recipe.get("config") or {}
    lines = (" + ".join(filter(None, names)) or "noise", str(config.get("layers", "")), str(result.path))
    return "\n".join(filter(None, (f"{result.caption} on {lines[0]}", *lines[1:])))
