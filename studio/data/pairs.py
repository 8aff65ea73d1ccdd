"""Pictures that belong together, for translators that are told the answers.

Two layouts are understood: two folders whose files have equal names (`A/7.png` and `B/7.jpg`, each perhaps inside or
around `train` and `test`), and files that hold both pictures side by side, as the data sets of pix2pix do. Either way
an example is one picture twice as wide as high: left the first folder's, right the second's.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.core.errors import BadInput
from studio.data.pictures import Colour, Fit, decode, fit_to, size_of, to_pixels
from studio.data.scan import HELD_OUT, Scan, inner_names

if TYPE_CHECKING:
    from torch import Generator, Tensor

_LOOKED_AT = 16
_SLACK = 0.1
"""How far width may be from twice the height, as a share, in files that hold a pair."""
_NAMED = 3


class PairedFiles:
    """An archive (see `studio.data.archive.Archive`) whose files are made of two of another source when read.

    Args:
        found: the pictures of both folders.
        partners: name of each pair -> numbers of the left and the right picture.
        fit: how the right picture takes the left one's shape.
        exif: turn pictures as their camera noted.
    """

    def __init__(self, found: Scan, partners: dict[str, tuple[int, int]], fit: Fit, exif: bool) -> None:
        self.path: Path = found.path
        self._found, self._partners, self._fit, self._exif = found, partners, fit, exif

    def names(self) -> tuple[str, ...]:
        """Return the left pictures' names."""
        return tuple(self._partners)

    def size(self, name: str) -> int:
        """Return the bytes of both files together."""
        return int(self._found.stamps[list(self._partners[name]), 0].sum())

    def read(self, name: str) -> bytes:
        """Return both pictures side by side as an uncompressed file.

        Raises:
            BadInput: one of them cannot be decoded; names it.
        """
        left, right = self._partners[name]
        first = self._decoded(left, 0)
        second = self._decoded(right, first.shape[1:])
        if len(first) != len(second):
            first, second = (np.broadcast_to(p, (3, *p.shape[1:])) for p in (first, second))
        joined = np.concatenate([first, second], axis=2)
        written = io.BytesIO()
        _image(joined).save(written, "BMP")
        return written.getvalue()

    def _decoded(self, number: int, size: int | tuple[int, ...]) -> NDArray[np.uint8]:
        shape = size if isinstance(size, int) else (size[0], size[1])
        name = self._found.files[number]
        return decode(self._found.read(number), shape, self._fit, exif=self._exif, name=name)

    def close(self) -> None:
        """Release the source; a folder has nothing to release."""
        if not isinstance(self._found.source, Path):
            self._found.source.close()


def paired(found: Scan, fit: Fit = "crop", exif: bool = True) -> Scan:
    """Turn a scan of pictures into a scan of pairs.

    Args:
        found: what the source holds; two classes are taken for two folders that belong together.
        fit: how a right picture takes its partner's shape.
        exif: turn pictures as their camera noted.

    Raises:
        BadInput: names without partner (some are named), or files that are not twice as wide as high.
    """
    if len(found.classes) != 2 or found.labels is None:
        _check_side_by_side(found)
        return found
    partners, held_out = _partners(found, found.labels)
    stamps = np.array([found.stamps[list(pair)].sum(axis=0) for pair in partners.values()], np.int64)
    source = PairedFiles(found, partners, fit, exif)
    return Scan(source, source.names(), stamps, None, held_out, (), found.unreadable)


def _partners(found: Scan, labels: NDArray[np.int64]) -> tuple[dict[str, tuple[int, int]], NDArray[np.bool_] | None]:
    """Return the files of each pair by the left one's name, and which are held out."""
    sides: dict[str, dict[int, int]] = defaultdict(dict)
    keys = inner_names(found.files)
    for number, (key, label) in enumerate(zip(keys, labels.tolist(), strict=True)):
        split = "" if found.held_out is None else f"{found.held_out[number]}/"
        sides[split + key.rpartition(".")[0]][label] = number
    lonely = [found.files[n] for side in sides.values() if len(side) < 2 for n in side.values()]
    if lonely:
        first, second = found.classes
        raise BadInput(
            f"{len(lonely):,} of {len(found.files):,} pictures in {found.path} have no partner: "
            f"{', '.join(lonely[:_NAMED])}{' …' if len(lonely) > _NAMED else ''}",
            f"Give the files of {first!r} and {second!r} equal names, or turn 'Pairs' off.",
        )
    pairs = {found.files[side[0]]: (side[0], side[1]) for side in sides.values()}
    if found.held_out is not None:
        return pairs, np.array([found.held_out[left] for left, _ in pairs.values()], np.bool_)
    inside = np.array([key.split("/")[0].lower() in HELD_OUT for key in (keys[left] for left, _ in pairs.values())])
    return pairs, inside if inside.any() and not inside.all() else None


def _check_side_by_side(found: Scan) -> None:
    """Look at a few files: are they twice as wide as high?"""
    for number in np.unique(np.linspace(0, max(len(found.files) - 1, 0), _LOOKED_AT).astype(int)).tolist():
        if not found.files:
            return
        name = found.files[number]
        try:
            height, width = size_of(found.read(number), name=name)
        except BadInput:  # a damaged file is left out later, and said so
            continue
        if abs(width - 2 * height) > _SLACK * width:
            raise BadInput(
                f"{name} is no pair: {width} x {height} px. A pair is two squares side by side.",
                "Use such pictures or two folders with equal names, or turn 'Pairs' off.",
            )


def decode_pair(
    content: bytes, side: int, fit: Fit, colour: Colour, *, exif: bool = True, name: str = ""
) -> NDArray[np.uint8]:
    """Decode a picture that holds two, and fit each half on its own.

    Returns:
        uint8 (C, side, 2 side).

    Raises:
        BadInput: it cannot be decoded, or is a single pixel wide.
    """
    whole = decode(content, 0, fit, colour, exif=exif, name=name)
    half = whole.shape[2] // 2
    if not half:
        raise BadInput(f"{name or 'The picture'} is too narrow to hold a pair.", "Leave it out.")
    halves = (whole[..., :half], whole[..., -half:])
    return np.concatenate([to_pixels(fit_to(_image(h), side, side, fit)) for h in halves], axis=2)


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    """Return uint8 (C, H, W) as a Pillow picture."""
    return Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))


def on_both_halves(augment: Callable[[Tensor, Generator], Tensor]) -> Callable[[Tensor, Generator], Tensor]:
    """Return an augmentation that moves both pictures of a pair alike, and never swaps them."""

    def changed(x: Tensor, generator: Generator) -> Tensor:
        import torch

        left, right = x.chunk(2, dim=3)
        moved = augment(torch.cat([left, right], dim=1), generator)  # as channels of one picture
        return torch.cat(moved.chunk(2, dim=1), dim=3)

    return changed
