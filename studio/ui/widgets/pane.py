"""One chart of a plot: axes for metrics of one kind. Imports pyqtgraph: only `plots.py` uses it."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt

from studio.ui.theme import Tokens

KINDS = ("losses", "shares", "gradient norms")
"""From left to right. Shares are numbers from 0 to 1, such as accuracies: beside losses they would be flat lines."""


def kind_of(metric: str) -> str:
    """Return the kind of a metric's name, one of `KINDS`."""
    if metric.startswith("grad_norm"):
        return KINDS[2]
    share = metric.startswith("acc_") or metric.endswith("accuracy") or metric == "clipped"
    return KINDS[1] if share else KINDS[0]


class Pane:
    """Axes, a line that follows the mouse and a marker.

    Args:
        view: pyqtgraph's layout widget.
        kind: of the metrics; its place in `KINDS` is the column.
    """

    def __init__(self, view: Any, kind: str) -> None:
        self.kind = kind
        self.plot = view.addPlot(row=0, col=KINDS.index(kind))
        self.plot.setMenuEnabled(False)
        menu = self.plot.ctrlMenu  # pyqtgraph leaves it without a parent: it would outlive us
        menu.setParent(view, menu.windowFlags())
        self.plot.hideButtons()
        self.plot.showGrid(x=True, y=True, alpha=0.15)
        self.plot.setLabel("bottom", "step")
        self.box = self.plot.getViewBox()
        self.box.setDefaultPadding(0.03)
        self.hover_line = pg.InfiniteLine(angle=90)
        self.marker = pg.InfiniteLine(angle=90)
        for line in (self.hover_line, self.marker):
            line.hide()
            self.plot.addItem(line, ignoreBounds=True)

    @property
    def following(self) -> bool:
        """Whether the axes follow the data."""
        return all(self.box.state["autoRange"])

    def set_log(self, x: bool, y: bool) -> None:
        """Label the axes as logarithmic or not; the items are told by their curves."""
        for axis, is_log in (("bottom", x), ("left", y)):
            self.plot.getAxis(axis).setLogMode(is_log)

    def mark(self, step: int | None, log_x: bool) -> None:
        """Mark a step; None takes the line away."""
        visible = step is not None and not (log_x and step <= 0)
        self.marker.setVisible(visible)
        if visible and step is not None:
            self.marker.setValue(math.log10(step) if log_x else step)

    def title(self, shown: bool, tokens: Tokens) -> None:
        """Say what is drawn here, where there is more than one chart."""
        self.plot.setTitle(self.kind if shown else None, color=tokens.muted, size="9pt")

    def tint(self, tokens: Tokens) -> None:
        """Take the theme's colours."""
        for name in ("left", "bottom"):
            axis = self.plot.getAxis(name)
            axis.setPen(pg.mkPen(tokens.border))
            axis.setTextPen(pg.mkPen(tokens.muted))
        self.hover_line.setPen(pg.mkPen(tokens.muted))
        self.marker.setPen(pg.mkPen(tokens.accent, style=Qt.PenStyle.DashLine))
