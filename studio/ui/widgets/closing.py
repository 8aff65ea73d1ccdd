"""The question when the window closes while something goes on; nothing is lost without being asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.ui.theme import SPACE_M, Theme
from studio.ui.widgets.labels import button, label
from studio.ui.widgets.overlay import Overlay


@dataclass(frozen=True)
class Unfinished:
    """What goes on.

    Attributes:
        runs: number of runs in training: they can be resumed from their checkpoints.
        pictures: titles of what keeps its picture so far when it is stopped ("Dreaming").
        works: titles of what has to be cancelled ("Stylising clip.gif").
    """

    runs: int = 0
    pictures: Sequence[str] = ()
    works: Sequence[str] = ()

    @property
    def title(self) -> str:
        """The heading: what goes on, if it is one thing."""
        names = [*(["Training"] if self.runs else []), *self.pictures, *self.works]
        return f"{names[0]} is going on" if len(names) == 1 else "Work is going on"

    @property
    def text(self) -> str:
        """What goes on, in sentences."""
        run = "A run is" if self.runs == 1 else f"{self.runs} runs are"
        found = [f"{run} still training."] if self.runs else []
        found += [f"{title} is not finished; the picture so far can be kept." for title in self.pictures]
        found += [f"{title} is not finished." for title in self.works]
        return " ".join([*found, "What should happen?"])

    @property
    def stop(self) -> str:
        """What the safe answer does."""
        if self.runs:
            return "Save a checkpoint and stop" + (" everything" if self.pictures or self.works else "")
        return "Stop and keep the picture so far" if self.pictures else "Cancel it and close"


class CloseQuestion(Overlay):
    """Keep running hidden, stop, or (with runs) discard; Esc goes back to work.

    Signals:
        answered: "hide", "stop" or "discard".
    """

    answered = Signal(str)

    def __init__(self, host: QWidget, theme: Theme, unfinished: Unfinished) -> None:
        super().__init__(host, theme, unfinished.title, width=480)
        self._runs = unfinished.runs
        self.text = label(unfinished.text, wrap=True)
        self.body.addWidget(self.text)
        self._choices = QWidget()
        column = QVBoxLayout(self._choices)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_M)
        self.buttons = {
            "stop": button(unfinished.stop, lambda: self._answer("stop"), "primary"),
            "hide": button("Keep running without the window", lambda: self._answer("hide")),
        }
        if unfinished.runs:
            what = "run" if unfinished.runs == 1 else "runs"
            title = f"Stop and move the {what} to the trash"
            self.buttons["discard"] = button(title, lambda: self._answer("discard"), "danger")
        for made in self.buttons.values():
            column.addWidget(made)
        column.addWidget(button("Go back", self.close_sheet, "flat"))
        self.body.addWidget(self._choices)

    def wait(self) -> None:
        """Say that it is being stopped."""
        self._choices.hide()
        self.text.setText("Writing the last checkpoint…" if self._runs else "Stopping after this step…")

    def _answer(self, choice: str) -> None:
        self.answered.emit(choice)
