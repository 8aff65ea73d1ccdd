"""What Dream and Transfer share: one session at a time, begun, steered, gone back, exported, restored.

A subclass fills the hooks of `CanvasHooks`; `CanvasParts` holds the widgets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from studio.core.errors import StudioError
from studio.ui.actions import Action
from studio.ui.panels import canvas_work as work
from studio.ui.panels.canvas_actions import canvas_actions
from studio.ui.panels.canvas_parts import CanvasParts
from studio.ui.panels.canvas_undo import Change, WentBack
from studio.ui.widgets.drop import accepts, take_drop

if TYPE_CHECKING:
    from studio.ui.context import Context


class CanvasPanel(CanvasParts):
    """A page of one canvas; see `CanvasParts` for its signals and arguments."""

    def __init__(self, context: Context, parent: QWidget | None = None, opener: work.Opener | None = None) -> None:
        super().__init__(context, parent, opener)
        self._connect()
        self.refresh()

    def _connect(self) -> None:
        self.runner.state_changed.connect(lambda _: self.refresh())
        self.runner.ended.connect(self._ended)
        self.stage.mask_edited.connect(self._painted)
        self.stage.timeline.go_on_wanted.connect(self.go_on_from)
        self.side.preset_chosen.connect(self._use_preset)
        self.history.changed.connect(
            lambda: self.stage.drawer.set_note("results", str(len(self.history.results) or ""))
        )
        self.history.shown.connect(self.follower.show_kept)
        self.history.restored.connect(self.restore)
        self.exporter.exported.connect(self.exported)
        self.budget.told.connect(self.controls.budget.setText)

    # ---- doing

    def do(self, what: str) -> None:
        """Carry out a button or an action (see `CanvasControls`)."""
        {
            "start": self.start,
            "restart": self.start,
            "go_on": self.go_on,
            "pause": self.runner.pause,
            "step": self.step,
            "stop": self.stop,
            "copy": self.copy,
            "export": self.export,
            "export_jpg": lambda: self.export(suffix=".jpg"),
            "export_tif": lambda: self.export(suffix=".tif"),
            "export_as": self.export_as,
        }[what]()

    def start(self) -> None:
        """Begin anew with the pictures and settings there are."""
        if self.runner.busy or self.form is None:
            return
        try:
            request = self.request()
        except StudioError as error:
            self.controls.show_problem(error.what, error.what_to_do)
            return
        self.controls.begin()
        self._begun_with = self.used()
        self.stage.close_page()
        self.runner.start(request)

    def go_on(self) -> None:
        """Go on from where it stands, with the settings there are."""
        self._go_on(one_step=False)

    def _go_on(self, *, one_step: bool) -> None:
        session = self.runner.session
        if session is not None and session.finished:
            self._more_steps(session)
        try:
            values = self.settings()
        except StudioError as error:
            self.controls.show_problem(error.what, error.what_to_do)
            return
        self.controls.begin()
        self.stage.timeline.follow()
        self.stage.close_page()
        self.runner.go_on(values, one_step=one_step)

    def _more_steps(self, session: Any) -> None:
        """Every step is done and no more are asked for: ask for as many again (undoable)."""
        assert self.form is not None
        if self.form.values()["iterations"] == session.config.iterations:
            more = session.config.iterations + session.first_config.iterations
            self.side.set_knob("iterations", more, "More steps", -1)

    def step(self) -> None:
        """Do one step."""
        if self.runner.state == "rested":
            self._go_on(one_step=True)
        else:
            self.runner.single_step()

    def stop(self) -> None:
        """End after the present step."""
        self.runner.stop()

    def go_on_from(self, step: int) -> None:
        """Go back to a step (undoable); work can go on from there."""
        session = self.runner.session
        if session is not None and self.runner.state != "preparing":
            present = lambda: self.runner.session  # noqa: E731
            self.context.undo.push(WentBack(step, session, self.runner.travel, present))

    def _ended(self, status: str) -> None:
        session = self.runner.session
        if status != "failed" and session is not None and self.runner.result is not None:
            self.history.keep(session, self.runner.result)
            if status == "done" and self.runner.steady:
                self.budget.learn(session, self.runner.seconds, len(session.sources()) - 1)
        self.finished.emit(status)

    # ---- masks

    def _painted(self, before: Any, after: Any) -> None:
        role = self.mask_role
        command = Change("Paint the mask", self, lambda mask: self.put_mask(role, mask), before, after)
        self.context.undo.push(command)

    # ---- results

    def export(self, path: Path | None = None, suffix: str = ".png") -> None:
        """Write the picture on the canvas with its recipe; without a path, into the workspace's exports folder."""
        if self.follower.exhibit is not None and self.runner.state != "running":
            self.exporter.save(path or self.exporter.free_path(self.kind, suffix), self.follower.exhibit)

    def export_as(self) -> None:
        """Ask for a name and export."""
        path = self.exporter.ask_path(self.kind)
        if path is not None:
            self.export(path)

    def copy(self) -> None:
        """Put the picture on the canvas on the clipboard."""
        if self.follower.shown is not None:
            self.exporter.copy(self.follower.shown)

    def restore(self, recipe: dict[str, Any], path: Path | None = None) -> None:
        """Put settings, pictures and masks of a recipe back (undoable); `path` is the picture that carried it."""
        self.restorer.restore(recipe, path)

    # ---- drops, actions, the end

    def opened_with(self, paths: Sequence[Path]) -> bool:
        """Take a picture, or one that this page exported: then everything is as it was."""
        if len(paths) != 1 or paths[0].is_dir():
            return False
        self.restorer.open(paths[0], self.take_picture)
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take pictures anywhere on the page."""
        if accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped, or say why not."""
        take_drop(event, self.context.workspace / "dropped", self._dropped, self.context.notify.exception)

    def _dropped(self, paths: Sequence[Path]) -> None:
        if not self.opened_with(paths):
            self.context.notify.warning("Drop one picture here.", what_to_do="Folders can be opened in Data.")

    def panel_actions(self) -> Iterable[Action]:
        """Return what can be done here by key or palette."""
        return canvas_actions(self)

    def closing(self) -> None:
        """Stop what goes on and end the workers."""
        self.budget.close()
        self.runner.close()
        self.follower.close()
