"""From pictures and settings to what a transfer compares with at one scale: styles fitted and recoloured, features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from studio.canvas import colour, losses
from studio.canvas.backbone import Backbone
from studio.canvas.objective import parse
from studio.canvas.picture import Pixels, Source, fitted_mask, to_tensor
from studio.canvas.tiles import Tile, feature_sizes, layout
from studio.canvas.transfer_config import Style, TransferConfig
from studio.core.errors import BadConfig

Size = tuple[int, int]


def shares(text: str, default: str, backbone: Backbone, role: str) -> dict[str, float]:
    """Return layer -> share of a line of layers; the shares sum to 1.

    Raises:
        BadConfig: no such layer, single channels or classes, negative weights, or nothing left.
    """
    terms = parse(text or default, backbone)
    if any(term.channel is not None for term in terms):
        raise BadConfig(f"{role} compares whole layers, not single channels.", "Write layers like conv4_1:1.")
    if any(term.weight < 0 for term in terms) or not sum(term.weight for term in terms) > 0:
        raise BadConfig(f"The weights of the {role.lower()} layers must not be negative and not all 0.")
    found: dict[str, float] = {}
    for term in terms:
        found[term.layer] = found.get(term.layer, 0.0) + term.weight
    total = sum(found.values())
    return {layer: weight / total for layer, weight in found.items() if weight > 0}


def check_styles(styles: Sequence[Style], content: Source) -> None:
    """Refuse styles that say nothing.

    Raises:
        BadConfig: none, negative or only zero weights, an empty mask or region.
        BadInput: a mask of other proportions than its picture.
    """
    if not styles:
        raise BadConfig("There is no style picture.", "Give at least one.")
    if any(not style.weight >= 0 for style in styles):
        raise BadConfig("A style's weight is negative.", "Use 0 to leave a style out.")
    if not sum(style.weight for style in styles) > 0:
        raise BadConfig("The styles' weights are all 0.", "Give at least one style a weight above 0.")
    for number, style in enumerate(styles, 1):
        for mask, size, what in ((style.mask, content.size, "mask"), (style.region, style.source.size, "region")):
            if mask is not None and not float(fitted_mask(mask, size, f"The {what} of style {number}").max()) > 0:
                raise BadConfig(f"The {what} of style {number} is empty.", "Paint where it should count, or remove it.")


def at_size(pixels: Pixels, size: Size, device: torch.device) -> Tensor:
    """Return uint8 pixels (H, W, 3) as float32 (1, 3, h, w) at a size (Lanczos)."""
    if pixels.shape[:2] != tuple(size):
        pixels = np.array(Image.fromarray(pixels).resize((size[1], size[0]), Image.Resampling.LANCZOS))
    return to_tensor(pixels, device).contiguous()


def mask_at(mask: NDArray[np.float32], size: Size, device: torch.device) -> Tensor:
    """Return a mask as float32 (1, 1, h, w) at a size."""
    picture = Image.fromarray(mask.astype(np.float32)).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(picture, np.float32)).clamp_(0, 1).to(device)[None, None]


def window(style: Size, content: Size, fit: str) -> tuple[int, int, int, int]:
    """Return (top, left, bottom, right): what of a style picture is used; "crop" keeps the content's proportions."""
    height, width = style
    if fit != "crop":
        return 0, 0, height, width
    tall = min(height, round(width * content[0] / content[1]))
    wide = min(width, round(height * content[1] / content[0]))
    top, left = (height - max(tall, 1)) // 2, (width - max(wide, 1)) // 2
    return top, left, top + max(tall, 1), left + max(wide, 1)


def style_size(cut: Size, content: Size, fit: str, scale: float, smallest: int) -> Size:
    """Return a style's working size: as long as the content times `scale`; "stretch" takes the content's shape."""
    if fit == "stretch":
        height, width = (side * scale for side in content)
    else:
        factor = max(content) * scale / max(cut)
        height, width = cut[0] * factor, cut[1] * factor
    grow = max(1.0, smallest / min(height, width))
    return max(1, round(height * grow)), max(1, round(width * grow))


@dataclass(frozen=True, eq=False)
class StyleTarget:
    """Gram matrices per position of one style, its share, and the number of its mask."""

    grams: dict[str, Tensor]
    share: float
    mask: int


@dataclass(eq=False)
class Targets:
    """What a picture is compared with at one scale.

    Attributes:
        content: layer -> features of the content.
        energy: layer -> their sum of squares, 0-d.
        content_mask: where content counts, (1, 1, H, W), or None.
        styles: at least one.
        masks: distinct masks of the styles, (1, 1, H, W) each; None is everywhere.
    """

    content: dict[str, Tensor]
    energy: dict[str, Tensor]
    content_mask: Tensor | None
    styles: Sequence[StyleTarget]
    masks: Sequence[Tensor | None]
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)


class TargetMaker:
    """Computes targets; keeps those of a scale until something they depend on changes.

    Args:
        backbone: prepared.
        tile, margin: side of the tiles for pictures too large to be looked at whole (0 for none), and what is seen
            around them.
    """

    def __init__(
        self, config: TransferConfig, backbone: Backbone, device: torch.device, tile: int = 0, margin: int = 0
    ) -> None:
        self.config, self.backbone, self.device = config, backbone, device
        self.tile, self.margin = tile, margin

    def content_tensor(self, content: Source, size: Size) -> Tensor:
        """Return the content as the network is shown it."""
        x = at_size(content.pixels, size, self.device)
        return colour.grey(x) if self.config.colours == "luminance" else x

    def style_tensor(self, style: Style, content: Source, size: Size) -> tuple[Tensor, Tensor | None]:
        """Return a style as the network is shown it, and its region at the same size."""
        config = self.config
        top, left, bottom, right = window(style.source.size, content.size, config.style_fit)
        fitted = style_size(
            (bottom - top, right - left), size, config.style_fit, config.style_scale, self.backbone.smallest
        )
        x = at_size(style.source.pixels[top:bottom, left:right], fitted, self.device)
        reference = at_size(content.pixels, size, self.device)
        if config.colours in _RECOLOUR:
            x = _RECOLOUR[config.colours](x, reference)
        if style.region is None:
            return x, None
        region = fitted_mask(style.region, style.source.size)[top:bottom, left:right]
        return x, mask_at(region, fitted, self.device)

    @torch.no_grad()
    def style_grams(self, style: Style, content: Source, size: Size, layers: Sequence[str]) -> dict[str, Tensor]:
        """Return the Gram matrices per position, layer -> float32 (C, C)."""
        x, region = self.style_tensor(style, content, size)
        sizes = feature_sizes(self.backbone, layers, (x.shape[-2], x.shape[-1]))
        weights = {} if region is None else {name: losses.shrunk(region, sizes[name]) for name in layers}
        sums: dict[str, Tensor] = {}
        for tile in self._tiles(x, layers):
            features = self.backbone.features(tile.cut(x), layers)
            for name in layers:
                stride = self.backbone.layer(name).stride
                weight = tile.from_start().cells(weights[name], sizes[name], stride) if weights else None
                part = losses.gram(tile.cells(features[name], sizes[name], stride), weight)
                sums[name] = sums[name] + part if name in sums else part
        return {name: total / _count(weights.get(name), sizes[name]) for name, total in sums.items()}

    @torch.no_grad()
    def content_features(
        self, content: Source, size: Size, sizes: dict[str, Size], layers: Sequence[str]
    ) -> dict[str, Tensor]:
        """Return the content's features, layer -> (1, C, h, w)."""
        x = self.content_tensor(content, size)
        tiles = self._tiles(x, layers)
        if len(tiles) == 1:
            return self.backbone.features(x, layers)
        whole: dict[str, Tensor] = {}
        for tile in tiles:
            for name, found in self.backbone.features(tile.cut(x), layers).items():
                stride = self.backbone.layer(name).stride
                room = whole.setdefault(name, found.new_empty((1, found.shape[1], *sizes[name])))
                tile.from_start().cells(room, sizes[name], stride).copy_(tile.cells(found, sizes[name], stride))
        return whole

    def _tiles(self, x: Tensor, layers: Sequence[str]) -> Sequence[Tile]:
        align = max(self.backbone.layer(name).stride for name in layers)
        return layout((x.shape[-2], x.shape[-1]), self.tile, self.margin, align)

    def make(
        self,
        content: Source,
        mask: NDArray[np.float32] | None,
        styles: Sequence[Style],
        grams: Sequence[dict[str, Tensor]],
        size: Size,
        layers: tuple[Sequence[str], Sequence[str]],
    ) -> Targets:
        """Return everything for one scale.

        Args:
            content: what keeps its things.
            mask: where its content counts.
            styles: those of weight above 0.
            grams: of the same styles (`style_grams`).
            size: (height, width).
            layers: those of the content, those of the styles.
        """
        sizes = feature_sizes(self.backbone, {*layers[0], *layers[1]}, size)
        features = self.content_features(content, size, sizes, layers[0])
        total = sum(style.weight for style in styles)
        masks: list[Tensor | None] = []
        owners: list[object] = []
        targets = []
        for style, found in zip(styles, grams, strict=True):
            if not any(style.mask is owner for owner in owners):
                owners.append(style.mask)
                fitted = None if style.mask is None else fitted_mask(style.mask, content.size)
                masks.append(None if fitted is None else mask_at(fitted, size, self.device))
            index = next(i for i, owner in enumerate(owners) if owner is style.mask)
            targets.append(StyleTarget(found, style.weight / total, index))
        return Targets(
            content=features,
            energy={name: f.float().square().sum().clamp(min=1e-12) for name, f in features.items()},
            content_mask=None if mask is None else mask_at(fitted_mask(mask, content.size), size, self.device),
            styles=targets,
            masks=masks,
            sizes=sizes,
        )

    def recoloured(self, content: Source, styles: Sequence[Style], size: Size) -> Tensor:
        """Return the content float32 (1, 3, H, W) in the styles' colours, mixed, each where it is painted."""
        x = at_size(content.pixels, size, self.device)
        total, weight = torch.zeros_like(x), torch.zeros_like(x[:, :1])
        for style in styles:
            share = torch.full_like(weight, style.weight)
            if style.mask is not None:
                share *= mask_at(fitted_mask(style.mask, content.size), size, self.device)
            total += share * colour.recoloured(x, self.style_tensor(style, content, size)[0])
            weight += share
        return x + weight.clamp(max=1.0) * (total / weight.clamp(min=1e-6) - x)


_RECOLOUR = {
    "luminance": colour.match_luminance,
    "histogram": colour.match_histogram,
    "linear": colour.match_linear,
}


def _count(weight: Tensor | None, size: Size) -> float | Tensor:
    """Return the number of positions, or the sum of their weights."""
    return size[0] * size[1] if weight is None else weight.sum().clamp(min=1e-6)
