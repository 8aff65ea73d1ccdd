"""What the picture of a transfer is compared with at its scale: computed once, kept until something of it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from studio.canvas.backbone import Backbone, Pooling
from studio.canvas.masks import digest
from studio.canvas.memory import chosen_tile
from studio.canvas.picture import Source
from studio.canvas.tiles import Size, Tile, layout, receptive_radius
from studio.canvas.transfer_config import Style, TransferConfig
from studio.canvas.transfer_loss import TransferLoss, Weights
from studio.canvas.transfer_targets import TargetMaker, Targets, shares
from studio.core.compute import Compute


def weights_of(config: TransferConfig, backbone: Backbone) -> Weights:
    """Return what counts how much.

    Raises:
        BadConfig: layers that the network does not have, or weights that say nothing.
    """
    return Weights(
        content=config.content,
        style=config.style,
        tv=config.tv,
        tv_power=config.tv_power,
        scaling=config.scaling,
        content_layers=shares(config.content_layers, backbone.content, backbone, "Content"),
        style_layers=shares(config.style_layers, backbone.style, backbone, "Style"),
    )


@dataclass(frozen=True, eq=False)
class Models:
    """The pictures that a transfer looks at: content, where it counts, styles of weight above 0."""

    content: Source
    mask: NDArray[np.float32] | None
    styles: Sequence[Style]

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells two of them apart."""
        styles = tuple((s.source.sha256, s.weight, digest(s.mask), digest(s.region)) for s in self.styles)
        return self.content.sha256, digest(self.mask), styles


class Comparison:
    """Targets, tiles and the loss of one scale.

    Args:
        backbone: as the registry returns it.
        compute: device and precision.

    Attributes:
        weights: in force; to be set before `prepare`.
        loss: of the scale that was prepared last; None before the first.
    """

    def __init__(self, backbone: Backbone, compute: Compute, weights: Weights) -> None:
        self.weights = weights
        self.loss: TransferLoss | None = None
        self._backbone, self._compute = backbone, compute
        self._ready: dict[str, Backbone] = {}
        self._grams: dict[Any, dict[str, Tensor]] = {}
        self._targets: tuple[Any, Targets] | None = None
        self._margins: dict[tuple[str, ...], int] = {}
        self._side, self._margin = 0, 0

    def prepare(self, config: TransferConfig, models: Models, size: Size, tile: int) -> None:
        """Compute the targets at a scale, or take what is kept of them.

        Args:
            config: settings in force.
            models: the pictures.
            size: (height, width) of the scale.
            tile: side of the tiles, 0 lets the free memory choose.
        """
        network = self._prepared(config.pooling)
        self._side, self._margin = self._tiling(network, size, tile)
        maker = TargetMaker(config, network, self._compute.device, self._side, self._margin)
        names = tuple(self.weights.style_layers)
        layers = (tuple(self.weights.content_layers), names)
        grams = [self._kept_grams(maker, style, models.content, size, names) for style in models.styles]
        key = (size, _fitted(config), layers, models.key)
        if self._targets is None or self._targets[0] != key:
            self._targets = key, maker.make(models.content, models.mask, models.styles, grams, size, layers)
        self.loss = TransferLoss(network, self._targets[1], colourless=config.colours == "luminance")

    def _kept_grams(
        self, maker: TargetMaker, style: Style, content: Source, size: Size, names: tuple[str, ...]
    ) -> dict[str, Tensor]:
        """Return the Gram matrices of a style at a scale, computed once."""
        config = maker.config
        by_content = content.sha256 if config.colours != "style" or config.style_fit == "crop" else ""
        key = size, style.source.sha256, digest(style.region), names, _fitted(config), by_content
        if key not in self._grams:
            self._grams = {k: v for k, v in self._grams.items() if k[0] == size}
            self._grams[key] = maker.style_grams(style, content, size, names)
        return self._grams[key]

    def _prepared(self, pooling: Pooling) -> Backbone:
        if pooling not in self._ready:
            self._ready = {pooling: self._backbone.prepared(self._compute, pooling)}
        return self._ready[pooling]

    def _tiling(self, network: Backbone, size: Size, tile: int) -> tuple[int, int]:
        """Return side and margin of the tiles: as asked, or chosen so that a step fits into the memory that is free."""
        layers = self.weights.layers
        side = tile or chosen_tile(network, layers, size)
        if not side or side >= max(size):
            return 0, 0
        if layers not in self._margins:
            self._margins[layers] = receptive_radius(self._backbone, layers)
        return side, self._margins[layers]

    def tiles(self, size: Size, seed: int, step: int) -> Sequence[Tile]:
        """Return the tiles of a step, at a place of the grid drawn from the seed and the step."""
        if not self._side:
            return layout(size, 0)
        drawn = np.random.default_rng((seed, step)).integers(0, self._side, 2)
        align = max(self._backbone.layer(name).stride for name in self.weights.layers)
        return layout(size, self._side, self._margin, align, (int(drawn[0]), int(drawn[1])))


def _fitted(config: TransferConfig) -> tuple[str, str, float, str]:
    """Return the settings that change what the network is shown."""
    return config.colours, config.pooling, config.style_scale, config.style_fit
