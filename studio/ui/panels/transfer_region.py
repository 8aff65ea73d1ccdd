"""Painting on a style picture: which part of it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider

from studio.ui.panels.canvas_page import StagePage
from studio.ui.theme import SPACE_S, Theme
from studio.ui.widgets.canvas_view import CanvasView
from studio.ui.widgets.labels import button, icon_button

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.panels.transfer_styles import StyleItem

TEXT = "Paint what of this style counts; without paint all of it does. Alt or the right button erases."
RADIUS_STEPS = 100


class RegionPage(StagePage):
    """A style picture and a brush; what is painted is used or thrown away as a whole.

    Signals:
        region_chosen: (index of the style, float32 (h, w) 0..1 or None for all of it).
    """

    region_chosen = Signal(int, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Part of a style", TEXT)
        self._index = -1
        self.view = CanvasView(theme, "Style picture")
        self.radius = QSlider(Qt.Orientation.Horizontal)
        self.radius.setRange(1, RADIUS_STEPS)
        self.radius.setValue(32)
        self.radius.setFixedWidth(theme.px(90))
        self.radius.setAccessibleName("Brush size for the style")
        self.radius.valueChanged.connect(lambda _: self._arm())
        self.fill_button = icon_button(theme, "mask-fill", "Paint all of the style", self.view.mask_fill)
        self.invert_button = icon_button(
            theme, "mask-invert", "Swap inside and outside of the part", self.view.mask_invert
        )
        self.clear_button = icon_button(theme, "trash", "Take the paint away", self.view.mask_clear)
        self.use_button = button("Use this part", self._use, "primary")
        tools = QHBoxLayout()
        tools.setSpacing(SPACE_S)
        for widget in (self.radius, self.fill_button, self.invert_button, self.clear_button):
            tools.addWidget(widget)
        tools.addStretch(1)
        tools.addWidget(button("Cancel", self.closed.emit))
        tools.addWidget(self.use_button)
        self.column.addWidget(self.view, 1)
        self.column.addLayout(tools)

    def show_style(self, index: int, item: StyleItem) -> None:
        """Show a style with the part of it that counts."""
        self._index = index
        self.text.setText(f"{item.picture.name}: {TEXT[0].lower()}{TEXT[1:]}")
        self.view.show_before(None)
        self.view.show_after(item.picture.shown)
        self.view.set_mask(item.region)
        self._arm()

    @property
    def region(self) -> NDArray[np.float32] | None:
        """What is painted."""
        return self.view.mask

    def focus(self) -> None:
        """Take the focus when it opens."""
        self.view.setFocus()

    def _arm(self) -> None:
        self.view.set_brush(True, 0.005 + 0.35 * (self.radius.value() / RADIUS_STEPS) ** 2)

    def _use(self) -> None:
        self.region_chosen.emit(self._index, self.region)
        self.closed.emit()
