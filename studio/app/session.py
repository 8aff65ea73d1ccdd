"""Where the window was left: geometry, splitters, page. Nothing here is worth an error message."""

from __future__ import annotations

import base64
import binascii

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QMainWindow, QSplitter, QWidget

from studio.ui.settings import Settings
from studio.ui.theme import Theme

DEFAULT_SIZE = (1280, 800)


def theme_of(settings: Settings) -> Theme:
    """Return the theme that was chosen last."""
    return Theme(
        settings.get("look/mode", "system"),
        settings.get("look/scale", 1.0),
        settings.get("look/reduced_motion", False),
    )


def save_window(settings: Settings, window: QMainWindow) -> None:
    """Remember size, place and state of the window."""
    settings.set("window/geometry", _text(window.saveGeometry()))
    settings.set("window/full_screen", window.isFullScreen())


def restore_window(settings: Settings, window: QMainWindow) -> None:
    """Bring the window back where it was; 1280x800 at first."""
    window.resize(*DEFAULT_SIZE)
    stored = settings.get("window/geometry", "")
    if stored:
        window.restoreGeometry(_bytes(stored))


def save_splitters(settings: Settings, page: str, widget: QWidget) -> None:
    """Remember every named splitter of a page."""
    for splitter in widget.findChildren(QSplitter):
        if splitter.objectName():
            settings.set(f"splitters/{page}/{splitter.objectName()}", _text(splitter.saveState()))


def restore_splitters(settings: Settings, page: str, widget: QWidget) -> None:
    """Bring the named splitters of a page back."""
    for splitter in widget.findChildren(QSplitter):
        stored = settings.get(f"splitters/{page}/{splitter.objectName()}", "") if splitter.objectName() else ""
        if stored:
            splitter.restoreState(_bytes(stored))


def _text(state: QByteArray) -> str:
    return base64.b64encode(state.data()).decode("ascii")


def _bytes(text: str) -> QByteArray:
    try:
        return QByteArray(base64.b64decode(text, validate=True))
    except binascii.Error:
        return QByteArray()  # Qt ignores an empty state
