"""Pictures that lie about their size, hide bombs, or are no files at all."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.data.hostile.sources import (
    Case,
    picture,
    zeros,
)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, data: bytes | None = None, extra: bytes = b"") -> bytes:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = zlib.compress(bytes(100)) if data is None else data
    return b"\x89PNG\r\n\x1a\n" + head + extra + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def with_orientation(orientation: int) -> bytes:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.zeros((10, 20, 3), np.uint8)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def pictures() -> Iterator[Case]:
    """Declare enormous sizes, hide bombs in chunks, and dress programs as pictures."""
    zlib_zeros = b"\x78\x9c" + zeros()
    for width, height in ((100_000, 100_000), (2**31 - 1, 2**31 - 1), (0, 0), (60_000, 1), (1, 1), (13_000, 13_000)):
        yield f"{width}x{height}.png", _png(width, height)
    yield "bomb.png", _png(17_000, 17_000, zlib_zeros)
    yield "text-bomb.png", _png(8, 8, extra=_chunk(b"zTXt", b"k\0\0" + zlib_zeros))
    yield "profile-bomb.png", _png(8, 8, extra=_chunk(b"iCCP", b"k\0\0" + zlib_zeros))
    yield "screen.gif", picture("gif")[:6] + b"\xff\xff\xff\xff" + picture("gif")[10:]
    jpeg = picture("jpg")
    frame = jpeg.index(b"\xff\xc0") + 5
    yield "huge.jpg", jpeg[:frame] + b"\xff\xff\xff\xff" + jpeg[frame + 4 :]
    bitmap = picture("bmp")
    yield "huge.bmp", bitmap[:18] + struct.pack("<ii", 2**31 - 1, 2**31 - 1) + bitmap[26:]
    yield "negative.bmp", bitmap[:18] + struct.pack("<ii", -1, -(2**31)) + bitmap[26:]
    tiff = picture("tif")
    start = struct.unpack("<I", tiff[4:8])[0]
    count = struct.unpack("<H", tiff[start : start + 2])[0]
    end = start + 2 + 12 * count
    yield "endless.tif", tiff[:end] + struct.pack("<I", start) + tiff[end + 4 :]
    script = (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n(CANARY) (w) file closefile\nshowpage\n"
    )
    yield "script.eps", script
    yield "script.png", script
    yield "vector.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"
    yield "page.jpg", b"<html><body>404 Not Found</body></html>"
    yield "program.png", b"\x7fELF" + bytes(200)
    for orientation in (3, 6, 8, 9, 60_000):
        yield f"orientation-{orientation}.jpg", with_orientation(orientation)
    for name in ("line\nbreak.png", "😀 smile.png", "a" * 200 + ".png", "-rf.png", "%s {0} <b>.png", "‮gnp.exe.png"):
        yield name, picture()
    yield "bytes-name.png", _undecodable
    yield "pipe.png", os.mkfifo
    yield "socket.png", leave_socket
    yield "zero.png", lambda path: path.symlink_to("/dev/zero")
    yield "loop.png", lambda path: path.symlink_to(path)
    yield "missing.png", lambda path: path.symlink_to(path.parent / "nowhere")
    yield "unreadable.png", _unreadable


def _undecodable(path: Path) -> Path:
    odd = path.with_name(os.fsdecode(b"\xff\xfe-name.png"))
    with contextlib.suppress(OSError):  # some file systems refuse such names
        odd.write_bytes(picture())
        return odd
    path.write_bytes(picture())
    return path


def leave_socket(path: Path) -> None:
    """Leave a socket where a file is expected; bound from inside its folder because such paths are short."""
    server, here = socket.socket(socket.AF_UNIX), Path.cwd()
    try:
        os.chdir(path.parent)
        server.bind(path.name)
    finally:
        os.chdir(here)
        server.close()


def _unreadable(path: Path) -> None:
    path.write_bytes(picture())
    path.chmod(0)
