"""What a dream maximises: activations of layers and channels, class logits, likeness to a guide picture's features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from studio.canvas.backbone import LOGIT, Backbone
from studio.canvas.objective import Term
from studio.canvas.tiles import Losses, Size, Tile

GUIDE_CELLS = 2048
"""Feature vectors of a guide at most, evenly chosen: matching costs cells of the picture times cells of the guide."""
MATCH_CELLS = 4096
"""Cells of the picture matched at a time."""


@dataclass(frozen=True, eq=False)
class Activation:
    """The objective of a dream, over tiles.

    For a layer the loss is `weight * mean(A^2)` over channels and the positions that are not border (Chollet 12.2);
    for a channel the same of this channel alone; for a class its logit (Simonyan 2014, arXiv:1312.6034). With a guide,
    a layer's loss is `weight * mean(A * B)`, where B holds at each position the guide's feature vector with the
    greatest dot product there (guided dreaming of Mordvintsev 2015, which takes the sum).

    Attributes:
        terms: from `studio.canvas.objective.parse`.
        backbone: gives strides.
        crop: cells left out at each border of a feature map; less where a map would have none left.
        guides: layer -> the guide's feature vectors (C, cells), empty without a guide.
        blend: share of the guide, 0 to 1.
    """

    terms: Sequence[Term]
    backbone: Backbone
    crop: int = 0
    guides: Mapping[str, Tensor] | None = None
    blend: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """The layers to compute, each once."""
        return tuple(dict.fromkeys(term.layer for term in self.terms))

    def losses(self, features: Mapping[str, Tensor], tile: Tile, sizes: Mapping[str, Size] | None = None) -> Losses:
        """Return each term's part of the loss (weights included) and their sum, "loss".

        Args:
            features: of the tile with its margin.
            tile: which part of the picture it is.
            sizes: sizes in cells of the whole picture's maps; None when the tile is the whole picture.
        """
        found: Losses = {}
        for term in self.terms:
            value = term.weight * self._value(term, features[term.layer], tile, sizes)
            found[label(term)] = found[label(term)] + value if label(term) in found else value
        found["loss"] = torch.stack(tuple(found.values())).sum()
        return found

    def _value(self, term: Term, features: Tensor, tile: Tile, sizes: Mapping[str, Size] | None) -> Tensor:
        if term.layer == LOGIT:  # the logits of a large picture are the mean of its tiles' logits
            return features[:, term.channel].float().mean() * tile.share
        height, width = sizes[term.layer] if sizes else features.shape[-2:]
        crop = least_crop(self.crop, (height, width))
        stride = self.backbone.layer(term.layer).stride
        cells = tile.cells(features, (height, width), stride, crop).float()
        count = (height - 2 * crop) * (width - 2 * crop)
        guide = (self.guides or {}).get(term.layer)
        best = _matches(cells, guide) if guide is not None and self.blend else None
        if term.channel is not None:
            channel = slice(term.channel, term.channel + 1)
            cells, best = cells[:, channel], best[:, channel] if best is not None else None
        plain = cells.square().sum() / (count * cells.shape[1])
        if best is None:
            return plain
        return (1 - self.blend) * plain + self.blend * (cells * best).sum() / (count * cells.shape[1])


def label(term: Term) -> str:
    """Return the name of a term's curve: "conv4_2", "conv4_3/17", "logit/8"."""
    return term.layer if term.channel is None else f"{term.layer}/{term.channel}"


def least_crop(crop: int, size: Size) -> int:
    """Return the crop, or as much as leaves one cell of a map of (height, width) cells."""
    return min(crop, (min(size) - 1) // 2)


def guide_vectors(features: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the feature vectors (C, cells) of a guide's feature maps (1, C, h, w), float32, evenly chosen."""
    found = {}
    for name, value in features.items():
        if name != LOGIT:
            flat = value[0].flatten(1).float()
            found[name] = flat[:, :: -(-flat.shape[1] // GUIDE_CELLS)].detach()
    return found


def _matches(cells: Tensor, guide: Tensor) -> Tensor:
    """Return for each cell (1, C, h, w) the guide's vector (C, K) with the greatest dot product, as constants."""
    with torch.no_grad():
        flat = cells[0].flatten(1).t()
        best = [(part @ guide).argmax(1) for part in torch.split(flat, MATCH_CELLS)]
        index = torch.cat(best) if best else flat.new_zeros(0, dtype=torch.long)
        return guide[:, index].view_as(cells)
