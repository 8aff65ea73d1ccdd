"""The data sets that have a name: some are bundled, the others are found on disk or downloaded when asked."""

from __future__ import annotations

import difflib
from pathlib import Path

from studio.core.errors import BadInput, NotAvailable
from studio.core.spec import Kind
from studio.data.catalogue_entries import ENTRIES, Entry
from studio.data.detect import idx_files
from studio.data.progress import Progress

_PLAYS_URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
_PLAYS_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


BUNDLED: dict[Kind, str] = {"image": "digits", "text": "fables", "table": "wrodl"}
"""What to use of each kind when there is no connection."""


def entries() -> tuple[Entry, ...]:
    """Return the catalogue in the order it is shown."""
    return ENTRIES


def names() -> tuple[str, ...]:
    """Return the catalogue's names."""
    return tuple(entry.name for entry in ENTRIES)


def entry(name: str) -> Entry:
    """Return one entry.

    Raises:
        BadInput: there is no such name.
    """
    for found in ENTRIES:
        if found.name == name:
            return found
    near = difflib.get_close_matches(name, names(), n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(names())}."
    raise BadInput(f"There is no data set called {name!r}.", hint)


def present(name: str, workspace: Path) -> bool:
    """Tell whether a data set can be opened without a download."""
    return entry(name).bundled or place_of(name, workspace) is not None


def place_of(name: str, workspace: Path) -> Path | None:
    """Return where a data set that is not bundled lies: the root that `vision.load` takes, an idx folder, or a text.

    Looked at are `<workspace>/datasets/<name>` (where downloads go), `<workspace>/datasets` and `./data`, the
    folder that torchvision's examples use.
    """
    own = workspace / "datasets" / name
    if entry(name).kind == "text":
        return next((p for p in (own / f"{name}.txt", own.with_suffix(".txt")) if p.is_file()), None)
    from studio.data import vision

    for root in (own, workspace / "datasets", Path("data")):
        if vision.present(name, root):
            return root
    return own if own.is_dir() and idx_files(own) else None


def download(name: str, workspace: Path, progress: Progress | None) -> None:
    """Fetch a data set into `<workspace>/datasets/<name>`; what is bundled or there already is left as it is.

    Args:
        name: a catalogue name.
        workspace: the folder that holds `datasets`.
        progress: reports bytes; may raise `Cancelled`, a later call goes on.

    Raises:
        BadInput: no such name, or a server sent something else.
        NotAvailable: no connection.
        StoreError: the disk is full or read-only.
    """
    if present(name, workspace):
        return
    folder = workspace / "datasets" / name
    if entry(name).kind == "text":
        from studio.data.download import fetch

        fetch(_PLAYS_URL, folder / f"{name}.txt", sha256=_PLAYS_SHA256, progress=progress)
        return
    from studio.data import vision

    vision.fetch(name, folder, progress)


def required(name: str, workspace: Path) -> Path:
    """Return where a data set lies.

    Raises:
        NotAvailable: it must be downloaded first; the message says how.
    """
    place = place_of(name, workspace)
    if place is None:
        about = entry(name)
        raise NotAvailable(
            f"{about.title} is not on this computer ({about.megabytes:g} MB to download).",
            f"Get it with: generative-studio data get {name}. Or use {BUNDLED[about.kind]}, which is bundled.",
        )
    return place
