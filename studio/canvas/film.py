"""Films: an endless zoom into a dream, and the frames of films that were made elsewhere.

Writing is `studio.runs.films`. Nothing here holds more than a few frames: a film may be longer than the memory.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from studio.canvas.dream import DreamSession
from studio.canvas.picture import Pixels, Source, to_pixels, to_tensor
from studio.canvas.timeline import Timeline
from studio.canvas.video import SUFFIXES as VIDEOS
from studio.canvas.video import read_video
from studio.core import seeds
from studio.core.control import Control
from studio.core.errors import BadInput
from studio.core.files import explained
from studio.core.knobs import Knob
from studio.data import pictures
from studio.data.scan import is_picture

Progress = Callable[[int, int, str], None]
FOLDER_FPS = 12.0
"""Of a folder of pictures, which says nothing about it."""
ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")


@dataclass(frozen=True, kw_only=True)
class ZoomConfig:
    """Settings of an endless zoom (knobs: the form and the flags come from here)."""

    frames: Annotated[int, Knob("Frames", 1, 100_000, group="Film")] = 120
    fps: Annotated[float, Knob("Frames per second", 1, 60, group="Film")] = 15.0
    zoom: Annotated[
        float, Knob("Zoom per frame", 0.9, 1.2, group="Film", help="1.02 doubles the size in 35 frames; 1 stands.")
    ] = 1.02
    rotate: Annotated[float, Knob("Turn per frame", -10, 10, unit="°", group="Film")] = 0.0
    shift_x: Annotated[
        float, Knob("Move right", -0.1, 0.1, group="Film", help="Per frame, as a share of the width.")
    ] = 0.0
    shift_y: Annotated[float, Knob("Move down", -0.1, 0.1, group="Film", help="Share of the height.")] = 0.0
    iterations: Annotated[
        int, Knob("Steps per frame", 1, 200, group="Film", help="After the first frame, which is a whole dream.")
    ] = 3


def zoom(
    session: DreamSession, film: ZoomConfig, control: Control | None = None, progress: Progress | None = None
) -> Iterator[Pixels]:
    """Dream, move into the picture, dream on it with few steps, and so on (Mordvintsev 2015: "infinite zoom").

    The first frame is the finished `session`; each later one is the frame before, moved by `moved`, with
    `film.iterations` steps on its own size. Constant memory; closing the iterator ends it between two frames.

    Args:
        session: not started yet, or already finished (then its picture is the first frame).
        film: how many frames, how they move.
        control: `stop` ends the film after the frame in work; pause holds it.
        progress: told (frames done, frames, what is shown).

    Yields:
        uint8 (H, W, 3), all of one size, even sides (video codecs ask for them).

    Raises:
        StudioError: what the session raises.
    """
    control, seed = control or Control(), session.config.seed
    frame = _even(_worked(session, control))
    for number in range(1, film.frames + 1):
        if progress is not None:
            progress(number, film.frames, session.caption())
        yield frame
        if control.stopped or number == film.frames:
            return
        session = _next(session, moved(frame, film), film.iterations, seeds.derive(seed, "zoom", number) % 2**31)
        frame = _worked(session, control)
        if not session.finished:  # stopped: half a frame would flicker
            return


def _worked(session: DreamSession, control: Control) -> Pixels:
    """Run a session and return its picture; the events of single frames interest nobody."""
    for _ in session.events(control):
        pass
    return session.pixels()


def _next(before: DreamSession, pixels: Pixels, iterations: int, seed: int) -> DreamSession:
    """Return a session that dreams a little on a picture, with all else (and every knob turned since) as before."""
    config = replace(before.config, start="picture", size=0, octaves=1, iterations=iterations, seed=seed)
    picture, guide, mask = Source.of(pixels), before.guide_source, before.masks().get("mask")
    session = DreamSession(config, before.backbone, before.compute, picture, guide=guide, mask=mask)
    session.timeline = Timeline(0)  # nobody goes back in a film
    return session


def _even(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    return np.ascontiguousarray(pixels[: max(2, height // 2 * 2), : max(2, width // 2 * 2)])


def moved(pixels: Pixels, film: ZoomConfig) -> Pixels:
    """Return a frame enlarged about its middle, turned and shifted, uint8 of the same size (bicubic).

    What comes in from outside (zooming out, shifting) is mirrored. A positive angle turns against the clock.
    """
    height, width = pixels.shape[:2]
    grid = F.affine_grid(_backwards(film, height, width)[None], [1, 3, height, width], align_corners=False)
    x = F.grid_sample(to_tensor(pixels), grid, mode="bicubic", padding_mode="reflection", align_corners=False)
    return to_pixels(x)


def _backwards(film: ZoomConfig, height: int, width: int) -> Tensor:
    """Return where a pixel of the new frame comes from: float32 (2, 3), in torch's -1..1 coordinates.

    In pixels about the middle: p' = zoom R p + shift forwards, so p = R^T (p' - shift) / zoom.
    """
    angle = math.radians(film.rotate)
    cos, sin, aspect = math.cos(angle) / film.zoom, math.sin(angle) / film.zoom, height / width
    turn = torch.tensor([[cos, -sin * aspect], [sin / aspect, cos]])  # y points down: the signs swap
    shift = turn @ torch.tensor([2 * film.shift_x, 2 * film.shift_y])
    return torch.cat([turn, -shift[:, None]], dim=1)


def read_frames(path: Path) -> tuple[Iterator[Pixels], float]:
    """Open a film: a folder of pictures (in natural order), animated GIF, WebP or PNG, or a video.

    Args:
        path: folder or file; videos need the extra `video` (imageio-ffmpeg).

    Returns:
        an iterator over frames uint8 (H, W, 3), all of the first one's size, and frames per second (12 for folders).

    Raises:
        BadInput: nothing there, no film, damaged, or enormous; names the file (damage further on is raised later).
        NotAvailable: a video, and ffmpeg is not installed.
    """
    if path.is_dir():
        return _folder_frames(_listed(path)), FOLDER_FPS
    if path.suffix.lower() in VIDEOS and path.is_file():
        return read_video(path)
    fps = _checked_animation(path)
    return (np.ascontiguousarray(frame.transpose(1, 2, 0)) for frame in pictures.frames(path)), fps


def count_frames(path: Path) -> int:
    """Return the number of frames that `read_frames` will yield; 0 where only reading them all would tell (video).

    Raises:
        BadInput: as `read_frames`.
    """
    if path.is_dir():
        return len(_listed(path))
    if path.suffix.lower() in VIDEOS and path.is_file():
        return 0
    _checked_animation(path)
    with pictures.opened(path) as image:
        return int(getattr(image, "n_frames", 1))


def _listed(folder: Path) -> list[Path]:
    """Return the pictures of a folder in natural order: "9" before "10"."""
    with explained(folder, "read"):
        found = [path for path in folder.iterdir() if is_picture(path.name) and path.is_file()]
    if not found:
        raise BadInput(f"{folder} holds no pictures.", "Choose a folder of PNG or JPEG files, one for each frame.")
    return sorted(found, key=_natural)


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d{1,18})", path.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _folder_frames(paths: list[Path]) -> Iterator[Pixels]:
    """Yield pictures at the size of the first, others scaled and cropped to it."""
    size: int | tuple[int, int] = 0
    for path in paths:
        frame = pictures.decode(path, size, colour="colour")
        size = (frame.shape[1], frame.shape[2])
        yield np.ascontiguousarray(frame.transpose(1, 2, 0))


def _checked_animation(path: Path) -> float:
    """Return the frames per second of an animated picture: by the median pause of its first frames.

    Raises:
        BadInput: it is not an animated picture.
    """
    with pictures.opened(path) as image:
        if image.format not in ANIMATED or not getattr(image, "is_animated", False):
            raise BadInput(f"{path} is a single picture, not a film.", "Choose a GIF, WebP, video or a folder.")
        return _rate(image)


def _rate(image: Image.Image) -> float:
    pauses = []
    for number in islice(range(getattr(image, "n_frames", 1)), 16):
        image.seek(number)
        image.load()
        pauses.append(float(image.info.get("duration", 0)))
    pause = sorted(pauses)[len(pauses) // 2]
    return 1000 / pause if 1000 / 240 < pause < 60_000 else FOLDER_FPS
