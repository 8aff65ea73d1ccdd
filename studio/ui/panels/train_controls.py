"""The buttons that steer a run, and what it says about itself: rate, time left, policy, failure, what comes next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from studio.core.events import Progress
from studio.ui.panels.train_only import TrainOnly
from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.labels import ElidedLabel, button, icon_button, keep_icon, label
from studio.ui.widgets.summary import grouped

State = Literal["idle", "preparing", "running", "paused", "finished"]
BUSY = ("preparing", "running", "paused")


def clock(seconds: float) -> str:
    """Return a duration as 2:10 or 1:02:03."""
    whole = max(0, round(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def rate(per_second: float, unit: str) -> str:
    """Return a rate with three meaningful digits at most."""
    if per_second >= 1000:
        return f"{grouped(round(per_second))} {unit}/s"
    return f"{per_second:.{0 if per_second >= 100 else 1 if per_second >= 10 else 2}f} {unit}/s"


class Controls(QWidget):
    """Run, pause, step, stop, checkpoint; progress; the inline failure; what to do with a finished run.

    Args:
        theme: for icons.
        do: called with the name of what is wanted: "run", "pause", "step", "stop", "checkpoint", "preview",
            "open", "resume", "branch", "judge".
    """

    def __init__(self, theme: Theme, do: Callable[[str], object]) -> None:
        super().__init__()
        self._theme, self.state = theme, ""
        self.run_button = button("Run", lambda: do("run"), "primary")
        keep_icon(theme, self.run_button, "play")
        self.run_button.setStyleSheet("padding: 0 6px;")  # "Preparing…" beside six icons
        self.pause_button = icon_button(theme, "pause", "Pause", lambda: do("pause"))
        self._play_icon = False
        self.step_button = icon_button(theme, "step", "Do one step", lambda: do("step"))
        self.stop_button = icon_button(theme, "stop", "Stop (writes a checkpoint)", lambda: do("stop"))
        self.checkpoint_button = icon_button(theme, "save", "Write a checkpoint now", lambda: do("checkpoint"))
        self.preview_button = icon_button(theme, "picture", "Show a preview now", lambda: do("preview"))
        self.judge_button = icon_button(theme, "judge", "Judge what this run draws", lambda: do("judge"))
        self.only = TrainOnly()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the run")
        self.rate = ElidedLabel()
        self.left = ElidedLabel("", "muted")
        self.policy = ElidedLabel("", "small")
        self.open_button = button("Open in Explore", lambda: do("open"), "primary")
        self.resume_button = button("Go on", lambda: do("resume"))
        self.branch_button = button("Branch here", lambda: do("branch"))
        self.problem = self._problem()
        self._build()
        self.set_state("idle")

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
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_S)
        buttons.addWidget(self.run_button, 1)
        self.steering = (self.pause_button, self.step_button, self.stop_button)
        for made in (*self.steering, self.checkpoint_button, self.preview_button):
            buttons.addWidget(made)
        buttons.addWidget(self.judge_button)
        self.after = QWidget()
        row = QHBoxLayout(self.after)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_S)
        for offered in (self.open_button, self.resume_button, self.branch_button):
            offered.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            offered.setStyleSheet("padding: 0 6px;")
            row.addWidget(offered)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(self.problem)
        column.addLayout(buttons)
        column.addWidget(self.only)
        for widget in (self.bar, self.rate, self.left, self.policy, self.after):
            column.addWidget(widget)

    @property
    def buttons(self) -> tuple[QPushButton, ...]:
        """What is offered after a run."""
        return self.open_button, self.resume_button, self.branch_button

    def set_state(self, state: State) -> None:
        """Enable what makes sense; the layout stays where it is."""
        self.state = state
        self.only.setVisible(state in ("running", "paused") and bool(self.only.buttons))
        busy = state in BUSY
        self.run_button.setEnabled(not busy)
        self.run_button.setText({"preparing": "Preparing…", "running": "Running", "paused": "Paused"}.get(state, "Run"))
        for made in (*self.steering, self.checkpoint_button, self.preview_button):
            made.setEnabled(state in ("running", "paused"))
        self.judge_button.setEnabled(state in ("running", "paused", "finished"))
        name = "Go on" if state == "paused" else "Pause"
        self.pause_button.setToolTip(name)
        self.pause_button.setAccessibleName(name)
        self._show_pause(state == "paused")
        policy = self.after.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.after.setSizePolicy(policy)
        self.after.setVisible(state == "finished")

    def _show_pause(self, paused: bool) -> None:
        if paused != self._play_icon:
            self._play_icon = paused
            self.pause_button.setIcon(self._theme.icon("play" if paused else "pause"))

    def begin(self) -> None:
        """Forget the numbers of the run before."""
        self.bar.setRange(0, 0)
        self.rate.setText("Getting ready…")
        self.left.setText("")
        self.policy.setText("")
        self.show_problem("")

    def show_progress(self, event: Progress, epochs: int) -> None:
        """Show how far and how fast."""
        self.bar.setRange(0, max(0, event.total_steps))
        self.bar.setValue(min(event.step, event.total_steps))
        if event.steps_per_second <= 0 and event.epoch == 0:  # the data is being opened
            self.rate.setText(event.phase)
            return
        examples = rate(event.examples_per_second, "examples")
        self.rate.setText(f"{rate(event.steps_per_second, 'it')} · {examples}")
        epoch = f"epoch {event.epoch + 1} of {epochs}" if epochs else f"epoch {event.epoch + 1}"
        phase = "" if event.phase == "train" else f"{event.phase} · "
        self.left.setText(f"{phase}{epoch} · {clock(event.seconds_left)} left")

    def end(self, text: str, seconds: float) -> None:
        """Say how the run ended."""
        self.bar.setRange(0, 1)
        self.bar.setValue(1 if text.startswith("Done") else 0)
        self.rate.setText(text)
        self.left.setText(f"{clock(seconds)} in all" if seconds else "")

    def show_problem(self, what: str, what_to_do: str = "") -> None:
        """Show a failure in place; "" takes it away."""
        self.what.setText(what)
        self.advice.setText(what_to_do)
        self.advice.setVisible(bool(what_to_do))
        self.problem.setVisible(bool(what))
