"""Controls made from a model's declared inputs: a class, a slider for each code and amount, dice for each noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from studio.ui.panels.explore_fields import names
from studio.ui.theme import SPACE_M, SPACE_S
from studio.ui.widgets.labels import button, icon_button, label
from studio.ui.widgets.number_slider import NumberSlider

if TYPE_CHECKING:
    from studio.core.capabilities import Input
    from studio.runs.dials import Dial
    from studio.ui.theme import Theme

TICKS = 100
"""Steps of a slider over a continuous range."""
VARIES, SWEPT = "varies", "swept"
HINT = "A ticked code is the same in every picture; the others are drawn."


class DialRow(QWidget):
    """One number: a slider, and for codes a box that says whether it is held or drawn.

    Signals:
        changed: held, let go, or turned.
    """

    changed = Signal()

    def __init__(self, dial: Dial) -> None:
        super().__init__()
        source = dial.source
        self.dial = dial
        step = source.step or max((source.high - source.low) / TICKS, 1e-6)
        self.slider = NumberSlider(dial.title, source.low, source.high, source.default, step)
        self.slider.slider.setToolTip(source.help)
        self.hold = QCheckBox()
        self.hold.setAccessibleName(f"Hold {dial.title}")
        self.hold.setToolTip("Held: the same in every picture. Otherwise each picture draws its own.")
        self.hold.setVisible(source.kind != "amount")
        self.hold.setChecked(source.kind == "amount")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_S)
        row.addWidget(self.hold)
        row.addWidget(self.slider, 1)
        self.hold.toggled.connect(self._toggled)
        self.slider.changed.connect(self._turned)
        self._say()

    @property
    def value(self) -> float | None:
        """The number that is held; None when it varies."""
        return self.slider.value if self.hold.isChecked() else None

    def set_swept(self, swept: bool) -> None:
        """Say that a sweep turns this number: what is held here does not count meanwhile."""
        self.setEnabled(not swept)
        self._say()

    def reset(self) -> None:
        """Return to what the model rests at."""
        for widget in (self.hold, self.slider):
            widget.blockSignals(True)
        self.slider.set_value(self.dial.source.default)
        self.hold.setChecked(self.dial.source.kind == "amount")
        for widget in (self.hold, self.slider):
            widget.blockSignals(False)
        self._say()

    def _turned(self) -> None:
        if self.hold.isChecked():
            self.changed.emit()
        else:
            self.hold.setChecked(True)  # says so itself

    def _toggled(self) -> None:
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        if self.isEnabled() and self.hold.isChecked():
            self.slider.set_value(self.slider.value)  # writes the number again
        else:
            self.slider.number.setText(VARIES if self.isEnabled() else SWEPT)


class NoiseRow(QWidget):
    """One noise input: its name and dice.

    Signals:
        changed: new noise.
    """

    changed = Signal()

    def __init__(self, theme: Theme, source: Input) -> None:
        super().__init__()
        self.source = source
        self.seed: int | None = None
        """A seed of its own; None shares the page's."""
        self.dice = icon_button(theme, "dice", f"New {source.title.lower()}", self._throw)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        name = label(source.title, "muted")
        name.setToolTip(source.help)
        row.addWidget(name, 1)
        row.addWidget(self.dice)

    def _throw(self) -> None:
        self.seed = 0 if self.seed is None else self.seed + 1
        self.changed.emit()


class InputControls(QWidget):
    """The controls of one model.

    Signals:
        changed: something was chosen.
    """

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.label_box: QComboBox | None = None
        self.rows: list[DialRow] = []
        self.noises: list[NoiseRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        self._column.setSpacing(SPACE_M)

    def show_inputs(self, inputs: tuple[Input, ...]) -> None:
        """Make the controls of another model."""
        from studio.runs import dials

        while (item := self._column.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.hide()
                gone.deleteLater()
        wanted = dials.label_of(inputs)
        self.label_box = self._labels(wanted) if wanted is not None else None
        self.rows = [DialRow(d) for d in dials.dials(inputs)]
        self.noises = [NoiseRow(self._theme, i) for i in dials.noises(inputs)]
        rows: list[NoiseRow | DialRow] = [*self.noises, *self.rows]
        for row in rows:
            row.changed.connect(self.changed)
            self._column.addWidget(row)
        if any(row.dial.source.kind == "code" for row in self.rows):
            self._column.addWidget(label(HINT, "small", wrap=True))
        self.reset_button = button("Reset", self.reset)
        self.reset_button.setToolTip("Every class, and every number as the model rests")
        self._column.addWidget(self.reset_button)

    def _labels(self, wanted: Input) -> QComboBox:
        title = label(wanted.title, "muted")
        box = names(wanted.title, self.changed.emit)
        box.blockSignals(True)
        box.setToolTip("Type its first letters, or use the arrow keys")
        box.addItem("Every one, a row each", None)
        for number in range(wanted.size):
            box.addItem(wanted.choices[number] if number < len(wanted.choices) else str(number), number)
        box.blockSignals(False)
        title.setBuddy(box)
        self._column.addWidget(title)
        self._column.addWidget(box)
        return box

    @property
    def label(self) -> int | None:
        """The chosen class; None is every one."""
        return None if self.label_box is None else self.label_box.currentData()

    @property
    def dials(self) -> dict[str, float]:
        """The numbers that are held, by name."""
        return {row.dial.name: row.value for row in self.rows if row.value is not None}

    @property
    def seeds(self) -> dict[str, int]:
        """Seeds of noises that were thrown on their own."""
        return {row.source.name: row.seed for row in self.noises if row.seed is not None}

    def cross(self) -> None:
        """Let two styles cross in the middle, unless a person has said where."""
        from studio.runs.dials import crossings

        for row in self.rows:
            middle = crossings((row.dial.source,)).get(row.dial.name)
            if middle is not None and row.slider.value == row.dial.source.default:
                row.slider.set_value(middle)

    def mark_swept(self, name: str) -> None:
        """Disable the slider of the number that a sweep turns; "" enables all."""
        for row in self.rows:
            row.set_swept(row.dial.name == name)

    def forget_seeds(self) -> None:
        """Let every noise follow the page's seed again."""
        for row in self.noises:
            row.seed = None

    def reset(self) -> None:
        """Return to every class and to what the model rests at."""
        if self.label_box is not None:
            self.label_box.blockSignals(True)
            self.label_box.setCurrentIndex(0)
            self.label_box.blockSignals(False)
        for row in self.rows:
            row.reset()
        self.forget_seeds()
        self.changed.emit()
