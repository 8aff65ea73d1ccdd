"""The menu that adds a layer, a channel or a class to an objective."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from PySide6.QtWidgets import QMenu, QWidget

LOGIT = "logit"
"""Name of the layer whose channels are the classes."""
MANY_CLASSES = 30


@dataclass(frozen=True)
class LayerRow:
    """One layer a person can choose: name, number of channels, a few words about it."""

    name: str
    channels: int
    about: str = ""


class LayerMenu(QMenu):
    """A submenu for each layer: the whole layer, one of its channels; for the logits the classes.

    Args:
        parent: the widget it belongs to.
        layers: in the order of the network.
        classes: names of the logits.
        add: called with (layer, channel or None).
        see_channels: called with a layer whose channels the person wants to see; None offers whole layers only.
    """

    def __init__(
        self,
        parent: QWidget,
        layers: Sequence[LayerRow],
        classes: Sequence[str],
        add: Callable[[str, int | None], object],
        see_channels: Callable[[str], object] | None,
    ) -> None:
        super().__init__(parent)
        self._add, self._see = add, see_channels
        for layer in layers:
            if layer.name == LOGIT:
                self._classes(classes)
            else:
                self._layer(layer)

    def _layer(self, layer: LayerRow) -> None:
        title = f"{layer.name}\t{layer.about}" if layer.about else layer.name
        see = self._see
        if see is None:
            self.addAction(title, lambda: self._add(layer.name, None)).setData(layer.name)
            return
        menu = self.addMenu(title)
        menu.menuAction().setData(layer.name)
        menu.addAction("Whole layer", lambda: self._add(layer.name, None))
        menu.addAction(f"Channel…\t0 to {layer.channels - 1}", lambda: see(layer.name))

    def _classes(self, classes: Sequence[str]) -> None:
        menu = self.addMenu("Class")
        menu.menuAction().setData(LOGIT)
        named = sorted(enumerate(classes), key=lambda pair: pair[1].lower())
        if len(named) <= MANY_CLASSES:
            self._fill(menu, named)
            return
        for letter, group in groupby(named, key=lambda pair: pair[1][:1].upper()):
            self._fill(menu.addMenu(letter or "…"), list(group))

    def _fill(self, menu: QMenu, named: Sequence[tuple[int, str]]) -> None:
        for index, name in named:
            menu.addAction(name.replace("&", "&&"), partial(self._add, LOGIT, index))
