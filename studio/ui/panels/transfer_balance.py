"""Content against style against smoothness: the three weights of a transfer on logarithmic sliders."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QWidget

from studio.ui.theme import SPACE_S, Theme
from studio.ui.widgets.labels import label
from studio.ui.widgets.weight import WeightSlider

if TYPE_CHECKING:
    from studio.ui.forms import Form
    from studio.ui.widgets.knob_row import Row

WEIGHTS = ("content", "style", "tv")
DECADES = 3
"""A slider reaches from a thousandth of its middle to a thousand times it; its left end is 0."""
STEPS_PER_DECADE = 20
NUMBER_WIDTH, LABEL_WIDTH = 64, 88


class LogSlider(WeightSlider):
    """A slider over powers of ten about a middle value; the bar is drawn from the middle.

    Args:
        theme: for colours and sizes.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, -DECADES, DECADES)
        self.middle = 1.0

    @property
    def weight(self) -> float:
        """The value at the handle, to three digits; 0 at the left end."""
        if self.value() == self.minimum():
            return 0.0
        return float(f"{self.middle * 10 ** (self.value() / STEPS_PER_DECADE):.3g}")

    def show_weight(self, weight: float) -> None:
        """Take the handle to a value without sending anything; a value out of reach becomes the middle."""
        position = self.minimum() if weight <= 0 else self._position(weight)
        blocked = self.blockSignals(True)
        self.setValue(position)
        self.blockSignals(blocked)
        self.update()

    def _position(self, weight: float) -> int:
        decades = math.log10(weight / self.middle)
        if abs(decades) > DECADES:
            self.middle, decades = weight, 0.0
        return max(round(decades * STEPS_PER_DECADE), self.minimum() + 1)


class Balance(QWidget):
    """The weights `WEIGHTS` of a form: its own editors and reset buttons, with sliders in front.

    Args:
        theme: for colours and sizes.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.sliders: dict[str, LogSlider] = {}
        self._fixed: list[tuple[QWidget, int]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE_S)
        self._grid.setColumnStretch(1, 1)
        theme.changed.connect(self._resize)

    def attach(self, form: Form) -> None:
        """Take over the form's (hidden) rows of the weights."""
        for number, name in enumerate(WEIGHTS):
            self._add(form.rows[name], number)
        form.changed.connect(lambda: self._follow(form))
        self._follow(form)

    def _add(self, row: Row, number: int) -> None:
        slider = self.sliders[row.field.name] = LogSlider(self._theme)
        slider.setAccessibleName(f"{row.field.knob.label} weight")
        slider.setToolTip(f"{row.field.knob.label}: each third of the way is a factor of ten; the left end is 0")
        slider.valueChanged.connect(lambda _: self._slid(row, slider))
        slider.sliderReleased.connect(row.editor.left)
        name = label(row.field.knob.label)
        name.setBuddy(row.editor.inner)
        for column, widget in enumerate((name, slider, row.editor, row.reset)):
            self._grid.addWidget(widget, 2 * number, column)
        self._grid.addWidget(row.message, 2 * number + 1, 0, 1, 4)
        self._fixed += [(name, LABEL_WIDTH), (row.editor, NUMBER_WIDTH)]
        self._resize()

    def _resize(self) -> None:
        for widget, width in self._fixed:
            widget.setFixedWidth(self._theme.px(width))

    def _slid(self, row: Row, slider: LogSlider) -> None:
        row.editor.edited.emit(repr(slider.weight))
        if not slider.isSliderDown():
            row.editor.left.emit()  # a key or the wheel: the next one is another edit

    def _follow(self, form: Form) -> None:
        for name, slider in self.sliders.items():
            row = form.rows[name]
            slider.setEnabled(row.editor.isEnabled())
            if row.problem is None and slider.weight != row.value:
                slider.show_weight(float(row.value))
