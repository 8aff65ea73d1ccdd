"""Where a dropped or opened path belongs: a run to Explore, everything else to Data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PICTURES = (".png", ".gif")


@dataclass(frozen=True)
class Route:
    """`run` is a run id, or "" when the paths are data; `folder` is where the run lies, if in a folder."""

    run: str = ""
    folder: Path | None = None
    what: str = ""


def route(paths: Sequence[Path]) -> Route:
    """Find out what was dropped; reads at most a few small files (worker thread).

    One path that carries a run (a run's folder, anything inside one, a PNG or GIF that the studio wrote)
    leads to that run; anything else is data.
    """
    if len(paths) != 1:
        return Route()
    path = paths[0]
    folder = run_folder(path)
    if folder is not None:
        return Route(folder.name, folder, f"{path.name} belongs to the run {folder.name}")
    if path.suffix.lower() in PICTURES and path.is_file():
        run = run_of_picture(path)
        if run:
            return Route(run, None, f"{path.name} was made by the run {run}")
    return Route()


def run_folder(path: Path) -> Path | None:
    """Return the run folder that a path is or lies in, at most three levels up; None if there is none."""
    resolved = path.absolute()
    for folder in (resolved, *resolved.parents[:3]):
        if (folder / "run.json").is_file():
            return folder
    return None


def run_of_picture(path: Path) -> str:
    """Return the id of the run that made a picture, "" if it does not say."""
    from studio.runs.pictures import read_recipe

    recipe = read_recipe(path)
    run = recipe.get("run", "") if isinstance(recipe, dict) else ""
    return run if isinstance(run, str) else ""
