"""When a working canvas shows itself and tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from studio.canvas.picture import resized, to_pixels, working_size
from studio.core.events import Event, Images, Progress

if TYPE_CHECKING:
    from studio.canvas.session import Session

LIVE_SIDE = 1600
"""Longer side of live previews; the result is sent at full size."""
LIVE_SECONDS, LIVE_SHARE = 0.12, 0.05
"""Previews come at most this often and cost at most this share of the time."""


def live_image(session: Session[Any]) -> Images:
    """Return the present picture as a preview event."""
    picture = session.finishing(session.picture())
    height, width = picture.shape[-2:]
    if max(height, width) > LIVE_SIDE:
        picture = resized(picture, working_size((height, width), LIVE_SIDE))
    return Images(session.step, "live", to_pixels(picture)[None], 1, (session.caption(),))


class Live:
    """Decides when a preview and a progress report are due, and holds the clock: pauses do not count."""

    def __init__(self) -> None:
        self._began, self._rested = time.monotonic(), 0.0
        self._next, self._spent, self._reported = 0.0, 0.0, 0.0
        self._steps, self._work, self._stage = 0, 0, -1

    @property
    def elapsed(self) -> float:
        """Seconds of work since it began."""
        return time.monotonic() - self._began - self._rested

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Stop the clock."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._rested += time.monotonic() - began

    def note(self, size: tuple[int, int]) -> None:
        """Count a step of a picture of (height, width)."""
        self._steps += 1
        self._work += size[0] * size[1]

    def due(self, session: Session[Any]) -> Iterator[Event]:
        """Yield what is due: the first step of a stage is always shown."""
        elapsed, course = self.elapsed, session.course
        if elapsed - self._reported > LIVE_SECONDS or self._steps <= 1:
            self._reported = elapsed
            rate = self._steps / max(elapsed, 1e-6)
            left = elapsed * course.work_left / max(self._work, 1)  # the time of a step is proportional to its pixels
            yield Progress(course.step, course.stage, course.total_steps, rate, rate, left)
        fresh = session.entered != self._stage and self._steps > 0
        if fresh or (elapsed >= self._next and self._spent <= LIVE_SHARE * elapsed):
            self._stage, self._next = session.entered, elapsed + LIVE_SECONDS
            yield live_image(session)
        self._spent += self.elapsed - elapsed
