"""What a person's hands do: let go of files over a widget, type into a field, click."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from studio.ui.forms import Form

WAIT = 120_000
"""Milliseconds that a journey waits for each thing: real models learn meanwhile."""


def files(*paths: Path | str) -> QMimeData:
    """Return what a drag of files carries; strings with "://" are addresses on the web."""
    mime = QMimeData()
    mime.setUrls([QUrl(str(path)) if "://" in str(path) else QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drop(widget: QWidget, *what: Path | str | QMimeData) -> bool:
    """Let go of files, or of one QMimeData, over a widget as a file manager does; return whether it took them."""
    mime = what[0] if isinstance(what[0], QMimeData) else files(*what)
    where = widget.rect().center()
    about = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    # Through the application, not straight to the handlers: it asks first whether the widget accepts drops at all.
    enter = QDragEnterEvent(where, *about)
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        return False
    dropped = QDropEvent(QPointF(where), *about)
    QApplication.sendEvent(widget, dropped)
    return dropped.isAccepted()


def click(qtbot: Any, button: QWidget) -> None:
    """Click a widget in its middle."""
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def fill(qtbot: Any, form: Form, name: str, text: str) -> None:
    """Type into a field of a form, over what is there."""
    line = form.rows[name].editor.line
    line.selectAll()
    qtbot.keyClicks(line, text)
