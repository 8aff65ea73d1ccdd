"""What the films of Dream and Transfer share in their workers: looks on the way, an end within one step of Cancel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from studio.core.control import Control
from studio.ui.panels.canvas_work import fitting

if TYPE_CHECKING:
    from studio.ui.panels.canvas_work import Pixels, Progress

SHOWN_SIDE = 720


class Glance:
    """The newest picture of a long work: written by its worker, looked at by the window."""

    def __init__(self) -> None:
        self.pixels: Pixels | None = None


class Watched(Control):
    """Reports at every step, and so ends within one step of Cancel (the report raises Cancelled).

    Args:
        progress: told (frames done, `total`, which frame is in work).
        total: frames, 0 where nobody knows.
    """

    def __init__(self, progress: Progress, total: int) -> None:
        super().__init__()
        self._frame, self._progress, self._total = 0, progress, total

    def may_step(self) -> bool:
        """Report, then answer as ever."""
        of = f" of {self._total}" if self._total else ""
        self._progress(self._frame, self._total, f"frame {self._frame + 1}{of}")
        return super().may_step()

    def seen(self, frames: Iterator[Pixels], glance: Glance) -> Iterator[Pixels]:
        """Pass frames uint8 (H, W, 3) on, cut to even sides (video codecs ask for them), counted and shown."""
        for self._frame, frame in enumerate(frames, 1):
            height, width = frame.shape[:2]
            even = frame[: height // 2 * 2, : width // 2 * 2]
            glance.pixels = fitting(even, SHOWN_SIDE)
            yield even
