"""What every channel of a layer likes to see: small feature visualisations, made once and kept.

Feature visualisation: Olah, Mordvintsev and Schubert 2017, https://distill.pub/2017/feature-visualization: Adam on
Fourier terms with decorrelated colours, the picture moved and scaled a little at every step so that no single pixel
counts. Several channels are made in one batch: each picture of it climbs its own channel.
"""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from studio.canvas import policy
from studio.canvas.ascent import Moments
from studio.canvas.backbone import LOGIT, Backbone
from studio.canvas.parameters import Fourier
from studio.canvas.picture import Pixels, Source, resized, to_tensor, working_size
from studio.core import seeds
from studio.core.compute import Compute, generator
from studio.core.errors import BadConfig
from studio.core.files import explained, write_atomic

SIDE = 72
"""Pixels of a thumbnail."""
BATCH = 16
STEPS = 64
MARGIN = 6
"""Pixels around a thumbnail that are made and cut away: borders look different."""
JITTER = 6
RATE = 0.06
START = 0.02
"""Deviation of the Fourier terms at the start."""
LEAK = 0.2
"""Slope of the rectifiers at the start, falling to none at half time: a quarter of the channels of our network are
silent on grey noise, and a ReLU would give them no gradient to climb (Olah 2017 redirects it for the same reason)."""
SAVE_SECONDS = 5.0
VERSION = 1
LEAVES, LOOK = 4, 320
"""Reference pictures; longer side at which a picture is looked at."""


def thumbnails(
    backbone: Backbone,
    layer: str,
    workspace: Path | None = None,
    channels: Sequence[int] | None = None,
    *,
    compute: Compute | None = None,
    side: int = SIDE,
    steps: int = STEPS,
    batch: int = BATCH,
) -> Iterator[dict[int, Pixels]]:
    """Make the thumbnails of a layer's channels, several at a time; what is cached comes first, at once.

    The cache is written every few seconds and when the generator ends or is closed: close it at any time, call again
    to go on. A channel looks the same whatever it was made together with.

    Args:
        backbone: the network (not yet prepared).
        layer: name of one of its layers, or "logit" for the classes.
        workspace: folder whose `cache/atlas` keeps them; None keeps nothing.
        channels: which, in this order (those on screen first); None is all.
        compute: device and precision; None chooses.
        side: pixels of a thumbnail.
        steps: Adam steps for each batch.
        batch: channels made at once.

    Yields:
        channel -> uint8 (side, side, 3), for the channels just finished.

    Raises:
        BadConfig: there is no such layer or channel.
        StoreError: the cache cannot be written.
    """
    wanted = _checked(backbone, layer, channels)
    found = cached(backbone, layer, workspace, side=side, steps=steps) if workspace else {}
    if ready := {channel: found[channel] for channel in wanted if channel in found}:
        yield ready
    missing = [channel for channel in wanted if channel not in found]
    if not missing:
        return
    maker = _Maker(backbone, layer, compute or policy.choose(), side, steps)
    saved, fresh = time.monotonic(), False
    try:
        for start in range(0, len(missing), batch):
            made = maker.make(missing[start : start + batch])
            found.update(made)
            fresh = True
            if workspace and time.monotonic() - saved > SAVE_SECONDS:
                _save(_file(backbone, layer, workspace), found, steps)
                saved, fresh = time.monotonic(), False
            yield made
    finally:
        if workspace and fresh:
            _save(_file(backbone, layer, workspace), found, steps)


def _checked(backbone: Backbone, layer: str, channels: Sequence[int] | None) -> list[int]:
    count = backbone.layer(layer).channels
    wanted = list(range(count)) if channels is None else list(dict.fromkeys(channels))
    if any(not 0 <= channel < count for channel in wanted):
        raise BadConfig(f"{layer} has no such channel.", f"Choose from 0 to {count - 1}.")
    return wanted


class _Maker:
    """Climbs several channels of one layer at once."""

    def __init__(self, backbone: Backbone, layer: str, compute: Compute, side: int, steps: int) -> None:
        self.backbone, self.layer, self.device = backbone.prepared(compute), layer, compute.device
        self.rectifiers = _leaky(self.backbone.module)
        self.side, self.steps = side, steps
        self.whole = max(side + 2 * MARGIN, backbone.smallest)

    def make(self, channels: Sequence[int]) -> dict[int, Pixels]:
        """Return the thumbnails of some channels."""
        canvas = Fourier(torch.full((len(channels), 3, self.whole, self.whole), 0.5, device=self.device))
        values = torch.cat([self._noise(channel, canvas.values.shape[1:]) for channel in channels])
        values, adam = values.to(self.device), Moments()
        moves = generator(seeds.derive(0, "atlas moves"))
        for step in range(self.steps):
            for rectifier in self.rectifiers:
                rectifier.slope = LEAK * max(0.0, 1 - 2 * step / self.steps)
            leaf = values.requires_grad_(True)
            score = self._scores(_moved(canvas.decode(leaf), moves), channels)
            (gradient,) = torch.autograd.grad(score.sum(), leaf)
            values = leaf.detach() + RATE * adam.direction(gradient)
        with torch.no_grad():
            return dict(zip(channels, self._cut(canvas.decode(values)), strict=True))

    def _noise(self, channel: int, shape: torch.Size) -> Tensor:
        """Return the start of a channel (1, …): its own, so that a batch does not matter."""
        return START * torch.randn((1, *shape), generator=generator(seeds.derive(0, "atlas", channel)))

    def _scores(self, pictures: Tensor, channels: Sequence[int]) -> Tensor:
        """Return what each picture (N, 3, H, W) gives its own channel: mean activation, or the logit; (N,)."""
        features = self.backbone.features(pictures, (self.layer,))[self.layer].float()
        own = features[torch.arange(len(channels)), list(channels)]
        return own if self.layer == LOGIT else own.mean(dim=(1, 2))

    def _cut(self, pictures: Tensor) -> list[Pixels]:
        """Return the middles as uint8 (side, side, 3)."""
        low = (self.whole - self.side) // 2
        middle = pictures[..., low : low + self.side, low : low + self.side]
        pixels = (middle.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
        return list(pixels.cpu().numpy())


class _Rectifier(nn.Module):
    """A ReLU that lets `slope` of the negative side through: 0 is a ReLU."""

    slope = 0.0

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, self.slope)


def _leaky(module: nn.Module) -> list[_Rectifier]:
    """Replace every ReLU; returns what they were replaced by."""
    made = []
    for name, child in module.named_children():
        if isinstance(child, nn.ReLU):
            rectifier = _Rectifier()
            setattr(module, name, rectifier)
            made.append(rectifier)
        else:
            made += _leaky(child)
    return made


def _moved(pictures: Tensor, moves: torch.Generator) -> Tensor:
    """Shift, turn (5 degrees) and scale (5 %) pictures (N, 3, H, W) at random, all alike; borders are mirrored."""
    draw = 2 * torch.rand(4, generator=moves) - 1
    angle, scale = float(draw[0]) * 0.087, 1 + 0.05 * float(draw[1])
    shift = draw[2:] * 2 * JITTER / pictures.shape[-1]
    cos, sin = scale * float(np.cos(angle)), scale * float(np.sin(angle))
    matrix = torch.tensor([[cos, -sin, float(shift[0])], [sin, cos, float(shift[1])]], device=pictures.device)
    grid = F.affine_grid(matrix.expand(len(pictures), 2, 3), list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


# ---- the cache


def cached(
    backbone: Backbone, layer: str, workspace: Path, *, side: int = SIDE, steps: int = STEPS
) -> dict[int, Pixels]:
    """Return the thumbnails that are on disk: channel -> uint8 (side, side, 3). A damaged file is thrown away."""
    path = _file(backbone, layer, workspace)
    if not path.is_file():
        return {}
    try:
        content = io.BytesIO(path.read_bytes())  # a damaged file given by its name would stay open
        with np.load(content, allow_pickle=False) as stored:
            about, channels, pixels = stored["about"], stored["channels"], stored["pixels"]
        if about.tolist() != [VERSION, side, steps] or pixels.shape != (len(channels), side, side, 3):
            raise ValueError("made otherwise")
        if pixels.dtype != np.uint8 or channels.dtype != np.int32:
            raise ValueError("not thumbnails")
    except (OSError, ValueError, KeyError, EOFError, MemoryError, NotImplementedError, zipfile.BadZipFile):
        with explained(path):
            path.unlink(missing_ok=True)
        return {}
    return dict(zip(channels.tolist(), pixels, strict=True))


def _file(backbone: Backbone, layer: str, workspace: Path) -> Path:
    name = re.sub(r"[^A-Za-z0-9._-]", "_", f"{backbone.fingerprint or backbone.id}-{layer}")
    return workspace / "cache" / "atlas" / f"{name}.npz"


def _save(path: Path, found: dict[int, Pixels], steps: int) -> None:
    channels = np.array(sorted(found), np.int32)
    pixels: NDArray[np.uint8] = np.stack([found[int(channel)] for channel in channels])
    buffer = io.BytesIO()
    np.savez(buffer, about=np.array([VERSION, pixels.shape[1], steps]), channels=channels, pixels=pixels)
    with explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, buffer.getvalue())


# ---- what fires at a picture


def strengths(
    backbone: Backbone, picture: Source, layer: str, *, compute: Compute | None = None
) -> NDArray[np.float32]:
    """Return how strongly each channel fires at a picture, relative to what it usually does; float32 (C,).

    1 is usual, 3 three times as much; rank with `argsort`. The usual is the mean activation on generated dead-leaves
    pictures (`dead_leaves`), at least a tenth of the layer's mean; of classes, the probability.

    Raises:
        BadConfig: there is no such layer.
    """
    backbone.layer(layer)
    compute = compute or policy.choose()
    key = (backbone.fingerprint or backbone.id, layer, str(compute.device), compute.policy.precision)
    prepared = backbone.prepared(compute)
    if key not in _usual:
        leaves = [to_tensor(dead_leaves(seed)) for seed in range(LEAVES)]
        _usual[key] = np.mean([_activity(prepared, x.to(compute.device), layer) for x in leaves], axis=0)
    usual = np.maximum(_usual[key], max(0.1 * float(_usual[key].mean()), 1e-12))
    fitted = working_size(picture.size, LOOK)
    size = max(fitted[0], backbone.smallest), max(fitted[1], backbone.smallest)
    activity = _activity(prepared, resized(to_tensor(picture.pixels, compute.device), size), layer)
    return (activity / usual).astype(np.float32)


_usual: dict[tuple[str, ...], NDArray[np.float64]] = {}
"""Mean activity on dead leaves, by network, layer, device and precision."""


@torch.no_grad()
def _activity(backbone: Backbone, picture: Tensor, layer: str) -> NDArray[np.float64]:
    """Return each channel's mean activation (its positive part), or each class's probability; (C,)."""
    features = backbone.features(picture, (layer,))[layer].double()
    found = features.softmax(dim=1)[0] if layer == LOGIT else features.clamp(min=0).mean(dim=(0, 2, 3))
    activity: NDArray[np.float64] = found.cpu().numpy()
    return activity


def dead_leaves(seed: int, side: int = 256, leaves: int = 500) -> Pixels:
    """Return a picture uint8 (side, side, 3) of discs that cover each other, with the statistics of photographs.

    Radii r are drawn with density r^-3 between 3 px and half the side (Lee, Mumford and Huang 2001, "Occlusion models
    for natural images"): the same at every scale, as what a camera sees. Nearest leaves are drawn last.
    """
    rng = np.random.default_rng(seeds.derive(seed, "dead leaves"))
    low, high = 3.0, side / 2
    radii = (low**-2 - rng.random(leaves) * (low**-2 - high**-2)) ** -0.5  # inverse of the cumulated r^-3
    centres, colours = rng.uniform(0, side, (leaves, 2)), rng.integers(0, 256, (leaves, 3))
    picture = np.full((side, side, 3), rng.integers(0, 256, 3), np.uint8)
    for radius, (row, column), colour in zip(radii, centres, colours, strict=True):
        top, left = max(int(row - radius), 0), max(int(column - radius), 0)
        part = picture[top : int(row + radius) + 2, left : int(column + radius) + 2]
        rows, columns = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
        part[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = colour
    return picture
