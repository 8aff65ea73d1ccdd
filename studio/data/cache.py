"""Decoded pictures kept on disk: written once, memory-mapped afterwards, found again by fingerprint.

A cache entry is a folder `<workspace>/cache/decoded/<key>/` with `pixels.npy` (uint8 (N, C, H, W)), `kept.npy`
(int64 (N,), which of the wanted files each row is) and `facts.json`. It appears under its name in one step, so
work that was cancelled or killed leaves nothing that could be taken for complete.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadInput, StudioError
from studio.core.files import explained, new_folder, read_json, write_atomic

IN_MEMORY = 512 << 20
"""Bytes up to which pixels are held in memory instead of being mapped."""
_VERSION = 1
_LEFTOVER_AGE = 24 * 3600
_LISTINGS = "listings"

log = logging.getLogger(__name__)
Shape = tuple[int, int, int]
Block = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Pictures (n, C, H, W) and the numbers (n,) of the files they come from."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A complete cache entry.

    Attributes:
        pixels: uint8 (N, C, H, W), in memory or mapped read-only.
        kept: int64 (N,), ascending: the number of the wanted file each row was decoded from.
        digest: hash of the pixels; equal pictures give equal digests wherever they lie.
        messages: what happened while decoding, for the person.
    """

    pixels: NDArray[np.uint8]
    kept: NDArray[np.int64]
    digest: str
    messages: tuple[str, ...]


class _OvertakenError(Exception):
    """Another process finished the same entry first; it may be mapped already, so it stays."""


def key_of(*parts: Any) -> str:
    """Return a short hash of JSON values, bytes and arrays."""
    state = hashlib.blake2b(digest_size=16)
    for part in (_VERSION, *parts):
        if isinstance(part, np.ndarray):
            state.update(np.ascontiguousarray(part).data)
        elif isinstance(part, bytes):
            state.update(part)
        else:
            state.update(json.dumps(part, sort_keys=True, ensure_ascii=True).encode())
        state.update(b"|")
    return state.hexdigest()


def decoded_or_built(
    workspace: Path,
    key: str,
    start: Callable[[], tuple[Shape, Iterator[Block]]],
    told: Callable[[], tuple[str, ...]] = tuple,
) -> Decoded:
    """Return a cache entry, building it first when it is not there or damaged.

    Args:
        workspace: the folder that holds `cache`.
        key: from `key_of`; covers everything that changes the pixels.
        start: begins the decoding and returns the pictures' (C, H, W) and the blocks; both may raise `Cancelled` or
            `BadInput` at any point, which leaves nothing behind.
        told: called after the last block for the messages to store.

    Raises:
        StoreError: the disk is full or the workspace cannot be written.
        BadInput: nothing could be decoded.
    """
    path = workspace / "cache" / "decoded" / key
    found = find(path)
    if found is None:
        with explained(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            _sweep(path.parent)
        with suppress(_OvertakenError), new_folder(path) as folder:
            _write(folder, *start(), told)
            if find(path) is not None:
                raise _OvertakenError
        found = find(path)
    if found is None:
        raise BadInput(f"{path} could not be read back.", "Delete the workspace's cache folder and try again.")
    return found


def find(path: Path) -> Decoded | None:
    """Return a complete entry, or None when there is none or it does not hold what it says."""
    if not path.is_dir():
        return None
    try:
        facts = read_json(path / "facts.json")
        count, shape = int(facts["count"]), tuple(int(n) for n in facts["shape"])
        small = (path / "pixels.npy").stat().st_size <= IN_MEMORY
        pixels = np.load(path / "pixels.npy", mmap_mode=None if small else "r", allow_pickle=False)
        kept = np.load(path / "kept.npy", allow_pickle=False)
        if pixels.shape != (count, *shape) or pixels.dtype != np.uint8 or kept.shape != (count,):
            raise ValueError(f"{pixels.shape} {pixels.dtype} and {kept.shape} for {count} x {shape}")
        messages = tuple(str(m) for m in facts["messages"])
        digest = str(facts["digest"])
    except (StudioError, OSError, ValueError, KeyError, TypeError, EOFError) as error:
        log.warning("The cache entry %s is damaged and is made again: %s", path, error)
        return None
    return Decoded(pixels.view(np.ndarray), kept, digest, messages)


def _write(folder: Path, shape: Shape, blocks: Iterator[Block], told: Callable[[], tuple[str, ...]]) -> None:
    """Fill a new entry; the header of `pixels.npy` is written again once the number of pictures is known."""
    state = hashlib.blake2b(digest_size=16)
    kept: list[NDArray[np.int64]] = []
    count = 0
    with (folder / "pixels.npy").open("wb") as file:
        start = _header(file, 0, shape)
        for pixels, numbers in blocks:
            content = np.ascontiguousarray(pixels).reshape(-1).data
            file.write(content)
            state.update(content)
            kept.append(numbers)
            count += len(numbers)
        if not count:
            raise BadInput("No picture could be decoded.", "Run the data-set check to see why.")
        file.seek(0)
        if _header(file, count, shape) != start:  # numpy pads the header so that the count may grow in place
            raise RuntimeError("the npy header changed its length")
    np.save(folder / "kept.npy", np.concatenate(kept))
    facts = {"count": count, "shape": shape, "digest": state.hexdigest(), "messages": told()}
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def _header(file: IO[bytes], count: int, shape: Shape) -> int:
    """Write an npy header and return its length."""
    about = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(file, about)
    return file.tell()


def _sweep(folder: Path) -> None:
    """Remove what killed processes left half-written more than a day ago."""
    for leftover in folder.glob(".*.tmp"):
        if time.time() - leftover.stat().st_mtime > _LEFTOVER_AGE:
            shutil.rmtree(leftover, ignore_errors=True)


def remembered(workspace: Path, key: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return a JSON document that is slow to make (an archive's listing), stored under its key.

    Raises:
        StoreError: the workspace cannot be written.
    """
    path = workspace / "cache" / _LISTINGS / f"{key}.json"
    if path.is_file():
        try:
            document = read_json(path)
            if isinstance(document, dict):
                return document
        except StudioError as error:
            log.warning("%s is made again: %s", path, error)
    document = make()
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps(document).encode())
    return document
