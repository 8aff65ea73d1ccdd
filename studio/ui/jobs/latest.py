"""Interactive work where only the newest request matters."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

QUEUED = Qt.ConnectionType.QueuedConnection


class _Mailbox:
    """What a `Latest` and its thread share: the newest request, and whether to go on."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.request: tuple[int, Callable[..., Any], tuple[Any, ...]] | None = None
        self.closed = False

    def take(self) -> tuple[int, Callable[..., Any], tuple[Any, ...]] | None:
        """Wait for a request; None when closed."""
        with self.changed:
            self.changed.wait_for(lambda: self.closed or self.request is not None)
            request, self.request = self.request, None
            return None if self.closed else request


class Latest(QObject):
    """Interactive work where only the newest request matters (a latent pad, a slider).

    One thread, started at the first request, does one request at a time; requests that arrive meanwhile
    replace each other. Results arrive in the order of their requests; `close` (or the parent's end) ends it.

    Signals:
        arrived: the result.
        failed: the exception of a request.
        idle: the newest request has been answered.
    """

    arrived = Signal(object)
    failed = Signal(object)
    idle = Signal()
    _answered = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mailbox = _Mailbox()
        self._thread: threading.Thread | None = None
        self._stamp = 0
        self._dropped = 0
        self._answered.connect(self._deliver, QUEUED)
        self.destroyed.connect(_closer(self._mailbox))

    def submit(self, fn: Callable[..., Any], *args: Any) -> int:
        """Ask for `fn(*args)`; return the stamp of the request. Replaces a request not yet begun."""
        self._stamp += 1
        with self._mailbox.changed:
            self._mailbox.request = (self._stamp, fn, args)
            self._mailbox.changed.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, args=(self._mailbox,), name="latest", daemon=True)
            self._thread.start()
        return self._stamp

    def drop(self) -> None:
        """Forget every request made so far: their results will not arrive."""
        self._dropped = self._stamp
        with self._mailbox.changed:
            self._mailbox.request = None

    def close(self, seconds: float = 5.0) -> bool:
        """End the thread; return whether it ended in time."""
        self.drop()
        _closer(self._mailbox)()
        if self._thread is not None:
            self._thread.join(seconds)
            return not self._thread.is_alive()
        return True

    def _work(self, mailbox: _Mailbox) -> None:
        while (request := mailbox.take()) is not None:
            stamp, fn, args = request
            try:
                result, error = fn(*args), None
            except BaseException as caught:
                result, error = None, caught
            if mailbox.closed or not shiboken6.isValid(self):
                return
            self._answered.emit(stamp, result, error)

    def _deliver(self, stamp: int, result: Any, error: BaseException | None) -> None:
        if stamp <= self._dropped:
            return
        if error is not None:
            self.failed.emit(error)
        else:
            self.arrived.emit(result)
        if stamp == self._stamp:
            self.idle.emit()


def _closer(mailbox: _Mailbox) -> Callable[..., None]:
    """Return a function that ends the thread of a mailbox; holds no reference to its Latest."""

    def close(*_: object) -> None:
        with mailbox.changed:
            mailbox.closed = True
            mailbox.changed.notify_all()

    return close
