"""The values of all visible curves at one step, beside the mouse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QWidget

from studio.ui.theme import SPACE_M, Theme

if TYPE_CHECKING:
    from studio.ui.widgets.curve import Curve


def text_at(curves: Mapping[str, Curve], step: float) -> str:
    """Return the step and each visible curve's value there, as rich text."""
    lines = [f"<b>step {step:,.0f}</b>"]
    for name, curve in curves.items():
        point = curve.series.at(step)
        if curve.shown and point is not None:
            lines.append(f"<span style='color:{curve.colour.name()}'>●</span> {name}: {point[1]:.5g}")
    return "<br>".join(lines)


class Readout(QLabel):
    """A small label over a plot that stays inside it and lets the mouse through."""

    def __init__(self, plot: QWidget, theme: Theme) -> None:
        super().__init__(plot)
        self._theme, self._plot = theme, plot
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_step(self, curves: Mapping[str, Curve], step: float, mouse: QPoint) -> None:
        """Tell the values at a step, on the side of the mouse where there is room."""
        self.setText(text_at(curves, step))
        self.adjustSize()
        gap, size = self._theme.px(SPACE_M) * 2, self.size()
        fits = mouse.x() + gap + size.width() < self._plot.width()
        x = mouse.x() + gap if fits else mouse.x() - gap - size.width()
        self.move(max(0, x), max(0, min(mouse.y(), self._plot.height() - size.height())))

    def tint(self) -> None:
        """Take the theme's colours."""
        tokens = self._theme.tokens
        self.setStyleSheet(
            f"background: {tokens.control}; border: 1px solid {tokens.border}; border-radius: 4px; padding: 4px;"
        )
