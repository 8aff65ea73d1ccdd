"""Where a picture lies in a view: fit, zoom about a point, pan. Geometry only, no widget."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF

LARGEST = 32.0
"""Screen pixels per picture pixel at most."""
SAME_SHAPE = 0.03
"""Pictures whose proportions differ by less are the same picture at another resolution."""


class Viewport:
    """Maps a picture to a view. All positions are logical pixels of the widget.

    Attributes:
        view: the part of the widget that shows the picture.
        ratio: device pixels per logical pixel.
        picture: size of the picture in its own pixels; empty without a picture.
        is_fit: whether the whole picture shows and keeps doing so when the view changes.
    """

    def __init__(self) -> None:
        self.view = QRectF(0, 0, 1, 1)
        self.ratio = 1.0
        self.picture = QSizeF()
        self.is_fit = True
        self._scale = 1.0  # logical pixels per picture pixel
        self._middle = QPointF()  # of the picture, in the widget

    @property
    def rect(self) -> QRectF:
        """Where the whole picture is drawn; parts of it may lie outside the view."""
        size = self.picture * self._scale
        return QRectF(
            self._middle.x() - size.width() / 2, self._middle.y() - size.height() / 2, size.width(), size.height()
        )

    @property
    def zoom(self) -> float:
        """Device pixels per picture pixel: 1.0 is 100 %."""
        return self._scale * self.ratio

    def set_view(self, view: QRectF, ratio: float) -> None:
        """Take another place in the widget, or another screen."""
        moved = view.center() - self.view.center()
        self.view, self.ratio = view, ratio
        self._middle += moved
        self._settle()

    def set_picture(self, width: int, height: int) -> None:
        """Take another picture; the same one at another resolution stays where it is on the screen."""
        before, self.picture = self.picture, QSizeF(width, height)
        if before.isEmpty() or abs(before.width() * height / (before.height() * width) - 1) > SAME_SHAPE:
            self.is_fit = True
        else:
            self._scale *= before.width() / width
        self._settle()

    def fit(self) -> None:
        """Show the whole picture, as large as the view allows."""
        self.is_fit = True
        self._settle()

    def zoom_to(self, zoom: float, at: QPointF) -> None:
        """Zoom (1.0 is 100 %) so that the point of the picture at a position stays there."""
        if self.picture.isEmpty():
            return
        smallest = min(self._fitting(), 1 / self.ratio)
        scale = min(max(zoom / self.ratio, smallest), max(LARGEST / self.ratio, smallest))
        self._middle = at + (self._middle - at) * (scale / self._scale)
        self._scale, self.is_fit = scale, scale <= smallest and smallest == self._fitting()
        self._settle()

    def pan(self, by: QPointF) -> None:
        """Move the picture; its middle part cannot leave the view."""
        if not self.is_fit:
            self._middle += by
            self._settle()

    def share(self, at: QPointF) -> QPointF:
        """Return a position as shares of the picture's width and height, 0..1 inside it."""
        rect = self.rect
        return QPointF((at.x() - rect.x()) / max(rect.width(), 1e-6), (at.y() - rect.y()) / max(rect.height(), 1e-6))

    def position(self, share: QPointF) -> QPointF:
        """Return the position of a point given as shares: the inverse of `share`."""
        rect = self.rect
        return QPointF(rect.x() + share.x() * rect.width(), rect.y() + share.y() * rect.height())

    def _fitting(self) -> float:
        return min(self.view.width() / self.picture.width(), self.view.height() / self.picture.height())

    def _settle(self) -> None:
        """Hold what must hold: a fitting picture fits, a small one is centred, a large one covers the middle."""
        if self.picture.isEmpty():
            return
        if self.is_fit:
            self._scale = max(self._fitting(), 1e-6)
        rect, view, middle = self.rect, self.view, self.view.center()
        x, y = self._middle.x(), self._middle.y()
        wide, high = rect.width() > view.width() + 0.5, rect.height() > view.height() + 0.5
        if not wide and not high:
            self._middle = middle
            return
        half_x, half_y = rect.width() / 2, rect.height() / 2
        self._middle = QPointF(
            min(max(x, middle.x() - half_x), middle.x() + half_x), min(max(y, middle.y() - half_y), middle.y() + half_y)
        )
