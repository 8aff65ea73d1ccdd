"""A page that stands in place of the canvas for a while: a sheet of random dreams, a film, a batch."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.ui.theme import SPACE_L, SPACE_M, Theme
from studio.ui.widgets.labels import icon_button, label


class StagePage(QWidget):
    """Title, a sentence, a Close button; Esc closes. Subclasses add to `column`.

    Signals:
        closed: the person went back to the canvas.
    """

    closed = Signal()

    def __init__(self, theme: Theme, title: str, text: str) -> None:
        super().__init__()
        self.theme = theme
        self.setAccessibleName(title)
        self.text = label(text, "muted", wrap=True)
        self.head = QHBoxLayout()
        self.head.setSpacing(SPACE_M)
        self.head.addWidget(label(title, "title"))
        self.head.addStretch(1)
        self.close_button = icon_button(theme, "close", "Back to the canvas (Esc)", self.closed.emit)
        self.head.addWidget(self.close_button)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        self.column.setSpacing(SPACE_M)
        self.column.addLayout(self.head)
        self.column.addWidget(self.text)

    def focus(self) -> None:
        """Take the focus when it opens."""
        self.close_button.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close with Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
