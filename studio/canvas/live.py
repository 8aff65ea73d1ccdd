"""When a working canvas shows itself and tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from studio.core.events import Event, Progress

if TYPE_CHECKING:
    from studio.canvas.session import Session

LIVE_SECONDS, LIVE_SHARE = 0.12, 0.05
"""Previews come at most this often and cost at most this share of the time."""


class Live:
    """Decides when a preview and a progress report are due."""

    def __init__(self) -> None:
        self._next, self._spent, self._reported = 0.0, 0.0, 0.0
        self._steps, self._stage = 0, -1

    def note(self) -> None:
        """Count a step."""
        self._steps += 1

    def due(self, session: Session[Any], elapsed: float) -> Iterator[Event]:
        """Yield what is due: the first step of a stage is always shown."""
        began = time.monotonic()
        if elapsed - self._reported > LIVE_SECONDS or self._steps <= 1:
            self._reported = elapsed
            rate = self._steps / max(elapsed, 1e-6)
            yield Progress(session.step, session.stage, session.total_steps, rate, rate, self._left(session, elapsed))
        fresh = session.entered != self._stage and self._steps > 0
        if fresh or (elapsed >= self._next and self._spent <= LIVE_SHARE * elapsed):
            self._stage, self._next = session.entered, elapsed + LIVE_SECONDS
            yield session.live_image()
        self._spent += time.monotonic() - began

    def _left(self, session: Session[Any], elapsed: float) -> float:
        """Return the seconds left if the time of a step is proportional to its pixels."""
        stages = session.stages
        work = [stage.size[0] * stage.size[1] * stage.steps for stage in stages]
        now = stages[session.stage]
        done = sum(work[: session.stage]) + now.size[0] * now.size[1] * session.done
        return elapsed * (sum(work) - done) / max(done, 1)
