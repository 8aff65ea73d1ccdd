"""The picture of a canvas: zoom, pan, a split between before and after, and a brush that paints a mask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter

from studio.ui.theme import Theme
from studio.ui.widgets import canvas_paint as paint
from studio.ui.widgets.brush import RADIUS_MAX, RADIUS_MIN, Brush, mask_shape
from studio.ui.widgets.canvas_gestures import HELP, CanvasGestures
from studio.ui.widgets.mask_layer import MaskLayer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studio.ui.widgets.brush import Box

BRUSH_STEP = 1.15
BRUSH_HELP = (
    " Brush: the left button paints, Alt or the right button erases, [ and ] change its size, Esc cancels. "
    "By keyboard: the arrow keys carry it, four times as far with Shift, Enter paints a dab."
)
KEY_CARRY, KEY_CARRY_LARGE = 0.5, 2.0
"""How far an arrow key carries the brush, in radii."""


class CanvasView(CanvasGestures):
    """A picture that can be looked at closely, compared with what it was, and painted on.

    Signals:
        stroke_finished: (mask before, mask after), each float32 (h, w) 0..1 or None: nothing is painted. The arrays are
            never changed afterwards; undo belongs to the panel.
        split_moved: the split, 0..1.
        brush_resized: the brush's radius as a share of the longer side, after [ or ].

    Args:
        theme: for colours and sizes.
        name: accessible name.
        hint: shown while there is no picture.
    """

    stroke_finished = Signal(object, object)
    brush_resized = Signal(float)

    def __init__(self, theme: Theme, name: str, hint: str = "") -> None:
        super().__init__(theme, name, hint)
        self._layer = MaskLayer()
        self._brush: Brush | None = None
        self._mask_shown = True
        self.setAccessibleDescription(HELP + BRUSH_HELP)
        theme.changed.connect(self._tint)
        self._tint()

    # ---- mask

    @property
    def mask(self) -> NDArray[np.float32] | None:  # type: ignore[override]  # a window's outline is not needed here
        """What is painted, float32 (h, w) 0..1 with at most 512 on the longer side; None: nothing is painted."""
        return self._layer.mask

    @property
    def mask_shown(self) -> bool:
        """Whether the overlay of the mask is drawn."""
        return self._mask_shown

    def set_mask(self, mask: NDArray[np.float32] | None, shown: bool = True) -> None:
        """Show a mask, float32 (h, w) 0..1, as a tint of the accent colour; nothing is sent."""
        self._layer.set_mask(mask)
        self._mask_shown = shown
        self._drag = "" if self._drag == "stroke" else self._drag
        self.update()

    def mask_fill(self) -> None:
        """Paint everything."""
        self._replace(np.ones(self._mask_shape(), np.float32))

    def mask_clear(self) -> None:
        """Take all paint away."""
        self._replace(None)

    def mask_invert(self) -> None:
        """Paint what is not painted and the other way round."""
        self._replace(np.ones(self._mask_shape(), np.float32) if self.mask is None else 1 - self.mask)

    def _mask_shape(self) -> tuple[int, int]:
        size = self._port.picture
        return mask_shape(round(size.width()), round(size.height())) if self.mask is None else self.mask.shape

    def _replace(self, mask: NDArray[np.float32] | None) -> None:
        before = self.mask
        if not self.is_empty and (before is not None or mask is not None):
            self.set_mask(mask)
            self.stroke_finished.emit(before, self.mask)

    # ---- brush

    @property
    def brush(self) -> Brush | None:
        """The brush in the hand; None while it is off."""
        return self._brush

    def set_brush(self, on: bool, radius: float = 0.08, softness: float = 0.5, erase: bool = False) -> None:
        """Turn the brush on or off.

        Args:
            on: whether the left button paints.
            radius: share of the picture's longer side, 0.004 to 0.5 (clipped).
            softness: share of the radius over which the edge fades, 0 to 1 (clipped).
            erase: whether the left button takes away.
        """
        radius, softness = min(max(radius, RADIUS_MIN), RADIUS_MAX), min(max(softness, 0.0), 1.0)
        self._brush = Brush(radius, softness, erase) if on else None
        self._aim()
        self.update()

    def _resize_brush(self, factor: float) -> None:
        if self._brush is not None:
            radius = min(max(self._brush.radius * factor, RADIUS_MIN), RADIUS_MAX)
            self._brush = replace(self._brush, radius=radius)
            self.update()
            self.brush_resized.emit(radius)

    def _keys(self) -> Mapping[Qt.Key, Callable[[], object]]:
        brush = {
            Qt.Key.Key_BracketLeft: lambda: self._resize_brush(1 / BRUSH_STEP),
            Qt.Key.Key_BracketRight: lambda: self._resize_brush(BRUSH_STEP),
            Qt.Key.Key_Return: self._dab,
            Qt.Key.Key_Enter: self._dab,
        }
        stroke = {Qt.Key.Key_Escape: self._cancel} if self._drag == "stroke" else {}
        return {**super()._keys(), **(brush if self._brush is not None else {}), **stroke}

    def _arrow(self, x: int, y: int, modifiers: Qt.KeyboardModifier) -> None:
        """Carry the brush; without one (or with Ctrl) do what arrow keys do otherwise."""
        if self._brush is None or modifiers & Qt.KeyboardModifier.ControlModifier:
            super()._arrow(x, y, modifiers)
            return
        rect, before = self._port.rect.intersected(QRectF(self.rect())), self._cursor
        start = before if rect.contains(before) else rect.center()
        large = modifiers & Qt.KeyboardModifier.ShiftModifier
        way = self._radius(self._brush) * (KEY_CARRY_LARGE if large else KEY_CARRY)
        left, top = start.x() + x * way, start.y() + y * way
        self._cursor = QPointF(
            min(max(left, rect.left()), rect.right() - 1), min(max(top, rect.top()), rect.bottom() - 1)
        )
        self._aim()
        self._update_ring(before)
        self._update_ring(self._cursor)

    def _dab(self) -> None:
        """Paint where the brush is, as a click does."""
        if self._brush is not None and not self._drag and self._port.rect.contains(self._cursor):
            size, self._mask_shown = self._port.picture, True
            self._update_box(self._layer.begin(round(size.width()), round(size.height()), self._brush, self._share()))
            self._end("stroke")
            self.update()

    def _cancel(self) -> None:
        self.set_mask(self.mask)

    def _meaning(self, button: Qt.MouseButton) -> str:
        plain = super()._meaning(button)
        paints = button in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)
        if self._brush is None or not paints or plain == "split" or self._space:
            return plain
        return "stroke"

    def _begin(self, event: QMouseEvent) -> None:
        super()._begin(event)
        if self._drag == "stroke" and self._brush is not None:
            alt = event.modifiers() & Qt.KeyboardModifier.AltModifier
            erase = self._brush.erase or bool(alt) or event.button() == Qt.MouseButton.RightButton
            size, self._mask_shown = self._port.picture, True
            brush = replace(self._brush, erase=erase)
            self._update_box(self._layer.begin(round(size.width()), round(size.height()), brush, self._share()))

    def _move(self, before: QPointF) -> None:
        super()._move(before)
        if self._drag == "stroke":
            self._update_box(self._layer.extend(self._share()))
        if self._brush is not None:
            self._update_ring(before)
            self._update_ring(self._cursor)

    def _end(self, ended: str) -> None:
        super()._end(ended)
        if ended == "stroke":
            before = self._layer.mask
            after = self._layer.finish()
            if before is not None or after is not None:
                self.stroke_finished.emit(before, after)

    # ---- painting

    def _tint(self) -> None:
        self._layer.set_colour(self._theme.tokens.accent)
        self.update()

    def _shape(self, meaning: str) -> Qt.CursorShape:
        return Qt.CursorShape.BlankCursor if meaning == "stroke" else super()._shape(meaning)

    def _paint_over(self, painter: QPainter) -> None:
        if self._layer.image is not None and self._mask_shown:
            paint.paint_mask(painter, self._port, self._layer.image)
        super()._paint_over(painter)
        brush = self._brush if self._layer.stroke is None else self._layer.stroke.brush
        if brush is not None and self.cursor().shape() == Qt.CursorShape.BlankCursor:
            radius = self._radius(brush)
            paint.paint_ring(painter, self._theme, self._cursor, radius, radius * (1 - brush.softness), brush.erase)

    def _status(self) -> str:
        status = super()._status()
        if self._brush is None:
            return status
        return f"{status} · {'eraser' if self._brush.erase else 'brush'} {100 * self._brush.radius:.2g} %"

    def _radius(self, brush: Brush) -> float:
        rect = self._port.rect
        return brush.radius * max(rect.width(), rect.height())

    def _update_ring(self, at: QPointF) -> None:
        if self._brush is not None:
            reach = self._radius(self._brush) + self._theme.px(6)
            self.update(QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach).toAlignedRect())

    def _update_box(self, box: Box) -> None:
        """Draw anew what changed of the mask."""
        if self._layer.stroke is None:
            return
        rows, columns = self._layer.stroke.mask.shape
        low = self._port.position(QPointF(box[1].start / columns, box[0].start / rows))
        high = self._port.position(QPointF(box[1].stop / columns, box[0].stop / rows))
        margin = self._port.rect.width() / columns + 2  # smooth scaling reaches over one mask pixel
        self.update(QRectF(low, high).adjusted(-margin, -margin, margin, margin).toAlignedRect())
