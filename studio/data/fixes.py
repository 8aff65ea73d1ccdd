"""What a person chose to mend in a data set, remembered beside the cache and honoured whenever it is opened."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from studio.core.errors import StoreError
from studio.core.files import explained, read_json, write_json


@dataclass(frozen=True, kw_only=True)
class Fixes:
    """Choices that change which examples a source gives, or how they are decoded.

    Attributes:
        skip: files to leave out, named as `pictures.scan` names them (relative, with `/`).
        skip_classes: class names to leave out with all their files.
        drop_duplicates: keep only the first of files with equal bytes.
        exif: turn pictures as their camera noted (on by default).
        animated: "first" takes the first frame of an animated file, "skip" leaves the file out.
    """

    skip: frozenset[str] = frozenset()
    skip_classes: frozenset[str] = frozenset()
    drop_duplicates: bool = False
    exif: bool = True
    animated: Literal["first", "skip"] = "first"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types, in a stable order; `from_json` is the inverse."""
        return {name: sorted(v) if isinstance(v, frozenset) else v for name, v in asdict(self).items()}

    @classmethod
    def from_json(cls, document: Any) -> Fixes:
        """Rebuild fixes from `to_json`'s document.

        Raises:
            ValueError: the document is of another shape.
        """
        if not isinstance(document, dict):
            raise ValueError("not an object")
        for name in ("skip", "skip_classes"):
            names = document.get(name, [])
            if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
                raise ValueError(f"{name} is not a list of names")
        animated = document.get("animated", "first")
        if animated not in ("first", "skip"):
            raise ValueError(f"animated is {animated!r}")
        return cls(
            skip=frozenset(document.get("skip", [])),
            skip_classes=frozenset(document.get("skip_classes", [])),
            drop_duplicates=document.get("drop_duplicates", False) is True,
            exif=document.get("exif", True) is not False,
            animated=animated,
        )


def path_of(source: str | Path, workspace: Path) -> Path:
    """Return the file that remembers the fixes of a source (a path)."""
    name = hashlib.blake2b(str(Path(source).expanduser().resolve()).encode(errors="surrogateescape"), digest_size=12)
    return workspace / "cache" / "fixes" / f"{name.hexdigest()}.json"


def load(source: str | Path, workspace: Path) -> Fixes:
    """Return the fixes chosen for a source; the defaults when there are none.

    Raises:
        StoreError: the file that remembers them is damaged or unreadable.
    """
    path = path_of(source, workspace)
    if not path.is_file():
        return Fixes()
    try:
        return Fixes.from_json(read_json(path))
    except ValueError as error:
        raise StoreError(
            f"{path}, which remembers the fixes of {source}, is damaged.",
            "Delete it and choose the fixes again.",
            details=str(error),
        ) from error


def save(source: str | Path, fixes: Fixes, workspace: Path) -> None:
    """Remember the fixes of a source; the defaults are remembered by removing the file.

    Raises:
        StoreError: the disk is full or the workspace cannot be written.
    """
    path = path_of(source, workspace)
    with explained(path):
        if fixes == Fixes():
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, fixes.to_json())
