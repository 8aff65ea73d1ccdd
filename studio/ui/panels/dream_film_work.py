"""Films, batches and random dreams, in workers: the same code as on the command line, with looks on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.control import Control
from studio.ui.panels.canvas_work import fitting
from studio.ui.panels.transfer_film_work import SHOWN_SIDE, Glance

if TYPE_CHECKING:
    from studio.canvas.backbone import Backbone
    from studio.canvas.picture import Source
    from studio.runs.canvas_batch import Report
    from studio.runs.canvases import DreamRequest
    from studio.ui.panels.canvas_work import Opener, Pixels, Progress

SHEET = 12
"""Random dreams on a sheet."""


class _Watched(Control):
    """Reports at every step, so that a film ends within one step of Cancel (the report raises Cancelled)."""

    def __init__(self, progress: Progress, frames: int) -> None:
        super().__init__()
        self.frame = 0
        self._progress, self._frames = progress, frames

    def may_step(self) -> bool:
        """Report, then answer as ever."""
        self._progress(self.frame, self._frames, f"frame {self.frame + 1} of {self._frames}")
        return super().may_step()


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
    control = _Watched(progress, zoom.frames)
    recipe = {**session.recipe(), "film": to_json(zoom)}
    with explained(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    return films.write_film(out, _seen(film.zoom(session, zoom, control), control, glance), zoom.fps, recipe)


def _seen(frames: Iterator[Pixels], control: _Watched, glance: Glance) -> Iterator[Pixels]:
    for control.frame, frame in enumerate(frames, 1):
        glance.pixels = fitting(frame, SHOWN_SIDE)
        yield frame


def film_config() -> Any:
    """Return the Config of films."""
    from studio.canvas.film import ZoomConfig

    return ZoomConfig


@dataclass(frozen=True)
class RandomDream:
    """One of a sheet: its settings and what they make of the picture, uint8 (H, W, 3)."""

    settings: Mapping[str, Any]
    pixels: Pixels


def random_dreams(backbone: Backbone, picture: Source | None, seed: int) -> Iterator[RandomDream]:
    """Dream random recipes, small and quick."""
    from studio.canvas import explorer

    recipes = explorer.random_recipes(backbone, SHEET, seed)
    for index, pixels in explorer.previews(backbone, picture, recipes):
        yield RandomDream(recipes[index], pixels)


def run_batch(paths: Sequence[Path], request: DreamRequest, out: Path, workspace: Path, progress: Progress) -> Report:
    """Dream on every picture of some folders; what is there already is left alone.

    Raises:
        StudioError: settings, folders or the disk; single pictures that fail are in the report.
    """
    from studio.runs import canvas_batch, canvas_items

    items = canvas_items.dream_items(canvas_items.pictures_in(paths), replace(request, picture=None, mask=None))
    return canvas_batch.run(items, out, workspace, progress=progress)
