"""Which pictures a folder or an archive holds, and what their folders say about class and split.

`<class>/…` gives labels; `train/<class>/…` beside `test/<class>/…` gives the split too; `trainA`, `trainB`, `testA`
and `testB` (the layout of CycleGAN's data sets) are the classes A and B with their split; folders that every picture
shares are ignored; pictures without a class folder are unlabelled.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadInput
from studio.data.archive import Archive
from studio.data.arrays import unreadable
from studio.data.progress import Progress, silent

_RASTER = "png jpg jpeg jpe jfif mpo gif bmp webp tif tiff ppm pgm pbm pnm tga jp2 avif"
SUFFIXES = frozenset("." + kind for kind in _RASTER.split())
_TRAIN = frozenset({"train", "training"})
HELD_OUT = frozenset({"test", "testing", "val", "valid", "validation"})
_TWO_DOMAINS = re.compile(r"(train|test|val)_?([AB])", re.IGNORECASE)
_DEEPEST = 40
_MOST_FILES = 5_000_000
UNSORTED = "(unsorted)"
"""Class of pictures that lie beside the class folders instead of in one."""


@dataclass(frozen=True, eq=False)
class Scan:
    """The pictures of a source, in natural reading order of their names.

    Attributes:
        source: the folder, or the opened archive.
        files: names relative to the source, with `/`, sorted.
        stamps: int64 (N, 2): size in bytes and modification time in ns (0 inside archives).
        labels: int64 (N,), index into `classes`; None when unlabelled.
        held_out: bool (N,), True in a test folder; None when the source has no split.
        classes: class names, sorted.
        unreadable: folders and links that could not be followed, with the reason.
    """

    source: Path | Archive
    files: tuple[str, ...]
    stamps: NDArray[np.int64]
    labels: NDArray[np.int64] | None
    held_out: NDArray[np.bool_] | None
    classes: tuple[str, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The folder or the archive's file."""
        return self.source if isinstance(self.source, Path) else self.source.path

    def read(self, index: int) -> bytes:
        """Return the content of one file; may be called from several threads.

        Raises:
            BadInput: it cannot be read.
        """
        if not isinstance(self.source, Path):
            return self.source.read(self.files[index])
        path = self.source / self.files[index]
        try:
            return path.read_bytes()
        except OSError as error:
            raise unreadable(path, error) from error


def scan(source: Path | Archive, progress: Progress = silent) -> Scan:
    """List the pictures of a folder (recursive, links followed, loops not) or of an archive.

    Args:
        source: the folder or the opened archive.
        progress: called once a folder with the number found so far; may raise `Cancelled`.

    Returns:
        A scan; it may be empty.

    Raises:
        BadInput: the folder itself cannot be read.
    """
    skipped: list[str] = []
    if isinstance(source, Path):
        found = sorted(_walk(source, skipped, progress))
    else:
        found = sorted((name, source.size(name), 0) for name in source.names() if is_picture(name))
    files = tuple(name for name, _, _ in found)
    stamps = np.array([(size, changed) for _, size, changed in found], np.int64).reshape(-1, 2)
    labels, held_out, classes = _meaning(files)
    return Scan(source, files, stamps, labels, held_out, classes, tuple(skipped))


def is_picture(name: str) -> bool:
    """Tell pictures by their suffix, leaving out what systems hide in folders and archives."""
    suffix = name[name.rfind(".") :].lower()  # strings: 60,000 Path objects cost a second
    hidden = name.startswith((".", "__MACOSX/")) or "/." in name or "/__MACOSX/" in name
    return suffix in SUFFIXES and not hidden


def _walk(root: Path, skipped: list[str], progress: Progress) -> Iterator[tuple[str, int, int]]:
    """Yield (name, size, mtime in ns) of every picture below a folder; each real folder is entered once."""
    seen: set[tuple[int, int]] = set()
    waiting = [(str(root), "")]
    count = 0
    while waiting:
        folder, prefix = waiting.pop()
        progress(count, 0, "Listing the pictures")
        try:
            state = os.stat(folder)  # noqa: PTH116 - a string, as scandir gives
            if (state.st_dev, state.st_ino) in seen or prefix.count("/") > _DEEPEST:
                continue
            seen.add((state.st_dev, state.st_ino))
            entries = list(os.scandir(folder))
        except OSError as error:
            if not prefix:
                raise unreadable(root, error) from error
            skipped.append(f"{prefix.rstrip('/')}: {error.strerror or error}")
            continue
        for entry in entries:
            name = prefix + entry.name
            try:
                if entry.is_dir():
                    if not entry.name.startswith(".") and entry.name != "__MACOSX":
                        waiting.append((entry.path, name + "/"))
                elif is_picture(entry.name) and entry.is_file():
                    state = entry.stat()
                    yield name, state.st_size, state.st_mtime_ns
                    count += 1
                elif is_picture(entry.name):
                    skipped.append(f"{name}: not a regular file")
            except OSError as error:  # a link that leads nowhere or in a circle
                skipped.append(f"{name}: {error.strerror or error}")
        if count > _MOST_FILES:
            raise BadInput(f"{root} holds more than {_MOST_FILES:,} pictures.", "Choose a smaller folder.")


def _meaning(
    files: tuple[str, ...],
) -> tuple[NDArray[np.int64] | None, NDArray[np.bool_] | None, tuple[str, ...]]:
    """Return labels, the source's own test set, and class names, all read from folder names."""
    folders = _without_shared([tuple(name.split("/")[:-1]) for name in files])
    folders = _without_shared([_split_and_domain(folder) for folder in folders])
    held_out = None
    tops = {folder[0].lower() if folder else "" for folder in folders}
    if tops & _TRAIN and tops & HELD_OUT and tops <= _TRAIN | HELD_OUT:
        held_out = np.array([folder[0].lower() in HELD_OUT for folder in folders], np.bool_)
        folders = [folder[1:] for folder in folders]
    names = [folder[0] if folder else UNSORTED for folder in folders]
    classes = tuple(sorted(set(names), key=_natural))
    if classes in ((), (UNSORTED,)) or (len(classes) == 1 and held_out is None):
        return None, held_out, ()
    number = {name: i for i, name in enumerate(classes)}
    return np.array([number[name] for name in names], np.int64), held_out, classes


def inner_names(files: tuple[str, ...]) -> list[str]:
    """Return each name without the folders that `scan` reads class and split from."""
    folders = _without_shared([tuple(name.split("/")[:-1]) for name in files])
    names = []
    for name, folder in zip(files, folders, strict=True):
        known = 2 if folder and folder[0].lower() in _TRAIN | HELD_OUT else 1
        names.append("/".join([*folder[known:], name.rpartition("/")[2]]))
    return names


def _split_and_domain(folder: tuple[str, ...]) -> tuple[str, ...]:
    """Read `trainA` as `train/A`; other folders stay as they are."""
    found = _TWO_DOMAINS.fullmatch(folder[0]) if folder else None
    return (found[1], found[2].upper(), *folder[1:]) if found else folder


def _without_shared(folders: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Drop the leading folders that all pictures share."""
    if not folders:
        return folders
    first, last = min(folders), max(folders)  # what these two share, all share
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return [folder[shared:] for folder in folders]


def _natural(name: str) -> tuple[bool, int, str]:
    """Sort class names that are numbers by value ("2" before "10"), the unsorted last, others by letter."""
    number = int(name) if name.isascii() and name.isdigit() and len(name) < 18 else 0
    return (name == UNSORTED, number, name)
