"""Gradients of large pictures, tile by tile: every cell of a feature map is counted once, with real context around it.

A tile is a core plus a margin. The cores partition the picture; the margin only gives the cells of the core the pixels
that they see. Where the margin is at least the receptive radius, features, losses and gradients are those of the whole
picture; below that they differ near the borders, which a random place of the grid at each step spreads out.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from studio.canvas.backbone import LOGIT, Backbone

Size = tuple[int, int]
Losses = dict[str, Tensor]


@dataclass(frozen=True)
class Span:
    """One axis of a tile in pixels: `start <= core_start < core_end <= end`."""

    start: int
    core_start: int
    core_end: int
    end: int


@dataclass(frozen=True)
class Tile:
    """A core with its margin, cut from a picture of `size` (height, width)."""

    rows: Span
    columns: Span
    size: Size

    @property
    def share(self) -> float:
        """Part of the picture's area that is this tile's core, 0..1."""
        rows, columns = self.rows, self.columns
        core = (rows.core_end - rows.core_start) * (columns.core_end - columns.core_start)
        return core / (self.size[0] * self.size[1])

    def cut(self, picture: Tensor) -> Tensor:
        """Return the tile (…, h, w) with its margin as a view of a picture (…, H, W)."""
        return picture[..., self.rows.start : self.rows.end, self.columns.start : self.columns.end]

    def core(self, picture: Tensor) -> Tensor:
        """Return the core as a view of a picture (…, H, W)."""
        rows, columns = self.rows, self.columns
        return picture[..., rows.core_start : rows.core_end, columns.core_start : columns.core_end]

    def from_start(self) -> Tile:
        """Return it as if it were cut from the whole picture's corner: its cells are then those of the whole map."""
        return replace(self, rows=replace(self.rows, start=0), columns=replace(self.columns, start=0))

    def cells(self, features: Tensor, whole: Size, stride: int, crop: int = 0) -> Tensor:
        """Return the cells of a feature map of this tile that belong to its core.

        A cell belongs to the tile in whose core its centre lies, so that over all tiles each is counted once.

        Args:
            features: (N, C, h, w) of the tile.
            whole: (height, width) in cells of the same layer's map of the whole picture.
            stride: pixels per cell; the tile starts at a multiple of it.
            crop: cells left out at the border of the whole map.

        Returns:
            a view (N, C, h', w'); perhaps empty.
        """
        rows = _owned(self.rows, self.size[0], whole[0], stride, crop)
        columns = _owned(self.columns, self.size[1], whole[1], stride, crop)
        return features[..., rows, columns]


def _owned(span: Span, length: int, cells: int, stride: int, crop: int) -> slice:
    """Return the cells of one axis whose centres, (i + 1/2) length / cells, lie in the core."""
    first = max(math.ceil(span.core_start * cells / length - 0.5), crop)
    last = min(math.ceil(span.core_end * cells / length - 0.5), cells - crop)
    origin = span.start // stride
    return slice(max(first - origin, 0), max(last - origin, 0))


def layout(size: Size, tile: int, margin: int = 0, align: int = 1, offset: Size = (0, 0)) -> tuple[Tile, ...]:
    """Return the tiles of a picture.

    Args:
        size: (height, width) in pixels.
        tile: side of a core in pixels, rounded up to `align`; 0 is one tile, the whole picture.
        margin: pixels of context on each side, rounded up to `align`.
        align: tiles start at multiples of it: the greatest stride of the layers in use.
        offset: how far the grid is moved up and left, in pixels, less than a tile.
    """
    if not tile:
        tile, offset = max(size), (0, 0)
    side, margin = _rounded(tile, align), _rounded(margin, align)
    axes = [
        tuple(_spans(length, side, margin, moved // align * align)) for length, moved in zip(size, offset, strict=True)
    ]
    return tuple(Tile(rows, columns, size) for rows in axes[0] for columns in axes[1])


def _rounded(value: int, align: int) -> int:
    return -(-value // align) * align


def _spans(length: int, side: int, margin: int, offset: int) -> Iterator[Span]:
    for core in range(-offset, length, side):
        first, last = max(core, 0), min(core + side, length)
        if last > first:
            yield Span(max(first - margin, 0), first, last, min(last + margin, length))


def tiled_gradient(
    picture: Tensor, tiles: Sequence[Tile], losses: Callable[[Tensor, Tile], Losses]
) -> tuple[Losses, Tensor]:
    """Return the summed losses and the gradient of "loss" with only one tile's graph in memory at a time.

    Args:
        picture: float32 (1, 3, H, W).
        tiles: from `layout`.
        losses: maps (the tile's pixels, the tile) to 0-d losses of its core; "loss" is the whole.

    Returns:
        detached losses, and the gradient in the picture's shape.
    """
    gradient = torch.zeros_like(picture)
    total: Losses = {}
    for tile in tiles:
        cut = tile.cut(picture).detach().requires_grad_(True)
        found = losses(cut, tile)
        if found["loss"].requires_grad:
            (part,) = torch.autograd.grad(found["loss"], cut)
            tile.cut(gradient).add_(part)
        for name, value in found.items():
            total[name] = total[name] + value.detach() if name in total else value.detach()
    return total, gradient


def feature_sizes(backbone: Backbone, names: Collection[str], size: Size) -> dict[str, Size]:
    """Return (height, width) in cells of each layer for a picture of `size`.

    Measured on two thin strips: a map's height depends on the picture's height alone, its width on the width. (On the
    "meta" device nothing would be computed, but its ReLU imports torch's compiler: seconds before the first step.)
    """
    names = [name for name in names if name != LOGIT]
    if not names:
        return {}
    device, thin = next(backbone.module.parameters()).device, backbone.smallest
    with torch.no_grad():
        tall = backbone.features(torch.zeros(1, 3, size[0], thin, device=device), names)
        wide = backbone.features(torch.zeros(1, 3, thin, size[1], device=device), names)
    return {name: (int(tall[name].shape[-2]), int(wide[name].shape[-1])) for name in names}


def receptive_radius(backbone: Backbone, names: Collection[str], largest: int = 512) -> int:
    """Return how many pixels from the centre of a cell the deepest of some layers sees, at most `largest`.

    Measured: with all convolution weights positive and pooling averaged, exactly the pixels that a cell sees get a
    gradient.

    Args:
        backbone: any network.
        names: layers; "logit" (which sees everything) counts as nothing.
        largest: give up beyond.
    """
    names = [name for name in names if name != LOGIT]
    if not names:
        return 0
    shadow = copy.copy(backbone)
    shadow.module, shadow.dtype = _positive(copy.deepcopy(backbone.module)), torch.float32
    shadow.memory_format = torch.contiguous_format
    stride = max(backbone.layer(name).stride for name in names)
    side = max(128, 8 * stride, 2 * backbone.smallest)
    while True:
        radius = _reach(shadow, names, max(2 * stride, backbone.smallest), side)
        if radius < side // 2 - stride or side // 2 >= largest:
            return min(radius, largest)
        side *= 2


def _positive(module: nn.Module) -> nn.Module:
    module = module.to(device="cpu", dtype=torch.float32, memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # typed without the format
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            part.weight.data.fill_(1 / part.weight[0].numel())
            if part.bias is not None:
                part.bias.data.fill_(1.0)
        elif isinstance(part, nn.MaxPool2d):
            part.forward = _mean_of(part)  # type: ignore[method-assign,assignment]  # a maximum passes no gradient to the others
    return module.eval()


def _mean_of(pool: nn.MaxPool2d) -> Callable[[Tensor], Tensor]:
    """Return average pooling of the same geometry."""
    return nn.AvgPool2d(pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode)


def _reach(backbone: Backbone, names: Collection[str], height: int, width: int) -> int:
    """Return the greatest distance, along a strip, from the centre of a middle cell to a pixel that it sees."""
    strip = torch.ones(1, 3, height, width, requires_grad=True)
    features = backbone.features(strip, names)
    radius = 0
    for name in names:
        middle = features[name].shape[-1] // 2
        (gradient,) = torch.autograd.grad(features[name][..., middle].sum(), strip, retain_graph=True)
        seen = gradient.abs().sum((0, 1, 2)).gt(0).nonzero().flatten().tolist() or [width // 2]
        centre = (middle + 0.5) * backbone.layer(name).stride
        radius = max(radius, math.ceil(max(centre - seen[0], seen[-1] + 1 - centre)))
    return radius


def seam_error(tiled: Tensor, whole: Tensor, tiles: Sequence[Tile], width: int = 4) -> tuple[float, float]:
    """Return how far a tiled result is from the untiled one along the tile borders, and elsewhere.

    Args:
        tiled: (1, C, H, W), gradients or pictures.
        whole: the same without tiles.
        tiles: the tiles used.
        width: pixels on each side of an inner border that count as border.

    Returns:
        root-mean-square differences at borders and elsewhere, each relative to the root-mean-square of `whole`
        about its mean.
    """
    near = torch.zeros(whole.shape[-2:], dtype=torch.bool, device=whole.device)
    for tile in tiles:
        for at in (tile.rows.core_start, tile.rows.core_end):
            if 0 < at < tile.size[0]:
                near[max(at - width, 0) : at + width] = True
        for at in (tile.columns.core_start, tile.columns.core_end):
            if 0 < at < tile.size[1]:
                near[:, max(at - width, 0) : at + width] = True
    difference = (tiled - whole).square().mean((0, 1))
    scale = float((whole - whole.mean()).square().mean().sqrt()) or 1.0
    return tuple(  # type: ignore[return-value]  # two of them
        float(difference[where].mean().sqrt()) / scale if bool(where.any()) else 0.0 for where in (near, ~near)
    )
