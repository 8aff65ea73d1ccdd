"""A log that can be narrowed to warnings or errors."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from studio.ui.theme import FONT_BODY, SPACE_M, SPACE_S, Theme
from studio.ui.widgets.labels import label

LEVELS = ("info", "warning", "error")
KEPT = 5000


class LogView(QWidget):
    """Lines with a step and a level, the newest at the end."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.lines: list[tuple[int, str, str]] = []
        self.level = QComboBox()
        self.level.addItems(["Everything", "Warnings and errors", "Errors"])
        self.level.setAccessibleName("Which messages")
        self.level.currentIndexChanged.connect(lambda *_: self._fill())
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(KEPT)
        self.text.setAccessibleName("Log")
        self.text.setPlaceholderText("What a run says while it works stands here.")
        bar = QHBoxLayout()
        bar.addWidget(label("Show", "muted"))
        bar.addWidget(self.level)
        bar.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_S)
        column.addLayout(bar)
        column.addWidget(self.text, 1)
        theme.changed.connect(self._tint)
        self._tint()

    def add(self, step: int, level: str, text: str) -> None:
        """Add a line."""
        self.lines = [*self.lines[-KEPT + 1 :], (step, level, text)]
        if LEVELS.index(level) >= self.level.currentIndex():
            self.text.appendPlainText(_line(step, level, text))

    def clear(self) -> None:
        """Begin anew."""
        self.lines = []
        self.text.clear()

    def _fill(self) -> None:
        wanted = self.level.currentIndex()
        shown = [_line(*line) for line in self.lines if LEVELS.index(line[1]) >= wanted]
        self.text.setPlainText("\n".join(shown))

    def _tint(self) -> None:
        self.text.setFont(self._theme.mono(FONT_BODY - 1))


def _line(step: int, level: str, text: str) -> str:
    mark = {"warning": "! ", "error": "✗ "}.get(level, "  ")
    return f"{step:>9}  {mark}{text}"
