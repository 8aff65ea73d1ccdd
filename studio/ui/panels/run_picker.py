"""Choosing a run and one of its checkpoints; shared by every page about one run."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from studio.core.errors import StoreError
from studio.ui.theme import SPACE_M
from studio.ui.widgets.combo import NarrowCombo

if TYPE_CHECKING:
    from studio.core.records import RunRecord
    from studio.ui.context import Context


class RunPicker(QWidget):
    """Two combo boxes: the run and its checkpoint.

    Signals:
        chosen: (run id, "best" | "last" | step).
        listed: the list was read again.

    Args:
        context: whose store is read.
        kind: runs that make pictures, or on text.
        needs: only runs whose recipe has one of these capabilities; that is looked up in a worker. () takes every run.
    """

    chosen = Signal(str, str)
    listed = Signal()

    def __init__(self, context: Context, kind: Literal["image", "text"], needs: Collection[str] = ()) -> None:
        super().__init__()
        self._context, self._kind, self._needs = context, kind, frozenset(needs)
        self._able: frozenset[str] = frozenset()
        self._records: dict[str, RunRecord] = {}
        self._known = not needs
        self.looking = False
        """Whether there are runs of which it is not known yet if they belong here: the list is empty until then."""
        self.run_box = NarrowCombo("Run", 24)
        self.run_box.setPlaceholderText("Choose a run…")
        self.checkpoint_box = QComboBox()
        self.checkpoint_box.setAccessibleName("Checkpoint")
        self.checkpoint_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_M)
        row.addWidget(self.run_box, 1)
        row.addWidget(self.checkpoint_box)
        self.run_box.activated.connect(lambda *_: self._chosen())
        self.checkpoint_box.activated.connect(lambda *_: self._emit())
        context.runs_changed.connect(self.refresh)
        if needs:
            context.run_task(
                able_recipes, self._needs, owner=self, title="", on_done=self._learn, on_error=self._cannot_learn
            )

    @property
    def count(self) -> int:
        """Number of runs to choose from."""
        return self.run_box.count()

    @property
    def record(self) -> RunRecord | None:
        """The chosen run, as it was when the list was read."""
        return self._records.get(self.run_box.currentData() or "")

    @property
    def newest(self) -> RunRecord | None:
        """The first run of the list, which is the one begun last."""
        return next(iter(self._records.values()), None)

    def refresh(self) -> None:
        """Read the list of runs again; the choice stays, even that of a run which has no weights yet."""
        current = self.run_box.currentData()
        try:
            runs = self._context.store.runs()
        except StoreError as error:
            self._context.notify.exception(error)
            runs = []
        self._records = {r.id: r for r in runs if self._usable(r) or r.id == current}
        self.looking = not self._known and any(self._is_shown(r) for r in runs)
        self.run_box.blockSignals(True)
        self.run_box.clear()
        for record in self._records.values():
            self.run_box.addItem(described(record), record.id)
        self.run_box.setCurrentIndex(self.run_box.findData(current))
        self.run_box.blockSignals(False)
        self.setEnabled(bool(self._records))
        self._list_checkpoints()
        self.listed.emit()

    def choose(self, record: RunRecord) -> None:
        """Choose a run; its best checkpoint opens."""
        if self.run_box.findData(record.id) < 0:
            self.refresh()
        if self.run_box.findData(record.id) < 0:
            self._records[record.id] = record
            self.run_box.addItem(described(record), record.id)
            self.setEnabled(True)
        self.run_box.setCurrentIndex(self.run_box.findData(record.id))
        self._chosen()

    def _learn(self, able: frozenset[str]) -> None:
        self._able, self._known = able, True
        self.refresh()

    def _cannot_learn(self, error: BaseException) -> None:
        self._context.notify.exception(error, doing="Looking up what the recipes can do")
        self._learn(frozenset())

    def _usable(self, record: RunRecord) -> bool:
        return self._is_shown(record) and (not self._needs or record.recipe in self._able)

    def _is_shown(self, record: RunRecord) -> bool:
        """Tell whether a run is of this kind and has weights."""
        spec = record.data.get("spec") or {}
        shown = ("image", "table") if self._kind == "image" else ("text",)  # tables are sampled as pictures
        return spec.get("kind") in shown and (bool(record.checkpoint) or record.status == "done")

    def _chosen(self) -> None:
        self.checkpoint_box.clear()
        self._list_checkpoints()
        self._emit()

    def _list_checkpoints(self) -> None:
        """Offer the checkpoints of the chosen run, also those written since; the choice stays while it exists."""
        current, record = self.checkpoint_box.currentData(), self.record
        self.checkpoint_box.blockSignals(True)
        self.checkpoint_box.clear()
        for title, value in checkpoints(record) if record is not None else ():
            self.checkpoint_box.addItem(title, value)
        self.checkpoint_box.setCurrentIndex(max(self.checkpoint_box.findData(current), 0))
        self.checkpoint_box.blockSignals(False)

    def _emit(self) -> None:
        record = self.record
        if record is not None:
            self.chosen.emit(record.id, str(self.checkpoint_box.currentData() or "best"))


def able_recipes(capabilities: frozenset[str]) -> frozenset[str]:
    """Return the ids of the recipes with one of some capabilities; imports them all (worker thread)."""
    from studio.core import registry

    return frozenset(name for name, cls in registry.recipes().items() if capabilities & set(cls.capabilities()))


def checkpoints(record: RunRecord) -> list[tuple[str, str]]:
    """Return (title, value) of every checkpoint to choose from: best, last, and each step on disk."""
    folder = record.path / "checkpoints"
    steps = sorted(int(p.name[5:]) for p in folder.glob("step_*") if p.name[5:].isdigit()) if folder.is_dir() else []
    best = f"Best (step {record.best['step']:,})" if record.best.get("step") is not None else "Best"
    last = f"Last (step {steps[-1]:,})" if steps else "Last"
    return [(best, "best"), (last, "last"), *((f"Step {s:,}", str(s)) for s in reversed(steps))]


def described(record: RunRecord) -> str:
    """Return one line about a run: title, data, steps, when."""
    source = Path(str(record.data.get("source", ""))).name
    try:
        when = datetime.fromisoformat(record.created).astimezone().strftime("%d %b %H:%M")
    except ValueError:
        when = ""
    parts = [record.title or record.recipe, record.preset, source, f"{record.steps:,} steps", when, record.id]
    return " · ".join(part for part in parts if part)
