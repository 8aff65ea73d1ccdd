"""Keeps the model summary in step with the form; the newest request wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from studio.core.errors import StudioError
from studio.ui.jobs import Latest
from studio.ui.panels import train_work as work
from studio.ui.panels.train_setup import Setup
from studio.ui.widgets.summary import SummaryTable

if TYPE_CHECKING:
    from studio.core.spec import DataSpec

WAIT_MS = 250


class Counter(QObject):
    """Counts the model a quarter of a second after the last change; fields that are not valid wait."""

    def __init__(self, setup: Setup, table: SummaryTable, parent: QObject) -> None:
        super().__init__(parent)
        self._setup, self._table = setup, table
        self.specs: dict[str, DataSpec] = {}
        self._worker = Latest(self)
        self._worker.arrived.connect(table.show_summary)
        self._worker.failed.connect(self._failed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._count)
        setup.changed.connect(self._timer.start)

    def close(self) -> None:
        """End the thread."""
        self._timer.stop()
        self._worker.close()

    def _count(self) -> None:
        setup, form = self._setup, self._setup.form
        if setup.info is None or form is None or form.problems() or form.training:
            return
        self._table.wait()
        spec, note = work.expected_spec(setup.info, setup.chosen_preset, setup.source, setup.choice, form.values())
        known = self.specs.get(setup.source)
        if known is not None and note and known.kind == spec.kind:
            spec, note = known, ""  # it was opened before: no guess
        self._worker.submit(work.summarise, setup.info.id, form.config(setup.info.config_type), spec, note)

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, StudioError):
            self._table.show_problem(error.what, error.what_to_do)
        else:
            self._table.show_problem(f"{type(error).__name__}: {error}", "Check the layer sizes against the data.")
