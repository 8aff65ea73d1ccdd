"""A row of controls that wraps: what stands at the right goes below when the row is too narrow for both."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget
from superqt import QFlowLayout

from studio.ui.theme import SPACE_M, SPACE_S


class Bar(QWidget):
    """Controls from the left, wrapping, and others at the right.

    Args:
        spacing: pixels between controls.
    """

    def __init__(self, spacing: int = SPACE_M) -> None:
        super().__init__()
        self._spacing = spacing
        self.left: list[QWidget] = []
        self._flow = QFlowLayout()
        self._flow.setContentsMargins(0, 0, 0, 0)
        self._flow.setHorizontalSpacing(spacing)
        self._flow.setVerticalSpacing(SPACE_S)
        self._rest = QHBoxLayout()
        self._rest.setSpacing(spacing)
        self._rest.addStretch(1)  # below, the right part stays at the right
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_S)
        self._box.setSpacing(spacing)
        self._box.addLayout(self._flow, 1)
        self._box.addLayout(self._rest)

    def add(self, widget: QWidget) -> None:
        """Add a control at the left."""
        self.left.append(widget)
        self._flow.addWidget(widget)

    def remove(self, widget: QWidget) -> None:
        """Take a control away from the left."""
        self.left.remove(widget)
        self._flow.removeWidget(widget)

    def add_right(self, widget: QWidget) -> None:
        """Add a control at the right."""
        self._rest.addWidget(widget)

    @property
    def wrapped(self) -> bool:
        """Whether the right part stands below."""
        return self._box.direction() == QBoxLayout.Direction.TopToBottom

    def event(self, event: QEvent) -> bool:
        """Look again when a control came, went or changed."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._arrange()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap or unwrap."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        tallest = max((w.sizeHint().height() for w in self.left), default=0)
        for widget in self.left:  # so that check boxes stand in the middle of the fields beside them
            if widget.minimumHeight() != tallest:
                widget.setMinimumHeight(tallest)
        margins = self._box.contentsMargins()
        needed = sum(w.sizeHint().width() + self._spacing for w in self.left if not w.isHidden())
        needed += self._rest.sizeHint().width() + margins.left() + margins.right()
        below = needed > self.width() and self._rest.count() > 1
        wanted = QBoxLayout.Direction.TopToBottom if below else QBoxLayout.Direction.LeftToRight
        if wanted != self._box.direction():
            self._box.setDirection(wanted)
