"""Every network that a canvas can look through: bundled, of torchvision, from a file.

Listing is quick: neither torch nor torchvision is imported before a network is opened.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from studio.canvas.backbones.entries import ENTRIES, Entry, entry
from studio.canvas.backbones.shelf import Chosen, Progress, download, installed, missing, remember, remembered, titles
from studio.core.errors import BadConfig

if TYPE_CHECKING:
    from studio.canvas.backbone import Backbone

__all__ = [
    "ENTRIES",
    "Entry",
    "Progress",
    "download",
    "entry",
    "installed",
    "is_file",
    "is_known",
    "open_backbone",
    "register_file",
    "titles",
]

RANDOM = "random:"
"""Before an id: the architecture with random weights, for measuring and for textures without learning."""


def open_backbone(name: str, workspace: Path, progress: Progress | None = None) -> Backbone:
    """Open a network. Nothing is ever downloaded here (see `download`).

    Args:
        name: id of the registry ("vgg19"), "file:PATH" or a path of weights, "vgg19-caffe=PATH" to say which network
            the file is, "random:vgg19" for random weights.
        workspace: where downloaded weights are.
        progress: called with (done, total, what).

    Raises:
        BadConfig: there is no such network.
        NotAvailable: its weights are not here; says how to get them.
        BadInput, BadCheckpoint: the file is missing, damaged, hostile, or of another network.
    """
    if progress is not None:
        progress(0, 0, f"Opening {name}")
    known = {about.id: about for about in ENTRIES}
    if name in known:
        return _registered(known[name], workspace)
    if name.startswith(RANDOM):
        from studio.canvas.backbones.torchvision_nets import random_weights

        return random_weights(name.removeprefix(RANDOM))
    network, equals, path = name.partition("=")
    if equals and network in known:
        return _from_file(Path(path), network)
    path = name.removeprefix("file:")
    if path != name or Path(path).suffix or "/" in path or "\\" in path:
        return _from_file(Path(path))
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}; or give a file of weights."
    raise BadConfig(f"There is no network called {name!r}.", hint)


def is_file(name: str) -> bool:
    """Whether a name means a file of weights, not an entry of the registry or a run."""
    if name in {about.id for about in ENTRIES} or name.startswith(RANDOM):
        return False
    return name.startswith("file:") or "=" in name or bool(Path(name).suffix) or "/" in name or "\\" in name


def is_known(name: str, workspace: Path) -> bool:
    """Whether a name means no file, or one that this person chose before: what a stranger's recipe may name."""
    if not is_file(name):
        return True
    path = Path(name.removeprefix("file:").rpartition("=")[2]).absolute()
    return any(chosen.id == name or Path(chosen.path) == path for chosen in remembered(workspace))


def _registered(about: Entry, workspace: Path) -> Backbone:
    if about.source == "bundled":
        from studio.canvas.backbones.bundled import compact

        return compact()
    path = installed(about, workspace)
    if path is None:
        raise missing(about, workspace)
    from studio.canvas.backbones.files import open_file

    return open_file(path, about.id, about.id)


def _from_file(path: Path, network: str = "") -> Backbone:
    from studio.canvas.backbones.files import open_file

    return open_file(path, network)


def register_file(workspace: Path, path: Path | str) -> Backbone:
    """Open a person's own file of weights and list it from now on.

    Args:
        workspace: remembers it.
        path: the file, or "vgg19-caffe=FILE" to say which network it is.

    Returns:
        The network; its `id` opens it again.

    Raises:
        StudioError: as `open_backbone`, or the workspace cannot be written.
    """
    network, equals, rest = str(path).partition("=")
    named = bool(equals) and any(about.id == network for about in ENTRIES)
    opened = _from_file(Path(rest), network) if named else _from_file(Path(path))
    file = Path(opened.id.partition("=" if named else ":")[2])
    title = opened.title if file.stem in opened.title else f"{opened.title}: {file.stem}"
    remember(workspace, Chosen(opened.id, title, str(file), _network_of(opened)))
    return opened


def _network_of(opened: Backbone) -> str:
    """Return the id of the registry entry that a file turned out to be, "" for the studio's own kind."""
    return next((about.id for about in ENTRIES if about.network and about.title == opened.title), "")
