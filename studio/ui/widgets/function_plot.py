"""A plane for lessons: named curves, points, pictures, arrows of text. Imports pyqtgraph: only lessons import it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from studio.ui.theme import FONT_BODY, SERIES, Theme

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Shades = Literal["greys", "viridis"]
DARK_SERIES = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#999999", "#0072b2")
LINE, DOT = 2, 9
CORNERS = {"top right": (-12, 12), "bottom right": (-12, -12), "top left": (12, 12), "bottom left": (12, -12)}
STYLES = {"solid": Qt.PenStyle.SolidLine, "dashed": Qt.PenStyle.DashLine, "dotted": Qt.PenStyle.DotLine}


class FunctionPlot(pg.PlotWidget):
    """Curves and points by name; giving a name again moves what it names. Words, lines and dots follow the UI scale.

    Signals:
        pointed: (x, y) where a person clicked or dragged with the left button.

    Args:
        theme: for colours.
        name: accessible name.
        x: title of the horizontal axis.
        y: title of the vertical axis.
        legend: corner of the legend: "top right", "bottom right", "top left" or "bottom left".
    """

    pointed = Signal(float, float)

    def __init__(self, theme: Theme, name: str, x: str = "x", y: str = "y", legend: str = "top right") -> None:
        super().__init__(background=None)
        self._theme, self._titles = theme, (x, y)
        self._items: dict[str, Any] = {}
        self._colours: dict[str, int] = {}
        self._styles: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._shades: dict[str, Shades] = {}
        self.setAccessibleName(name)
        self.setMenuEnabled(False)
        menu = self.getPlotItem().ctrlMenu  # pyqtgraph leaves it without a parent: it would outlive us
        menu.setParent(self, menu.windowFlags())
        self.hideButtons()
        self.setMouseEnabled(False, False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.legend = self.getPlotItem().addLegend(offset=CORNERS[legend])
        self.getPlotItem().showGrid(x=True, y=True, alpha=0.12)
        for side in ("bottom", "left"):
            self.getPlotItem().getAxis(side).enableAutoSIPrefix(False)
        theme.changed.connect(self._tint)
        self._tint()

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(480, 320)

    def minimumSizeHint(self) -> QSize:
        """Return the size below which nothing can be read."""
        return QSize(220, 120)

    # ---- what is drawn

    def show_line(
        self, name: str, x: ArrayLike, y: ArrayLike, colour: int = 0, style: str = "solid", *, legend: bool = True
    ) -> None:
        """Draw a curve: values (N,) over places (N,); `colour` counts the series colours, -1 is grey."""
        if name not in self._items:
            item = pg.PlotDataItem(name=name if legend else None, connect="finite", antialias=True)
            self._place(name, item, colour, style)
        self._items[name].setData(np.asarray(x, np.float64), np.asarray(y, np.float64))

    def show_area(self, name: str, x: ArrayLike, y: ArrayLike, colour: int = 0) -> None:
        """Draw a curve with the space down to zero filled."""
        if name not in self._items:
            self._place(name, pg.PlotDataItem(name=name, fillLevel=0.0, antialias=True), colour, "solid")
        self._items[name].setData(np.asarray(x, np.float64), np.asarray(y, np.float64))

    def show_bars(self, name: str, x: ArrayLike, heights: ArrayLike, width: float, colour: int = 0) -> None:
        """Draw bars of `heights` (N,) around places (N,)."""
        if name not in self._items:
            self._place(name, pg.BarGraphItem(x=[0], height=[0], width=width), colour, "solid")
            self.legend.addItem(self._items[name], name)
        self._items[name].setOpts(x=np.asarray(x), height=np.asarray(heights), width=width)

    def show_points(
        self, name: str, x: ArrayLike, y: ArrayLike, colour: int = 0, size: int = DOT, symbol: str = "o"
    ) -> None:
        """Draw points (N,), (N,), each `size` pixels wide at a UI scale of 100 %."""
        self._sizes[name] = size
        if name not in self._items:
            item = pg.ScatterPlotItem(symbol=symbol, pxMode=True)
            item.setZValue(10)
            self._place(name, item, colour, "solid")
        places = (np.atleast_1d(np.asarray(values, float)) for values in (x, y))
        self._items[name].setData(*places, size=self._theme.px(size))

    def show_map(
        self,
        name: str,
        values: ArrayLike,
        x: tuple[float, float],
        y: tuple[float, float],
        shades: Shades = "greys",
    ) -> None:
        """Draw values (rows, columns), row 0 at the lower edge, over a rectangle of the plane; NaN stays empty."""
        array = np.asarray(values, np.float64)
        if name not in self._items:
            item = pg.ImageItem(axisOrder="row-major")
            item.setZValue(-10)
            self._items[name], self._shades[name] = item, shades
            item.setColorMap(self._map_of(name))
            self.addItem(item)
        low, high = float(np.nanmin(array)), float(np.nanmax(array))
        self._items[name].setImage(array, levels=(low, max(high, low + 1e-9)))
        self._items[name].setRect(QRectF(x[0], y[0], x[1] - x[0], y[1] - y[0]))

    def show_text(self, name: str, text: str, x: float, y: float, anchor: tuple[float, float] = (0, 1)) -> None:
        """Write a few words at a place."""
        if name not in self._items:
            self._items[name] = pg.TextItem(anchor=anchor)
            self._items[name].setZValue(20)
            self._items[name].setFont(self._font())
            self.addItem(self._items[name], ignoreBounds=True)
        self._items[name].setText(text, QColor(self._theme.tokens.text))
        self._items[name].setPos(x, y)

    def remove(self, name: str) -> None:
        """Take something away; unknown names are fine."""
        item = self._items.pop(name, None)
        if item is not None:
            self.legend.removeItem(item)
            self.removeItem(item)

    def drawn(self, name: str) -> tuple[Any, Any]:
        """Return the places and values that a curve or points show, each float64 (N,)."""
        made: tuple[Any, Any] = self._items[name].getData()
        return made

    @property
    def names(self) -> tuple[str, ...]:
        """What is drawn."""
        return tuple(self._items)

    def set_view(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Show this part of the plane."""
        self.setRange(xRange=x, yRange=y, padding=0.02)

    def set_titles(self, x: str, y: str) -> None:
        """Name the axes."""
        self._titles = (x, y)
        self._tint()

    # ---- pointing

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Point with the left button."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._point(event.position())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._point(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Nothing more happens when the button is let go."""
        event.accept()

    def _point(self, pixel: QPointF) -> None:
        at = self.getViewBox().mapSceneToView(pixel)
        self.pointed.emit(float(at.x()), float(at.y()))

    # ---- colours and sizes

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(self._theme.px(FONT_BODY))
        return font

    def _map_of(self, name: str) -> Any:
        return self._greys() if self._shades[name] == "greys" else pg.colormap.get(self._shades[name])

    def _greys(self) -> Any:
        """Return a map without hue, so that coloured curves stand out: low values have the window's own shade."""
        tokens = self._theme.tokens
        return pg.ColorMap([0.0, 1.0], [QColor(tokens.window), QColor("#5c6370" if self._theme.is_dark else "#929aa8")])

    def _place(self, name: str, item: Any, colour: int, style: str) -> None:
        self._items[name], self._colours[name], self._styles[name] = item, colour, style
        self._colour_item(name)
        self.addItem(item)

    def _colour_item(self, name: str) -> None:
        item, number = self._items[name], self._colours[name]
        series = DARK_SERIES if self._theme.is_dark else SERIES
        colour = QColor(self._theme.tokens.muted if number < 0 else series[number % len(series)])
        pen = QPen(colour, self._theme.px(LINE), STYLES[self._styles[name]])
        pen.setCosmetic(True)
        soft = QColor(colour)
        soft.setAlpha(90)
        if isinstance(item, pg.PlotDataItem):
            item.setPen(pen)
            if item.opts.get("fillLevel") is not None:
                item.setFillBrush(soft)
        elif isinstance(item, pg.BarGraphItem):
            item.setOpts(brush=soft, pen=pg.mkPen(colour))
        else:
            item.setPen(pg.mkPen(self._theme.tokens.surface))
            item.setBrush(colour)
            item.setSize(self._theme.px(self._sizes[name]))

    def _tint(self) -> None:
        tokens = self._theme.tokens
        self.setBackground(tokens.surface)
        size = f"{self._theme.px(FONT_BODY)}px"
        for side, title in zip(("bottom", "left"), self._titles, strict=True):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(pg.mkPen(tokens.border))
            axis.setTextPen(pg.mkPen(tokens.muted))
            axis.setTickFont(self._font())
            self.setLabel(side, title, color=tokens.muted, **{"font-size": size})
        for name in self._colours:
            if name in self._items:
                self._colour_item(name)
        self.legend.setLabelTextColor(tokens.text)
        self.legend.setLabelTextSize(size)
        ground = QColor(tokens.surface)
        ground.setAlpha(170)  # curves behind it stay visible
        self.legend.setBrush(pg.mkBrush(ground))
        for name, item in self._items.items():
            if isinstance(item, pg.TextItem):
                item.setColor(QColor(tokens.text))
                item.setFont(self._font())
            elif isinstance(item, pg.ImageItem):
                item.setColorMap(self._map_of(name))
