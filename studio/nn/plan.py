"""How a book's layer list is stretched to other picture sizes."""

from __future__ import annotations

from collections.abc import Sequence

from studio.core.errors import BadConfig, BadInput
from studio.core.spec import DataSpec

SMALLEST = 4
"""A stride never makes a picture of this size (or less) smaller."""
LARGEST = 8
"""Strided layers are added until the smallest feature map is at most this large: 28 -> 7, 64 -> 8, 128 -> 8."""


def plan(size: int, filters: Sequence[int], strides: Sequence[int]) -> tuple[list[tuple[int, int]], int]:
    """Fit a list of convolutions to a picture size; at the books' own sizes the list comes back unchanged.

    Args:
        size: side of the picture, in pixels.
        filters: output channels of each layer.
        strides: stride of each layer, 1 or 2; a shorter list is continued with 2.

    Returns:
        layers: (filters, stride) of each layer; layers with the last width and stride 2 are appended for large
            pictures, and strides become 1 for small ones.
        bottom: side of the last feature map.

    Raises:
        BadConfig: there is no layer at all.
    """
    if not filters:
        raise BadConfig("The network has no layers.", "Give at least one number of filters, such as 32,64.")
    layers: list[tuple[int, int]] = []
    for i, width in enumerate(filters):
        stride = strides[i] if i < len(strides) else 2
        stride = stride if size > SMALLEST else 1
        layers.append((width, stride))
        size = -(-size // stride)
    while size > LARGEST:
        layers.append((filters[-1], 2))
        size = -(-size // 2)
    return layers, size


def square(spec: DataSpec) -> tuple[int, int]:
    """Return (channels, side) of the pictures.

    Raises:
        BadInput: they are not square.
    """
    channels, height, width = spec.shape
    if height != width:
        raise BadInput(
            f"The pictures of {spec.name} are {width} x {height}.", "Set a size, so that they become square."
        )
    return channels, height
