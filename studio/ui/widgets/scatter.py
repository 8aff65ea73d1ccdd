"""A plane of points coloured by label, in which a person points and drags.

Left button: point (and drag); right or middle button: move the view; wheel: zoom; arrow keys: move the cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import QLabel, QSizePolicy

from studio.ui.theme import SERIES, Theme
from studio.ui.widgets.picture import to_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLOURS = (*SERIES, "#aa4499", "#44aa99", "#882255", "#999933", "#6699cc", "#cc6677", "#661100", "#88ccee")
"""Okabe-Ito, then Tol's muted scheme (Tol 2021) for more than eight labels; repeated beyond sixteen."""
NEAR = 24
"""Distance in pixels within which a point counts as pointed at."""
THUMBNAIL = 72


class Scatter(pg.PlotWidget):
    """The plane.

    Signals:
        pointed: (x, y) where a person clicked, dragged to or moved the cursor with the arrow keys.
        hovered: index of the nearest point within 24 px of the mouse, or -1.
    """

    pointed = Signal(float, float)
    hovered = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__(background=None)
        self._theme = theme
        self.points: NDArray[np.float32] = np.zeros((0, 2), np.float32)
        self.labels: NDArray[np.int64] | None = None
        self.cursor: tuple[float, float] | None = None
        self._hovered = -1
        self._thumbnails: NDArray[np.uint8] | None = None
        self._clouds: dict[int, Any] = {}
        self._cross = pg.ScatterPlotItem(size=16, symbol="o", pxMode=True)
        self._cross.setZValue(10)
        self.addItem(self._cross)
        self._bubble = QLabel(self.viewport())
        self._bubble.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._bubble.hide()
        self.setAccessibleName("Latent plane: click or drag to decode, arrow keys move the cursor")
        self.setMouseTracking(True)
        self.setMenuEnabled(False)
        menu = self.getPlotItem().ctrlMenu  # pyqtgraph leaves it without a parent: it would outlive us
        menu.setParent(self, menu.windowFlags())
        self.hideButtons()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.getPlotItem().showGrid(x=True, y=True, alpha=0.12)
        for side in ("bottom", "left"):
            self.getPlotItem().getAxis(side).enableAutoSIPrefix(False)  # latent values have no unit to scale
        theme.changed.connect(self._tint)
        self._tint()

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(480, 420)

    def show_points(
        self,
        points: NDArray[np.float32],
        labels: NDArray[np.int64] | None,
        thumbnails: NDArray[np.uint8] | None = None,
        axes: tuple[str, str] = ("z1", "z2"),
    ) -> None:
        """Show points float32 (N, 2) with labels int64 (N,) and pictures uint8 (N, H, W, C) for the mouse."""
        for cloud in self._clouds.values():
            self.removeItem(cloud)
        self.points, self.labels, self._thumbnails = points, labels, thumbnails
        groups: Sequence[int] = [-1] if labels is None else [int(v) for v in np.unique(labels)]
        self._clouds = {group: self._cloud(group) for group in groups}
        self.set_axes(axes)
        self._hover(-1, QPoint())
        self.fit()

    def clear_points(self) -> None:
        """Show no points."""
        self.show_points(np.empty((0, 2), np.float32), None)

    def set_axes(self, axes: tuple[str, str]) -> None:
        """Name the axes."""
        muted = self._theme.tokens.muted
        self.setLabel("bottom", axes[0], color=muted)
        self.setLabel("left", axes[1], color=muted)

    def _cloud(self, group: int) -> Any:
        chosen = self.points if self.labels is None else self.points[self.labels == group]
        colour = QColor(colour_of(group))
        colour.setAlpha(190)
        cloud = pg.ScatterPlotItem(
            x=chosen[:, 0], y=chosen[:, 1], size=self._theme.px(5), pen=None, brush=pg.mkBrush(colour)
        )
        self.addItem(cloud)
        return cloud

    @property
    def groups(self) -> tuple[int, ...]:
        """The labels that have points (-1 for unlabelled)."""
        return tuple(self._clouds)

    @property
    def shown(self) -> frozenset[int]:
        """The labels that are visible."""
        return frozenset(g for g, cloud in self._clouds.items() if cloud.isVisible())

    def set_shown(self, group: int, shown: bool) -> None:
        """Show or hide the points of one label."""
        if group in self._clouds:
            self._clouds[group].setVisible(shown)

    def fit(self) -> None:
        """Show all points."""
        if len(self.points):
            low, high = np.percentile(self.points, (0.5, 99.5), axis=0)
            (x0, y0), (x1, y1) = low - 1e-3, high + 1e-3
            self.setRange(xRange=(float(x0), float(x1)), yRange=(float(y0), float(y1)), padding=0.08)

    def set_cursor(self, x: float, y: float) -> None:
        """Place the ring that marks the current point."""
        self.cursor = (x, y)
        self._cross.setData(x=[x], y=[y])

    def clear_cursor(self) -> None:
        """Take the ring away (the current point is not in this plane)."""
        self.cursor = None
        self._cross.setData(x=[], y=[])

    def pixel_of(self, x: float, y: float) -> QPoint:
        """Return the widget pixel of a place in the plane."""
        at = self.getViewBox().mapViewToScene(QPointF(x, y))
        return QPoint(round(at.x()), round(at.y()))

    def place_of(self, pixel: QPointF) -> tuple[float, float]:
        """Return the place in the plane at a widget pixel."""
        at = self.getViewBox().mapSceneToView(pixel)
        return float(at.x()), float(at.y())

    def nearest(self, x: float, y: float) -> int:
        """Return the index of the visible point nearest to a place on the screen, or -1."""
        if not len(self.points):
            return -1
        width, height = self.getViewBox().viewPixelSize()
        distance = np.hypot((self.points[:, 0] - x) / width, (self.points[:, 1] - y) / height)
        if self.labels is not None:
            distance = np.where(np.isin(self.labels, list(self.shown)), distance, np.inf)
        best = int(distance.argmin())
        return best if distance[best] <= NEAR else -1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Point with the left button; everything else belongs to the view."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._point(event.position())
            event.accept()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, or show what is under the mouse."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._point(event.position())
        elif event.buttons():
            super().mouseMoveEvent(event)
        else:
            self._hover(self.nearest(*self.place_of(event.position())), event.position().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        if event.button() != Qt.MouseButton.LeftButton:
            super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show everything on a double click of the right button."""
        if event.button() == Qt.MouseButton.RightButton:
            self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        """Hide the picture beside the mouse."""
        super().leaveEvent(event)
        self._hover(-1, QPoint())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor: arrows by a fiftieth of the view, with Shift by a tenth; Home shows everything."""
        key = Qt.Key
        moves = {key.Key_Left: (-1, 0), key.Key_Right: (1, 0), key.Key_Up: (0, 1), key.Key_Down: (0, -1)}
        move = moves.get(Qt.Key(event.key()))
        if event.key() == key.Key_Home:
            self.fit()
        if move is None:
            super().keyPressEvent(event)
            return
        (x0, x1), (y0, y1) = self.viewRange()
        share = 0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0.02
        x, y = self.cursor or ((x0 + x1) / 2, (y0 + y1) / 2)
        self._go(x + move[0] * share * (x1 - x0), y + move[1] * share * (y1 - y0))

    def _point(self, pixel: QPointF) -> None:
        self._hover(-1, QPoint())
        self._go(*self.place_of(pixel))

    def _go(self, x: float, y: float) -> None:
        self.set_cursor(x, y)
        self.pointed.emit(x, y)

    def _hover(self, index: int, pixel: QPoint) -> None:
        self._bubble.setVisible(index >= 0 and self._thumbnails is not None)
        if index >= 0 and self._thumbnails is not None:
            if index != self._hovered:
                size = self._theme.px(THUMBNAIL)
                image = to_image(self._thumbnails[index]).scaled(size, size, Qt.AspectRatioMode.KeepAspectRatio)
                self._bubble.setPixmap(QPixmap.fromImage(image))
                self._bubble.adjustSize()
            self._bubble.move(self._beside(pixel))
        if index != self._hovered:
            self._hovered = index
            self.hovered.emit(index)

    def _beside(self, pixel: QPoint) -> QPoint:
        """Return where the picture fits beside the mouse."""
        size, gap = self._bubble.size(), 14
        x = pixel.x() + gap if pixel.x() + gap + size.width() < self.width() else pixel.x() - gap - size.width()
        y = pixel.y() + gap if pixel.y() + gap + size.height() < self.height() else pixel.y() - gap - size.height()
        return QPoint(x, y)

    def _tint(self) -> None:
        tokens = self._theme.tokens
        self._cross.setPen(pg.mkPen(tokens.text, width=2))
        self._cross.setBrush(pg.mkBrush(QColor(tokens.accent)))
        for side in ("bottom", "left"):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(pg.mkPen(tokens.border))
            axis.setTextPen(pg.mkPen(tokens.muted))
        self.setBackground(tokens.surface)
        self._bubble.setStyleSheet(f"border: 1px solid {tokens.accent}; background: {tokens.surface};")


def colour_of(group: int) -> str:
    """Return the colour `#rrggbb` of a label (-1 for unlabelled points)."""
    return COLOURS[4] if group < 0 else COLOURS[group % len(COLOURS)]
