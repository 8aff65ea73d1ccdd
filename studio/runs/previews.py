"""Previews on disk: a sheet of pictures as one PNG, which says how it is taken apart again and what stood below.

`load` is for files in a workspace, which anybody may have put there: what does not fit together is no preview.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.core.events import Images
from studio.runs.pictures import read_recipe, save_png, sheet

PAD = 2
"""Pixels between the pictures of a sheet."""
MOST_PIXELS = 64_000_000


def save(path: Path, shown: Images, recipe: Mapping[str, Any]) -> Path:
    """Write a preview and how it is laid out beside its recipe.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    count = len(shown.pixels)
    columns = min(shown.columns or int(np.ceil(np.sqrt(count))), count)
    layout = {"name": shown.name, "count": count, "columns": columns, "captions": list(shown.captions)}
    return save_png(path, sheet(shown.pixels, columns, PAD), {**recipe, "sheet": layout})


def title(path: Path) -> str:
    """Return the name under which a stored preview was shown; "" for any other file, and for older previews."""
    return _name((read_recipe(path) or {}).get("sheet"))


def _name(layout: Any) -> str:
    name = layout.get("name") if isinstance(layout, dict) else ""
    return name if isinstance(name, str) else ""


def load(path: Path) -> Images | None:
    """Return the pictures of a stored preview with their captions; None for any other file, and for older previews."""
    recipe = read_recipe(path) or {}
    layout, step = recipe.get("sheet"), recipe.get("step")
    if not isinstance(layout, dict) or not isinstance(step, int):
        return None
    count, columns, captions = (layout.get(name) for name in ("count", "columns", "captions"))
    if not (isinstance(count, int) and isinstance(columns, int) and 1 <= columns <= count):
        return None
    if not isinstance(captions, list) or not all(isinstance(caption, str) for caption in captions):
        return None
    pixels = _pixels(path)
    cells = None if pixels is None else _cells(pixels, count, columns)
    return None if cells is None else Images(step, _name(layout), cells, columns, tuple(captions))


def _pixels(path: Path) -> NDArray[np.uint8] | None:
    """Return a PNG's pixels uint8 (H, W, 1 or 3); None when it is damaged or enormous."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=("PNG",)) as image:
                if image.width * image.height > MOST_PIXELS or image.mode not in ("L", "RGB"):
                    return None
                pixels = np.asarray(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _cells(pixels: NDArray[np.uint8], count: int, columns: int) -> NDArray[np.uint8] | None:
    """Take a sheet apart, (N, H, W, C); None when it has not so many places."""
    rows = -(-count // columns)
    height, width, channels = pixels[PAD:, PAD:].shape
    if height % rows or width % columns or min(height // rows, width // columns) <= PAD:
        return None
    places = pixels[PAD:, PAD:].reshape(rows, height // rows, columns, width // columns, channels).swapaxes(1, 2)
    return np.ascontiguousarray(places.reshape(rows * columns, *places.shape[2:])[:count, :-PAD, :-PAD])
