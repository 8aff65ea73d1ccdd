"""From readers to a data set: pictures from arrays, from files and from one large picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadInput
from studio.core.spec import DataSpec
from studio.data import numbers
from studio.data.augment import augmentation
from studio.data.cache import IN_MEMORY, Block, Decoded, Shape, decoded_or_built, key_of
from studio.data.decoding import Failures, Plan, blocks, survey
from studio.data.fixes import Fixes
from studio.data.options import DataOptions
from studio.data.pairs import paired
from studio.data.pictures import decode
from studio.data.progress import Progress
from studio.data.scan import Scan
from studio.data.splits import ArraySplit, Chosen, CropSplit, ImageData, Listing, choose, keys_of

_RESIZED_IN_PLACE = 5_000
"""More pictures than this are resized once and cached."""
_CROPS = 4096
_CROP_SIZE = 64
_CROP_SEED = 0


@dataclass(frozen=True)
class Job:
    """What every way of opening needs to know.

    Attributes:
        name: what people call the data.
        options: how it becomes examples.
        workspace: holds the cache.
        progress: reports and cancels.
    """

    name: str
    options: DataOptions
    workspace: Path
    progress: Progress
    fixes: Fixes = field(default_factory=Fixes)


def from_numbers(
    found: numbers.Numbered,
    job: Job,
    stamp: Any,
    classes: tuple[str, ...] = (),
    table: NDArray[np.float32] | None = None,
) -> ImageData:
    """Make a data set of number arrays.

    Args:
        found: pictures, labels and test set as they were read.
        job: name, options, workspace.
        stamp: JSON value that changes when the source does; part of the cache key.
        classes: label names, when labels already are indices into them.
        table: float32 (N, K), facts about each picture, test set last.

    Raises:
        BadInput: shapes, values or labels make no sense.
    """
    parts = [found.images] + ([found.test_images] if found.test_images is not None else [])
    layouts = [numbers.layout_of(part, job.name) for part in parts]
    if layouts[0].shape != layouts[-1].shape:
        raise BadInput(
            f"{job.name} has training pictures of {layouts[0].shape} and test pictures of {layouts[-1].shape}.",
            "Make them equal in size.",
        )
    counts = [len(part) for part in parts]
    labels, classes = _labels(found, counts, job.name, classes)
    held_out = np.arange(sum(counts)) >= counts[0] if len(parts) > 1 else None
    listing = Listing(keys_of(sum(counts)), labels, held_out, classes)
    chosen = choose(listing, job.options)
    return _finish(_array_pixels(parts, layouts, job, stamp), sum(counts), chosen, job, table)


def _labels(
    found: numbers.Numbered, counts: list[int], name: str, classes: tuple[str, ...]
) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Return the labels of training and test pictures in one array."""
    if found.labels is None or (len(counts) > 1 and found.test_labels is None):
        return None, ()
    pairs = zip((found.labels, found.test_labels), counts, strict=False)
    each = [numbers.flat_labels(raw, count, name) for raw, count in pairs if raw is not None]
    return numbers.as_labels(np.concatenate(each), name, classes or found.class_names)


def _array_pixels(parts: list[NDArray[Any]], layouts: list[numbers.Layout], job: Job, stamp: Any) -> Decoded:
    """Convert arrays in memory, or through the cache when that is large or slow."""
    shape = numbers.final_shape(layouts[0].shape, job.options)
    count = sum(map(len, parts))

    def convert() -> Iterator[Block]:
        done = 0
        for part, layout in zip(parts, layouts, strict=True):
            for pixels in numbers.pixel_blocks(part, layout, job.options):
                job.progress(done, count, f"Reading {job.name}")
                yield pixels, np.arange(done, done + len(pixels))
                done += len(pixels)
        job.progress(count, count, f"Reading {job.name}")

    resized = shape[1:] != layouts[0].shape[1:]
    if count * shape[0] * shape[1] * shape[2] > IN_MEMORY or (resized and count > _RESIZED_IN_PLACE):
        options = job.options
        key = key_of("numbers", stamp, options.size, options.fit, options.colour)
        return decoded_or_built(job.workspace, key, lambda: (shape, convert()))
    pixels = np.empty((count, *shape), np.uint8)
    for block, rows in convert():
        pixels[rows[0] : rows[0] + len(rows)] = block
    digest = hashlib.blake2b(pixels.reshape(-1).data, digest_size=16).hexdigest()
    return Decoded(pixels, np.arange(count), digest, ())


def from_files(scan: Scan, job: Job, table: NDArray[np.float32] | None = None) -> ImageData:
    """Make a data set of picture files: decoded once into the cache, memory-mapped when large.

    Args:
        scan: the files with labels and split.
        job: name, options, workspace, fixes.
        table: float32 (N, K), facts about each file.

    Raises:
        BadInput: no picture can be decoded.
        StoreError: the cache cannot be written.
    """
    if job.options.pairs:
        scan = paired(scan, job.options.fit, job.fixes.exif)
    allowed = _allowed(scan, job.fixes)
    if not allowed.any():
        raise BadInput(f"{scan.path} holds no pictures.", "Choose a folder or archive with PNG, JPEG or similar files.")
    rows = np.flatnonzero(allowed)
    listing = Listing(
        keys_of(scan.files)[rows],
        None if scan.labels is None else scan.labels[rows],
        None if scan.held_out is None else scan.held_out[rows],
        scan.classes,
    )
    chosen = choose(_without_empty_classes(listing), job.options)
    wanted = np.arange(len(rows))
    if job.options.limit:  # a trial on a large folder decodes only what it uses
        wanted = np.union1d(chosen.train, chosen.val)
    decoded = _file_pixels(scan, rows[wanted], job)
    kept = Decoded(decoded.pixels, wanted[decoded.kept], decoded.digest, decoded.messages + _unread(scan))
    return _finish(kept, len(rows), chosen, job, None if table is None else table[rows])


def _unread(scan: Scan) -> tuple[str, ...]:
    """Say which folders and links were passed over."""
    if not scan.unreadable:
        return ()
    return (f"{len(scan.unreadable):,} folders or links could not be read: {'; '.join(scan.unreadable[:3])}.",)


def _allowed(scan: Scan, fixes: Fixes) -> NDArray[np.bool_]:
    """Return which files the fixes leave in: bool (N,)."""
    allowed = np.ones(len(scan.files), np.bool_)
    if fixes.skip:
        allowed = np.array([name not in fixes.skip for name in scan.files], np.bool_)
    if scan.labels is not None and fixes.skip_classes:
        dropped = [i for i, name in enumerate(scan.classes) if name in fixes.skip_classes]
        allowed &= ~np.isin(scan.labels, dropped)
    return allowed


def _without_empty_classes(listing: Listing) -> Listing:
    """Renumber the labels when fixes emptied a class."""
    if listing.labels is None:
        return listing
    used, labels = np.unique(listing.labels, return_inverse=True)
    names = tuple(listing.classes[i] for i in used)
    return Listing(listing.keys, labels.astype(np.int64).reshape(-1), listing.held_out, names)


def _file_pixels(scan: Scan, wanted: NDArray[np.int64], job: Job) -> Decoded:
    """Find the decoded files in the cache or decode them."""
    options, fixes = job.options, job.fixes
    names = "\n".join(scan.files).encode(errors="surrogateescape")
    how = [options.size, options.fit, options.colour, fixes.to_json(), *(["pairs"] if options.pairs else [])]
    key = key_of("files", str(scan.path.resolve()), names, scan.stamps, wanted, how)
    failures = Failures()
    plans: list[Plan] = []

    def start() -> tuple[Shape, Iterator[Block]]:
        job.progress(0, len(wanted), "Looking at the pictures")
        try:
            plan = survey(scan, wanted, options, fixes)
        except BadInput as error:
            raise BadInput(f"{scan.path}: {error.what}", error.what_to_do, details=error.details) from error
        plans.append(plan)
        return plan.shape, blocks(scan, wanted, plan, failures, job.progress)

    return decoded_or_built(job.workspace, key, start, lambda: plans[0].messages + failures.messages())


def _finish(decoded: Decoded, count: int, chosen: Chosen, job: Job, table: NDArray[np.float32] | None) -> ImageData:
    """Join pixels and choice; examples that could not be decoded drop out of both splits."""
    where = np.full(count, -1, np.int64)  # listing number -> row of pixels
    where[decoded.kept] = np.arange(len(decoded.kept))
    picked = [rows[where[rows] >= 0] for rows in (chosen.train, chosen.val)]
    if not len(picked[0]):
        raise BadInput(f"{job.name} has no usable picture to train on.", "Add pictures, or hold out a smaller share.")

    def split(rows: NDArray[np.int64]) -> ArraySplit:
        labels = None if chosen.labels is None else chosen.labels[rows]
        return ArraySplit(decoded.pixels, where[rows], labels, None if table is None else table[rows])

    train, val = map(split, picked)
    nothing = np.empty(0, np.int64)
    labels = [nothing if s.labels is None else s.labels for s in (train, val)]
    digest = key_of(decoded.digest, train.rows, val.rows, *labels, chosen.classes, _augmented(job.options))
    spec = DataSpec(
        name=job.name,
        kind="image",
        shape=tuple(decoded.pixels.shape[1:]),
        train_count=len(train),
        val_count=len(val),
        classes=chosen.classes,
        fingerprint=digest,
    )
    return ImageData(spec, train, val, augmentation(job.options), decoded.messages)


def _augmented(options: DataOptions) -> list[Any]:
    return [options.flip, options.shift, options.rotate]


def from_picture(path: Path, job: Job) -> ImageData:
    """Make a data set of random square cut-outs of one picture; a smaller picture is enlarged first.

    Cut-outs of the held-out part overlap those of the training part: it shows how well the picture is learned, not
    how well the model does on other pictures.

    Raises:
        BadInput: it cannot be decoded.
    """
    options = job.options
    picture = decode(path, 0, options.fit, options.colour, exif=job.fixes.exif)
    _, height, width = picture.shape
    size = options.size or min(_CROP_SIZE, height, width)
    if min(height, width) < size:
        scale = size / min(height, width)
        target = (max(size, round(height * scale)), max(size, round(width * scale)))
        picture = decode(path, target, "stretch", options.colour, exif=job.fixes.exif)
    count = options.limit or _CROPS
    held_out = max(1, round(count * options.val_fraction)) if options.val_fraction else 0
    room = np.array(picture.shape[1:]) - size + 1
    random = np.random.default_rng(_CROP_SEED)
    corners = random.integers(0, room, (count + held_out, 2))
    train, val = CropSplit(picture, corners[:count], size), CropSplit(picture, corners[count:], size)
    spec = DataSpec(
        name=job.name,
        kind="image",
        shape=(picture.shape[0], size, size),
        train_count=count,
        val_count=held_out,
        fingerprint=key_of(picture, train.corners, val.corners, size, _augmented(options)),
    )
    said = f"One picture: {count:,} random cut-outs of {size} x {size} px are the examples."
    return ImageData(spec, train, val, augmentation(options), (said,))
