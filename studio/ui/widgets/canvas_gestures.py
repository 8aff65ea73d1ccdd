"""Mouse and keyboard of a canvas: what presses, drags, the wheel and keys do to zoom, position and split."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QNativeGestureEvent, QPainter, QWheelEvent

from studio.ui.theme import Theme
from studio.ui.widgets import canvas_paint as paint
from studio.ui.widgets.canvas_screen import CanvasScreen

WHEEL_STEP, KEY_ZOOM = 1.2, 1.25
KEY_PAN, KEY_SPLIT, KEY_SPLIT_LARGE = 48, 0.01, 0.1
NEAR_LINE = 10
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
NOWHERE = QPointF(-1e6, -1e6)
HELP = (
    "Wheel, plus and minus zoom; 0 fits; 1 shows 100 %; the middle button, Space or Ctrl with the arrow keys pan. "
    "C compares with the original; Left and Right move the split, ten times as far with Shift."
)


class CanvasGestures(CanvasScreen):
    """A screen that follows the mouse and the keyboard; subclasses add meanings of a press (`_meaning`)."""

    def __init__(self, theme: Theme, name: str, hint: str = "") -> None:
        super().__init__(theme, name, hint)
        self._drag, self._space = "", False
        self._cursor = NOWHERE
        self.setAccessibleDescription(HELP)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    def set_comparing(self, on: bool) -> None:
        """Share the rectangle between before (left) and after (right), or show the result only."""
        super().set_comparing(on)
        self._aim()

    # ---- mouse

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom to the cursor."""
        steps = event.angleDelta().y() / 120
        if steps and not self.is_empty:
            self.zoom_to(self.zoom * WHEEL_STEP**steps, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to pan, to move the split, or what else a press means here."""
        if self._drag or self.is_empty:
            return
        self._cursor = event.position()
        self._drag = self._meaning(event.button())
        self._begin(event)
        self._aim()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it, or show what a press would do."""
        before, self._cursor = self._cursor, event.position()
        self._move(before)
        self._aim()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End it."""
        ended, self._drag = self._drag, ""
        self._end(ended)
        self._aim()
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Change between the whole picture and 100 %."""
        if self._meaning(event.button()) != "pan" or event.button() != Qt.MouseButton.LeftButton:
            self.mousePressEvent(event)
        elif self._port.is_fit:
            self.zoom_to(1.0, event.position())
        else:
            self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        """Forget the cursor."""
        self._cursor = NOWHERE
        self.update()

    def _meaning(self, button: Qt.MouseButton) -> str:
        """Return what a button would do at the cursor: "pan", "split" or ""."""
        left = button == Qt.MouseButton.LeftButton
        if button == Qt.MouseButton.MiddleButton or (left and self._space):
            return "pan"
        if left and self._near_split():
            return "split"
        return "pan" if left else ""

    def _near_split(self) -> bool:
        x = paint.split_position(self._port, self._split)
        return self._is_split and abs(self._cursor.x() - x) <= self._theme.px(NEAR_LINE)

    def _share(self) -> tuple[float, float]:
        share = self._port.share(self._cursor)
        return share.x(), share.y()

    def _begin(self, event: QMouseEvent) -> None:
        if self._drag == "split":
            self.set_split(self._share()[0])

    def _move(self, before: QPointF) -> None:
        if self._drag == "pan":
            by = self._cursor - before
            self.pan(by.x(), by.y())
        elif self._drag == "split":
            self.set_split(self._share()[0])

    def _end(self, ended: str) -> None:
        """Do what follows a drag; nothing for pan and split."""

    def _paint_over(self, painter: QPainter) -> None:
        if self._is_split:
            active = self.hasFocus() or self._drag == "split" or self._near_split()
            paint.paint_split(painter, self._theme, self._port, self._split, active)

    def _shape(self, meaning: str) -> Qt.CursorShape:
        if meaning == "split":
            return Qt.CursorShape.SplitHCursor
        if meaning == "pan" and (self._space or not self._port.is_fit):
            return Qt.CursorShape.ClosedHandCursor if self._drag else Qt.CursorShape.OpenHandCursor
        return Qt.CursorShape.ArrowCursor

    def _aim(self) -> None:
        """Give the mouse the shape of what it does or would do."""
        shape = Qt.CursorShape.ArrowCursor
        if not self.is_empty:
            shape = self._shape(self._drag or self._meaning(Qt.MouseButton.LeftButton))
        if self.cursor().shape() != shape:
            self.setCursor(shape)
            self.update()  # the handle lights up, the ring comes or goes

    # ---- keyboard

    def _keys(self) -> Mapping[Qt.Key, Callable[[], object]]:
        """Return what plain keys do."""
        key = Qt.Key
        larger, smaller = (lambda: self.zoom_to(self.zoom * KEY_ZOOM)), (lambda: self.zoom_to(self.zoom / KEY_ZOOM))
        return {
            key.Key_Plus: larger,
            key.Key_Equal: larger,
            key.Key_Minus: smaller,
            key.Key_0: self.fit,
            key.Key_1: self.actual_size,
            key.Key_C: lambda: self.set_comparing(not self._comparing),
        }

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom, pan, move the split, compare."""
        if event.key() == Qt.Key.Key_Space and not self.is_empty:
            self._space = True
            self._aim()
        elif not self._is_ours(event):
            super().keyPressEvent(event)
        elif (arrow := ARROWS.get(Qt.Key(event.key()))) is not None:
            self._arrow(*arrow, event.modifiers())
        else:
            self._keys()[Qt.Key(event.key())]()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Let go of Space."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._aim()
        else:
            super().keyReleaseEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that it went; Space is let go elsewhere."""
        self._space = False
        self.update()

    def event(self, event: QEvent) -> bool:
        """Keep our keys from the window's shortcuts; follow two fingers on a touch pad."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._is_ours(event):
            event.accept()
            return True
        pinch = Qt.NativeGestureType.ZoomNativeGesture
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == pinch:
            self.zoom_to(self.zoom * (1 + event.value()), event.position())
            return True
        return super().event(event)

    def _is_ours(self, event: QKeyEvent) -> bool:
        key, modifiers = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
        if self.is_empty or modifiers & ~(control | shift):
            return False
        if key in ARROWS:
            return True
        return (key in self._keys() or key == Qt.Key.Key_Space) and not modifiers & control

    def _arrow(self, x: int, y: int, modifiers: Qt.KeyboardModifier) -> None:
        """Move the split sideways where there is one, and otherwise (or with Ctrl) the picture."""
        if self._is_split and x and not modifiers & Qt.KeyboardModifier.ControlModifier:
            large = modifiers & Qt.KeyboardModifier.ShiftModifier
            self.set_split(self._split + x * (KEY_SPLIT_LARGE if large else KEY_SPLIT))
        else:
            self.pan(-x * self._theme.px(KEY_PAN), -y * self._theme.px(KEY_PAN))
