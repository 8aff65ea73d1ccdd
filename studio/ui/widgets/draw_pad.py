"""A pad of few large pixels to draw a digit on, with the mouse or the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.widgets.picture import to_image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.theme import Theme

RADIUS = 0.045
"""Radius of the pen as a share of the side; about the stroke of a digit of MNIST."""
SOFT = 0.9
"""Pixels over which a stroke fades."""
MIDDLE = 0.5


class DrawPad(QWidget):
    """White strokes on a picture of the model's own size; the right button, or Shift, erases.

    With the keyboard: the arrow keys move the pen, Space lowers and lifts it, Delete clears.

    Signals:
        changed: something was drawn, erased, cleared or shown.

    Args:
        theme: for colours and sizes.
    """

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._pixels: NDArray[np.uint8] | None = None
        self._last: QPointF | None = None
        self._pen = QPointF(MIDDLE, MIDDLE)
        self._down = False
        self.setAccessibleName("Drawing pad")
        self.setToolTip("Draw with the left button, erase with the right; or arrow keys, and Space to lower the pen")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(theme.px(140), theme.px(140))
        theme.changed.connect(self.update)

    @property
    def pixels(self) -> NDArray[np.uint8] | None:
        """What is on the pad, uint8 (H, W, C); None before `set_shape`."""
        return None if self._pixels is None else self._pixels.copy()

    def set_shape(self, shape: tuple[int, int, int]) -> None:
        """Become an empty pad of (H, W, C)."""
        import numpy as np

        self.show_pixels(np.zeros(shape, np.uint8))

    def show_pixels(self, pixels: NDArray[np.uint8]) -> None:
        """Show a picture uint8 (H, W, C), to be drawn on."""
        self._pixels = pixels.copy()
        self._touch()

    def clear(self) -> None:
        """Begin again."""
        if self._pixels is not None:
            self._pixels[:] = 0
            self._touch()

    def stroke(self, start: QPointF, end: QPointF, *, erase: bool = False) -> None:
        """Draw a line between two places, both in 0..1 of the pad."""
        import numpy as np

        if self._pixels is None:
            return
        height, width, _ = self._pixels.shape
        rows, columns = np.mgrid[0:height, 0:width] + MIDDLE
        a, b = (np.array([p.x() * width, p.y() * height]) for p in (start, end))
        along, length = b - a, float(((b - a) ** 2).sum())
        offset = np.stack([columns - a[0], rows - a[1]], axis=-1)
        t = np.clip((offset @ along) / length, 0, 1) if length else np.zeros_like(columns)
        distance = np.sqrt(((offset - t[..., None] * along) ** 2).sum(axis=-1))
        ink = np.clip((max(height, width) * RADIUS + SOFT - distance) / SOFT, 0, 1)[..., None] * 255
        old = self._pixels.astype(np.float32)
        self._pixels = (np.minimum(old, 255 - ink) if erase else np.maximum(old, ink)).astype(np.uint8)
        self._touch()

    def area(self) -> QRect:
        """Return where the pad is drawn, in widget pixels."""
        if self._pixels is None:
            return self.rect()
        height, width, _ = self._pixels.shape
        scale = min(self.width() / width, self.height() / height)
        if scale > 1:
            scale = int(scale)  # whole multiples keep every pixel equally large
        rect = QRect(0, 0, max(1, int(width * scale)), max(1, int(height * scale)))
        rect.moveCenter(self.rect().center())
        return rect

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(self._theme.px(224), self._theme.px(224))

    def _touch(self) -> None:
        self.update()
        self.changed.emit()

    def _place(self, event: QMouseEvent) -> QPointF:
        area = self.area()
        x = (event.position().x() - area.left()) / area.width()
        return QPointF(x, (event.position().y() - area.top()) / area.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._last = self._place(event)
            self.stroke(self._last, self._last, erase=_erases(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it."""
        if self._last is not None:
            place = self._place(event)
            self.stroke(self._last, place, erase=_erases(event))
            self._last = place

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End it."""
        del event
        self._last = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move, lower and lift the pen; clear."""
        key = Qt.Key
        step = 1 / (self._pixels.shape[1] if self._pixels is not None else 28)
        moves = {
            key.Key_Left: QPointF(-step, 0),
            key.Key_Right: QPointF(step, 0),
            key.Key_Up: QPointF(0, -step),
            key.Key_Down: QPointF(0, step),
        }
        pressed = Qt.Key(event.key())
        if pressed in moves:
            before, wanted = self._pen, self._pen + moves[pressed]
            self._pen = QPointF(min(max(wanted.x(), 0.0), 1.0), min(max(wanted.y(), 0.0), 1.0))
            if self._down:
                self.stroke(before, self._pen, erase=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif pressed == key.Key_Space:
            self._down = not self._down
            if self._down:
                self.stroke(self._pen, self._pen)
        elif pressed in (key.Key_Delete, key.Key_Backspace):
            self.clear()
        else:
            super().keyPressEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Lift the pen."""
        self._down = False
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pixels, a frame, and the pen while the keyboard has it."""
        del event
        painter, area, tokens = QPainter(self), self.area(), self._theme.tokens
        if self._pixels is not None:
            smooth = self._pixels.shape[1] > area.width()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(area, to_image(self._pixels))
        focused = self.hasFocus()
        painter.setPen(QPen(QColor(tokens.accent if focused else tokens.border), self._theme.px(2 if focused else 1)))
        painter.drawRect(area.adjusted(0, 0, -1, -1))
        if focused:
            where = QPointF(area.left() + self._pen.x() * area.width(), area.top() + self._pen.y() * area.height())
            painter.setPen(QPen(QColor(tokens.red if self._down else tokens.accent), self._theme.px(2)))
            painter.drawEllipse(where, self._theme.px(5), self._theme.px(5))


def _erases(event: QMouseEvent) -> bool:
    right = bool(event.buttons() & Qt.MouseButton.RightButton)
    return right or bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
