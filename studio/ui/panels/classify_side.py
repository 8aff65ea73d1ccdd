"""The right side of Classify: the pad, the answer, and which pixels it hangs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.ui.jobs import Latest
from studio.ui.panels import classify_work as work
from studio.ui.panels.explore_fields import choice, named, names
from studio.ui.theme import SPACE_M, SPACE_S
from studio.ui.widgets.class_bars import ClassBars
from studio.ui.widgets.draw_pad import DrawPad
from studio.ui.widgets.labels import ElidedLabel, button, label
from studio.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.panels.classify_work import Opened
    from studio.ui.panels.explore_model import Session
    from studio.ui.theme import Theme


class ClassifySide(QWidget):
    """One picture that is classified as it is drawn; the newest stroke wins.

    Signals:
        answered: the answer of the newest picture is on the screen (it waits in `bars`).
        looked: the saliency of the newest picture is on the screen.
        changed: the picture, uint8 (H, W, C).
        file_wanted: the button that opens a picture.
    """

    answered = Signal()
    looked = Signal()
    changed = Signal(object)
    file_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._opened: Opened | None = None
        self._given = ""
        self.pad = DrawPad(theme)
        self.title = ElidedLabel("Draw here", "title")
        self.clear_button = button("Clear", self.clear)
        self.file_button = button("Open picture…", self.file_wanted.emit)
        self.bars = ClassBars(theme, "Probabilities", "The model's answer appears here.")
        self.method = choice("Saliency method", work.SALIENCY, self.refresh)
        self.target = names("Class", self.refresh)
        self.saliency = PictureView(theme, "Saliency", "Which pixels the answer hangs on.")
        self._answers, self._looks = Latest(self), Latest(self)
        self._answers.arrived.connect(self._show_answer)
        self._looks.arrived.connect(self._show_saliency)
        for worker in (self._answers, self._looks):
            worker.failed.connect(self._failed)
        self._rest = QTimer(self, singleShot=True, interval=60)
        self._rest.timeout.connect(self._look)
        self.pad.changed.connect(self._drawn)
        self._build(theme)

    def _build(self, theme: Theme) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE_M)
        head.addWidget(label("Answer", "title"))
        head.addStretch(1)
        head.addWidget(self.clear_button)
        head.addWidget(self.file_button)
        choices = QHBoxLayout()
        choices.setSpacing(SPACE_S)
        choices.addWidget(named("Why", self.method))
        choices.addWidget(self.target, 1)
        self.saliency.setMinimumSize(theme.px(120), theme.px(120))
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_M)
        column.addWidget(self.title)
        column.addWidget(self.pad, 3)
        column.addLayout(head)
        column.addWidget(self.bars)
        column.addLayout(choices)
        column.addWidget(self.saliency, 2)

    def open(self, opened: Opened | None) -> None:
        """Classify with another model."""
        self._answers.drop()
        self._looks.drop()
        self._rest.stop()
        self._opened = opened
        self.bars.clear()
        self.saliency.clear()
        self.target.blockSignals(True)
        self.target.clear()
        self.target.addItem("The answer", -1)
        for i, name in enumerate(opened.session.classes if opened is not None else ()):
            self.target.addItem(name, i)
        self.target.blockSignals(False)
        if opened is not None:
            self.title.setText("Draw here")
            self.pad.set_shape(opened.shape)

    def show_picture(self, pixels: NDArray[np.uint8], title: str) -> None:
        """Put a picture uint8 (H, W, C) on the pad."""
        self._given = title
        self.pad.show_pixels(pixels)

    def clear(self) -> None:
        """Empty the pad."""
        self.pad.clear()

    def refresh(self) -> None:
        """Look again at what is on the pad."""
        if self._opened is not None and self.bars.rows:
            self._look()

    def close_workers(self) -> None:
        """End the workers."""
        self._rest.stop()
        self._answers.close()
        self._looks.close()

    def _drawn(self) -> None:
        pixels = self.pad.pixels
        self.title.setText(self._given or "Draw here")
        self._given = ""
        if self._opened is None or pixels is None:
            return
        if not pixels.any():  # an empty pad is no question
            self._answers.drop()
            self._looks.drop()
            self._rest.stop()
            self.bars.clear()
            self.saliency.clear()
            return
        self._answers.submit(_answered, self._opened.session, pixels)
        self.changed.emit(pixels)

    def _show_answer(self, found: tuple[Session, NDArray[np.float32]]) -> None:
        session, probabilities = found
        if self._opened is None or session is not self._opened.session:
            return
        self.bars.show_values(session.classes, probabilities.tolist())
        self._rest.start()
        self.answered.emit()

    def _look(self) -> None:
        pixels = self.pad.pixels
        if self._opened is None or pixels is None or not self.bars.rows:
            return
        session, wanted = self._opened.session, int(self.target.currentData())
        target = wanted if wanted >= 0 else session.classes.index(self.bars.best)
        self._looks.submit(_looked, session, pixels, target, self.method.currentData())

    def _show_saliency(self, found: tuple[Session, NDArray[np.uint8]]) -> None:
        if self._opened is not None and found[0] is self._opened.session:
            self.saliency.show_pixels(found[1])
            self.looked.emit()

    def _failed(self, error: BaseException) -> None:
        advice = getattr(error, "what_to_do", "")
        self.saliency.clear(f"{getattr(error, 'what', error)} {advice}".strip())


def _answered(session: Session, pixels: NDArray[np.uint8]) -> tuple[Session, NDArray[np.float32]]:
    return session, work.answer(session, pixels)


def _looked(session: Session, pixels: NDArray[np.uint8], target: int, method: str) -> tuple[Session, NDArray[np.uint8]]:
    return session, work.salient(session, pixels, target, method)
