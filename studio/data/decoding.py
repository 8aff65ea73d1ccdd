"""Many picture files to equal-sized pixels: a look at a sample decides shape and colour, threads do the work."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, takewhile
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadInput
from studio.data.cache import Block, Shape
from studio.data.fixes import Fixes
from studio.data.options import DataOptions
from studio.data.pairs import decode_pair
from studio.data.pictures import Colour, Fit, decode, has_colour, is_animated, size_of
from studio.data.progress import Progress

FALLBACK_SIZE = 64
"""Side in pixels when the pictures have no common size of their own, or one too large to train on unasked."""
_LARGEST_OWN = 512
_SAMPLE = 48
_PER_TASK = 32
_THREADS = min(8, os.cpu_count() or 1)

log = logging.getLogger(__name__)


class Files(Protocol):
    """Numbered files to read; `Scan` is one."""

    @property
    def files(self) -> tuple[str, ...]:
        """Names by number."""
        ...

    def read(self, index: int) -> bytes:
        """Return one file's content, from any thread; BadInput when it cannot be read."""
        ...


@dataclass(frozen=True)
class Plan:
    """How every picture of a source is decoded.

    Attributes:
        shape: (C, H, W) of the result.
        pairs: each file holds two pictures side by side, fitted one by one.
        messages: what the person should know about this choice.
    """

    shape: Shape
    fit: Fit
    fixes: Fixes
    messages: tuple[str, ...] = ()
    pairs: bool = False


@dataclass
class Failures:
    """What was left out while decoding: counts, and the first few names with reasons."""

    damaged: int = 0
    duplicates: int = 0
    animated: int = 0
    examples: list[str] = field(default_factory=list)

    def messages(self) -> tuple[str, ...]:
        """Say it in sentences; empty when nothing was left out."""
        said = []
        if self.damaged:
            said.append(f"{_pictures(self.damaged)} left out, since undecodable: {'; '.join(self.examples)}")
        if self.duplicates:
            said.append(f"{_pictures(self.duplicates)} left out as duplicates.")
        if self.animated:
            said.append(f"{_pictures(self.animated)} left out as animated.")
        return tuple(said)


def _pictures(count: int) -> str:
    return "1 picture was" if count == 1 else f"{count:,} pictures were"


def survey(files: Files, wanted: NDArray[np.int64], options: DataOptions, fixes: Fixes) -> Plan:
    """Choose one shape for all pictures from a sample of them.

    Raises:
        BadInput: none can be decoded.
    """
    sizes: list[tuple[int, int]] = []
    colour = options.colour == "colour"
    spread = np.unique(np.linspace(0, len(wanted) - 1, _SAMPLE).astype(int))
    others = takewhile(lambda _: not sizes, range(len(wanted)))  # goes on only while no readable one was found
    failure = ""
    for index in chain(spread.tolist(), others):
        name = files.files[wanted[index]]
        try:
            content = files.read(int(wanted[index]))
            size = size_of(content, exif=fixes.exif, name=name)
            if options.colour == "auto" and not colour:
                colour = has_colour(content, name)
            sizes.append(size)
        except BadInput as error:
            failure = failure or error.what
    if not sizes:
        raise BadInput("None of the pictures can be decoded.", "Run the data-set check to see why.", details=failure)
    channels = 3 if colour else 1
    if options.pairs:
        halves, message = _common_size([(height, width // 2) for height, width in sizes], options.size)
        return Plan((channels, min(halves), 2 * min(halves)), options.fit, fixes, message, pairs=True)
    (height, width), message = _common_size(sizes, options.size)
    return Plan((channels, height, width), options.fit, fixes, message)


def _common_size(sizes: list[tuple[int, int]], asked: int) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Return (height, width) and what to say about it."""
    if asked:
        return (asked, asked), ()
    own = set(sizes)
    if len(own) == 1 and max(sizes[0]) <= _LARGEST_OWN:
        return sizes[0], ()
    side = min(FALLBACK_SIZE, max(1, min(map(min, sizes)))) if len(own) == 1 else FALLBACK_SIZE
    why = "have different sizes" if len(own) > 1 else f"are {sizes[0][1]} x {sizes[0][0]} px"
    return (side, side), (f"The pictures {why}; they are used at {side} x {side} px. Set Size to choose another.",)


def blocks(
    files: Files, wanted: NDArray[np.int64], plan: Plan, failures: Failures, progress: Progress
) -> Iterator[Block]:
    """Decode files in threads and yield them in order, a few dozen at a time; memory stays small.

    Args:
        files: where they are read from.
        wanted: int64 (N,), the numbers of the files to decode.
        plan: from `survey`.
        failures: filled while this runs.
        progress: called once a block; may raise `Cancelled`.

    Yields:
        Pictures uint8 (n, C, H, W) and their positions (n,) in `wanted`.
    """
    seen: set[bytes] = set()
    for start, results in _in_order(files, wanted, plan):
        progress(start, len(wanted), "Decoding pictures")
        good: list[NDArray[np.uint8]] = []
        kept: list[int] = []
        for position, (pixels, sum_, problem) in enumerate(results, start):
            if pixels is None:
                _count(failures, problem)
            elif plan.fixes.drop_duplicates and sum_ in seen:
                failures.duplicates += 1
            else:
                seen.add(sum_)
                good.append(pixels)
                kept.append(position)
        if good:
            yield np.stack(good), np.array(kept, np.int64)
    progress(len(wanted), len(wanted), "Decoding pictures")


_Result = tuple[NDArray[np.uint8] | None, bytes, str]
_ANIMATED = "animated"


def _count(failures: Failures, problem: str) -> None:
    if problem == _ANIMATED:
        failures.animated += 1
        return
    failures.damaged += 1
    log.warning("Left out: %s", problem)
    if len(failures.examples) < 3:
        failures.examples.append(problem)


def _in_order(files: Files, wanted: NDArray[np.int64], plan: Plan) -> Iterator[tuple[int, list[_Result]]]:
    """Run the tasks a few ahead of the consumer; leaving early cancels what has not begun."""
    starts = iter(range(0, len(wanted), _PER_TASK))
    waiting: deque[tuple[int, Future[list[_Result]]]] = deque()
    pool = ThreadPoolExecutor(_THREADS, "decode")
    try:
        while True:
            while len(waiting) < 3 * _THREADS and (start := next(starts, None)) is not None:
                numbers = wanted[start : start + _PER_TASK].tolist()
                waiting.append((start, pool.submit(_decode_some, files, numbers, plan)))
            if not waiting:
                return
            first, task = waiting.popleft()
            yield first, task.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _decode_some(files: Files, numbers: list[int], plan: Plan) -> list[_Result]:
    """Decode a few files; a damaged one becomes a reason instead of pixels."""
    results: list[_Result] = []
    for number in numbers:
        name = files.files[number]
        try:
            content = files.read(number)
            if plan.fixes.animated == "skip" and is_animated(content, name):
                results.append((None, b"", _ANIMATED))
                continue
            pixels = _decoded(content, plan, name)
            sum_ = hashlib.blake2b(content, digest_size=16).digest() if plan.fixes.drop_duplicates else b""
            results.append((pixels, sum_, ""))
        except BadInput as error:
            results.append((None, b"", error.what))
    return results


def _decoded(content: bytes, plan: Plan, name: str) -> NDArray[np.uint8]:
    """Decode one file in the plan's shape."""
    channels, height, width = plan.shape
    colour: Colour = "grey" if channels == 1 else "colour"
    if plan.pairs:
        return decode_pair(content, height, plan.fit, colour, exif=plan.fixes.exif, name=name)
    return decode(content, (height, width), plan.fit, colour, exif=plan.fixes.exif, name=name)
