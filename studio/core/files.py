"""Writing that never leaves half a file: temporary name, fsync, rename; OS errors become StoreError."""

from __future__ import annotations

import errno
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.core.errors import StoreError


@contextmanager
def explained(path: Path, doing: str = "write") -> Iterator[None]:
    """Turn an OSError about `path` into a StoreError that says what to do."""
    try:
        yield
    except OSError as error:
        raise StoreError(*_explain(error, path, doing), details=repr(error)) from error


def _explain(error: OSError, path: Path, doing: str) -> tuple[str, str]:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk that holds {path} is full.", "Free some space and resume; what was saved before is intact."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{path} cannot be written: no permission.", "Choose a workspace folder that you may write to."
    return f"Could not {doing} {path}: {error.strerror or error}.", "Check the disk and try again."


def write_atomic(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step; readers see the old or the new file, never a part.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    with explained(path):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, document: Any) -> None:
    """Write a JSON file atomically."""
    write_atomic(path, json.dumps(document, indent=1, ensure_ascii=False).encode())


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        StoreError: it is missing, unreadable or not JSON.
    """
    with explained(path, "read"):
        content = path.read_bytes()
    try:
        return json.loads(content)
    except ValueError as error:
        raise StoreError(f"{path} is damaged: it is not JSON.", details=str(error)) from error


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `path`, completely or not at all.

    An existing folder of that name is replaced.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    with explained(path):
        try:
            temporary.mkdir(parents=True)
            yield temporary
            for file in temporary.iterdir():
                _sync(file)
            _sync(temporary)
            if path.exists():
                aside = temporary.with_suffix(".old")
                path.rename(aside)
                temporary.rename(path)
                shutil.rmtree(aside, ignore_errors=True)
            else:
                temporary.rename(path)
            _sync(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _sync(path: Path) -> None:
    """Flush a file or folder to the disk (folders: where the system allows it)."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
