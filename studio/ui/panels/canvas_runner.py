"""Carries out a dream or a transfer for its page: open, start, steer, go back, go on, end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal

from studio.core.control import Control
from studio.core.events import Event, Finished, Images, Paused, Scalars
from studio.ui.jobs import Task, TrainingJob

if TYPE_CHECKING:
    from studio.canvas.session import Session
    from studio.ui.panel import Panel
    from studio.ui.panels.canvas_work import Pixels

State = Literal["idle", "preparing", "running", "paused", "rested"]
BUSY = ("preparing", "running", "paused")
"""States in which something goes on; "rested": stopped or done, ready to go on or to go back."""


class CanvasRunner(QObject):
    """One session at a time, on a thread of its own.

    Signals:
        state_changed: the new state.
        opened: a session was opened; its first step has not begun.
        arrived: list of events, in order.
        travelled: the session stands at another step, or has other settings (nothing runs).
        refused: exception: it could not begin, go on or go back.
        ended: "done", "stopped" or "failed"; the session can be gone on with unless it failed.

    Args:
        panel: its tasks, context and workspace are used.
        opener: (request, workspace, progress) -> session, called in a worker.
        doing: what it does, for the activity area and notifications ("Dreaming").
    """

    state_changed = Signal(str)
    opened = Signal()
    arrived = Signal(list)
    travelled = Signal()
    refused = Signal(object)
    ended = Signal(str)

    def __init__(self, panel: Panel, opener: Callable[..., Any], doing: str) -> None:
        super().__init__(panel)
        self._panel, self._opener, self._doing = panel, opener, doing
        self.state: State = "idle"
        self.session: Session[Any] | None = None
        self.job: TrainingJob | None = None
        self.result: Pixels | None = None
        """The picture at its present step in full size, uint8 (H, W, 3)."""
        self._task: Task | None = None
        self._after: Callable[[], object] | None = None
        self._waits = False
        self._until = 0
        self.steady = False
        """Whether the present work began at the beginning and nobody paused it or turned a knob."""
        self.seconds = 0.0
        """What the last work took."""

    @property
    def busy(self) -> bool:
        """Whether something is being prepared or goes on."""
        return self.state in BUSY

    @property
    def step(self) -> int:
        """Steps done."""
        return self.session.step if self.session is not None else 0

    @property
    def waiting(self) -> bool:
        """Whether the session has said that it waits, and still should."""
        return self._waits and self.job is not None and self.job.control.paused

    # ---- beginning

    def start(self, request: Any) -> None:
        """Open a request and work on it from its beginning; nothing happens while something goes on."""
        if not self.busy:
            self._until = int(request.steps)
            self._prepare(self._opener, (request, self._panel.context.workspace), self._begin_new)

    def go_on(self, values: Mapping[str, Any], *, one_step: bool = False) -> None:
        """Go on from where the session stands, with settings that may have changed."""
        if self.session is not None and not self.busy:
            self._prepare(_changed, (self.session, dict(values)), lambda _: self._begin(one_step))

    def _prepare(self, fn: Callable[..., Any], args: tuple[Any, ...], then: Callable[[Any], object]) -> None:
        self._enter("preparing")
        self._task = self._panel.run_task(
            fn, *args, title=f"{self._doing}: getting ready", on_done=then, on_error=self._refuse
        )

    def _refuse(self, error: BaseException) -> None:
        self._enter("rested" if self.session is not None else "idle")
        self.refused.emit(error)

    def _begin_new(self, session: Session[Any]) -> None:
        self.session, self.result = session, None
        self.opened.emit()
        self._begin(one_step=False)
        self.steady = True

    def _begin(self, one_step: bool) -> None:
        assert self.session is not None
        self._waits = self.steady = False
        self.job = job = TrainingJob(self._panel.context, doing=self._doing, stored=False)
        job.events_arrived.connect(self._take)
        job.finished.connect(self._ended)
        if one_step:
            job.control.single_step()
        until, self._until = self._until, 0
        job.start(_Until(self.session, until) if until else self.session, self._doing)
        self._enter("paused" if one_step else "running")

    # ---- steering

    def pause(self) -> None:
        """Pause, or go on after a pause."""
        if self.job is not None:
            self.steady = False
            control = self.job.control
            control.resume() if control.paused else control.pause()
            self._enter("paused" if control.paused else "running")

    def single_step(self) -> None:
        """Do one step and pause."""
        if self.job is not None:
            self.steady = False
            self.job.control.single_step()
            self._enter("paused")

    def stop(self) -> None:
        """End after the present step; while it is being prepared, do not begin."""
        if self.job is not None:
            self.job.stop()
        elif self._task is not None and self.state == "preparing":
            self._task.cancel()
            self._enter("rested" if self.session is not None else "idle")

    def turn(self, name: str, value: Any) -> None:
        """Turn a knob while it works."""
        if self.job is not None:
            self.steady = False
            self.job.control.set_knob(name, value)

    # ---- going back

    def travel(self, move: Callable[[Session[Any]], object]) -> None:
        """Move the session to another step with `move(session)` in a worker, stopping it first if it runs."""
        if self.session is None or self.state == "preparing":
            return
        if self.job is not None:
            self._after = lambda: self.travel(move)
            self.stop()
            return
        self._prepare(_moved, (self.session, move), self._arrive)

    def _arrive(self, pixels: Pixels) -> None:
        self.result = pixels
        self._enter("rested")
        self.travelled.emit()

    def forget(self) -> None:
        """Let go of the session: the next start begins anew."""
        if not self.busy:
            self.session, self.result = None, None
            self._enter("idle")

    # ---- what happens

    def _take(self, events: list[Any]) -> None:
        for event in events:
            self._waits = isinstance(event, Paused) or (self._waits and not isinstance(event, Scalars | Finished))
            if isinstance(event, Images) and event.name == "result":
                self.result = event.pixels[0]
            elif isinstance(event, Finished):
                self.seconds = event.seconds
        self.arrived.emit(events)

    def _ended(self) -> None:
        job, self.job = self.job, None
        status = job.status if job is not None else "failed"
        if job is not None:
            job.deleteLater()
        self._enter("rested")
        self.ended.emit(status or "failed")
        after, self._after = self._after, None
        if after is not None:
            after()

    def _enter(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)

    def close(self) -> None:
        """Stop what still goes on and wait for it."""
        self._after = None
        if self._task is not None:
            self._task.cancel()
        if self.job is not None:
            self.job.stop()
            self.job.wait()


class _Until:
    """A session that stops by itself after a number of steps, as the picture in a recipe did."""

    def __init__(self, session: Session[Any], steps: int) -> None:
        self.id, self._session, self._steps = session.id, session, steps

    def events(self, control: Control) -> Iterator[Event]:
        """Yield the session's events."""
        for event in self._session.events(control):
            if isinstance(event, Scalars) and event.step >= self._steps:
                control.stop()
            yield event


def _changed(session: Session[Any], values: dict[str, Any]) -> None:
    """Turn knobs of a session that rests.

    Raises:
        BadConfig: the settings refuse it, or every step is done.
    """
    from studio.core.errors import BadConfig

    session.change(values)
    if session.finished:
        raise BadConfig("Every step is done.", "Raise the number of steps, or go back on the timeline first.")


def _moved(session: Session[Any], move: Callable[[Session[Any]], object]) -> Pixels:
    move(session)
    return session.pixels()
