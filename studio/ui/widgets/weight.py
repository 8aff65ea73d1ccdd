"""A weight: a slider whose bar starts at zero, and a number field that also takes what lies beyond the slider."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QSlider, QWidget

from studio.ui.theme import SPACE_M, Theme

STEPS = 20
"""Slider steps per unit: 0.05 each."""
HANDLE, FIELD_WIDTH = 7, 52


class WeightSlider(QSlider):
    """A horizontal slider from `low` to `high` in steps of 0.05; the bar is drawn from zero, on either side."""

    def __init__(self, theme: Theme, low: float, high: float) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._theme = theme
        self.setRange(round(low * STEPS), round(high * STEPS))
        self.setPageStep(STEPS // 2)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(theme.px(64))
        theme.changed.connect(self.update)

    def position_of(self, value: float) -> float:
        """Return the x of the handle for a slider value, in pixels of the widget."""
        edge = self._theme.px(HANDLE) + 2
        share = (value - self.minimum()) / max(self.maximum() - self.minimum(), 1)
        return edge + share * (self.width() - 2 * edge)

    def _value_at(self, x: float) -> int:
        edge = self._theme.px(HANDLE) + 2
        share = (x - edge) / max(self.width() - 2 * edge, 1)
        value = round(self.minimum() + share * (self.maximum() - self.minimum()))
        return 0 if abs(self.position_of(0) - x) < self._theme.px(3) else value

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle to the mouse."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self.setValue(self._value_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse."""
        if self.isSliderDown():
            self.setValue(self._value_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self.isSliderDown():
            self.setSliderDown(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to what scrolls around it, unless the slider has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the groove, the bar from zero and the handle."""
        tokens, px = self._theme.tokens, self._theme.px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle, thick = self.height() / 2, px(4)
        accent = QColor(tokens.accent if self.isEnabled() else tokens.muted)
        x, zero = self.position_of(self.value()), self.position_of(min(max(0, self.minimum()), self.maximum()))
        painter.setBrush(QColor(tokens.border if self.isEnabled() else tokens.control))
        groove = QRectF(px(HANDLE), middle - thick / 2, self.width() - 2 * px(HANDLE), thick)
        painter.drawRoundedRect(groove, thick / 2, thick / 2)
        if self.minimum() < 0:
            painter.drawRect(QRectF(zero - 0.5, middle - px(7), px(1), 2 * px(7)))
        painter.setBrush(accent)
        painter.drawRect(QRectF(min(x, zero), middle - thick / 2, abs(x - zero), thick))
        ring = tokens.text if self.hasFocus() else tokens.surface
        painter.setPen(QPen(QColor(ring), px(2)))
        painter.drawEllipse(QPointF(x, middle), px(HANDLE), px(HANDLE))


class WeightEdit(QWidget):
    """Slider and number field of one weight.

    Signals:
        changed: the weight, while the slider moves or as a valid number is typed.
        settled: the slider was let go or the number field left: the next change is a new edit.

    Args:
        theme: for colours and sizes.
        name: what the weight belongs to, for a screen reader.
        low: of the slider.
        high: of the slider.
        least: smallest number the field takes; None takes any.
    """

    changed = Signal(float)
    settled = Signal()

    def __init__(self, theme: Theme, name: str, low: float, high: float, least: float | None = None) -> None:
        super().__init__()
        self._theme, self._least, self._value = theme, least, 1.0
        self.slider = WeightSlider(theme, low, high)
        self.field = _NumberField(self)
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.slider.setAccessibleName(f"Weight of {name}")
        self.field.setAccessibleName(f"Weight of {name}, number")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_M)
        row.addWidget(self.slider, 1)
        row.addWidget(self.field)
        self.slider.valueChanged.connect(self._slid)
        self.slider.sliderReleased.connect(self.settled)
        self.field.textEdited.connect(self._typed)
        self.field.editingFinished.connect(self._left)
        theme.changed.connect(self._resize)
        self._resize()
        self.set_value(1.0)

    @property
    def value(self) -> float:
        """The weight in force; text that is not a number changes nothing."""
        return self._value

    def set_value(self, value: float) -> None:
        """Show a weight without sending anything."""
        self._value = value
        self._show_slider()
        if _number(self.field.text()) != value:
            self.field.setText(f"{value:.10g}")
        self._mark(False)

    def step(self, by: float) -> None:
        """Add to the weight, as the arrow keys in the number field do."""
        made = round(self._value + by, 10)
        made = made if self._least is None else max(made, self._least)
        if made != self._value:
            self.set_value(made)
            self.changed.emit(made)

    def _show_slider(self) -> None:
        blocked = self.slider.blockSignals(True)
        self.slider.setValue(round(self._value * STEPS) if math.isfinite(self._value) else 0)
        self.slider.blockSignals(blocked)
        self.slider.update()

    def _slid(self, value: int) -> None:
        self.set_value(value / STEPS)
        self.changed.emit(self._value)
        if not self.slider.isSliderDown():
            self.settled.emit()  # a key or the wheel

    def _typed(self, text: str) -> None:
        value = _number(text)
        valid = value is not None and (self._least is None or value >= self._least)
        self._mark(not valid)
        if valid and value is not None and value != self._value:
            self._value = value
            self._show_slider()
            self.changed.emit(value)

    def _left(self) -> None:
        self.field.setText(f"{self._value:.10g}")
        self._mark(False)
        self.settled.emit()

    def _mark(self, invalid: bool) -> None:
        self.field.setProperty("invalid", "true" if invalid else "false")
        self.field.style().polish(self.field)
        self.field.setToolTip("Write a number." if invalid else "")

    def _resize(self) -> None:
        self.field.setFixedWidth(self._theme.px(FIELD_WIDTH))


class _NumberField(QLineEdit):
    """The arrow keys step by 0.1, with Shift by 1."""

    def __init__(self, weight: WeightEdit) -> None:
        super().__init__()
        self._weight = weight

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step, or type."""
        sign = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()), 0)
        if sign:
            self._weight.step(sign * (1.0 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0.1))
        else:
            super().keyPressEvent(event)


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
