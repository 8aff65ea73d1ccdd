"""What a classifier sees, as pictures to look at and to save; a person's picture as what the model takes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from studio.data.pictures import Fit, decode
from studio.runs.insight import Floats

if TYPE_CHECKING:
    from studio.runs.trained import Pixels, TrainedModel

MOST = 256
"""Maps or filters on one sheet."""


def maps_as_pictures(maps: Floats) -> Pixels:
    """Return feature maps (C, h, w) as uint8 (C, h, w, 1): black is the layer's smallest value, white its largest.

    A layer without places, (1, 1, units), becomes one picture whose cells are the units.
    """
    maps = maps[:MOST]
    if maps.shape[:2] == (1, 1):
        units = maps.size
        side = math.ceil(math.sqrt(units))
        padded = np.full(side * side, maps.min(), np.float32)
        padded[:units] = maps.ravel()
        maps = padded.reshape(1, side, side)
    low, high = float(maps.min()), float(maps.max())
    scaled = (maps - low) / (high - low) if high > low else np.zeros_like(maps)
    return np.asarray(np.round(scaled * 255), np.uint8)[..., None]


def filters_as_pictures(kernels: Floats) -> Pixels:
    """Return kernels (F, C, h, w) as uint8 (F, h, w, 1 or 3): grey is zero, each filter in its own range.

    Kernels over three channels are shown in colour; over more, their mean.
    """
    kernels = kernels[:MOST]
    shown = kernels if kernels.shape[1] in (1, 3) else kernels.mean(axis=1, keepdims=True)
    peak = np.abs(shown).max(axis=(1, 2, 3), keepdims=True).clip(1e-12)
    return np.asarray(np.round((shown / peak * 0.5 + 0.5) * 255), np.uint8).transpose(0, 2, 3, 1).copy()


def fitted(path: Path, model: TrainedModel) -> Pixels:
    """Read a picture file as what the model takes, uint8 (H, W, C), fitted as its data was.

    Raises:
        BadInput: the file is no readable picture.
    """
    channels, height, width = model.spec.shape
    fit: Fit = (model.record.data.get("options") or {}).get("fit", "crop")
    made = decode(path, (height, width), fit, "grey" if channels == 1 else "colour")  # (C, H, W)
    return np.ascontiguousarray(np.moveaxis(made, 0, -1))
