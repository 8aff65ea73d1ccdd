"""The controls of Translate: direction, how much a source is changed beforehand, and what kind of pictures come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from studio.ui.panels.explore_fields import check, named, names
from studio.ui.panels.translate_work import Asked
from studio.ui.theme import SPACE_L, SPACE_M, SPACE_S, Theme
from studio.ui.widgets.number_slider import NumberSlider

if TYPE_CHECKING:
    from studio.ui.panels.translate_work import Facts

AMOUNT_WIDTH = 200
DIRECTION_WIDTH = 420
"""Pixels for “first → second” at most."""


class TranslateControls(QWidget):
    """A row of controls that follow the open model.

    Signals:
        changed: something else is asked for (`asked`).
    """

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.direction_box = names("Direction", self.changed.emit)
        self.direction_box.setMaximumWidth(theme.px(DIRECTION_WIDTH))
        self.ready_box = check("My pictures are ready", False, self.changed.emit)
        self.ready_box.hide()
        self.amount: NumberSlider | None = None
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(SPACE_L, SPACE_S, SPACE_M, SPACE_S)
        self._row.setSpacing(SPACE_L)
        self._row.addWidget(named("Direction", self.direction_box), 1)
        self._row.addWidget(self.ready_box)
        self._row.addStretch(1)

    @property
    def asked(self) -> Asked:
        """What the controls say."""
        amount = self.amount.value if self.amount is not None else None
        ready = self.ready_box.isChecked() and not self.ready_box.isHidden()
        return Asked(self.direction_box.currentIndex() == 1, amount, ready)

    def show_facts(self, facts: Facts) -> None:
        """Offer what a model can do; nothing is sent."""
        first, second = facts.domains
        blocked = self.blockSignals(True)
        self.direction_box.clear()
        self.direction_box.addItem(f"{first} → {second}")
        if facts.both_ways:
            self.direction_box.addItem(f"{second} → {first}")
        self.direction_box.setEnabled(facts.both_ways)
        self.direction_box.setToolTip("" if facts.both_ways else "This model learned one direction.")
        self.ready_box.setText(f"My pictures are “{first}” already")
        self.ready_box.setToolTip(f"Off: ordinary pictures are made into “{first}” first.")
        self.ready_box.setChecked(False)
        self.ready_box.setVisible(facts.prepares)
        self._show_amount(facts)
        self.blockSignals(blocked)

    def turn(self) -> None:
        """Go the other way."""
        if self.direction_box.count() > 1:
            self.direction_box.setCurrentIndex(1 - self.direction_box.currentIndex())

    def _show_amount(self, facts: Facts) -> None:
        if self.amount is not None:
            self._row.removeWidget(self.amount)
            self.amount.deleteLater()
            self.amount = None
        if facts.amount is not None:
            found = facts.amount
            step = found.step or (found.high - found.low) / 100
            self.amount = NumberSlider(found.title, found.low, found.high, found.default, step)
            self.amount.setToolTip(found.help)
            self.amount.setFixedWidth(self._theme.px(AMOUNT_WIDTH))
            self.amount.changed.connect(lambda *_: self.changed.emit())
            self._row.insertWidget(1, self.amount)
