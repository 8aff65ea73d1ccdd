"""Writing films frame by frame, with the recipe inside: GIF, WebP, MP4, or a folder of PNGs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from studio.canvas.film import Progress
from studio.canvas.picture import Pixels
from studio.canvas.video import read_comment, write_video
from studio.core.errors import BadInput, NotAvailable
from studio.core.files import explained
from studio.runs.pictures import KEY, MAX_RECIPE, Recipe, read_recipe, save_gif, save_png, save_webp

SUFFIXES = (".mp4", ".gif", ".webp", "")
"""What `write_film` writes; "" is a folder of PNGs."""
MOST_BYTES = 1_500_000_000
"""Of the frames of a GIF or WebP: their writers need all of them at once."""


def write_film(
    path: Path, frames: Iterable[Pixels], fps: float, recipe: Recipe = None, progress: Progress | None = None
) -> Path:
    """Write a film as its frames come: .mp4, .gif, .webp, or (without a suffix) a folder of PNGs.

    MP4 and folders need the memory of one frame. GIF and WebP need all frames at once and are refused beyond
    `MOST_BYTES`. The file appears only when it is complete (a folder grows picture by picture).

    Args:
        path: its suffix says what is written.
        frames: uint8 (H, W, 3), all of one size.
        fps: frames a second.
        recipe: stands in the metadata (MP4: comment; folder: in every PNG); `read_film_recipe` reads it back.
        progress: told (frames written, 0, file name).

    Returns:
        the path.

    Raises:
        BadInput: no frame, frames of several sizes, or an ending that is none of those.
        NotAvailable: MP4 without ffmpeg, with what to install (before any frame is made).
        StoreError: the disk is full or the folder cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise BadInput(f"{path.name}: films are not written as {suffix}.", "Use .mp4, .gif, .webp, or a folder.")
    with explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    counted = _counted(frames, path, progress)
    if suffix == ".mp4":
        return _video(path, counted, fps, recipe)
    if suffix == "":
        return _folder(path, counted, recipe)
    return _animation(path, counted, fps, recipe, save_gif if suffix == ".gif" else save_webp)


def _counted(frames: Iterable[Pixels], path: Path, progress: Progress | None) -> Iterator[Pixels]:
    """Pass frames on, refusing none and a change of size, telling how many there were."""
    shape: tuple[int, ...] = ()
    for number, frame in enumerate(frames, 1):
        shape = shape or frame.shape
        if frame.shape != shape:
            raise BadInput(f"Frame {number} has another size than the first.", "All frames must have one size.")
        yield frame
        if progress is not None:
            progress(number, 0, path.name)
    if not shape:
        raise BadInput("There is no frame to write.", "Make at least one.")


def _video(path: Path, frames: Iterator[Pixels], fps: float, recipe: Recipe) -> Path:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        write_video(temporary, frames, fps, _comment(recipe))
        with explained(path):
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _folder(path: Path, frames: Iterator[Pixels], recipe: Recipe) -> Path:
    with explained(path):
        path.mkdir(exist_ok=True)
    for number, frame in enumerate(frames, 1):
        save_png(path / f"{number:06d}.png", frame, recipe)
    return path


def _animation(path: Path, frames: Iterator[Pixels], fps: float, recipe: Recipe, save: Callable[..., Path]) -> Path:
    held: list[Pixels] = []
    for frame in frames:
        held.append(frame)
        if len(held) * frame.nbytes > MOST_BYTES:
            raise NotAvailable(
                f"{len(held)} frames of {frame.shape[1]} x {frame.shape[0]} are too many for a {path.suffix[1:]}.",
                "Write an MP4 or a folder of PNGs, or choose fewer or smaller frames.",
            )
    return save(path, held, fps, recipe)


def read_film_recipe(path: Path) -> dict[str, Any] | None:
    """Return the recipe inside a film that `write_film` wrote (for a folder: in its first picture), or None.

    Raises:
        NotAvailable: an MP4, and ffmpeg is not installed.
    """
    if path.is_dir():
        first = min(path.glob("*.png"), default=None)
        return read_recipe(first) if first else None
    if path.suffix.lower() != ".mp4" or not path.is_file():
        return read_recipe(path)
    return _from_comment(read_comment(path))


def _comment(recipe: Recipe) -> str:
    if not recipe:
        return ""
    return json.dumps({KEY: json.loads(recipe) if isinstance(recipe, str) else dict(recipe)}, ensure_ascii=True)


def _from_comment(text: str) -> dict[str, Any] | None:
    """Return the recipe in a comment of unknown origin, None where there is none."""
    try:
        document = json.loads(text) if len(text) <= MAX_RECIPE else None
    except (ValueError, RecursionError):
        return None
    found = document.get(KEY) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else None
