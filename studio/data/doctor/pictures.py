"""Folders, archives and single pictures: a quick pass over the headers, then every pixel is decoded in threads.

The second pass finds what a header cannot tell (files that are cut off), equal files by the hash of their bytes, and
the same picture in two files by the hash of its decoded pixels.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from PIL import Image, UnidentifiedImageError

from studio.core.errors import BadInput
from studio.data.doctor.report import Findings
from studio.data.fixes import Fixes
from studio.data.pictures import decode, opened
from studio.data.progress import Progress
from studio.data.scan import Scan

_THREADS = min(8, os.cpu_count() or 1)
_LARGEST_FILE = 512 << 20
_LARGE_PIXELS = 16_000_000
_LARGE = threading.Lock()
"""Pictures above `_LARGE_PIXELS` are decoded one at a time: each takes hundreds of MB."""
_TINY, _TINY_SHARE = 10, 5
"""A class is tiny below this many examples when another has this many times as many."""
_ORIENTATION = 0x0112
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*")

T = TypeVar("T")


@dataclass(frozen=True)
class _Header:
    """What one file says about itself."""

    width: int
    height: int
    mode: str
    animated: bool
    turned: bool


@dataclass(frozen=True)
class _Failure:
    """Why one file cannot be used; `kind` as in `report.KINDS`."""

    kind: str
    message: str


@dataclass(frozen=True)
class _Content:
    """Hashes of one file's bytes and of its upright RGB pixels."""

    stored: bytes
    seen: bytes


def examine(scan: Scan, fixes: Fixes, findings: Findings, progress: Progress) -> None:
    """Look at every picture that earlier fixes do not leave out.

    Args:
        scan: the source's files.
        fixes: what was chosen before; it is not reported again.
        findings: where problems, facts and fixes go.
        progress: called with (done, total, what) in both passes; may raise `Cancelled`.
    """
    chosen = [i for i in range(len(scan.files)) if not _left_out(scan, i, fixes)]
    if left := len(scan.files) - len(chosen):
        findings.remarks.append(f"{left:,} files are left out by fixes chosen earlier.")
    bad: list[str] = []
    headers = _headers(scan, chosen, findings, progress, bad)
    if fixes.animated == "skip":
        headers = {i: header for i, header in headers.items() if not header.animated}
    good = _contents(scan, headers, fixes, findings, progress, bad)
    findings.count = len(good)
    findings.offer("skip-damaged", "Leave out {n} files that cannot be used", bad)
    _classes(scan, good, fixes, findings)
    _variety(scan, headers, fixes, findings)


def _left_out(scan: Scan, index: int, fixes: Fixes) -> bool:
    """Tell whether a fix chosen earlier leaves a file out."""
    return scan.files[index] in fixes.skip or _class_of(scan, index) in fixes.skip_classes


def _class_of(scan: Scan, index: int) -> str:
    """Return a file's class name, "" when the source is unlabelled."""
    return "" if scan.labels is None else scan.classes[scan.labels[index]]


def _headers(
    scan: Scan, chosen: list[int], findings: Findings, progress: Progress, bad: list[str]
) -> dict[int, _Header]:
    """Read all headers; those that fail are reported and added to `bad`."""
    headers: dict[int, _Header] = {}
    work = _in_threads(lambda i: _header(scan, i), chosen)
    for done, (index, found) in enumerate(work, 1):
        if isinstance(found, _Failure):
            _report(scan, index, found, findings, bad)
        else:
            headers[index] = found
        progress(done, len(chosen), "Looking at headers")
    return headers


def _report(scan: Scan, index: int, failure: _Failure, findings: Findings, bad: list[str]) -> None:
    """Note a file that cannot be used."""
    findings.add(failure.kind, failure.message, scan.files[index])
    bad.append(scan.files[index])


def _header(scan: Scan, index: int) -> _Header | _Failure:
    """Read one header without decoding pixels."""
    name, size = scan.files[index], int(scan.stamps[index, 0])
    if size == 0:
        return _Failure("empty", f"{name} is empty: it has no bytes.")
    if size > _LARGEST_FILE:
        return _Failure("enormous", f"{name} has {size / 1e6:,.0f} MB, more than is read as one picture.")
    try:
        source = scan.source / name if isinstance(scan.source, Path) else scan.read(index)
        with opened(source, name) as image:
            turned = image.getexif().get(_ORIENTATION, 1) in range(2, 9)
            return _Header(image.width, image.height, image.mode, bool(getattr(image, "is_animated", False)), turned)
    except BadInput as error:
        return _failure(scan, index, error)


def _failure(scan: Scan, index: int, error: BadInput) -> _Failure:
    """Sort a reader's refusal into a kind by what caused it."""
    cause, text = error.__cause__, f"{error.what} {error.details}".lower()
    if isinstance(cause, PermissionError):
        kind = "unreadable"
    elif isinstance(cause, Image.DecompressionBombError) or "pixels" in text:
        kind = "enormous"
    elif isinstance(cause, UnidentifiedImageError):
        kind = "damaged" if _starts_like_a_picture(scan, index) else "not-a-picture"
    else:
        kind = "truncated" if "truncated" in text or "cut off" in error.details else "damaged"
    return _Failure(kind, error.what)


def _starts_like_a_picture(scan: Scan, index: int) -> bool:
    """Tell a damaged picture from a file that never was one."""
    try:
        if isinstance(scan.source, Path):
            with (scan.source / scan.files[index]).open("rb") as file:
                return file.read(8).startswith(_MAGIC)
        return scan.read(index).startswith(_MAGIC)
    except (OSError, BadInput):
        return False


def _contents(
    scan: Scan, headers: dict[int, _Header], fixes: Fixes, findings: Findings, progress: Progress, bad: list[str]
) -> list[int]:
    """Decode every file; report those that fail and those seen before; return the indices that can be used."""
    good: list[int] = []
    equal: list[str] = []
    alike: list[str] = []
    by_bytes: dict[bytes, int] = {}
    by_pixels: dict[bytes, int] = {}
    work = _in_threads(lambda i: _content(scan, i, headers[i]), list(headers))
    for done, (index, found) in enumerate(work, 1):
        progress(done, len(headers), "Decoding pictures")
        if isinstance(found, _Failure):
            _report(scan, index, found, findings, bad)
            continue
        first, twin = by_bytes.setdefault(found.stored, index), by_pixels.setdefault(found.seen, index)
        if first != index and fixes.drop_duplicates:
            continue
        good.append(index)
        if first != index:
            _twin(scan, index, first, "duplicate", findings, equal)
        elif twin != index:
            _twin(scan, index, twin, "look-alike", findings, alike)
    findings.offer("drop-duplicates", "Keep only the first of identical files ({n} fewer)", equal)
    findings.offer("skip-look-alikes", "Leave out {n} files that show the same picture as another", alike)
    return good


def _twin(scan: Scan, index: int, first: int, kind: str, findings: Findings, names: list[str]) -> None:
    """Note that a file repeats an earlier one, and whether their labels contradict each other."""
    one, other = _class_of(scan, index), _class_of(scan, first)
    what = "is the same file as" if kind == "duplicate" else "shows the same picture as"
    clash = f", in another class ({one} and {other})" if one != other else ""
    findings.add(kind, f"{scan.files[index]} {what} {scan.files[first]}{clash}.", scan.files[index])
    names.append(scan.files[index])


def _content(scan: Scan, index: int, header: _Header) -> _Content | _Failure:
    """Decode one file as training would, and hash what was found."""
    try:
        data = scan.read(index)
        if header.width * header.height > _LARGE_PIXELS:
            with _LARGE:
                pixels = decode(data, colour="colour", name=scan.files[index])
        else:
            pixels = decode(data, colour="colour", name=scan.files[index])
    except BadInput as error:
        return _failure(scan, index, error)
    seen = hashlib.blake2b(str(pixels.shape).encode(), digest_size=16)
    seen.update(pixels.reshape(-1).data)
    return _Content(hashlib.blake2b(data, digest_size=16).digest(), seen.digest())


def _classes(scan: Scan, good: list[int], fixes: Fixes, findings: Findings) -> None:
    """Count the usable pictures of each class and report the tiny ones."""
    if scan.labels is None:
        return
    kept = [name for name in scan.classes if name not in fixes.skip_classes]
    counts = Counter(dict.fromkeys(kept, 0))
    counts.update(_class_of(scan, i) for i in good)
    largest = max(counts.values(), default=0)
    tiny = []
    for name, count in counts.items():
        findings.facts.setdefault("classes", Counter())[name] = count
        if count < 2 or (count < _TINY and count * _TINY_SHARE <= largest):
            examples = "no usable example" if not count else f"only {count} usable example{'s'[: count > 1]}"
            findings.add("tiny-class", f"The class {name} has {examples}; the largest has {largest:,}.", name)
            tiny.append(name)
    if len(tiny) < len(kept):
        findings.offer("skip-tiny-classes", "Leave out {n} classes with very few examples", tiny)


def _variety(scan: Scan, headers: dict[int, _Header], fixes: Fixes, findings: Findings) -> None:
    """Report several sizes and modes, camera notes and animation: dealt with, but worth knowing."""
    turned, animated = [], []
    for index, header in headers.items():
        findings.fact("sizes", f"{header.width} x {header.height}")
        findings.fact("modes", header.mode)
        name = scan.files[index]
        if header.turned and fixes.exif:
            findings.add("exif", f"{name} is stored turned; it is shown upright as its camera noted.", name)
            turned.append(name)
        if header.animated:
            findings.add("animated", f"{name} is animated; its first frame is used.", name)
            animated.append(name)
    findings.offer("ignore-exif", "Take {n} pictures as they are stored, without turning them", turned)
    findings.offer("skip-animated", "Leave out {n} animated files", animated)
    for group, kind, advice in (
        ("sizes", "mixed-sizes", "choose a size to which all are brought"),
        ("modes", "mixed-modes", "choose grey or colour for all"),
    ):
        found = findings.facts.get(group, Counter())
        if len(found) > 1:
            most = ", ".join(f"{n:,} of {value}" for value, n in found.most_common(3))
            findings.add(kind, f"{len(found):,} {group}: {most}{' …' if len(found) > 3 else ''}; {advice}.")


def _in_threads(function: Callable[[int], T], items: list[int]) -> Iterator[tuple[int, T]]:
    """Yield (item, result) in order, with a bounded number in flight; ending early leaves nothing running."""
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="doctor")
    source = iter(items)
    waiting: deque[tuple[int, Future[T]]] = deque()
    try:
        for item in islice(source, 4 * _THREADS):
            waiting.append((item, pool.submit(function, item)))
        while waiting:
            item, future = waiting.popleft()
            yield item, future.result()
            for following in islice(source, 1):
                waiting.append((following, pool.submit(function, following)))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
