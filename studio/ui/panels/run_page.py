"""The frame of a page about one run: choosing it, opening it in the background, saying what is missing or wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from studio.ui.notify import Button
from studio.ui.panel import Panel
from studio.ui.panels.run_picker import RunPicker
from studio.ui.theme import SPACE_L, SPACE_M
from studio.ui.widgets.empty import EmptyState
from studio.ui.widgets.labels import label

if TYPE_CHECKING:
    from studio.core.records import RunRecord
    from studio.ui.activity import Activity
    from studio.ui.context import Context
    from studio.ui.jobs import Task

Opener = Callable[..., Any]
"""Opens a run in a worker: `(workspace, run id, checkpoint, progress) -> what `begin` gets`."""


class RunPage(Panel):
    """A page about one run. A subclass builds its content, and says how to begin with a run and how to forget it.

    It calls `frame` once its content is built. Class attributes: `empty`, (title, text) while there is no run of the
    kind; `train`, the button below; `invitation`, what happens when a run is chosen.

    Signals:
        ready: an opened run is on the screen; sent by subclasses.

    Args:
        context: the window's services.
        parent: the widget it lies in.
        runs: offers the runs of its kind.
        opener: opens one in a worker.
    """

    empty: ClassVar[tuple[str, str]]
    train: ClassVar[str] = "Train a model"
    invitation: ClassVar[str]
    ready = Signal()

    def __init__(self, context: Context, parent: QWidget | None, runs: RunPicker, opener: Opener) -> None:
        super().__init__(context, parent)
        self.runs = runs
        self.stack = QStackedWidget()
        self._opener = opener
        self._task: Task | None = None
        self._asked = ("", "")
        """The run and checkpoint that are open, being opened, or could not be."""
        self._was_training = False

    # ---- for subclasses

    def begin(self, opened: Any) -> None:
        """Show what the opener returned."""
        raise NotImplementedError

    def forget(self) -> None:
        """Drop what is shown: another run is being opened."""
        raise NotImplementedError

    def frame(self, content: QWidget) -> None:
        """Put the chooser above the content, and what is said instead of it behind it."""
        theme, show = self.context.theme, self.context.show_panel.emit
        self.content = content
        self.empty_state = EmptyState(theme, self.icon, *self.empty, (self.train, lambda: show("train")))
        newest = ("Open the newest", self.open_newest)
        self.waiting_state = EmptyState(theme, self.icon, "Choose a run", self.invitation, newest)
        self.failed_state = EmptyState(theme, "warning", "This run cannot be opened", "", ("Try again", self.reopen))
        for widget in (self.empty_state, self.waiting_state, self.failed_state, content):
            self.stack.addWidget(widget)
        head = QHBoxLayout()
        head.setContentsMargins(SPACE_L, SPACE_M, SPACE_M, SPACE_M)
        head.setSpacing(SPACE_M)
        head.addWidget(label(self.title, "page"))
        head.addWidget(self.runs, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addWidget(self.stack, 1)
        self.runs.chosen.connect(self._open)
        self.runs.listed.connect(self._listed)
        self.context.tasks.ended.connect(self._activity_ended)
        self.runs.refresh()

    def explain(self, title: str, text: str) -> None:
        """Say why nothing of the chosen run is shown, in place of the content."""
        self.waiting_state.title.setText(title)
        self.waiting_state.text.setText(text)
        self.waiting_state.buttons[0].hide()
        self.stack.setCurrentWidget(self.waiting_state)

    # ---- opening

    def open_run(self, record: RunRecord) -> None:
        """Open a run."""
        self.runs.choose(record)

    def open_newest(self) -> None:
        """Open the run that was begun last."""
        if (record := self.runs.newest) is not None:
            self.open_run(record)

    def reopen(self) -> None:
        """Open the chosen run again, with the weights that it has now."""
        if self._asked[0]:
            self._open(*self._asked)

    def entered(self) -> None:
        """Look for new runs."""
        self.runs.refresh()

    def closing(self) -> None:
        """Give up what is being opened; subclasses end their workers too."""
        if self._task is not None:
            self._task.cancel()

    def _open(self, run_id: str, checkpoint: str) -> None:
        if self._task is not None:
            self._task.cancel()
        record = self.runs.record
        self._asked = (run_id, checkpoint)
        self._was_training = record is not None and record.id == run_id and record.status == "running"
        self.forget()
        self.explain("Opening…", f"{run_id}, {checkpoint} checkpoint")
        self._task = self.run_task(
            self._opener,
            self.context.workspace,
            run_id,
            checkpoint,
            title=f"Opening {run_id}",
            on_done=self._opened,
            on_error=self._not_opened,
            on_progress=self._opening,
        )

    def _opening(self, done: int, total: int, what: str) -> None:
        share = f"{100 * done // total} %" if total else ""
        self.waiting_state.text.setText(" · ".join(part for part in (self._asked[0], what, share) if part))

    def _opened(self, opened: Any) -> None:
        self._task = None
        self.stack.setCurrentWidget(self.content)
        self.begin(opened)

    def _not_opened(self, error: BaseException) -> None:
        told = (getattr(error, "what", repr(error)), getattr(error, "what_to_do", ""))
        self._fail("This run cannot be opened", " ".join(part for part in told if part))
        self.context.notify.exception(error, doing="Opening the run")

    def _activity_ended(self, activity: Activity) -> None:
        """Notice that opening was cancelled; other ends are told by themselves."""
        if self._task is not None and self._task.activity is activity and self._task.cancelled:
            self._fail("Not opened", "Opening the run was cancelled.")

    def _fail(self, title: str, text: str) -> None:
        self._task = None
        self.failed_state.title.setText(title)
        self.failed_state.text.setText(text)
        self.stack.setCurrentWidget(self.failed_state)

    # ---- following the list of runs

    def _listed(self) -> None:
        self.runs.setVisible(self.runs.count > 0)
        if not self._asked[0]:
            self._invite()
        elif self._was_training and self.isVisible():
            self._follow()

    def _invite(self) -> None:
        """Ask for a run, or say that there is none."""
        if self.runs.looking:
            self.explain("Looking for runs…", "Finding out which runs open here.")
        elif self.runs.count:
            self.explain("Choose a run", self.invitation)
            self.waiting_state.buttons[0].show()
        else:
            self.stack.setCurrentWidget(self.empty_state)

    def _follow(self) -> None:
        """Open a run again that was opened while it trained and has ended; ask first when something is on the screen.

        Pins, drawings and dropped pictures belong to the weights they were made with: they are not taken away unasked.
        """
        record = self.runs.record
        if record is None or record.id != self._asked[0] or record.status == "running" or self._task is not None:
            return
        self._was_training = False
        if self.stack.currentWidget() is not self.content:
            self.reopen()
            return
        self.context.notify.info(
            f"{record.id} has finished training.",
            what_to_do="This page still shows an earlier state of it.",
            buttons=(Button("Open the result", self.reopen),),
        )
