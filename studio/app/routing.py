"""Where a dropped or opened path belongs: a run to Explore, a dream to Dream, everything else to Data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.data.scan import SUFFIXES

CANVASES = ("dream", "transfer")
"""Pages that work on pictures; also the kinds of recipes that lead to them."""
PICTURE_PAGES = (*CANVASES, "translate", "classify")
"""Pages that take pictures while they are in front."""
FILM = ".mp4"


@dataclass(frozen=True, eq=False)
class Route:
    """Where some paths lead.

    Attributes:
        run: id of a run, or "".
        folder: where that run lies, if in a folder.
        what: why, in words.
        page: id of the page that takes the paths, "" for Data.
        recipe: what that page puts back, from a picture that it exported.
    """

    run: str = ""
    folder: Path | None = None
    what: str = ""
    page: str = ""
    recipe: Mapping[str, Any] | None = None


def route(paths: Sequence[Path], page: str = "") -> Route:
    """Find out what was dropped; reads at most a few small files and the headers of pictures (worker thread).

    One path that carries a run (a run's folder, anything inside one, a picture that a run made) leads to that run; one
    that carries the recipe of a dream or transfer leads to its page; pictures without lead to the page in front if
    that works on pictures; anything else is data.

    Args:
        paths: existing files and folders.
        page: id of the page in front.
    """
    if len(paths) == 1 and (found := _one(paths[0])) is not None:
        return found
    if page in PICTURE_PAGES and all(path.suffix.lower() in SUFFIXES and path.is_file() for path in paths):
        return Route(page=page)
    return Route()


def _one(path: Path) -> Route | None:
    folder = run_folder(path)
    if folder is not None:
        return Route(folder.name, folder, f"{path.name} belongs to the run {folder.name}")
    recipe = carried_recipe(path)
    if recipe is None:
        return None
    if recipe.get("kind") in CANVASES:
        kind = str(recipe["kind"])
        return Route(what=f"{path.name} was made in {kind.capitalize()}", page=kind, recipe=recipe)
    run = recipe.get("run")
    return Route(run, None, f"{path.name} was made by the run {run}") if isinstance(run, str) and run else None


def run_folder(path: Path) -> Path | None:
    """Return the run folder that a path is or lies in, at most three levels up; None if there is none."""
    resolved = path.absolute()
    for folder in (resolved, *resolved.parents[:3]):
        if (folder / "run.json").is_file():
            return folder
    return None


def carried_recipe(path: Path) -> dict[str, Any] | None:
    """Return the recipe inside a picture or film of the studio, None if there is none (or it cannot be read here)."""
    from studio.runs.pictures import read_recipe

    if not path.is_file():
        return None
    if path.suffix.lower() != FILM:
        return read_recipe(path) if path.suffix.lower() in SUFFIXES else None
    from studio.core.errors import StudioError
    from studio.runs.films import read_film_recipe

    try:
        return read_film_recipe(path)
    except StudioError:  # films cannot be read without ffmpeg: then it is opened like any other file
        return None
