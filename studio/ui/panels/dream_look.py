"""What a dream looks for: the network, the layers and channels of it, thumbnails of what each channel likes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.ui.panels import canvas_work as work
from studio.ui.panels.canvas_networks import NetworkPicker, offer_download
from studio.ui.panels.canvas_stream import run_stream
from studio.ui.theme import SPACE_M, SPACE_S
from studio.ui.widgets.channel_grid import ChannelGrid
from studio.ui.widgets.labels import label
from studio.ui.widgets.layer_editor import LayerEditor, LayerRow
from studio.ui.widgets.section import Section

if TYPE_CHECKING:
    from pathlib import Path

    from studio.canvas.backbone import Backbone
    from studio.canvas.picture import Source
    from studio.ui.jobs import Task
    from studio.ui.panel import Panel

GRID_HEIGHT = 220


class DreamLook(QWidget):
    """Network, layers, channels.

    Signals:
        backbone_chosen: its id.
        line_changed: the objective line, and a number that stays the same during one edit.
        backbone_opened: the network that `show_backbone` asked for is there.

    Args:
        panel: its tasks and workspace are used.
        picture: returns the present picture, or None: channels are sorted by how strongly they see it.
    """

    backbone_chosen = Signal(str)
    line_changed = Signal(str, int)
    backbone_opened = Signal()

    def __init__(self, panel: Panel, picture: Callable[[], Source | None]) -> None:
        super().__init__()
        self._panel, self._picture = panel, picture
        theme = panel.context.theme
        self.backbone: Backbone | None = None
        self._wanted = ""
        self._layer = ""
        self._line = ""
        self._edit = 0
        self._task: Task | None = None
        self.networks = NetworkPicker(panel)
        self.networks.chosen.connect(self.backbone_chosen)
        self.layers = LayerEditor(theme)
        self.layers.changed.connect(self._edited)
        self.layers.edit_finished.connect(self._finish_edit)
        self.layers.channels_wanted.connect(self.show_channels)
        self.channels = Section(theme, "Channels", is_open=False)
        self.grid = ChannelGrid(theme)
        self.grid.setFixedHeight(theme.px(GRID_HEIGHT))
        self.grid.chosen.connect(self._add_channel)
        inside = QVBoxLayout(self.channels.body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.grid)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(label("Network", "muted"))
        column.addWidget(self.networks)
        column.addSpacing(SPACE_M)
        column.addWidget(label("What it looks for", "muted"))
        column.addWidget(self.layers)
        column.addWidget(self.channels)
        self.channels.hide()
        self.channels.header.toggled.connect(self._folded)

    # ---- the network

    def offer(self, titles: Mapping[str, str]) -> None:
        """List the networks: id -> title."""
        self.networks.offer(titles)

    def show_backbone(self, name: str) -> None:
        """Open a network in a worker and offer its layers; nothing happens if it is open already."""
        if name == self._wanted:
            return
        self._wanted = name
        self.networks.show_network(name)
        self._panel.run_task(
            work.open_backbone,
            name,
            self._panel.context.workspace,
            title="Opening the network",
            on_done=lambda backbone: self._opened(name, backbone),
            on_error=lambda error: self._not_opened(name, error),
        )

    def _opened(self, name: str, backbone: Backbone) -> None:
        if name != self._wanted:
            return
        self.stop()
        self.backbone = backbone
        self.layers.set_backbone([LayerRow(x.name, x.channels, x.about) for x in backbone.layers], backbone.classes)
        self.layers.set_line(self._line or backbone.dream)
        self.channels.hide()
        self._layer = ""
        self.backbone_opened.emit()

    def _not_opened(self, name: str, error: BaseException) -> None:
        if name != self._wanted:
            return
        self._wanted = ""
        if not offer_download(self._panel, self, name, lambda: self.show_backbone(name)):
            self._panel.context.notify.exception(error, doing="Opening the network")

    # ---- the line

    def show_line(self, line: str) -> None:
        """Show an objective; an empty one is the network's own."""
        self._line = line
        shown = line or (self.backbone.dream if self.backbone is not None else "")
        if shown != self.layers.line():
            self.layers.set_line(shown)

    def _edited(self, line: str) -> None:
        self._line = line
        self.line_changed.emit(line, self._edit)

    def _finish_edit(self) -> None:
        self._edit += 1

    def _add_channel(self, channel: int) -> None:
        """Look for a channel too; instead of the network's own objective, look for it alone."""
        from studio.canvas.objective import Term, parse, written

        if self.backbone is None:
            return
        terms = list(parse(self._line, self.backbone)) if self._line else []
        line = written([*terms, Term(self._layer, channel, 1.0)], self.backbone)
        self._finish_edit()
        self.layers.set_line(line)
        self._edited(line)
        self._finish_edit()

    # ---- channels

    def show_channels(self, layer: str) -> None:
        """Show what each channel of a layer likes; thumbnails are made in a worker and kept."""
        if self.backbone is None:
            return
        self.stop()
        self._layer = layer
        count = self.backbone.layer(layer).channels
        self.grid.begin(f"Channels of {layer}", count)
        self.channels.show()
        self.channels.set_open(True)
        self._rank()
        self.go_on()

    def _rank(self) -> None:
        """Find out how strongly each channel of the layer sees the present picture."""
        backbone, layer, picture = self.backbone, self._layer, self._picture()
        if backbone is not None and picture is not None:
            self._panel.run_task(
                strengths, backbone, layer, picture, title="", on_done=lambda found: self._ranked(layer, found)
            )

    def _ranked(self, layer: str, found: Any) -> None:
        if layer == self._layer:
            self.grid.set_strengths(found)

    def go_on(self) -> None:
        """Make the thumbnails that are missing, if they are looked at."""
        if self.backbone is None or not self._layer or self._task is not None or not self.channels.is_open:
            return
        backbone, layer, workspace = self.backbone, self._layer, self._panel.context.workspace
        self._task = run_stream(
            self._panel,
            lambda: thumbnails(backbone, layer, workspace),
            self._show_thumbnails,
            title=f"Looking at {layer}",
            total=backbone.layer(layer).channels,
            on_done=self._done,
            on_error=self._failed,
        )

    def _show_thumbnails(self, found: Mapping[int, Any]) -> None:
        for channel, pixels in found.items():
            self.grid.add(channel, pixels)

    def _done(self) -> None:
        self._task = None

    def _failed(self, error: BaseException) -> None:
        self._task = None
        self._panel.context.notify.exception(error, doing="Drawing the channels")

    def _folded(self, is_open: bool) -> None:
        if is_open:
            self.go_on()
        else:
            self.stop()

    def stop(self) -> None:
        """Stop making thumbnails; what there is is kept."""
        if self._task is not None:
            self._task.cancel()
            self._task = None


def thumbnails(backbone: Backbone, layer: str, workspace: Path) -> Iterator[dict[int, Any]]:
    """Make the thumbnails of a layer's channels; see `studio.canvas.atlas`."""
    from studio.canvas import atlas

    return atlas.thumbnails(backbone, layer, workspace)


def strengths(backbone: Backbone, layer: str, picture: Source) -> Any:
    """Return how strongly each channel answers to a picture, float32 (C,); see `studio.canvas.atlas`."""
    from studio.canvas import atlas

    return atlas.strengths(backbone, picture, layer)
