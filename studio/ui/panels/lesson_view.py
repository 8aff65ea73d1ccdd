"""The base of a lesson: a stage for pictures and plots, a column of controls at its right, a line for results."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.ui.context import Context
from studio.ui.theme import SPACE_M, SPACE_S
from studio.ui.widgets.labels import button, label
from studio.ui.widgets.number_slider import NumberSlider
from studio.ui.widgets.player import Player

SIDE_WIDTH = 260
MINUS = re.compile(r"(?<!\w)-(?=[\d.])")


class LessonView(QWidget):
    """A lesson.

    Attributes:
        context: the window's services.
        theme: colours and sizes.
        stage: layout of the middle; give the main picture stretch 1.
        controls: layout of the right column, filled from above by the `add_…` methods.
        result: the label under the stage; `say` fills it.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context, self.theme = context, context.theme
        self.stage, self.controls = QVBoxLayout(), QVBoxLayout()
        self.result = label("", wrap=True)
        self.result.setMinimumHeight(self.theme.px(36))
        self.result.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._scroll = self._side()
        middle = QVBoxLayout()
        middle.setSpacing(SPACE_M)
        middle.addLayout(self.stage, 1)
        middle.addWidget(self.result)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_M)
        row.addLayout(middle, 1)
        row.addWidget(self._scroll)
        self.theme.changed.connect(self._resize)
        self._resize()

    def _side(self) -> QScrollArea:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(SPACE_M, 0, SPACE_M, 0)
        column.setSpacing(SPACE_M)
        self.controls.setSpacing(SPACE_M)
        column.addLayout(self.controls)
        column.addStretch()
        area = QScrollArea()
        area.setWidget(body)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return area

    def _resize(self) -> None:
        self._scroll.setFixedWidth(self.theme.px(SIDE_WIDTH))

    # ---- controls

    def add_slider(
        self,
        name: str,
        low: float,
        high: float,
        value: float,
        step: float = 0.01,
        *,
        changed: Callable[[], object],
        log: bool = False,
        unit: str = "",
    ) -> NumberSlider:
        """Add a slider; `changed` is called without arguments when it moves."""
        made = NumberSlider(name, low, high, value, step, log=log, unit=unit)
        made.changed.connect(lambda *_: changed())
        self.controls.addWidget(made)
        return made

    def add_choice(
        self, name: str, choices: Sequence[tuple[str, str]], changed: Callable[[], object], current: str = ""
    ) -> QComboBox:
        """Add a list of (title, data) pairs under its name; `currentData()` is the choice."""
        made = QComboBox()
        for title, data in choices:
            made.addItem(title, data)
        made.setAccessibleName(name)
        made.setCurrentIndex(max(0, made.findData(current)))
        made.currentIndexChanged.connect(lambda *_: changed())
        box = QVBoxLayout()
        box.setSpacing(SPACE_S)
        box.addWidget(label(name, "muted"))
        box.addWidget(made)
        self.controls.addLayout(box)
        return made

    def add_switch(self, name: str, on: bool, changed: Callable[[], object]) -> QCheckBox:
        """Add a check box."""
        made = QCheckBox(name)
        made.setChecked(on)
        made.toggled.connect(lambda *_: changed())
        self.controls.addWidget(made)
        return made

    def add_button(self, title: str, clicked: Callable[[], object], role: str = "") -> QPushButton:
        """Add a button."""
        made = button(title, clicked, role)
        self.controls.addWidget(made)
        return made

    def add_player(self, step: Callable[[], bool], restart: Callable[[], object]) -> Player:
        """Add play, step and restart; `step` returns whether there is more to do."""
        made = Player(self.theme, step, restart)
        self.controls.addWidget(made)
        return made

    def add_text(self, text: str, role: str = "muted") -> QLabel:
        """Add a wrapped text."""
        made = label(text, role, wrap=True)
        self.controls.addWidget(made)
        return made

    def say(self, text: str) -> None:
        """Show a result in words under the stage; hyphens before digits become minus signs."""
        self.result.setText(MINUS.sub("−", text))
