"""The world map with points, samples and a box whose corners can be dragged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.data import world
from studio.lessons.basics import Box, Numbers
from studio.ui.theme import Theme
from studio.ui.widgets.picture import to_image

MARKS = {"A": "#d55e00", "B": "#56b4e9", "C": "#009e73"}
"""Colours of judged samples (Okabe and Ito)."""
REACH = 12
CORNERS = (("south", "west"), ("south", "east"), ("north", "west"), ("north", "east"))


class WorldMap(QWidget):
    """A map to look at and to draw a box on; the keyboard's way are the sliders beside it.

    Signals:
        moved: the new Box while a corner is dragged.
    """

    moved = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.box = Box(0.0, 0.0, 1.0, 1.0)
        self.points = np.empty((0, 2), np.float32)
        self.samples = np.empty((0, 2), np.float32)
        self.marks: tuple[str, ...] = ()
        self.revealed = False
        self._held = -1
        self.setAccessibleName("World map with points, samples and a box")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(theme.px(360), theme.px(160))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(self._theme.px(720), self._theme.px(290))

    def show_box(self, box: Box) -> None:
        """Draw another box."""
        self.box = box
        self.update()

    def show_samples(self, samples: Numbers, marks: list[str]) -> None:
        """Draw samples (N, 2) with their letters."""
        self.samples, self.marks = samples, tuple(marks)
        self.update()

    def reveal(self, shown: bool) -> None:
        """Show or hide the land."""
        self.revealed = shown
        self.update()

    # ---- geometry

    def area(self) -> QRectF:
        """Return where the map is drawn, as large as fits."""
        shape = (world.EAST - world.WEST) / (world.NORTH - world.SOUTH)
        width = min(float(self.width()), self.height() * shape)
        height = width / shape
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def place(self, latitude: float, longitude: float) -> QPointF:
        """Return the pixel of a place in degrees."""
        area = self.area()
        x = (longitude - world.WEST) / (world.EAST - world.WEST)
        y = (world.NORTH - latitude) / (world.NORTH - world.SOUTH)
        return QPointF(area.left() + x * area.width(), area.top() + y * area.height())

    def degrees(self, point: QPointF) -> tuple[float, float]:
        """Return latitude and longitude of a pixel, on the map's edge at most; the inverse of `place`."""
        area = self.area()
        x = min(max((point.x() - area.left()) / area.width(), 0.0), 1.0)
        y = min(max((point.y() - area.top()) / area.height(), 0.0), 1.0)
        return world.NORTH - y * (world.NORTH - world.SOUTH), world.WEST + x * (world.EAST - world.WEST)

    def _corner_at(self, point: QPointF) -> int:
        places = [self.place(getattr(self.box, y), getattr(self.box, x)) for y, x in CORNERS]
        distances = [(place - point).manhattanLength() for place in places]
        nearest = int(np.argmin(distances))
        return nearest if distances[nearest] <= self._theme.px(REACH) else -1

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take a corner."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = self._corner_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the corner that is held; elsewhere tell which could be taken."""
        if self._held < 0:
            near = self._corner_at(event.position()) >= 0
            self.setCursor(Qt.CursorShape.SizeAllCursor if near else Qt.CursorShape.ArrowCursor)
            return
        latitude, longitude = self.degrees(event.position())
        vertical, horizontal = CORNERS[self._held]
        edges = {**vars(self.box), vertical: latitude, horizontal: longitude}
        edges["south"], edges["north"] = sorted((edges["south"], edges["north"]))
        edges["west"], edges["east"] = sorted((edges["west"], edges["east"]))
        box = Box(**edges)
        self._held = CORNERS.index(
            ("north" if latitude == box.north else "south", "east" if longitude == box.east else "west")
        )
        self.moved.emit(box)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the corner go."""
        del event
        self._held = -1

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw sea, land, points, box and samples."""
        del event
        tokens, area = self._theme.tokens, self.area()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(area, QColor(tokens.surface))
        if self.revealed:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(area, to_image(_tinted(QColor(tokens.surface), QColor(tokens.hover))))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.muted))
        for latitude, longitude in self.points.tolist():
            painter.drawEllipse(self.place(latitude, longitude), 1.5, 1.5)
        self._paint_box(painter)
        self._paint_samples(painter)
        painter.setPen(QPen(QColor(tokens.border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area)

    def _paint_box(self, painter: QPainter) -> None:
        accent = QColor(self._theme.tokens.accent)
        rectangle = QRectF(
            self.place(self.box.north, self.box.west), self.place(self.box.south, self.box.east)
        ).normalized()
        faint = QColor(accent)
        faint.setAlpha(36)
        painter.setPen(QPen(accent, 2))
        painter.setBrush(faint)
        painter.drawRect(rectangle)
        painter.setBrush(accent)
        painter.setPen(Qt.PenStyle.NoPen)
        side = self._theme.px(9)
        for y, x in CORNERS:
            middle = self.place(getattr(self.box, y), getattr(self.box, x))
            painter.drawRect(QRectF(middle.x() - side / 2, middle.y() - side / 2, side, side))

    def _paint_samples(self, painter: QPainter) -> None:
        side = self._theme.px(16)
        for (latitude, longitude), mark in zip(self.samples.tolist(), self.marks, strict=True):
            middle = self.place(latitude, longitude)
            circle = QRectF(middle.x() - side / 2, middle.y() - side / 2, side, side)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(MARKS[mark]))
            painter.drawEllipse(circle)
            painter.setPen(QColor("#ffffff"))
            painter.drawText(circle, int(Qt.AlignmentFlag.AlignCenter), mark)


def _tinted(sea: QColor, land: QColor) -> NDArray[np.uint8]:
    """Return the map uint8 (H, W, 3) in two colours."""
    colours = np.array([[c.red(), c.green(), c.blue()] for c in (sea, land)], np.uint8)
    return colours[world.land().astype(np.int64)]
