"""Paths between latent points: straight, along the sphere, through key points, in closed loops.

Sources: Shoemake 1985 (slerp); White 2016, arXiv:1609.04468, on why Gaussian latents are walked along the sphere:
points between two samples on a straight line are shorter than any sample the decoder has seen.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

How = Literal["slerp", "lerp"]

NEARLY_PARALLEL = 1e-4
"""Below this sine of the angle, the sphere is flat (or, for opposite points, has no shortest way)."""
DENSE = 64
"""Samples of each segment from which its length is measured."""


def lerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> NDArray[np.float32]:
    """Return (1 - t) a + t b; a and b float (D,), t float (F,) in 0..1; the result is float32 (F, D)."""
    start, end, at = _operands(a, b, t)
    return ((1 - at) * start + at * end).astype(np.float32)


def slerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> NDArray[np.float32]:
    """Walk along the great circle from a to b.

    sin((1 - t) Ω) / sin Ω · a + sin(t Ω) / sin Ω · b with Ω the angle between a and b. Parallel, opposite and zero
    points, for which there is no such circle, are joined by a straight line.

    Args:
        a: float (D,), the start, of any length.
        b: float (D,), the end; a length equal to the start's is kept on the way.
        t: float (F,) in 0..1.

    Returns:
        float32 (F, D).
    """
    start, end, at = _operands(a, b, t)
    lengths = np.linalg.norm(start) * np.linalg.norm(end)
    cosine = np.clip(start @ end / lengths, -1.0, 1.0) if lengths > 0 else 1.0
    angle = np.arccos(cosine)
    if np.sin(angle) < NEARLY_PARALLEL:
        return lerp(a, b, t)
    weights = np.sin((1 - at) * angle), np.sin(at * angle)
    return ((weights[0] * start + weights[1] * end) / np.sin(angle)).astype(np.float32)


def _operands(
    a: ArrayLike, b: ArrayLike, t: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    return np.asarray(a, np.float64), np.asarray(b, np.float64), np.atleast_1d(np.asarray(t, np.float64))[:, None]


def path(
    keypoints: ArrayLike, frames: int, *, loop: bool = False, how: How = "slerp", constant_speed: bool = False
) -> NDArray[np.float32]:
    """Walk through key points.

    Args:
        keypoints: float (K, D), K >= 1.
        frames: number of points on the way. Open paths begin and end at a key point; in a loop the frame that would
            repeat the first is left out, so that a film of it has no jerk.
        loop: go back to the first key point.
        how: straight segments, or segments along the sphere.
        constant_speed: equal distances between frames instead of equal numbers of frames for each segment.

    Returns:
        float32 (frames, D).

    Raises:
        ValueError: there is no key point.
    """
    keys = np.asarray(keypoints, np.float32)
    if keys.ndim != 2 or not len(keys):
        raise ValueError(f"key points must be (K, D) with K >= 1, not {keys.shape}")
    if loop and len(keys) > 1:
        keys = np.concatenate([keys, keys[:1]])
    if len(keys) == 1:
        return np.repeat(keys, frames, axis=0)
    place = np.linspace(0.0, len(keys) - 1, frames, endpoint=not loop)
    if constant_speed:
        place = _evened(keys, place / (len(keys) - 1), how)
    return _at(keys, place, how)


def _at(keys: NDArray[np.float32], place: NDArray[np.float64], how: How) -> NDArray[np.float32]:
    """Return the points at places 0..K-1, where place i + t lies in segment i."""
    step = slerp if how == "slerp" else lerp
    segment = np.minimum(place.astype(np.int64), len(keys) - 2)
    points = np.empty((len(place), keys.shape[1]), np.float32)
    for number in np.unique(segment):
        here = segment == number
        points[here] = step(keys[number], keys[number + 1], place[here] - number)
    return points


def _evened(keys: NDArray[np.float32], share: NDArray[np.float64], how: How) -> NDArray[np.float64]:
    """Return the places at which the given shares (0..1) of the path's length are walked."""
    dense = np.linspace(0.0, len(keys) - 1, DENSE * (len(keys) - 1) + 1)
    steps = np.linalg.norm(np.diff(_at(keys, dense, how).astype(np.float64), axis=0), axis=1)
    walked = np.concatenate([[0.0], np.cumsum(steps)])
    places: NDArray[np.float64] = np.interp(share * walked[-1], walked, dense)
    return places


def circle(a: ArrayLike, b: ArrayLike, frames: int) -> NDArray[np.float32]:
    """Return the closed loop cos φ · a + sin φ · b, float32 (frames, D).

    For two independent standard normal points every frame is a standard normal point again.
    """
    angle = np.linspace(0.0, 2 * np.pi, frames, endpoint=False)[:, None]
    points = np.cos(angle) * np.asarray(a, np.float64) + np.sin(angle) * np.asarray(b, np.float64)
    return np.asarray(points, np.float32)
