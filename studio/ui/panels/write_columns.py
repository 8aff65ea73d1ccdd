"""Where Write's texts appear: one column, or one for each temperature, and the likeliest next tokens."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.histogram import Bars
from studio.ui.widgets.labels import label

COLUMNS = 3
SMALLEST = 0.0005


class TextColumns(QWidget):
    """Up to three texts side by side, each under its temperature."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._shown: tuple[float, ...] = ()
        self._places: list[QWidget] = []
        self.outputs = [_output(f"Text {number}") for number in range(1, COLUMNS + 1)]
        self._heads = [label("", "muted") for _ in range(COLUMNS)]
        self.likely = Bars(theme, "Likeliest next tokens")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_M)
        for head, output in zip(self._heads, self.outputs, strict=True):
            place = QWidget()
            column = QVBoxLayout(place)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(SPACE_S)
            column.addWidget(head)
            column.addWidget(output, 1)
            row.addWidget(place, 2)
            self._places.append(place)
        self._side = QWidget()
        column = QVBoxLayout(self._side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(label("Likeliest next tokens", "muted"))
        column.addWidget(self.likely)
        column.addStretch(1)
        self._side.hide()
        row.addWidget(self._side, 1)

    def show_columns(self, temperatures: Sequence[float]) -> None:
        """Show one column for each temperature."""
        self._shown = tuple(temperatures)
        for column, (head, output) in enumerate(zip(self._heads, self.outputs, strict=True)):
            self._places[column].setVisible(column < len(self._shown))
            if column < len(self._shown):
                head.setText(f"Temperature {self._shown[column]:g}")
                output.setAccessibleName(f"Text at temperature {self._shown[column]:g}")

    def begin(self, prompt: str) -> None:
        """Start every text with the prompt."""
        for output in self.outputs:
            output.setPlainText(prompt)

    def append(self, column: int, text: str) -> None:
        """Add text at the end of a column and keep the end in sight."""
        cursor = QTextCursor(self.outputs[column].document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text)
        self.outputs[column].verticalScrollBar().setValue(self.outputs[column].verticalScrollBar().maximum())

    def text(self) -> str:
        """Return the text, or the texts of a comparison with their temperatures; "" when there is none."""
        shown = [(t, o.toPlainText()) for t, o in zip(self._shown, self.outputs, strict=False)]
        if not any(text for _, text in shown):
            return ""
        if len(shown) == 1:
            return shown[0][1]
        return "\n\n".join(f"[temperature {t:g}]\n{text}" for t, text in shown)

    def show_likely(self, tokens: Sequence[tuple[str, float]] | None) -> None:
        """List (token, probability), likeliest first, down to 0.1 %; None or nothing hides the list."""
        tokens = [t for t in tokens or () if t[1] >= SMALLEST]
        self._side.setVisible(bool(tokens))
        if tokens:
            shares = [p for _, p in tokens]
            self.likely.show_values([t for t, _ in tokens], shares, [f"{100 * p:.1f} %" for p in shares])


def _output(name: str) -> QPlainTextEdit:
    made = QPlainTextEdit()
    made.setReadOnly(True)
    made.setTabChangesFocus(True)
    made.setAccessibleName(name)
    return made
