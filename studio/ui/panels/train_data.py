"""The Data line of Train: what fits the recipe, the paths used lately, and a file or folder of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QToolButton, QWidget

from studio.ui.panels.train_work import DataChoice
from studio.ui.theme import SPACE_M
from studio.ui.widgets.combo import NarrowCombo
from studio.ui.widgets.labels import icon_button

if TYPE_CHECKING:
    from studio.ui.context import Context

RECENT_KEY, RECENT = "train/recent_data", 8


class DataPicker(QWidget):
    """A list of data sets with a button for other files.

    Signals:
        wanted: a catalogue name or a path that the person chose.
    """

    wanted = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.combo = NarrowCombo("Data")
        self.combo.activated.connect(lambda *_: self.wanted.emit(self.combo.currentData()))
        self.browse = icon_button(context.theme, "open", "Choose a file or folder of your own")
        menu = QMenu(self)
        menu.addAction("File…", self._browse_file)
        menu.addAction("Folder…", self._browse_folder)
        self.browse.setMenu(menu)
        self.browse.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.browse.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_M)
        row.addWidget(self.combo, 1)
        row.addWidget(self.browse)

    def offer(self, choices: Sequence[DataChoice], source: str) -> None:
        """List data sets of the catalogue, then recent paths; the chosen source is always in the list."""
        self.combo.clear()
        for choice in choices:
            remark = "" if choice.present else f" · download {choice.megabytes:,.0f} MB"
            self.combo.addItem(f"{choice.title}{remark}", choice.name)
        for path in self._recent():
            self._add_path(path)
        if source and self.combo.findData(source) < 0:
            self._add_path(source)
        self.combo.setCurrentIndex(self.combo.findData(source) if source else -1)
        self.combo.setToolTip(f"{self.combo.currentText()}\n{source}".strip())

    def remember(self, source: str) -> None:
        """Put a path in front of the recent ones; names of the catalogue are listed anyway."""
        if Path(source).exists():
            recent = [source, *(path for path in self._recent() if path != source)]
            self._context.settings.set(RECENT_KEY, recent[:RECENT])

    def _recent(self) -> list[str]:
        stored = self._context.settings.get(RECENT_KEY, [])
        return [s for s in stored if isinstance(s, str) and Path(s).exists()] if isinstance(stored, list) else []

    def _add_path(self, path: str) -> None:
        self.combo.addItem(Path(path).name or path, path)
        self.combo.setItemData(self.combo.count() - 1, path, Qt.ItemDataRole.ToolTipRole)

    def _browse_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Data")
        if name:
            self.wanted.emit(name)

    def _browse_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Data folder")
        if name:
            self.wanted.emit(name)
