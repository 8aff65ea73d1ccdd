"""A named slider over real numbers with its value beside the name; even or logarithmic."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSlider, QVBoxLayout, QWidget

from studio.ui.widgets.labels import label


class NumberSlider(QWidget):
    """Name and value over a slider; arrow keys move by one step, Page keys by ten.

    Signals:
        changed: the value, float.

    Args:
        name: shown, and read by screen readers.
        low: smallest value; above 0 for a logarithmic slider.
        high: largest value.
        value: at the beginning.
        step: distance of two neighbouring values; ignored by a logarithmic slider, which has 40 a decade.
        log: whether equal ways mean equal factors.
        unit: behind the number, such as "px".
    """

    changed = Signal(float)

    def __init__(
        self, name: str, low: float, high: float, value: float, step: float = 0.01, *, log: bool = False, unit: str = ""
    ) -> None:
        super().__init__()
        self._low, self._step, self._log, self._unit = low, step, log, unit
        self.slider = _Slider(Qt.Orientation.Horizontal)
        ticks = 40 * math.log10(high / low) if log else (high - low) / step
        self.slider.setRange(0, max(1, round(ticks)))
        self.slider.setPageStep(10)
        self.slider.setAccessibleName(name)
        self.name, self.number = label(name, "muted"), label("", "mono")
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        head = QHBoxLayout()
        head.addWidget(self.name, 1)
        head.addWidget(self.number)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.slider)
        self.setFocusProxy(self.slider)
        self.set_value(value)
        self.slider.valueChanged.connect(self._moved)

    @property
    def value(self) -> float:
        """The number the slider stands at."""
        tick = self.slider.value()
        if self._log:
            return float(f"{self._low * 10 ** (tick / 40):.3g}")
        return round(self._low + tick * self._step, 10)

    def set_range(self, name: str, low: float, high: float, value: float) -> None:
        """Stand for another number of the same step."""
        self._low = low
        self.name.setText(name)
        self.slider.setAccessibleName(name)
        blocked = self.slider.blockSignals(True)
        self.slider.setRange(0, max(1, round((high - low) / self._step)))
        self.slider.blockSignals(blocked)
        self.set_value(value)

    def set_value(self, value: float) -> None:
        """Go to the nearest tick; says so through `changed` when it is another one."""
        tick = 40 * math.log10(value / self._low) if self._log else (value - self._low) / self._step
        self.slider.setValue(round(tick))
        self._show()

    def _show(self) -> None:
        text = f"{self.value:.3g}" if self._log else f"{self.value:.{self._digits}f}"
        space = "" if self._unit == "°" else " "
        self.number.setText(f"{text}{space}{self._unit}".rstrip().replace("-", "−"))

    @property
    def _digits(self) -> int:
        return max(0, -math.floor(math.log10(self._step) + 1e-9))

    def _moved(self) -> None:
        self._show()
        self.changed.emit(self.value)


class _Slider(QSlider):
    """Leaves the wheel to what scrolls around it, unless it has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll, or move."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
