"""Painted masks: at the size of a stage, as text in a recipe, and what tells two of them apart."""

from __future__ import annotations

import base64
import hashlib
import io

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from studio.canvas.picture import resized
from studio.data.pictures import decode

MASK_SIDE = 512


class StageMask:
    """A mask at the size of the stage in work; may be replaced from another thread, between or during steps.

    Args:
        device: where the stages are.

    Attributes:
        whole: float32 (H, W) in 0..1, or None: everywhere.
    """

    def __init__(self, device: torch.device) -> None:
        self.whole: NDArray[np.float32] | None = None
        self._device = device
        self._fitted: tuple[NDArray[np.float32], Tensor] | None = None

    def at(self, size: tuple[int, int]) -> Tensor | None:
        """Return it as float32 (1, 1, h, w) at a size, or None."""
        whole, fitted = self.whole, self._fitted  # another thread may replace it meanwhile
        if whole is None:
            return None
        if fitted is None or fitted[0] is not whole or fitted[1].shape[-2:] != size:
            tensor = torch.from_numpy(whole).to(self._device)[None, None]
            fitted = self._fitted = (whole, resized(tensor, size))
        return fitted[1]


def mask_text(mask: NDArray[np.float32], side: int = MASK_SIDE) -> str:
    """Return a mask as a base64 PNG of at most `side` px; `mask_of` is the inverse up to size and 8 bits."""
    image = Image.fromarray(np.rint(mask.clip(0, 1) * 255).astype(np.uint8))
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def mask_of(text: str) -> NDArray[np.float32]:
    """Return the mask float32 (H, W) in 0..1 that `mask_text` wrote.

    Raises:
        BadInput: it is not a picture.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        content = b""
    mask: NDArray[np.float32] = (
        decode(content, colour="grey", name="The mask in the recipe")[0].astype(np.float32) / 255
    )
    return mask


def digest(mask: NDArray[np.float32] | None) -> str:
    """Return what tells two masks apart; "" for none."""
    return "" if mask is None else hashlib.sha256(mask.tobytes() + str(mask.shape).encode()).hexdigest()
