"""Films and batches of Transfer, in workers: the same code as on the command line, with looks on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.ui.panels.canvas_film_work import Glance, Watched
from studio.ui.panels.canvas_work import THUMB_SIDE, fitting

if TYPE_CHECKING:
    from studio.runs.canvas_batch import Report
    from studio.runs.canvases import StyleRequest, TransferRequest
    from studio.ui.panels.canvas_work import Pixels, Progress


@dataclass(frozen=True)
class FilmInfo:
    """A film before it is stylised: frames (0 where only reading all would tell), frames a second, the first frame."""

    path: Path
    frames: int
    fps: float
    first: Pixels


def look_at_film(path: Path) -> FilmInfo:
    """Open a film and look at its first frame.

    Raises:
        BadInput: it is not a film.
        NotAvailable: a video, and ffmpeg is not installed.
    """
    from studio.canvas.film import count_frames, read_frames

    frames, fps = read_frames(path)
    try:
        first = next(frames)
    finally:
        _close(frames)
    return FilmInfo(path, count_frames(path), fps, fitting(first, THUMB_SIDE))


def stylise_film(
    path: Path, request: TransferRequest, out: Path, workspace: Path, glance: Glance, progress: Progress
) -> Path:
    """Stylise a film frame by frame into a new one.

    Args:
        path: animated picture, video or folder of pictures.
        request: styles, masks and settings; its content is replaced by the frames.
        out: .mp4, .gif, .webp, or a folder.
        workspace: where networks are.
        glance: gets each frame as it is done.
        progress: told at every step; what it raises ends the work, and no file is written.

    Raises:
        StudioError: whatever is wrong with the film, the settings or the disk.
    """
    from studio.canvas.film import count_frames, read_frames
    from studio.canvas.frames import stylised
    from studio.canvas.picture import Source
    from studio.runs import canvases, films

    frames, fps = read_frames(path)
    try:
        first = next(frames)
        session = canvases.transfer(replace(request, content=Source.of(first)), workspace, progress)
        control = Watched(progress, count_frames(path))
        made = control.seen(stylised(session, _after(first, frames), control), glance)
        return films.write_film(out, made, fps, {**session.recipe(), "film": str(path)})
    finally:
        _close(frames)


def _after(first: Pixels, rest: Iterator[Pixels]) -> Iterator[Pixels]:
    yield first
    yield from rest


def _close(frames: Any) -> None:
    close = getattr(frames, "close", None)
    if close is not None:
        close()


# ---- folders


@dataclass(frozen=True)
class BatchWish:
    """Every picture of some folders or files with every style, into a folder."""

    contents: tuple[Path, ...]
    styles: tuple[Path, ...]
    out: Path
    settings: dict[str, Any]
    page_styles: tuple[StyleRequest, ...] = ()
    """The styles of the page, together, instead of `styles` one by one."""


def run_batch(wish: BatchWish, workspace: Path, progress: Progress) -> Report:
    """Make what is not there yet; can be interrupted and called again.

    Raises:
        StudioError: settings, folders or the disk; single pictures that fail are in the report.
    """
    from studio.runs import canvas_batch, canvas_items
    from studio.runs.canvases import StyleRequest

    contents = canvas_items.pictures_in(wish.contents)
    paths = canvas_items.pictures_in(wish.styles) if wish.styles else []
    names = canvas_items.unique_names(paths)
    mixes: dict[str, Sequence[StyleRequest]] = {
        name: (StyleRequest(picture=path),) for name, path in zip(names, paths, strict=True)
    }
    if not mixes:
        mixes = {"styled": wish.page_styles}
    items = canvas_items.transfer_items(contents, mixes, {"settings": wish.settings})
    return canvas_batch.run(items, wish.out, workspace, progress=progress)
