"""Number arrays as pictures: which axis is which, what range the values have, which array is which in an npz."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.core.errors import BadInput
from studio.data.options import DataOptions
from studio.data.pictures import fit_to, to_pixels

_BLOCK_BYTES = 32 << 20
_MOST_CLASSES = 10_000
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow converts
_HELP = "Expected (N, H, W), (N, H, W, C), (N, C, H, W) or flat rows of squares, as uint8 0..255 or float 0..1."
_IMAGES = ("x", "images", "image", "data", "pixels", "arr_0")
_LABELS = ("y", "labels", "label", "target", "targets", "classes", "arr_1")
_NAMES = ("class_names", "names", "label_names")


@dataclass(frozen=True, eq=False)
class Numbered:
    """Arrays as they were found: pictures in any layout, labels of any kind, the source's own test set."""

    images: NDArray[Any]
    labels: NDArray[Any] | None = None
    test_images: NDArray[Any] | None = None
    test_labels: NDArray[Any] | None = None
    class_names: tuple[str, ...] = ()


def pick(arrays: dict[str, NDArray[Any]], name: str) -> Numbered:
    """Tell which arrays of an npz are pictures and labels: x, y, x_train, train_images, labels, and the like.

    Raises:
        BadInput: none can be the pictures.
    """
    by_name = {key.lower(): value for key, value in arrays.items()}

    def first(stems: tuple[str, ...], *parts: str) -> NDArray[Any] | None:
        patterns = [p for part in parts for p in (f"{{}}_{part}", f"{part}_{{}}", f"{{}}{part}")] or ["{}"]
        return next((by_name[p.format(s)] for s in stems for p in patterns if p.format(s) in by_name), None)

    names = first(_NAMES)
    classes = tuple(str(n) for n in names.reshape(-1)) if names is not None and names.dtype.kind in "US" else ()
    train = first(_IMAGES, "train")
    if train is not None:
        test, test_labels = (first(stems, "test", "val", "valid") for stems in (_IMAGES, _LABELS))
        return Numbered(train, first(_LABELS, "train"), test, test_labels if test is not None else None, classes)
    plain = first(_IMAGES)
    if plain is None and len(arrays) == 1:
        plain = next(iter(arrays.values()))
    if plain is None:
        found = ", ".join(f"{k} {v.shape}" for k, v in list(arrays.items())[:8])
        raise BadInput(f"{name} holds no array called x, images or x_train; it holds {found}.", "Rename the array.")
    return Numbered(plain, first(_LABELS), None, None, classes)


@dataclass(frozen=True)
class Layout:
    """How raw numbers become uint8 (N, C, H, W).

    Attributes:
        shape: (C, H, W); channels_last: the raw order is (N, H, W, C).
        scale: factor from raw values to 0..255.
    """

    shape: tuple[int, int, int]
    channels_last: bool
    scale: float


def layout_of(array: NDArray[Any], name: str) -> Layout:
    """Work out axes and range, looking at every value once.

    Raises:
        BadInput: no pictures, NaN or infinite values, or an unknown range.
    """
    if array.dtype.kind not in "biuf" or array.ndim < 2 or array.size == 0:
        raise BadInput(f"{name} of shape {array.shape} and type {array.dtype} holds no pictures.", _HELP)
    shape, last = _axes(array.shape, name)
    return Layout(shape, last, _scale(array, name))


def _axes(shape: tuple[int, ...], name: str) -> tuple[tuple[int, int, int], bool]:
    """Return (C, H, W) and whether channels come last."""
    dims = shape[1:]
    if len(dims) == 1:
        for channels in (1, 3):
            side = math.isqrt(dims[0] // channels)
            if side >= 2 and side * side * channels == dims[0]:
                return (channels, side, side), False
    elif len(dims) == 2 and min(dims) >= 2:
        return (1, *dims), False
    elif len(dims) == 3 and dims[2] in (1, 3, 4) and min(dims[:2]) >= 2:
        return (dims[2], dims[0], dims[1]), True
    elif len(dims) == 3 and dims[0] in (1, 3, 4) and min(dims[1:]) >= 2:
        return (dims[0], dims[1], dims[2]), False
    raise BadInput(f"{name} of shape {shape} cannot be read as pictures.", _HELP)


def _scale(array: NDArray[Any], name: str) -> float:
    """Return the factor to 0..255, refusing values that no picture has."""
    if array.dtype == np.uint8:
        return 1.0
    if array.dtype.kind == "b":
        return 255.0
    low, high = np.inf, -np.inf
    for part in _parts(array):
        low, high = min(low, float(part.min())), max(high, float(part.max()))
        if not (np.isfinite(low) and np.isfinite(high)) or not np.isfinite(part).all():
            raise BadInput(f"{name} holds NaN or infinite values.", "Replace them, then save the array again.")
    if array.dtype.kind == "f" and low >= 0 and high <= 1:
        return 255.0
    if low >= 0 and high <= 255:
        return 1.0
    if array.dtype == np.uint16:
        return 1 / 257
    raise BadInput(f"{name} has values from {low:g} to {high:g}.", "Scale it to 0..1 (float) or 0..255.")


def _parts(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Cut an array into pieces of some 32 MB along the first axis."""
    step = max(1, _BLOCK_BYTES // max(1, array[0].nbytes)) if len(array) else 1
    for start in range(0, len(array), step):
        yield array[start : start + step]


def pixel_blocks(array: NDArray[Any], layout: Layout, options: DataOptions) -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures as uint8 (n, C, H, W) in the asked size and colour."""
    for part in _parts(array):
        pixels = _standard(part, layout)
        yield resized(coloured(pixels, options), options)


def final_shape(shape: tuple[int, int, int], options: DataOptions) -> tuple[int, int, int]:
    """Return (C, H, W) after the options were applied to pictures of `shape`."""
    channels = 3 if shape[0] == 4 else shape[0]
    channels = {"auto": channels, "grey": 1, "colour": 3}[options.colour]
    return (channels, options.size, options.size) if options.size else (channels, *shape[1:])


def _standard(part: NDArray[Any], layout: Layout) -> NDArray[np.uint8]:
    """Return uint8 (n, C, H, W) with 1 or 3 channels; a fourth is transparency and is laid on white."""
    channels, height, width = layout.shape
    if layout.channels_last:
        part = part.transpose(0, 3, 1, 2)
    part = part.reshape(-1, channels, height, width)
    if part.dtype != np.uint8:
        part = np.rint(part.astype(np.float32) * np.float32(layout.scale)).clip(0, 255).astype(np.uint8)
    if channels == 4:
        alpha = part[:, 3:].astype(np.float32) / 255
        part = np.rint(part[:, :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return np.ascontiguousarray(part)


def coloured(pixels: NDArray[np.uint8], options: DataOptions) -> NDArray[np.uint8]:
    """Make pictures (n, C, H, W) grey or three-channelled as asked."""
    if options.colour == "grey" and pixels.shape[1] == 3:
        grey = np.tensordot(pixels.astype(np.float32), _LUMA, axes=(1, 0))
        return np.rint(grey).astype(np.uint8)[:, None]
    if options.colour == "colour" and pixels.shape[1] == 1:
        return np.repeat(pixels, 3, axis=1)
    return pixels


def resized(pixels: NDArray[np.uint8], options: DataOptions) -> NDArray[np.uint8]:
    """Fit pictures (n, C, H, W) to the asked square; 0 keeps them."""
    size = options.size
    if not size or pixels.shape[2:] == (size, size):
        return pixels
    out = np.empty((len(pixels), pixels.shape[1], size, size), np.uint8)
    for i, picture in enumerate(pixels):
        image = Image.fromarray(picture[0] if len(picture) == 1 else np.ascontiguousarray(picture.transpose(1, 2, 0)))
        out[i] = to_pixels(fit_to(image, size, size, options.fit))
    return out


def flat_labels(raw: NDArray[Any], count: int, name: str) -> NDArray[Any]:
    """Return one label a picture: (N,); one-hot rows are understood, rows of one value flattened.

    Raises:
        BadInput: another count than pictures, or values that are no labels.
    """
    if raw.ndim == 2 and raw.shape[1] > 1 and raw.dtype.kind in "biuf" and (raw.sum(axis=1) == 1).all():
        raw = raw.argmax(axis=1)
    if raw.ndim == 0 or raw.size != count or len(raw) != count:
        raise BadInput(f"{name} holds {count:,} pictures but labels of shape {raw.shape}.", "Give one label a picture.")
    flat = raw.reshape(-1)
    if flat.dtype.kind == "f":
        if not (np.isfinite(flat).all() and (flat == np.rint(flat)).all()):
            raise BadInput(f"{name} has labels that are not whole numbers.", "Save the labels as integers or names.")
        flat = flat.astype(np.int64)
    return flat


def as_labels(
    flat: NDArray[Any], name: str, class_names: tuple[str, ...] = ()
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Turn label values (N,) of any kind into int64 (N,) and class names.

    Raises:
        BadInput: too many different values.
    """
    values, labels = np.unique(flat, return_inverse=True)
    if len(values) > _MOST_CLASSES:
        raise BadInput(f"{name} has {len(values):,} different labels.", f"At most {_MOST_CLASSES:,} classes are read.")
    if class_names and values.dtype.kind in "iu" and values.min() >= 0 and values.max() < len(class_names):
        return flat.astype(np.int64), class_names
    named = (v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values.tolist())
    return labels.astype(np.int64).reshape(-1), tuple(named)
