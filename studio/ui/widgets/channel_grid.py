"""What each channel of a layer likes: thumbnails that arrive one after another, filtered, sorted and chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.channel_cells import ChannelList, ChannelModel
from studio.ui.widgets.labels import ElidedLabel, label

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILTER_WIDTH = 84


class ChannelGrid(QWidget):
    """Thumbnails of the channels of one layer; a click or Enter chooses one.

    Signals:
        chosen: the channel.
    """

    chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.model = ChannelModel(self)
        self.list = ChannelList(theme, self.model)
        self.title = ElidedLabel("Channels", "title")
        self.progress = label("", "small")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Channel pictures that are ready")
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Number")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Show channels whose number begins with")
        self.sorted = QCheckBox("Strongest on this picture first")
        self.sorted.hide()
        self.filter.textChanged.connect(self.model.set_filter)
        self.filter.returnPressed.connect(self._choose_first)
        self.sorted.toggled.connect(self.model.set_sorted)
        self.list.picked.connect(self._choose)
        self._build()
        theme.changed.connect(self._resize)
        self._resize()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE_M)
        head.addWidget(self.title, 1)
        head.addWidget(self.filter)
        below = QHBoxLayout()
        below.addWidget(self.sorted)
        below.addStretch()
        below.addWidget(self.progress)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(head)
        column.addLayout(below)
        column.addWidget(self.bar)
        column.addWidget(self.list, 1)

    def begin(self, title: str, count: int) -> None:
        """Start over with `count` channels, none of which has a picture yet."""
        self.title.setText(title)
        self.list.setAccessibleName(f"Channels of {title}")
        self.filter.clear()
        self.set_strengths(None)
        self.model.begin(count)
        self._show_progress()

    def add(self, channel: int, pixels: NDArray[np.uint8]) -> None:
        """Show what a channel likes, uint8 (H, W, 3)."""
        self.model.add(channel, pixels)
        self._show_progress()

    def set_strengths(self, values: NDArray[np.float32] | None) -> None:
        """Take how strongly each channel answers to the present picture, float32 (channels,); None: not known."""
        self.model.set_strengths(values)
        self.sorted.setVisible(values is not None)

    def _show_progress(self) -> None:
        ready, count = self.model.ready, self.model.count
        self.progress.setText(f"{ready:,} of {count:,}" if ready < count else f"{count:,}")
        self.bar.setRange(0, max(count, 1))
        self.bar.setValue(ready)
        self.bar.setVisible(ready < count)

    def _choose(self, index: QModelIndex) -> None:
        channel = self.model.channel(index)
        if channel is not None:
            self.chosen.emit(channel)

    def _choose_first(self) -> None:
        self._choose(self.model.index(0, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let digits that are typed over the pictures go to the filter."""
        if event.text().isdigit():
            self.filter.setFocus()
            self.filter.insert(event.text())
        else:
            super().keyPressEvent(event)

    def _resize(self) -> None:
        self.filter.setFixedWidth(self._theme.px(FILTER_WIDTH))
