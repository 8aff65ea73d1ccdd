"""CelebA: 202,599 faces that are listed with their attributes and never enter memory at once (Liu et al. 2015)."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadInput, NotAvailable
from studio.core.files import explained
from studio.data.progress import Progress

FILES = ("img_align_celeba.zip", "list_attr_celeba.txt", "list_eval_partition.txt")
"""What is downloaded, of the files that torchvision lists; the others are not used."""
_PICTURES = "img_align_celeba"


@dataclass(frozen=True)
class Faces:
    """CelebA as a list of files, 178 x 218 px; 1.4 GB that never enter memory at once.

    Attributes:
        files: all pictures, in the order of the published list.
        split: uint8 (N,): 0 training, 1 validation, 2 test.
        attributes: uint8 (N, 40), 1 where the attribute holds.
        names: the attributes' names, such as "Smiling".
    """

    files: tuple[Path, ...]
    split: NDArray[np.uint8]
    attributes: NDArray[np.uint8]
    names: tuple[str, ...]


def present(folder: Path) -> bool:
    """Tell whether the lists and the unpacked pictures are below `folder` (the root that torchvision calls `root`)."""
    base = folder / "celeba"
    return all((base / file).is_file() for file in FILES[1:]) and (base / _PICTURES).is_dir()


def faces(folder: Path) -> Faces:
    """List CelebA's pictures with their published split and attributes.

    Raises:
        NotAvailable: it is not below `folder`.
        BadInput: a list is damaged.
    """
    if not present(folder):
        raise NotAvailable(f"celeba is not in {folder}.", "Download it first: generative-studio data get celeba.")
    base = folder / "celeba"
    names, rows = _table(base / FILES[1], header=True)
    _, parts = _table(base / FILES[2], header=False)
    kept = [file for file in rows if file in parts and (base / _PICTURES / file).is_file()]
    if not kept:
        raise BadInput(f"{base / FILES[1]} names no picture that is there.", "Delete the folder and download again.")
    attributes = np.array([rows[file] for file in kept], np.int64)
    return Faces(
        tuple(base / _PICTURES / file for file in kept),
        np.array([parts[file][0] for file in kept], np.uint8),
        (attributes > 0).astype(np.uint8),
        tuple(names),
    )


def unpack(folder: Path, progress: Progress | None = None) -> None:
    """Unpack the pictures (the archive's hash was checked); they count as present only when all are there."""
    base, part = folder / "celeba", folder / "celeba" / f"{_PICTURES}.part"
    if (base / _PICTURES).is_dir():
        return
    extract(base / FILES[0], lambda n: bool(re.fullmatch(r"img_align_celeba/\d+\.jpg", n)), part, progress)
    with explained(part):
        part.replace(base / _PICTURES)


def _table(path: Path, *, header: bool) -> tuple[list[str], dict[str, list[int]]]:
    """Read one of CelebA's lists: an optional count and header line, then a file name and whole numbers a line."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        names = lines[1].split() if header else []
        rows = {row[0]: [int(v) for v in row[1:]] for row in map(str.split, lines[2 if header else 0 :]) if row}
    except (OSError, ValueError, IndexError) as error:
        raise BadInput(f"{path} is damaged ({error}).", "Delete it and download it again.") from error
    width = len(names) if header else 1
    if any(len(values) != width or not re.fullmatch(r"\d+\.jpg", file) for file, values in rows.items()):
        raise BadInput(f"{path} is damaged: a line does not fit.", "Delete it and download it again.")
    return names, rows


def extract(path: Path, wanted: Callable[[str], bool], target: Path, progress: Progress | None) -> None:
    """Unpack chosen members under their bare file names, so that no name can lead outside `target`."""
    with explained(target), zipfile.ZipFile(path) as archive:
        target.mkdir(parents=True, exist_ok=True)
        members = [info for info in archive.infolist() if wanted(info.filename)]
        for done, info in enumerate(members, 1):
            out = target / PurePosixPath(info.filename).name
            if not (out.is_file() and out.stat().st_size == info.file_size):
                part = out.with_name(out.name + ".part")
                with archive.open(info) as source, part.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
                part.replace(out)
            if progress:
                progress(done, len(members), f"{path.name}: unpacking")
