"""The one door to data: a catalogue name or a path becomes training and held-out examples."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from pathlib import Path

import numpy as np

from studio.core.errors import BadConfig, BadInput
from studio.core.files import explained, write_atomic
from studio.core.spec import DataSet, Kind
from studio.data import catalogue, fixes, numbers, shapes, tables, tins
from studio.data.arrays import read_idx, read_numpy, unreadable
from studio.data.assemble import Job, from_files, from_numbers, from_picture
from studio.data.detect import IdxFiles, SourceKind, detect, idx_files, labels_beside
from studio.data.fruit import open_fruit
from studio.data.listing import ListedArchive
from studio.data.numbers import Numbered
from studio.data.options import DataOptions
from studio.data.progress import Progress, silent
from studio.data.scan import Scan, scan
from studio.data.splits import ImageData
from studio.data.street import open_street
from studio.data.tables import TableData, table_data
from studio.data.text import TextData, open_text

Opened = ImageData | TextData | TableData
_SHAPES_COUNT, _SHAPES_SIZE, _SHAPES_LARGEST = 20_000, 32, 64
_TINS_COUNT, _TINS_SIZE, _TINS_LARGEST = 5_000, 64, 256
_FACE_SIZE = 32


def open_data(
    source: str,
    options: DataOptions,
    *,
    workspace: Path,
    kind: Kind = "image",
    progress: Progress | None = None,
) -> DataSet:
    """Open a data set.

    Args:
        source: a catalogue name (`digits`, `mnist`, …), or the path of a folder, archive, idx, npy, npz, picture,
            CSV table or text. A name wins over a file of that name; write `./name` for the file.
        options: how the source becomes examples.
        workspace: holds downloads (`datasets`) and decoded pictures (`cache`).
        kind: decides where a folder holds both pictures and texts, and whether a CSV file is a table or a text to
            learn; the caller checks `spec.kind`.
        progress: `(done, total, what)`; total 0 is unknown; may raise `Cancelled`.

    Raises:
        BadInput: nothing the studio reads, damaged, or empty; the message names the file.
        BadConfig: an option does not fit the data.
        NotAvailable: a catalogue data set that must be downloaded first.
        StoreError: the cache cannot be written.
        Cancelled: `progress` raised it; nothing is left behind.
    """
    job = Job(source, options, workspace, progress or silent)
    if source in catalogue.names():
        _refuse_pairs(source, options)
        return _catalogued(job)
    path = Path(source).expanduser()
    if not path.exists():
        near = difflib.get_close_matches(source.lower(), catalogue.names(), n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Use a path, or one of: {', '.join(catalogue.names())}."
        raise BadInput(f"{source} is neither a file nor a data set of the catalogue.", hint)
    name = path.resolve().name if path.is_dir() else path.name.split(".")[0] or path.name
    job = replace(job, name=name, fixes=fixes.load(path, workspace))
    return _opened(path, detect(path), kind, job)


def _opened(path: Path, found: SourceKind, kind: Kind, job: Job) -> Opened:
    """Open a path of a known kind."""
    if found == "text" or (found == "table" and kind == "text"):
        return open_text(path, job.options, job.workspace, job.progress)
    if found == "table":
        return table_data(tables.read_csv(path, job.progress), job.name, job.options)
    if found == "folder":
        return _folder(path, kind, job)
    if found != "archive":
        _refuse_pairs(path.name, job.options)
    openers: dict[SourceKind, Callable[[Path, Job], ImageData]] = {
        "archive": _archive,
        "idx": _idx,
        "idx-folder": _idx_folder,
        "numpy": _numpy,
        "picture": from_picture,
    }
    try:
        return openers[found](path, job)
    except OSError as error:
        raise unreadable(path, error) from error


def _refuse_pairs(name: str, options: DataOptions) -> None:
    """Say that pairs are made of picture files."""
    if options.pairs:
        raise BadConfig(
            f"{name} holds no pairs.",
            "Choose a folder or archive: two folders with equal names, or files with two pictures side by side.",
        )


def _folder(path: Path, kind: Kind, job: Job) -> Opened:
    """Open a folder: pictures, or texts when a text recipe asks or nothing else is there."""
    texts = any(path.rglob("*.txt")) if kind == "text" else False
    if texts:
        return open_text(path, job.options, job.workspace, job.progress)
    found = scan(path, job.progress)
    if not found.files:
        if any(path.rglob("*.txt")):
            return open_text(path, job.options, job.workspace, job.progress)
        raise BadInput(f"{path} holds no pictures.", "Choose a folder with PNG, JPEG or similar files.")
    return from_files(found, job)


def _archive(path: Path, job: Job) -> ImageData:
    """Open a zip or tar of pictures."""
    job.progress(0, 0, f"Listing {path.name}")
    archive = ListedArchive(path, job.workspace)
    try:
        return from_files(scan(archive), job)
    finally:
        archive.close()


def _idx(path: Path, job: Job) -> ImageData:
    """Open one idx picture file; labels that lie beside it are found."""
    return _from_idx(IdxFiles(path, labels_beside(path), None, None), job)


def _idx_folder(path: Path, job: Job) -> ImageData:
    """Open MNIST's four files."""
    files = idx_files(path)
    if files is None:
        raise BadInput(f"{path} holds no idx files.", "MNIST's four files are expected.")
    return _from_idx(files, job)


def _from_idx(files: IdxFiles, job: Job) -> ImageData:
    job.progress(0, 0, f"Reading {files.images.name}")
    every = [files.images, files.labels, files.test_images, files.test_labels]
    arrays = [None if p is None else read_idx(p) for p in every]
    # QMNIST's labels are rows of eight numbers; the first is the digit
    labels = [a[:, 0] if a is not None and a.ndim == 2 and a.shape[1] == 8 else a for a in (arrays[1], arrays[3])]
    images = arrays[0]
    if images is None or images.ndim < 3:
        raise BadInput(f"{files.images} holds numbers, not pictures.", "Open the file whose name has 'images' in it.")
    stamp = [_stamp(p) for p in every if p is not None]
    return from_numbers(Numbered(images, labels[0], arrays[2], labels[1]), job, stamp)


def _stamp(path: Path) -> list[str | int]:
    """Return what changes when a file does."""
    state = path.stat()
    return [str(path.resolve()), state.st_size, state.st_mtime_ns]


def _numpy(path: Path, job: Job) -> ImageData:
    """Open an npy or npz."""
    job.progress(0, 0, f"Reading {path.name}")
    return from_numbers(numbers.pick(read_numpy(path), str(path)), job, _stamp(path))


def _catalogued(job: Job) -> Opened:
    """Open a data set of the catalogue."""
    about = catalogue.entry(job.name)
    if about.name == "digits":
        from studio.data.digits import CLASSES, load_digits

        images, labels = load_digits()
        return from_numbers(Numbered(images, labels), job, "digits", CLASSES)
    if about.kind == "table":
        return table_data(tables.bundled(about.name), about.name, job.options)
    drawn = {
        "shapes": _shapes,
        "tins": _tins,
        "planet-pixel": _planet_pixel,
        "street-digits": open_street,
        "fruit": open_fruit,
    }
    if about.name in drawn:
        return drawn[about.name](job)
    if about.kind == "text":
        return _text(job)
    place = catalogue.required(about.name, job.workspace)
    return _celeba(place, job) if about.name == "celeba" else _downloaded(place, job)


def _downloaded(place: Path, job: Job) -> ImageData:
    """Open one of the standard data sets where it was found."""
    from studio.data import vision

    if not vision.present(job.name, place):
        return _idx_folder(place, job)
    job.progress(0, 0, f"Reading {job.name}")
    found = vision.load(job.name, place)
    arrays = Numbered(found.train, found.train_labels, found.test, found.test_labels)
    return from_numbers(arrays, job, [job.name, str(place.resolve())], found.classes)


def _celeba(place: Path, job: Job) -> ImageData:
    """Open CelebA: unlabelled faces whose attributes stand in the splits' tables."""
    from studio.data import celeba

    faces = celeba.faces(place)
    found = Scan(
        source=faces.files[0].parent,
        files=tuple(p.name for p in faces.files),
        stamps=np.zeros((len(faces.files), 2), np.int64),  # they were unpacked from an archive whose hash was checked
        labels=None,
        held_out=faces.split != 0,
        classes=(),
    )
    return replace(from_files(found, job, faces.attributes.astype(np.float32)), columns=faces.names)


def _shapes(job: Job) -> ImageData:
    """Draw as many shapes as the limit asks for, with their factors in the splits' tables."""
    count = _drawn_count(job.options, _SHAPES_COUNT)
    size = min(max(job.options.size or _SHAPES_SIZE, 8), _SHAPES_LARGEST)
    made = shapes.make(count, size, 0, job.progress)
    stamp = ["shapes", count, size]
    data = from_numbers(Numbered(made.pixels, made.labels), job, stamp, shapes.SHAPES, made.factors)
    return replace(data, columns=shapes.FACTORS)


def _tins(job: Job) -> ImageData:
    """Draw as many tins as the limit asks for, with height and width in the splits' tables."""
    count = _drawn_count(job.options, _TINS_COUNT)
    size = min(max(job.options.size or _TINS_SIZE, 8), _TINS_LARGEST)
    made = tins.make(count, size, 0, job.progress)
    data = from_numbers(Numbered(made.pixels), job, ["tins", count, size], (), made.factors)
    return replace(data, columns=tins.FACTORS)


def _drawn_count(options: DataOptions, usual: int) -> int:
    """Return how many pictures to draw, so that `limit` remain for training."""
    return ceil(options.limit / (1 - options.val_fraction)) if options.limit else usual


def _planet_pixel(job: Job) -> ImageData:
    """Draw the fifty faces of Wrodl in palette colours, with the codes of their fashions in the splits' tables."""
    from studio.data import avatars, wrodl

    codes = wrodl.rows()
    faces = avatars.draw(codes, _FACE_SIZE, smooth=False)
    data = from_numbers(Numbered(faces), job, "planet-pixel", (), codes.astype(np.float32))
    return replace(data, columns=tuple(column.name for column in wrodl.COLUMNS))


def _text(job: Job) -> Opened:
    """Open a text of the catalogue; the bundled one is written out once."""
    if job.name != "fables":
        place = catalogue.required(job.name, job.workspace)
        return open_text(place, job.options, job.workspace, job.progress)
    from studio.data.fables import fables

    path = job.workspace / "cache" / "texts" / "fables.txt"
    content = fables().encode()
    if not (path.is_file() and path.read_bytes() == content):
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, content)
    return open_text(path, job.options, job.workspace, job.progress)
