"""What a dream grows on: a picture, or noise, at the size of every octave."""

from __future__ import annotations

import torch
from torch import Tensor

from studio.canvas.parameters import Fourier
from studio.canvas.picture import Source, resized, to_tensor, working_size
from studio.core.compute import generator
from studio.core.seeds import derive

Size = tuple[int, int]
NOISE_SIDE = 512
"""Side of a dream from noise without a size."""
NOISE = 0.3
"""Deviation of the noise's Fourier terms: about 0.1 in pixels, about grey."""


def result_size(source: Source | None, longest: int) -> Size:
    """Return (height, width) of the result; a square without a picture."""
    if source is None:
        return longest or NOISE_SIDE, longest or NOISE_SIDE
    return working_size(source.size, longest)


def noise(size: Size, seed: int, device: torch.device) -> Tensor:
    """Return noise (1, 3, H, W) with the spectrum and colours of photographs: white noise excites next to nothing."""
    grey = Fourier(torch.full((1, 3, *size), 0.5))
    draw = torch.randn(grey.values.shape, generator=generator(derive(seed, "noise")))
    return grey.decode(NOISE * draw).to(device)  # drawn on the CPU: the same on every device


class Original:
    """The picture before the dream.

    Args:
        source: the picture; None is noise.
        longest: longer side of the result, 0 keeps the size.
        seed: of the noise.
        device: where the dream is made.

    Attributes:
        size: (height, width) of the result.
        antialias: how it is made smaller; the book shrinks without.
    """

    def __init__(self, source: Source | None, longest: int, seed: int, device: torch.device) -> None:
        self.size = result_size(source, longest)
        self.antialias = True
        if source is None:
            self.picture = noise(self.size, seed, device)
        else:
            self.picture = resized(to_tensor(source.pixels, device), self.size)

    def at(self, size: Size) -> Tensor:
        """Return it at the size of an octave, (1, 3, H, W)."""
        return self.fitted(self.picture, size)

    def fitted(self, picture: Tensor, size: Size) -> Tensor:
        """Bring any picture to the size of an octave as the original is."""
        return resized(picture, size, antialias=self.antialias)

    def lost(self, size: Size, smaller: Size) -> Tensor:
        """Return the detail at an octave that a smaller one cannot hold (Chollet 12.2)."""
        return self.at(size) - self.fitted(self.at(smaller), size)
