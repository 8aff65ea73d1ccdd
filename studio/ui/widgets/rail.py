"""The rail at the left: one button per page.

When the window is too low for icons with titles, the titles go (they remain as tooltips and for screen readers); when
even that is too much, the rail scrolls, and the button that has the focus is brought into view.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QScrollArea, QToolButton, QVBoxLayout, QWidget

from studio.ui.theme import SPACE_M, SPACE_S, Theme

WIDTH = 76
TALL, LOW = 54, 38
"""Height of a button with its title, and of its icon alone."""


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
        self._compact = False
        self.buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(SPACE_S, SPACE_M, SPACE_S, SPACE_M)
        column.setSpacing(SPACE_S)
        for page, title, _ in pages:
            made = self._button(page, title)
            group.addButton(made)
            column.addWidget(made)
        column.addStretch()
        self._scroll = self._scrolling(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._scroll)
        theme.changed.connect(self._tint)
        self._tint()

    @property
    def compact(self) -> bool:
        """Whether the titles are left out."""
        return self._compact

    def show_chosen(self, page: str) -> None:
        """Mark a page as the one in front."""
        self.buttons[page].setChecked(True)
        self._scroll.ensureWidgetVisible(self.buttons[page], 0, SPACE_S)
        self._tint()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Bring a button into view when the keyboard reaches it."""
        if event.type() == QEvent.Type.FocusIn and isinstance(watched, QToolButton):
            self._scroll.ensureWidgetVisible(watched, 0, SPACE_S)
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the titles out when they do not fit."""
        super().resizeEvent(event)
        if self._compact != (self.height() < self._needed()):
            self._tint()

    def _scrolling(self, inner: QWidget) -> QScrollArea:
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumHeight(0)
        for part in (area, area.viewport(), inner):
            part.setAutoFillBackground(False)
        return area

    def _button(self, page: str, title: str) -> QToolButton:
        made = QToolButton()
        made.setText(title)
        made.setToolTip(title)
        made.setCheckable(True)
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        made.setAccessibleName(title)
        made.clicked.connect(lambda *_: self.chosen.emit(page))
        made.installEventFilter(self)
        self.buttons[page] = made
        return made

    def _needed(self) -> int:
        """Return the height of all buttons with their titles."""
        return 2 * SPACE_M + len(self.buttons) * (self._theme.px(TALL) + SPACE_S) - SPACE_S

    def _tint(self) -> None:
        tokens, size = self._theme.tokens, self._theme.px(22)
        self._compact = self.testAttribute(Qt.WidgetAttribute.WA_Resized) and self.height() < self._needed()
        style = Qt.ToolButtonStyle
        self.setFixedWidth(self._theme.px(WIDTH))
        for page, made in self.buttons.items():
            made.setIcon(self._theme.icon(self._icons[page], tokens.accent if made.isChecked() else tokens.muted))
            made.setIconSize(QSize(size, size))
            made.setToolButtonStyle(style.ToolButtonIconOnly if self._compact else style.ToolButtonTextUnderIcon)
            made.setFixedSize(self._theme.px(WIDTH - 10), self._theme.px(LOW if self._compact else TALL))
