"""Carries out a sweep in the Train panel: its runs are shown one after another, its table grows with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError
from studio.ui.jobs import Latest, TrainingJob
from studio.ui.panels import train_sweep_work as work
from studio.ui.panels.explore_export import export_path

if TYPE_CHECKING:
    from studio.ui.panel import Panel
    from studio.ui.panels.train_runs import Runner
    from studio.ui.panels.train_setup import Setup
    from studio.ui.panels.train_sweep import SweepSection
    from studio.ui.panels.train_sweep_table import SweepTable


class Sweeper(QObject):
    """Connects section, runner and table.

    Signals:
        started: id of the sweep.
        finished: (id, status) of the sweep.
        exported: path of the CSV file.
    """

    started = Signal(str)
    finished = Signal(str, str)
    exported = Signal(object)

    def __init__(self, panel: Panel, setup: Setup, runner: Runner, section: SweepSection, table: SweepTable) -> None:
        super().__init__(panel)
        self._panel, self._setup, self._runner = panel, setup, runner
        self._section, self._table = section, table
        self.id = ""
        self._reader = Latest(self)
        self._reader.arrived.connect(self._show_table)
        self._reader.failed.connect(lambda error: panel.context.notify.exception(error, doing="Reading the sweep"))
        section.wanted.connect(self.start)
        table.shown.connect(self.show_sweep)
        table.rest_wanted.connect(self.go_on)
        table.export_wanted.connect(self.export)
        runner.state_changed.connect(self._lock)

    def start(self, texts: Sequence[str]) -> None:
        """Train the sweep of the section."""
        if self._runner.refuse():
            return
        try:
            request = self._setup.request()
        except StudioError as error:
            self._panel.context.notify.exception(error)
            return
        self._prepare(work.prepare, request, list(texts))

    def go_on(self, sweep_id: str) -> None:
        """Train what is missing of a kept sweep."""
        if not self._runner.refuse():
            self._prepare(work.prepare_rest, sweep_id)

    def _prepare(self, fn: Any, *args: Any) -> None:
        self._runner.lock("preparing")
        self._panel.run_task(
            fn,
            self._panel.context.workspace,
            *args,
            title="Preparing the sweep",
            on_done=self._begin,
            on_error=self._refused,
            cancellable=False,
        )

    def _refused(self, error: BaseException) -> None:
        self._runner.lock("finished" if self._runner.run_id else "idle")
        self._panel.context.notify.exception(error, doing="Preparing the sweep")

    def _begin(self, sweep_run: Any) -> None:
        self.id = sweep_run.id
        job = TrainingJob(self._panel.context, doing="Sweep")
        job.events_arrived.connect(self._take)
        self._runner.lend(job)
        job.finished.connect(lambda: self._ended(job.status))
        job.start(sweep_run, f"Sweep of {self._setup.info.title if self._setup.info is not None else self.id}")
        self.show_sweep(self.id)
        self.started.emit(self.id)

    def _take(self, events: Sequence[Any]) -> None:
        from studio.core.events import Finished
        from studio.runs.sweep import RunBegan, RunEnded

        own: list[Any] = []
        for event in events:
            if isinstance(event, RunBegan):
                self._runner.take(own)
                own = []
                self._runner.turn_to(event.run)
                self._section.set_note(f"run {event.number} of {event.total}")
            elif isinstance(event, RunEnded):
                own.append(event.finished)
                self.show_sweep(self.id)
            elif not isinstance(event, Finished):
                own.append(event)
        self._runner.take(own)

    def _ended(self, status: str) -> None:
        self.show_sweep(self.id)
        self.finished.emit(self.id, status or "failed")

    def _lock(self, training: bool) -> None:
        self._section.set_training(training)
        self._table.set_training(training)

    # ---- tables

    def show_sweep(self, sweep_id: str = "last") -> None:
        """Read a kept sweep and show its table; the newest wish wins."""
        self._reader.submit(work.table, self._panel.context.workspace, sweep_id)

    def _show_table(self, table: work.Table | None) -> None:
        self._table.show_table(table)
        self._table.set_training(self._runner.busy)

    def close(self) -> None:
        """End the reading thread."""
        self._reader.close()

    def export(self, sweep_id: str) -> None:
        """Write the table to the workspace's exports folder."""
        path = export_path(self._panel.context.workspace, sweep_id, "table", ".csv")
        self._panel.run_task(
            work.export,
            self._panel.context.workspace,
            path,
            sweep_id,
            title="Writing the table",
            on_done=self._exported,
            cancellable=False,
        )

    def _exported(self, path: Path) -> None:
        self._panel.context.notify.info(f"Saved {path.name} in the exports folder.")
        self.exported.emit(path)
