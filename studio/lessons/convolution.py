"""Convolution, pooling and their transposes on small single-channel pictures, with every intermediate product.

What networks call convolution is cross-correlation: the kernel is not flipped. Dumoulin and Visin 2016
(arXiv:1603.07285); Odena, Dumoulin and Olah 2016, "Deconvolution and checkerboard artifacts", distill.pub.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from studio.core.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pooling = Literal["max", "average"]

KERNELS: dict[str, tuple[tuple[float, ...], ...]] = {
    "Horizontal edges": ((1, 1, 1), (0, 0, 0), (-1, -1, -1)),
    "Vertical edges": ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)),
    "Blur": ((1 / 9, 1 / 9, 1 / 9), (1 / 9, 1 / 9, 1 / 9), (1 / 9, 1 / 9, 1 / 9)),
    "Sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "Unchanged": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
}
"""The two edge filters are Foster's (1st edition, figure 2-11)."""
PATCH = ((0.6, 0.4, 0.6), (0.1, -0.2, -0.3), (-0.5, -0.4, -0.3))
"""Foster, 2nd edition, figure 2-10: with the filter for horizontal edges it gives 2.8."""


@dataclass(frozen=True)
class Window:
    """How a kernel moves over a picture.

    Attributes:
        size: side of the kernel.
        stride: step between two neighbouring outputs.
        same: pad with zeros so that ceil(side / stride) outputs come out, the odd zero behind (TensorFlow's rule).
        dilation: distance of two neighbouring kernel elements.
    """

    size: int
    stride: int = 1
    same: bool = False
    dilation: int = 1

    @property
    def extent(self) -> int:
        """How many pixels the kernel spans: dilation * (size - 1) + 1."""
        return self.dilation * (self.size - 1) + 1

    def padding(self, side: int) -> tuple[int, int]:
        """Return how many zeros stand before and behind a side of this length."""
        if not self.same:
            return 0, 0
        whole = max((self.outputs(side) - 1) * self.stride + self.extent - side, 0)
        return whole // 2, whole - whole // 2

    def outputs(self, side: int) -> int:
        """Return how many outputs a side of this length gives; 0 or less when the kernel does not fit."""
        return -(-side // self.stride) if self.same else (side - self.extent) // self.stride + 1


def padded(picture: NDArray[np.float64], window: Window, fill: float = 0.0) -> NDArray[np.float64]:
    """Return the picture (H, W) with its border."""
    return np.pad(picture, [window.padding(side) for side in picture.shape], constant_values=fill)


def patches(picture: NDArray[np.float64], window: Window, fill: float = 0.0) -> NDArray[np.float64]:
    """Return what the kernel sees at each output, float64 (H', W', size, size).

    Raises:
        BadInput: the kernel is larger than the picture.
    """
    if min(window.outputs(side) for side in picture.shape) < 1:
        raise BadInput("The kernel is larger than the picture.", "Use padding, a smaller dilation or a larger picture.")
    whole = np.lib.stride_tricks.sliding_window_view(padded(picture, window, fill), (window.extent, window.extent))
    return whole[:: window.stride, :: window.stride, :: window.dilation, :: window.dilation]


def convolve(picture: NDArray[np.float64], kernel: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """Return the products summed at each place: float64 (H, W) and (size, size) -> (H', W')."""
    made: NDArray[np.float64] = (patches(picture, window) * kernel).sum(axis=(2, 3))
    return made


def pool(picture: NDArray[np.float64], window: Window, kind: Pooling) -> NDArray[np.float64]:
    """Return the largest value or the mean of each patch (H', W'); border pixels do not count."""
    seen = patches(picture, window, np.nan)
    made: NDArray[np.float64] = (np.nanmax if kind == "max" else np.nanmean)(seen, axis=(2, 3))
    return made


def transpose(picture: NDArray[np.float64], kernel: NDArray[np.float64], stride: int) -> NDArray[np.float64]:
    """Return the transposed convolution: each pixel stamps the kernel, `stride` apart; sums where stamps overlap.

    Returns:
        float64 ((H - 1) * stride + size, (W - 1) * stride + size).
    """
    (height, width), (k, _) = picture.shape, kernel.shape
    made = np.zeros(((height - 1) * stride + k, (width - 1) * stride + k))
    for row in range(height):
        for column in range(width):
            made[row * stride : row * stride + k, column * stride : column * stride + k] += (
                picture[row, column] * kernel
            )
    return made


def overlaps(side: int, size: int, stride: int) -> NDArray[np.float64]:
    """Return how many stamps reach each output pixel of a transposed convolution: uneven unless stride divides size."""
    return transpose(np.ones((side, side)), np.ones((size, size)), stride)


def upsampled(picture: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    """Return the picture with every pixel repeated, (H * factor, W * factor)."""
    return np.repeat(np.repeat(picture, factor, axis=0), factor, axis=1)


def unevenness(values: NDArray[np.float64], border: int) -> float:
    """Return the spread (largest less smallest) inside the border, over the mean: 0 is no checkerboard."""
    inner = values[border:-border, border:-border] if border else values
    return float((inner.max() - inner.min()) / max(abs(inner.mean()), 1e-12))
