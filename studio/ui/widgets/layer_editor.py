"""An editor of objective lines such as `conv4_2:1, conv4_3/17:-0.5, logit/ship:2`: rows with sliders, and the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from studio.core.errors import BadConfig
from studio.ui.theme import SPACE_S, Theme
from studio.ui.widgets.labels import keep_icon, label
from studio.ui.widgets.layer_menu import LOGIT, LayerMenu, LayerRow
from studio.ui.widgets.layer_term import WEIGHT_LOW, TermRow

if TYPE_CHECKING:
    from studio.canvas.objective import Term

__all__ = ["LayerEditor", "LayerRow"]


@dataclass(frozen=True)
class _Names:
    """What `objective.parse` needs of a backbone, without its weights."""

    title: str
    layers: tuple[LayerRow, ...]
    classes: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)


class LayerEditor(QWidget):
    """Rows and a text field that say the same; whichever a person edits, the other follows.

    Text that is not valid stays as it was typed and is marked with the reason; the rows wait until it is.

    Signals:
        changed: a valid line, after every step of an edit (also while a slider moves).
        edit_finished: the edit is over (slider released, field left, row added or removed): the next is a new one.
        channels_wanted: name of a layer whose channels the person wants to see.

    Args:
        theme: for colours and sizes.
        whole_layers: neither channels nor negative weights are offered (a transfer compares whole layers).
    """

    changed = Signal(str)
    edit_finished = Signal()
    channels_wanted = Signal(str)

    def __init__(self, theme: Theme, *, whole_layers: bool = False) -> None:
        super().__init__()
        self._theme, self._whole_layers = theme, whole_layers
        self._names = _Names("This network", (), ())
        self._terms: tuple[Term, ...] = ()
        self._sent = ""
        self.rows: list[TermRow] = []
        self.problem: BadConfig | None = None
        self._menu: LayerMenu | None = None
        self.add_button = QPushButton("Add")
        keep_icon(theme, self.add_button, "plus", 16)
        self.text = QLineEdit()
        self.text.setPlaceholderText("conv2_1:1, conv3_1:0.5" if whole_layers else "conv4_2:1, conv4_3/17:-0.5")
        self.text.setAccessibleName("Objective as text")
        self.message = label("", "error", wrap=True)
        self.message.hide()
        self._build()
        self.text.textEdited.connect(self._typed)
        self.text.editingFinished.connect(self.edit_finished)

    def _build(self) -> None:
        self.add_button.setAccessibleName("Add a layer, channel or class")
        self._rows_column = QVBoxLayout()
        self._rows_column.setSpacing(SPACE_S)
        tools = QHBoxLayout()
        tools.setSpacing(SPACE_S)
        tools.addWidget(self.text, 1)
        tools.addWidget(self.add_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(self._rows_column)
        column.addLayout(tools)
        column.addWidget(self.message)

    # ---- from outside

    def set_backbone(
        self,
        layers: Sequence[LayerRow],
        classes: Sequence[str],
        title: str = "This network",
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        """Offer the layers of a network; the line stays as it is and is checked anew.

        Args:
            layers: in the order of the network.
            classes: names of its logits.
            title: of the network, for messages.
            aliases: other names of layers that a line may use -> their names here.
        """
        self._names = _Names(title, tuple(layers), tuple(classes), dict(aliases or {}))
        if self._menu is not None:
            self._menu.deleteLater()
        see = None if self._whole_layers else self.channels_wanted.emit
        self._menu = LayerMenu(self, layers, classes, self.add_term, see)
        self.add_button.setMenu(self._menu)
        self._clear()
        self._check()

    def set_line(self, line: str) -> None:
        """Show a line; nothing is sent."""
        if line != self.text.text():
            self.text.setText(line)
            self.text.setCursorPosition(0)
        self._sent = line
        self._check()

    def line(self) -> str:
        """Return the line as it stands, valid or not."""
        return self.text.text()

    @property
    def is_valid(self) -> bool:
        """Whether the line can be used with the present network."""
        return self.problem is None and bool(self._terms)

    @property
    def terms(self) -> tuple[Term, ...]:
        """What the line says; while it is not valid, what it said before."""
        return self._terms

    def add_term(self, layer: str, channel: int | None = None, weight: float = 1.0) -> None:
        """Add a layer, or one channel (or class) of it, as a person would; what stands there already stays."""
        from studio.canvas.objective import Term

        if self.problem is None and not any((t.layer, t.channel) == (layer, channel) for t in self._terms):
            self._edit((*self._terms, Term(layer, channel, weight)))
            self.edit_finished.emit()

    # ---- edits

    def _typed(self, line: str) -> None:
        self._check()
        if self.is_valid and line != self._sent:
            self._sent = line
            self.changed.emit(line)

    def _edit(self, terms: tuple[Term, ...]) -> None:
        from studio.canvas.objective import written

        line = written(terms, self._names)
        self.text.setText(line)
        self.text.setCursorPosition(0)
        self._check()
        if line != self._sent:
            self._sent = line
            self.changed.emit(line)

    def _weigh(self, index: int, weight: float) -> None:
        terms = list(self._terms)
        terms[index] = replace(terms[index], weight=weight)
        self._edit(tuple(terms))

    def _remove(self, index: int) -> None:
        self._edit(self._terms[:index] + self._terms[index + 1 :])
        self.edit_finished.emit()
        (self.rows[min(index, len(self.rows) - 1)].weight.slider if self.rows else self.text).setFocus()

    # ---- showing

    def _check(self) -> None:
        """Read the line; show its terms, or why it cannot be read."""
        from studio.canvas.objective import parse

        if not self._names.layers:
            return  # no network yet: nothing to check against
        try:
            self._terms, self.problem = parse(self.text.text(), self._names), None
        except BadConfig as error:
            self.problem = error
        else:
            self._show()
        self._mark()

    def _show(self) -> None:
        if [(t.layer, t.channel) for t in self._terms] != [(r.term.layer, r.term.channel) for r in self.rows]:
            self._clear()
            for index, term in enumerate(self._terms):
                self._add_row(index, term)
        for row, term in zip(self.rows, self._terms, strict=True):
            row.term = term
            if row.weight.value != term.weight:
                row.weight.set_value(term.weight)
            row.set_removable(len(self.rows) > 1)

    def _add_row(self, index: int, term: Term) -> None:
        layer = next(layer for layer in self._names.layers if layer.name == term.layer)
        whole = self._whole_layers
        has_channels, low = term.layer != LOGIT and not whole, 0.0 if whole else WEIGHT_LOW
        made = TermRow(self._theme, term, self._title(term), layer.about, has_channels, low)
        made.weighted.connect(lambda weight: self._weigh(index, weight))
        made.settled.connect(self.edit_finished)
        made.removed.connect(lambda: self._remove(index))
        made.channels_wanted.connect(lambda: self.channels_wanted.emit(term.layer))
        self._rows_column.addWidget(made)
        self.rows.append(made)

    def _title(self, term: Term) -> str:
        if term.channel is None:
            return term.layer
        if term.layer == LOGIT and term.channel < len(self._names.classes):
            return self._names.classes[term.channel]
        return f"{term.layer} / {term.channel}"

    def _clear(self) -> None:
        for row in self.rows:
            self._rows_column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = []

    def _mark(self) -> None:
        text = "" if self.problem is None else str(self.problem)
        self.text.setProperty("invalid", "true" if text else "false")
        self.text.style().polish(self.text)
        self.text.setAccessibleDescription(text or "Layers, channels and classes with their weights.")
        self.message.setText(text)
        self.message.setVisible(bool(text))
        for row in self.rows:
            row.setEnabled(not text)
        self.add_button.setEnabled(not text)
