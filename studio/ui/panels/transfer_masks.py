"""Which mask the brush paints on the canvas of Transfer: the content's, or that of one style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QComboBox

if TYPE_CHECKING:
    from studio.ui.panels.canvas_stage import CanvasStage
    from studio.ui.panels.transfer_sources import TransferSources


class MaskChooser(QObject):
    """Keeps the list in the tool bar, the buttons of the sources and the mask on the canvas in line.

    Signals:
        chosen: the role of the mask that is painted now.

    Args:
        stage: its brush paints; the list is put among its tools.
        sources: whose masks.
    """

    chosen = Signal(str)

    def __init__(self, stage: CanvasStage, sources: TransferSources) -> None:
        super().__init__(stage)
        self._stage, self._sources = stage, sources
        self.role = "content"
        self._was_chosen = False
        self.box = QComboBox()
        self.box.setAccessibleName("Mask to paint")
        self.box.setToolTip("Which mask the brush paints")
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(8)
        self.box.activated.connect(lambda _: self.choose(str(self.box.currentData())))
        self.box.hide()
        stage.tools.add(self.box)
        stage.brush_button.toggled.connect(self._brush_taken)
        sources.mask_wanted.connect(self._wanted)
        for changed in (sources.content_changed, sources.masks_changed, sources.styles.changed):
            changed.connect(self.show)
        self._names: tuple[str, ...] = ()
        self.show()

    def choose(self, role: str) -> None:
        """Paint another mask."""
        self.role, self._was_chosen = role, True
        self.show()
        self.chosen.emit(role)

    def _wanted(self, role: str, on: bool) -> None:
        if on:
            self.choose(role)
        self._stage.brush_button.setChecked(on)
        self.show()

    def _brush_taken(self, on: bool) -> None:
        if on and not self._was_chosen and self._sources.styles.items:
            self.role = "style 1"  # whoever just takes the brush means to say where the style goes
        self.box.setVisible(on)
        self.show()

    def show(self) -> None:
        """Bring list, buttons and canvas in line with what there is."""
        items = self._sources.styles.items
        names = ("content", *(item.picture.name for item in items))
        if self._index() > len(items):
            self.role = f"style {len(items)}" if items else "content"
        if names != self._names:
            self._names = names
            self._list(names)
        self.box.setCurrentIndex(self._index())
        painting = self._stage.brush_button.isChecked()
        self._sources.mask_button.setChecked(painting and self.role == "content")
        self._sources.styles.list.set_painting(self._index() - 1 if painting else -1)
        mask = self._sources.mask_of(self.role)
        if mask is not self._stage.view.mask or painting != self._stage.view.mask_shown:
            self._stage.view.set_mask(mask, shown=painting)

    def _index(self) -> int:
        return 0 if self.role == "content" else int(self.role.removeprefix("style "))

    def _list(self, names: tuple[str, ...]) -> None:
        self.box.clear()
        self.box.addItem("Where content counts", "content")
        for number, name in enumerate(names[1:], 1):
            self.box.addItem(f"Style {number}: {name}", f"style {number}")
