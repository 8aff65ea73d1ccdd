"""One picture file to uint8 pixels: orientation, transparency, odd modes, fitting to a square.

`scan` (which pictures are there) lives in `studio.data.scan` and is re-exported here.
"""

from __future__ import annotations

import functools
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from studio.core.errors import BadInput
from studio.data.scan import SUFFIXES, Scan, scan

__all__ = [
    "MOST_PIXELS",
    "SUFFIXES",
    "Colour",
    "Fit",
    "Scan",
    "decode",
    "fit_to",
    "frames",
    "opened",
    "scan",
    "to_pixels",
]

Fit = Literal["crop", "pad", "stretch"]
Colour = Literal["auto", "grey", "colour"]

MOST_PIXELS = 89_478_485
"""Larger pictures are refused: Pillow's own limit against decompression bombs (a quarter of a GB of RGB)."""
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "PPM", "TGA", "JPEG2000", "AVIF")
"""What is tried at all; EPS, which would start Ghostscript, and the exotic ones are left out."""
_ORIENTATION = 0x0112
log = logging.getLogger(__name__)
_GREY = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"})


@functools.cache
def _formats() -> tuple[str, ...]:
    """Return those of `_FORMATS` that this Pillow was built with: it fails on a name that it does not know."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


class _NotFiniteError(Exception):
    """A float picture holds NaN or infinite values."""


@contextmanager
def opened(source: bytes | Path, name: str = "") -> Iterator[Image.Image]:
    """Open a picture; whatever goes wrong inside the block becomes BadInput that names the file.

    Args:
        source: the file's content, or its path.
        name: what the message calls it; a path's own name by default.
    """
    name = name or (str(source) if isinstance(source, Path) else "The picture")
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=_formats()) as image:
            if image.width * image.height > MOST_PIXELS:
                raise _enormous(name, image)
            yield image
    except BadInput:
        raise
    except _NotFiniteError as error:
        raise BadInput(f"{name} holds NaN or infinite values.", "Export it again.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _enormous(name, None) from error
    except UnidentifiedImageError as error:
        raise BadInput(
            f"{name} is not a picture that can be read.", "Use PNG, JPEG, GIF, BMP, WebP or TIFF."
        ) from error
    except FileNotFoundError as error:
        raise BadInput(f"{name} does not exist.", "Check the path.") from error
    except PermissionError as error:
        raise BadInput(f"{name} cannot be read: no permission.", "Check the permissions.") from error
    except Exception as error:  # Pillow's readers raise nearly any type for a damaged file
        raise BadInput(f"{name} is damaged or cut off.", "Fetch or export it again.", details=repr(error)) from error


def _enormous(name: str, image: Image.Image | None) -> BadInput:
    size = f" ({image.width:,} x {image.height:,} pixels)" if image else ""
    return BadInput(
        f"{name} is refused: it is enormous{size}, or made to look so.",
        f"Pictures up to {MOST_PIXELS // 10**6} megapixels are read; scale it down first.",
    )


def decode(
    source: bytes | Path,
    size: int | tuple[int, int] = 0,
    fit: Fit = "crop",
    colour: Colour = "auto",
    *,
    exif: bool = True,
    name: str = "",
) -> NDArray[np.uint8]:
    """Decode one picture: first frame, turned upright, transparency on white, fitted.

    Args:
        source: the file's content, or its path.
        size: side of the square in pixels, or (height, width); 0 keeps the picture's own size and shape.
        fit: how it takes that shape: cut the middle out, add black borders, or distort.
        colour: "auto" gives one channel for grey modes and three for the others.
        exif: turn it as the camera noted.
        name: what a message calls it.

    Returns:
        uint8 (C, H, W), C 1 or 3.

    Raises:
        BadInput: it cannot be decoded; the message names the file.
    """
    with opened(source, name) as image:
        height, width = (size, size) if isinstance(size, int) else size
        if size:
            _scale_early(image, max(height, width))
        grey = colour == "grey" or (colour == "auto" and is_grey(image))
        if exif and _orientation(image) != 1:
            ImageOps.exif_transpose(image, in_place=True)
        plain = _plain(image, "L" if grey else "RGB")
        return to_pixels(fit_to(plain, width, height, fit) if size else plain)


def _orientation(image: Image.Image) -> int:
    """Return the camera's orientation note, 1 (upright) where there is none or it is unreadable."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception as error:  # Pillow's readers raise nearly any type; damaged notes are no reason to lose a picture
        log.debug("EXIF left aside: %r", error)
        return 1
    return value if isinstance(value, int) else 1


def is_grey(image: Image.Image) -> bool:
    """Tell whether a picture's mode, or its palette, holds no colour."""
    if image.mode in ("P", "PA"):
        palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        return bool((palette == palette[:, :1]).all())
    return image.mode in _GREY


def has_colour(source: bytes | Path, name: str = "") -> bool:
    """Tell whether any pixel of a picture is coloured (looks at a small version; grey saved as RGB is grey).

    Raises:
        BadInput: it cannot be decoded.
    """
    with opened(source, name) as image:
        if is_grey(image):
            return False
        image.draft(None, (64, 64))
        small = _plain(image, "RGB")
        small.thumbnail((64, 64))
        pixels = np.asarray(small, np.int16)
        return bool((pixels.max(axis=2) - pixels.min(axis=2)).max() > 16)  # JPEG's rounding tints grey a little


def size_of(source: bytes | Path, *, exif: bool = True, name: str = "") -> tuple[int, int]:
    """Return a picture's upright (height, width) from its header alone.

    Raises:
        BadInput: it is not a readable picture.
    """
    with opened(source, name) as image:
        turned = exif and _orientation(image) in (5, 6, 7, 8)
        return (image.width, image.height) if turned else (image.height, image.width)


def is_animated(source: bytes | Path, name: str = "") -> bool:
    """Tell whether a file holds several frames.

    Raises:
        BadInput: it is not a readable picture.
    """
    with opened(source, name) as image:
        return bool(getattr(image, "is_animated", False)) and image.format != "MPO"  # a camera's second view


def frames(source: Path, name: str = "") -> Iterator[NDArray[np.uint8]]:
    """Yield every frame of an animated picture as it is shown, one at a time: uint8 (3, H, W), transparency on white.

    Raises:
        BadInput: it cannot be decoded, or stops in the middle; names the file.
    """
    with opened(source, name) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            yield to_pixels(_plain(image, "RGB"))


def _scale_early(image: Image.Image, size: int) -> None:
    """Let the JPEG decoder drop detail (by 2, 4 or 8) that a later reduction to `size` would drop anyway."""
    scale = 2 * size / min(image.size)
    if image.format == "JPEG" and scale < 1:
        image.draft(None, (max(1, int(image.width * scale)), max(1, int(image.height * scale))))


def _plain(image: Image.Image, mode: Literal["L", "RGB"]) -> Image.Image:
    """Convert any mode to 8-bit grey or colour; transparency is laid on white."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    elif image.mode in ("LAB", "HSV"):
        image = image.convert("RGB")
    return image if image.mode == mode else image.convert(mode)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Bring 16-bit, 32-bit and float pictures to 0..255 by their type's range, or by their own when that is wider."""
    values = np.asarray(image, np.float64)
    if not np.isfinite(values).all():
        raise _NotFiniteError
    low, high = values.min(), values.max()
    if image.mode == "F" and low >= 0 and high <= 1:
        values = values * 255
    elif low < 0 or high > 65535:
        values = (values - low) * (255 / max(high - low, 1e-12))
    elif image.mode.startswith("I;16") or high > 255:
        values = values / 257  # 65535 becomes 255
    return Image.fromarray(np.rint(values).astype(np.uint8))


def fit_to(image: Image.Image, width: int, height: int, fit: Fit) -> Image.Image:
    """Resize (Lanczos down, bicubic up), cropping the middle, padding with black, or distorting."""
    target = (width, height)
    if image.size == target:
        return image
    smaller = image.width >= width and image.height >= height
    how = Image.Resampling.LANCZOS if smaller else Image.Resampling.BICUBIC
    if fit == "crop":
        return ImageOps.fit(image, target, how)
    if fit == "pad":
        return ImageOps.pad(image, target, how)
    return image.resize(target, how)


def to_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Return an "L" or "RGB" picture as uint8 (C, H, W)."""
    pixels = np.asarray(image, np.uint8)
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
