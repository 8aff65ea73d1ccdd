"""`bench canvas`: dream and transfer against the loops that tutorials write, the first preview, the window meanwhile.

The network has VGG19's shape and random weights (nothing is downloaded); both sides start from the same picture with
the same losses, layers, targets and step rule, and take turns. The session's time is all of its time: previews,
timeline and events included.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from studio.app.bench import child
from studio.app.bench.canvas_plain import PlainDream, PlainTransfer
from studio.app.bench.race import TURN, Worked, race
from studio.app.bench.report import Report, Say
from studio.canvas import policy
from studio.canvas.atlas import dead_leaves
from studio.canvas.backbone import Backbone
from studio.canvas.dream import DreamSession
from studio.canvas.dream_config import DreamConfig
from studio.canvas.picture import Source, to_tensor
from studio.canvas.transfer import TransferSession
from studio.canvas.transfer_config import Style, TransferConfig
from studio.canvas.transfer_presets import PRESETS
from studio.core.compute import Compute
from studio.core.events import Images
from studio.core.knobs import make
from studio.core.policy import has_bf16_units
from studio.runs import canvases
from studio.runs.pictures import save_png

SPEEDUP, PREVIEW_S, GAP_MS, AGREE = 3.0, 3.0, 33.0, 0.05
NETWORK, NETWORK_DREAM = "vgg19-caffe", "vgg19"
SOURCE = 640
"""Side of the generated pictures that are cut to the sizes measured."""


# ---- the two races


def picture(height: int, width: int, seed: int) -> Source:
    """Return a generated picture, at most `SOURCE` px on each side."""
    return Source.of(dead_leaves(seed, SOURCE)[:height, :width])


def transfer_config(size: int) -> TransferConfig:
    """Return Chollet's transfer at one size with Adam, in the default precision."""
    settings = {**PRESETS["chollet"]["settings"], "size": size, "optimizer": "adam", "rate": 0.02, "decay": 1.0}
    return make(TransferConfig, {**settings, "iterations": 20_000})


def transfer_race(
    backbone: Backbone, size: int, compute: Compute, quick: bool, say: Say
) -> tuple[dict[str, float], dict[str, Any]]:
    """Race a transfer of size x size pixels."""
    config = transfer_config(size)
    content, style = picture(size, size, 0), picture(size, size, 1)
    plain = PlainTransfer(config, backbone, to_tensor(content.pixels), to_tensor(style.pixels))
    session = TransferSession(config, backbone, compute, content, [Style(style)])
    return race("transfer", plain, Worked(session), quick, say)


def dream_race(
    backbone: Backbone, height: int, width: int, compute: Compute, quick: bool, say: Say
) -> tuple[dict[str, float], dict[str, Any]]:
    """Race a dream of height x width pixels on one octave; here more loss is better, so its ratio is above 1."""
    plainly = {"smoothing": 0.0, "laplacian": 0, "tv": 0.0, "parameters": "pixels", "colour": "free", "crop": 2}
    rule = {"normalise": "step", "optimizer": "ascent", "jitter": 0, "step": 0.012, "length": 0.0}
    config = make(DreamConfig, {**plainly, **rule, "size": max(height, width), "octaves": 1, "iterations": 2000})
    source = picture(height, width, 2)
    plain = PlainDream(config, backbone, to_tensor(source.pixels))
    session = DreamSession(config, backbone, compute, source)
    return race("dream", plain, Worked(session), quick, say)


# ---- the first preview


def first_previews(size: int, folder: Path, shaped: Backbone) -> dict[str, float]:
    """Return the seconds from the wish to the first live picture: file read, network opened, session made, a step.

    Args:
        size: longer side; 4:3.
        folder: for the picture files.
        shaped: the large network, open already.
    """
    height = size * 3 // 4
    content = save_png(folder / "content.png", picture(height, size, 3).pixels)
    style = save_png(folder / "style.png", picture(height, size, 4).pixels)
    settings = {"size": min(size, 512)}
    transfer = canvases.TransferRequest(
        content=content, styles=[canvases.StyleRequest(picture=style)], settings=settings
    )
    dream = canvases.DreamRequest(picture=content, settings={"size": size})
    wishes = {
        "preview_transfer_s": lambda: canvases.transfer(transfer, folder),
        "preview_dream_s": lambda: canvases.dream(dream, folder),
        "preview_transfer_vgg19_s": lambda: canvases.transfer(transfer, folder, backbone=shaped),
        "preview_dream_vgg19_s": lambda: canvases.dream(dream, folder, backbone=shaped),
    }
    return {name: _until_seen(wish) for name, wish in wishes.items()}


def _until_seen(wish: Any) -> float:
    began = time.perf_counter()
    events: Iterator[Any] = wish().events()
    while not isinstance(next(events), Images):
        pass
    return time.perf_counter() - began


def run(say: Say, *, quick: bool = False, size: int = 0) -> Report:
    """Measure all of it.

    Args:
        say: told what is being measured.
        quick: few steps at 96 px: shows that it works.
        size: pixels of the transfer instead of 512; the dream is 5/4 of it wide.
    """
    from studio.canvas.backbones.torchvision_nets import random_weights

    size = size or (96 if quick else 512)
    compute = policy.choose()
    shaped = random_weights(NETWORK_DREAM)
    say("Time to the first preview.")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:  # first: nothing is warm yet but torch itself
        figures = first_previews(size * 5 // 4, Path(folder), shaped)
    found, curves = transfer_race(random_weights(NETWORK), size, compute, quick, say)
    figures.update(found)
    found, more = dream_race(shaped, size * 15 // 16, size * 5 // 4, compute, quick, say)
    figures.update(found)
    curves.update(more)
    say("The window while a canvas works.")
    gaps = child.window("canvas", 3.0 if quick else 20.0)
    figures.update({f"gap_{name}": gaps[name] for name in ("p50_ms", "p99_ms", "max_ms")})
    figures.update(gap_seconds=gaps["seconds"], gap_torch_threads=gaps["threads"])
    return Report("canvas", figures, promises(figures), _notes(compute, size), series=curves)


def promises(figures: dict[str, float]) -> dict[str, bool]:
    """Return which promises the figures keep."""
    previews = [value for name, value in figures.items() if name.startswith("preview_")]
    return {
        f"transfer_speedup_at_least_{SPEEDUP:g}": figures["transfer_speedup"] >= SPEEDUP,
        f"dream_speedup_at_least_{SPEEDUP:g}": figures["dream_speedup"] >= SPEEDUP,
        f"transfer_losses_agree_within_{AGREE:g}": figures["transfer_loss_deviation"] <= AGREE,
        f"dream_losses_agree_within_{AGREE:g}": figures["dream_loss_deviation"] <= AGREE,
        "transfer_loss_lower_at_equal_time": figures["transfer_loss_ratio_at_equal_time"] < 1,
        "dream_excites_more_at_equal_time": figures["dream_loss_ratio_at_equal_time"] > 1,
        f"first_preview_within_{PREVIEW_S:g}_s": max(previews) <= PREVIEW_S,
        f"gap_p99_at_most_{GAP_MS:g}_ms": figures["gap_p99_ms"] <= GAP_MS,
    }


def _notes(compute: Compute, size: int) -> tuple[str, ...]:
    units = () if has_bf16_units("cpu") else ("No bf16 units here: the promise is made for processors with them.",)
    return (
        f"VGG19's shape, random weights; transfer {size} x {size} px, dream {size * 5 // 4} x {size * 15 // 16} px.",
        compute.policy.reason,
        f"{torch.get_num_threads()} torch threads, both sides in one process, in turns of {TURN} steps.",
        *units,
    )
