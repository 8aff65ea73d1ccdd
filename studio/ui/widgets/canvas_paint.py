"""How a canvas draws: pictures at any zoom, the split with its handle, the ring of the brush, the footer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from studio.ui.icons import tinted_pixmap
from studio.ui.theme import FONT_SMALL, RADIUS, SPACE_M, SPACE_S, Theme
from studio.ui.widgets.viewport import Viewport

if TYPE_CHECKING:
    from numpy.typing import NDArray

PIXELS_FROM = 4.0
"""Device pixels per picture pixel beyond which pixels are shown as squares."""
HINT_ICON = 40
GRIP = 13
LIGHT, SHADE = QColor(255, 255, 255), QColor(0, 0, 0, 150)


class ScreenPicture:
    """A picture in the screen's format, with halved copies that are made when they are first needed.

    Args:
        pixels: uint8 (H, W, 3).
    """

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        pixels = np.ascontiguousarray(pixels)
        height, width = pixels.shape[:2]
        borrowed = QImage(pixels.data, width, height, width * 3, QImage.Format.Format_RGB888)
        # The only copy: the raster engine draws 32 bit pixels six times as quickly as 24 bit ones.
        self._levels = [borrowed.convertToFormat(QImage.Format.Format_RGB32)]

    @property
    def width(self) -> int:
        """In its own pixels."""
        return self._levels[0].width()

    @property
    def height(self) -> int:
        """In its own pixels."""
        return self._levels[0].height()

    def draw(self, painter: QPainter, port: Viewport) -> None:
        """Draw it where the viewport says: smooth, but as squares beyond 400 % of a picture's full resolution."""
        rect = port.rect
        full = self.width >= port.picture.width()
        squares = full and not port.is_fit and port.zoom > PIXELS_FROM
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not squares)
        painter.drawImage(rect, self._level(rect.width() * port.ratio))

    def _level(self, width: float) -> QImage:
        """Return the smallest copy that need not be enlarged: skipping pixels would make thin lines flicker."""
        i = 0
        while self._levels[i].width() >= 2 * width and min(self._levels[i].width(), self._levels[i].height()) > 1:
            if i + 1 == len(self._levels):
                large = self._levels[i]
                self._levels.append(
                    large.scaled(
                        max(large.width() // 2, 1),
                        max(large.height() // 2, 1),
                        Qt.AspectRatioMode.IgnoreAspectRatio,
                        Qt.TransformationMode.SmoothTransformation,
                    )
                )
            i += 1
        return self._levels[i]


def split_position(port: Viewport, split: float) -> float:
    """Return the x of the split's line; it stays at the view's edge when the split lies outside."""
    x = port.rect.x() + split * port.rect.width()
    return min(max(x, port.view.left()), port.view.right())


def paint_pictures(
    painter: QPainter, port: Viewport, before: ScreenPicture | None, after: ScreenPicture | None, split: float | None
) -> None:
    """Draw the result, or both with a split at a share 0..1 of the width."""
    painter.save()
    painter.setClipRect(port.view, Qt.ClipOperation.IntersectClip)
    if before is None or after is None or split is None:
        shown = after or before
        if shown is not None:
            shown.draw(painter, port)
    else:
        x = port.rect.x() + split * port.rect.width()
        for picture, left, right in ((before, port.view.left(), x), (after, x, port.view.right())):
            painter.save()
            painter.setClipRect(QRectF(left, port.view.y(), max(right - left, 0), port.view.height()), _BOTH)
            picture.draw(painter, port)
            painter.restore()
    painter.restore()


_BOTH = Qt.ClipOperation.IntersectClip


def paint_mask(painter: QPainter, port: Viewport, image: QImage) -> None:
    """Draw the overlay of a mask over the picture."""
    painter.save()
    painter.setClipRect(port.view, _BOTH)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(port.rect, image)
    painter.restore()


def paint_split(painter: QPainter, theme: Theme, port: Viewport, split: float, active: bool) -> None:
    """Draw the line between before and after, and its grip."""
    x, view = split_position(port, split), port.view
    top, bottom = max(port.rect.top(), view.top()), min(port.rect.bottom(), view.bottom())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(QRectF(x - theme.px(2), top, 2 * theme.px(2), bottom - top), SHADE)
    painter.fillRect(QRectF(x - theme.px(1), top, 2 * theme.px(1), bottom - top), LIGHT)
    grip, middle = theme.px(GRIP), QPointF(x, (top + bottom) / 2)
    tokens = theme.tokens
    painter.setPen(QPen(SHADE, theme.px(3)))
    painter.setBrush(QColor(tokens.accent if active else "#ffffff"))
    painter.drawEllipse(middle, grip, grip)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.on_accent if active else "#15171c"))
    size = grip * 0.42
    for side in (-1, 1):
        tip = middle + QPointF(side * size * 1.6, 0)
        base = middle + QPointF(side * size * 0.6, 0)
        painter.drawPolygon(QPolygonF([tip, base + QPointF(0, size), base - QPointF(0, size)]))
    painter.restore()


def paint_ring(painter: QPainter, theme: Theme, at: QPointF, radius: float, inner: float, erase: bool) -> None:
    """Draw the brush: its edge, where its softness begins, and a bar while it erases. Radii in logical pixels."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    wide, thin = theme.px(3), theme.px(1)
    for colour, width in ((SHADE, wide), (LIGHT, thin)):
        painter.setPen(QPen(colour, width))
        painter.drawEllipse(at, radius, radius)
        if erase:
            painter.drawLine(at - QPointF(theme.px(4), 0), at + QPointF(theme.px(4), 0))
    if radius - inner > theme.px(4):
        painter.setPen(QPen(QColor(255, 255, 255, 130), thin, Qt.PenStyle.DotLine))
        painter.drawEllipse(at, inner, inner)
    if not erase:
        painter.setPen(QPen(LIGHT, theme.px(2)))
        painter.drawPoint(at)
    painter.restore()


def paint_footer(painter: QPainter, theme: Theme, rect: QRectF, left: str, right: str, split_x: float | None) -> None:
    """Write the zoom, the caption, and what is on which side of the split, below the picture."""
    font = painter.font()
    font.setPixelSize(theme.px(FONT_SMALL))
    painter.setFont(font)
    metrics, gap = painter.fontMetrics(), theme.px(SPACE_M)
    middle = int(Qt.AlignmentFlag.AlignVCenter)
    inside = rect.adjusted(gap, 0, -gap, 0)
    painter.setPen(QColor(theme.tokens.muted))
    painter.drawText(inside, middle | int(Qt.AlignmentFlag.AlignLeft), left)
    start = inside.left() + metrics.horizontalAdvance(left) + gap
    shown = metrics.elidedText(right, Qt.TextElideMode.ElideLeft, int(max(inside.right() - start, 0)))
    painter.drawText(inside, middle | int(Qt.AlignmentFlag.AlignRight), shown)
    end = inside.right() - metrics.horizontalAdvance(shown) - gap
    if split_x is not None:
        _paint_sides(painter, theme, rect, split_x, start, end)


def _paint_sides(painter: QPainter, theme: Theme, rect: QRectF, x: float, start: float, end: float) -> None:
    """Write "before" and "after" on their sides of the line, as near to it as the other texts allow."""
    metrics, gap = painter.fontMetrics(), theme.px(SPACE_S + 2)
    before, after = metrics.horizontalAdvance("before"), metrics.horizontalAdvance("after")
    if end - start < before + after + 2 * gap:
        return
    x = min(max(x, start + before + gap), end - after - gap)
    painter.setPen(QColor(theme.tokens.text))
    middle = int(Qt.AlignmentFlag.AlignVCenter)
    painter.drawText(QRectF(x - gap - before, rect.y(), before, rect.height()), middle, "before")
    painter.drawText(QRectF(x + gap, rect.y(), after + 1, rect.height()), middle, "after")
    painter.fillRect(QRectF(x - 0.5, rect.y() + gap, 1, rect.height() - 2 * gap), QColor(theme.tokens.muted))


def paint_hint(painter: QPainter, theme: Theme, view: QRectF, hint: str) -> None:
    """Draw an icon and what to do while there is no picture."""
    size, gap = theme.px(HINT_ICON), theme.px(SPACE_M)
    x, y = view.center().x() - size / 2, view.center().y() - size - gap
    painter.drawPixmap(QPointF(x, y), tinted_pixmap("picture", theme.tokens.muted, size))
    painter.setPen(QColor(theme.tokens.muted))
    below = view.adjusted(2 * gap, view.height() / 2 + gap, -2 * gap, -gap)
    painter.drawText(below, int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap), hint)


def paint_ground(painter: QPainter, theme: Theme, rect: QRectF, focused: bool) -> None:
    """Fill the canvas; mark the keyboard focus."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(theme.tokens.accent if focused else theme.tokens.surface))
    painter.setBrush(QColor(theme.tokens.surface))
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), theme.px(RADIUS), theme.px(RADIUS))
    painter.restore()
