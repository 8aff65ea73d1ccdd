"""Which network of a run learns: all of them, or one alone."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QSizePolicy, QToolButton, QWidget
from superqt import QFlowLayout

from studio.core.knobs import fields_of
from studio.ui.theme import SPACE_S

RATE = "lr_"


def learners(config_type: Any) -> tuple[tuple[str, str], ...]:
    """Return (optimiser's suffix, name) for recipes with several: `lr_d` labelled "D: learning rate" -> ("_d", "D")."""
    rates = [f for f in fields_of(config_type) if f.knob.live and f.name.startswith(RATE)]
    found = tuple((f.name.removeprefix("lr"), f.knob.label.partition(":")[0]) for f in rates)
    return found if len(found) > 1 else ()


class TrainOnly(QWidget):
    """A row of buttons of which one is down; without several networks it offers nothing.

    Signals:
        wanted: suffix of the optimiser that alone shall learn; "" is all.
    """

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._row = QFlowLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setHorizontalSpacing(SPACE_S)
        self._row.setVerticalSpacing(SPACE_S)
        self.setAccessibleName("Which network learns")

    @property
    def chosen(self) -> str:
        """Suffix of the optimiser that alone learns; "" is all."""
        return next((suffix for suffix, made in self.buttons.items() if made.isChecked()), "")

    def offer(self, names: tuple[tuple[str, str], ...]) -> None:
        """Offer these networks (see `learners`); all of them learn until `show_chosen` says otherwise."""
        for made in self.buttons.values():
            self._row.removeWidget(made)
            made.deleteLater()
        everything = [("", "Train both" if len(names) == 2 else "Train all")] if names else []
        only = [(suffix, f"Only {name}") for suffix, name in names]
        self.buttons = {suffix: self._button(suffix, text) for suffix, text in (*everything, *only)}
        self.show_chosen("")

    def show_chosen(self, suffix: str) -> None:
        """Show which network learns alone, as the run tells it."""
        if suffix in self.buttons:
            self.buttons[suffix].setChecked(True)

    def _button(self, suffix: str, text: str) -> QToolButton:
        made = QToolButton()
        made.setText(text)
        made.setCheckable(True)
        made.setAccessibleName(text)
        made.setToolTip(f"{text}: the others stay as they are" if suffix else "Every network learns")
        made.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        made.clicked.connect(lambda *_: self.wanted.emit(suffix))
        self._group.addButton(made)
        self._row.addWidget(made)
        return made
