"""Films, batches and random dreams, in workers: the same code as on the command line, with looks on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.ui.panels.canvas_film_work import Glance, Watched

if TYPE_CHECKING:
    from studio.canvas.backbone import Backbone
    from studio.canvas.picture import Source
    from studio.runs.canvas_batch import Report
    from studio.runs.canvases import DreamRequest
    from studio.ui.panels.canvas_work import Opener, Pixels, Progress

SHEET = 12
"""Random dreams on a sheet."""


def zoom_film(
    request: DreamRequest,
    settings: Mapping[str, Any],
    out: Path,
    workspace: Path,
    opener: Opener,
    glance: Glance,
    progress: Progress,
) -> Path:
    """Dream and move into the picture, frame by frame, into a film.

    Args:
        request: what the first frame is made of.
        settings: of `studio.canvas.film.ZoomConfig`.
        out: .mp4, .gif, .webp, or a folder.
        workspace: where networks are.
        opener: opens the request.
        glance: gets each frame as it is done.
        progress: told at every step; what it raises ends the work, and no file is written.

    Raises:
        StudioError: whatever is wrong with the settings or the disk.
    """
    from studio.canvas import film
    from studio.core.files import explained
    from studio.core.knobs import make, to_json
    from studio.runs import films

    zoom = make(film.ZoomConfig, settings)
    session = opener(request, workspace, progress)
    control = Watched(progress, zoom.frames)
    recipe = {**session.recipe(), "film": to_json(zoom)}
    with explained(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    return films.write_film(out, control.seen(film.zoom(session, zoom, control), glance), zoom.fps, recipe)


def film_config() -> Any:
    """Return the Config of films."""
    from studio.canvas.film import ZoomConfig

    return ZoomConfig


@dataclass(frozen=True)
class RandomDream:
    """One of a sheet: its number on it, its settings and what they make of the picture, uint8 (H, W, 3)."""

    number: int
    settings: Mapping[str, Any]
    pixels: Pixels


def random_dreams(backbone: Backbone, picture: Source | None, seed: int, first: int = 0) -> Iterator[RandomDream]:
    """Dream random recipes, small and quick, from a number of the sheet on."""
    from studio.canvas import explorer

    recipes = explorer.random_recipes(backbone, SHEET, seed)[first:]
    for index, pixels in explorer.previews(backbone, picture, recipes):
        yield RandomDream(first + index, recipes[index], pixels)


def run_batch(paths: Sequence[Path], request: DreamRequest, out: Path, workspace: Path, progress: Progress) -> Report:
    """Dream on every picture of some folders; what is there already is left alone.

    Raises:
        StudioError: settings, folders or the disk; single pictures that fail are in the report.
    """
    from studio.runs import canvas_batch, canvas_items

    items = canvas_items.dream_items(canvas_items.pictures_in(paths), replace(request, picture=None, mask=None))
    return canvas_batch.run(items, out, workspace, progress=progress)
