"""Preferences: look, size, motion, workspace. Everything but the workspace takes effect at once."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSlider,
    QWidget,
)

from studio.ui.context import Context
from studio.ui.theme import MODES, SCALE_MAX, SCALE_MIN, SPACE_M
from studio.ui.widgets.labels import button, label
from studio.ui.widgets.overlay import Overlay

TITLES = {"system": "Follow the system", "dark": "Dark", "light": "Light"}


class Preferences(Overlay):
    """The preferences sheet; each control writes its setting when it changes."""

    def __init__(self, host: QWidget, context: Context) -> None:
        super().__init__(host, context.theme, "Preferences", width=560)
        self._context = context
        form = QFormLayout()
        form.setSpacing(SPACE_M)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.addRow("&Look", self._look())
        form.addRow("Si&ze", self._size())
        form.addRow("", self._motion())
        form.addRow("&Workspace", self._workspace())
        self.body.addLayout(form)
        self.note = label("Runs, data and exports are kept in the workspace.", "muted", wrap=True)
        self.body.addWidget(self.note)
        self.body.addWidget(label(f"Settings are kept in {context.settings.path}", "small", wrap=True))

    def _look(self) -> QComboBox:
        self.look = QComboBox()
        self.look.setAccessibleName("Look")
        for mode in MODES:
            self.look.addItem(TITLES[mode], mode)
        self.look.setCurrentIndex(MODES.index(self._theme.mode))
        self.look.currentIndexChanged.connect(self._set_look)
        return self.look

    def _size(self) -> QWidget:
        self.size_slider = QSlider(Qt.Orientation.Horizontal)
        self.size_slider.setAccessibleName("Size, percent")
        self.size_slider.setRange(round(SCALE_MIN * 20), round(SCALE_MAX * 20))
        self.size_slider.setPageStep(2)
        self.size_slider.setValue(round(self._theme.scale * 20))
        self._percent = QLabel(f"{round(self._theme.scale * 100)} %")
        self._percent.setMinimumWidth(self._percent.fontMetrics().horizontalAdvance("200 % "))
        # A new scale restyles the whole window: do it once the handle rests, not for each pixel.
        self.size_slider.valueChanged.connect(self._size_moved)
        self.size_slider.sliderReleased.connect(self._set_size)
        return _row(self.size_slider, self._percent)

    def _motion(self) -> QCheckBox:
        self.motion = QCheckBox("Reduce motion")
        self.motion.setChecked(self._theme.reduced_motion)
        self.motion.toggled.connect(self._set_motion)
        return self.motion

    def _workspace(self) -> QWidget:
        self.workspace = QLineEdit(self._context.settings.get("workspace", "") or str(self._context.workspace))
        self.workspace.setAccessibleName("Workspace folder")
        self.workspace.editingFinished.connect(lambda: self._set_workspace(self.workspace.text()))
        return _row(self.workspace, button("Choose…", self._choose))

    def _set_look(self, index: int) -> None:
        self._theme.set_mode(MODES[index])
        self._context.settings.set("look/mode", MODES[index])

    def _size_moved(self, value: int) -> None:
        self._percent.setText(f"{5 * value} %")
        if not self.size_slider.isSliderDown():
            self._set_size()

    def _set_size(self) -> None:
        scale = self.size_slider.value() / 20
        self._theme.set_scale(scale)
        self._context.settings.set("look/scale", scale)

    def _set_motion(self, reduced: bool) -> None:
        self._theme.set_reduced_motion(reduced)
        self._context.settings.set("look/reduced_motion", reduced)

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Workspace", self.workspace.text())
        if folder:
            self.workspace.setText(folder)
            self._set_workspace(folder)

    def _set_workspace(self, text: str) -> None:
        folder = Path(text).expanduser()
        if not text.strip() or folder == self._context.workspace:
            return
        if folder.exists() and not folder.is_dir():
            self.note.setText(f"{folder} is a file. Choose a folder.")
            return
        self._context.settings.set("workspace", str(folder))
        self.note.setText(f"From the next start on, the workspace is {folder}. Present runs stay where they are.")


def _row(*widgets: QWidget) -> QWidget:
    made = QWidget()
    line = QHBoxLayout(made)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(SPACE_M)
    for widget in widgets:
        line.addWidget(widget)
    return made
