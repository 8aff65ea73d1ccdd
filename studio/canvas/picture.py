"""Pictures as a canvas takes them: one file to RGB, upright, opaque, with its origin; resizing between scales."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from studio.core.errors import BadInput
from studio.core.files import explained
from studio.data.pictures import decode

SMALLEST = 16
"""Sides below are refused: no network sees anything in them."""
THINNEST = 1 / 32
"""Narrower pictures are refused: scaled to a working size nothing would be left of the short side."""
MASK_SLACK = 0.035
"""Share of a side: half a pixel of the 16 that a recipe's mask of 512 pixels may be high is lost to rounding."""
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Source:
    """A picture and where it came from.

    Attributes:
        pixels: uint8 (H, W, 3).
        path: the file, "" for one that never was a file.
        sha256: of the file's bytes (of the pixels without a file).
    """

    pixels: Pixels
    path: str = ""
    sha256: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    @classmethod
    def of(cls, pixels: Pixels, path: str = "") -> Source:
        """Wrap pixels uint8 (H, W, 3)."""
        return cls(np.ascontiguousarray(pixels), path, hashlib.sha256(pixels.tobytes()).hexdigest())


def read_source(path: Path) -> Source:
    """Read a picture file: first frame, upright, transparency on white, 16 bits to 8, grey and CMYK to RGB.

    Raises:
        BadInput: it is not a readable picture, or too small or too narrow to work on; names the file.
    """
    if path.is_dir():
        raise BadInput(f"{path} is a folder.", "Choose one picture, or use --batch for a folder.")
    with explained(path, "read"):
        content = path.read_bytes() if path.is_file() else b""
    pixels = decode(content if path.is_file() else path, colour="colour", name=str(path))
    height, width = pixels.shape[1:]
    if min(height, width) < SMALLEST or min(height, width) / max(height, width) < THINNEST:
        raise BadInput(
            f"{path} is {width} x {height} pixels: too {'small' if max(height, width) < SMALLEST * 32 else 'narrow'}.",
            f"Use one of at least {SMALLEST} pixels on each side, at most {1 / THINNEST:g} times as long as wide.",
        )
    return Source(np.ascontiguousarray(pixels.transpose(1, 2, 0)), str(path), hashlib.sha256(content).hexdigest())


def read_mask(path: Path, size: tuple[int, int]) -> NDArray[np.float32]:
    """Read a mask: white is inside. It must have the shape (proportions) of the picture it belongs to.

    Args:
        path: a grey picture.
        size: (height, width) of the picture.

    Returns:
        float32 (H, W), 0..1, at the picture's size.

    Raises:
        BadInput: not a picture, or of other proportions than the picture.
    """
    grey = decode(path, colour="grey")[0]
    return fitted_mask(grey.astype(np.float32) / 255, size, str(path))


def fitted_mask(mask: NDArray[np.float32], size: tuple[int, int], name: str = "The mask") -> NDArray[np.float32]:
    """Return a mask float32 (h, w) 0..1 at another size of the same proportions.

    They may be `MASK_SLACK` or one pixel apart.

    Raises:
        BadInput: the proportions differ.
    """
    scale = max(size) / max(mask.shape)
    if any(abs(m * scale - s) > max(1.0, MASK_SLACK * s) for m, s in zip(mask.shape, size, strict=True)):
        raise BadInput(
            f"{name} is {mask.shape[1]} x {mask.shape[0]} for a picture of {size[1]} x {size[0]}.",
            "Use a mask of the same size, or at least of the same proportions.",
        )
    if mask.shape == tuple(size):
        return mask.astype(np.float32)
    picture = Image.fromarray(mask.astype(np.float32)).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(picture, np.float32).clip(0, 1)


def working_size(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return (height, width) with the longer side `longest`; 0 keeps the size."""
    if not longest:
        return size
    factor = longest / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def to_tensor(pixels: Pixels, device: torch.device | str = "cpu") -> Tensor:
    """Return float32 (1, 3, H, W) in 0..1 of uint8 (H, W, 3)."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).to(device).permute(2, 0, 1)[None].float().div(255)


def to_pixels(x: Tensor) -> Pixels:
    """Return uint8 (H, W, 3) of float (1, 3, H, W) in 0..1 (clipped)."""
    bytes_ = x.detach()[0].float().clamp(0, 1).mul(255).round().to(torch.uint8)
    return bytes_.permute(1, 2, 0).contiguous().cpu().numpy()


def resized(x: Tensor, size: tuple[int, int], *, antialias: bool = True) -> Tensor:
    """Return (N, C, H, W) at another (height, width), bilinear; the books shrink without antialiasing."""
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False, antialias=antialias)
