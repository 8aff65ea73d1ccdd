"""A picture that can be looked at closely and compared with what it was: zoom, pan, split between before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.theme import SPACE_S, Theme
from studio.ui.widgets import canvas_paint as paint
from studio.ui.widgets.viewport import Viewport

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOOTER = 24


class CanvasScreen(QWidget):
    """Shows one picture, or two that share its rectangle.

    Signals:
        split_moved: the split, 0..1.

    Args:
        theme: for colours and sizes.
        name: accessible name.
        hint: shown while there is no picture.
    """

    split_moved = Signal(float)

    def __init__(self, theme: Theme, name: str, hint: str = "") -> None:
        super().__init__()
        self._theme, self._hint, self._caption = theme, hint, ""
        self._port = Viewport()
        self._before: paint.ScreenPicture | None = None
        self._after: paint.ScreenPicture | None = None
        self._comparing, self._split = False, 0.5
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(theme.px(160), theme.px(120))
        theme.changed.connect(self._arrange)

    # ---- content

    def show_before(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show the original, uint8 (H, W, 3); None takes it away."""
        self._before = None if pixels is None else paint.ScreenPicture(pixels)
        self._take_size()

    def show_after(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show the result, uint8 (H, W, 3); any size is scaled to the rectangle of the original."""
        self._after = None if pixels is None else paint.ScreenPicture(pixels)
        self._take_size()

    def _take_size(self) -> None:
        shown = self._before or self._after
        if shown is None:
            self._port.picture = QSizeF()
        else:
            self._port.set_picture(shown.width, shown.height)
        self.update()

    def set_caption(self, text: str) -> None:
        """Write a small text below the picture, such as "2 of 4 · 457 × 685"."""
        if text != self._caption:
            self._caption = text
            self.update(self._footer().toAlignedRect())

    def set_hint(self, hint: str) -> None:
        """Say something else while there is no picture."""
        self._hint = hint
        self.update()

    @property
    def is_empty(self) -> bool:
        """Whether there is no picture."""
        return self._before is None and self._after is None

    @property
    def comparing(self) -> bool:
        """Whether before and after share the rectangle."""
        return self._comparing

    def set_comparing(self, on: bool) -> None:
        """Share the rectangle between before (left) and after (right), or show the result only."""
        self._comparing = on
        self.update()

    @property
    def split(self) -> float:
        """Where before ends and after begins: 0..1 of the picture's width."""
        return self._split

    def set_split(self, position: float) -> None:
        """Move the split (clipped to 0..1)."""
        position = min(max(position, 0.0), 1.0)
        if position != self._split:
            self._split = position
            self.update()
            self.split_moved.emit(position)

    @property
    def _is_split(self) -> bool:
        return self._comparing and self._before is not None and self._after is not None

    # ---- zoom

    @property
    def zoom(self) -> float:
        """Device pixels per picture pixel: 1.0 is 100 %."""
        return self._port.zoom

    @property
    def picture_rect(self) -> QRectF:
        """Where the whole picture lies, in logical pixels of the widget."""
        return self._port.rect

    def fit(self) -> None:
        """Show the whole picture and keep it whole."""
        self._port.fit()
        self.update()

    def actual_size(self) -> None:
        """Show one picture pixel per screen pixel, about the middle."""
        self.zoom_to(1.0)

    def zoom_to(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom (1.0 is 100 %) about a position of the widget, the middle of the view without one."""
        self._port.zoom_to(zoom, self._port.view.center() if at is None else at)
        self.update()

    def pan(self, x: float, y: float) -> None:
        """Move an enlarged picture by logical pixels."""
        self._port.pan(QPointF(x, y))
        self.update()

    def _view_rect(self) -> QRectF:
        margin = self._theme.px(SPACE_S)
        return QRectF(self.rect()).adjusted(margin, margin, -margin, -self._theme.px(FOOTER))

    def _footer(self) -> QRectF:
        height = self._theme.px(FOOTER)
        return QRectF(0, self.height() - height, self.width(), height)

    def _arrange(self) -> None:
        view = self._view_rect()
        if view.width() >= 1 and view.height() >= 1:
            self._port.set_view(view, self.devicePixelRatioF())
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the picture in place."""
        self._arrange()

    def event(self, event: QEvent) -> bool:
        """Follow the window to a screen with other pixels."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._arrange()
        return super().event(event)

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, what lies over it and the footer, or the hint."""
        painter = QPainter(self)
        paint.paint_ground(painter, self._theme, QRectF(self.rect()), self.hasFocus())
        if self.is_empty:
            paint.paint_hint(painter, self._theme, self._port.view, self._hint)
            return
        split = self._split if self._is_split else None
        paint.paint_pictures(painter, self._port, self._before, self._after, split)
        self._paint_over(painter)
        x = None if split is None else paint.split_position(self._port, split)
        if self._footer().intersects(QRectF(event.rect())):
            paint.paint_footer(painter, self._theme, self._footer(), self._status(), self._caption, x)

    def _paint_over(self, painter: QPainter) -> None:
        if self._is_split:
            paint.paint_split(painter, self._theme, self._port, self._split, self.hasFocus())

    def _status(self) -> str:
        percent = f"{100 * self.zoom:.0f} %" if self.zoom >= 0.1 else f"{100 * self.zoom:.1f} %"
        return f"Fit · {percent}" if self._port.is_fit else percent
