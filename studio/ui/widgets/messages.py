"""What was told in this session, newest first, with its details."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from studio.ui.notify import Notification
from studio.ui.theme import Theme
from studio.ui.widgets.overlay import Overlay


class Messages(Overlay):
    """A text that can be read again and copied."""

    def __init__(self, host: QWidget, theme: Theme, history: Sequence[Notification]) -> None:
        super().__init__(host, theme, "Messages", width=760)
        blocks = [
            "\n".join(line for line in (f"[{n.severity}] {n.text}", n.what_to_do, n.details) if line)
            for n in reversed(history)
        ]
        self.text = QPlainTextEdit("\n\n".join(blocks) or "Nothing was told yet.")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFont(theme.mono())
        self.text.setMinimumHeight(theme.px(380))
        self.text.setAccessibleName("Messages of this session")
        self.body.addWidget(self.text)
