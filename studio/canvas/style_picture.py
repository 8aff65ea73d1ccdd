"""A style picture that is kept with the weights of the network that learned it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.canvas.picture import read_source
from studio.core.resources import resource

BUNDLED = "samples/swirl.jpg"


class StylePicture(nn.Module):
    """The style, float (1, 3, S, S) in 0..1, kept with the weights; zeros until a file was read."""

    pixels: Tensor

    def __init__(self, path: str, size: int) -> None:
        super().__init__()
        self.register_buffer("pixels", torch.zeros(1, 3, size, size))
        file = Path(path) if path else resource(BUNDLED)
        if file.is_file():
            found = torch.from_numpy(np.ascontiguousarray(read_source(file).pixels)).permute(2, 0, 1)[None].float()
            side = min(found.shape[-2:])
            top, left = (found.shape[-2] - side) // 2, (found.shape[-1] - side) // 2
            square = found[..., top : top + side, left : left + side]
            self.pixels.copy_(F.interpolate(square, (size, size), mode="bilinear", antialias=True) / 255)
