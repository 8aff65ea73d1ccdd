"""Where weights lie: the workspace, torch.hub's cache, files a person pointed to; and how they get there.

Files of the workspace: `<workspace>/backbones/<file of torchvision>`, `<workspace>/backbones/<id>.safetensors` or
`.pth` for a person's own, and `files.json`, the list of files elsewhere that were chosen once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from studio.canvas.backbones.entries import ENTRIES, Entry, entry
from studio.core.errors import NotAvailable, StoreError
from studio.core.files import explained, read_json, write_json
from studio.core.resources import resource

Progress = Callable[[int, int, str], None]
BUNDLED = "backbones/compact.safetensors"


@dataclass(frozen=True)
class Chosen:
    """A file of weights that a person pointed to.

    Attributes:
        id: what `open_backbone` takes.
        title: network and file name.
        path: the file, absolute.
        network: id of the registry entry it is, "" for the studio's own kind.
    """

    id: str
    title: str
    path: str
    network: str = ""


def folder(workspace: Path) -> Path:
    """Return the workspace's folder of weights."""
    return workspace / "backbones"


def installed(about: Entry, workspace: Path) -> Path | None:
    """Return the file of an entry's weights if there is one, without opening it."""
    if about.source == "bundled":
        return resource(BUNDLED)
    own = folder(workspace)
    places = [own / f"{about.id}.safetensors", own / f"{about.id}.pth"]
    if about.file:
        places = [own / about.file, _hub() / about.file, *places]
    places += [Path(chosen.path) for chosen in remembered(workspace) if chosen.network == about.id]
    return next((path for path in places if path.is_file()), None)


def _hub() -> Path:
    """Return torch.hub's folder of weights, by its own rules, without importing torch."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("TORCH_HOME") or cache / "torch").expanduser() / "hub" / "checkpoints"


def missing(about: Entry, workspace: Path) -> NotAvailable:
    """Return the error that says how to get an entry's weights."""
    by_hand = f"give your own file: `generative-studio backbones add {about.id}=FILE`"
    if not about.url:
        return NotAvailable(
            f"{about.title} has no download: its weights come from Keras or Caffe.",
            f"Convert them to .pth or .safetensors and {by_hand}.",
        )
    size = f"{about.megabytes:,.0f} MB"
    return NotAvailable(
        f"{about.title} is not here: its weights ({size}) were never downloaded.",
        f"Run `generative-studio backbones get {about.id}` (needs a connection), or {by_hand}.",
    )


def download(name: str, workspace: Path, progress: Progress | None = None) -> Path:
    """Fetch an entry's weights unless they are here.

    Args:
        name: id of the registry.
        workspace: they go to its folder `backbones`.
        progress: called with (bytes done, bytes in all, file name); may raise `Cancelled`, the next call goes on.

    Returns:
        The file, its hash verified.

    Raises:
        BadConfig: there is no such network.
        NotAvailable: offline, or there is no address for it.
        BadInput: what arrived has another hash.
        StoreError: the disk is full or read-only.
    """
    from studio.data.download import fetch

    about = entry(name)
    found = installed(about, workspace)
    if found is not None:
        return found
    if not about.url:
        raise missing(about, workspace)
    return fetch(about.url, folder(workspace) / about.file, sha256=about.sha256, progress=progress)


def remembered(workspace: Path) -> tuple[Chosen, ...]:
    """Return the files that were chosen once, oldest first; a damaged list is as good as none."""
    try:
        rows = read_json(_list(workspace))
        return tuple(Chosen(**{name: str(row[name]) for name in ("id", "title", "path", "network")}) for row in rows)
    except (StoreError, KeyError, TypeError):
        return ()


def remember(workspace: Path, chosen: Chosen) -> None:
    """Add a file to the list (once).

    Raises:
        StoreError: the workspace cannot be written.
    """
    kept = [asdict(old) for old in remembered(workspace) if old.path != chosen.path]
    with explained(folder(workspace)):
        folder(workspace).mkdir(parents=True, exist_ok=True)
    write_json(_list(workspace), [*kept, asdict(chosen)])


def _list(workspace: Path) -> Path:
    return folder(workspace) / "files.json"


def titles(workspace: Path) -> list[tuple[str, str, bool]]:
    """Return (id, title, installed) of every network of the registry and every remembered file. Quick: no torch."""
    here = {about.id: installed(about, workspace) for about in ENTRIES}
    listed = [(about.id, about.title, here[about.id] is not None) for about in ENTRIES]
    taken = {str(path) for path in here.values()}
    own = [c for c in remembered(workspace) if c.path not in taken]
    return [*listed, *((c.id, c.title, Path(c.path).is_file()) for c in own)]
