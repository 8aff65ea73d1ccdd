"""The loss of a transfer and its gradient, from whole features or tile by tile with the same result.

Three scalings, `L = content C + style S + tv V` in each, M positions of a layer, N channels, G and A the Gram matrices
of the picture and of the style *per position* (so that a style of another size compares):

* "code" (Chollet 12.3.3, Foster ch. 5): `C = sum (F - P)^2`, `S = sum_l w_l sum (M G - M A)^2 / (4 3^2 (H W)^2)` with
  H W the picture's area for every layer, `V = sum (a + b)^power` in 0..255 units.
* "formula" (Gatys 2016, eq. 4): each layer divided by its own `4 N^2 M^2` instead.
* "mean", ours: every term relative to its target, `C = sum (F - P)^2 / sum P^2`, `S = sum_l w_l |G - A|^2 / |A|^2`,
  and V a mean in 0..1 units, each times a constant that makes 1 a good weight. Weights then carry over between
  sizes and networks, whose activations differ by orders of magnitude.

Several styles: the losses of all are added, each with its share of the weights and, where it is painted, the share
of the picture it covers, so that a style pulls as hard on each of its pixels as if it were everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from studio.canvas import losses
from studio.canvas.backbone import Backbone
from studio.canvas.colour import grey
from studio.canvas.optimisers import BYTES
from studio.canvas.tiles import Tile
from studio.canvas.transfer_targets import StyleTarget, Targets

CONTENT_UNIT, STYLE_UNIT, TV_UNIT = 1.0, 100.0, 10.0
"""What a weight of 1 means in "mean" scaling, chosen by eye on the bundled network."""


@dataclass(frozen=True)
class Weights:
    """What counts how much; layers -> shares that sum to 1."""

    content: float
    style: float
    tv: float
    tv_power: float
    scaling: str
    content_layers: Mapping[str, float]
    style_layers: Mapping[str, float]

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer that is looked at."""
        return tuple({**self.content_layers, **self.style_layers})


Grams = list[dict[str, Tensor]]


def _go_on() -> None:
    """Do nothing between two tiles."""


class TransferLoss:
    """Compares pictures of one size with `Targets`.

    Args:
        backbone: prepared.
        targets: of the same size.
        colourless: the network is shown the luminance alone.
    """

    def __init__(self, backbone: Backbone, targets: Targets, *, colourless: bool = False) -> None:
        self.backbone, self.targets, self.colourless = backbone, targets, colourless
        self._at: dict[tuple[int, str], Tensor] = {}

    # ---- pieces

    def _features(self, x: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        return self.backbone.features(grey(x) if self.colourless else x, names)

    def _mask(self, index: int, layer: str) -> Tensor | None:
        """Return a style's mask (index >= 0) or the content's (-1) at a layer."""
        mask = self.targets.content_mask if index < 0 else self.targets.masks[index]
        if mask is None:
            return None
        if (index, layer) not in self._at:
            self._at[index, layer] = losses.shrunk(mask, self.targets.sizes[layer])
        return self._at[index, layer]

    def _positions(self, index: int, layer: str) -> Tensor | int:
        mask = self._mask(index, layer)
        height, width = self.targets.sizes[layer]
        return height * width if mask is None else mask.sum().clamp(min=1e-6)

    def _part(self, tile: Tile, index: int, layer: str) -> Tensor | None:
        mask = self._mask(index, layer)
        return None if mask is None else self._same(tile, layer, mask)

    def _core(self, tile: Tile, layer: str, features: Tensor) -> Tensor:
        """Return what counts of a tile's own features."""
        return tile.cells(features, self.targets.sizes[layer], self.backbone.layer(layer).stride)

    def _same(self, tile: Tile, layer: str, whole: Tensor) -> Tensor:
        """Return the same cells of a map of the whole picture."""
        return tile.from_start().cells(whole, self.targets.sizes[layer], self.backbone.layer(layer).stride)

    # ---- passes

    def grams(
        self, x: Tensor, layers: tuple[str, ...], tiles: Sequence[Tile], between: Callable[[], object] = _go_on
    ) -> Grams:
        """Return, for each mask, the Gram matrices per position of a picture; `between` is called at each tile."""
        found: Grams = [{} for _ in self.targets.masks]
        with torch.no_grad():
            for tile in tiles:
                between()
                self._add(found, tile, self._features(tile.cut(x), layers))
        return self._per_position(found)

    def _add(self, sums: Grams, tile: Tile, features: Mapping[str, Tensor], layers: Sequence[str] = ()) -> None:
        for index, into in enumerate(sums):
            for layer in layers or features:
                part = losses.gram(self._core(tile, layer, features[layer].detach()), self._part(tile, index, layer))
                into[layer] = into[layer] + part if layer in into else part

    def _per_position(self, sums: Grams) -> Grams:
        return [{name: g / self._positions(i, name) for name, g in grams.items()} for i, grams in enumerate(sums)]

    def __call__(
        self, x: Tensor, weights: Weights, tiles: Sequence[Tile], between: Callable[[], object] = _go_on
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return losses (weighted; "loss" is their sum) and the gradient of "loss" by the picture.

        One tile needs one pass. Several need two: the first sums the Gram matrices over all tiles without keeping
        anything, the second goes back through each tile with the gradient that those sums give. `between` is called at
        each tile; what it raises ends the work.
        """
        styled = tuple(weights.style_layers)
        gradient = torch.zeros_like(x)
        parts: dict[str, Tensor] = {}
        if len(tiles) == 1:
            features, leaf = self._tracked(x, weights.layers)
            sums: Grams = [{} for _ in self.targets.masks]
            self._add(sums, tiles[0], features, styled)
            slopes = self._judge(self._per_position(sums), weights, x, parts)
            gradient += self._pull(tiles[0], features, leaf, slopes, weights, parts)
        else:
            slopes = self._judge(self.grams(x, styled, tiles, between), weights, x, parts)
            for tile in tiles:
                between()
                features, leaf = self._tracked(tile.cut(x), weights.layers)
                tile.cut(gradient).add_(self._pull(tile, features, leaf, slopes, weights, parts))
        self._smoothness(x, weights, gradient, parts)
        return _summed(parts, weights), gradient

    def _tracked(self, x: Tensor, layers: tuple[str, ...]) -> tuple[dict[str, Tensor], Tensor]:
        leaf = x.detach().requires_grad_()
        with torch.enable_grad():
            return self._features(leaf, layers), leaf

    def _judge(self, grams: Grams, weights: Weights, x: Tensor, parts: dict[str, Tensor]) -> Grams:
        """Add the style losses to `parts`; return their gradients by the *summed* Gram matrices."""
        slopes: Grams = [{} for _ in grams]
        area = x.shape[-2] * x.shape[-1]
        for layer, share in weights.style_layers.items():
            parts[f"style {layer}"] = x.new_zeros(())
            for target in self.targets.styles:
                factor = share * target.share * weights.style * self._style_factor(layer, target, weights, area)
                difference = grams[target.mask][layer] - target.grams[layer]
                parts[f"style {layer}"] += factor * difference.square().sum()
                slope = difference * (2 * factor / self._positions(target.mask, layer))
                into = slopes[target.mask]
                into[layer] = into[layer] + slope if layer in into else slope
        return slopes

    def _style_factor(self, layer: str, target: StyleTarget, weights: Weights, area: int) -> Tensor | float:
        """Return what `|G - A|^2` is multiplied by (see the module's text)."""
        height, width = self.targets.sizes[layer]
        count = height * width
        covered = self._positions(target.mask, layer) / count
        wanted = target.grams[layer]
        if weights.scaling == "mean":
            return covered * STYLE_UNIT / wanted.square().sum().clamp(min=1e-12)
        if weights.scaling == "formula":
            return covered / (4 * wanted.shape[0] ** 2)
        return covered * (count / (2 * 3 * area)) ** 2

    def _pull(
        self,
        tile: Tile,
        features: dict[str, Tensor],
        leaf: Tensor,
        slopes: Grams,
        weights: Weights,
        parts: dict[str, Tensor],
    ) -> Tensor:
        """Add a tile's content losses to `parts` and return the gradient by the tile's pixels."""
        heads: dict[str, Tensor | None] = dict.fromkeys(features)
        for layer, share in weights.content_layers.items():
            loss, pulled = self._content(tile, layer, features[layer].detach(), weights)
            key = f"content {layer}"
            parts[key] = parts.get(key, 0) + loss * share
            heads[layer] = self._head(heads[layer], tile, layer, features[layer], pulled * share)
        for index, slope in enumerate(slopes):
            for layer, by_gram in slope.items():
                core = self._core(tile, layer, features[layer].detach())
                if not core.numel():
                    continue  # a sliver at the border that owns no cell of this layer
                pulled = losses.gram_gradient(core, by_gram, self._part(tile, index, layer))
                heads[layer] = self._head(heads[layer], tile, layer, features[layer], pulled)
        names = [name for name, head in heads.items() if head is not None]
        if not names:
            return torch.zeros_like(leaf)
        (found,) = torch.autograd.grad([features[n] for n in names], leaf, [heads[n] for n in names])
        return found

    def _head(self, head: Tensor | None, tile: Tile, layer: str, features: Tensor, pulled: Tensor) -> Tensor:
        """Add a gradient of the core to that of the tile's features, which is zero in the margin."""
        if pulled.shape == features.shape:
            return pulled if head is None else head.add_(pulled)
        head = torch.zeros_like(features) if head is None else head
        self._core(tile, layer, head).add_(pulled)
        return head

    def _content(self, tile: Tile, layer: str, features: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
        target = self._same(tile, layer, self.targets.content[layer])
        loss, pulled = losses.content(self._core(tile, layer, features), target, self._part(tile, -1, layer))
        scale: Tensor | float = weights.content
        if weights.scaling == "mean":
            scale = weights.content * CONTENT_UNIT / self.targets.energy[layer]
        return loss * scale, pulled * (scale.to(pulled.dtype) if isinstance(scale, Tensor) else scale)

    def _smoothness(self, x: Tensor, weights: Weights, gradient: Tensor, parts: dict[str, Tensor]) -> None:
        """Add total variation."""
        unit, power = (1.0, weights.tv_power) if weights.scaling == "mean" else (BYTES, weights.tv_power)
        factor = weights.tv * (TV_UNIT / x.numel() if weights.scaling == "mean" else 1.0)
        parts["tv"] = x.new_zeros(())
        if weights.tv:
            loss, slope = losses.total_variation(x * unit, power)
            parts["tv"] = factor * loss
            gradient.add_(slope, alpha=factor * unit)

    # ---- the inspector

    @torch.no_grad()
    def inspect(self, x: Tensor, weights: Weights, tiles: Sequence[Tile]) -> dict[str, Any]:
        """Return Gram matrices and distances of a picture (see `TransferSession.inspect`)."""
        present = self.grams(x, tuple(weights.style_layers), tiles)
        first = self.targets.styles[0]
        style = {name: _compared(present[first.mask][name], first.grams[name]) for name in weights.style_layers}
        squares = dict.fromkeys(weights.content_layers, 0.0)
        for tile in tiles:
            features = self._features(tile.cut(x), tuple(weights.content_layers))
            for name, found in features.items():
                target = self._same(tile, name, self.targets.content[name])
                squares[name] += float(losses.content(self._core(tile, name, found), target)[0])
        content = {name: (total / float(self.targets.energy[name])) ** 0.5 for name, total in squares.items()}
        return {"style": style, "content": content}


def _compared(present: Tensor, target: Tensor) -> dict[str, Any]:
    distance = float((present - target).norm() / target.norm().clamp(min=1e-12))
    return {"present": present.cpu().numpy(), "target": target.cpu().numpy(), "distance": distance}


def _summed(parts: dict[str, Tensor], weights: Weights) -> dict[str, Tensor]:
    """Return "loss", the sums "content" and "style", and each part."""
    style = torch.stack([v for k, v in parts.items() if k.startswith("style ")]).sum()
    content = torch.stack([v for k, v in parts.items() if k.startswith("content ")]).sum()
    whole = content + style + parts["tv"]
    shown = {k: v for k, v in parts.items() if len(weights.content_layers) > 1 or not k.startswith("content ")}
    return {"loss": whole, "content": content, "style": style, **shown}
