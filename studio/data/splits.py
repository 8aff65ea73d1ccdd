"""Which examples are for training and which are held out, and how both are fetched by index."""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadConfig
from studio.core.spec import DataSpec
from studio.data.options import DataOptions


@dataclass(frozen=True, eq=False)
class Listing:
    """What is known of a source's examples before any pixel is read.

    Attributes:
        keys: uint64 (N,), a hash of each example's name: it decides the split, so that the split does not depend on
            the order or on the other examples.
        labels: int64 (N,) or None; held_out: bool (N,), the source's own test set, or None.
        classes: label names.
    """

    keys: NDArray[np.uint64]
    labels: NDArray[np.int64] | None
    held_out: NDArray[np.bool_] | None
    classes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Chosen:
    """Rows of a listing: int64, ascending; `labels` (N,) are renumbered for the kept `classes`."""

    train: NDArray[np.int64]
    val: NDArray[np.int64]
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]


def mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash whole numbers to uniform uint64 (splitmix64's finaliser, Steele et al. 2014)."""
    value = numbers + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def keys_of(names: Sequence[str] | int) -> NDArray[np.uint64]:
    """Return the split keys of named examples, or of `count` nameless ones."""
    if isinstance(names, int):
        return mixed(np.arange(names, dtype=np.uint64))
    sums = (zlib.crc32(name.encode(errors="surrogateescape")) for name in names)
    return mixed(np.fromiter(sums, np.uint64, len(names)))


def choose(listing: Listing, options: DataOptions) -> Chosen:
    """Apply `only`, `val_fraction` and `limit`.

    Without a test set of its own the source gives its share of examples with the smallest keys, at least one
    example each side where there are two; `limit` then takes the training examples with the next smallest keys and
    shrinks the held-out part in proportion. A test set of its own is never shrunk.

    Raises:
        BadConfig: `only` names a class that is not there.
    """
    labels, classes, rows = _only(listing, options.only)
    order = rows[np.argsort(listing.keys[rows], kind="stable")]
    if listing.held_out is not None and listing.held_out[rows].any():
        val = order[listing.held_out[order]]
        train = order[~listing.held_out[order]]
    else:
        count = _val_count(len(order), options.val_fraction)
        train, val = order[count:], order[:count]
        if options.limit and options.limit < len(train):
            share = options.limit / len(train)
            val = val[: max(1, round(len(val) * share))] if len(val) else val
    if options.limit:
        train = train[: options.limit]
    return Chosen(np.sort(train), np.sort(val), labels, classes)


def _val_count(total: int, fraction: float) -> int:
    if fraction <= 0 or total < 2:
        return 0
    return min(max(1, round(total * fraction)), total - 1)


def _only(listing: Listing, only: str) -> tuple[NDArray[np.int64] | None, tuple[str, ...], NDArray[np.int64]]:
    """Return renumbered labels (-1 where left out), kept classes, and kept rows."""
    everything = np.arange(len(listing.keys))
    wanted = {name.strip() for name in only.split(",") if name.strip()}
    if not wanted:
        return listing.labels, listing.classes, everything
    if listing.labels is None:
        raise BadConfig(f"Only {only!r} cannot be used: the data has no classes.", "Leave 'Only classes' empty.")
    for name in sorted(wanted - set(listing.classes)):
        near = difflib.get_close_matches(name, listing.classes, n=1)
        known = ", ".join(listing.classes[:20])
        raise BadConfig(f"There is no class {name!r}.", f"Did you mean {near[0]}?" if near else f"Known: {known}.")
    kept = [i for i, name in enumerate(listing.classes) if name in wanted]
    number = np.full(len(listing.classes), -1, np.int64)
    number[kept] = np.arange(len(kept))
    labels = number[listing.labels]
    return labels, tuple(listing.classes[i] for i in kept), everything[labels >= 0]


@dataclass(frozen=True, eq=False)
class ArraySplit:
    """Examples in one array, in memory or memory-mapped.

    Attributes:
        pixels: uint8 (M, C, H, W), shared by the splits of a data set.
        rows: int64 (N,), this split's rows of `pixels`.
        labels: int64 (N,) or None.
        table: float32 (N, K) known facts of each example (factors, attributes), or None.
    """

    pixels: NDArray[np.uint8]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64] | None = None
    table: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def gather(self, index: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
        """Fetch examples as copies: uint8 (n, C, H, W) and int64 (n,) or None."""
        labels = None if self.labels is None else self.labels[index]
        return self.pixels[self.rows[index]], labels


@dataclass(frozen=True, eq=False)
class CropSplit:
    """Random square cut-outs of one picture, at positions fixed by a seed.

    Attributes:
        picture: uint8 (C, H, W).
        corners: int64 (N, 2), top and left of each cut-out.
        size: side in pixels.
    """

    picture: NDArray[np.uint8]
    corners: NDArray[np.int64]
    size: int

    def __len__(self) -> int:
        return len(self.corners)

    def gather(self, index: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
        """Fetch cut-outs: uint8 (n, C, size, size), unlabelled."""
        view = np.lib.stride_tricks.sliding_window_view(self.picture, (self.size, self.size), axis=(1, 2))
        corners = self.corners[index]
        # an index array on both sides of the channel axis puts the examples first: (n, C, size, size)
        return np.ascontiguousarray(view.transpose(1, 2, 0, 3, 4)[corners[:, 0], corners[:, 1]]), None


@dataclass(frozen=True, eq=False)
class ImageData:
    """A picture data set (see `studio.core.spec.DataSet`).

    Attributes:
        messages: what the person should know: pictures skipped, a size chosen for them.
        columns: names of the columns of the splits' `table`.
    """

    spec: DataSpec
    train: ArraySplit | CropSplit
    val: ArraySplit | CropSplit
    augment: Any | None = None
    messages: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def renamed(self, name: str) -> ImageData:
        """Return the same data under another name."""
        return replace(self, spec=replace(self.spec, name=name))
