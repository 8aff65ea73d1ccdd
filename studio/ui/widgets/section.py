"""A titled part of a page that folds away."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from studio.ui.theme import SPACE_S, Theme


class Section(QWidget):
    """A heading that opens and closes what is below it."""

    def __init__(self, theme: Theme, title: str, *, is_open: bool = True) -> None:
        super().__init__()
        self._theme, self._title = theme, title
        self.header = QToolButton()
        self.header.setProperty("role", "flat")
        self.header.setCheckable(True)
        self.header.setChecked(is_open)
        self.header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.header.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.header.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.header.setStyleSheet("QToolButton:checked { background: transparent; border-color: transparent; }")
        self.body = QWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(self.header)
        column.addWidget(self.body)
        self.header.toggled.connect(self._show)
        theme.changed.connect(self._tint)
        self.set_note("")
        self._show(is_open)

    @property
    def is_open(self) -> bool:
        """Whether the content shows."""
        return self.header.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Open or close it."""
        self.header.setChecked(is_open)

    def set_note(self, note: str) -> None:
        """Say something behind the title, such as how many values were changed."""
        text = f"{self._title}  ·  {note}" if note else self._title
        self.header.setText(text)
        self.header.setAccessibleName(text)

    def _show(self, is_open: bool) -> None:
        self.body.setVisible(is_open)
        self._tint()

    def _tint(self) -> None:
        name = "chevron-down" if self.header.isChecked() else "chevron-right"
        self.header.setIcon(self._theme.icon(name, self._theme.tokens.muted))
        self.header.setIconSize(QSize(self._theme.px(14), self._theme.px(14)))
