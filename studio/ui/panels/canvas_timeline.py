"""The slider over every step of a canvas: look back, and go on from there."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from studio.ui.theme import SPACE_M, Theme
from studio.ui.widgets.labels import button, label


class TimelineBar(QWidget):
    """Steps from the first that is kept to the present one.

    Signals:
        sought: the step the person wants to see; -1 for the present.
        go_on_wanted: go back to that step and work on.
    """

    sought = Signal(int)
    go_on_wanted = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Step shown")
        self.slider.setToolTip("Every step taken: drag to look back")
        self.where = label("No steps yet", "small")
        self.where.setMinimumWidth(theme.px(120))
        self.button = button("Go on from here", lambda: self.go_on_wanted.emit(self.slider.value()))
        self.button.setToolTip("Forget what came after this step and work on from it (can be undone)")
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_M, 0, SPACE_M, 0)
        row.setSpacing(SPACE_M)
        row.addWidget(self.slider, 1)
        row.addWidget(self.where)
        row.addWidget(self.button)
        self._total = 0
        self.slider.valueChanged.connect(self._slid)
        self.clear()

    @property
    def looks_back(self) -> bool:
        """Whether an earlier step is shown."""
        return self.slider.isEnabled() and self.slider.value() < self.slider.maximum()

    @property
    def step(self) -> int:
        """The step that is shown."""
        return self.slider.value()

    def clear(self) -> None:
        """Show that there is nothing yet."""
        self._move(0, 0, 0)
        self.slider.setEnabled(False)
        self.button.setEnabled(False)
        self.where.setText("No steps yet")

    def reach(self, first: int, last: int, total: int) -> None:
        """Take the steps there are; the handle follows the newest unless the person looks back."""
        value = self.slider.value() if self.looks_back else last
        self._total = total
        self._move(first, last, min(value, last))
        self.slider.setEnabled(last > first)
        self._say()

    def follow(self) -> None:
        """Show the newest step."""
        self._move(self.slider.minimum(), self.slider.maximum(), self.slider.maximum())
        self._say()

    def _move(self, first: int, last: int, value: int) -> None:
        self.slider.blockSignals(True)
        self.slider.setRange(min(first, last), last)
        self.slider.setPageStep(max(1, (last - first) // 10))
        self.slider.setValue(value)
        self.slider.blockSignals(False)

    def _slid(self, step: int) -> None:
        self._say()
        self.sought.emit(step if self.looks_back else -1)

    def _say(self) -> None:
        self.where.setText(f"step {self.slider.value()} of {max(self._total, self.slider.maximum())}")
        self.button.setEnabled(self.looks_back)
