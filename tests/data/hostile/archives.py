"""Archives with names that lead outside, links, devices, bombs and contradictions."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator

from tests.data.hostile.sources import (
    BOMB,
    Case,
    members_of_two_classes,
    picture,
    tarred,
    zeros,
    zip_bomb,
    zipped,
)


def _tar_with(kind: bytes, link: str = "", name: str = "cats/1.png") -> bytes:
    """Return a tar that holds two good pictures and one special member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for good in ("cats/0.png", "dogs/0.png"):
            info = tarfile.TarInfo(good)
            info.size = len(picture())
            archive.addfile(info, io.BytesIO(picture()))
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        archive.addfile(info)
    return out.getvalue()


ESCAPES = ("../escape.png", "/escape.png", "a/../../escape.png", "C:\\escape.png", "..\\escape.png", "a/./../../b.png")


def archives() -> Iterator[Case]:
    """Names that lead outside, links, devices, bombs, contradictions."""
    for number, name in enumerate(ESCAPES):
        members = {**members_of_two_classes(), name: picture()}
        yield f"escape-{number}.zip", zipped(members)
        yield f"escape-{number}.tar", tarred(members)
    for label, kind, link in (
        ("symlink", tarfile.SYMTYPE, "/etc/passwd"),
        ("up", tarfile.SYMTYPE, "../../../../etc/passwd"),
        ("self", tarfile.SYMTYPE, "cats/1.png"),
        ("hardlink", tarfile.LNKTYPE, "/etc/passwd"),
        ("inner", tarfile.LNKTYPE, "cats/0.png"),
        ("device", tarfile.CHRTYPE, ""),
        ("disk", tarfile.BLKTYPE, ""),
        ("pipe", tarfile.FIFOTYPE, ""),
    ):
        yield f"{label}.tar", _tar_with(kind, link)
    yield "bomb.zip", zip_bomb("cats/0.png")
    yield "modest-bomb.zip", zip_bomb("cats/0.png", declared=1000)
    yield "shared-bomb.zip", zip_bomb("cats/0.png", entries=200)
    yield "bomb.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + zeros() + bytes(8)
    info = tarfile.TarInfo("cats/0.png")
    info.size = 1 << 40
    yield "huge.tar", info.tobuf() + picture()
    info.size = BOMB
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(info.tobuf()) + packer.flush(zlib.Z_FULL_FLUSH)
    yield "member-bomb.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + head + zeros() + bytes(8)
    yield "nested.zip", zipped({"inner.zip": zipped(members_of_two_classes())})
    yield "empty.zip", zipped({})
    yield "empty.tar", tarred({})
    yield "texts.zip", zipped({"a.txt": b"hello", "b.md": b"there"})
    yield "folders.zip", zipped({"cats/": b"", "dogs/": b""})
    yield "junk.zip", zipped({"__MACOSX/._a.png": b"x", ".DS_Store": b"y", "Thumbs.db": b"z"})
    yield "names.zip", zipped({"cats/line\nbreak.png": picture(), "cats/😀.png": picture(), "cats/\x01.png": picture()})
    yield "long.zip", zipped({"a/" * 400 + "b.png": picture()})
    yield "bad-members.zip", zipped({f"cats/{i}.png": picture(seed=i)[: 20 * i] for i in range(8)})
    yield "many.zip", zipped({f"c{i % 700}/{i}.png": b"" for i in range(1500)})
    secret = bytearray(zipped(members_of_two_classes()))
    for at in (6, secret.index(b"PK\1\2") + 8):
        secret[at] |= 1  # the flag of an encrypted member
    yield "locked.zip", bytes(secret)
    method = bytearray(zipped({"cats/0.png": picture()}))
    method[8] = method[method.index(b"PK\1\2") + 10] = 99
    yield "method.zip", bytes(method)
