"""A film, frame by frame: each frame begins where the last one ended, and what did not change stays as it was.

After Ruder, Dosovitskiy and Brox 2016 (arXiv:1604.08610, sections 3.1 and 3.2) for a still camera. They warp the last
result along optical flow and add its squared difference where the content is the same as a loss; we do not warp, so
what moves is stylised afresh in place, and pull still parts back after each step instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from studio.canvas.picture import Pixels, Source
from studio.canvas.transfer import TransferSession
from studio.core.control import Control
from studio.core.errors import BadInput

NOISE = 6.0
"""Mean change of a pixel (0..255) up to which it counts as still: camera noise and compression stay below."""
CHANGED = 18.0
"""From here on it counts as moved; between the two it counts in part."""
SOFT = 2.0
"""Blur of the difference in pixels: single noisy pixels do not make holes."""


def stillness(before: Pixels, after: Pixels) -> NDArray[np.float32]:
    """Return where two frames uint8 (H, W, 3) show the same: float32 (H, W), 1 still, 0 moved."""
    difference = np.abs(before.astype(np.int16) - after.astype(np.int16)).mean(axis=2)
    image = Image.fromarray(difference.astype(np.float32).clip(0, 255).round().astype(np.uint8))
    calm = np.asarray(image.filter(ImageFilter.GaussianBlur(SOFT)), np.float32)
    still: NDArray[np.float32] = ((CHANGED - calm) / (CHANGED - NOISE)).clip(0, 1).astype(np.float32)
    return still


def flicker(results: Iterable[Pixels], frames: Iterable[Pixels]) -> float:
    """Return the mean absolute change (0..255) from one result to the next where the content stays still.

    Args:
        results: uint8 (h, w, 3) each.
        frames: the content of each, of any one size with the same proportions.

    Returns:
        0 for fewer than two frames, or when nothing stays still.
    """
    change, area = 0.0, 0.0
    last: tuple[Pixels, Pixels] | None = None
    for result, frame in zip(results, frames, strict=True):
        if last is not None:
            still = _at(stillness(last[1], frame), result.shape[:2])
            moved = np.abs(result.astype(np.float32) - last[0].astype(np.float32)).mean(axis=2)
            change, area = change + float((moved * still).sum()), area + float(still.sum())
        last = (result, frame)
    return change / area if area else 0.0


def _at(mask: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    picture = Image.fromarray(mask).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(picture, np.float32)


def stylised(session: TransferSession, frames: Iterable[Pixels], control: Control | None = None) -> Iterator[Pixels]:
    """Stylise a film.

    With coherence 0 every frame is a transfer of its own, from coarse to fine. Otherwise only the first is; the others
    begin at the last scale, from the last result where the content is still and from the content where it moved, mixed
    by the coherence, and still parts are held to the last result with that weight. Films are made with Adam where the
    settings say L-BFGS.

    Args:
        session: made for the first frame; its styles, masks and settings hold for all.
        frames: uint8 (H, W, 3), of one size, the first one the session's content.
        control: stops between steps; pausing works as in a session.

    Yields:
        one result uint8 (h, w, 3) per frame; nothing more once stopped.

    Raises:
        BadInput: frames of different sizes.
    """
    control = control or Control()
    if session.config.optimizer == "lbfgs":  # it would take the pull on still parts for curvature
        session.change({"optimizer": "adam"})
    before: Pixels | None = None
    result: Pixels | None = None
    for number, frame in enumerate(frames, 1):
        if frame.shape[:2] != session.content_source.size:
            raise BadInput(
                f"Frame {number} is {frame.shape[1]} x {frame.shape[0]} in a film of other frames.",
                "Use frames of one size.",
            )
        if before is None or result is None or session.config.coherence == 0:
            session.begin(Source.of(frame))
        else:
            still = stillness(before, frame)
            start = _mixed(result, frame, still * session.config.coherence)
            session.follow(Source.of(frame), start, (result, still))
        for _ in session.events(control):
            pass  # progress is the film's, frame by frame
        if control.stopped:
            return
        before, result = frame, session.pixels()
        yield result


def _mixed(result: Pixels, frame: Pixels, share: NDArray[np.float32]) -> Pixels:
    """Return the frame at the result's size with `share` (H, W) of the result in it."""
    height, width = result.shape[:2]
    content = np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS), np.float32)
    part = _at(share, (height, width))[..., None]
    return np.rint(content + part * (result.astype(np.float32) - content)).astype(np.uint8)
