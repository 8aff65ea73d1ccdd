"""Nothing is lost in silence: stray exceptions of any thread, and warnings of the log, reach the notifications."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from studio.ui.notify import Notifier

log = logging.getLogger(__name__)


class Faults(QObject):
    """Installs itself as the process's exception hooks; `uninstall` puts the old ones back.

    Hooks may be called on any thread: they only emit a queued signal and write to standard error.
    """

    _raised = Signal(object, str)
    _logged = Signal(str)

    def __init__(self, notifier: Notifier) -> None:
        super().__init__(notifier)
        self._notifier = notifier
        self._raised.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._logged.connect(notifier.warning, Qt.ConnectionType.QueuedConnection)
        self._handler = _Forward(self)
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)

    def install(self) -> None:
        """Take over the hooks and listen to the log."""
        sys.excepthook = self._main_thread
        threading.excepthook = self._other_thread
        sys.unraisablehook = self._unraisable
        logging.getLogger("studio").addHandler(self._handler)

    def uninstall(self) -> None:
        """Put the old hooks back."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._before
        logging.getLogger("studio").removeHandler(self._handler)

    def _main_thread(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._before[0](kind, error, trace)
            return
        self._tell(error.with_traceback(trace), "")

    def _other_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            self._tell(args.exc_value, f"Thread {args.thread.name}" if args.thread else "A thread")

    def _unraisable(self, args: Any) -> None:
        if args.exc_value is not None:
            self._tell(args.exc_value, "Cleaning up")

    def _tell(self, error: BaseException, where: str) -> None:
        traceback.print_exception(error)
        try:
            self._raised.emit(error, where)
        except RuntimeError as gone:  # the window is already destroyed; standard error has it
            log.debug("not shown: %s", gone)

    def _show(self, error: BaseException, where: str) -> None:
        self._notifier.exception(error, doing=where)


class _Forward(logging.Handler):
    """Sends warnings and errors of the studio's own log to the window."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(logging.WARNING)
        self._faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        """Forward one record, from any thread."""
        try:
            self._faults._logged.emit(record.getMessage())
        except RuntimeError:  # the window is gone; other handlers still have the record
            self.handleError(record)
