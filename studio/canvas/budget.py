"""How long and how much memory, said before the start: learnt from a few timed steps and from what runs then needed.

The time of a step is taken to be `a + b pixels`: a few steps at two small sizes give both, by least squares. Every
finished run then says how far that was off (`learn`), and later forecasts are corrected by the mean of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from studio.canvas import trials
from studio.canvas.backbone import Backbone
from studio.canvas.dream_config import DreamConfig
from studio.canvas.memory import feature_bytes, fitting_tile
from studio.canvas.objective import parse
from studio.canvas.picture import working_size
from studio.canvas.stages import Stage, octaves, scales
from studio.canvas.timeline import BUDGET as TIMELINE
from studio.canvas.transfer_config import TransferConfig
from studio.canvas.trials import Trial
from studio.core.compute import Compute

Kind = Literal["dream", "transfer"]
Config = DreamConfig | TransferConfig
Size = tuple[int, int]

UNSURE, GUESSED, LEAST_BAND = 0.5, 2.0, 0.15
"""Error bands: after timed steps alone, of a guess, and the least however well runs agreed."""
TILE_MARGIN = 64
"""Pixels seen around a tile, roughly; the exact number takes a second to measure."""
TWO_PASSES = 1.4
"""What the first pass over the tiles adds to a transfer: Gram matrices need the whole picture."""
COPIES = 10
"""Pictures in fp32 beside the features: picture, gradient, moments, mean, what was and what is shown."""
FLOPS = {"fp32": 3e10, "bf16": 1.5e11}
"""Operations a second of one core, for a guess."""
FLOPS_CUDA = 1e13


@dataclass(frozen=True)
class Forecast:
    """What a dream or transfer will need.

    Attributes:
        seconds: expected time.
        bytes: expected peak memory beyond what is in use already.
        error_band: seconds are probably within a factor 1 + error_band (0.3: a third more or less).
        tiles: side of the tiles that memory asks for (or the settings), 0 for none.
        measured: True: from timed steps or runs; False: a guess by arithmetic, no steps were timed yet.
        steps: in all.
    """

    seconds: float
    bytes: int
    error_band: float
    tiles: int
    measured: bool
    steps: int


def forecast(
    kind: Kind,
    config: Config,
    backbone: Backbone,
    size: Size,
    compute: Compute,
    workspace: Path | None = None,
    *,
    styles: int = 1,
    measure: bool = True,
) -> Forecast:
    """Say what these settings will need, before the start.

    The first time with a network, its layers, a precision and a number of threads, a few steps at two small sizes
    are timed (a second or two: call it off the window's thread); afterwards it answers from memory at once.

    Args:
        kind: "dream" or "transfer".
        config: the settings.
        backbone: the network (not yet prepared).
        size: (height, width) of the picture (content) as it was read; `config.size` is applied here.
        compute: device and precision (`studio.canvas.policy.choose`).
        workspace: folder whose `cache/canvas-budget.json` remembers; None remembers in this process only.
        styles: number of style pictures.
        measure: False never times steps (answers at once, perhaps with measured=False).

    Raises:
        BadConfig: settings that do not fit the network.
    """
    names = layers_of(kind, config, backbone)
    key = trials.key(kind, config, backbone, compute, names)
    trial = trials.recall(workspace, key)
    if trial is None and measure:
        trial = trials.timed(kind, config, backbone, compute)
        trials.keep(workspace, key, trial)
    known = trial or _guess(kind, backbone, names, compute)
    stages = stages_of(kind, config, size, backbone.smallest)
    per_pixel = _per_pixel(backbone, names, compute)
    largest = stages[-1].size
    tiles = _tiles(config, per_pixel, largest, compute)
    return Forecast(
        seconds=_seconds(kind, stages, known, tiles, styles) * known.correction,
        bytes=_bytes(stages, per_pixel, tiles),
        error_band=GUESSED if trial is None else _band(trial),
        tiles=tiles,
        measured=trial is not None,
        steps=sum(stage.steps for stage in stages),
    )


def learn(
    kind: Kind,
    config: Config,
    backbone: Backbone,
    size: Size,
    compute: Compute,
    seconds: float,
    workspace: Path | None = None,
    *,
    styles: int = 1,
) -> None:
    """Tell what a whole run really took, so that the next forecast is better; never raises for a damaged cache.

    Args:
        kind: as given to `forecast`, as are config, backbone, size, compute, workspace and styles.
        config: those of the run.
        backbone: its network.
        size: (height, width) of its picture.
        compute: device and precision.
        seconds: wall-clock time of the run, pauses left out.
        workspace: where the cache is.
        styles: number of style pictures.
    """
    names = layers_of(kind, config, backbone)
    key = trials.key(kind, config, backbone, compute, names)
    stages = stages_of(kind, config, size, backbone.smallest)
    trial = trials.recall(workspace, key)
    if trial is None:
        work = sum(stage.steps * stage.size[0] * stage.size[1] for stage in stages)
        trial = Trial((0.0, seconds / max(work, 1)), (0.0, 0.0))
    tiles = _tiles(config, _per_pixel(backbone, names, compute), stages[-1].size, compute)
    expected = _seconds(kind, stages, trial, tiles, styles)
    if expected > 0 and seconds > 0:
        trials.keep(workspace, key, trial.corrected(seconds / expected))


# ---- arithmetic


def layers_of(kind: Kind, config: Config, backbone: Backbone) -> tuple[str, ...]:
    """Return the layers that these settings look at.

    Raises:
        BadConfig: the network does not have them.
    """
    if isinstance(config, DreamConfig):
        texts: Sequence[str] = [config.layers or backbone.dream]
    else:
        texts = [config.content_layers or backbone.content, config.style_layers or backbone.style]
    return tuple(dict.fromkeys(term.layer for line in texts for term in parse(line, backbone)))


def stages_of(kind: Kind, config: Config, size: Size, smallest: int) -> tuple[Stage, ...]:
    """Return what `DreamSession.plan` and `TransferSession.plan` do, without a session.

    Args:
        kind: "dream" or "transfer".
        config: the settings.
        size: (height, width) of the picture as it was read.
        smallest: of the network.
    """
    final = working_size(size, config.size)
    if isinstance(config, DreamConfig):
        found = octaves(final, config.octaves, config.octave_scale, config.iterations, smallest)
    elif config.colours == "only":
        return (Stage(final, 1),)
    else:
        found = scales(final, config.smallest, config.growth, config.iterations, smallest)
    return found or (Stage(final, config.iterations),)


def _seconds(kind: Kind, stages: Sequence[Stage], trial: Trial, tiles: int, styles: int) -> float:
    """Return the time of all stages, their preparation included, before any correction."""
    total = 0.0
    for stage in stages:
        pixels = stage.size[0] * stage.size[1]
        tiled = tiles and max(stage.size) > tiles
        more = ((tiles + 2 * TILE_MARGIN) / tiles) ** 2 * (TWO_PASSES if kind == "transfer" else 1.0) if tiled else 1.0
        total += stage.steps * more * _line(trial.step, pixels)
        total += _line(trial.enter, pixels) * ((1 + styles) / 2 if kind == "transfer" else 1.0)
    return total


def _line(ab: tuple[float, float], pixels: int) -> float:
    return ab[0] + ab[1] * pixels


def _tiles(config: Config, per_pixel: float, largest: Size, compute: Compute) -> int:
    side = config.tile or fitting_tile(per_pixel, largest, compute.device)
    return side if side < max(largest) else 0


def _bytes(stages: Sequence[Stage], per_pixel: float, tiles: int) -> int:
    """Return the peak: features of the largest stage or of a tile of it, the pictures, the timeline."""
    height, width = stages[-1].size
    seen = min(height, tiles + 2 * TILE_MARGIN) * min(width, tiles + 2 * TILE_MARGIN) if tiles else height * width
    kept = sum(stage.steps * stage.size[0] * stage.size[1] * 6 for stage in stages)
    return int(per_pixel * seen + COPIES * 12 * height * width + min(kept, TIMELINE))


def _band(trial: Trial) -> float:
    """Return the error band: wide after timed steps alone, then by how well the runs agreed."""
    if len(trial.ratios) < 2:
        return UNSURE if not trial.ratios else UNSURE / 2
    logs = [math.log(ratio) for ratio in trial.ratios]
    mean = sum(logs) / len(logs)
    spread = math.sqrt(sum((x - mean) ** 2 for x in logs) / (len(logs) - 1))
    return max(LEAST_BAND, math.exp(spread) - 1)


_measured_bytes: dict[tuple[str, ...], float] = {}


def _per_pixel(backbone: Backbone, names: tuple[str, ...], compute: Compute) -> float:
    """Return the bytes of features that a step keeps, per pixel of the picture."""
    key = (backbone.fingerprint or backbone.id, str(compute.device), compute.policy.precision, *names)
    if key not in _measured_bytes:
        _measured_bytes[key] = feature_bytes(backbone.prepared(compute), names, (1024, 1024)) / 2**20
    return _measured_bytes[key]


def _guess(kind: Kind, backbone: Backbone, names: tuple[str, ...], compute: Compute) -> Trial:
    """Return what the number of operations suggests: a forward pass, and as much for the gradient of the picture."""
    threads = torch.get_num_threads()
    on_cuda = compute.device.type == "cuda"
    rate = FLOPS_CUDA if on_cuda else FLOPS.get(compute.policy.precision, FLOPS["fp32"]) * threads
    per_pixel = 2 * _operations(backbone, names) / rate
    return Trial((0.0, per_pixel), (0.0, 2 * per_pixel))


def _operations(backbone: Backbone, names: tuple[str, ...]) -> float:
    """Return the operations of a forward pass per pixel: two for each weight at each place of the convolutions."""
    counted = 0

    def count(module: nn.Module, inputs: object, output: Tensor) -> None:
        nonlocal counted
        counted += 2 * output.numel() * module.weight[0].numel()  # type: ignore[index]  # a convolution's

    hooks = [m.register_forward_hook(count) for m in backbone.module.modules() if isinstance(m, nn.Conv2d)]
    side = max(64, backbone.smallest)
    try:
        with torch.no_grad():
            backbone.features(torch.zeros(1, 3, side, side), names)
    finally:
        for hook in hooks:
            hook.remove()
    return counted / side**2
