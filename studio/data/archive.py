"""Zip and tar archives as a flat list of files, read in memory; nothing is ever unpacked to disk under its own name.

Hostile archives are refused when they are opened: names that lead outside, links and devices, members that
overlap or unpack to absurd sizes.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import stat
import tarfile
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Protocol

from studio.core.errors import BadInput
from studio.data.arrays import unreadable

_MOST_FILES = 2_000_000
_LARGEST_FILE = 512 << 20
_LARGEST_TOTAL = 64 << 30
_BOMB_SIZE, _BOMB_RATIO = 32 << 20, 200
"""A member this large that shrank this much is a bomb; pictures hardly shrink."""
_CHUNK = 1 << 22
_AGAIN = "Fetch or pack the archive again."


class Archive(Protocol):
    """A read-only archive; `read` may be called from several threads."""

    path: Path

    def names(self) -> tuple[str, ...]:
        """Return the files' names in archive order, with `/`; folders are left out."""
        ...

    def size(self, name: str) -> int:
        """Return the unpacked size in bytes that the archive states."""
        ...

    def read(self, name: str) -> bytes:
        """Return one file's content.

        Raises:
            BadInput: it is damaged, or larger than stated.
        """
        ...

    def close(self) -> None:
        """Release the file."""
        ...


def open_archive(path: Path | str) -> Archive:
    """Open a zip, or a tar that may be packed with gzip, bzip2 or xz.

    Raises:
        BadInput: neither, damaged, encrypted, or hostile; the message names the offending member.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(6)
        return _Zip(path) if head[:4] in (b"PK\3\4", b"PK\5\6") else _Tar(path, head)
    except OSError as error:
        raise unreadable(path, error) from error


def safe_name(name: str, path: Path) -> str:
    """Return a member's name with `/`, refusing one that would lead outside its folder.

    Raises:
        BadInput: absolute, with a drive, with `..` or with a NUL.
    """
    clean = name.replace("\\", "/")
    parts = clean.split("/")
    if clean.startswith("/") or ".." in parts or "\0" in clean or ":" in parts[0]:
        raise BadInput(
            f"{path} is refused: the member {name!r} would lead outside its folder.", "Do not trust this file."
        )
    return "/".join(part for part in parts if part not in ("", "."))


class _Zip:
    """A zip: random access, one lock inside zipfile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _explained(path):
            self._zip = zipfile.ZipFile(path)
        try:
            self._members = self._checked()
        except BaseException:
            self._zip.close()
            raise

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        members: dict[str, zipfile.ZipInfo] = {}
        stored = 0
        for info in self._zip.infolist():
            name = safe_name(info.filename, self.path)
            if stat.S_ISLNK(info.external_attr >> 16):
                raise _link(self.path, name)
            if info.is_dir():
                continue
            if info.flag_bits & 1:
                raise BadInput(f"{self.path} is encrypted.", "Unpack it with its password and open the folder.")
            _check_size(self.path, name, info.file_size, info.compress_size)
            stored += info.compress_size
            members[name] = info
        _check_total(self.path, len(members), sum(i.file_size for i in members.values()))
        if stored > self.path.stat().st_size:
            raise BadInput(f"{self.path} is refused: its members overlap, as in a zip bomb.", "Do not trust this file.")
        return members

    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def size(self, name: str) -> int:
        return self._members[name].file_size

    def read(self, name: str) -> bytes:
        info = self._members[name]
        with _explained(self.path, name), self._zip.open(info) as stream:
            content = stream.read(info.file_size + 1)
        if len(content) != info.file_size:
            raise BadInput(f"{name} in {self.path} is not as long as the archive says.", _AGAIN)
        return content

    def close(self) -> None:
        self._zip.close()


class _Tar:
    """A tar: unpacked once into an anonymous temporary file when it is compressed, then random access."""

    def __init__(self, path: Path, head: bytes) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = _plain_tar(path, head)
        try:
            with _explained(path):
                self._tar = tarfile.open(fileobj=self._file, mode="r:")  # noqa: SIM115 - closed in close()
                self._members = self._checked()
        except BaseException:
            self._file.close()
            raise

    def _checked(self) -> dict[str, tarfile.TarInfo]:
        members: dict[str, tarfile.TarInfo] = {}
        for info in self._tar:
            name = safe_name(info.name, self.path)
            if info.isdir():
                continue
            if not info.isreg() or info.sparse is not None:
                raise _link(self.path, name)
            _check_size(self.path, name, info.size, 0)
            members[name] = info
            if len(members) > _MOST_FILES:
                break
        _check_total(self.path, len(members), sum(i.size for i in members.values()))
        return members

    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def size(self, name: str) -> int:
        return self._members[name].size

    def read(self, name: str) -> bytes:
        info = self._members[name]
        with self._lock:  # one file position for all threads
            self._file.seek(info.offset_data)
            content = self._file.read(info.size)
        if len(content) != info.size:
            raise BadInput(f"{name} in {self.path} is cut off.", _AGAIN)
        return content

    def close(self) -> None:
        self._tar.close()
        self._file.close()


def _plain_tar(path: Path, head: bytes) -> IO[bytes]:
    """Return the tar as a seekable stream, decompressed if need be."""
    openers: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}
    opener = openers.get(head[:2])
    if opener is None:
        return path.open("rb")
    limit = max(_BOMB_SIZE, path.stat().st_size * _BOMB_RATIO)
    plain = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the archive
    try:
        with _explained(path), opener(path, "rb") as stream:
            while piece := stream.read(_CHUNK):
                plain.write(piece)
                if plain.tell() > limit:
                    raise BadInput(
                        f"{path} unpacks to more than {_BOMB_RATIO} times its size.",
                        "It looks like a decompression bomb; if it is genuine, unpack it yourself and open the folder.",
                    )
    except BaseException:
        plain.close()
        raise
    plain.seek(0)
    return plain


@contextlib.contextmanager
def _explained(path: Path, name: str = "") -> Iterator[None]:
    """Turn what the format libraries raise for damaged files into BadInput."""
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise _damaged(path, name, error) from error
    except (NotImplementedError, RuntimeError, ValueError, OverflowError, UnicodeError) as error:
        raise _damaged(path, name, error) from error  # unknown packing, or nonsense in a header
    except OSError as error:
        if error.errno is None:  # bz2 and gzip report damaged data so
            raise _damaged(path, name, error) from error
        raise


def _damaged(path: Path, name: str, error: Exception) -> BadInput:
    where = f"{name} in {path}" if name else str(path)
    return BadInput(f"{where} is damaged.", _AGAIN, details=f"{type(error).__name__}: {error}")


def _link(path: Path, name: str) -> BadInput:
    return BadInput(
        f"{path} is refused: the member {name!r} is a link or a device.",
        "Pack the pictures themselves, or unpack the archive yourself and open the folder.",
    )


def _check_size(path: Path, name: str, size: int, packed: int) -> None:
    """Refuse a member that is too large or shrank too much (`packed` 0: not compressed by itself)."""
    bomb = packed and size > _BOMB_SIZE and size > packed * _BOMB_RATIO
    if size > _LARGEST_FILE or bomb:
        raise BadInput(
            f"{path} is refused: the member {name!r} unpacks to {size / 1e6:,.0f} MB.",
            "It looks like a decompression bomb; if it is genuine, unpack it yourself and open the folder.",
        )


def _check_total(path: Path, count: int, total: int) -> None:
    if count > _MOST_FILES or total > _LARGEST_TOTAL:
        raise BadInput(
            f"{path} holds {count:,} files of {total / 1e9:,.1f} GB in all, more than is read from an archive.",
            "Unpack it yourself and open the folder.",
        )
