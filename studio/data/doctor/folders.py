"""What lies in a folder besides good pictures: links in circles, special files, empty classes, other files."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from studio.data.doctor.report import Findings
from studio.data.progress import Progress
from studio.data.scan import SUFFIXES, Scan

_REPORT_EVERY = 1000


def look_around(root: Path, scan: Scan, findings: Findings, progress: Progress) -> None:
    """Report every entry below `root` that is not used as a picture; nothing is opened, no link is followed.

    Args:
        root: the folder.
        scan: the pictures found there; what it could not follow is reported too.
        findings: where problems go.
        progress: called with (entries seen, 0, what); may raise `Cancelled`.
    """
    used = _folders_of(scan)
    noted: set[str] = set()
    seen = 0
    for folder, folders, files in os.walk(root, onerror=lambda e: _unreadable(root, e, findings, noted)):
        folders[:] = [name for name in folders if not _hidden(name)]
        place = Path(folder)
        for name in (*folders, *files):
            seen += 1
            if seen % _REPORT_EVERY == 0:
                progress(seen, 0, "Looking at files")
            if not _hidden(name):
                _entry(root, place / name, findings, noted)
        inside = place.relative_to(root).as_posix()
        if inside not in used and not folders:
            findings.add("empty", f"The folder {inside} holds no pictures.", inside)
    for text in scan.unreadable:
        name, _, reason = text.rpartition(": ")
        if name not in noted:
            findings.add("unreadable", f"{name} cannot be used: {reason}.", name)


def _folders_of(scan: Scan) -> set[str]:
    """Return every folder that holds pictures, at any depth."""
    found: set[str] = set()
    for name in scan.files:
        folder = name.rpartition("/")[0]
        while folder not in found:
            found.add(folder or ".")
            folder = folder.rpartition("/")[0] or "."
    return found


def _hidden(name: str) -> bool:
    """Tell what systems leave behind in folders."""
    return name.startswith(".") or name in {"__MACOSX", "Thumbs.db", "desktop.ini"}


def _unreadable(root: Path, error: OSError, findings: Findings, noted: set[str]) -> None:
    """Note a folder that cannot be listed."""
    name = _inside(root, Path(os.fsdecode(error.filename or root)))
    noted.add(name)
    findings.add("unreadable", f"The folder {name} cannot be listed: {error.strerror or error}.", name)


def _inside(root: Path, path: Path) -> str:
    """Return a path relative to the root, with `/`."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _entry(root: Path, path: Path, findings: Findings, noted: set[str]) -> None:
    """Report one entry when it is a bad link, a special file, or a file that is no picture."""
    name = _inside(root, path)
    finding = _finding(root, path, name)
    if finding:
        noted.add(name)
        findings.add(finding[0], finding[1], name)


def _finding(root: Path, path: Path, name: str) -> tuple[str, str] | None:
    """Return (kind, message) of one entry, None when there is nothing to say."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        known = {
            errno.ELOOP: ("loop", f"{name} is a link that leads in a circle."),
            errno.ENOENT: ("link", f"{name} is a link that leads nowhere."),
        }
        return known.get(error.errno or 0, ("unreadable", f"{name} cannot be looked at: {error.strerror or error}."))
    if stat.S_ISDIR(mode):
        return _linked_folder(root, path, name)
    if not stat.S_ISREG(mode):
        return "special", f"{name} is a device, pipe or socket; it is never opened."
    if path.suffix.lower() not in SUFFIXES:
        return "other", f"{name} is not a picture by its name and is left out."
    return None


def _linked_folder(root: Path, path: Path, name: str) -> tuple[str, str] | None:
    """Report a link to a folder that contains the link itself."""
    if not path.is_symlink():
        return None
    target = path.resolve()
    if path.parent.resolve().is_relative_to(target):
        return "loop", f"{name} is a link to a folder around it ({target}); it is followed once at most."
    if not target.is_relative_to(root.resolve()):
        return "outside", f"{name} is a link to {target}, outside this folder; its pictures are used too."
    return None
