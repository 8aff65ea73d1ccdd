"""Picture files that carry their recipe: sheets, PNG, JPEG, TIFF, GIF and WebP.

The recipe (JSON: run, config, seed, version) stands in a PNG text chunk, the comments of a JPEG, the image description
of a TIFF, a GIF comment or the EXIF of a WebP, and is read back from files of unknown origin without decoding their
pixels.
"""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, features

from studio.core.errors import BadInput, NotAvailable
from studio.core.files import write_atomic

KEY = "generative-studio"
"""PNG keyword, and the one name of the JSON object in a GIF comment or EXIF description."""
EXIF_DESCRIPTION = 0x010E
MAX_RECIPE = 1 << 20
"""Bytes of JSON that are read or written at most."""
FORMATS = ("PNG", "GIF", "WEBP", "JPEG", "TIFF")
LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}
"""What libjpeg and libwebp can encode, in pixels."""
SEGMENT = 60_000
"""Bytes of recipe in one JPEG comment; a segment holds 65,533 at most (ITU-T T.81, B.2.4.5)."""
BETWEEN = 64
"""A dark grey that sets black and white pictures apart without glaring on either theme."""

Recipe = Mapping[str, Any] | str | None

log = logging.getLogger(__name__)


# ---- sheets


def enlarge(pixels: NDArray[np.uint8], smallest: int = 64) -> NDArray[np.uint8]:
    """Repeat every pixel until pictures (N, H, W, C) are at least `smallest` high and wide (nearest neighbour)."""
    factor = max(1, -(-smallest // max(1, min(pixels.shape[1:3]))))
    return pixels.repeat(factor, axis=1).repeat(factor, axis=2)


def sheet(
    pixels: NDArray[np.uint8], columns: int = 0, pad: int = 2, *, smallest: int = 0, background: int = BETWEEN
) -> NDArray[np.uint8]:
    """Lay pictures out row by row.

    Args:
        pixels: uint8 (N, H, W, C), N >= 1.
        columns: 0 makes the sheet about square.
        pad: pixels between pictures and around the sheet.
        smallest: enlarge tiny pictures to at least this side; 0 leaves them.
        background: value 0..255 of the padding and of empty places.

    Returns:
        uint8 (H, W, C) of the sheet.

    Raises:
        ValueError: there is nothing to lay out, or the array is not uint8 (N, H, W, C).
    """
    if pixels.ndim != 4 or pixels.dtype != np.uint8 or not pixels.size:
        raise ValueError(f"a sheet needs uint8 pictures (N, H, W, C), not {pixels.dtype} {pixels.shape}")
    pixels = enlarge(pixels, smallest) if smallest else pixels
    count, height, width, channels = pixels.shape
    columns = min(columns or int(np.ceil(np.sqrt(count))), count)
    rows = -(-count // columns)
    cells = np.full((rows * columns, height + pad, width + pad, channels), background, np.uint8)
    cells[:count, :height, :width] = pixels
    grid = cells.reshape(rows, columns, height + pad, width + pad, channels).swapaxes(1, 2)
    flat = grid.reshape(rows * (height + pad), columns * (width + pad), channels)
    return np.pad(flat, ((pad, 0), (pad, 0), (0, 0)), constant_values=background)


# ---- writing


def save_png(path: Path | str, pixels: NDArray[np.uint8], recipe_json: Recipe = None) -> Path:
    """Write one picture uint8 (H, W, C), C 1 or 3, with its recipe; returns the path.

    Raises:
        StoreError: the disk is full or the folder cannot be written; an older file of that name is untouched.
    """
    info = PngImagePlugin.PngInfo()
    text = _text(recipe_json)
    if text:
        info.add_itxt(KEY, text)
    return _write(path, _image(pixels), format="PNG", pnginfo=info)


def save_jpeg(path: Path | str, pixels: NDArray[np.uint8], recipe_json: Recipe = None) -> Path:
    """Write one picture in the best quality that JPEG players agree on (95, colour at full resolution, 4:4:4).

    The recipe goes into comment segments, as many as it needs: EXIF holds only 64 KB. The arguments are `save_png`'s.

    Raises:
        BadInput: a side is longer than JPEG can hold.
    """
    _check_side(pixels, "JPEG", path)
    content = io.BytesIO()
    _image(pixels).save(content, format="JPEG", quality=95, subsampling=0)
    encoded = content.getvalue()
    text = wrapped(recipe_json).encode()
    parts = [text[at : at + SEGMENT] for at in range(0, len(text), SEGMENT)]
    after = 4 + int.from_bytes(encoded[4:6], "big")  # start of image, then the JFIF segment, which must be first
    comments = b"".join(b"\xff\xfe" + (len(part) + 2).to_bytes(2, "big") + part for part in parts)
    write_atomic(Path(path), encoded[:after] + comments + encoded[after:])
    return Path(path)


def save_tiff(path: Path | str, pixels: NDArray[np.uint8], recipe_json: Recipe = None) -> Path:
    """Write one picture without loss (LZW), its recipe as image description (tag 270); arguments as `save_png`."""
    text = wrapped(recipe_json)
    more: dict[str, Any] = {"description": text} if text else {}
    return _write(path, _image(pixels), format="TIFF", compression="tiff_lzw", **more)


def save_gif(
    path: Path | str,
    frames: NDArray[np.uint8] | Sequence[NDArray[np.uint8]],
    fps: float = 12.0,
    recipe_json: Recipe = None,
) -> Path:
    """Write a looping film of frames uint8 (H, W, C), all with one palette, so that colours do not flicker.

    Args:
        path: file to write.
        frames: at least one, all of one size.
        fps: frames a second; GIF knows only multiples of 10 ms and players slow down below 20.
        recipe_json: see `save_png`, which also says what is raised.
    """
    images = _one_palette([_image(frame) for frame in frames])
    duration = max(20, round(100 / fps) * 10)
    comment = wrapped(recipe_json).encode()
    more: dict[str, Any] = {"comment": comment} if comment else {}
    return _write(
        path, images[0], format="GIF", save_all=True, append_images=images[1:], duration=duration, loop=0, **more
    )


def save_webp(
    path: Path | str,
    frames: NDArray[np.uint8] | Sequence[NDArray[np.uint8]],
    fps: float = 12.0,
    recipe_json: Recipe = None,
) -> Path:
    """Write a looping film in full colour; the arguments are `save_gif`'s.

    Raises:
        NotAvailable: this Pillow was built without WebP.
        BadInput: a side is longer than WebP can hold.
    """
    if not features.check("webp"):
        raise NotAvailable("This Python cannot write WebP.", "Save a GIF instead.")
    images = [_image(frame).convert("RGB") for frame in frames]
    _check_side(np.asarray(images[0]), "WEBP", path)
    exif = Image.Exif()
    text = wrapped(recipe_json)
    if text:
        exif[EXIF_DESCRIPTION] = text
    duration = max(1, round(1000 / fps))
    more: dict[str, Any] = {"append_images": images[1:], "duration": duration, "loop": 0, "quality": 90}
    return _write(path, images[0], format="WEBP", save_all=True, exif=exif.tobytes(), **more)


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        raise ValueError(f"a picture must be uint8 (H, W, 1 or 3), not {pixels.dtype} {pixels.shape}")
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else np.ascontiguousarray(pixels))


def _check_side(pixels: NDArray[np.uint8], name: str, path: Path | str) -> None:
    height, width = pixels.shape[:2]
    if max(height, width) > LONGEST_SIDE[name]:
        raise BadInput(
            f"{path} cannot hold {width} x {height} pixels: {name} ends at {LONGEST_SIDE[name]:,} a side.",
            "Save it as PNG or TIFF.",
        )


def _one_palette(images: list[Image.Image]) -> list[Image.Image]:
    """Give colour frames the palette of up to 16 of them together; grey ones are exact as they are."""
    if not images or images[0].mode != "RGB":
        return images
    some = images[:: -(-len(images) // 16)]
    joined = Image.new("RGB", (images[0].width, images[0].height * len(some)))
    for number, image in enumerate(some):
        joined.paste(image, (0, number * image.height))
    palette = joined.quantize(256)
    return [image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for image in images]


def _write(path: Path | str, image: Image.Image, **options: Any) -> Path:
    path = Path(path)
    content = io.BytesIO()
    image.save(content, **options)
    write_atomic(path, content.getvalue())
    return path


def _text(recipe: Recipe) -> str:
    """Return the recipe as ASCII JSON, which every metadata format can hold; "" when there is none."""
    if not recipe:
        return ""
    document = json.loads(recipe) if isinstance(recipe, str) else dict(recipe)
    text = json.dumps(document, ensure_ascii=True)
    if len(text) > MAX_RECIPE - 100:
        raise ValueError(f"a recipe of {len(text)} characters does not fit a picture")
    return text


def wrapped(recipe: Recipe) -> str:
    """Return the text that stands in metadata without a keyword of its own (comments, descriptions); "" for None."""
    text = _text(recipe)
    return f'{{"{KEY}": {text}}}' if text else ""


# ---- reading


def read_recipe(path: Path | str) -> dict[str, Any] | None:
    """Return the recipe inside a PNG, JPEG, TIFF, GIF or WebP file, or None.

    Safe on any file: only the header is parsed, with Pillow's limits on text; the result is plain JSON of at most
    1 MiB; whatever is wrong with the file, the answer is None.
    """
    path = Path(path)
    try:
        if not path.is_file():  # a pipe would block
            return None
        text = _embedded(path)
    except Exception as error:  # what a hostile file makes of a decoder has no common type
        log.debug("No recipe in %s: %r", path, error)
        return None
    return _parsed(text)


def _embedded(path: Path) -> str:
    """Return the JSON of the recipe in a picture's metadata, or ""."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of enormous sizes and odd EXIF: no pixel is decoded here
        with Image.open(path, formats=FORMATS) as image:
            found = _found(image)
    text = found.decode("ascii", "replace") if isinstance(found, bytes) else str(found)
    return text if image.format == "PNG" else unwrapped(text)


def unwrapped(text: str) -> str:
    """Return the JSON of the recipe in a text that `wrapped` made, "" for any other text.

    Raises:
        ValueError, RecursionError: it begins like one and is not JSON.
    """
    if not text.startswith(f'{{"{KEY}":') or len(text) > MAX_RECIPE:
        return ""
    return json.dumps(json.loads(text)[KEY])


def _found(image: Image.Image) -> Any:
    """Return what stands where the savers put the recipe: text or bytes, from anybody."""
    match image.format:
        case "PNG":
            return image.info.get(KEY, "")
        case "GIF":
            return image.info.get("comment", b"")
        case "TIFF":
            return image.tag_v2.get(EXIF_DESCRIPTION, "")  # type: ignore[attr-defined]  # of TiffImageFile
        case "JPEG":
            comments = [part for marker, part in image.applist if marker == "COM"]  # type: ignore[attr-defined]
            start = next((i for i, part in enumerate(comments) if part.startswith(f'{{"{KEY}":'.encode())), 0)
            return b"".join(comments[start:])
        case _:
            return image.getexif().get(EXIF_DESCRIPTION, "")


def _parsed(text: str) -> dict[str, Any] | None:
    if not 2 <= len(text) <= MAX_RECIPE:
        return None
    try:
        document = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
