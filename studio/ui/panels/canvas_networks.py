"""Choosing a network: the bundled one, downloaded ones, a file of weights, own runs; downloads only on request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.ui.notify import Button
from studio.ui.widgets.combo import NarrowCombo

if TYPE_CHECKING:
    from studio.ui.panel import Panel

WEIGHTS = "Weights (*.pth *.pt *.safetensors);;All files (*)"
FILE = "file…"
"""Data of the entry that asks for a file."""


class NetworkPicker(NarrowCombo):
    """The networks that can be chosen; the last entry asks for a file of weights.

    Signals:
        chosen: its id.

    Args:
        panel: its tasks, notifications and workspace are used.
    """

    chosen = Signal(str)

    def __init__(self, panel: Panel) -> None:
        super().__init__("Network")
        self._panel = panel
        self._shown = ""
        self.setToolTip("The network that looks at the picture")
        self.activated.connect(lambda *_: self._picked())

    def offer(self, titles: Mapping[str, str]) -> None:
        """List the networks: id -> title."""
        self.clear()
        for name, title in titles.items():
            self.addItem(title, name)
        self.insertSeparator(self.count())
        self.addItem("A file of weights…", FILE)
        self.show_network(self._shown)

    def show_network(self, name: str) -> None:
        """Show a network as chosen, also one that is not on the list."""
        self._shown = name
        if name and self.findData(name) < 0:
            self.insertItem(0, name, name)
        self.setCurrentIndex(self.findData(name))

    def _picked(self) -> None:
        name = str(self.currentData())
        if name != FILE:
            self.chosen.emit(name)
            return
        self.show_network(self._shown)
        path, _ = QFileDialog.getOpenFileName(self, "Open weights", "", WEIGHTS)
        if path:
            self.open_file(Path(path))

    def open_file(self, path: Path) -> None:
        """Open a person's own file of weights; it is on the list from now on."""
        self._panel.run_task(
            register, self._panel.context.workspace, path, title=f"Opening {path.name}", on_done=self._registered
        )

    def _registered(self, found: tuple[str, str]) -> None:
        name, title = found
        if self.findData(name) < 0:
            self.insertItem(1, title, name)
        self.chosen.emit(name)


def register(workspace: Path, path: Path) -> tuple[str, str]:
    """Return id and title of the network in a file of weights.

    Raises:
        StudioError: damaged, hostile, or of no known network.
    """
    from studio.canvas.backbones import register_file

    opened = register_file(workspace, path)
    return opened.id, opened.title


def offer_download(panel: Panel, owner: QWidget, name: str, then: Callable[[], object]) -> bool:
    """Offer to fetch a network's weights, with their size, if they are not here and there is an address.

    Args:
        panel: its tasks and notifications are used; the download can be cancelled and goes on where it was.
        owner: once it is destroyed, nothing is called any more.
        name: id of the registry.
        then: called when the weights are here.

    Returns:
        Whether there is something to fetch.
    """
    from studio.canvas import backbones
    from studio.ui.jobs import run_task

    workspace = panel.context.workspace
    about = next((e for e in backbones.ENTRIES if e.id == name), None)
    if about is None or not about.url or backbones.installed(about, workspace) is not None:
        return False

    def fetch() -> None:
        run_task(
            backbones.download,
            name,
            workspace,
            context=panel.context,
            owner=owner,
            title=f"Downloading {about.title}",
            on_done=lambda _: then(),
        )

    size = f"{about.megabytes:,.0f} MB"
    panel.context.notify.error(
        f"{about.title} is not here yet.",
        what_to_do=f"Its weights ({size}) are fetched only if you ask for them. {about.licence}",
        buttons=(Button(f"Download {size}", fetch),),
    )
    return True
