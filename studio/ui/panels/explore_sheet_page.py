"""The base of Explore's pages that show a sheet of pictures, computed in a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.ui.jobs import Latest
from studio.ui.panels.explore_fields import bar
from studio.ui.theme import SPACE_M
from studio.ui.widgets.labels import label
from studio.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.panels.explore_model import Session
    from studio.ui.panels.explore_state import Walker
    from studio.ui.theme import Theme


class SheetPage(QWidget):
    """A sheet that is computed in a worker when it is visible and something about it changed.

    Subclasses make their controls, and say what to compute (`_work`) and how to show it (`_show`).
    """

    hint = ""
    name = ""
    drawn = Signal()
    """The sheet is on the screen."""

    def __init__(self, walker: Walker) -> None:
        super().__init__()
        self._walker = walker
        self._stale = True
        self._worker = Latest(self)
        self._worker.arrived.connect(self._arrived)
        self._worker.failed.connect(self._failed)
        self._soon = QTimer(self, singleShot=True, interval=60)
        self._soon.timeout.connect(self._compute)
        self.picture = self._view(walker.panel.context.theme)
        self.picture.picked.connect(self._picked)
        self.note = label("", "muted")
        self.points: NDArray[np.float32] | None = None
        self.settings: dict[str, Any] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, SPACE_M)
        column.setSpacing(0)
        column.addWidget(bar(*self._controls(), None, self.note, *self._buttons()))
        column.addWidget(self._body(), 1)
        walker.opened.connect(self._opened)

    def showEvent(self, event: QShowEvent) -> None:
        """Compute what changed while the page was hidden."""
        super().showEvent(event)
        if self._stale:
            self._soon.start()

    def refresh(self) -> None:
        """Compute again, at once when visible."""
        self._stale = True
        if self.isVisible():
            self._soon.start()

    def close_worker(self) -> None:
        """End the worker."""
        self._worker.close()

    def _opened(self) -> None:
        self._worker.drop()
        self.picture.clear()
        self.points = None
        self.note.setText("")
        self.refresh()

    def _compute(self) -> None:
        session = self._walker.session
        if session is None or not self._possible(session):
            return
        self._stale = False
        self.note.setText("Working…")
        self._worker.submit(_stamped, session, *self._work(session))

    def _arrived(self, answer: tuple[Session, Any]) -> None:
        if answer[0] is self._walker.session:
            self.note.setText("")
            self._show(answer[1])
            self.drawn.emit()

    def _failed(self, error: BaseException) -> None:
        self.note.setText("")
        advice = getattr(error, "what_to_do", "")
        self.picture.clear(f"{getattr(error, 'what', error)} {advice}".strip())

    def _picked(self, index: int) -> None:
        pixels = self.picture.pictures
        if self.points is not None and pixels is not None and index < len(self.points):
            self._walker.show_example(self.points[index], pixels[index])

    def _view(self, theme: Theme) -> PictureView:
        """Return what shows the sheet."""
        return PictureView(theme, self.name, self.hint, pickable=True)

    def _body(self) -> QWidget:
        """Return what stands below the controls."""
        return self.picture

    def _buttons(self) -> list[QWidget]:
        """Return what stands at the right of the controls, after the note."""
        return []

    def _controls(self) -> list[QWidget | None]:
        raise NotImplementedError

    def _possible(self, session: Session) -> bool:
        raise NotImplementedError

    def _work(self, session: Session) -> tuple[Any, ...]:
        raise NotImplementedError

    def _show(self, result: Any) -> None:
        raise NotImplementedError


def _stamped(session: Session, fn: Any, *args: Any) -> tuple[Session, Any]:
    return session, fn(*args)
