"""Putting a recipe back: from the history, or from a picture that was exported and is dropped again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from studio.core.errors import StudioError
from studio.ui.panels import canvas_work as work

if TYPE_CHECKING:
    from studio.ui.panels.canvas_parts import CanvasParts


class Restorer(QObject):
    """Reads what a recipe needs in a worker, then lets the page show it as one undo step.

    Attributes:
        more: what a restored request holds beyond the form, for `DreamRequest(**more)`: changes made on the way,
            the number of steps, the network's fingerprint. Forgotten with the next edit.
    """

    def __init__(self, panel: CanvasParts) -> None:
        super().__init__(panel)
        self._panel = panel
        self.more: dict[str, Any] = {}
        self._applying = False

    def forget(self) -> None:
        """The person has changed something: a new start is no longer the recipe's."""
        if not self._applying:
            self.more = {}

    def restore(self, recipe: dict[str, Any], path: Path | None = None) -> None:
        """Put a recipe back; `path` is the picture that carried it, shown at once."""
        if self._panel.runner.busy:
            self._panel.context.notify.info("Something is being made here.", what_to_do="Stop it first.")
            return
        self._panel.run_task(
            work.restored,
            recipe,
            self._panel.context.workspace,
            path,
            title="Putting the settings back",
            on_done=lambda found: self._apply(found, recipe),
        )

    def open(self, path: Path, otherwise: Callable[[Path], object]) -> None:
        """Restore an exported picture; `otherwise(path)` is called if it carries no recipe of this page."""
        self._panel.run_task(
            work.carried,
            path,
            self._panel.kind,
            title=f"Reading {path.name}",
            on_done=lambda recipe: otherwise(path) if recipe is None else self.restore(recipe, path),
        )

    def _apply(self, found: work.Restored, recipe: dict[str, Any]) -> None:
        panel = self._panel
        if panel.form is None:  # the page has never been visited: wait for its form
            panel.settings_ready.connect(lambda: self._apply(found, recipe))
            panel.entered()
            return
        undo = panel.context.undo
        undo.beginMacro("Put settings back")
        self._applying = True
        try:
            panel.side.show_preset("")
            panel.form.set_values(found.settings, "Put settings back")
            if found.request is not None:
                panel.apply_request(found.request, found.pictures)
        finally:
            self._applying = False
            undo.endMacro()
        self.more = found.more
        if found.made is not None:
            panel.follower.show_kept(found.made, recipe)
        self._tell(found.problem)
        panel.restored.emit()

    def _tell(self, problem: StudioError | None) -> None:
        if problem is None:
            self._panel.context.notify.info("Settings, pictures and masks are back.")
        else:
            self._panel.context.notify.warning(
                f"Only the settings are back. {problem.what}", what_to_do=problem.what_to_do
            )
