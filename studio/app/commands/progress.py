"""How long work looks in a terminal: one line on standard error that is rewritten."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from studio.app.commands.base import say
from studio.core import events as ev

TERMINAL_SECONDS, LOG_SECONDS = 0.1, 10.0  # a log file wants few lines


def duration(seconds: float) -> str:
    """Write a duration as 2:10 or 1:02:10."""
    minutes, rest = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Line:
    """One line that is rewritten in a terminal; in a log file, a new line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._every = TERMINAL_SECONDS if self._terminal else LOG_SECONDS
        self._last = time.monotonic() if not self._terminal else 0.0
        self._open = False

    def write(self, text: str) -> None:
        """Show a state, unless the last one is too fresh."""
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        if self._terminal:
            say(f"\r\x1b[2K{text}", end="")
            self._open = True
        else:
            say(text)

    def end(self) -> None:
        """Finish the line, so that other text can follow."""
        if self._open:
            say("")
            self._open = False


class Bar(Line):
    """Progress of a task with (done, total, what); total 0 is unknown."""

    def update(self, done: int, total: int, what: str) -> None:
        """Show the state; the signature of every progress callback."""
        self.write(f"{what} {done / total:.0%}" if total else f"{what} {done:,}" if done else what)

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


class Watcher:
    """Tells a person about a run's events: messages, and a line with rate, time left and losses."""

    def __init__(self) -> None:
        self._line = Line()
        self._losses: dict[str, str] = {}

    def show(self, event: ev.Event) -> None:
        """Show one event."""
        match event:
            case ev.Message():
                self._say(
                    f"{'' if event.level == 'info' else event.level + ': '}{event.text} {event.what_to_do}".strip()
                )
            case ev.Started():
                verb = "Going on" if event.step else "Training"
                self._say(f"{verb}: {event.parameters:,} parameters, {event.total_steps:,} steps, run {event.run}.")
            case ev.Scalars(split="train"):
                shown = {k: v for k, v in event.values.items() if not k.startswith("grad_norm")}
                self._losses.update({k: f"{k} {v[-1]:.4g}" for k, v in shown.items() if v})
            case ev.Scalars():
                values = ", ".join(f"{k} {v[-1]:.4g}" for k, v in event.values.items() if v)
                self._say(f"step {event.step:,}: held out {values}")
            case ev.Progress():
                self._line.write(self._progress(event))
            case ev.Finished():
                self._line.end()

    def _say(self, text: str) -> None:
        self._line.end()
        say(text)

    def _progress(self, event: ev.Progress) -> str:
        if not event.steps_per_second:  # data being opened: done, total and what it is
            share = f" {event.step / event.total_steps:.0%}" if event.total_steps else ""
            return f"{event.phase}{share}"
        done = event.step / max(event.total_steps, 1)
        rate = f"{event.steps_per_second:.1f} steps/s"
        losses = "  ".join(self._losses.values())
        left = f"{duration(event.seconds_left)} left"
        return f"{done:4.0%}  step {event.step:,}/{event.total_steps:,}  {rate}  {left}  {losses}"
