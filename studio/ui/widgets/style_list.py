"""The styles of a transfer: pictures with weights, each with a mask of its own if wanted, and a place to drop more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.drop import accepts, take_drop
from studio.ui.widgets.labels import icon_button, label
from studio.ui.widgets.picture_well import PICTURES, take_pasted
from studio.ui.widgets.style_card import StyleCard, StyleRow

__all__ = ["StyleList", "StyleRow"]


class StyleList(QWidget):
    """Styles in a column, and a row at the end that takes files, raw pictures, and what is on the clipboard.

    The list shows what `show_styles` was given; what a person wants is sent and changes nothing here by itself, except
    the weight under the hand.

    Signals:
        given: list of Path.
        refused: the StudioError that explains why something was not taken.
        removed: index of a style.
        weight_changed: (index, weight >= 0), continuously.
        weight_settled: index; the next change of this weight is a new edit.
        mask_wanted: (index, whether its mask is to be painted): the person turned the mask button.
        region_wanted: index: what of its picture counts is to be painted.

    Args:
        theme: for colours and sizes.
        folder: where pasted and dragged raw pictures are saved.
    """

    given = Signal(list)
    refused = Signal(object)
    removed = Signal(int)
    weight_changed = Signal(int, float)
    weight_settled = Signal(int)
    mask_wanted = Signal(int, bool)
    region_wanted = Signal(int)

    def __init__(self, theme: Theme, folder: Path) -> None:
        super().__init__()
        self._theme, self._folder = theme, folder
        self.rows: list[StyleCard] = []
        self.zone = _AddRow(theme, self)
        self.setAcceptDrops(True)
        self.setAccessibleName("Styles")
        content = QWidget()
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE_S)
        self._column.addWidget(self.zone)
        self._column.addStretch()
        self._scroll = _Scroll(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._scroll)

    def show_styles(self, rows: Sequence[StyleRow]) -> None:
        """Show these styles; rows that stand for the same picture keep their widgets, and with them the focus."""
        while len(self.rows) > len(rows):
            gone = self.rows.pop()
            self._column.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for index, row in enumerate(rows):
            if index == len(self.rows):
                self.rows.append(self._card(index))
            self.rows[index].show_row(row)
        self.zone.set_few(bool(rows))
        self._scroll.updateGeometry()

    def set_painting(self, index: int) -> None:
        """Mark the style whose mask is being painted; -1 for none. Nothing is sent."""
        for i, row in enumerate(self.rows):
            row.set_painting(i == index)

    def _card(self, index: int) -> StyleCard:
        made = StyleCard(self._theme)
        made.weight.changed.connect(lambda value: self.weight_changed.emit(index, value))
        made.weight.settled.connect(lambda: self.weight_settled.emit(index))
        made.mask_button.clicked.connect(lambda on: self.mask_wanted.emit(index, on))
        made.region_button.clicked.connect(lambda _: self.region_wanted.emit(index))
        made.removed.connect(lambda: self.removed.emit(index))
        self._column.insertWidget(index, made)
        return made

    # ---- taking pictures

    def choose(self) -> None:
        """Ask for files."""
        names, _ = QFileDialog.getOpenFileNames(self, "Open styles", "", PICTURES)
        if names:
            self.given.emit([Path(name) for name in names])

    def paste(self) -> None:
        """Take what is on the clipboard, or say why not."""
        take_pasted(self._folder, self.given.emit, self.refused.emit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Paste, wherever in the list the focus is."""
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep Ctrl+V from the window's shortcuts while the focus is in the list."""
        is_key = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if is_key and cast(QKeyEvent, event).matches(QKeySequence.StandardKey.Paste):
            event.accept()
            return True
        return super().event(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Light up for what can be opened."""
        if accepts(event.mimeData()):
            self.zone.light(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Go dark again."""
        self.zone.light(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take the drop, or say why not."""
        self.zone.light(False)
        take_drop(event, self._folder, self.given.emit, self.refused.emit)


class _Scroll(QScrollArea):
    """Scrolls when there are many styles, and asks for the height of all of them."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)
        self._content = content

    def sizeHint(self) -> QSize:
        """Return the size of the content."""
        return self._content.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return the height of about one style."""
        return QSize(0, min(self._content.sizeHint().height(), 120))


class _AddRow(QFrame):
    """The dashed row at the end: drop, open or paste styles."""

    def __init__(self, theme: Theme, owner: StyleList) -> None:
        super().__init__()
        self.setProperty("role", "drop")
        self._hint = label("", "muted", wrap=True)
        self.open_button = icon_button(theme, "plus", "Open styles…", owner.choose)
        self.paste_button = icon_button(theme, "paste", "Paste a style", owner.paste)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_M, SPACE_S, SPACE_S, SPACE_S)
        row.setSpacing(0)
        row.addWidget(self._hint, 1)
        row.addWidget(self.open_button)
        row.addWidget(self.paste_button)
        self.set_few(False)

    def set_few(self, some: bool) -> None:
        """Say what belongs here: a first style, or another."""
        self._hint.setText("Drop another" if some else "Drop one or several styles")

    def light(self, over: bool) -> None:
        """Show that a drop would be taken."""
        self.setProperty("over", "true" if over else "false")
        self.style().polish(self)
