"""Pictures from arrays: one large, or a sheet of them whose cells can be pointed at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QSizePolicy, QToolTip, QWidget

from studio.ui.theme import FONT_SMALL, SPACE_M, Theme

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMOOTH_FROM = 96
"""Pictures at least this wide are scaled smoothly; smaller ones keep their pixels visible."""
WHOLE_FROM = 4
FORMATS = {1: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888, 4: QImage.Format.Format_RGBA8888}


def to_image(pixels: NDArray[np.uint8]) -> QImage:
    """Return a QImage of uint8 (H, W, C) with C 1, 3 or 4, or of (H, W); the pixels are copied."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    height, width, channels = pixels.shape
    return QImage(pixels.tobytes(), width, height, width * channels, FORMATS[channels]).copy()


def to_pixels(image: QImage) -> NDArray[np.uint8]:
    """Return the pixels uint8 (H, W, 3) of a QImage; the inverse of `to_image` for colour pictures."""
    import numpy as np

    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


class PictureView(QWidget):
    """Pictures in a grid as large as the space allows.

    Signals:
        picked: index of the picture that was clicked or reached with the arrow keys.

    Args:
        theme: for colours and sizes.
        name: accessible name.
        hint: shown while there is no picture.
        pickable: whether cells can be chosen.
    """

    picked = Signal(int)

    def __init__(self, theme: Theme, name: str, hint: str = "", *, pickable: bool = False) -> None:
        super().__init__()
        self._theme, self._hint, self._pickable = theme, hint, pickable
        self._pixels: NDArray[np.uint8] | None = None
        self._images: list[QImage] = []
        self._captions: tuple[str, ...] = ()
        self._columns, self._gap = 1, 0
        self._hovered, self.current = -1, -1
        self.setAccessibleName(name)
        self.setMouseTracking(pickable)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if pickable else Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(theme.px(96), theme.px(96))
        theme.changed.connect(self.update)

    @property
    def pictures(self) -> NDArray[np.uint8] | None:
        """What is shown, uint8 (N, H, W, C); None when empty."""
        return self._pixels

    @property
    def pixels(self) -> NDArray[np.uint8] | None:
        """The first picture, uint8 (H, W, C); None when empty."""
        return None if self._pixels is None or not len(self._pixels) else self._pixels[0]

    @property
    def captions(self) -> tuple[str, ...]:
        """What stands below the cells; () for none."""
        return self._captions

    @property
    def columns(self) -> int:
        """Number of columns in force."""
        return self._columns

    def show_pixels(self, pixels: NDArray[np.uint8]) -> None:
        """Show one picture, uint8 (H, W, C)."""
        self.show_sheet(pixels[None], 1)

    def show_sheet(
        self, pixels: NDArray[np.uint8], columns: int = 0, captions: Sequence[str] = (), gap: int = 2
    ) -> None:
        """Show pictures uint8 (N, H, W, C) in `columns` columns (0 fits them); captions stand below the cells."""
        self._pixels = pixels
        self._images = [to_image(p) for p in pixels]
        self._captions, self._gap = tuple(captions), gap if len(pixels) > 1 else 0
        self._columns = columns or self._fitting(len(pixels))
        self.current = min(self.current, len(pixels) - 1)
        self._hovered = -1
        self.update()

    def clear(self, hint: str | None = None) -> None:
        """Show nothing but the hint."""
        self._pixels, self._images, self._captions = None, [], ()
        self._hovered = self.current = -1
        self._hint = self._hint if hint is None else hint
        self.update()

    def image(self) -> QImage:
        """Return what is shown as one picture in original pixels, cells side by side."""
        if not self._images:
            return QImage()
        cell, rows = self._images[0].size(), math.ceil(len(self._images) / self._columns)
        sheet = QImage(cell.width() * self._columns, cell.height() * rows, QImage.Format.Format_RGB888)
        sheet.fill(QColor("black"))
        painter = QPainter(sheet)
        for i, image in enumerate(self._images):
            painter.drawImage(i % self._columns * cell.width(), i // self._columns * cell.height(), image)
        painter.end()
        return sheet

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(self._theme.px(280), self._theme.px(280))

    def cell_at(self, x: float, y: float) -> int:
        """Return the index of the picture at a position in widget pixels, or -1."""
        for i in range(len(self._images)):
            if self.cell(i).contains(int(x), int(y)):
                return i
        return -1

    def cell(self, index: int) -> QRect:
        """Return where a picture is drawn, in widget pixels."""
        width, height, left, top, pitch_x, pitch_y = self._layout()
        return QRect(left + index % self._columns * pitch_x, top + index // self._columns * pitch_y, width, height)

    def _fitting(self, count: int) -> int:
        ratio = max(self.width(), 1) / max(self.height(), 1)
        return max(1, min(count, round(math.sqrt(count * ratio)) or 1))

    def _layout(self) -> tuple[int, int, int, int, int, int]:
        """Return cell width, height, left, top and the distances between cells."""
        image = self._images[0]
        rows = math.ceil(len(self._images) / self._columns)
        text = self._theme.px(FONT_SMALL + 6) if self._captions else 0
        area = self._area()
        across = (area.width() - self._gap * (self._columns - 1)) / self._columns
        down = (area.height() - self._gap * (rows - 1)) / rows - text
        scale = max(min(across / image.width(), down / image.height()), 0.05)
        if image.width() < SMOOTH_FROM and (scale >= WHOLE_FROM or (scale > 1 and len(self._images) == 1)):
            scale = math.floor(scale)  # whole multiples keep every pixel equally large
        width, height = max(1, int(image.width() * scale)), max(1, int(image.height() * scale))
        pitch_x, pitch_y = width + self._gap, height + self._gap + text
        left = area.left() + (area.width() - (pitch_x * self._columns - self._gap)) // 2
        top = area.top() + max((area.height() - (pitch_y * rows - self._gap)) // 2, 0)
        return width, height, left, top, pitch_x, pitch_y

    def _area(self) -> QRect:
        """Return where pictures may be, in widget pixels."""
        return self.rect()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pictures, or the hint."""
        painter = QPainter(self)
        if not self._images:
            painter.setPen(QColor(self._theme.tokens.muted))
            margin = self._theme.px(SPACE_M)
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(margin, margin, -margin, -margin), flags, self._hint)
            return
        own, drawn = self._images[0].width(), self.cell(0).width()
        smooth = own >= SMOOTH_FROM or drawn % own != 0  # otherwise some pixels would be larger than others
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        for i, image in enumerate(self._images):
            rect = self.cell(i)
            if rect.intersects(event.rect()):
                painter.drawImage(rect, image)
        self._paint_captions(painter)
        self._paint_marks(painter)

    def _paint_captions(self, painter: QPainter) -> None:
        font = painter.font()
        font.setPixelSize(self._theme.px(FONT_SMALL))
        painter.setFont(font)
        for i, caption in enumerate(self._captions[: len(self._images)]):
            rect = self.cell(i)
            place = QRect(rect.left(), rect.bottom() + 2, rect.width(), self._theme.px(FONT_SMALL + 4))
            painter.setPen(QColor(self._theme.tokens.red if caption.startswith("✗") else self._theme.tokens.muted))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), _shortened(caption, place.width(), painter))

    def _paint_marks(self, painter: QPainter) -> None:
        if not self._pickable:
            return
        for index, width in ((self._hovered, 1), (self.current, 2)):
            if 0 <= index < len(self._images):
                painter.setPen(QPen(QColor(self._theme.tokens.accent), self._theme.px(width)))
                painter.drawRect(self.cell(index).adjusted(-1, -1, 0, 0))
        if self.hasFocus() and self.current < 0:
            painter.setPen(QColor(self._theme.tokens.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _pick(self, index: int) -> None:
        if self._pickable and 0 <= index < len(self._images):
            self.current = index
            self.update()
            self.picked.emit(index)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a cell."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pick(self.cell_at(event.position().x(), event.position().y()) if self._images else -1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Mark the cell under the cursor."""
        hovered = self.cell_at(event.position().x(), event.position().y()) if self._images else -1
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Unmark."""
        self._hovered = -1
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the choice with the arrow keys."""
        key = Qt.Key
        steps = {key.Key_Left: -1, key.Key_Right: 1, key.Key_Up: -self._columns, key.Key_Down: self._columns}
        step = steps.get(Qt.Key(event.key()))
        if step is None or not self._pickable:
            super().keyPressEvent(event)
            return
        self._pick(0 if self.current < 0 else self.current + step)

    def event(self, event: QEvent) -> bool:
        """Show a cell's caption in full as its tooltip."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._captions and self._images:
            index = self.cell_at(event.pos().x(), event.pos().y())
            if 0 <= index < len(self._captions):
                QToolTip.showText(event.globalPos(), self._captions[index], self)
                return True
        return super().event(event)

    def copy(self) -> None:
        """Put what is shown on the clipboard."""
        if self._images:
            QApplication.clipboard().setImage(self.image())


def _shortened(caption: str, width: int, painter: QPainter) -> str:
    """Return a caption that fits: its last word, mostly a number, stays whole ("automob… 98%")."""
    metrics = painter.fontMetrics()
    words, _, last = caption.rpartition(" ")
    room = width - metrics.horizontalAdvance(f" {last}")
    if metrics.horizontalAdvance(caption) <= width or not words or room < metrics.averageCharWidth() * 3:
        return metrics.elidedText(caption, Qt.TextElideMode.ElideMiddle, width)
    return f"{metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)} {last}"
