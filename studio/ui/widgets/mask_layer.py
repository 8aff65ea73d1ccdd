"""A painted mask and the coloured picture of it that lies over the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage

from studio.ui.widgets.brush import LONGEST, Brush, Stroke, mask_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studio.ui.widgets.brush import Box

OPACITY = 0.45


class MaskLayer:
    """A mask float32 (h, w) 0..1 with its overlay; None where nothing is painted.

    Masks are handed out as they are and never changed afterwards: every stroke makes a new one.
    """

    def __init__(self) -> None:
        self.mask: NDArray[np.float32] | None = None
        self.stroke: Stroke | None = None
        self._colours = np.zeros(256, np.uint32)
        self._pixels: NDArray[np.uint32] | None = None
        self._image: QImage | None = None

    @property
    def image(self) -> QImage | None:
        """The overlay; None without a mask."""
        return self._image

    def set_colour(self, colour: str) -> None:
        """Draw where the mask is 1 in `#rrggbb` at 45 %; the table holds premultiplied 0xAARRGGBB."""
        wanted = QColor(colour)
        alpha = np.linspace(0, OPACITY, 256)
        parts = [(alpha * part + 0.5).astype(np.uint32) for part in (wanted.red(), wanted.green(), wanted.blue())]
        opaque = (alpha * 255 + 0.5).astype(np.uint32)
        self._colours = (opaque * 2**24 + parts[0] * 2**16 + parts[1] * 2**8 + parts[2]).astype(np.uint32)
        self.set_mask(self.mask)

    def set_mask(self, mask: NDArray[np.float32] | None) -> None:
        """Take a mask of any size; one that is longer than 512 is made smaller."""
        self.stroke = None
        self.mask = None if mask is None or not np.any(mask) else _shrunk(np.asarray(mask, np.float32))
        self._show(self.mask)

    def begin(self, width: int, height: int, brush: Brush, at: tuple[float, float]) -> Box:
        """Begin a stroke on a picture of some size; return what changed."""
        below = np.zeros(mask_shape(width, height), np.float32) if self.mask is None else self.mask
        self.stroke = Stroke(below, brush, at)
        if self._pixels is None or self._pixels.shape != below.shape:
            self._show(below)
        return self.extend(at)

    def extend(self, at: tuple[float, float]) -> Box:
        """Go on with the stroke; return what changed."""
        assert self.stroke is not None
        box = self.stroke.extend(at)
        self._colour(self.stroke.mask, box)
        return box

    def finish(self) -> NDArray[np.float32] | None:
        """End the stroke and return the mask it made."""
        assert self.stroke is not None
        made, self.stroke = self.stroke.mask, None
        self.mask = made if made.any() else None
        if self.mask is None:
            self._show(None)
        return self.mask

    def _show(self, mask: NDArray[np.float32] | None) -> None:
        if mask is None:
            self._pixels = self._image = None
            return
        rows, columns = mask.shape
        self._pixels = np.empty((rows, columns), np.uint32)
        # The picture looks at the array's memory, which lives as long as this object shows it.
        self._image = QImage(self._pixels.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32_Premultiplied)
        self._colour(mask, (slice(0, rows), slice(0, columns)))

    def _colour(self, mask: NDArray[np.float32], box: Box) -> None:
        assert self._pixels is not None
        self._pixels[box] = self._colours[(mask[box] * 255 + 0.5).astype(np.uint8)]


def _shrunk(mask: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = mask.shape
    if max(rows, columns) <= LONGEST:
        return mask
    grey = np.ascontiguousarray((np.clip(mask, 0, 1) * 255 + 0.5).astype(np.uint8))
    image = QImage(grey.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
    high, wide = mask_shape(columns, rows)
    small = image.scaled(wide, high, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    small = small.convertToFormat(QImage.Format.Format_Grayscale8)
    read = np.frombuffer(small.constBits(), np.uint8).reshape(high, small.bytesPerLine())[:, :wide]
    return (read / 255).astype(np.float32)
