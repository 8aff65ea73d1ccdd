"""The pictures that went into a canvas: copied into the workspace, and found again from a recipe."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.canvas.picture import Source
from studio.core.errors import BadInput
from studio.core.files import explained, write_atomic
from studio.data.scan import SUFFIXES
from studio.runs import pictures

LARGEST_SOURCE = 1 << 30
"""Bytes; larger files are not hashed: no picture that the studio reads is so large."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


def keep_source(workspace: Path, source: Source) -> Path:
    """Copy a picture into the workspace, so that a recipe can be restored after the original moved.

    The file's own bytes are copied while they are what was read; otherwise the pixels, as a PNG. Nothing happens
    when the copy is there.

    Raises:
        StoreError: the disk is full or the workspace cannot be written.
    """
    if kept := _kept(workspace, source.sha256):
        return kept
    folder = workspace / "canvas" / "sources"
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    original = Path(source.path)
    content = _matching(source.path, source.sha256)
    if content is None:
        return pictures.save_png(folder / f"{source.sha256}.png", source.pixels)
    suffix = original.suffix.lower() if original.suffix.lower() in SUFFIXES else ".picture"
    path = folder / f"{source.sha256}{suffix}"
    write_atomic(path, content)
    return path


def find_source(workspace: Path, entry: Any, role: str = "picture") -> Path:
    """Return the file of one entry of a recipe's "sources": the original if unchanged, else the workspace's copy.

    Args:
        workspace: whose `canvas/sources` has the copies.
        entry: untrusted.
        role: what a message calls the picture.

    Raises:
        BadInput: the entry is malformed, or the picture is in neither place.
    """
    if not isinstance(entry, Mapping):
        raise malformed(f"its {role} is not described")
    name, digest = entry.get("path", ""), entry.get("sha256", "")
    if not isinstance(name, str) or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise malformed(f"its {role} has no path and SHA-256")
    if _matching(name, digest) is not None:
        return Path(name)
    if kept := _kept(workspace, digest):
        return kept
    known = f" ({name})" if name else ""
    raise BadInput(
        f"The {role}{known} of this recipe is missing or changed, and the workspace has no copy of it.",
        f"Put the file back where it was, or choose another {role}.",
    )


def _kept(workspace: Path, digest: str) -> Path | None:
    folder = workspace / "canvas" / "sources"
    return next(iter(sorted(folder.glob(f"{digest}.*"))), None) if _SHA256.fullmatch(digest) else None


def _matching(name: str, digest: str) -> bytes | None:
    """Return the content of a local file if it has that SHA-256, else None."""
    if not name or "\0" in name or name.startswith(("\\\\", "//")):  # asking for a network path tells who asks
        return None
    try:
        path = Path(name)
        if not path.is_file() or path.stat().st_size > LARGEST_SOURCE:
            return None
        content = path.read_bytes()
    except OSError:  # gone, forbidden or too long a name: then the copy counts
        return None
    return content if hashlib.sha256(content).hexdigest() == digest else None


def malformed(why: str) -> BadInput:
    """Return what is said of a recipe that cannot be used."""
    return BadInput(f"The recipe cannot be used: {why}.", "Choose a picture that Dream or Transfer exported.")
