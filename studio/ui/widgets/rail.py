"""The rail at the left: one button per page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QToolButton, QVBoxLayout

from studio.ui.theme import SPACE_M, SPACE_S, Theme

WIDTH = 76


class Rail(QFrame):
    """Checkable buttons, one at a time.

    Signals:
        chosen: id of the page.

    Args:
        theme: for icons and sizes.
        pages: (id, title, icon) in order.
    """

    chosen = Signal(str)

    def __init__(self, theme: Theme, pages: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAccessibleName("Pages")
        self._theme = theme
        self._icons = {page: icon for page, _, icon in pages}
        self.buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_S, SPACE_M, SPACE_S, SPACE_M)
        column.setSpacing(SPACE_S)
        for page, title, _ in pages:
            made = self._button(page, title)
            group.addButton(made)
            column.addWidget(made)
        column.addStretch()
        theme.changed.connect(self._tint)
        self._tint()

    def show_chosen(self, page: str) -> None:
        """Mark a page as the one in front."""
        self.buttons[page].setChecked(True)
        self._tint()

    def _button(self, page: str, title: str) -> QToolButton:
        made = QToolButton()
        made.setText(title)
        made.setCheckable(True)
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        made.setAccessibleName(title)
        made.clicked.connect(lambda *_: self.chosen.emit(page))
        self.buttons[page] = made
        return made

    def _tint(self) -> None:
        tokens, size = self._theme.tokens, self._theme.px(22)
        self.setFixedWidth(self._theme.px(WIDTH))
        for page, made in self.buttons.items():
            made.setIcon(self._theme.icon(self._icons[page], tokens.accent if made.isChecked() else tokens.muted))
            made.setIconSize(QSize(size, size))
            made.setFixedSize(self._theme.px(WIDTH - 10), self._theme.px(54))
