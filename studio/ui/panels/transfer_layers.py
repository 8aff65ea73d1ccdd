"""Which layers of the network compare content and style, each with its weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.ui.panels import transfer_work as work
from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.labels import button, label
from studio.ui.widgets.layer_editor import LayerEditor, LayerRow

if TYPE_CHECKING:
    from studio.ui.forms import Form

KNOBS = {"content_layers": "Content is compared in", "style_layers": "Style is compared in"}


class TransferLayers(QWidget):
    """An editor for each of `KNOBS`; an empty knob shows the network's own layers.

    Signals:
        edited: (knob, line, number of the edit): the person chose other layers.

    Args:
        theme: for colours and sizes.
    """

    edited = Signal(str, str, int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.editors: dict[str, LayerEditor] = {}
        self._network: work.Network | None = None
        self._edit = 0
        self._form: Form | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_S, 0, 0, 0)
        column.setSpacing(SPACE_S)
        self.reset_button = button("The network's own", self._reset)
        self.reset_button.setToolTip("Compare in the layers that suit this network")
        for name, title in KNOBS.items():
            editor = self.editors[name] = LayerEditor(theme, whole_layers=True)
            editor.setAccessibleName(title)
            editor.changed.connect(lambda line, name=name: self.edited.emit(name, line, self._edit))
            editor.edit_finished.connect(self._next_edit)
            column.addWidget(label(title, "muted"))
            column.addWidget(editor)
            column.addSpacing(SPACE_M)
        column.addWidget(self.reset_button)

    def attach(self, form: Form) -> None:
        """Follow the (hidden) knobs of a form."""
        self._form = form
        form.changed.connect(self._follow)
        self._follow()

    def show_network(self, network: work.Network | None) -> None:
        """Offer the layers of another network; None while it is being opened or cannot be."""
        self._network = network
        for editor in self.editors.values():
            editor.setEnabled(network is not None)
            if network is not None:
                editor.set_backbone([LayerRow(*layer) for layer in network.layers], ())
        self._follow()

    def _follow(self) -> None:
        if self._form is None or self._network is None:
            return
        for name, editor in self.editors.items():
            line = str(self._form.rows[name].value) or self._network.own[name]
            if editor.line() != line:
                editor.set_line(line)
        self.reset_button.setEnabled(any(self._form.rows[name].value for name in KNOBS))

    def _next_edit(self) -> None:
        self._edit += 1

    def _reset(self) -> None:
        self._next_edit()
        for name in KNOBS:
            self.edited.emit(name, "", self._edit)
        self._next_edit()
