"""What a path is: told by its first bytes, never by trusting its name."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from studio.core.errors import BadInput
from studio.data.arrays import unreadable
from studio.data.scan import SUFFIXES

SourceKind = Literal["folder", "archive", "idx", "idx-folder", "numpy", "picture", "table", "text"]

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP", b"P5", b"P6", b"P4")
_TEXT_SUFFIXES = frozenset({".txt", ".md", ".text", ".rst", ".tex", ".json", ".py", ".html", ".abc"})
_TABLE_SUFFIXES = frozenset({".csv", ".tsv"})
_IDX_TYPES = (0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E)
_KNOWN = "Choose a folder of pictures, a zip or tar, an idx, npy or npz file, a picture, a CSV table or a text."


@dataclass(frozen=True)
class IdxFiles:
    """The idx files of one data set; paths may end in .gz; labels and the test set may be missing."""

    images: Path
    labels: Path | None
    test_images: Path | None
    test_labels: Path | None


def detect(path: Path | str) -> SourceKind:
    """Tell what a path holds.

    Raises:
        BadInput: missing, unreadable, empty, or nothing the studio reads.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return "idx-folder" if idx_files(path) else "folder"
        if not path.exists():
            raise BadInput(f"{path} does not exist.", "Check the path, or choose a name from the catalogue.")
        if not path.is_file():
            raise BadInput(f"{path} is neither a file nor a folder.", _KNOWN)
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise unreadable(path, error) from error
    if not head:
        raise BadInput(f"{path} is empty.", "Fetch or export it again.")
    return _by_content(path, head)


def _by_content(path: Path, head: bytes) -> SourceKind:
    """Decide by the first 4 kB, and by the suffix where a damaged file shows nothing."""
    suffix = path.suffix.lower()
    kind: SourceKind | None = None
    if head[:6] == b"\x93NUMPY" or suffix in (".npy", ".npz"):
        kind = "numpy"
    elif head[:2] == b"\x1f\x8b":
        kind = "idx" if _is_idx(_unpacked_head(path)) or "-ubyte" in path.name else "archive"
    elif head[:4] in (b"PK\3\4", b"PK\5\6"):
        kind = "numpy" if _names_npy(head) else "archive"
    elif head[257:262] == b"ustar" or head[:3] == b"BZh" or head[:6] == b"\xfd7zXZ\0":
        kind = "archive"
    elif _is_idx(head) or "-ubyte" in path.name or suffix == ".idx":
        kind = "idx"
    elif head.startswith(_PICTURES) or head[8:12] == b"WEBP" or head[4:8] == b"ftyp" or suffix in SUFFIXES:
        kind = "picture"
    elif suffix in (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz"):
        kind = "archive"
    elif suffix in _TABLE_SUFFIXES:
        kind = "table"
    elif suffix in _TEXT_SUFFIXES or _is_text(head):
        kind = "text"
    if kind is None:
        raise BadInput(f"{path} is of a kind that is not read here.", _KNOWN)
    return kind


def _is_idx(head: bytes) -> bool:
    """Tell idx by its magic number: two zeros, a type, 1 to 8 dimensions."""
    return len(head) >= 8 and head[:2] == b"\0\0" and head[2] in _IDX_TYPES and 1 <= head[3] <= 8


def _unpacked_head(path: Path) -> bytes:
    """Return the first bytes inside a gzip; empty when it is damaged."""
    try:
        with gzip.open(path) as stream:
            return stream.read(8)
    except (OSError, EOFError, zlib.error):
        return b""


def _names_npy(head: bytes) -> bool:
    """Tell an npz under another name: a zip whose first member is called *.npy."""
    length = int.from_bytes(head[26:28], "little")
    return head[30 : 30 + length].endswith(b".npy")


def _is_text(head: bytes) -> bool:
    """Tell UTF-8 text (the last character may be cut) without control characters other than spaces."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
    return not any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)


def idx_files(folder: Path) -> IdxFiles | None:
    """Find MNIST-style idx files in a folder, or in the `<Name>/raw` that torchvision makes below it.

    Returns:
        The files, or None when there is no training picture file.

    Raises:
        OSError: the folder cannot be read.
    """
    for place in (folder, *sorted(folder.glob("*/raw")), *sorted(folder.glob("raw"))):
        names = {p.name: p for p in sorted(place.iterdir(), reverse=True) if "ubyte" in p.name and p.is_file()}
        train = next((p for n, p in names.items() if "images" in n and "train" in n), None)
        if train is not None:
            test = next((p for n, p in names.items() if "images" in n and ("t10k" in n or "test" in n)), None)
            return IdxFiles(train, labels_beside(train), test, test and labels_beside(test))
    return None


def labels_beside(images: Path) -> Path | None:
    """Return the label file that belongs to an idx picture file, packed or not."""
    name = images.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    for candidate in (
        name,
        f"{name}.gz",
        name.replace("idx1-ubyte", "idx2-int"),
        f"{name}.gz".replace("idx1-ubyte", "idx2-int"),
    ):
        if candidate != images.name and (images.parent / candidate).is_file():
            return images.parent / candidate
    return None
