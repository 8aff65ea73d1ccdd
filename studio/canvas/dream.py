"""DeepDream: gradient ascent on the picture, from coarse to fine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from studio.canvas.backbone import Backbone
from studio.canvas.picture import Source
from studio.canvas.session import Session
from studio.core.compute import Compute
from studio.core.knobs import Knob


@dataclass(frozen=True, kw_only=True)
class DreamConfig:
    """Settings of a dream."""

    backbone: Annotated[str, Knob("Network", group="Look", help="Bundled, downloaded, a file, a run of yours.")] = (
        "compact"
    )
    layers: Annotated[
        str,
        Knob(
            "Layers",
            group="Look",
            live=True,
            help="What to look for: layer:weight, layer/channel:weight, logit/class:weight. Empty: the network's own.",
        ),
    ] = ""
    guide: Annotated[
        float,
        Knob("Guide", 0, 10, group="Look", live=True, help="How much a guide picture leads, if there is one."),
    ] = 1.0
    size: Annotated[int, Knob("Longer side", 0, 16384, unit="px", group="Picture", help="0 keeps the size.")] = 640
    start: Annotated[Literal["picture", "noise"], Knob("Start from", group="Picture")] = "picture"
    octaves: Annotated[int, Knob("Octaves", 1, 16, group="Look", live=True)] = 4
    octave_scale: Annotated[float, Knob("Octave scale", 1.05, 3.0, group="Look", live=True)] = 1.4
    iterations: Annotated[int, Knob("Steps per octave", 1, 2000, group="Look", live=True)] = 20
    step: Annotated[
        float,
        Knob(
            "Step",
            1e-4,
            0.5,
            log=True,
            group="Look",
            live=True,
            help="Root-mean-square change of a pixel per step, 0..1 units: the same look at every size.",
        ),
    ] = 0.012
    length: Annotated[
        float,
        Knob(
            "Step as length",
            0,
            1000,
            group="Advanced",
            live=True,
            help="The book's step: length of the move of the whole picture in -1..1 units (20). 0 uses Step.",
        ),
    ] = 0.0
    max_loss: Annotated[
        float, Knob("Loss limit", 0, 1e9, group="Advanced", live=True, help="Ends an octave when crossed; 0 is none.")
    ] = 0.0
    crop: Annotated[int, Knob("Border left out", 0, 16, unit="cells", group="Advanced", live=True)] = 2
    reinject: Annotated[
        Literal["after", "before", "off"],
        Knob("Lost detail", group="Look", live=True, help="Put back after each octave (book), before it, or not."),
    ] = "after"
    jitter: Annotated[int, Knob("Jitter", 0, 512, unit="px", group="Look", live=True)] = 16
    smoothing: Annotated[
        float, Knob("Smoothing", 0, 16, unit="px", group="Look", live=True, help="Blurs the gradient.")
    ] = 0.0
    laplacian: Annotated[
        int,
        Knob("Laplacian levels", 0, 8, group="Advanced", live=True, help="Evens out fine and coarse detail; 0 is off."),
    ] = 0
    normalise: Annotated[
        Literal["step", "octave", "off"],
        Knob("Even steps", group="Advanced", live=True, help="Gradient scaled each step, once per octave, or never."),
    ] = "step"
    optimizer: Annotated[Literal["ascent", "adam"], Knob("Optimiser", group="Advanced", live=True)] = "ascent"
    parameters: Annotated[
        Literal["pixels", "decorrelated", "fourier"],
        Knob("Picture as", group="Advanced", help="Decorrelated colours or Fourier terms make visualisations calmer."),
    ] = "pixels"
    tv: Annotated[float, Knob("Total variation", 0, 100, group="Advanced", live=True)] = 0.0
    colour: Annotated[Literal["free", "keep"], Knob("Colours", group="Look", live=True)] = "free"
    pooling: Annotated[Literal["max", "average"], Knob("Pooling", group="Advanced", live=True)] = "max"
    tile: Annotated[
        int, Knob("Tiles", 0, 4096, unit="px", group="Advanced", live=True, help="0: only when memory needs it.")
    ] = 0
    device: Annotated[str, Knob("Device", group="Advanced", help="auto, cpu, cuda, mps")] = "auto"
    precision: Annotated[Literal["auto", "fp32", "bf16"], Knob("Precision", group="Advanced")] = "auto"
    seed: Annotated[int, Knob("Seed", 0, 2**31 - 1, group="Picture")] = 0


class DreamSession(Session[DreamConfig]):
    """One dream.

    Args:
        config: settings.
        backbone: the network.
        compute: device and precision (`studio.canvas.policy.choose`).
        picture: what to dream on; None (or start "noise") begins from noise of `config.size` square.
        guide: a picture whose features lead.
        mask: float32 (H, W) 0..1 at the picture's proportions: where the dream grows; None is everywhere.
    """

    kind = "dream"

    def __init__(
        self,
        config: DreamConfig,
        backbone: Backbone,
        compute: Compute,
        picture: Source | None,
        *,
        guide: Source | None = None,
        mask: NDArray[np.float32] | None = None,
    ) -> None:
        super().__init__(config, backbone, compute)
        self.source, self.guide_source = picture, guide
        self._mask = mask

    def set_mask(self, mask: NDArray[np.float32] | None) -> None:
        """Replace the mask; may be called from another thread, works from the next step on."""
        raise NotImplementedError


PRESETS: dict[str, dict[str, Any]] = {}
