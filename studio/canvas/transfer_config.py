"""Settings of a transfer, and what a style picture is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from studio.canvas.picture import Source
from studio.core.knobs import Knob

Colours = Literal["style", "luminance", "histogram", "linear", "only"]


@dataclass(frozen=True, kw_only=True)
class TransferConfig:
    """Settings of a transfer."""

    backbone: Annotated[
        str, Knob("Network", group="Look", help="Bundled, downloaded, a file, or one of your runs.")
    ] = "compact"
    content: Annotated[float, Knob("Content", 0, 1e9, log=True, group="Look", live=True)] = 2.0
    style: Annotated[float, Knob("Style", 0, 1e9, log=True, group="Look", live=True)] = 1.0
    tv: Annotated[float, Knob("Smoothness", 0, 1e9, log=True, group="Look", live=True)] = 1.0
    size: Annotated[int, Knob("Longer side", 0, 16384, unit="px", group="Picture", live=True)] = 512
    smallest: Annotated[
        int, Knob("Begin at", 32, 16384, unit="px", group="Picture", help="Size of the first scale.")
    ] = 128
    growth: Annotated[float, Knob("Growth", 1.05, 4.0, group="Picture", help="From one scale to the next.")] = 1.4142
    iterations: Annotated[int, Knob("Steps per scale", 1, 20000, group="Look", live=True)] = 80
    start: Annotated[Literal["content", "noise", "style"], Knob("Start from", group="Picture")] = "content"
    colours: Annotated[
        Colours,
        Knob(
            "Colours",
            group="Look",
            live=True,
            help="From the style, the content's kept (luminance, histogram or linear), or only colours transferred.",
        ),
    ] = "style"
    style_scale: Annotated[float, Knob("Style scale", 0.1, 4.0, group="Look", live=True)] = 1.0
    style_fit: Annotated[
        Literal["scale", "crop", "stretch"],
        Knob("Style fitted by", group="Advanced", live=True, help="The books stretch it to the content's shape."),
    ] = "scale"
    content_layers: Annotated[str, Knob("Content layers", group="Advanced", live=True)] = ""
    style_layers: Annotated[str, Knob("Style layers", group="Advanced", live=True)] = ""
    scaling: Annotated[
        Literal["mean", "formula", "code"],
        Knob(
            "Loss scaling",
            group="Advanced",
            live=True,
            help="mean: by each layer's size and energy, so that weights carry over; formula: Gatys; code: the books'.",
        ),
    ] = "mean"
    tv_power: Annotated[float, Knob("Smoothness power", 0.5, 2.0, group="Advanced", live=True)] = 1.25
    optimizer: Annotated[Literal["adam", "lbfgs", "sgd"], Knob("Optimiser", group="Advanced", live=True)] = "lbfgs"
    rate: Annotated[
        float,
        Knob("Learning rate", 1e-6, 1e4, log=True, group="Advanced", live=True, help="0..1 units (sgd: 0..255)."),
    ] = 0.02
    decay: Annotated[float, Knob("Rate kept per 100 steps", 0.01, 1.0, group="Advanced", live=True)] = 1.0
    evaluations: Annotated[int, Knob("L-BFGS evaluations", 1, 100, group="Advanced", live=True)] = 1
    average: Annotated[float, Knob("Averaging", 0, 0.9999, group="Advanced", live=True)] = 0.9
    coherence: Annotated[
        float, Knob("Coherence", 0, 1, group="Film", live=True, help="How calm still parts of a film stay.")
    ] = 0.5
    pooling: Annotated[Literal["max", "average"], Knob("Pooling", group="Advanced", live=True)] = "max"
    tile: Annotated[
        int, Knob("Tiles", 0, 4096, unit="px", group="Advanced", live=True, help="0: only when memory needs it.")
    ] = 0
    device: Annotated[str, Knob("Device", group="Advanced", help="auto, cpu, cuda, mps")] = "auto"
    precision: Annotated[Literal["auto", "fp32", "bf16"], Knob("Precision", group="Advanced")] = "auto"
    seed: Annotated[int, Knob("Seed", 0, 2**31 - 1, group="Picture")] = 0


@dataclass(frozen=True, eq=False)
class Style:
    """A style picture.

    Attributes:
        source: the picture.
        weight: its share, relative to the other styles (negative is refused).
        mask: where it acts on the result, float32 (H, W) 0..1 at the content's proportions; None is everywhere.
        region: which part of the style picture counts, at its proportions; None is all.
    """

    source: Source
    weight: float = 1.0
    mask: NDArray[np.float32] | None = None
    region: NDArray[np.float32] | None = None
