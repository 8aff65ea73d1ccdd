"""The recipe gallery: cards by family, found by search; grey cards while the recipes are being loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from studio.ui.theme import SPACE_L, SPACE_M, SPACE_S, SPACE_XL, Theme
from studio.ui.widgets.labels import ElidedLabel, label

CARD_WIDTH = 300
SKELETONS = 6
FAMILIES = {
    "basics": "Foundations",
    "gan": "Adversarial networks",
    "autoencoder": "Autoencoders",
    "classifier": "Classifiers",
    "text": "Text",
    "style": "Style",
}


class Described(Protocol):
    """What a card shows."""

    @property
    def id(self) -> str:
        """What the command line takes."""
        ...

    @property
    def title(self) -> str:
        """Its name."""
        ...

    @property
    def family(self) -> str:
        """Section of the gallery."""
        ...

    @property
    def sources(self) -> str:
        """Papers and books."""
        ...

    @property
    def description(self) -> str:
        """One sentence."""
        ...


class Card(QFrame):
    """One recipe; click, Enter or Space chooses it."""

    chosen = Signal(str)

    def __init__(self, info: Described) -> None:
        super().__init__()
        self.info = info
        self.words = f"{info.id} {info.title} {info.family} {info.description} {info.sources}".casefold()
        self.setProperty("role", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"{info.title}. {info.description}")
        self.setToolTip(info.sources)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        column.setSpacing(SPACE_S)
        column.addWidget(label(info.title, "title", wrap=True))
        column.addWidget(label(info.description, wrap=True))
        column.addStretch()
        column.addWidget(ElidedLabel(info.sources, "small"))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit(self.info.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose with Enter or Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self.info.id)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: object) -> None:
        """Be seen when reached with Tab."""
        parent = self.parentWidget()
        while parent is not None and not isinstance(parent, QScrollArea):
            parent = parent.parentWidget()
        if parent is not None:
            parent.ensureWidgetVisible(self)
        self.update()


class Gallery(QWidget):
    """Search field over cards.

    Signals:
        chosen: id of a recipe.
    """

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.cards: list[Card] = []
        self._headings: dict[str, QWidget] = {}
        self._columns = 0
        self.heading = label("What do you want to train?", "page")
        self.remark = ElidedLabel("Loading the recipes…", "muted")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search by name, family, paper or book")
        self.search.setAccessibleName("Search recipes")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda *_: self._arrange())
        self.search.returnPressed.connect(self._take_first)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(0, 0, SPACE_M, 0)
        self._grid.setSpacing(SPACE_M)
        self._area.setWidget(inner)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_L, SPACE_M)
        column.setSpacing(SPACE_M)
        for widget in (self.heading, self.remark, self.search):
            column.addWidget(widget)
        column.addWidget(self._area, 1)
        self._skeletons = [self._skeleton() for _ in range(SKELETONS)]
        self._arrange()

    def _skeleton(self) -> QFrame:
        made = QFrame()
        made.setProperty("role", "card")
        made.setMinimumHeight(self._theme.px(120))
        made.setAccessibleName("Loading")
        return made

    def show_recipes(self, infos: Sequence[Described]) -> None:
        """Replace the grey cards by the recipes."""
        for old in (*self._skeletons, *self.cards):
            self._grid.removeWidget(old)
            old.deleteLater()
        self._skeletons, self.cards = [], [Card(info) for info in infos]
        for card in self.cards:
            card.chosen.connect(self.chosen)
        self._arrange()

    def set_remark(self, text: str) -> None:
        """Say something below the heading, such as which data waits for a recipe."""
        self.remark.setText(text)

    def visible_cards(self) -> list[Card]:
        """Return the cards that fit the search."""
        wanted = self.search.text().casefold().split()
        return [card for card in self.cards if all(word in card.words for word in wanted)]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use as many columns as fit."""
        super().resizeEvent(event)
        if self._fitting() != self._columns:
            self._arrange()

    def _fitting(self) -> int:
        return max(1, (self.width() - self._theme.px(2 * SPACE_XL)) // self._theme.px(CARD_WIDTH))

    def _take_first(self) -> None:
        found = self.visible_cards()
        if found:
            self.chosen.emit(found[0].info.id)

    def _arrange(self) -> None:
        self._clear()
        self._columns, row = self._fitting(), 0
        for i, grey in enumerate(self._skeletons):
            self._grid.addWidget(grey, i // self._columns, i % self._columns)
        families: dict[str, list[Card]] = {}
        for card in self.visible_cards():
            families.setdefault(card.info.family, []).append(card)
        for family, cards in families.items():
            heading = self._headings[family] = label(FAMILIES.get(family, family.capitalize()), "muted")
            self._grid.addWidget(heading, row, 0, 1, self._columns)
            row += 1
            for i, card in enumerate(cards):
                self._grid.addWidget(card, row + i // self._columns, i % self._columns)
                card.show()
            row += -(-len(cards) // self._columns)
        if self.cards and not families:
            self._headings[""] = label("No recipe fits this search.", "muted")
            self._grid.addWidget(self._headings[""], 0, 0)
        self._grid.setRowStretch(self._grid.rowCount() + 1, 1)
        for column in range(self._columns):
            self._grid.setColumnStretch(column, 1)

    def _clear(self) -> None:
        for heading in self._headings.values():
            self._grid.removeWidget(heading)
            heading.deleteLater()
        self._headings = {}
        for card in self.cards:
            self._grid.removeWidget(card)
            card.hide()
        for row in range(self._grid.rowCount() + 2):
            self._grid.setRowStretch(row, 0)
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 0)
