"""The buttons that steer a dream or a transfer, and what it says about itself: forecast, progress, failures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QProgressBar, QToolButton, QVBoxLayout, QWidget

from studio.ui.panels.train_controls import clock, rate
from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.labels import ElidedLabel, button, icon_button, keep_icon, label

if TYPE_CHECKING:
    from studio.core.events import Progress

EXPORTS = (
    ("PNG picture", "export"),
    ("JPEG picture", "export_jpg"),
    ("TIFF picture", "export_tif"),
    ("Choose a name…", "export_as"),
)


class CanvasControls(QWidget):
    """Start, pause, step, stop; start over, export, copy; forecast, progress, the problem in place.

    Args:
        theme: for icons.
        verb: what the first button says ("Dream").
        do: called with what is wanted: "start", "go_on", "restart", "pause", "step", "stop", "copy", or an entry
            of `EXPORTS`.
    """

    def __init__(self, theme: Theme, verb: str, do: Callable[[str], object]) -> None:
        super().__init__()
        self._theme, self._verb, self._do = theme, verb, do
        self._wanted = "start"
        self.start_button = button(verb, lambda: do(self._wanted), "primary")
        keep_icon(theme, self.start_button, "play")
        self.pause_button = icon_button(theme, "pause", "Pause", lambda: do("pause"))
        self.step_button = icon_button(theme, "step", "Do one step", lambda: do("step"))
        self.stop_button = icon_button(theme, "stop", "Stop; what there is stays", lambda: do("stop"))
        self.restart_button = button("Start over", lambda: do("restart"))
        self.export_button = button("Export", lambda: do("export"))
        self.formats_button = icon_button(theme, "more", "Export in another format or place")
        self.copy_button = icon_button(theme, "copy", "Copy the picture", lambda: do("copy"))
        self.budget = ElidedLabel("", "small")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.status = ElidedLabel()
        self.left = ElidedLabel("", "muted")
        self.note = label("", "muted", wrap=True)
        self.note.hide()
        self.problem = self._problem()
        self._build()
        self.set_state("idle", exists=False)

    def _problem(self) -> QFrame:
        box = QFrame()
        box.setProperty("role", "card")
        self.what, self.advice = label("", "error", wrap=True), label("", wrap=True)
        column = QVBoxLayout(box)
        column.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_S)
        column.setSpacing(SPACE_S)
        column.addWidget(self.what)
        column.addWidget(self.advice)
        box.hide()
        return box

    def _build(self) -> None:
        menu = QMenu(self)
        for title, what in EXPORTS:
            menu.addAction(title, partial(self._do, what))
        self.formats_button.setMenu(menu)
        self.formats_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.formats_button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self.export_button.setToolTip("Export as PNG, with everything that made it inside")
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.start_button, 1)
        for made in (self.pause_button, self.step_button, self.stop_button):
            first.addWidget(made)
        second.addWidget(self.restart_button, 1)
        second.addWidget(self.export_button, 1)
        second.addWidget(self.formats_button)
        second.addWidget(self.copy_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        above: tuple[QWidget, ...] = (self.problem, self.note, self.budget)
        below: tuple[QWidget, ...] = (self.bar, self.status, self.left)
        for widget in above:
            column.addWidget(widget)
        for row in (first, second):
            row.setSpacing(SPACE_S)
            column.addLayout(row)
        for widget in below:
            column.addWidget(widget)

    # ---- state

    def set_state(self, state: str, *, exists: bool, fresh: bool = False, ready: bool = True) -> None:
        """Enable what makes sense; the layout stays where it is.

        Args:
            state: of `canvas_runner.State`.
            exists: whether there is a result to export.
            fresh: the settings ask for a new beginning: it cannot be gone on with.
            ready: whether there is something to begin with.
        """
        goes_on = state == "rested" and exists and not fresh
        self._wanted = "go_on" if goes_on else "start"
        text = {"preparing": "Getting ready…", "running": "Working", "paused": "Paused"}.get(state, self._verb)
        self.start_button.setText("Go on" if goes_on else text)
        self.start_button.setEnabled(state in ("idle", "rested") and ready)
        going = state in ("running", "paused")
        self.pause_button.setEnabled(going)
        self.step_button.setEnabled(going or goes_on)
        self.stop_button.setEnabled(going or state == "preparing")
        self.restart_button.setEnabled(state == "rested" and ready)
        for made in (self.export_button, self.formats_button):
            made.setEnabled(exists and state != "running")
        self.copy_button.setEnabled(exists)
        name = "Go on" if state == "paused" else "Pause"
        self.pause_button.setToolTip(name)
        self.pause_button.setAccessibleName(name)
        self.pause_button.setIcon(self._theme.icon("play" if state == "paused" else "pause"))

    # ---- what it says

    def begin(self, text: str = "Getting ready…") -> None:
        """Forget what was said before."""
        self.bar.setRange(0, 0)
        self.status.setText(text)
        self.left.setText("")
        self.show_problem("")
        self.show_note("")

    def show_progress(self, event: Progress, caption: str) -> None:
        """Show how far and how fast."""
        self.bar.setRange(0, max(1, event.total_steps))
        self.bar.setValue(min(event.step, event.total_steps))
        self.status.setText(f"step {event.step} of {event.total_steps} · {rate(event.steps_per_second, 'steps')}")
        self.left.setText(f"{caption} · {clock(event.seconds_left)} left" if caption else "")

    def end(self, text: str, detail: str = "", *, done: bool = False) -> None:
        """Say how it ended."""
        self.bar.setRange(0, 1)
        self.bar.setValue(int(done))
        self.status.setText(text)
        self.left.setText(detail)

    def show_problem(self, what: str, what_to_do: str = "") -> None:
        """Show a failure in place; "" takes it away."""
        self.what.setText(what)
        self.advice.setText(what_to_do)
        self.advice.setVisible(bool(what_to_do))
        self.problem.setVisible(bool(what))

    def show_note(self, text: str) -> None:
        """Show a remark that stays, such as that it goes on in tiles; "" takes it away."""
        self.note.setText(text)
        self.note.setVisible(bool(text))
