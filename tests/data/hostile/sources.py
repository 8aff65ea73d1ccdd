"""Small valid sources of every kind, and the pieces that hostile ones are made of."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

Case = tuple[str, bytes | Callable[[Path], object]]
"""A file name with its content, or with a function that makes the source at the given path."""

BOMB = 1 << 30
"""Bytes that a bomb unpacks to."""


def canary(folder: Path) -> Path:
    """Return the file that exists only if something from the corpus was executed."""
    return folder / "CANARY-WAS-EXECUTED"


def picture(kind: str = "png", seed: int = 0, size: tuple[int, int] = (24, 18)) -> bytes:
    """Return a small valid picture of a format."""
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8))
    out = io.BytesIO()
    if kind == "gif":
        more = [Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8)) for _ in range(2)]
        image.save(out, "GIF", save_all=True, append_images=more)
    else:
        image.save(out, {"jpg": "JPEG", "tif": "TIFF"}.get(kind, kind.upper()))
    return out.getvalue()


def idx(array: np.ndarray, kind: int = 0x08) -> bytes:
    """Return an array in the idx format."""
    return bytes([0, 0, kind, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape) + array.tobytes()


def npy(array: np.ndarray) -> bytes:
    """Return an array in the npy format."""
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    """Return arrays in the npz format."""
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def tarred(members: dict[str, bytes], mode: str = "w") -> bytes:
    """Return a tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def pixels(count: int = 12) -> np.ndarray:
    """Return uint8 (count, 8, 8)."""
    return np.random.default_rng(1).integers(0, 256, (count, 8, 8), np.uint8)


def classes(count: int = 12) -> np.ndarray:
    """Return uint8 labels (count,)."""
    return (np.arange(count) % 3).astype(np.uint8)


def members_of_two_classes() -> dict[str, bytes]:
    return {f"{'cats' if i % 2 else 'dogs'}/{i}.png": picture(seed=i) for i in range(6)}


def seeds() -> dict[str, bytes]:
    """Return a valid small file of every kind that is read."""
    words = "The fox and the grapes, said the crow to the lion; and the tortoise went on. \n"
    return {
        **{f"picture.{kind}": picture(kind) for kind in ("png", "jpg", "gif", "bmp", "webp", "tif")},
        "data-idx3-ubyte": idx(pixels()),
        "data-idx3-ubyte.gz": gzip.compress(idx(pixels()), mtime=0),
        "data.npy": npy(pixels()),
        "data.npz": npz(x_train=pixels(), y_train=classes(), x_test=pixels(4), y_test=classes(4)),
        "data.zip": zipped(members_of_two_classes()),
        "data.tar": tarred(members_of_two_classes()),
        "data.tar.gz": gzip.compress(tarred(members_of_two_classes()), mtime=0),
        "data.txt": (words * 30).encode(),
    }


def zeros(length: int = BOMB) -> bytes:
    """Return a raw deflate stream of `length` zeros without computing it: one flushed megabyte, repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * (length >> 20) + packer.flush(zlib.Z_FINISH)


def zip_bomb(name: str, start: bytes = b"", entries: int = 1, declared: int = BOMB) -> bytes:
    """Return a zip whose entries (all sharing one stream) unpack to a gigabyte each, whatever they declare."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH) + zeros()
    encoded = name.encode()
    common = struct.pack("<HHHHIII", 0, 8, 0, 0, 0, len(data), min(declared, 2**32 - 1))
    local = b"PK\3\4" + struct.pack("<H", 20) + common + struct.pack("<HH", len(encoded), 0) + encoded
    central = b""
    for _ in range(entries):
        head = b"PK\1\2" + struct.pack("<HH", 20, 20) + common
        central += head + struct.pack("<HHHHHII", len(encoded), 0, 0, 0, 0, 0, 0) + encoded
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, entries, entries, len(central), len(local) + len(data), 0)
    return local + data + central + end


class _Trap:
    """Creates the canary when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def trap(path: Path) -> _Trap:
    """Aim at the canary of the corpus that `path` (folder/NNNN/name) belongs to."""
    return _Trap(canary(path.parent.parent))


def write(path: Path, members: dict[str, bytes]) -> None:
    """Write files below a folder."""
    for name, data in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
