"""Curves over training steps: thousands of points a second come in, at most 15 pictures a second go out.

Metrics of one kind share a chart (`widgets/pane.py`); charts without a visible curve take no room. What the mouse
points at is told by `widgets/readout.py`; `widgets/curve_files.py` writes pictures and tables.

Pen width 1 (wider pens cost three times as much on long curves); two points per pixel and nothing outside the view.
pyqtgraph's own peak downsampling keeps ten points per pixel: ten curves of 100,000 points took 0.3 s a picture.
This module imports pyqtgraph: import it after the first paint (`widgets/curves.py` does).
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QFrame, QVBoxLayout

from studio.ui.theme import SERIES, Theme
from studio.ui.widgets.curve import Curve
from studio.ui.widgets.pane import KINDS, Pane, kind_of
from studio.ui.widgets.readout import Readout

if TYPE_CHECKING:
    from numpy.typing import NDArray

REDRAW_MS = 67
"""At most 15 pictures a second; slower when a picture takes long, so that drawing takes a tenth of the time."""
DARK_SERIES = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#999999", "#0072b2")
"""Okabe-Ito in an order that begins with what is well seen on a dark ground."""


class CurvePlot(QFrame):
    """Many curves over steps.

    Signals:
        series_changed: a curve came or its colour changed (for the legend).
        following_changed: whether the axes follow the data (they stop when a person pans or zooms).
        drawn: a picture was drawn.
    """

    series_changed = Signal()
    following_changed = Signal(bool)
    drawn = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.curves: dict[str, Curve] = {}
        self.panes: dict[str, Pane] = {}
        self.log = (False, False)
        self.smoothing = 0.0
        self._watched: dict[str, Literal["min", "max"]] = {}
        self._dirty = False
        self._cost = 0.0
        self._marked: int | None = None
        self._build()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.redraw)
        theme.changed.connect(self._tint)
        self._tint()

    def _build(self) -> None:
        self.view = pg.GraphicsLayoutWidget()
        self.view.setAccessibleName("Curves")
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.ci.setContentsMargins(0, 0, 0, 0)
        for kind in KINDS:
            pane = self.panes[kind] = Pane(self.view, kind)
            pane.box.sigRangeChangedManually.connect(lambda *_, pane=pane: self._moved_by_hand(pane))
            pane.box.sigXRangeChanged.connect(lambda *_: self._moved())
        self.plot, self.marker = self.panes[KINDS[0]].plot, self.panes[KINDS[0]].marker
        self.view.scene().sigMouseMoved.connect(self._hover)
        self.view.viewport().installEventFilter(self)
        self.readout = Readout(self, self._theme)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)

    # ---- data

    def append(self, name: str, steps: Sequence[float], values: Sequence[float]) -> None:
        """Add points of one curve ("train/loss"); drawn with the next picture."""
        if name not in self.curves:
            self._add(name)
        self.curves[name].series.append(steps, values)
        self._later()

    def rewind(self, step: int) -> None:
        """Drop the points after a step from every curve."""
        for curve in self.curves.values():
            curve.series.rewind(step)
        self._later()

    def clear(self) -> None:
        """Drop every curve and follow the data again."""
        for name, curve in self.curves.items():
            for item in curve.items:
                self.pane_of(name).plot.removeItem(item)
        self.curves.clear()
        self._watched.clear()
        self.mark(None)
        self.readout.hide()
        self._arrange()
        self.follow()
        self.series_changed.emit()

    def watch(self, name: str, mode: Literal["min", "max"]) -> None:
        """Put a star at the best value of a curve (which may come later)."""
        self._watched[name] = mode
        if name in self.curves:
            self.curves[name].series.watch(mode)
            self._later()

    def _add(self, name: str) -> None:
        curve = self.curves[name] = Curve(name, self.pane_of(name).plot)
        curve.series.set_smoothing(self.smoothing)
        curve.series.watch(self._watched.get(name, ""))
        for item in curve.items[:2]:
            item.setLogMode(*self.log)
        self._arrange()
        self._colour()
        self.series_changed.emit()

    def pane_of(self, name: str) -> Pane:
        """Return the chart that a curve is drawn in."""
        return self.panes[kind_of(name.rpartition("/")[2])]

    @property
    def shown_panes(self) -> list[Pane]:
        """The charts with a visible curve; an empty plot shows the first."""
        kinds = {kind_of(name.rpartition("/")[2]) for name, curve in self.curves.items() if curve.shown}
        return [pane for kind, pane in self.panes.items() if kind in kinds] or [self.panes[KINDS[0]]]

    def _arrange(self) -> None:
        """Give the room to the charts that show something."""
        shown = self.shown_panes
        for pane in self.panes.values():
            pane.plot.setVisible(pane in shown)
            pane.title(len(shown) > 1, self._theme.tokens)
        self.view.ci.layout.invalidate()

    @property
    def metrics(self) -> list[str]:
        """Names without their split: losses first, gradient norms last, so that late comers shift no colour."""
        names = {name.rpartition("/")[2] for name in self.curves}
        return sorted(names, key=lambda name: (name.startswith("grad_norm"), not name.startswith("loss"), name))

    def _colour(self) -> None:
        """Give the same metric the same colour in every split, and every curve of a chart another one."""
        metrics, colours = self.metrics, DARK_SERIES if self._theme.is_dark else SERIES
        enough = len(metrics) <= len(colours)
        for name, curve in self.curves.items():
            metric = name.rpartition("/")[2]
            beside = metrics if enough else [other for other in metrics if kind_of(other) == kind_of(metric)]
            curve.set_colour(QColor(colours[beside.index(metric) % len(colours)]), self.smoothing > 0)

    # ---- what is shown

    def set_log(self, x: bool, y: bool) -> None:
        """Choose logarithmic axes; values that are not positive are left out there."""
        self.log = (x, y)
        for curve in self.curves.values():
            for item in curve.items[:2]:
                item.setLogMode(x, y)
        for pane in self.panes.values():
            pane.set_log(x, y)
        self.mark(self._marked)
        self.follow()
        self.redraw()

    def set_smoothing(self, weight: float) -> None:
        """Choose the weight of the past, 0 to 0.999; the raw curves stay, faint."""
        self.smoothing = weight
        for curve in self.curves.values():
            curve.series.set_smoothing(weight)
        self._colour()
        self._later()

    def set_shown(self, name: str, shown: bool) -> None:
        """Show or hide a curve."""
        self.curves[name].shown = shown
        for item in self.curves[name].items:
            item.setVisible(shown)
        self._arrange()
        self._later()
        if self.following:
            self.follow()

    def mark(self, step: int | None) -> None:
        """Mark a step with a line (where the preview's scrubber stands); None takes it away."""
        self._marked = step
        for pane in self.panes.values():
            pane.mark(step, self.log[0])

    @property
    def following(self) -> bool:
        """Whether the axes follow the data."""
        return all(pane.following for pane in self.panes.values())

    def follow(self) -> None:
        """Let the axes follow the data again."""
        for pane in self.panes.values():
            pane.box.enableAutoRange()
        self._followed()

    def _moved_by_hand(self, moved: Pane) -> None:
        """Show the same steps in every chart."""
        for pane in self.panes.values():
            if pane is not moved:
                pane.box.setXRange(*moved.box.viewRange()[0], padding=0)
        self._followed()

    def _moved(self) -> None:
        if not self.following:
            self._later()

    def _followed(self) -> None:
        self.following_changed.emit(self.following)

    # ---- drawing

    def _later(self) -> None:
        self._dirty = True
        if not self._timer.isActive():
            self._timer.start(max(REDRAW_MS, round(10_000 * self._cost)))

    def redraw(self) -> None:
        """Draw what came since the last picture; hidden plots wait until they are seen."""
        if not self.isVisible():
            return
        began = time.perf_counter()
        self._dirty = False
        self._draw_curves()
        self._cost = min(time.perf_counter() - began, 0.1)
        self.drawn.emit()

    def _draw_curves(self) -> None:
        edges = self._edges()
        for curve in self.curves.values():
            if curve.shown:
                curve.draw(self.smoothing > 0, self.log, edges)

    def _edges(self) -> NDArray[np.float64]:
        """Return the steps at the borders of the pixel columns: all of the data, or the view and half of it around."""
        columns = max(200, self.view.width())
        ends = [(s.steps[0], s.steps[-1]) for s in (c.series for c in self.curves.values() if c.shown) if len(s)]
        low, high = (min(e[0] for e in ends), max(e[1] for e in ends)) if ends else (0.0, 1.0)
        if self.log[0]:
            low, high = math.log10(max(low, 1.0)), math.log10(max(high, 1.0))
        if not self.plot.getViewBox().state["autoRange"][0]:
            (left, right), _ = self.plot.getViewBox().viewRange()
            low, high, columns = left - (right - left) / 2, right + (right - left) / 2, 2 * columns
        grid = np.linspace(low, high, columns + 1)
        return np.power(10.0, np.clip(grid, -300, 300)) if self.log[0] else grid

    def showEvent(self, event: Any) -> None:
        """Catch up."""
        super().showEvent(event)
        self.redraw()

    def _tint(self) -> None:
        tokens = self._theme.tokens
        self.view.setBackground(tokens.surface)
        for pane in self.panes.values():
            pane.tint(tokens)
        self._arrange()
        self.readout.tint()
        self._colour()
        self.series_changed.emit()

    # ---- hover

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Hide the read-out when the mouse leaves; a double click fits the axes."""
        if event.type() == QEvent.Type.Leave:
            self._hide_lines()
            self.readout.hide()
        elif event.type() == QEvent.Type.MouseButtonDblClick:
            self.follow()
        return bool(super().eventFilter(watched, event))

    def _hover(self, position: QPointF) -> None:
        over = [pane.box for pane in self.shown_panes if pane.box.sceneBoundingRect().contains(position)]
        shown = [c for c in self.curves.values() if c.shown and len(c.series)]
        self.readout.setVisible(bool(over and shown))
        if not over or not shown:
            self._hide_lines()
            return
        x = float(over[0].mapSceneToView(position).x())
        near = shown[0].series.at(10.0**x if self.log[0] else x)
        step = near[0] if near else x
        for pane in self.panes.values():
            pane.hover_line.show()
            pane.hover_line.setValue(math.log10(step) if self.log[0] and step > 0 else step)
        self.readout.show_step(self.curves, step, self.view.mapFromScene(position))

    def _hide_lines(self) -> None:
        for pane in self.panes.values():
            pane.hover_line.hide()

    @property
    def ground(self) -> QColor:
        """The colour behind the curves."""
        return QColor(self._theme.tokens.surface)

    def draw_now(self) -> None:
        """Bring the items up to date even if the plot is hidden, without what follows the mouse: for an export."""
        self._hide_lines()
        self.readout.hide()
        self._draw_curves()
        QApplication.processEvents()
