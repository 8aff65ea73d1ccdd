"""Small labelled controls that the pages of Explore and Write share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QSpinBox, QWidget

from studio.ui.theme import SPACE_M, SPACE_S
from studio.ui.widgets.bar import Bar
from studio.ui.widgets.combo import NarrowCombo
from studio.ui.widgets.labels import label

FEWEST_LETTERS = 10


def whole(name: str, low: int, high: int, value: int, changed: Callable[[], object], unit: str = "") -> QSpinBox:
    """Return a spin box of whole numbers; `changed` is called when a person or the program changes it."""
    made = QSpinBox()
    made.setRange(low, high)
    made.setValue(value)
    made.setSuffix(f" {unit}" if unit else "")
    made.setAccessibleName(name)
    made.setKeyboardTracking(False)
    made.valueChanged.connect(lambda *_: changed())
    return made


def real(
    name: str, low: float, high: float, value: float, step: float, changed: Callable[[], object]
) -> QDoubleSpinBox:
    """Return a spin box of numbers."""
    made = QDoubleSpinBox()
    made.setRange(low, high)
    made.setSingleStep(step)
    made.setDecimals(2)
    made.setValue(value)
    made.setAccessibleName(name)
    made.setKeyboardTracking(False)
    made.valueChanged.connect(lambda *_: changed())
    return made


def choice(name: str, options: Sequence[tuple[str, Any]], changed: Callable[[], object]) -> QComboBox:
    """Return a combo box of (title, value) pairs."""
    made = QComboBox()
    made.setAccessibleName(name)
    for title, value in options:
        made.addItem(title, value)
    made.currentIndexChanged.connect(lambda *_: changed())
    return made


def names(name: str, changed: Callable[[], object]) -> QComboBox:
    """Return an empty combo box for names that people gave: however long they are, it takes the room there is."""
    made = NarrowCombo(name, FEWEST_LETTERS)
    made.currentIndexChanged.connect(lambda *_: changed())
    made.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)
    return made


def check(name: str, on: bool, changed: Callable[[], object], help_text: str = "") -> QCheckBox:
    """Return a check box."""
    made = QCheckBox(name)
    made.setChecked(on)
    made.setToolTip(help_text)
    made.toggled.connect(lambda *_: changed())
    return made


def named(text: str, control: QWidget) -> QWidget:
    """Return a control with its label in front."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(SPACE_S)
    name: QLabel = label(text, "muted")
    name.setBuddy(control)
    row.addWidget(name)
    row.addWidget(control)
    return made


def bar(*widgets: QWidget | None) -> QWidget:
    """Return widgets in a row; what follows a None stands at the right, or below when there is no room."""
    if None in widgets:
        return _wrapping(widgets)
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_S)
    row.setSpacing(SPACE_M)
    for widget in widgets:
        if widget is not None:
            row.addWidget(widget)
    return made


def _wrapping(widgets: Sequence[QWidget | None]) -> Bar:
    made, cut = Bar(), widgets.index(None)
    left = [widget for widget in widgets[:cut] if widget is not None]
    for widget in left:
        made.add(widget)
    for other in widgets[cut:]:
        if other is not None:
            made.add_right(other)
    return made
