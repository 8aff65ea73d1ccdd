"""Valid sources truncated, flipped, overwritten, lengthened and mislabelled."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.data.hostile.sources import (
    Case,
    members_of_two_classes,
    picture,
    seeds,
)


def _flipped(data: bytes, seed: int, bits: int, within: int) -> bytes:
    """Return the data with some bits of its first `within` bytes flipped."""
    rng, out = random.Random(seed), bytearray(data)
    for _ in range(bits):
        out[rng.randrange(min(within, len(out)))] ^= 1 << rng.randrange(8)
    return bytes(out)


def mutations() -> Iterator[Case]:
    """Truncate, flip, overwrite, lengthen and mislabel each seed."""
    valid = seeds()
    for index, (name, data) in enumerate(valid.items()):
        for share in (0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98):
            yield name, data[: int(len(data) * share)]
        yield name, data[:-1]
        for round_ in range(7):
            yield name, _flipped(data, 100 * index + round_, 1 + round_ % 3, 48)
            yield name, _flipped(data, 100 * index + 50 + round_, 1 << round_, len(data))
        yield name, bytes(16) + data[16:]
        yield name, b"\xff" * 8 + data[8:]
        yield name, data[: len(data) // 2] + bytes(64) + data[len(data) // 2 :]
        yield name, data + random.Random(index).randbytes(500)
        yield name, random.Random(index).randbytes(700)
        yield name, bytes(len(data))
        other = list(valid.values())
        yield name, other[(index + 3) % len(other)]
        yield name, other[(index + 8) % len(other)]


def pictures_in_folders() -> Iterator[Case]:
    """Put one damaged picture among good ones: the good ones must survive."""
    for index, kind in enumerate(("png", "jpg", "gif", "webp", "bmp", "tif")):
        for share in (0.0, 0.3, 0.9):
            yield f"truncated {kind}", _folder(picture(kind)[: int(len(picture(kind)) * share)], kind)
        for round_ in range(5):
            yield f"flipped {kind}", _folder(_flipped(picture(kind), index * 10 + round_, 6, 60), kind)


def _folder(bad: bytes, kind: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        for name, data in {**members_of_two_classes(), f"cats/bad.{kind}": bad}.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)

    return make
