"""Fetch one file over HTTP: resumed after a break, checked against its hash, cancelled at any moment.

Bytes go to `<target>.part` and are renamed only after the hash was verified, so a file under its own name is
always whole. A cancelled or broken download keeps the part and the next call goes on from there.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from studio.core.errors import BadInput, NotAvailable, StoreError, StudioError
from studio.data.progress import Progress, silent

if TYPE_CHECKING:
    from hashlib import _Hash

_CHUNK = 1 << 18
_ATTEMPTS = 3
"""How often a connection may break in a row without one new byte before we give up."""


@dataclass(frozen=True)
class _Wanted:
    """What must arrive: where it goes, and how it is recognised."""

    target: Path
    sha256: str
    md5: str
    size: int

    @property
    def part(self) -> Path:
        return self.target.with_name(self.target.name + ".part")


class _Broken(Exception):
    """The connection ended early or the server cannot be reached; another attempt may help."""


def fetch(
    url: str | Sequence[str],
    target: Path,
    *,
    sha256: str = "",
    md5: str = "",
    size: int = 0,
    progress: Progress | None = None,
    timeout: float = 15.0,
) -> Path:
    """Download a file unless it is already there with the right hash.

    Args:
        url: one http(s) address, or mirrors that are tried in order.
        target: where the file goes; its folder is created.
        sha256: expected SHA-256 in hex, or its beginning (torchvision publishes 8 digits); "" is unchecked.
        md5: expected MD5 in hex, for sources that publish nothing better; "" is unchecked.
        size: expected length in bytes; 0 is unknown.
        progress: called with (bytes done, bytes in all or 0, file name); may raise `Cancelled`, the part is kept.
        timeout: seconds without one byte before the connection counts as broken.

    Returns:
        `target`, whole and verified.

    Raises:
        NotAvailable: offline, refused or broken; the message says how to put the file there by hand.
        BadInput: what arrived is not the expected file; it was removed.
        StoreError: the disk is full or the folder cannot be written.
    """
    wanted = _Wanted(target, sha256.lower(), md5.lower(), size)
    report = progress or silent
    urls = (url,) if isinstance(url, str) else tuple(url)
    with _disk_failures(target):
        if target.is_file() and _mismatch(target, wanted, report) == "":
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        failure: StudioError = NotAvailable(f"No address is known for {target.name}.", _by_hand(wanted))
        for address in urls:
            try:
                return _from_one(address, wanted, report, timeout)
            except (NotAvailable, BadInput) as error:
                failure = error
        raise failure


def _by_hand(wanted: _Wanted) -> str:
    """Say how a person without a connection gets the file in place."""
    return f"Try again when online, or put the file at {wanted.target} yourself; it is then found and used."


def _from_one(url: str, wanted: _Wanted, report: Progress, timeout: float) -> Path:
    """Download from one address; a part that turns out stale is thrown away once and fetched anew."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise NotAvailable(f"{url} is not a web address.", _by_hand(wanted))
    if not (wanted.sha256 or wanted.md5):  # nothing could tell that an old part and the rest belong together
        wanted.part.unlink(missing_ok=True)
    resumed = wanted.part.exists()
    _receive(url, wanted, report, timeout)
    mismatch = _mismatch(wanted.part, wanted, report)
    if mismatch and resumed:  # the old part may belong to an earlier version of the file
        wanted.part.unlink()
        _receive(url, wanted, report, timeout)
        mismatch = _mismatch(wanted.part, wanted, report)
    if mismatch:
        wanted.part.unlink()
        raise BadInput(
            f"{url} sent a file that is not {wanted.target.name}: {mismatch}. It was removed.", _by_hand(wanted)
        )
    wanted.part.replace(wanted.target)
    return wanted.target


def _receive(url: str, wanted: _Wanted, report: Progress, timeout: float) -> None:
    """Fill the part file, reconnecting as long as each attempt brings new bytes."""
    failed = 0
    while True:
        before = _length(wanted.part)
        try:
            _transfer(url, wanted, report, timeout)
            return
        except _Broken as broken:
            failed = 0 if _length(wanted.part) > before else failed + 1
            if failed >= _ATTEMPTS:
                raise NotAvailable(
                    f"{wanted.target.name} could not be downloaded from {urlsplit(url).netloc}: {broken}.",
                    _by_hand(wanted),
                    details=url,
                ) from broken
            report(_length(wanted.part), wanted.size, wanted.target.name)  # a chance to cancel
            time.sleep(0.1 * 2**failed)


def _transfer(url: str, wanted: _Wanted, report: Progress, timeout: float) -> None:
    """Make one request and append (or restart) the part file with what arrives."""
    have = _length(wanted.part)
    with _connect(url, have, wanted, timeout) as response:
        if response is None:  # 416: the part already holds all there is
            return
        if response.status != http.client.PARTIAL_CONTENT:
            have = 0  # a server without Range sends everything again
        coming = int(response.headers.get("Content-Length") or 0)
        total = have + coming if coming else wanted.size
        _check_space(wanted.target, total - have)
        with wanted.part.open("ab" if have else "wb") as out:
            for chunk in _chunks(response):
                out.write(chunk)
                have += len(chunk)
                report(have, max(total, have), wanted.target.name)
                if wanted.size and have > wanted.size:
                    return  # longer than it may be: the hash check will say so
            out.flush()
            os.fsync(out.fileno())
    if have < total:
        raise _Broken(f"the connection ended after {have:,} of {total:,} bytes")


@contextlib.contextmanager
def _connect(url: str, have: int, wanted: _Wanted, timeout: float) -> Iterator[Any]:
    """Open the address, asking for the rest from byte `have`; yields None when there is no rest."""
    headers = {"User-Agent": "generative-studio", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme was checked
    try:
        response = urllib.request.urlopen(request, timeout=timeout)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            yield None
            return
        if error.code >= http.client.INTERNAL_SERVER_ERROR:
            raise _Broken(f"the server answered {error.code} {error.reason}") from error
        raise NotAvailable(f"{url} answered {error.code} {error.reason}.", _by_hand(wanted)) from error
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        raise _Broken(f"no connection ({getattr(error, 'reason', error)})") from error
    with response:
        yield response


def _chunks(response: Any) -> Iterator[bytes]:
    """Yield what arrives as it arrives, so that a slow server still leaves chances to cancel."""
    while True:
        try:
            chunk = response.read1(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise _Broken(f"the connection broke ({error})") from error
        if not chunk:
            return
        yield chunk


def _mismatch(path: Path, wanted: _Wanted, report: Progress) -> str:
    """Return how the file differs from what was promised, or "" when it does not."""
    if wanted.size and _length(path) != wanted.size:
        return f"{_length(path):,} bytes instead of {wanted.size:,}"
    for name, expected in (("sha256", wanted.sha256), ("md5", wanted.md5)):
        if not expected:
            continue
        found = _digest(path, hashlib.new(name, usedforsecurity=False), report)
        if not found.startswith(expected):
            return f"its {name.upper()} is {found} instead of {expected}"
    return ""


def _digest(path: Path, state: _Hash, report: Progress) -> str:
    """Hash a file in pieces, reporting so that a large one can be cancelled."""
    total = _length(path)
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            state.update(block)
            report(file.tell(), total, f"{path.name.removesuffix('.part')}: checking")
    return state.hexdigest()


def _length(path: Path) -> int:
    """Return a file's size in bytes, 0 when there is none."""
    return path.stat().st_size if path.exists() else 0


def _check_space(target: Path, needed: int) -> None:
    """Refuse before the first byte when the disk cannot hold the rest."""
    free = shutil.disk_usage(target.parent).free
    if needed > free:
        raise OSError(errno.ENOSPC, f"{needed / 1e6:,.0f} MB are needed and {free / 1e6:,.0f} MB are free")


@contextlib.contextmanager
def _disk_failures(target: Path) -> Iterator[None]:
    """Turn a failure of the file system into a `StoreError`."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StoreError(
                f"The disk is full: {target.name} could not be written ({error.strerror}).",
                f"Free some space on {target.parent} and try again; the download goes on where it stopped.",
            ) from error
        raise StoreError(
            f"{target} could not be written ({error.strerror or error}).", "Choose a workspace that you may write to."
        ) from error
