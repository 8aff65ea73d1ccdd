"""An archive whose list of files is remembered: opening a large zip for the second time takes no second."""

from __future__ import annotations

import threading
from pathlib import Path

from studio.data.archive import Archive, open_archive
from studio.data.cache import key_of, remembered
from studio.data.scan import is_picture


class ListedArchive:
    """An archive (see `studio.data.archive.Archive`) that is opened only when a file is read.

    Args:
        path: the archive.
        workspace: its cache keeps the list, under the archive's path, size and time of change.
    """

    def __init__(self, path: Path, workspace: Path) -> None:
        self.path = path
        self._archive: Archive | None = None
        self._lock = threading.Lock()
        state = path.stat()
        key = key_of("listing", str(path.resolve()), state.st_size, state.st_mtime_ns)
        document = remembered(workspace, key, self._list)
        self._sizes: dict[str, int] = dict(zip(document["names"], document["sizes"], strict=True))

    def _list(self) -> dict[str, list[object]]:
        """Open and check the archive, and list its pictures."""
        names = [n for n in self._opened().names() if is_picture(n)]
        return {"names": list(names), "sizes": [self._opened().size(n) for n in names]}

    def _opened(self) -> Archive:
        with self._lock:
            if self._archive is None:
                self._archive = open_archive(self.path)
            return self._archive

    def names(self) -> tuple[str, ...]:
        """Return the pictures' names in archive order."""
        return tuple(self._sizes)

    def size(self, name: str) -> int:
        """Return a picture's size in bytes."""
        return self._sizes[name]

    def read(self, name: str) -> bytes:
        """Return one file's content; BadInput when it is damaged."""
        return self._opened().read(name)

    def close(self) -> None:
        """Release the file, if it was opened."""
        with self._lock:
            if self._archive is not None:
                self._archive.close()
                self._archive = None
