"""Play, one step, many steps, back to the beginning: for what is computed step by step."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from studio.ui.theme import SPACE_S, Theme
from studio.ui.widgets.labels import button, icon_button

MANY = 25
FRAME_MS = 60


class Player(QWidget):
    """The buttons; with reduced motion nothing plays by itself, and the steps remain.

    Args:
        theme: for icons and reduced motion.
        step: does one step and returns whether there is more to do.
        restart: goes back to the beginning.
    """

    def __init__(self, theme: Theme, step: Callable[[], bool], restart: Callable[[], object]) -> None:
        super().__init__()
        self._theme, self._step, self._restart = theme, step, restart
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._frame)
        self.play_button = icon_button(theme, "play", "Play", self.toggle)
        self.step_button = icon_button(theme, "step", "One step", self._one)
        self.many_button = button(f"{MANY} steps", self._many)
        self.restart_button = icon_button(theme, "undo", "Back to the beginning", self.restart)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_S)
        for made in (self.play_button, self.step_button, self.many_button, self.restart_button):
            row.addWidget(made)
        row.addStretch()
        theme.changed.connect(self._motion)
        self._motion()

    @property
    def playing(self) -> bool:
        """Whether it moves by itself now."""
        return self._timer.isActive()

    def toggle(self) -> None:
        """Play or pause."""
        if self.playing:
            self.pause()
        elif not self._theme.reduced_motion:
            self._timer.start()
            self._show()

    def pause(self) -> None:
        """Stop moving."""
        self._timer.stop()
        self._show()

    def restart(self) -> None:
        """Go back to the beginning and stay there."""
        self.pause()
        self._restart()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing moves unseen."""
        self.pause()
        super().hideEvent(event)

    def _frame(self) -> None:
        if not self._step():
            self.pause()

    def _one(self) -> None:
        self.pause()
        self._step()

    def _many(self) -> None:
        self.pause()
        for _ in range(MANY):
            if not self._step():
                break

    def _motion(self) -> None:
        still = self._theme.reduced_motion
        self.play_button.setEnabled(not still)
        if still:
            self._timer.stop()
        self._show()

    def _show(self) -> None:
        name = "Pause" if self.playing else "Play"
        self.play_button.setAccessibleName(name)
        still = self._theme.reduced_motion
        self.play_button.setToolTip("Reduced motion is on: use the steps." if still else name)
        self.play_button.setIcon(self._theme.icon("pause" if self.playing else "play"))
