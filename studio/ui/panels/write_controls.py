"""What a person sets before Write writes: prompt, temperature, length, seed, comparison; and the buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QSlider, QVBoxLayout, QWidget

from studio.ui.panels.explore_fields import bar, check, named, whole
from studio.ui.theme import SPACE_S, Theme
from studio.ui.widgets.labels import button, keep_icon, label

COMPARED = (0.2, 0.5, 1.0)
STEP = 0.05
HOTTEST = 2.0


class WriteControls(QWidget):
    """The upper part of Write.

    Signals:
        temperatures_changed: the slider or the comparison changed.
        prompt_changed: another prompt.
        write_wanted, stop_wanted, copy_wanted, save_wanted, save_as_wanted: buttons.
    """

    temperatures_changed = Signal()
    prompt_changed = Signal()
    write_wanted = Signal()
    stop_wanted = Signal()
    copy_wanted = Signal()
    save_wanted = Signal()
    save_as_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.prompt = QPlainTextEdit()
        self.prompt.setPlaceholderText("Begin a sentence; the model continues it. Empty starts a new story.")
        self.prompt.setAccessibleName("Prompt")
        self.prompt.setTabChangesFocus(True)
        self.prompt.setFixedHeight(theme.px(72))
        self.slider = _temperature_slider(theme)
        self.temperature_label = label("", "mono")
        self.length_box = whole("Length", 1, 2000, 200, lambda: None, "tokens")
        self.seed_box = whole("Seed", 0, 2**31 - 1, 0, lambda: None)
        self.compare_box = check(
            "Compare 0.2, 0.5 and 1.0", False, self._changed, "Write the same start at three temperatures"
        )
        self.write_button = button("Write", self.write_wanted.emit, "primary")
        self.write_button.setToolTip("Alt+Return")
        self.stop_button = button("Stop", self.stop_wanted.emit)
        self.copy_button = button("Copy", self.copy_wanted.emit)
        self.save_button = button("Save .txt", self.save_wanted.emit)
        self.save_button.setToolTip("Save in the workspace's exports folder")
        self.save_as_button = button("Save as…", self.save_as_wanted.emit)
        self.note = label("", "muted")
        for made, icon in ((self.write_button, "write"), (self.stop_button, "stop"), (self.save_button, "save")):
            keep_icon(theme, made, icon)
        self._build()
        self.slider.valueChanged.connect(lambda *_: self._changed())
        self.prompt.textChanged.connect(self.prompt_changed)
        self._changed()

    def _build(self) -> None:
        heat = QWidget()
        row = QHBoxLayout(heat)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_S)
        row.addWidget(self.slider)
        row.addWidget(self.temperature_label)
        first = bar(named("Temperature", heat), named("Length", self.length_box), named("Seed", self.seed_box), None)
        begin = (self.write_button, self.stop_button, self.compare_box)
        second = bar(*begin, None, self.note, self.copy_button, self.save_button, self.save_as_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(self.prompt)
        for line in (first, second):
            line.layout().setContentsMargins(0, SPACE_S, 0, SPACE_S)  # type: ignore[union-attr]
            column.addWidget(line)

    @property
    def temperature(self) -> float:
        """The slider's value, 0 to 2."""
        return round(self.slider.value() * STEP, 2)

    def temperatures(self) -> tuple[float, ...]:
        """Return the temperatures to write at."""
        return COMPARED if self.compare_box.isChecked() else (self.temperature,)

    def enable(self, *, able: bool, writing: bool, has_text: bool) -> None:
        """Enable what makes sense now."""
        self.write_button.setEnabled(able and not writing)
        self.stop_button.setEnabled(writing)
        for made in (self.copy_button, self.save_button, self.save_as_button):
            made.setEnabled(has_text and not writing)

    def _changed(self) -> None:
        self.temperature_label.setText(f"{self.temperature:.2f}")
        self.slider.setAccessibleDescription(f"{self.temperature:.2f}")
        self.slider.setEnabled(not self.compare_box.isChecked())
        self.temperatures_changed.emit()


def _temperature_slider(theme: Theme) -> QSlider:
    made = QSlider(Qt.Orientation.Horizontal)
    made.setRange(0, round(HOTTEST / STEP))
    made.setValue(round(0.5 / STEP))
    made.setPageStep(4)
    made.setMinimumWidth(theme.px(140))
    made.setAccessibleName("Temperature")
    made.setToolTip("0 takes the likeliest token, 1 is the model's own distribution, 2 is bold")
    return made
