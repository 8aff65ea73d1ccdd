"""What a batch is to make: folders of pictures and styles to requests, each with the name of its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studio.core.errors import BadInput
from studio.core.files import explained
from studio.data.scan import SUFFIXES
from studio.runs.canvases import DreamRequest, StyleRequest, TransferRequest

MOST_RESULTS = 100_000


@dataclass(frozen=True, eq=False)
class Item:
    """One picture to make: the name of its file in the folder of results, and what is asked for."""

    name: str
    request: DreamRequest | TransferRequest


def pictures_in(paths: Sequence[Path]) -> list[Path]:
    """Return the given files, and the pictures directly in the given folders by name.

    Raises:
        BadInput: a folder without pictures, or a path that does not exist.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise BadInput(f"{path} does not exist.", "Check the path.")
        found += _listed(path) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def _listed(folder: Path) -> list[Path]:
    with explained(folder, "read"):
        inside = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    if not inside:
        raise BadInput(f"There are no pictures in {folder}.", "Choose a folder with PNG, JPEG, WebP or TIFF files.")
    return inside


def dream_items(paths: Sequence[Path], request: DreamRequest, suffix: str = ".png") -> list[Item]:
    """Return a dream of each picture; `request` gives everything but the picture."""
    names = unique_names(paths)
    return [Item(name + suffix, replace(request, picture=path)) for name, path in zip(names, paths, strict=True)]


def transfer_items(
    contents: Sequence[Path],
    mixes: Mapping[str, Sequence[StyleRequest]],
    settings: Mapping[str, Any],
    suffix: str = ".png",
) -> list[Item]:
    """Return every content with every mix of styles.

    Args:
        contents: picture files.
        mixes: name (part of the results' names) -> styles that act together.
        settings: the other arguments of `TransferRequest`.
        suffix: of the results.

    Raises:
        BadInput: that would be more than `MOST_RESULTS` pictures.
    """
    if len(contents) * len(mixes) > MOST_RESULTS:
        raise BadInput(f"{len(contents)} x {len(mixes)} pictures are too many.", f"At most {MOST_RESULTS:,} at once.")
    return [
        Item(f"{name}--{mix}{suffix}", TransferRequest(content=path, styles=styles, **settings))
        for name, path in zip(unique_names(contents), contents, strict=True)
        for mix, styles in mixes.items()
    ]


def unique_names(paths: Sequence[Path]) -> list[str]:
    """Return a name for each file: its own without the ending, with it or a number where two would be the same."""
    names = [path.stem for path in paths]
    if len(set(names)) < len(names):
        often = Counter(names)
        names = [p.name.replace(".", "-") if often[p.stem] > 1 else p.stem for p in paths]
    seen: Counter[str] = Counter()
    for index, name in enumerate(names):
        seen[name] += 1
        names[index] = f"{name}-{seen[name]}" if seen[name] > 1 else name
    return names
