"""Choosing a run and one of its checkpoints; shared by Explore, Translate and Write."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QWidget

from studio.core.errors import StoreError
from studio.ui.panels.explore_model import checkpoints
from studio.ui.theme import SPACE_M

if TYPE_CHECKING:
    from studio.core.records import RunRecord
    from studio.ui.context import Context


class RunPicker(QWidget):
    """Two combo boxes: the run and its checkpoint.

    Signals:
        chosen: (run id, "best" | "last" | step).
        emptied: the list was read again.

    Args:
        context: whose store is read.
        kind: runs that make pictures, or on text.
        needs: only runs whose recipe has this capability; it is looked up in a worker.
    """

    chosen = Signal(str, str)
    emptied = Signal()

    def __init__(self, context: Context, kind: Literal["image", "text"], needs: str = "") -> None:
        super().__init__()
        self._context, self._kind, self._needs = context, kind, needs
        self._able: frozenset[str] = frozenset()
        self._records: dict[str, RunRecord] = {}
        self._opened = ("", "")
        self.run_box = QComboBox()
        self.run_box.setAccessibleName("Run")
        self.run_box.setPlaceholderText("Choose a run…")
        self.run_box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.run_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.run_box.setMinimumContentsLength(24)
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
            context.run_task(able_recipes, needs, owner=self, title="", on_done=self._learn)

    @property
    def count(self) -> int:
        """Number of runs to choose from."""
        return self.run_box.count()

    @property
    def record(self) -> RunRecord | None:
        """The chosen run."""
        return self._records.get(self.run_box.currentData() or "")

    def refresh(self) -> None:
        """Read the list of runs again; the choice stays."""
        current = self.run_box.currentData()
        try:
            runs = self._context.store.runs()
        except StoreError as error:
            self._context.notify.exception(error)
            runs = []
        self._records = {r.id: r for r in runs if self._usable(r)}
        self.run_box.blockSignals(True)
        self.run_box.clear()
        for record in self._records.values():
            self.run_box.addItem(described(record), record.id)
        self.run_box.setCurrentIndex(self.run_box.findData(current))
        self.run_box.blockSignals(False)
        self.setEnabled(bool(self._records))
        if current is None:
            self.checkpoint_box.clear()
        self.emptied.emit()

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
        self._able = able
        self.refresh()

    def _usable(self, record: RunRecord) -> bool:
        if self._needs and record.recipe not in self._able:
            return False
        spec = record.data.get("spec") or {}
        shown = ("image", "table") if self._kind == "image" else ("text",)  # tables are sampled as pictures
        return spec.get("kind") in shown and (bool(record.checkpoint) or record.status == "done")

    def _chosen(self) -> None:
        record = self.record
        if record is None:
            return
        self.checkpoint_box.clear()
        for title, value in checkpoints(record):
            self.checkpoint_box.addItem(title, value)
        self._emit()

    def _emit(self) -> None:
        record = self.record
        if record is not None:
            self.chosen.emit(record.id, str(self.checkpoint_box.currentData() or "best"))


def able_recipes(capability: str) -> frozenset[str]:
    """Return the ids of the recipes with a capability; imports them all (worker thread)."""
    from studio.core import registry

    return frozenset(name for name, cls in registry.recipes().items() if capability in cls.capabilities())


def described(record: RunRecord) -> str:
    """Return one line about a run: title, data, steps, when."""
    from pathlib import Path

    source = Path(str(record.data.get("source", ""))).name
    try:
        when = datetime.fromisoformat(record.created).astimezone().strftime("%d %b %H:%M")
    except ValueError:
        when = ""
    parts = [record.title or record.recipe, record.preset, source, f"{record.steps:,} steps", when, record.id]
    return " · ".join(part for part in parts if part)
