"""One knob in a form: its label, its editor, and around them what a person must know about the value.

A mark beside the label when the value is not the default, a button that gives the default back, and the message of
`knobs.check` below a text that is not valid; that text stays as it was typed.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.core.errors import BadConfig
from studio.core.knobs import KnobField, check
from studio.ui.theme import SPACE_S, Theme
from studio.ui.widgets.fields import Editor, editor_for, raw_of
from studio.ui.widgets.labels import icon_button, label

LABEL_WIDTH = 124


def tooltip_of(field: KnobField) -> str:
    """Return a knob's explanation: help, range, default, whether it may be turned while training."""
    knob, parts = field.knob, []
    if knob.help:
        parts.append(knob.help)
    if knob.low is not None and knob.high is not None:
        parts.append(f"{knob.low:g} to {knob.high:g}{' ' + knob.unit if knob.unit else ''}.")
    shown = raw_of(field, field.default)
    parts.append(f"Default: {shown if shown != '' else 'empty'}.")
    if knob.live:
        parts.append("May be changed while training.")
    return "\n".join(parts)


class Dot(QWidget):
    """A small mark beside a label: this value is not the default."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self.marked = theme, False
        self.setFixedSize(theme.px(8), theme.px(28))

    def mark(self, marked: bool) -> None:
        """Show or hide the mark; the space stays."""
        self.marked = marked
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the mark."""
        if not self.marked:
            return
        painter, size = QPainter(self), self._theme.px(6)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().highlight())
        painter.drawEllipse(0, (self.height() - size) // 2, size, size)


class Row(QWidget):
    """One knob: dot, label, editor, unit, reset button, and the message below when the text is not valid."""

    def __init__(self, field: KnobField, theme: Theme) -> None:
        super().__init__()
        self.field = field
        self.raw: Any = raw_of(field, field.default)
        self.value: Any = field.default
        self.problem: BadConfig | None = None
        self.session = 0
        self.editor: Editor = editor_for(field)
        self.editor.left.connect(self._end_session)
        self.dot = Dot(theme)
        self.name = label(field.knob.label, wrap=True)
        self.name.setBuddy(self.editor.inner)
        self.name.setFixedWidth(theme.px(LABEL_WIDTH))
        self.reset = icon_button(theme, "undo", f"Reset {field.knob.label} to {raw_of(field, field.default)}")
        self.message = label("", "error", wrap=True)
        self.message.hide()
        for widget in (self.name, self.editor.inner):
            widget.setToolTip(tooltip_of(field))
        self._arrange(theme)
        self.set_raw(self.raw)

    def _arrange(self, theme: Theme) -> None:
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self.reset.setFixedSize(theme.px(24), theme.px(24))
        self.reset.setStyleSheet("padding: 0; min-height: 0;")
        line = QHBoxLayout()
        line.setSpacing(SPACE_S)
        for widget in (self.dot, self.name):
            line.addWidget(widget)
        line.addWidget(self.editor, 1)
        if self.field.knob.unit:
            unit = label(self.field.knob.unit, "small")
            line.addWidget(unit)
        line.addWidget(self.reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(line)
        column.addWidget(self.message)

    def set_raw(self, raw: Any) -> None:
        """Take a raw state: show it, check it, mark it."""
        self.raw = raw
        self.editor.show_raw(raw)
        try:
            self.value, self.problem = check(self.field, raw), None
        except BadConfig as error:
            self.problem = error
        self._mark()

    def _mark(self) -> None:
        text = "" if self.problem is None else str(self.problem)
        self.editor.set_invalid(bool(text))
        self.message.setText(text)
        self.message.setVisible(bool(text))
        self.editor.inner.setAccessibleDescription(text or tooltip_of(self.field))
        self.dot.mark(self.changed)
        self.reset.setVisible(self.changed)

    @property
    def changed(self) -> bool:
        """Whether the value is not the default (or not valid)."""
        return self.problem is not None or self.value != self.field.default

    def _end_session(self) -> None:
        self.session += 1
