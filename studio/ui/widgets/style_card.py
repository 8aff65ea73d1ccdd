"""One style of a transfer as a card: thumbnail, name, weight, buttons for its mask, its region and its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.labels import ElidedLabel, icon_button
from studio.ui.widgets.picture_well import thumbnail
from studio.ui.widgets.weight import WeightEdit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE, TOOL = 44, 24
WEIGHT_HIGH = 4.0


@dataclass(frozen=True, eq=False)
class StyleRow:
    """One style: picture uint8 (H, W, 3), name, weight, whether a mask says where it acts, a region what counts."""

    pixels: NDArray[np.uint8]
    name: str
    weight: float = 1.0
    has_mask: bool = False
    has_region: bool = False


class StyleCard(QFrame):
    """One style: thumbnail, name, weight, mask button, remove button. Delete removes while it has the focus.

    Signals:
        removed: the person wants it gone.
    """

    removed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._pixels: NDArray[np.uint8] | None = None
        self.setProperty("role", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.name = ElidedLabel(where=Qt.TextElideMode.ElideMiddle)
        self.weight = WeightEdit(theme, "style", 0.0, WEIGHT_HIGH, least=0.0)
        self.mask_button = icon_button(theme, "mask", "Paint where this style acts")
        self.mask_button.setCheckable(True)
        self.region_button = icon_button(theme, "picture", "Paint what of this style counts")
        self.region_button.setCheckable(True)
        self.remove_button = icon_button(theme, "close", "Remove this style", self.removed.emit)
        self._build()
        theme.changed.connect(self._resize)
        self._resize()

    def _build(self) -> None:
        for tool in (self.mask_button, self.region_button, self.remove_button):
            tool.setStyleSheet("QToolButton { padding: 0; min-height: 0; }")
        head = QHBoxLayout()
        head.setSpacing(SPACE_M)
        head.addWidget(self._picture)
        words = QVBoxLayout()
        words.setSpacing(2)
        title, tools = QHBoxLayout(), QHBoxLayout()
        for row in (title, tools):
            row.setSpacing(2)
            words.addLayout(row)
        title.addWidget(self.name, 1)
        title.addWidget(self.remove_button)
        self._state = ElidedLabel("", "small")
        tools.addWidget(self._state, 1)
        tools.addWidget(self.mask_button)
        tools.addWidget(self.region_button)
        head.addLayout(words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_S, SPACE_S, SPACE_S, SPACE_S)
        column.setSpacing(SPACE_S)
        column.addLayout(head)
        column.addWidget(self.weight)

    def show_row(self, row: StyleRow) -> None:
        """Show a style."""
        if row.pixels is not self._pixels:
            self._pixels = row.pixels
            self._draw()
        self.name.setText(row.name)
        self.setAccessibleName(f"Style {row.name}, weight {row.weight:g}")
        self.weight.slider.setAccessibleName(f"Weight of style {row.name}")
        self.weight.field.setAccessibleName(f"Weight of style {row.name}, number")
        self.remove_button.setAccessibleName(f"Remove style {row.name}")
        self.mask_button.setAccessibleName(f"Paint where style {row.name} acts")
        self.region_button.setAccessibleName(f"Paint what of style {row.name} counts")
        self.region_button.setChecked(row.has_region)
        if row.weight != self.weight.value:
            self.weight.set_value(row.weight)
        self._state.setText("masked" if row.has_mask else "everywhere")

    def set_painting(self, on: bool) -> None:
        """Show whether its mask is being painted."""
        self.mask_button.setChecked(on)

    def _draw(self) -> None:
        if self._pixels is None:
            return
        side, ratio = self._theme.px(SIDE), self.devicePixelRatioF()
        image = thumbnail(self._pixels, 4 * side)
        edge = min(image.width(), image.height())
        image = image.copy((image.width() - edge) // 2, (image.height() - edge) // 2, edge, edge)  # a swatch is square
        size = QSize(round(side * ratio), round(side * ratio))
        image = image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
        image.setDevicePixelRatio(ratio)
        self._picture.setPixmap(QPixmap.fromImage(image))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Remove."""
        if event.key() == Qt.Key.Key_Delete:
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def _resize(self) -> None:
        self._picture.setFixedSize(self._theme.px(SIDE), self._theme.px(SIDE))
        for tool in (self.mask_button, self.region_button, self.remove_button):
            tool.setFixedSize(self._theme.px(TOOL), self._theme.px(TOOL))
        self._draw()
