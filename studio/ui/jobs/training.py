"""A run trained on its own thread: events pile up in a deque, a timer hands them to the window 30 times a second."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, Qt, QThread, QTimer, Signal

from studio.core.control import Control
from studio.core.errors import Cancelled, StudioError
from studio.core.events import Event, Finished, Progress

if TYPE_CHECKING:
    from studio.ui.activity import Activity
    from studio.ui.context import Context

DRAIN_MS = 33
SWITCH_SECONDS, PLAIN_SWITCH_SECONDS = 0.002, 0.005
"""Python's thread switch interval while training: with the default 5 ms a busy worker makes the window stutter."""
NICENESS = 10
QUEUED = Qt.ConnectionType.QueuedConnection


class Runnable(Protocol):
    """What a training job needs of a run (`studio.runs.run.Run` is one)."""

    @property
    def id(self) -> str:
        """Name of the run."""
        ...

    def events(self, control: Control) -> Iterator[Event]:
        """Train, yielding what happens."""
        ...


class _Trainer(QThread):
    """Iterates a run and fills a deque; the window's thread empties it."""

    def __init__(self, run: Runnable, control: Control) -> None:
        super().__init__()
        self.events: deque[Event] = deque()
        self.error: BaseException | None = None
        self._run, self._control = run, control

    def run(self) -> None:
        """Train to the end; a failure becomes a last event, never a lost thread."""
        step = 0
        _step_back()
        try:
            for event in self._run.events(self._control):
                step = event.step
                self.events.append(event)
        except Cancelled:
            self.events.append(Finished(step, "stopped", 0.0))
        except BaseException as error:
            self.error = error
            what, advice = (error.what, error.what_to_do) if isinstance(error, StudioError) else (repr(error), "")
            self.events.append(Finished(step, "failed", 0.0, {}, what, advice))


def _step_back() -> None:
    """Let the window go first: on Linux Qt's thread priorities do nothing, niceness belongs to each thread.

    The threads that torch starts from this one inherit it. Without competition it costs nothing.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


class TrainingJob(QObject):
    """One run being trained on its own thread.

    Signals:
        events_arrived: list of events, at most 30 times a second, in order, none lost.
        finished: the thread has ended and all events were delivered.
        failed: the exception, if the run raised one (sent before `finished`).

    Args:
        context: where it shows its progress and failures and counts as an active job; None for none.
        doing: what it does, for its title and for what is said when it fails.
        stored: whether the run has a record in the store (a dream has none).

    Attributes:
        activity: where its progress shows, while it runs and has a context.
    """

    events_arrived = Signal(list)
    finished = Signal()
    failed = Signal(object)

    def __init__(
        self,
        context: Context | None = None,
        parent: QObject | None = None,
        *,
        doing: str = "Training",
        stored: bool = True,
    ) -> None:
        super().__init__(parent)
        self.doing, self.stored = doing, stored
        self.control = Control()
        self.run: Runnable | None = None
        self.status = ""
        self._context = context
        self._trainer: _Trainer | None = None
        self.activity: Activity | None = None
        self._owner: QObject | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(DRAIN_MS)
        self._timer.timeout.connect(self._drain)

    @property
    def running(self) -> bool:
        """Whether the thread works."""
        return self._trainer is not None

    def start(self, run: Runnable, title: str = "") -> None:
        """Train a run; a job is used once."""
        if self._trainer is not None or self.run is not None:
            raise RuntimeError("A TrainingJob is used once; make another one.")
        self.run = run
        self._trainer = trainer = _Trainer(run, self.control)
        # Owned by the application: a job or panel that goes away never destroys a running thread.
        trainer.setParent(QCoreApplication.instance())
        trainer.finished.connect(trainer.deleteLater)
        trainer.finished.connect(self._ended, QUEUED)
        # The job itself stays too until its thread has ended, so that the end is always noticed.
        self._owner = self.parent()
        self.setParent(QCoreApplication.instance())
        self._enter(title or f"{self.doing.lower()} {run.id}")
        sys.setswitchinterval(SWITCH_SECONDS)
        trainer.start(QThread.Priority.LowPriority)
        self._timer.start()

    def stop(self) -> None:
        """Ask the run to write a checkpoint and end."""
        self.control.stop()

    def wait(self, milliseconds: int = 30_000) -> bool:
        """Wait for the thread and deliver what is left; return whether it ended in time."""
        if self._trainer is None:
            return True
        if not self._trainer.wait(milliseconds):
            return False
        self._ended()
        return True

    def _enter(self, title: str) -> None:
        if self._context is not None:
            self.activity = self._context.tasks.begin(title, self.control.stop)
            self.activity.escapes = False
            self._context.jobs.append(self)

    def _leave(self) -> None:
        if self._context is not None and self in self._context.jobs:
            self._context.jobs.remove(self)
            if self.activity is not None:
                self._context.tasks.end(self.activity)
            self._context.runs_changed.emit()

    def _drain(self) -> None:
        trainer = self._trainer
        if trainer is None or not trainer.events:
            return
        events = [trainer.events.popleft() for _ in range(len(trainer.events))]
        for event in events:
            self._note(event)
        self.events_arrived.emit(events)

    def _note(self, event: Event) -> None:
        if isinstance(event, Finished):
            self.status = event.status
        elif isinstance(event, Progress) and self.activity is not None:
            if event.phase == "train":  # the title says so; what it did before (opening the data) is over
                self.activity.what = ""
            phase = "" if event.phase == "train" else event.phase
            self.activity.progress(event.step, event.total_steps, phase, event.seconds_left)

    def _ended(self) -> None:
        trainer = self._trainer
        if trainer is None:
            return
        self._drain()
        self._timer.stop()
        self._trainer = None
        self._leave()
        if self._context is None or not self._context.jobs:
            sys.setswitchinterval(PLAIN_SWITCH_SECONDS)
        if trainer.error is not None:
            self.failed.emit(trainer.error)
            if self._context is not None:
                self._context.notify.exception(trainer.error, doing=self.doing)
        self.finished.emit()
        QTimer.singleShot(0, self._go_home)

    def _go_home(self) -> None:
        if not shiboken6.isValid(self):
            return  # whoever listened to `finished` has deleted it already
        if self._owner is not None and not shiboken6.isValid(self._owner):
            self.deleteLater()
        else:
            self.setParent(self._owner)
