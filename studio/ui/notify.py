"""What the window tells a person: one short line, what to do, details one click away.

`Notifier` may be called from the GUI thread only; worker failures reach it through `jobs`.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

from studio.core.errors import Cancelled, StudioError

Severity = Literal["info", "success", "warning", "error"]
KEPT = 200


@dataclass(frozen=True)
class Button:
    """A button on a notification, such as Undo; pressing it closes the notification."""

    title: str
    callback: Callable[[], object]


@dataclass(frozen=True)
class Notification:
    """One thing that was told."""

    severity: Severity
    text: str
    what_to_do: str = ""
    details: str = ""
    buttons: tuple[Button, ...] = ()


class Notifier(QObject):
    """Says things: `info`, `success`, `warning`, `error`, `exception`. `posted` carries each Notification."""

    posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history: list[Notification] = []

    def info(self, text: str, *, what_to_do: str = "", details: str = "", buttons: Sequence[Button] = ()) -> None:
        """Say something that needs no answer."""
        self.post(Notification("info", text, what_to_do, details, tuple(buttons)))

    def success(self, text: str, *, what_to_do: str = "", details: str = "", buttons: Sequence[Button] = ()) -> None:
        """Say that something was done."""
        self.post(Notification("success", text, what_to_do, details, tuple(buttons)))

    def warning(self, text: str, *, what_to_do: str = "", details: str = "", buttons: Sequence[Button] = ()) -> None:
        """Say that something is not as wished."""
        self.post(Notification("warning", text, what_to_do, details, tuple(buttons)))

    def error(self, text: str, *, what_to_do: str = "", details: str = "", buttons: Sequence[Button] = ()) -> None:
        """Say that something failed; stays until it is closed."""
        self.post(Notification("error", text, what_to_do, details, tuple(buttons)))

    def exception(self, error: BaseException, *, doing: str = "") -> None:
        """Tell a failure: a StudioError in its own words, anything else as a fault of the program."""
        if isinstance(error, Cancelled):
            return
        trace = "".join(traceback.format_exception(error))
        if isinstance(error, StudioError):
            self.error(error.what, what_to_do=error.what_to_do, details=error.details or trace)
            return
        what = f"{doing or 'Something'} failed unexpectedly: {type(error).__name__}: {error}"
        self.error(what, what_to_do="The details help to report it; the rest of the window goes on.", details=trace)

    def post(self, notification: Notification) -> None:
        """Send a notification and remember it (the last 200)."""
        self.history = [*self.history[-KEPT + 1 :], notification]
        self.posted.emit(notification)
