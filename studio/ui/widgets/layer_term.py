"""One term of an objective as a row: the layer, its channel or class, what it is about, its weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.labels import ElidedLabel, icon_button, label
from studio.ui.widgets.weight import WeightEdit

if TYPE_CHECKING:
    from studio.canvas.objective import Term

TOOL = 24
WEIGHT_LOW, WEIGHT_HIGH = -4.0, 4.0


class TermRow(QFrame):
    """A row of the layer editor.

    Signals:
        weighted: the weight, continuously.
        settled: the next change of the weight is a new edit.
        removed: the person wants the row gone.
        channels_wanted: the person wants to see the channels of this layer.
    """

    weighted = Signal(float)
    settled = Signal()
    removed = Signal()
    channels_wanted = Signal()

    def __init__(
        self, theme: Theme, term: Term, title: str, about: str, has_channels: bool, low: float = WEIGHT_LOW
    ) -> None:
        super().__init__()
        self._theme, self.term = theme, term
        self.setProperty("role", "card")
        self.setAccessibleName(title)
        self.title = label(title)
        self.about = ElidedLabel(about, "small")
        self.weight = WeightEdit(theme, title, low, WEIGHT_HIGH, least=None if low < 0 else low)
        self.grid_button = icon_button(
            theme, "grid", f"See what the channels of {term.layer} like", self.channels_wanted.emit
        )
        if not has_channels:  # (showing it before it has a parent would make it a window)
            self.grid_button.hide()
        self.remove_button = icon_button(theme, "close", f"Remove {title}", self.removed.emit)
        self._build()
        self.weight.changed.connect(self.weighted)
        self.weight.settled.connect(self.settled)
        theme.changed.connect(self._resize)
        self._resize()
        self.weight.set_value(term.weight)

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE_M)
        head.addWidget(self.title)
        head.addWidget(self.about, 1)
        tools = QHBoxLayout()
        tools.setSpacing(2)
        for tool in (self.grid_button, self.remove_button):
            tool.setStyleSheet("padding: 0; min-height: 0;")
            tools.addWidget(tool)
        head.addLayout(tools)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_S, SPACE_S, SPACE_S)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.weight)

    def set_removable(self, removable: bool) -> None:
        """Allow removing it, or say that one layer has to stay."""
        self.remove_button.setEnabled(removable)
        text = f"Remove {self.title.text()}" if removable else "One layer has to stay: add another first"
        self.remove_button.setToolTip(text)

    def _resize(self) -> None:
        for tool in (self.grid_button, self.remove_button):
            tool.setFixedSize(self._theme.px(TOOL), self._theme.px(TOOL))
