"""Number files that lie about shapes and types, hide pickles, or hold what no picture has."""

from __future__ import annotations

import pickle
import struct
import zlib
from collections.abc import Iterator

import numpy as np

from tests.data.hostile.sources import (
    BOMB,
    Case,
    classes,
    idx,
    npy,
    npz,
    pixels,
    trap,
    zeros,
    zip_bomb,
    zipped,
)


def _header(text: str, version: int = 1, length: int | None = None) -> bytes:
    """Return an npy file with a hand-written header and a little data."""
    body = text.encode() + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(body) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + body + bytes(64)


def arrays() -> Iterator[Case]:
    """Lie about shapes and types, hide pickles, and leave numbers that no picture has."""
    big = lambda *dims: b"".join(struct.pack(">I", n) for n in dims)  # noqa: E731
    yield "huge-idx3-ubyte", b"\0\0\x08\x03" + big(2**32 - 1, 2**32 - 1, 2**32 - 1) + bytes(100)
    yield "large-idx3-ubyte", b"\0\0\x08\x03" + big(60_000, 28_000, 28_000) + bytes(100)
    yield "deep-idx3-ubyte", b"\0\0\x08\xff" + big(*[1] * 255) + b"\7"
    yield "flat-idx0-ubyte", b"\0\0\x08\x00\x07"
    yield "odd-idx3-ubyte", b"\0\0\x07\x03" + big(1, 1, 1) + b"\7"
    yield "none-idx3-ubyte", b"\0\0\x08\x03" + big(0, 8, 8)
    yield "thin-idx3-ubyte", b"\0\0\x08\x03" + big(8, 0, 8)
    nan = np.full((6, 8, 8), np.nan, ">f4")
    yield "nan-idx3-float", idx(nan, 0x0D)
    yield "bomb-idx3-ubyte.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + zeros() + bytes(8)
    sized = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = sized.compress(b"\0\0\x08\x03" + big(BOMB // 64, 8, 8)) + sized.flush(zlib.Z_FULL_FLUSH)
    yield "sized-bomb-idx3-ubyte.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + head + zeros() + bytes(8)

    spec = "{{'descr': {}, 'fortran_order': {}, 'shape': {}, }}"
    for descr, order, shape in (
        ("'|u1'", "False", "(1000000000000, 8, 8)"),
        ("'|u1'", "False", "(-1, 8, 8)"),
        ("'|u1'", "False", "(4294967296, 4294967296, 4294967296)"),
        ("'|u1'", "False", "'eight'"),
        ("'|u1'", "False", "()"),
        ("'|u1'", "False", "(0, 8, 8)"),
        ("'|u1'", "True", "(1, 8, 8)"),
        ("'|u1'", "7", "(1, 8, 8)"),
        ("'|O'", "False", "(1, 8, 8)"),
        ("'|V64'", "False", "(1,)"),
        ("'|S64'", "False", "(1,)"),
        ("'<U16'", "False", "(1,)"),
        ("'<M8[s]'", "False", "(8,)"),
        ("'<c16'", "False", "(2, 2)"),
        ("[('a', '|u1'), ('b', '<f4')]", "False", "(4,)"),
        ("__import__('os')", "False", "(1, 8, 8)"),
    ):
        yield "header.npy", _header(spec.format(descr, order, shape))
    yield "deep.npy", _header("(" * 5000 + ")" * 5000)
    yield "long.npy", _header("{'descr': '|u1'}", 2, 2**32 - 1)
    yield "version.npy", _header(spec.format("'|u1'", "False", "(1, 8, 8)"), 9)
    for name, array in {
        "nan": np.full((6, 8, 8), np.nan, np.float32),
        "some-nan": np.where(np.arange(384).reshape(6, 8, 8) == 5, np.inf, 0.5).astype(np.float32),
        "signed": np.full((6, 8, 8), -5, np.int64),
        "large": np.full((6, 8, 8), 1e300),
        "bool": np.ones((6, 8, 8), bool),
        "seven": np.zeros((2,) * 7, np.uint8),
        "line": np.zeros(77, np.uint8),
        "rows": np.zeros((5, 77), np.uint8),
        "channels": np.zeros((5, 8, 8, 9), np.uint8),
        "wide": np.zeros((1, 8, 60_000), np.uint8),
        "complex": np.zeros((6, 8, 8), np.complex64),
        "words": np.array([["a", "b"], ["c", "d"]]),
    }.items():
        yield f"{name}.npy", npy(array)
    yield "pickle.npy", lambda path: path.write_bytes(npy(np.array([trap(path)] * 3, object)))
    yield "pickle.npz", lambda path: path.write_bytes(npz(x=np.array([trap(path)] * 3, object), y=classes(3)))
    for ending in ("npy", "npz", "zip", "png", "txt", "idx3-ubyte", "gz", "tar", "pkl", "pt"):
        yield f"raw.{ending}", lambda path: path.write_bytes(pickle.dumps(trap(path)))
    for name, group in {
        "counts": {"x": pixels(12), "y": classes(11)},
        "test-counts": {"x_train": pixels(), "y_train": classes(), "x_test": pixels(4), "y_test": classes(9)},
        "test-shape": {"x_train": pixels(), "y_train": classes(), "x_test": np.zeros((4, 9, 7), np.uint8)},
        "labels-only": {"y": classes()},
        "label-rows": {"x": pixels(), "y": np.zeros((12, 3, 2), np.uint8)},
        "label-nan": {"x": pixels(), "y": np.full(12, np.nan)},
        "label-negative": {"x": pixels(), "y": np.arange(12) - 6},
        "label-huge": {"x": pixels(), "y": np.arange(12, dtype=np.int64) * 10**17},
        "label-words": {"x": pixels(), "y": np.array(["a", "b", "c"] * 4)},
        "nan": {"x": np.full((12, 8, 8), np.nan), "y": classes()},
        "nothing": {},
        "scalar": {"x": np.float32(3)},
        "unknown": {"weights": pixels(), "bias": np.zeros(3)},
    }.items():
        yield f"{name}.npz", npz(**group)
    yield "escape.npz", zipped({"../x.npy": npy(pixels()), "/y.npy": npy(classes())})
    yield "members.npz", zipped({"x.npy": b"not an array", "y.txt": b"hello"})
    yield "twice.npz", zipped({"x.npy": npy(pixels()), "x": npy(pixels(3))})
    yield "bomb.npz", zip_bomb("x.npy", npy(np.zeros((BOMB // 64, 8, 8), np.uint8)[:0]))
