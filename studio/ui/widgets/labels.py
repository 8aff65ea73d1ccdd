"""Labels and buttons in the roles of the stylesheet, and a label that shortens itself."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from studio.ui.theme import Theme


def label(text: str, role: str = "", *, wrap: bool = False) -> QLabel:
    """Return a label; roles are "page", "title", "muted", "small", "error", "mono" or ""."""
    made = QLabel(text)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    made.setTextFormat(Qt.TextFormat.PlainText)
    return made


def button(title: str, clicked: Callable[[], object] | None = None, role: str = "") -> QPushButton:
    """Return a push button; roles are "primary", "flat", "danger" or ""."""
    made = QPushButton(title)
    made.setProperty("role", role)
    if clicked is not None:
        made.clicked.connect(lambda *_: clicked())
    return made


def icon_button(theme: Theme, icon: str, name: str, clicked: Callable[[], object] | None = None) -> QToolButton:
    """Return a flat button with an icon that follows the theme; `name` is its tooltip and accessible name."""
    made = QToolButton()
    made.setProperty("role", "flat")
    made.setToolTip(name)
    made.setAccessibleName(name)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    keep_icon(theme, made, icon)
    if clicked is not None:
        made.clicked.connect(lambda *_: clicked())
    return made


def keep_icon(theme: Theme, button: QToolButton | QPushButton, icon: str, size: int = 18) -> None:
    """Give a button an icon that is drawn anew whenever the theme changes."""
    tinter = _Tinter(theme, button, icon, size)
    theme.changed.connect(tinter.tint)
    tinter.tint()


class _Tinter(QWidget):
    """An invisible child of a button: it goes when the button goes, and its connection with it."""

    def __init__(self, theme: Theme, button: QToolButton | QPushButton, icon: str, size: int) -> None:
        super().__init__(button)
        self._theme, self._button, self._icon, self._size = theme, button, icon, size
        self.hide()

    def tint(self) -> None:
        """Draw the icon in the present colours."""
        primary = self._button.property("role") == "primary"
        self._button.setIcon(self._theme.icon(self._icon, self._theme.tokens.on_accent if primary else ""))
        size = self._theme.px(self._size)
        self._button.setIconSize(QSize(size, size))


def card() -> QFrame:
    """Return a frame in the look of a card."""
    made = QFrame()
    made.setProperty("role", "card")
    return made


class ElidedLabel(QLabel):
    """One line that ends in “…” when it does not fit; the whole text is its tooltip and accessible name."""

    def __init__(self, text: str = "", role: str = "", where: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__()
        self._where = where
        self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show another text."""
        super().setText(" ".join(text.split()))
        self.setToolTip(text if self.elided else "")
        self.updateGeometry()

    @property
    def elided(self) -> bool:
        """Whether part of the text is hidden."""
        return self.fontMetrics().horizontalAdvance(self.text()) > self.contentsRect().width()

    def minimumSizeHint(self) -> QSize:
        """Return a width of a few letters."""
        return QSize(self.fontMetrics().horizontalAdvance("Mmmm…"), self.fontMetrics().height())

    def sizeHint(self) -> QSize:
        """Return the size of the whole text."""
        width = self.fontMetrics().horizontalAdvance(self.text()) + 2
        return QSize(width, self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QPainter(self)
        rect = self.contentsRect()
        shown = self.fontMetrics().elidedText(self.text(), self._where, rect.width())
        self.setToolTip(self.text() if shown != self.text() else "")
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(rect, int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), shown)
