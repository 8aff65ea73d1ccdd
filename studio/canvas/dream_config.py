"""Settings of a dream, and those that are worth a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

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
        Knob(
            "Guide", 0, 1, group="Look", live=True, help="Share of a guide picture, if there is one; 1: it leads alone."
        ),
    ] = 1.0
    size: Annotated[int, Knob("Longer side", 0, 16384, unit="px", group="Picture", help="0 keeps the size.")] = 640
    start: Annotated[Literal["picture", "noise"], Knob("Start from", group="Picture")] = "picture"
    octaves: Annotated[int, Knob("Octaves", 1, 16, group="Look", live=True)] = 5
    octave_scale: Annotated[float, Knob("Octave scale", 1.05, 3.0, group="Look", live=True)] = 1.35
    iterations: Annotated[int, Knob("Steps per octave", 1, 2000, group="Look", live=True)] = 14
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


PRESETS: dict[str, dict[str, Any]] = {
    "chollet": {
        "title": "Chollet 12.2",
        "about": "The book's DeepDream to the letter: Inception v3, four mixed layers, three octaves.",
        "settings": {
            "backbone": "inception_v3",
            "layers": "Mixed_6b:1, Mixed_6c:1.5, Mixed_6d:2, Mixed_6e:2.5",
            "size": 0,
            "octaves": 3,
            "octave_scale": 1.4,
            "iterations": 30,
            "length": 20.0,
            "max_loss": 15.0,
            "crop": 2,
            "reinject": "after",
            "jitter": 0,
            "precision": "fp32",
        },
    },
    "curiosities": {
        "title": "Curiosities",
        "about": "Ships, eyes and flowers settle on everything that could be one.",
        "settings": {
            "layers": "conv4_1:1, conv4_2:1, logit/ship:0.003, logit/eyes:0.003, logit/flowers:0.003",
            "octaves": 5,
            "octave_scale": 1.35,
            "iterations": 14,
        },
    },
    "ships": {
        "title": "Regatta",
        "about": "The class ship: a fleet wherever there is room.",
        "settings": {"layers": "logit/ship:1", "octaves": 4, "octave_scale": 1.4, "iterations": 20},
    },
    "eyes": {
        "title": "Eyes",
        "about": "The class eyes: the picture looks back.",
        "settings": {"layers": "logit/eyes:1", "octaves": 3, "octave_scale": 1.4, "iterations": 20},
    },
    "spirals": {
        "title": "Spirals",
        "about": "The class spirals: everything curls.",
        "settings": {"layers": "logit/spirals:1", "octaves": 4, "octave_scale": 1.4, "iterations": 20},
    },
    "flowers": {
        "title": "Flowers",
        "about": "The class flowers, in the picture's own colours.",
        "settings": {
            "layers": "logit/flowers:1",
            "octaves": 3,
            "octave_scale": 1.4,
            "iterations": 20,
            "colour": "keep",
        },
    },
    "fine texture": {
        "title": "Fine texture",
        "about": "Early layers, two octaves: engraved lines and curls, the picture stays itself.",
        "settings": {"layers": "conv2_2:1, conv3_1:1", "octaves": 2, "octave_scale": 1.4, "step": 0.008},
    },
    "deep": {
        "title": "Deep",
        "about": "The last layer: cells, stained glass and cobbles.",
        "settings": {"layers": "conv4_3:1", "octaves": 4, "octave_scale": 1.4, "iterations": 20, "step": 0.008},
    },
    "calm": {
        "title": "Calm",
        "about": "Things of the fourth block in quiet, natural colours.",
        "settings": {
            "layers": "conv4_1:1, conv4_2:1",
            "octaves": 6,
            "octave_scale": 1.3,
            "iterations": 15,
            "parameters": "decorrelated",
        },
    },
    "channel from noise": {
        "title": "A channel from noise",
        "about": "What one channel likes best, grown from noise in Fourier terms with Adam (Olah 2017).",
        "settings": {
            "layers": "conv4_2/5:1",
            "start": "noise",
            "size": 384,
            "octaves": 2,
            "iterations": 50,
            "step": 0.03,
            "parameters": "fourier",
            "optimizer": "adam",
        },
    },
}
