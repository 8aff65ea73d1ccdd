"""A sheet over the window: dimmed behind, a card in front, Esc closes it, Tab stays inside."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.ui.theme import SPACE_L, SPACE_M, Theme
from studio.ui.widgets.labels import card, icon_button, label

DIM = QColor(0, 0, 0, 130)


class Overlay(QWidget):
    """An in-window sheet with a title and a column for content; deleted when it closes.

    Signals:
        closed: it went away, whichever way.

    Args:
        host: the widget it covers.
        theme: for sizes.
        title: heading; "" for a bare card.
        width: of the card, pixels at 100 %.
        top: whether the card sits near the top (palette) instead of the middle.
    """

    closed = Signal()

    def __init__(self, host: QWidget, theme: Theme, title: str = "", width: int = 520, top: bool = False) -> None:
        super().__init__(host)
        self._host, self._theme, self._width, self._top = host, theme, width, top
        self._before = host.window().focusWidget()
        self._is_open = True
        self.setAccessibleName(title or "Sheet")
        self.card = card()
        self.card.setParent(self)
        self.body = QVBoxLayout(self.card)
        self.body.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        self.body.setSpacing(SPACE_M)
        if title:
            heading = QHBoxLayout()
            heading.addWidget(label(title, "title"), 1)
            heading.addWidget(icon_button(theme, "close", "Close", self.close_sheet))
            self.body.addLayout(heading)
        host.installEventFilter(self)

    def open_sheet(self, focus: QWidget | None = None) -> None:
        """Show it and put the keyboard focus inside."""
        self._arrange()
        self.show()
        self.raise_()
        self._arrange()
        (focus or self._chain()[0]).setFocus(Qt.FocusReason.PopupFocusReason)

    def close_sheet(self) -> None:
        """Take it away and give the focus back."""
        if not self._is_open:
            return
        self._is_open = False
        self._host.removeEventFilter(self)
        self.hide()
        self.closed.emit()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the size of the host."""
        if event.type() == QEvent.Type.Resize:
            self._arrange()
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the card in place."""
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dim what is behind."""
        QPainter(self).fillRect(self.rect(), DIM)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Close on a click beside the card."""
        if not self.card.geometry().contains(event.position().toPoint()):
            self.close_sheet()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close on Esc; let no other key through to the page behind."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_sheet()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Move the focus among the sheet's own controls."""
        chain = self._chain()
        here = self.window().focusWidget()
        index = chain.index(here) if here in chain else -1
        chain[(index + (1 if forward else -1)) % len(chain)].setFocus(
            Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        )
        return True

    def _chain(self) -> list[QWidget]:
        found: list[QWidget] = []
        widget = self.nextInFocusChain()
        while widget is not None and widget is not self:
            takes_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None
            if self.isAncestorOf(widget) and takes_tab and widget.isEnabled() and widget.isVisibleTo(self):
                found.append(widget)
            widget = widget.nextInFocusChain()
        return found or [self]

    def _arrange(self) -> None:
        self.setGeometry(self._host.rect())
        width = min(self._theme.px(self._width), self.width() - 2 * SPACE_L)
        self.card.setFixedWidth(max(width, 1))
        height = self.body.heightForWidth(width) if self.body.hasHeightForWidth() else self.body.sizeHint().height()
        height = min(height, self.height() - 2 * SPACE_L)
        y = self.height() // 10 if self._top else (self.height() - height) // 2
        self.card.setGeometry((self.width() - width) // 2, min(y, self.height() - height), width, height)
