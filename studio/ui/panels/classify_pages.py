"""The left side of Classify: predictions, the confusion matrix, and the layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from studio.ui.jobs import Latest
from studio.ui.panels import classify_work as work
from studio.ui.panels.explore_fields import bar, choice, named, whole
from studio.ui.theme import SPACE_L, SPACE_M, SPACE_S
from studio.ui.widgets.class_bars import ClassBars
from studio.ui.widgets.confusion import ConfusionView
from studio.ui.widgets.labels import button, label
from studio.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.runs.insight import Judged
    from studio.ui.panels.classify_work import Opened, What
    from studio.ui.panels.explore_model import Session
    from studio.ui.theme import Theme

HINT = "Held-out pictures and their answers appear here."
CELL_HINT = "Click a cell to see its pictures; or walk with the arrow keys and press Return."
NOTE = 64
"""Height of the words about a cell, so that nothing moves when they change."""


class PredictionsPage(QWidget):
    """Held-out pictures with the answers they got.

    Signals:
        picked: position of a picture in `Judged`.
    """

    picked = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._judged: Judged | None = None
        self._cell: tuple[int, int] | None = None
        self._hint = HINT
        self.index: list[int] = []
        shown = (("All", "all"), ("Right", "right"), ("Wrong", "wrong"))
        self.which = choice("Which answers", shown, self.refresh)
        self.order = choice("Order", (("Surest first", "sure"), ("Least sure first", "unsure")), self.refresh)
        self.count_box = whole("Number of pictures", 1, 400, 48, self.refresh)
        self.all_button = button("Every class", lambda: self.show_cell(None))
        self.all_button.setToolTip("Show the pictures of every class again")
        self.note = label("", "muted")
        self.picture = PictureView(theme, "Predictions", HINT, pickable=True)
        self.picture.picked.connect(lambda i: self.picked.emit(self.index[i]))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, SPACE_M)
        column.setSpacing(0)
        controls = (named("Show", self.which), self.order, named("Pictures", self.count_box), self.all_button)
        column.addWidget(bar(*controls, None, self.note))
        column.addWidget(self.picture, 1)
        self.all_button.hide()

    def show_judged(self, judged: Judged | None, trouble: str = "") -> None:
        """Show a model's answers; None empties the page and says what the trouble is."""
        self._judged, self._cell = judged, None
        self._hint = f"There are no answers to show: {trouble}" if trouble else HINT
        self.refresh()

    def show_cell(self, cell: tuple[int, int] | None) -> None:
        """Show only the pictures of this truth and answer; None shows every one again."""
        self._cell = cell
        self.which.blockSignals(True)
        self.which.setCurrentIndex(0)
        self.which.blockSignals(False)
        self.refresh()

    def refresh(self) -> None:
        """Show what the controls say."""
        judged = self._judged
        self.all_button.setVisible(self._cell is not None)
        self.which.setEnabled(self._cell is None)
        if judged is None:
            self.index = []
            self.picture.clear(self._hint)
            self.note.setText("")
            return
        found = judged.chosen(str(self.which.currentData()), self._cell).tolist()
        if self.order.currentData() == "unsure":
            found.reverse()
        self.index = found[: self.count_box.value()]
        self.note.setText(self._said(judged, len(found)))
        if self.index:
            captions = [self._caption(judged, i) for i in self.index]
            self.picture.show_sheet(judged.pixels[self.index], captions=captions, gap=8)
        else:
            self.picture.clear("There are none.")

    def _caption(self, judged: Judged, i: int) -> str:
        said, truth = judged.classes[judged.answers[i]], judged.classes[judged.labels[i]]
        return (
            f"{said} {judged.sureness[i]:.0%}" if judged.right[i] else f"✗ {said} {judged.sureness[i]:.0%}, is {truth}"
        )

    def _said(self, judged: Judged, many: int) -> str:
        if self._cell is not None:
            truth, said = (judged.classes[i] for i in self._cell)
            return f"{many:,} of {truth} named {said}"
        return f"{judged.accuracy:.2%} of {len(judged.labels):,} right"


class ConfusionPage(QWidget):
    """The matrix, and the accuracy on each class beside it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.matrix = ConfusionView(theme)
        self.bars = ClassBars(theme, "Accuracy by class", stand_out=False, worst_first=True)
        self.note = label(CELL_HINT, "muted", wrap=True)
        self.note.setMinimumHeight(theme.px(NOTE))
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.matrix.pointed.connect(lambda told: self.note.setText(told or CELL_HINT))
        rows = QWidget()
        below = QVBoxLayout(rows)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(self.bars)
        below.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(rows)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName("Accuracy by class")
        side = QWidget()
        right = QVBoxLayout(side)
        right.setContentsMargins(0, SPACE_M, SPACE_L, 0)
        right.setSpacing(SPACE_S)
        right.addWidget(label("Right by class", "title"))
        right.addWidget(scroll, 1)
        right.addWidget(self.note)
        side.setFixedWidth(theme.px(250))
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_M, SPACE_M, 0, SPACE_M)
        row.setSpacing(SPACE_L)
        row.addWidget(self.matrix, 1)
        row.addWidget(side)

    def show_judged(self, judged: Judged | None) -> None:
        """Show where a model errs; None empties the page."""
        if judged is None:
            self.matrix.show_counts(None)
            self.bars.clear()
        else:
            self.matrix.show_counts(judged.confusion, judged.classes)
            self.bars.show_values(judged.classes, judged.by_class.tolist())


class LayersPage(QWidget):
    """Feature maps of the current picture, or filters, of any layer; newest request first.

    Signals:
        drawn: they are on the screen.
    """

    drawn = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._opened: Opened | None = None
        self._pixels: NDArray[np.uint8] | None = None
        self.layer_box = QComboBox()
        self.layer_box.setAccessibleName("Layer")
        self.layer_box.setMinimumContentsLength(24)
        self.layer_box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.layer_box.currentIndexChanged.connect(lambda *_: self._chosen())
        shown = (("Feature maps", "maps"), ("Filters", "filters"))
        self.what_box = choice("Maps or filters", shown, self.refresh)
        self.note = label("", "muted")
        self.picture = PictureView(
            theme, "Inside the layer", "Draw or choose a picture to see what the layer makes of it."
        )
        self._worker = Latest(self)
        self._worker.arrived.connect(self._arrived)
        self._worker.failed.connect(self._failed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, SPACE_M)
        column.setSpacing(0)
        column.addWidget(bar(named("Layer", self.layer_box), self.what_box, self.note))
        column.addWidget(self.picture, 1)

    def open(self, opened: Opened | None) -> None:
        """Offer a model's layers."""
        self._worker.drop()
        self._opened, self._pixels = opened, None
        self.picture.clear()
        self.layer_box.blockSignals(True)
        self.layer_box.clear()
        for layer in opened.layers if opened is not None else ():
            self.layer_box.addItem(layer.title, layer)
        self.layer_box.blockSignals(False)
        self._chosen()

    def look_at(self, pixels: NDArray[np.uint8]) -> None:
        """Show what the layer makes of a picture uint8 (H, W, C)."""
        self._pixels = pixels
        self.refresh()

    def refresh(self) -> None:
        """Ask a worker for what the controls say."""
        layer, what = self.layer_box.currentData(), self._what
        if self._opened is None or layer is None or (self._pixels is None and what == "maps"):
            return
        self._worker.submit(_stamped, self._opened.session, self._pixels, layer.name, what)

    def close_worker(self) -> None:
        """End the worker."""
        self._worker.close()

    @property
    def _what(self) -> What:
        return "filters" if self.what_box.currentData() == "filters" and self.what_box.isEnabled() else "maps"

    def _chosen(self) -> None:
        layer = self.layer_box.currentData()
        able = layer is not None and layer.filters
        self.what_box.setEnabled(able)
        self.what_box.setToolTip("" if able else "Only convolutions, and a Dense layer on pixels, have filters to see")
        self.refresh()

    def _arrived(self, found: tuple[Session, str, NDArray[np.uint8]]) -> None:
        session, what, pictures = found
        if self._opened is not None and session is self._opened.session:
            self.picture.show_sheet(pictures, gap=3)
            thing = "filter" if what == "filters" else "map"
            self.note.setText(f"{len(pictures):,} {thing}{'' if len(pictures) == 1 else 's'}")
            self.drawn.emit()

    def _failed(self, error: BaseException) -> None:
        advice = getattr(error, "what_to_do", "")
        self.note.setText("")
        self.picture.clear(f"{getattr(error, 'what', error)} {advice}".strip())


def _stamped(
    session: Session, pixels: NDArray[np.uint8], layer: str, what: What
) -> tuple[Session, str, NDArray[np.uint8]]:
    return session, what, work.inside(session, pixels, layer, what)
