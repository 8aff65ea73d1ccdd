"""The right side of Explore: the picture of the current point, large, its coordinates, and what to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QMenu, QScrollArea, QSlider, QVBoxLayout, QWidget

from studio.ui.theme import SPACE_M, SPACE_S
from studio.ui.widgets.labels import ElidedLabel, button, keep_icon, label
from studio.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    from studio.ui.panels.explore_state import Walker

SLIDERS = 64
"""More latent dimensions than this have no sliders: nobody would find the right one."""
STEPS = 200
REACH = 4.0


class SidePane(QWidget):
    """The current point.

    Signals:
        pin_wanted, copy_wanted, random_wanted: buttons.
        export_wanted: "picture", "view" or "as" (the picture, under a name to be asked for).
    """

    pin_wanted = Signal()
    copy_wanted = Signal()
    random_wanted = Signal()
    export_wanted = Signal(str)

    def __init__(self, walker: Walker) -> None:
        super().__init__()
        self._walker = walker
        theme = walker.panel.context.theme
        self.picture = PictureView(theme, "Decoded picture", "Click a point to decode it.")
        self.where = ElidedLabel("", "small")
        self.pin_button = button("Pin", self.pin_wanted.emit)
        self.pin_button.setToolTip("Keep this point in the strip below (Ctrl+D)")
        self.copy_button = button("Copy", self.copy_wanted.emit)
        self.copy_button.setToolTip("Copy the picture to the clipboard (Ctrl+Shift+C)")
        self.random_button = button("Random", self.random_wanted.emit)
        self.random_button.setToolTip("Go to a random point of the prior")
        self.export_button = button("Export PNG", lambda: self.export_wanted.emit("picture"), "primary")
        self.export_button.setToolTip("Save the picture in the workspace's exports folder (Ctrl+E)")
        self.more_button = button("More…")
        self.more_button.setToolTip("Save under another name, or save the whole view")
        self._sliders: list[QSlider] = []
        self._values: list[QLabel] = []
        self._rows = QGridLayout()
        self._build()
        for made, icon in ((self.pin_button, "pin"), (self.export_button, "save")):
            keep_icon(theme, made, icon)
        walker.opened.connect(self._opened)
        walker.moved.connect(self._moved)
        walker.decoded.connect(self._decoded)
        self._opened()

    def _build(self) -> None:
        menu = QMenu(self.more_button)
        menu.addAction("Save the picture as…", lambda: self.export_wanted.emit("as"))
        menu.addAction("Save the view (sheet or scatter)", lambda: self.export_wanted.emit("view"))
        self.more_button.setMenu(menu)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row, buttons in (
            (first, (self.pin_button, self.copy_button, self.random_button)),
            (second, (self.export_button, self.more_button)),
        ):
            row.setSpacing(SPACE_M)
            for made in buttons:
                row.addWidget(made, 1)
        rows = QWidget()
        rows.setLayout(self._rows)
        self._rows.setContentsMargins(0, 0, SPACE_M, 0)
        self._rows.setVerticalSpacing(0)
        self._scroll = QScrollArea()
        self._scroll.setWidget(rows)
        self._scroll.setWidgetResizable(True)
        self._scroll.setMinimumHeight(self._walker.panel.context.theme.px(60))
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_M)
        column.addWidget(self.picture, 3)
        column.addWidget(self.where)
        column.addLayout(first)
        column.addLayout(second)
        self._title = label("Latent dimensions", "muted")
        column.addSpacing(SPACE_S)
        column.addWidget(self._title)
        column.addWidget(self._scroll, 2)

    @property
    def sliders(self) -> tuple[QSlider, ...]:
        """One slider for each latent dimension."""
        return tuple(self._sliders)

    def _opened(self) -> None:
        session = self._walker.session
        decodes = session is not None and "Decodes" in session.can
        self.picture.clear("Click a point to decode it." if decodes else "Choose a picture.")
        self.where.setText("")
        for made in (self.pin_button, self.random_button):
            made.setEnabled(decodes)
        self._enable(False)
        self._make_sliders(session.size if session is not None and decodes and session.size <= SLIDERS else 0)

    def _make_sliders(self, count: int) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.hide()
                gone.deleteLater()
        self._sliders, self._values = [], []
        self._title.setVisible(count > 0)
        self._scroll.setVisible(count > 0)
        for number in range(count):
            self._rows.addWidget(label(f"z{number + 1}", "muted"), number, 0)
            self._rows.addWidget(self._slider(number), number, 1)
            value = label("0.00", "mono")
            value.setMinimumWidth(self._walker.panel.context.theme.px(44))
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._rows.addWidget(value, number, 2)
            self._values.append(value)
        self._rows.setRowStretch(max(count, 1), 1)

    def _slider(self, number: int) -> QSlider:
        made = QSlider(Qt.Orientation.Horizontal)
        made.setRange(-STEPS, STEPS)
        made.setAccessibleName(f"Latent dimension {number + 1}")
        made.setToolTip(f"Latent dimension {number + 1}, from {-REACH:g} to {REACH:g}")
        made.valueChanged.connect(lambda value, n=number: self._slid(n, value))
        self._sliders.append(made)
        return made

    def _slid(self, number: int, value: int) -> None:
        import numpy as np

        session = self._walker.session
        if session is None:
            return
        z = np.zeros(session.size, np.float32) if self._walker.z is None else np.array(self._walker.z)
        z[number] = value / STEPS * REACH
        self._walker.move_to(z)

    def _moved(self, z: Any) -> None:
        shown = ", ".join(f"{float(v):+.2f}" for v in z[:6])
        self.where.setText(f"z = ({shown}{', …' if len(z) > 6 else ''})")
        for number, slider in enumerate(self._sliders):
            slider.blockSignals(True)
            slider.setValue(round(float(z[number]) / REACH * STEPS))
            slider.blockSignals(False)
            self._values[number].setText(f"{float(z[number]):+.2f}")

    def _decoded(self, pixels: Any) -> None:
        self.picture.show_pixels(pixels)
        self._enable(True)

    def _enable(self, there: bool) -> None:
        for made in (self.copy_button, self.export_button, self.more_button):
            made.setEnabled(there)
