"""Calls on pool threads, with progress, Cancel and callbacks on the GUI thread."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, Qt, QThreadPool, Signal

from studio.core.errors import Cancelled

if TYPE_CHECKING:
    from studio.ui.activity import Activity
    from studio.ui.context import Context

POOL_THREADS = 8
QUEUED = Qt.ConnectionType.QueuedConnection


class Task(QObject):
    """A call that runs on a pool thread; made by `run_task`."""

    _reported = Signal(object, object)
    _progressed = Signal(int, int, str)

    def __init__(self, context: Context | None, owner: QObject | None, title: str) -> None:
        super().__init__(context if context is not None else QCoreApplication.instance())
        self.title = title
        self.cancelled = False
        self.finished = False
        self.on_done: Callable[[Any], object] | None = None
        self.on_error: Callable[[BaseException], object] | None = None
        self.on_progress: Callable[[int, int, str], object] | None = None
        self.activity: Activity | None = None
        self._context, self._owner = context, owner
        self._told = 0.0
        self._reported.connect(self._deliver, QUEUED)
        self._progressed.connect(self._show_progress, QUEUED)

    def cancel(self) -> None:
        """Ask the work to stop at its next progress report; its result is dropped in any case."""
        self.cancelled = True

    def progress(self, done: int, total: int, what: str = "") -> None:
        """Report from the worker, at most 20 times a second; raises Cancelled when asked to stop."""
        if self.cancelled:
            raise Cancelled
        now = time.monotonic()
        if now - self._told > 0.05 or done == total:
            self._told = now
            self._progressed.emit(done, total, what)

    def work(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Run on the pool thread and report the outcome, whatever it is."""
        keywords = {"progress": self.progress} if _takes_progress(fn) else {}
        try:
            result, error = fn(*args, **keywords), None
        except BaseException as caught:
            result, error = None, caught
        if shiboken6.isValid(self):
            self._reported.emit(result, error)

    def _show_progress(self, done: int, total: int, what: str) -> None:
        if self.activity is not None and not self.finished:
            self.activity.progress(done, total, what)
        if self.on_progress is not None and self._wanted():
            self.on_progress(done, total, what)

    def _wanted(self) -> bool:
        return not self.cancelled and (self._owner is None or shiboken6.isValid(self._owner))

    def _deliver(self, result: Any, error: BaseException | None) -> None:
        self.finished = True
        if self._context is not None and self.activity is not None:
            self._context.tasks.end(self.activity)
        wanted = self._wanted()
        self.deleteLater()
        if error is not None and not isinstance(error, Cancelled):
            self._fail(error, wanted)
        elif error is None and wanted and self.on_done is not None:
            self.on_done(result)

    def _fail(self, error: BaseException, wanted: bool) -> None:
        if wanted and self.on_error is not None:
            self.on_error(error)
        elif self._context is not None:
            self._context.notify.exception(error, doing=self.title)
        else:
            raise error


def run_task(
    fn: Callable[..., Any],
    *args: Any,
    context: Context | None = None,
    owner: QObject | None = None,
    title: str = "",
    on_done: Callable[[Any], object] | None = None,
    on_error: Callable[[BaseException], object] | None = None,
    on_progress: Callable[[int, int, str], object] | None = None,
    cancellable: bool = True,
) -> Task:
    """Run `fn(*args)` on a pool thread; callbacks come back on the GUI thread.

    If `fn` has a parameter `progress` it is given `progress(done, total, what)`, which shows in the
    activity area and raises `Cancelled` after `cancel()`.

    Args:
        fn: the work; touches no widget.
        args: its positional arguments.
        context: shows the work (if it has a title) and tells failures; None for silent work.
        owner: callbacks are dropped once this object is destroyed.
        title: shown in the activity area; "" keeps the work out of it.
        on_done: gets the result.
        on_error: gets the exception instead of the notification area.
        on_progress: gets (done, total, what).
        cancellable: whether the activity area offers Cancel.
    """
    task = Task(context, owner, title)
    task.on_done, task.on_error, task.on_progress = on_done, on_error, on_progress
    if context is not None and title:
        task.activity = context.tasks.begin(title, task.cancel if cancellable else None)
    _pool().start(lambda: task.work(fn, args))
    return task


def end_pool(milliseconds: int = 10_000) -> bool:
    """Wait for pool tasks, which should have been cancelled; return whether all ended in time."""
    return _pool().waitForDone(milliseconds)


def _pool() -> QThreadPool:
    """Return Qt's pool; on two cores its two threads would let two downloads hold up everything else."""
    pool = QThreadPool.globalInstance()
    if pool.maxThreadCount() < POOL_THREADS:
        pool.setMaxThreadCount(POOL_THREADS)
    return pool


def _takes_progress(fn: Callable[..., Any]) -> bool:
    try:
        return "progress" in inspect.signature(fn).parameters
    except (TypeError, ValueError):  # some builtins have no signature
        return False
