"""One curve of a plot: a series with the items that draw it. Imports pyqtgraph: only `plots.py` uses it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from studio.ui.widgets.series import Series, thin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEW = 60
"""Curves of at most this many points show them as dots."""
FAINT = 55
HELD_OUT_WIDTH = 2
"""Held-out curves have few points: a wider pen costs nothing, and in width 1 they drown in what each batch does."""


class Curve:
    """A series with what draws it: the raw curve (faint while smoothing), the smooth one and the star.

    Held-out curves ("val/…") are never smoothed: each point is an average already, and one of ten epochs only lags.
    """

    def __init__(self, name: str, plot: Any) -> None:
        self.series = Series(name)
        self.held_out = name.startswith("val/")
        self.raw = pg.PlotDataItem()
        self.smooth = pg.PlotDataItem()
        self.star = pg.ScatterPlotItem()
        self.colour = QColor("#999999")
        self.shown = True
        self.smooth.setZValue(5)  # above the raw curves of the others, which would bury it
        if self.held_out:
            self.raw.setZValue(6)
        self.star.setZValue(10)
        for item in (self.raw, self.smooth):
            plot.addItem(item)
        plot.addItem(self.star, ignoreBounds=True)

    @property
    def items(self) -> tuple[Any, Any, Any]:
        """Everything that is drawn."""
        return self.raw, self.smooth, self.star

    def set_colour(self, colour: QColor, smoothing: bool) -> None:
        """Draw in a colour; held-out metrics are dashed."""
        self.colour = colour
        faint = QColor(colour)
        faint.setAlpha(FAINT if smoothing and not self.held_out else 255)
        style = Qt.PenStyle.DashLine if self.held_out else Qt.PenStyle.SolidLine
        for item, shade in ((self.raw, faint), (self.smooth, colour)):
            pen = QPen(shade, HELD_OUT_WIDTH if self.held_out else 1, style)
            pen.setCosmetic(True)
            item.setPen(pen)
        self.raw.setSymbolBrush(faint)
        self.raw.setSymbolPen(None)

    def draw(self, smoothing: bool, log: tuple[bool, bool], edges: NDArray[np.float64]) -> None:
        """Hand what can be seen to pyqtgraph; `edges` are the steps of the pixel columns."""
        series = self.series
        few = len(series) <= FEW
        self.raw.setData(*thin(series.steps, series.values, edges), symbol="o" if few else None, symbolSize=5)
        smoothed = smoothing and not self.held_out
        self.smooth.setData(*(thin(series.steps, series.smoothed, edges) if smoothed else ([], [])))
        best = series.best
        if best is None or (log[0] and best[0] <= 0) or (log[1] and best[1] <= 0):
            self.star.setData([], [])
            return
        x, y = (math.log10(v) if is_log else v for v, is_log in zip(best, log, strict=True))
        pen = pg.mkPen(self.colour.darker(150))  # cosmetic: one pixel, whatever the symbol's size
        self.star.setData([x], [y], symbol="star", size=16, brush=self.colour, pen=pen)
