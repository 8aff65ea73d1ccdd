"""Brings stored runs to the Train page: as they were left, or filled in with changes for a branch or a longer run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError
from studio.ui.notify import Button
from studio.ui.panels import train_work as work

if TYPE_CHECKING:
    from studio.core.records import RunRecord
    from studio.ui.panel import Panel
    from studio.ui.panels.train_controls import Controls
    from studio.ui.panels.train_recipes import Recipes
    from studio.ui.panels.train_runs import Runner
    from studio.ui.panels.train_setup import Setup


class Opener(QObject):
    """Shows one stored run at a time, never over one that goes on.

    Signals:
        opened: a run is on show.

    Args:
        panel: the page.
        choose: brings a recipe to the front, `(id, preset)`.
        recipes: to wait for.
        setup, runner, controls: where a run is shown.
    """

    opened = Signal()

    def __init__(
        self,
        panel: Panel,
        choose: Callable[[str, str | None], None],
        recipes: Recipes,
        setup: Setup,
        runner: Runner,
        controls: Controls,
    ) -> None:
        super().__init__(panel)
        self._panel, self._context, self._choose, self._recipes = panel, panel.context, choose, recipes
        self._setup, self._runner, self._controls = setup, runner, controls
        self._changes: dict[str, Any] = {}

    def open_run(self, record: RunRecord) -> None:
        """Show a stored run: curves, previews, log, settings."""
        if (self._runner.busy and record.id == self._runner.run_id) or self._runner.refuse():
            return
        self._recipes.when_ready(lambda: self._open(record))

    def _open(self, record: RunRecord) -> None:
        self._panel.run_task(
            work.stored,
            self._context.workspace,
            record.id,
            title=f"Opening {record.title or record.id}",
            on_done=lambda found: self._show(*found),
        )

    def _show(self, record: RunRecord, stored: work.Stored) -> None:
        self._choose(record.recipe, None)
        if self._setup.info is None or self._setup.info.id != record.recipe:
            return
        self._setup.set_data(str(record.data.get("source", "")))
        self._setup.show_values(work.values_of(record), record.preset)
        self._runner.show_stored(record, stored)
        self.opened.emit()
        self._overlay_changes()

    def prepare_run(self, run_id: str, recipe_id: str, settings: Mapping[str, Any]) -> None:
        """Fill in a stored run with changed settings, ready to branch or to go on; or a new run of another recipe."""
        if self._runner.refuse():
            return
        try:
            record = self._context.store.run(run_id)
        except StudioError as error:
            self._context.notify.exception(error)
            return
        if recipe_id:
            self._recipes.when_ready(lambda: self._prepare_other(record, recipe_id))
        else:
            self._changes = dict(settings)
            self.open_run(record)

    def _prepare_other(self, record: RunRecord, recipe_id: str) -> None:
        self._setup.set_data(str(record.data.get("source", "")), record.data.get("options") or {})
        self._choose(recipe_id, "")
        self._context.notify.info("The new run is prepared.", what_to_do="Press Run.")

    def _overlay_changes(self) -> None:
        changes, self._changes = self._changes, {}
        if changes and self._setup.form is not None:
            self._setup.show_changed(changes)
            longer = set(changes) <= {"steps", "epochs"}
            wanted = self._controls.resume_button if longer else self._controls.branch_button
            wanted.setFocus()
            undo = Button("Undo", self._setup.form.undo.undo)
            told = f"Press {wanted.text()}."
            self._context.notify.info("The settings are changed.", what_to_do=told, buttons=[undo])
