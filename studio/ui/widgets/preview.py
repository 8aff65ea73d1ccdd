"""The preview area: what the model makes, and a scrubber through what it made before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.core.events import Embedding, Event, Images, Text
from studio.ui.theme import FONT_BODY, SPACE_M, SPACE_S, Theme
from studio.ui.widgets.history import History, Shown
from studio.ui.widgets.labels import icon_button, label
from studio.ui.widgets.picture import PictureView, to_pixels

if TYPE_CHECKING:
    from studio.ui.widgets.scatter import Scatter

POINTS = 5000


class PreviewArea(QWidget):
    """Pictures, texts or points of one step, with a scrubber over all steps.

    Signals:
        step_shown: the step on show; -1 while it follows the newest.
    """

    step_shown = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.history = History()
        self._scatter: Scatter | None = None
        self.shown: Shown | None = None
        self._picked = False
        self.pictures = PictureView(theme, "Preview", "Previews appear here while the model trains.")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Written sample")
        self.text.setPlaceholderText("The model ended this story before its first word.")
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.pictures)
        self.pages.addWidget(self.text)
        self.name = QComboBox()
        self.name.setAccessibleName("Which preview")
        self.name.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.name.activated.connect(lambda *_: self._pick())
        self.scrubber = QSlider(Qt.Orientation.Horizontal)
        self.scrubber.setAccessibleName("History of previews")
        self.scrubber.valueChanged.connect(lambda *_: self._show())
        self.step = label("", "muted")
        self.step.setFixedWidth(theme.px(136))
        self.step.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.copy_button = icon_button(theme, "picture", "Copy this preview", self.copy)
        self._build()
        theme.changed.connect(self._tint)
        self._tint()

    def _build(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE_M, 0, SPACE_M, SPACE_S)
        bar.setSpacing(SPACE_M)
        bar.addWidget(self.name)
        bar.addWidget(self.scrubber, 1)
        bar.addWidget(self.step)
        bar.addWidget(self.copy_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE_S, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(self.pages, 1)
        column.addLayout(bar)
        self._fill()

    # ---- content

    def add(self, event: Event) -> None:
        """Take a preview event; shown at once when the scrubber stands at the end."""
        if isinstance(event, Images | Text | Embedding):
            self.add_shown(Shown(event.step, event.name, event))

    def add_stored(self, step: int, name: str, path: Path) -> None:
        """Take a stored preview, a PNG or a text; read when it is shown."""
        self.add_shown(Shown(step, name, path))

    def add_shown(self, shown: Shown) -> None:
        """Take a preview."""
        live = self.is_live
        step = None if self.shown is None else self.shown.step
        new = shown.name not in self.history.names
        self.history.add(shown)
        if new:
            self.name.addItem(shown.name)
            self.name.setVisible(self.name.count() > 1)
            if isinstance(shown.content, Images) and isinstance(self.shown and self.shown.content, Embedding):
                self.name.setCurrentText(shown.name)  # pictures say more than points
        if live and not self._picked and self._has_ended(shown):
            self.name.setCurrentText(shown.name)
        if new or shown.name == self.name.currentText():
            self._fill(None if live else step)

    def _has_ended(self, newer: Shown) -> bool:
        """Whether the kind on show left out a whole round of previews: another phase shows other things."""
        here, there = self.history[self.name.currentText()], self.history[newer.name]
        return bool(here) and len(there) > 1 and there[-2].step > here[-1].step

    def _pick(self) -> None:
        self._picked = True
        self._fill()

    def rewind(self, step: int) -> None:
        """Drop what came after a step."""
        self.history.rewind(step)
        self._fill()

    def clear(self) -> None:
        """Show nothing."""
        self.history.clear()
        self.name.clear()
        self.shown, self._picked = None, False
        self._fill()

    @property
    def is_live(self) -> bool:
        """Whether the newest preview is shown and the next one will be."""
        return self.scrubber.value() == self.scrubber.maximum()

    def _fill(self, step: int | None = None) -> None:
        """Fit the scrubber to the history; stay at a step, or go to the end."""
        kept = self.history[self.name.currentText()]
        place = len(kept) - 1
        if step is not None:
            place = max((i for i, s in enumerate(kept) if s.step <= step), default=place)
        self.scrubber.blockSignals(True)
        self.scrubber.setRange(0, max(0, len(kept) - 1))
        self.scrubber.setValue(max(0, place))
        self.scrubber.blockSignals(False)
        self.scrubber.setEnabled(len(kept) > 1)
        self.copy_button.setEnabled(bool(kept))
        self.name.setVisible(self.name.count() > 1)
        self._show()

    def _show(self) -> None:
        kept = self.history[self.name.currentText()]
        if not kept:
            self.shown = None
            self.pictures.clear()
            self.pages.setCurrentWidget(self.pictures)
            self.step.setText("")
            self.step_shown.emit(-1)
            return
        self.shown = shown = kept[self.scrubber.value()]
        self.step.setText(f"step {shown.step:,}" + (" · live" if self.is_live else ""))
        self._draw(shown.content)
        self.step_shown.emit(-1 if self.is_live else shown.step)

    def _draw(self, content: Event | Path) -> None:
        if isinstance(content, Images):
            self.pictures.show_sheet(content.pixels, content.columns, content.captions)
            self.pages.setCurrentWidget(self.pictures)
        elif isinstance(content, Embedding):
            self._draw_points(content)
        elif isinstance(content, Text):
            self._draw_text(content.text)
        elif isinstance(content, Path) and content.suffix == ".txt":
            self._draw_text(content.read_text(encoding="utf-8", errors="replace") if content.exists() else "")
        elif isinstance(content, Path):
            self._draw_stored(content)

    def _draw_stored(self, path: Path) -> None:
        from studio.runs import previews

        shown, image = previews.load(path), QImage(str(path))
        if shown is not None:
            self.pictures.show_sheet(shown.pixels, shown.columns, shown.captions)
        elif image.isNull():
            self.pictures.clear(f"{path.name} cannot be read any more.")
        else:  # of a version that kept no captions
            self.pictures.show_pixels(to_pixels(image))
        self.pages.setCurrentWidget(self.pictures)

    def _draw_text(self, text: str) -> None:
        if text != self.text.toPlainText():
            self.text.setPlainText(text)
        self.pages.setCurrentWidget(self.text)

    def _draw_points(self, content: Embedding) -> None:
        from studio.ui.widgets.scatter import Scatter  # imports pyqtgraph: not before it is needed

        if self._scatter is None:
            self._scatter = Scatter(self._theme)
            self.pages.addWidget(self._scatter)
        import numpy as np

        labels = None if content.labels is None else content.labels[:POINTS]
        points = content.points[:POINTS, :2]
        if points.shape[1] == 1:  # a one-dimensional latent space is drawn on a line
            points = np.pad(points, ((0, 0), (0, 1)))
        self._scatter.show_points(points, labels)
        self.pages.setCurrentWidget(self._scatter)

    def copy(self) -> None:
        """Put what is shown on the clipboard."""
        if self.pages.currentWidget() is self.text:
            self.text.selectAll()
            self.text.copy()
        else:
            self.pictures.copy()

    def _tint(self) -> None:
        self.text.setFont(self._theme.mono(FONT_BODY))
