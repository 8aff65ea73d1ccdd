"""The middle of Dream and Transfer: the canvas with its tools, the timeline, the loss curves, the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSlider, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from studio.ui.panels.canvas_drawer import Drawer
from studio.ui.panels.canvas_page import StagePage
from studio.ui.panels.canvas_timeline import TimelineBar
from studio.ui.theme import SPACE_S
from studio.ui.widgets.bar import Bar
from studio.ui.widgets.canvas_view import CanvasView
from studio.ui.widgets.curves import CurveArea
from studio.ui.widgets.labels import icon_button
from studio.ui.widgets.results_strip import ResultsStrip

if TYPE_CHECKING:
    from studio.core.events import Scalars
    from studio.ui.context import Context

BRUSH_STEPS = 100


class CanvasStage(QWidget):
    """Tools over the canvas over the timeline over the curves over the results.

    Signals:
        mask_edited: mask before, mask after; float32 (h, w) 0..1 or None (a stroke, or one of the buttons).

    Args:
        context: for the theme, and the settings of the curves.
        name: what the canvas is called, for a screen reader.
        kind: under which the hidden curves are remembered.
        empty: shown instead of the canvas while there is nothing to show.
    """

    mask_edited = Signal(object, object)

    def __init__(self, context: Context, name: str, kind: str, empty: QWidget) -> None:
        super().__init__()
        theme = context.theme
        self.view = CanvasView(theme, name)
        self.empty = empty
        self._under: QWidget = empty
        self.timeline = TimelineBar(theme)
        self.curves = CurveArea(context)
        self.curves.remember_for(kind)
        self.results = ResultsStrip(theme)
        self.drawer = Drawer(theme)
        self._kept: list[Scalars] = []
        self._make_tools(context)
        self._build()
        self.drawer.opened.connect(self._draw_kept)
        self.drawer.show_page("results")
        self.view.stroke_finished.connect(self.mask_edited)

    # ---- building

    def _make_tools(self, context: Context) -> None:
        theme = context.theme
        self.fit_button = icon_button(theme, "fit", "Show the whole picture (0)", self.view.fit)
        self.actual_button = QToolButton()
        self.actual_button.setText("100 %")
        self.actual_button.setProperty("role", "flat")
        self.actual_button.setToolTip("One picture pixel per screen pixel (1)")
        self.actual_button.setAccessibleName("Actual size")
        self.actual_button.clicked.connect(lambda *_: self.view.actual_size())
        self.compare_button = self._toggle(context, "compare", "Compare before and after (C)", self._compare)
        self.brush_button = self._toggle(context, "brush", "Paint where it acts (B)", self._arm)
        self.erase_button = self._toggle(context, "eraser", "Erase instead of painting", self._arm)
        self.radius = QSlider(Qt.Orientation.Horizontal)
        self.radius.setRange(1, BRUSH_STEPS)
        self.radius.setValue(32)
        self.radius.setFixedWidth(theme.px(90))
        self.radius.setAccessibleName("Brush size")
        self.radius.setToolTip("Brush size ([ and ])")
        self.radius.valueChanged.connect(lambda *_: self._arm())
        self.mask_buttons = (
            icon_button(theme, "mask-fill", "Paint everything", self.view.mask_fill),
            icon_button(theme, "mask-invert", "Swap inside and outside", self.view.mask_invert),
            icon_button(theme, "trash", "Take the mask away", self.view.mask_clear),
        )
        self.brush_tools = (self.erase_button, self.radius, *self.mask_buttons)

    def _toggle(self, context: Context, icon: str, name: str, toggled: Callable[[], object]) -> QToolButton:
        made = icon_button(context.theme, icon, name)
        made.setCheckable(True)
        made.toggled.connect(lambda *_: toggled())
        return made

    def _build(self) -> None:
        self.tools = Bar(SPACE_S)
        for widget in (self.fit_button, self.actual_button, self.compare_button, self.brush_button, *self.brush_tools):
            self.tools.add(widget)
        for widget in self.brush_tools:
            widget.hide()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.view)
        self.drawer.add("results", "Results", self.results)
        self.drawer.add("losses", "Loss", self.curves)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, SPACE_S)
        column.setSpacing(SPACE_S)
        column.addWidget(self.tools)
        column.addWidget(self.stack, 1)
        column.addWidget(self.timeline)
        column.addWidget(self.drawer)

    # ---- canvas

    def show_canvas(self, there: bool) -> None:
        """Show the canvas, or the empty state; a page that is open stays in front."""
        self._under = self.view if there else self.empty
        if self.stack.currentWidget() in (self.view, self.empty):
            self.stack.setCurrentWidget(self._under)
        self.tools.setEnabled(self.canvas_shown)

    def open_page(self, page: StagePage) -> None:
        """Show a page in place of the canvas until it is closed; one that is open is closed first."""
        present = self.stack.currentWidget()
        if isinstance(present, StagePage) and present is not page:
            present.closed.emit()
        if self.stack.indexOf(page) < 0:
            self.stack.addWidget(page)
            page.closed.connect(self.close_page)
        self.stack.setCurrentWidget(page)
        self._show_around(False)
        page.focus()

    def close_page(self) -> None:
        """Show the canvas again."""
        self.stack.setCurrentWidget(self._under)
        self._show_around(True)
        self.tools.setEnabled(self.canvas_shown)

    def _show_around(self, shown: bool) -> None:
        for widget in (self.tools, self.timeline, self.drawer):
            widget.setVisible(shown)

    @property
    def canvas_shown(self) -> bool:
        """Whether there is a picture."""
        return self.stack.currentWidget() is self.view

    def _compare(self) -> None:
        self.view.set_comparing(self.compare_button.isChecked())

    def toggle_compare(self) -> None:
        """Compare before and after, or stop."""
        self.compare_button.toggle()

    def toggle_brush(self) -> None:
        """Take the brush, or lay it down; in the hand, the keys move it at once."""
        self.brush_button.toggle()
        if self.brush_button.isChecked():
            self.view.setFocus()

    def _arm(self) -> None:
        on = self.brush_button.isChecked()
        for widget in self.brush_tools:
            widget.setVisible(on)
        self.view.set_mask(self.view.mask, shown=on)
        share = 0.005 + 0.35 * (self.radius.value() / BRUSH_STEPS) ** 2
        self.view.set_brush(on, share, erase=self.erase_button.isChecked())

    # ---- curves: drawn when they are looked at

    @property
    def losses_shown(self) -> bool:
        """Whether the curves are looked at."""
        return self.drawer.open_page == "losses"

    def add_losses(self, event: Scalars) -> None:
        """Take a step's losses."""
        self._kept.append(event)
        if self.losses_shown:
            self._draw(event)
        self.drawer.set_note("losses", f"{event.values['loss'][-1]:.4g}" if "loss" in event.values else "")

    def show_losses(self, events: Sequence[Scalars]) -> None:
        """Show other losses than before."""
        self._kept = []
        self.curves.clear()
        self.drawer.set_note("losses", "")
        for event in events:
            self.add_losses(event)

    def _draw(self, event: Scalars) -> None:
        values: dict[str, Sequence[float]] = {name.replace("/", " #"): points for name, points in event.values.items()}
        self.curves.append(event.split, event.steps, values)

    def _draw_kept(self, page: str) -> None:
        if page == "losses":
            self.curves.clear()
            for event in self._kept:
                self._draw(event)
