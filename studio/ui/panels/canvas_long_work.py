"""A long work on a page of its own: start, cancel, how far, what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.ui.theme import SPACE_M, SPACE_S
from studio.ui.widgets.labels import ElidedLabel, button, keep_icon, label

if TYPE_CHECKING:
    from studio.ui.activity import Activity
    from studio.ui.jobs import Task
    from studio.ui.panel import Panel


class LongWork(QWidget):
    """Buttons, a bar and a line of words for one task at a time.

    Args:
        panel: runs the task.
        verb: what the first button says.
        start: what it does.
    """

    def __init__(self, panel: Panel, verb: str, start: Callable[[], object]) -> None:
        super().__init__()
        self._panel = panel
        self._task: Task | None = None
        self.start_button = button(verb, start, "primary")
        keep_icon(panel.context.theme, self.start_button, "play")
        self.cancel_button = button("Cancel", self.cancel)
        self.cancel_button.setEnabled(False)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the work")
        self.status = ElidedLabel("", "muted")
        self.problem = label("", "error", wrap=True)
        self.problem.hide()
        panel.context.tasks.ended.connect(self._activity_ended)
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        for widget in (self.start_button, self.cancel_button):
            row.addWidget(widget)
        row.addWidget(self.status, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        for part in (self.problem, self.bar):
            column.addWidget(part)
        column.addLayout(row)

    @property
    def going(self) -> bool:
        """Whether the work goes on."""
        return self._task is not None

    def run(
        self,
        title: str,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        on_done: Callable[[Any], object],
        on_look: Callable[[], object] | None = None,
    ) -> None:
        """Run `fn(*args, progress)` in a worker; `on_look` is called at its reports. Nothing happens while one runs."""
        if self.going:
            return
        self._enter(True)
        self.bar.setRange(0, 0)
        self.say("Getting ready…")

        def told(done: int, total: int, what: str) -> None:
            self.bar.setRange(0, total)
            self.bar.setValue(done)
            self.status.setText(what)
            if on_look is not None:
                on_look()

        done = lambda made: self._end(on_done, made)  # noqa: E731
        self._task = self._panel.run_task(fn, *args, title=title, on_done=done, on_error=self._failed, on_progress=told)
        if self._task.activity is not None:
            self._task.activity.escapes = False  # hours may lie in it

    def cancel(self) -> None:
        """Give it up: it ends at its next report."""
        if self._task is not None:
            self._task.cancel()
            self.cancel_button.setEnabled(False)
            self.say("Cancelling…")

    def say(self, text: str) -> None:
        """Say something in place of the progress; a problem told before goes."""
        self.status.setText(text)
        self.problem.hide()

    def fail(self, error: StudioError) -> None:
        """Say what is wrong."""
        self.status.setText("")
        self.problem.setText(f"{error.what} {error.what_to_do}".strip())
        self.problem.show()

    def _end(self, on_done: Callable[[Any], object], made: Any) -> None:
        self._enter(False)
        on_done(made)

    def _failed(self, error: BaseException) -> None:
        self._enter(False)
        self.fail(error if isinstance(error, StudioError) else StudioError(repr(error)))
        self._panel.context.notify.exception(error, doing=self.start_button.text())

    def _activity_ended(self, activity: Activity) -> None:
        """Notice that the work was cancelled, here or in the status bar; other ends are told by themselves."""
        if self._task is not None and self._task.activity is activity and self._task.cancelled:
            self._enter(False)
            self.say("Cancelled.")

    def _enter(self, going: bool) -> None:
        if not going:
            self._task = None
            self.bar.setRange(0, 1)
            self.bar.setValue(0)
        self.start_button.setEnabled(not going)
        self.cancel_button.setEnabled(going)
