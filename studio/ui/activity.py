"""Long work that goes on: what it is, how far it is, how to cancel it.

`Tasks` is the list; the status bar shows it. GUI thread only; `jobs` brings progress over from workers.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal


class Activity(QObject):
    """One piece of long work; `changed` is sent when anything about it changes."""

    changed = Signal()

    def __init__(self, title: str, cancel: Callable[[], object] | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.what = ""
        self.done = 0
        self.total = 0
        self.cancelling = False
        self.finished = False
        self.escapes = True
        """Whether Esc may cancel it; training may not be lost to a stray key."""
        self._seconds_left: float | None = None
        self._cancel = cancel
        self._began = time.monotonic()

    @property
    def cancellable(self) -> bool:
        """Whether Cancel does anything."""
        return self._cancel is not None and not self.finished and not self.cancelling

    @property
    def fraction(self) -> float | None:
        """How far it is, 0..1, or None when that is unknown."""
        return min(self.done / self.total, 1.0) if self.total > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """Seconds left as told, or judged from the pace so far; None when unknown."""
        if self._seconds_left is not None:
            return self._seconds_left
        fraction, spent = self.fraction, time.monotonic() - self._began
        return spent * (1 - fraction) / fraction if fraction and spent > 1 else None

    def progress(self, done: int, total: int, what: str = "", seconds_left: float | None = None) -> None:
        """Say how far it is; `total` 0 means unknown."""
        self.done, self.total, self._seconds_left = done, total, seconds_left
        self.what = what or self.what
        self.changed.emit()

    def cancel(self) -> None:
        """Ask it to stop; it says so at once and ends when the work notices."""
        if self.cancellable and self._cancel is not None:
            self.cancelling = True
            self.changed.emit()
            self._cancel()


class Tasks(QObject):
    """All long work that goes on, oldest first.

    `changed` is sent when one begins, moves or ends; `ended` carries the Activity that ended.
    """

    changed = Signal()
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._active: list[Activity] = []

    @property
    def active(self) -> tuple[Activity, ...]:
        """What goes on now, oldest first."""
        return tuple(self._active)

    def begin(self, title: str, cancel: Callable[[], object] | None = None) -> Activity:
        """Add a piece of work; call `end` with it whatever happens."""
        activity = Activity(title, cancel, self)
        activity.changed.connect(self.changed)
        self._active.append(activity)
        self.changed.emit()
        return activity

    def end(self, activity: Activity) -> None:
        """Take a piece of work off the list; ending it twice is fine."""
        if activity in self._active:
            self._active.remove(activity)
            activity.finished = True
            self.changed.emit()
            self.ended.emit(activity)
            activity.deleteLater()

    def cancel_all(self) -> None:
        """Ask everything to stop."""
        for activity in self.active:
            activity.cancel()
