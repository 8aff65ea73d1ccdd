"""What a transfer looks like: the network, content against style, the layers that compare them, trained styles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.ui.panels import transfer_work as work
from studio.ui.panels.transfer_balance import WEIGHTS, Balance
from studio.ui.panels.transfer_fast import TrainedStyles
from studio.ui.panels.transfer_layers import KNOBS, TransferLayers
from studio.ui.theme import SPACE_S
from studio.ui.widgets.combo import NarrowCombo
from studio.ui.widgets.labels import label
from studio.ui.widgets.section import Section

if TYPE_CHECKING:
    from studio.ui.forms import Form
    from studio.ui.panels.canvas_base import CanvasPanel

HIDDEN = ("backbone", *WEIGHTS, *KNOBS)
"""Knobs that are edited here instead of in the form."""


class TransferLook(QWidget):
    """Above the form.

    Signals:
        network_opened: the layers of the chosen network are known.

    Args:
        panel: its tasks, settings and workspace are used.
    """

    network_opened = Signal()

    def __init__(self, panel: CanvasPanel) -> None:
        super().__init__()
        self._panel = panel
        theme = panel.context.theme
        self._wanted = ""
        self._form: Form | None = None
        self.networks = NarrowCombo("Network")
        self.networks.setToolTip("The network that compares the pictures")
        self.networks.activated.connect(lambda _: self._choose(str(self.networks.currentData())))
        self.balance = Balance(theme)
        self.layers = TransferLayers(theme)
        self.layers.edited.connect(lambda name, line, edit: panel.side.set_knob(name, line, "Change layers", edit))
        self.layers_section = Section(theme, "Layers", is_open=False)
        inside = QVBoxLayout(self.layers_section.body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.layers)
        self.trained = TrainedStyles(theme)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(label("Network", "muted"))
        column.addWidget(self.networks)
        for widget in (self.balance, self.layers_section, self.trained):
            column.addWidget(widget)

    def attach(self, form: Form, titles: Mapping[str, str]) -> None:
        """Follow the form; `titles` are the networks that can be chosen: id -> title."""
        self._form = form
        self.networks.clear()
        for name, title in titles.items():
            self.networks.addItem(title, name)
        self.balance.attach(form)
        self.layers.attach(form)
        form.changed.connect(self._follow)
        self._follow()

    def _choose(self, name: str) -> None:
        self._panel.side.set_knob("backbone", name, "Another network", -1)

    def _follow(self) -> None:
        assert self._form is not None
        name = str(self._form.rows["backbone"].value)
        changed = sum(self._form.rows[knob].changed for knob in KNOBS)
        self.layers_section.set_note(f"{changed} changed" if changed else "")
        self.networks.setEnabled(not self._form.training)
        if name == self._wanted:
            return
        self._wanted = name
        if self.networks.findData(name) < 0:
            self.networks.addItem(name, name)
        self.networks.setCurrentIndex(self.networks.findData(name))
        self.layers.show_network(None)
        self._panel.run_task(
            work.network,
            name,
            self._panel.context.workspace,
            title="Opening the network",
            on_done=lambda network: self._opened(name, network),
            on_error=lambda error: self._not_opened(name, error),
        )

    def _opened(self, name: str, network: work.Network) -> None:
        if name == self._wanted:
            self.layers.show_network(network)
            self.network_opened.emit()

    def _not_opened(self, name: str, error: BaseException) -> None:
        if name == self._wanted:
            self._panel.context.notify.exception(error, doing="Opening the network")
