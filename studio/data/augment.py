"""Random mirror, shift and rotation of whole batches on their device; torch is imported only when it runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from studio.data.options import DataOptions
from studio.data.pairs import on_both_halves

if TYPE_CHECKING:
    from torch import Generator, Tensor


def augmentation(options: DataOptions) -> Callable[[Tensor, Generator], Tensor] | None:
    """Return the augmentation the options ask for, or None when they ask for none.

    The callable takes float32 (N, C, H, W) in 0..1 and a CPU generator; equal states give equal results on every
    device up to rounding. What is shifted in from outside repeats the border.
    """
    if not (options.flip or options.shift or options.rotate):
        return None

    def augment(x: Tensor, generator: Generator) -> Tensor:
        if options.flip:
            x = mirrored(x, generator)
        if options.shift or options.rotate:
            x = moved(x, options.shift, options.rotate, generator)
        return x

    return on_both_halves(augment) if options.pairs else augment


def mirrored(x: Tensor, generator: Generator) -> Tensor:
    """Swap left and right of every image with probability one half."""
    import torch

    swap = torch.rand(len(x), generator=generator) < 0.5
    return torch.where(swap.to(x.device)[:, None, None, None], x.flip(3), x)


def moved(x: Tensor, shift: float, degrees: float, generator: Generator) -> Tensor:
    """Shift and rotate every image by its own random amount, bilinearly.

    Args:
        x: float (N, C, H, W).
        shift: largest shift in each direction, as a share of the width and height.
        degrees: largest rotation either way.
        generator: CPU generator.
    """
    import torch
    from torch.nn import functional as F

    n, _, height, width = x.shape
    amount = torch.rand(n, 3, generator=generator) * 2 - 1  # (N, 3): angle, x, y, each in -1..1
    angle = amount[:, 0] * math.radians(degrees)
    cos, sin = angle.cos(), angle.sin()
    ratio = height / width  # the grid's axes both run from -1 to 1, also where the picture is not square
    theta = torch.stack(  # (N, 2, 3): where each output point is looked up
        [
            torch.stack([cos, -sin * ratio, 2 * shift * amount[:, 1]], dim=1),
            torch.stack([sin / ratio, cos, 2 * shift * amount[:, 2]], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(theta.to(x), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
