"""A confusion matrix whose cells can be walked and chosen: rows are the truth, columns the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from studio.ui.theme import FONT_SMALL, SPACE_S
from studio.ui.widgets.picture import to_image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.theme import Theme

LONGEST = 150
"""Pixels that the name of a class takes at most; longer ones are elided, and whole in the words about a cell."""
TITLE = 18
"""Height of the words "answer" and "truth"."""
NUMBERS_FROM = 22
"""Cells at least this wide show their count."""
LINES_FROM = 6
"""Cells at least this wide are parted by lines."""
STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
CHOOSES = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


@dataclass(frozen=True)
class _Plan:
    """Where everything is drawn, in widget pixels.

    Attributes:
        side: of a cell; edges are rounded, so that many classes fill the space.
        left: of the first cell; top: of the first cell.
        named: whether the classes have their names beside them.
        upright: whether the names above the columns are turned by a quarter, because they are wider than a cell.
    """

    side: float
    left: int
    top: int
    named: bool
    upright: bool

    def edge(self, number: int) -> int:
        """Return how far the beginning of a cell is from that of the first."""
        return round(number * self.side)


class ConfusionView(QWidget):
    """The matrix, coloured by the share of its row: accent on the diagonal, red beside it.

    The arrow keys walk from cell to cell; Return, Space or a click chooses one.

    Signals:
        chosen: (truth, answer) of a cell.
        pointed: what the cell under the mouse, or the one that was walked to, counts, in words; "" for none.

    Args:
        theme: for colours and sizes.
    """

    chosen = Signal(int, int)
    pointed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.counts: NDArray[np.int64] | None = None
        self._classes: tuple[str, ...] = ()
        self.current: tuple[int, int] | None = None
        self._hovered: tuple[int, int] | None = None
        self._strength: NDArray[np.float64] | None = None
        self.setAccessibleName("Confusion matrix")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(theme.px(240), theme.px(220))
        theme.changed.connect(self.update)

    def show_counts(self, counts: NDArray[np.int64] | None, classes: Sequence[str] = ()) -> None:
        """Show counts int64 (K, K) by truth and answer; None shows nothing."""
        self.counts, self._classes, self.current = counts, tuple(classes), None
        self._strength = None if counts is None else _strength(counts)
        self.setAccessibleDescription("")
        self.pointed.emit("")
        self.update()

    def cell(self, truth: int, answer: int) -> QRect:
        """Return where a cell is drawn, in widget pixels."""
        plan = self._plan()
        x, y = plan.edge(answer), plan.edge(truth)
        return QRect(plan.left + x, plan.top + y, plan.edge(answer + 1) - x, plan.edge(truth + 1) - y)

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(self._theme.px(420), self._theme.px(400))

    def walk_to(self, truth: int, answer: int) -> None:
        """Make a cell the current one, if there is such a cell."""
        count = len(self._classes)
        if 0 <= truth < count and 0 <= answer < count:
            self.current = truth, answer
            self.setAccessibleDescription(self._said(truth, answer))
            self.pointed.emit(self._said(truth, answer))
            self.update()

    def choose(self, truth: int, answer: int) -> None:
        """Choose a cell."""
        self.walk_to(truth, answer)
        if self.current == (truth, answer):
            self.chosen.emit(truth, answer)

    def _metrics(self) -> QFontMetrics:
        font = self.font()
        font.setPixelSize(self._theme.px(FONT_SMALL))
        return QFontMetrics(font)

    def _plan(self) -> _Plan:
        count, px, metrics = max(len(self._classes), 1), self._theme.px, self._metrics()
        gap, title = px(SPACE_S), px(TITLE)
        longest = min(max(map(metrics.horizontalAdvance, self._classes), default=0), px(LONGEST))
        # Names are shown where their lines have room; a line that is a little too wide is known only afterwards.
        named = min(self.width() - longest, self.height() - longest) / count >= metrics.height()
        beside = max(longest, metrics.horizontalAdvance("truth")) + 2 * gap if named else title + 2 * gap
        across = (self.width() - beside - gap) / count
        upright = named and longest > across - gap
        above = title + gap + ((longest + gap if upright else metrics.height()) if named else 0)
        side = max(min(across, (self.height() - above - gap) / count), 1.0)
        left = beside + max(0, round((self.width() - beside - side * count) / 2))
        return _Plan(side, left, above, named, upright)

    def _said(self, truth: int, answer: int) -> str:
        assert self.counts is not None
        many, name = int(self.counts[truth, answer]), self._classes[truth]
        said = f"{many:,} of {int(self.counts[truth].sum()):,} pictures of {name} "
        return said + ("named right" if truth == answer else f"taken for {self._classes[answer]}")

    def _at(self, x: float, y: float) -> tuple[int, int] | None:
        plan = self._plan()
        truth, answer = int((y - plan.top) // plan.side), int((x - plan.left) // plan.side)
        inside = self.counts is not None and 0 <= truth < len(self._classes) and 0 <= answer < len(self._classes)
        return (truth, answer) if inside else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the cell under the cursor."""
        found = self._at(event.position().x(), event.position().y())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.choose(*found)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what the cell under the cursor counts."""
        found = self._at(event.position().x(), event.position().y())
        if found != self._hovered:
            self._hovered = found
            self.pointed.emit(self._said(*found) if found is not None else "")

    def leaveEvent(self, event: QEvent) -> None:
        """Fall silent."""
        self._hovered = None
        self.pointed.emit("")
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk with the arrow keys; Return or Space chooses."""
        key = Qt.Key(event.key())
        if self.counts is None or key not in (*STEPS, *CHOOSES):
            super().keyPressEvent(event)
        elif key in CHOOSES:
            if self.current is not None:
                self.chosen.emit(*self.current)
        elif self.current is None:
            self.walk_to(0, 0)
        else:
            self.walk_to(self.current[0] + STEPS[key][0], self.current[1] + STEPS[key][1])

    def event(self, event: QEvent) -> bool:
        """Say in words what a cell counts."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            if (found := self._at(event.pos().x(), event.pos().y())) is not None:
                QToolTip.showText(event.globalPos(), self._said(*found), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the names, the cells and the choice."""
        del event
        painter, tokens = QPainter(self), self._theme.tokens
        font = painter.font()
        font.setPixelSize(self._theme.px(FONT_SMALL))
        painter.setFont(font)
        if self.counts is None:
            painter.setPen(QColor(tokens.muted))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), "The confusion matrix appears here.")
            return
        self._names(painter)
        self._cells(painter)
        if self.current is not None:
            painter.setPen(QPen(QColor(tokens.text), self._theme.px(2)))
            painter.drawRect(self.cell(*self.current).adjusted(0, 0, -1, -1))
        elif self.hasFocus():
            painter.setPen(QColor(tokens.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _names(self, painter: QPainter) -> None:
        """Write what rows and columns are, and the classes where they have room."""
        plan, px, metrics = self._plan(), self._theme.px, painter.fontMetrics()
        whole, gap = plan.edge(len(self._classes)), px(SPACE_S)
        painter.setPen(QColor(self._theme.tokens.muted))
        painter.drawText(QRect(plan.left, 0, whole, px(TITLE)), int(_CENTRE), "answer")
        if not plan.named:
            _turned(painter, QRect(plan.left - gap - px(TITLE), plan.top, px(TITLE), whole), "truth", _CENTRE)
            return
        room = min(px(LONGEST), plan.left - 2 * gap)
        painter.drawText(QRect(plan.left - gap - room, 0, room, px(TITLE)), int(_RIGHT), "truth")
        for i, name in enumerate(self._classes):
            row, column = self.cell(i, 0), self.cell(0, i)
            short = metrics.elidedText(name, _END, room)
            painter.drawText(QRect(plan.left - gap - room, row.top(), room, row.height()), int(_RIGHT), short)
            above = QRect(column.left(), px(TITLE), column.width(), plan.top - px(TITLE) - gap // 2)
            if plan.upright:
                _turned(painter, above, metrics.elidedText(name, _END, above.height()), _LEFT)
            else:
                painter.drawText(above, int(_CENTRE), metrics.elidedText(name, _END, above.width() - gap))

    def _cells(self, painter: QPainter) -> None:
        """Draw all cells as one enlarged picture: ten thousand rectangles of 100 classes would take a second."""
        plan, count = self._plan(), len(self._classes)
        whole = plan.edge(count)
        painter.drawImage(QRect(plan.left, plan.top, whole, whole), to_image(self._colours()))
        if plan.side >= LINES_FROM:
            painter.setPen(QColor(self._theme.tokens.surface))
            for i in range(1, count + 1):
                x, y = plan.left + plan.edge(i) - 1, plan.top + plan.edge(i) - 1
                painter.drawLine(x, plan.top, x, plan.top + whole - 1)
                painter.drawLine(plan.left, y, plan.left + whole - 1, y)
        if plan.side >= self._theme.px(NUMBERS_FROM):
            self._numbers(painter)

    def _colours(self) -> NDArray[np.uint8]:
        """Return the colour of each cell, uint8 (K, K, 3): the ground, covered by accent or red."""
        import numpy as np

        assert self._strength is not None
        tokens, diagonal = self._theme.tokens, np.eye(len(self._classes), dtype=bool)[..., None]
        colours = (QColor(name) for name in (tokens.control, tokens.accent, tokens.red))
        ground, accent, red = (np.array((c.red(), c.green(), c.blue())) for c in colours)
        cover = self._strength[..., None]
        return np.round(ground * (1 - cover) + np.where(diagonal, accent, red) * cover).astype(np.uint8)

    def _numbers(self, painter: QPainter) -> None:
        assert self.counts is not None
        assert self._strength is not None
        tokens = self._theme.tokens
        rows, columns = self.counts.nonzero()
        for truth, answer in zip(rows.tolist(), columns.tolist(), strict=True):
            strong = self._strength[truth, answer] > 0.6  # then the ground is nearly the colour itself
            painter.setPen(QColor(tokens.on_accent if strong else tokens.text))
            many = f"{int(self.counts[truth, answer]):,}"
            painter.drawText(self.cell(truth, answer), int(Qt.AlignmentFlag.AlignCenter), many)


def _strength(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how strongly each cell is coloured, float64 (K, K): single mistakes among thousands are still seen."""
    import numpy as np

    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.where(counts > 0, 0.2 + 0.8 * np.sqrt(share), 0.0)


def _turned(painter: QPainter, place: QRect, text: str, where: Qt.AlignmentFlag) -> None:
    """Write text that reads upwards into a place."""
    painter.save()
    painter.translate(place.bottomLeft())
    painter.rotate(-90)
    painter.drawText(QRect(0, 0, place.height(), place.width()), int(where), text)
    painter.restore()


_END = Qt.TextElideMode.ElideRight
_CENTRE = Qt.AlignmentFlag.AlignCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
