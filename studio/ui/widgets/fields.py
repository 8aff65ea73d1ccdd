"""Editors of single knobs: one widget per type, each with a raw state that is never altered behind a person's back.

The raw state is the text of a text field, the bool of a check box or the chosen word. What is checked and what is
undone is the raw state, so that text which is not valid (yet) stays exactly as it was typed.
"""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QWidget

from studio.core.knobs import KnobField

SMALLEST = 1e-300
"""Numbers below are stepped like zero: their decades cannot be told apart any more."""


def raw_of(field: KnobField, value: Any) -> Any:
    """Return the raw state that shows a value exactly; `knobs.check` turns it back into the same value."""
    if field.kind is bool or field.choices:
        return value
    if field.kind is tuple:
        return ", ".join(str(number) for number in value)
    return repr(value) if field.kind is float else str(value)


def stepped(field: KnobField, value: float, up: bool) -> float:
    """Return the next value of a number: 1-2-5 for logarithmic knobs, one unit of the second digit otherwise.

    The result is clipped to the knob's range.
    """
    knob = field.knob
    low = -math.inf if knob.low is None else knob.low
    high = math.inf if knob.high is None else knob.high
    if knob.log and value > SMALLEST:
        made = _next_125(value, up)
    elif field.kind is int:
        made = value + (1 if up else -1)
    else:
        size = 10.0 ** math.floor(math.log10(abs(value)) - 1 + 1e-9) if abs(value) > SMALLEST else 0.01
        made = round(value + (size if up else -size), 12 - math.floor(math.log10(size)))
    made = min(max(made, low), high)
    return round(made) if field.kind is int else float(f"{made:.12g}")


def _next_125(value: float, up: bool) -> float:
    decade = math.floor(math.log10(value))
    steps = [float(f"{digit}e{power}") for power in range(decade - 1, decade + 2) for digit in (1, 2, 5)]
    margin = 1 + 1e-9
    if up:
        return next(step for step in steps if step > value * margin)
    return next(step for step in reversed(steps) if step < value / margin)


class Editor(QWidget):
    """Base of every editor.

    Signals:
        edited: the raw state, after a person changed it.
        left: the person went elsewhere: the next edit is a new one.
    """

    edited = Signal(object)
    left = Signal()

    def __init__(self, field: KnobField, inner: QWidget) -> None:
        super().__init__()
        self.field, self.inner = field, inner
        inner.setAccessibleName(field.knob.label)
        inner.installEventFilter(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(inner)
        self.setFocusProxy(inner)

    def show_raw(self, raw: Any) -> None:
        """Show a raw state without sending anything."""
        raise NotImplementedError

    def _chosen(self, raw: Any) -> None:
        # (connected straight to the signal, the overload without arguments would be chosen)
        self.edited.emit(raw)

    def set_invalid(self, invalid: bool) -> None:
        """Mark the editor."""
        self.inner.setProperty("invalid", "true" if invalid else "false")
        self.inner.style().polish(self.inner)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the wheel for scrolling the form unless the editor has the focus; note when it is left."""
        if event.type() == QEvent.Type.FocusOut:
            self.left.emit()
        if isinstance(event, QWheelEvent) and not self.inner.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


class TextEditor(Editor):
    """Numbers, lists of numbers and text; the arrow keys and the wheel step numbers."""

    def __init__(self, field: KnobField) -> None:
        self.line = QLineEdit()
        super().__init__(field, self.line)
        self._raw = ""
        self.line.textEdited.connect(self._edited)

    def show_raw(self, raw: Any) -> None:
        """Show a text; the cursor stays where it was if it is the same text."""
        self._raw = str(raw)
        if self.line.text() != self._raw:
            self.line.setText(self._raw)
            self.line.setCursorPosition(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Step with the arrow keys and the wheel."""
        step = 0
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()), 0)
        elif isinstance(event, QWheelEvent) and self.line.hasFocus():
            step = 1 if event.angleDelta().y() > 0 else -1
        if step and self.field.kind in (int, float) and self._step(step > 0):
            return True
        return super().eventFilter(watched, event)

    def _step(self, up: bool) -> bool:
        try:
            value = float(self._raw)
        except ValueError:
            return False
        if not math.isfinite(value):
            return False
        raw = raw_of(self.field, stepped(self.field, value, up))
        if raw != self._raw:
            self.show_raw(raw)
            self.edited.emit(raw)
        return True

    def _edited(self, text: str) -> None:
        self._raw = text
        self.edited.emit(text)


class SwitchEditor(Editor):
    """A check box."""

    def __init__(self, field: KnobField) -> None:
        self.box = QCheckBox()
        super().__init__(field, self.box)
        self.box.clicked.connect(self._chosen)

    def show_raw(self, raw: Any) -> None:
        """Set or clear it."""
        self.box.setChecked(bool(raw))


class ChoiceEditor(Editor):
    """A list of words."""

    def __init__(self, field: KnobField) -> None:
        self.combo = QComboBox()
        self.combo.addItems(list(field.choices))
        super().__init__(field, self.combo)
        self.combo.textActivated.connect(self._chosen)

    def show_raw(self, raw: Any) -> None:
        """Choose a word."""
        self.combo.setCurrentText(str(raw))


def editor_for(field: KnobField) -> Editor:
    """Return the editor that fits a knob's type."""
    if field.kind is bool:
        return SwitchEditor(field)
    return ChoiceEditor(field) if field.choices else TextEditor(field)
