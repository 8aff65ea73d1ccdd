"""The data-set doctor: looks at whatever a person has before it is trained on, and never changes it.

`check` reports what it finds on any kind of source instead of failing; `apply` remembers chosen fixes beside the
cache, and opening the source honours them from then on.
"""

from __future__ import annotations

import dataclasses
import errno
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from studio.core.errors import BadConfig, BadInput, StudioError
from studio.data import catalogue
from studio.data import fixes as remembered
from studio.data.archive import open_archive
from studio.data.detect import SourceKind, detect
from studio.data.doctor.folders import look_around
from studio.data.doctor.numbers import examine_idx, examine_numpy, kind_of
from studio.data.doctor.pictures import examine
from studio.data.doctor.report import KINDS, NOTES, Findings, Fix, Problem, Report, printable
from studio.data.fixes import Fixes
from studio.data.options import DataOptions
from studio.data.progress import Progress, silent
from studio.data.scan import Scan, scan
from studio.data.tables import EMPTY, read_csv
from studio.data.text import MAX_BYTES, open_text

__all__ = ["KINDS", "NOTES", "Fix", "Problem", "Report", "apply", "check", "forget", "printable"]

_SHORT_ENOUGH = 200_000
_FEW_WORDS = 1000
"""A text of at most this many characters or words is tokenised to see whether it is long enough."""


def check(source: str | Path, workspace: Path, progress: Progress | None = None) -> Report:
    """Look at a source and report what is wrong with it; bad data never raises.

    Args:
        source: a path of any kind that can be opened, or a name of the catalogue.
        workspace: where earlier fixes are remembered.
        progress: called with (done, total, what); may raise `Cancelled`.

    Returns:
        The report; `problems` is empty when all is well.

    Raises:
        BadInput: there is no such path.
        NotAvailable: a data set of the catalogue that is not on this computer.
        StoreError: the file that remembers fixes is damaged.
    """
    if source in catalogue.names():
        return _catalogued(str(source), workspace)
    path = Path(source).expanduser()
    if "\0" in str(path) or not os.path.lexists(path):
        raise BadInput(
            f"{printable(str(path))} does not exist.", "Check the path, or see: generative-studio data list."
        )
    findings = Findings(str(path))
    kind = _kind(path, findings)
    if kind is not None:
        findings.kind = kind
        try:
            _examine(path, kind, workspace, findings, progress or silent)
        except BadInput as error:  # a reader refused the source as a whole
            findings.add(kind_of(error), error.what)
        except OSError as error:  # it went away, or the disk failed
            findings.add("unreadable", f"{path} cannot be read: {error.strerror or error}.")
    return findings.report()


def apply(source: str | Path, fix_ids: Iterable[str], workspace: Path, report: Report | None = None) -> Fixes:
    """Remember fixes for a source; the source itself stays as it is.

    Args:
        source: the path that was checked.
        fix_ids: ids of the report's fixes.
        workspace: where they are remembered.
        report: what `check` returned; it is made anew when missing.

    Returns:
        All fixes that hold from now on, with those chosen earlier.

    Raises:
        BadConfig: an id that the report does not offer.
        StoreError: the workspace cannot be written.
    """
    path = Path(source).expanduser()
    offered = {fix.id: fix for fix in (report or check(source, workspace)).fixes}
    chosen = remembered.load(path, workspace)
    for fix_id in fix_ids:
        if fix_id not in offered:
            known = ", ".join(offered) or "nothing"
            raise BadConfig(f"The fix {fix_id} is not offered for {path}.", f"Offered: {known}.")
        chosen = _with(chosen, offered[fix_id])
    remembered.save(path, chosen, workspace)
    return chosen


def forget(source: str | Path, workspace: Path) -> None:
    """Drop every fix remembered for a source.

    Raises:
        StoreError: the workspace cannot be written.
    """
    remembered.save(Path(source).expanduser(), Fixes(), workspace)


def _with(chosen: Fixes, fix: Fix) -> Fixes:
    """Add one fix to those chosen."""
    if fix.id in {"skip-damaged", "skip-look-alikes"}:
        return dataclasses.replace(chosen, skip=chosen.skip | set(fix.files))
    if fix.id == "skip-tiny-classes":
        return dataclasses.replace(chosen, skip_classes=chosen.skip_classes | set(fix.files))
    if fix.id == "drop-duplicates":
        return dataclasses.replace(chosen, drop_duplicates=True)
    if fix.id == "skip-animated":
        return dataclasses.replace(chosen, animated="skip")
    return dataclasses.replace(chosen, exif=False)


def _catalogued(name: str, workspace: Path) -> Report:
    """Report on a data set of the catalogue: ours are bundled, the others were verified when they arrived."""
    entry = catalogue.entry(name)
    findings = Findings(name)
    findings.kind, findings.count, findings.unit = "catalogue", entry.count, "example"
    where = "bundled" if entry.bundled else f"in {catalogue.required(name, workspace)}"
    findings.remarks.append(f"{entry.title}, {where}.")
    return findings.report()


def _kind(path: Path, findings: Findings) -> SourceKind | None:
    """Tell what the source is; None when it is nothing that can be looked into, which is reported."""
    try:
        if not (path.is_file() or path.is_dir()):
            path.stat()  # says why: a link in a circle, a link to nowhere, no permission
            findings.add("special", f"{path} is a device, pipe or socket; it is never opened.")
            return None
        return detect(path)
    except OSError as error:
        kind = {errno.ELOOP: "loop", errno.ENOENT: "link"}.get(error.errno or 0, "unreadable")
        findings.add(kind, f"{path} cannot be followed: {error.strerror or error}.")
    except StudioError as error:
        findings.add(kind_of(error), error.what)
    return None


def _examine(path: Path, kind: SourceKind, workspace: Path, findings: Findings, progress: Progress) -> None:
    """Look at a source of a known kind."""
    if kind == "text":
        _texts(path, [path], workspace, findings, progress)
    elif kind == "table":
        _table(path, findings, progress)
    elif kind in {"idx", "idx-folder", "numpy"}:
        (examine_numpy if kind == "numpy" else examine_idx)(path, findings, progress)
    else:
        _pictures(path, kind, workspace, findings, progress)


def _table(path: Path, findings: Findings, progress: Progress) -> None:
    """Look at a table."""
    findings.unit = "row"
    table = read_csv(path, progress)
    findings.count = len(table.values)
    empty = sum(
        int((table.values[:, number] == column.options.index(EMPTY)).sum())
        for number, column in enumerate(table.columns)
        if EMPTY in column.options
    )
    if empty:
        cells = "empty cell counts" if empty == 1 else "empty cells count"
        findings.remarks.append(f"{empty:,} {cells} as the category {EMPTY}.")


def _pictures(path: Path, kind: SourceKind, workspace: Path, findings: Findings, progress: Progress) -> None:
    """Look at a folder, an archive or one picture."""
    fixes = remembered.load(path, workspace)
    if kind == "archive":
        if _cut_tar(path):
            findings.add("truncated", f"{path} has no end mark: pictures at its end may be missing.")
        archive = open_archive(path)
        try:
            found = scan(archive)
            examine(found, fixes, findings, progress)
        finally:
            archive.close()
    elif kind == "folder":
        found = scan(path)
        if not found.files and (texts := sorted(path.rglob("*.txt"))):
            _texts(path, texts, workspace, findings, progress)
            return
        look_around(path, found, findings, progress)
        examine(found, fixes, findings, progress)
    else:
        found = _one(path)
        examine(found, fixes, findings, progress)
    if not found.files:
        findings.add("empty", f"{path} holds no pictures.")


def _cut_tar(path: Path) -> bool:
    """Tell whether a plain tar was cut off between two members, which readers do not notice."""
    with path.open("rb") as file:
        if file.read(262)[257:] != b"ustar" or path.stat().st_size < 512:
            return False
        file.seek(-512, os.SEEK_END)
        return any(file.read())


def _one(path: Path) -> Scan:
    """Return a scan of a single picture."""
    stamp = np.array([[path.stat().st_size, 0]], np.int64)
    return Scan(path.parent, (path.name,), stamp, None, None, ())


def _texts(source: Path, paths: list[Path], workspace: Path, findings: Findings, progress: Progress) -> None:
    """Look at a text, or a folder of texts that become one: encoding, and whether it is long enough to learn from."""
    findings.kind, findings.unit = "text", "character"
    words = 0
    for done, path in enumerate(paths, 1):
        text = _decoded(path, findings) or ""
        findings.count += len(text)
        words += len(text.split(maxsplit=_FEW_WORDS))
        progress(done, len(paths), "Looking at texts")
    if not findings.counts and (findings.count <= _SHORT_ENOUGH or words <= _FEW_WORDS):
        try:
            open_text(source, DataOptions(), workspace, progress)
        except BadInput as error:
            findings.add("short", error.what)


def _decoded(path: Path, findings: Findings) -> str | None:
    """Return a text, or None after reporting why it is none."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            findings.add("enormous", f"{path} is no file below {MAX_BYTES / 1e6:,.0f} MB.", str(path))
            return None
        content = path.read_bytes()
    except OSError as error:
        findings.add("unreadable", f"{path} cannot be read: {error.strerror or error}.", str(path))
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        findings.add(
            "encoding", f"{path} is not UTF-8: byte {error.start:,} is {content[error.start]:#04x}.", str(path)
        )
        return None
    if (zero := content.find(0)) >= 0:
        findings.add("encoding", f"{path} is not a UTF-8 text: byte {zero:,} is zero.", str(path))
        return None
    return text
