"""The strip along the bottom: what goes on, how far, how long yet, Cancel; and the device chip."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QToolButton, QVBoxLayout, QWidget

from studio.ui.activity import Activity, Tasks
from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.labels import ElidedLabel, button, label


def time_left(seconds: float | None) -> str:
    """Return "2:10 left", "1:02:10 left", or "" when unknown."""
    if seconds is None or not 0 <= seconds < 1e7:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d} left" if hours else f"{minutes}:{rest:02d} left"


class ActivityRow(QWidget):
    """One activity: its title and state, bar, percentage and time left, Cancel."""

    def __init__(self, activity: Activity, theme: Theme) -> None:
        super().__init__()
        self.activity = activity
        self._title = ElidedLabel()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(theme.px(140))
        self._numbers = QLabel()
        self._numbers.setMinimumWidth(theme.px(110))
        self.cancel_button = button("Cancel", activity.cancel, "flat")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_M)
        for widget in (self._title, self._bar, self._numbers, self.cancel_button):
            row.addWidget(widget)
        activity.changed.connect(self.update_row)
        self.update_row()

    def update_row(self) -> None:
        """Show the present state."""
        activity, fraction = self.activity, self.activity.fraction
        state = "Cancelling…" if activity.cancelling else activity.what
        self._title.setText(f"{activity.title} · {state}" if state else activity.title)
        self._bar.setRange(0, 1000 if fraction is not None else 0)
        self._bar.setValue(round(1000 * (fraction or 0)))
        self._bar.setAccessibleName(activity.title)
        shown = [f"{100 * fraction:.0f} %"] if fraction is not None else []
        left = time_left(activity.seconds_left) if fraction is not None and fraction < 1 else ""
        self._numbers.setText("  ".join([*shown, left]).strip())
        self.cancel_button.setVisible(activity.cancellable)
        self.cancel_button.setAccessibleName(f"Cancel {activity.title}")


class ActivityArea(QWidget):
    """The newest activity in one row; when several go on, a button opens a list of all."""

    def __init__(self, tasks: Tasks, theme: Theme) -> None:
        super().__init__()
        self._tasks, self._theme = tasks, theme
        self._row: ActivityRow | None = None
        self._listed: tuple[Activity, ...] = ()
        self._idle = label("Ready", "muted")
        self.more = QToolButton()
        self.more.setProperty("role", "flat")
        self.more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.more.clicked.connect(self.toggle_list)
        self.popup = QFrame(self, Qt.WindowType.Popup)
        self.popup.setProperty("role", "card")
        self._list = QVBoxLayout(self.popup)
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.addWidget(self._idle)
        self._line.addStretch()
        self._line.addWidget(self.more)
        tasks.changed.connect(self._follow)
        tasks.ended.connect(self._say_ended)
        self._follow()

    @property
    def text(self) -> str:
        """What the area says now."""
        return self._row._title.text() if self._row is not None else self._idle.text()

    def toggle_list(self) -> None:
        """Show or hide the list of everything that goes on."""
        if self.popup.isVisible():
            self.popup.hide()
            return
        self.popup.adjustSize()
        corner = self.mapToGlobal(QPoint(0, -self.popup.sizeHint().height() - SPACE_S))
        self.popup.move(corner)
        self.popup.show()

    def _follow(self) -> None:
        active = self._tasks.active
        if active == self._listed:
            return
        self._listed = active
        self._show_newest()
        self._fill_list()
        self.more.setVisible(len(active) > 1)
        self.more.setText(f"{len(active)} tasks ▴")
        self.more.setAccessibleName(f"Show all {len(active)} tasks")

    def _show_newest(self) -> None:
        if self._row is not None:
            self._row.hide()
            self._row.deleteLater()
            self._row = None
        if self._listed:
            self._row = ActivityRow(self._listed[-1], self._theme)
            self._line.insertWidget(0, self._row, 1)
        self._idle.setVisible(not self._listed)

    def _fill_list(self) -> None:
        while (item := self._list.takeAt(0)) is not None:
            row = item.widget()
            if row is not None:
                row.hide()
                row.deleteLater()
        for activity in self._listed:
            row = ActivityRow(activity, self._theme)
            row.setMinimumWidth(self._theme.px(440))
            self._list.addWidget(row)
        if len(self._listed) < 2:
            self.popup.hide()

    def _say_ended(self, activity: Activity) -> None:
        self._idle.setText(f"{activity.title} · Cancelled" if activity.cancelling else "Ready")


class StatusStrip(QFrame):
    """The activity area at the left, the device chip at the right."""

    def __init__(self, tasks: Tasks, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("status")
        self.setFixedHeight(theme.px(36))
        self.activity = ActivityArea(tasks, theme)
        self.chip = QLabel("…")
        self.chip.setObjectName("chip")
        self.chip.setToolTip("Where models are computed; the policy of a run stands in its log.")
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_M, 0, SPACE_M, 0)
        row.setSpacing(SPACE_M)
        row.addWidget(self.activity, 1)
        row.addWidget(self.chip, 0, Qt.AlignmentFlag.AlignVCenter)
        self._theme = theme
        theme.changed.connect(self._resize)

    def _resize(self) -> None:
        self.setFixedHeight(self._theme.px(36))
