"""Notifications at the bottom right: one line each, more on a click, gone after four seconds unless it matters."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from studio.ui.icons import tinted_pixmap
from studio.ui.notify import Button, Notification, Notifier
from studio.ui.theme import SPACE_L, SPACE_M, SPACE_S, Theme
from studio.ui.widgets.labels import ElidedLabel, button, icon_button, label

SHOWN_MS = 4000
WIDTH = 380
AT_MOST = 5


class Toast(QFrame):
    """One notification; `closed` is sent when it goes."""

    closed = Signal()
    resized = Signal()

    def __init__(self, notification: Notification, theme: Theme) -> None:
        super().__init__()
        self.notification = notification
        self._theme = theme
        self.setProperty("role", "toast")
        self.setAccessibleName(f"{notification.severity}: {notification.text}")
        self.setFixedWidth(theme.px(WIDTH))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOWN_MS)
        self._timer.timeout.connect(self.dismiss)
        self._build()
        self._rest()

    @property
    def expanded(self) -> bool:
        """Whether the whole text shows."""
        return self._more.isVisibleTo(self)

    def expand(self) -> None:
        """Show or hide the whole text."""
        shown = not self.expanded
        self._more.setVisible(shown)
        self._line.setVisible(not shown)
        self._lead.setVisible(shown)
        self._timer.stop()
        self._fit()

    def show_details(self) -> None:
        """Show or hide the technical text."""
        self._details.setVisible(not self._details.isVisibleTo(self))
        self._timer.stop()
        self._fit()

    def dismiss(self) -> None:
        """Go away."""
        self._timer.stop()
        self.hide()
        self.closed.emit()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Stay while the pointer is here."""
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        """Go some time after the pointer has left."""
        self._rest()

    def _rest(self) -> None:
        if self.notification.severity != "error" and not self.expanded:
            self._timer.start()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_S, SPACE_S, SPACE_S)
        column.setSpacing(SPACE_S)
        column.addLayout(self._head())
        column.addWidget(self._body())
        if self.notification.buttons:
            row = QHBoxLayout()
            row.addStretch()
            for wanted in self.notification.buttons:
                row.addWidget(self._action(wanted))
            column.addLayout(row)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        self._picture = QLabel()
        self._theme.changed.connect(self._tint)
        self._tint()
        self._line = ElidedLabel(f"{self.notification.text} {self.notification.what_to_do}")
        self._lead = label(self.notification.severity.capitalize(), "muted")
        self._lead.hide()
        row.addWidget(self._picture)
        row.addWidget(self._line, 1)
        row.addWidget(self._lead, 1)
        row.addWidget(icon_button(self._theme, "chevron-down", "Show the whole message", self.expand))
        row.addWidget(icon_button(self._theme, "close", "Dismiss", self.dismiss))
        return row

    def _tint(self) -> None:
        tokens, severity = self._theme.tokens, self.notification.severity
        colours = {"info": tokens.accent, "success": tokens.green, "warning": tokens.amber, "error": tokens.red}
        self._picture.setPixmap(tinted_pixmap(severity, colours[severity], self._theme.px(18)))

    def _body(self) -> QWidget:
        self._more = QWidget()
        column = QVBoxLayout(self._more)
        column.setContentsMargins(0, 0, SPACE_S, SPACE_S)
        column.setSpacing(SPACE_S)
        text = label(self.notification.text, wrap=True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(text)
        if self.notification.what_to_do:
            column.addWidget(label(self.notification.what_to_do, "muted", wrap=True))
        self._details = QPlainTextEdit(self.notification.details)
        self._details.setReadOnly(True)
        self._details.setFont(self._theme.mono(11))
        self._details.setAccessibleName("Technical details")
        self._details.setFixedHeight(self._theme.px(140))
        self._details.hide()
        if self.notification.details:
            row = QHBoxLayout()
            row.addWidget(button("Details", self.show_details, "flat"))
            row.addWidget(button("Copy", self._copy, "flat"))
            row.addStretch()
            column.addLayout(row)
        column.addWidget(self._details)
        self._more.hide()
        return self._more

    def _action(self, wanted: Button) -> QWidget:
        def pressed() -> None:
            self.dismiss()
            wanted.callback()

        return button(wanted.title, pressed)

    def _copy(self) -> None:
        told = self.notification
        QGuiApplication.clipboard().setText("\n".join((told.text, told.what_to_do, told.details)))

    def _fit(self) -> None:
        self.adjustSize()
        self.resized.emit()


class Toasts(QObject):
    """Stacks notifications over the bottom right corner of a widget, newest lowest, at most five.

    When there are more, the oldest that is no error goes; errors go only when they alone are too many.
    """

    def __init__(self, host: QWidget, notifier: Notifier, theme: Theme) -> None:
        super().__init__(host)
        self._host, self._theme = host, theme
        self.shown: list[Toast] = []
        notifier.posted.connect(self.add)
        host.installEventFilter(self)

    def add(self, notification: Notification) -> None:
        """Show a notification; one that already shows is not shown twice."""
        if any(toast.notification == notification for toast in self.shown):
            return
        toast = Toast(notification, self._theme)
        toast.setParent(self._host)
        toast.closed.connect(lambda: self._remove(toast))
        toast.resized.connect(self.arrange)
        self.shown.append(toast)
        while len(self.shown) > AT_MOST:
            passing = [t for t in self.shown[:-1] if t.notification.severity != "error"]
            (passing or self.shown)[0].dismiss()
        toast.adjustSize()
        toast.show()
        self.arrange()

    def arrange(self) -> None:
        """Put every notification in its place."""
        bottom = self._host.height() - SPACE_L
        for toast in reversed(self.shown):
            height = toast.sizeHint().height()
            toast.setGeometry(self._host.width() - toast.width() - SPACE_L, bottom - height, toast.width(), height)
            toast.raise_()
            bottom -= height + SPACE_M

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the host's corner."""
        if event.type() == QEvent.Type.Resize:
            self.arrange()
        return False

    def _remove(self, toast: Toast) -> None:
        if toast in self.shown:
            self.shown.remove(toast)
            toast.deleteLater()
            self.arrange()
