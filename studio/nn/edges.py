"""Line drawings of photographs: what a network can learn to undo.

Canny 1986, "A Computational Approach to Edge Detection", without its two thresholds and the tracing between them:
those need loops. Smoothed, Sobel's slopes, thinned to the crest, then as dark as the slope is steep.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from studio.nn.pictures import grey

_SMOOTH = (1.0, 4.0, 6.0, 4.0, 1.0)
_WEAK, _STRONG = 0.1, 0.3
"""Slopes, as shares of a picture's steepest, below which there is no line and above which it is black."""
_FAINT = 0.05
"""Grey levels per pixel that count as steepest at least: noise on an even ground is no drawing."""


@torch.no_grad()
def edges(x: Tensor) -> Tensor:
    """Draw the outlines of pictures, black on white.

    Args:
        x: float (N, C, H, W) in 0..1, C 1 or 3.

    Returns:
        float32 (N, 1, H, W) in 0..1; 1 is paper.
    """
    slope_x, slope_y = sobel(_smoothed(grey(x.float())))
    steepness = torch.hypot(slope_x, slope_y)
    crest = steepness * _on_the_crest(steepness, slope_x, slope_y)
    steepest = crest.amax(dim=(1, 2, 3), keepdim=True).clamp(min=_FAINT)
    ink = (crest / steepest - _WEAK) / (_STRONG - _WEAK)
    return 1 - ink.clamp(0, 1)


def sobel(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the slopes to the right and downwards, in levels per pixel, each (N, 1, H, W); borders are repeated."""
    kernel = x.new_tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
    found = F.conv2d(F.pad(x, (1, 1, 1, 1), "replicate"), torch.stack([kernel, kernel.T])[:, None])  # (N, 2, H, W)
    return found[:, :1], found[:, 1:]


def _smoothed(x: Tensor) -> Tensor:
    """Blur with the binomial kernel of five (a Gaussian of deviation 1)."""
    row = x.new_tensor(_SMOOTH) / sum(_SMOOTH)
    return F.conv2d(F.pad(x, (2, 2, 2, 2), "replicate"), torch.outer(row, row)[None, None])


def _on_the_crest(steepness: Tensor, slope_x: Tensor, slope_y: Tensor) -> Tensor:
    """Return 1 where no neighbour along the slope is steeper, of four directions (Canny's thinning)."""
    height, width = steepness.shape[-2:]
    padded = F.pad(steepness, (1, 1, 1, 1))
    octant = torch.round(torch.atan2(slope_y, slope_x) / (math.pi / 4)).to(torch.int64) % 4
    crest = torch.zeros_like(steepness)
    for number, (down, right) in enumerate([(0, 1), (1, 1), (1, 0), (1, -1)]):
        ahead = padded[..., 1 + down : 1 + down + height, 1 + right : 1 + right + width]
        behind = padded[..., 1 - down : 1 - down + height, 1 - right : 1 - right + width]
        top = (steepness >= ahead) & (steepness > behind)  # one side only: a flat crest stays one pixel wide
        crest = torch.where(octant == number, top.to(crest.dtype), crest)
    return crest
