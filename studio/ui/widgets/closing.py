"""The question when the window closes during training; nothing is lost without being asked."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.ui.theme import SPACE_M, Theme
from studio.ui.widgets.labels import button, label
from studio.ui.widgets.overlay import Overlay


class CloseQuestion(Overlay):
    """Keep running hidden, checkpoint and stop, or discard; Esc goes back to work.

    Signals:
        answered: "hide", "stop" or "discard".
    """

    answered = Signal(str)

    def __init__(self, host: QWidget, theme: Theme, running: int) -> None:
        super().__init__(host, theme, "Training is going on", width=480)
        what = "A run is" if running == 1 else f"{running} runs are"
        self.text = label(f"{what} still training. What should happen?", wrap=True)
        self.body.addWidget(self.text)
        self._choices = QWidget()
        column = QVBoxLayout(self._choices)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_M)
        self.buttons = {
            "stop": button("Save a checkpoint and stop", lambda: self._answer("stop"), "primary"),
            "hide": button("Keep running without the window", lambda: self._answer("hide")),
            "discard": button("Stop and move the run to the trash", lambda: self._answer("discard"), "danger"),
        }
        for made in self.buttons.values():
            column.addWidget(made)
        column.addWidget(button("Go back", self.close_sheet, "flat"))
        self.body.addWidget(self._choices)

    def wait(self) -> None:
        """Say that the runs are being stopped."""
        self._choices.hide()
        self.text.setText("Writing the last checkpoint…")

    def _answer(self, choice: str) -> None:
        self.answered.emit(choice)
