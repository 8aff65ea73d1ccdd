"""What lies below the timeline: results or losses, one at a time, folded away by a click on the open one."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from studio.ui.theme import SPACE_M, SPACE_S, Theme

HEIGHT = 132


class Drawer(QWidget):
    """Pages of one height behind buttons; the canvas above never moves while the content changes.

    Signals:
        opened: name of the page that shows now, "" when folded.
    """

    opened = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.buttons: dict[str, QToolButton] = {}
        self._titles: dict[str, str] = {}
        self._row = QHBoxLayout()
        self._row.setContentsMargins(SPACE_S, 0, SPACE_S, 0)
        self._row.setSpacing(SPACE_S)
        self._row.addStretch()
        self.stack = QStackedWidget()
        self.stack.setFixedHeight(theme.px(HEIGHT))
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, 0, SPACE_M, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(self._row)
        column.addWidget(self.stack)
        theme.changed.connect(self._tint)

    def add(self, name: str, title: str, page: QWidget) -> None:
        """Add a page behind a button."""
        made = QToolButton()
        made.setProperty("role", "flat")
        made.setCheckable(True)
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setStyleSheet("QToolButton:checked { background: transparent; border-color: transparent; }")
        made.clicked.connect(lambda *_: self.toggle(name))
        self.buttons[name], self._titles[name] = made, title
        self._row.insertWidget(self._row.count() - 1, made)
        self.stack.addWidget(page)
        self.set_note(name, "")
        self._tint()

    def set_note(self, name: str, note: str) -> None:
        """Say something behind a title, such as how many results there are."""
        title = self._titles[name]
        text = f"{title} · {note}" if note else title
        self.buttons[name].setText(text)
        self.buttons[name].setAccessibleName(text)
        self.buttons[name].setToolTip(f"Show or hide: {title.lower()}")

    @property
    def open_page(self) -> str:
        """Name of the page that shows, "" when folded."""
        return next((name for name, made in self.buttons.items() if made.isChecked()), "")

    def show_page(self, name: str) -> None:
        """Open a page; "" folds the drawer."""
        for number, (other, made) in enumerate(self.buttons.items()):
            made.setChecked(other == name)
            if other == name:
                self.stack.setCurrentIndex(number)
        self.stack.setVisible(bool(name))
        self._tint()
        self.opened.emit(name)

    def toggle(self, name: str) -> None:
        """Open a page, or fold it if it is open."""
        shown = self.stack.isVisibleTo(self) and self.stack.currentIndex() == list(self.buttons).index(name)
        self.show_page("" if shown else name)

    def _tint(self) -> None:
        for made in self.buttons.values():
            icon = "chevron-down" if made.isChecked() else "chevron-right"
            made.setIcon(self._theme.icon(icon, self._theme.tokens.muted))
            made.setIconSize(QSize(self._theme.px(14), self._theme.px(14)))
