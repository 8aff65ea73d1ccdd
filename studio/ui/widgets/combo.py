"""A list to choose from that takes the room it gets: what does not fit ends in an ellipsis, the open list is wide."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent, QPalette
from PySide6.QtWidgets import QComboBox, QSizePolicy, QStyle, QStyleOptionComboBox, QStylePainter

MARGIN = 24
"""Pixels for the scroll bar and the frame of the open list."""


class NarrowCombo(QComboBox):
    """A combo box that no long entry makes wide.

    Args:
        name: accessible name.
        characters: width at least.
    """

    def __init__(self, name: str, characters: int = 8) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(characters)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box with a text that fits: Qt cuts it off without a sign."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width()
        option.currentText = self.shown_text(room)
        if self.currentIndex() < 0:
            option.palette.setBrush(QPalette.ColorRole.ButtonText, option.palette.placeholderText())
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def shown_text(self, room: int) -> str:
        """Return the chosen entry (or the invitation to choose), shortened to a width in pixels."""
        text = self.currentText() if self.currentIndex() >= 0 else self.placeholderText()
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)

    def showPopup(self) -> None:
        """Open the list, wide enough for its longest entry where the screen allows."""
        view = self.view()
        view.setMinimumWidth(min(view.sizeHintForColumn(0) + MARGIN, self.screen().availableGeometry().width() // 2))
        super().showPopup()
