"""An empty state: what this place is for, what to do next, and the button that does it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studio.ui.icons import tinted_pixmap
from studio.ui.theme import SPACE_L, SPACE_M, SPACE_S, Theme
from studio.ui.widgets.labels import button, label

ICON = 40


class EmptyState(QWidget):
    """A centred icon, title, sentence and buttons.

    Args:
        theme: for the icon's colour.
        icon: name in `resources/icons`.
        title: what is missing, a few words.
        text: what to do about it, one sentence.
        buttons: (title, callback) pairs; the first one is the primary one.
    """

    def __init__(
        self, theme: Theme, icon: str, title: str, text: str, *buttons: tuple[str, Callable[[], object]]
    ) -> None:
        super().__init__()
        self._theme, self._icon = theme, icon
        self._picture = QLabel()
        self.title = label(title, "title", wrap=True)
        self.text = label(text, "muted", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        column.addStretch()
        for widget in (self._picture, self.title, self.text):
            widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(widget)
            column.addSpacing(SPACE_S)
        self._add_buttons(column, buttons)
        column.addStretch()
        theme.changed.connect(self._tint)
        self._tint()

    def _add_buttons(self, column: QVBoxLayout, buttons: tuple[tuple[str, Callable[[], object]], ...]) -> None:
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addStretch()
        self.buttons = [button(t, clicked, "" if i else "primary") for i, (t, clicked) in enumerate(buttons)]
        for made in self.buttons:
            row.addWidget(made)
        row.addStretch()
        column.addLayout(row)

    def _tint(self) -> None:
        self._picture.setPixmap(tinted_pixmap(self._icon, self._theme.tokens.muted, self._theme.px(ICON)))
