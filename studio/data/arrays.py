"""Number files: idx (MNIST's format, also gzipped), npy and npz; never a pickle, never more than the caps.

Formats: idx as described at http://yann.lecun.com/exdb/mnist; npy as in NEP 1 of numpy.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadInput

_IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_LARGEST = 8 << 30
"""Bytes of one array; larger ones belong in a folder of pictures, which is cached piece by piece."""
_BOMB_SIZE, _BOMB_RATIO = 256 << 20, 200
"""A packed array this large that shrank this much is a bomb, not pictures."""
_CHUNK = 1 << 22
_AGAIN = "Fetch or export the file again."


def read_idx(source: Path | str | bytes) -> NDArray[Any]:
    """Read an idx file, plain or gzipped.

    Args:
        source: a path, or the content itself.

    Returns:
        The array in native byte order: uint8, int8, int16, int32, float32 or float64.

    Raises:
        BadInput: not idx, truncated, longer than its header says, or too large.
    """
    if isinstance(source, bytes):
        return _read_idx(io.BytesIO(source), "The idx data", len(source))
    path = Path(source)
    try:
        with path.open("rb") as file:
            return _read_idx(file, str(path), path.stat().st_size)
    except OSError as error:
        raise unreadable(path, error) from error


def _read_idx(file: IO[bytes], name: str, stored: int) -> NDArray[Any]:
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    stream: IO[bytes] = gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[assignment]
    try:
        dtype, shape = _idx_header(stream, name)
        size = _checked_size(dtype, shape, name, stored if packed else 0)
        if not packed and stored < size:  # before memory is taken for it
            raise _short(name, stored, size)
        content = _read_exactly(stream, size, name)
        if stream.read(1):
            raise BadInput(f"{name} is damaged: it is longer than its header says.", _AGAIN)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(f"{name} is damaged: its compressed data is broken or cut off.", _AGAIN) from error
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _idx_header(stream: IO[bytes], name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Read the magic number and the dimensions."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _IDX_TYPES or not 1 <= magic[3] <= 8:
        raise BadInput(f"{name} is not an idx file: it starts with {magic.hex(' ') or 'nothing'}.", _AGAIN)
    dims = stream.read(4 * magic[3])
    if len(dims) < 4 * magic[3]:
        raise BadInput(f"{name} is cut off in its header.", _AGAIN)
    return np.dtype(_IDX_TYPES[magic[2]]), struct.unpack(f">{magic[3]}I", dims)


def _checked_size(dtype: np.dtype[Any], shape: tuple[int, ...], name: str, packed: int) -> int:
    """Return the bytes of an array, refusing what is too large; `packed` is the compressed size or 0."""
    size = math.prod(shape) * dtype.itemsize
    if size > _LARGEST:
        raise BadInput(
            f"{name} says it holds {size / 1e9:,.1f} GB ({' x '.join(map(str, shape))}).",
            "Files above 8 GB are not read; split it, or export it as a folder of pictures.",
        )
    if packed and size > _BOMB_SIZE and size > packed * _BOMB_RATIO:
        raise BadInput(
            f"{name} would unpack to {size // packed} times its size: it looks like a decompression bomb.",
            "If it is genuine, unpack it yourself and open the unpacked file.",
        )
    return size


def _read_exactly(stream: IO[bytes], size: int, name: str) -> bytearray:
    """Read in pieces, so that a header that promises too much costs no memory."""
    content = bytearray()
    while len(content) < size:
        piece = stream.read(min(_CHUNK, size - len(content)))
        if not piece:
            raise _short(name, len(content), size)
        content += piece
    return content


def unreadable(path: Path, error: OSError) -> BadInput:
    """Return the message for a file the system does not let us read."""
    return BadInput(f"{path} cannot be read ({error.strerror or error}).", "Check the path and permissions.")


def _short(name: str, found: int, size: int) -> BadInput:
    return BadInput(f"{name} is cut off: {found:,} of {size:,} bytes are there.", _AGAIN)


def read_numpy(path: Path | str) -> dict[str, NDArray[Any]]:
    """Read an npy or npz file without ever unpickling.

    Returns:
        Arrays by name; an npy gives one called "arr_0", memory-mapped read-only.

    Raises:
        BadInput: not such a file, damaged, pickled objects inside, or too large.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            magic = file.read(6)
        return _read_npz(path) if magic[:2] == b"PK" else {"arr_0": _map_npy(path)}
    except OSError as error:
        raise unreadable(path, error) from error


def _map_npy(path: Path) -> NDArray[Any]:
    """Map a plain npy after its header was checked against its length."""
    with path.open("rb") as file:
        shape, fortran, dtype = _npy_header(file, str(path))
        offset = file.tell()
    size, stored = math.prod(shape) * dtype.itemsize, path.stat().st_size - offset
    if stored < size:
        raise _short(str(path), stored, size)
    if not size:
        return np.empty(shape, dtype)
    mapped = np.memmap(path, dtype, "r", offset, shape, "F" if fortran else "C")
    return mapped.view(np.ndarray)


def _npy_header(stream: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read and check a header: numbers, booleans and strings only."""
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except Exception as error:  # numpy's parser raises many types for a hostile header
        raise BadInput(f"{name} is not a readable npy array.", _AGAIN, details=str(error)) from error
    if dtype.hasobject:
        raise BadInput(
            f"{name} holds pickled Python objects, which could run code and are never loaded.",
            "Save it again as plain numbers: numpy.save(..., allow_pickle=False).",
        )
    if dtype.kind not in "biufUS":
        raise BadInput(f"{name} holds values of type {dtype}, not numbers or names.", "Save it as uint8 or float32.")
    if any(n < 0 for n in shape):
        raise BadInput(f"{name} has an impossible shape: {shape}.", _AGAIN)
    return shape, fortran, dtype


def _read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read every array of an npz; the sum of their sizes is capped too."""
    arrays: dict[str, NDArray[Any]] = {}
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if not info.filename.endswith(".npy"):
                    continue
                name = f"{info.filename.removesuffix('.npy')} in {path}"
                with archive.open(info) as stream:
                    shape, fortran, dtype = _npy_header(stream, name)
                    total += _checked_size(dtype, shape, name, info.compress_size or 1)
                    if total > _LARGEST:
                        raise BadInput(f"{path} holds more than 8 GB.", "Split it into several files.")
                    content = _read_exactly(stream, math.prod(shape) * dtype.itemsize, name)
                    stream.read(1)  # reaching the end makes zipfile check the sum
                array: NDArray[Any] = np.frombuffer(content, dtype)
                arrays[info.filename.removesuffix(".npy")] = array.reshape(shape, order="F" if fortran else "C")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BadInput(f"{path} is damaged or packed in an unknown way.", _AGAIN, details=str(error)) from error
    if not arrays:
        raise BadInput(f"{path} holds no arrays.", "An npz made by numpy.savez is expected.")
    return arrays
