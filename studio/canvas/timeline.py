"""Every step of a canvas, kept so that it can be looked at again, and gone on from: undo without recomputing.

States are held in half precision within a budget of memory; when it is full every second one is let go, so that the
way there stays evenly covered.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BUDGET = 384 * 2**20


@dataclass(frozen=True, eq=False)
class Moment:
    """A canvas after one step.

    Attributes:
        step: steps done in all.
        stage: index of the octave or scale.
        state: float16 (C, H, W), the picture 0..1 (not clipped).
        losses: the values of that step by name.
        done: steps done in its stage.
    """

    step: int
    stage: int
    state: NDArray[np.float16]
    losses: dict[str, float]
    done: int = 0

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture, uint8 (H, W, 3)."""
        values = np.clip(self.state.astype(np.float32), 0, 1) * 255
        return np.rint(values).astype(np.uint8).transpose(1, 2, 0)


class Timeline:
    """Moments in order of their steps; safe to read from one thread while another appends.

    Args:
        budget: bytes of states at most.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._moments: list[Moment] = []
        self._lock = threading.Lock()
        self._every = 1

    def __len__(self) -> int:
        """Return the number of moments kept."""
        return len(self._moments)

    def moments(self) -> tuple[Moment, ...]:
        """Return what is kept, oldest first."""
        with self._lock:
            return tuple(self._moments)

    def at(self, step: int) -> Moment | None:
        """Return the newest moment at or before a step."""
        with self._lock:
            return next((m for m in reversed(self._moments) if m.step <= step), None)

    def wants(self, step: int) -> bool:
        """Whether a step would be kept: asked before its state is fetched from the device."""
        return step % self._every == 0

    def keep(self, moment: Moment) -> None:
        """Append a moment, thinning the older ones when the budget is used up."""
        with self._lock:
            self._moments.append(moment)
            while sum(m.state.nbytes for m in self._moments) > self._budget and len(self._moments) > 2:
                self._every *= 2
                last = self._moments[-1]
                self._moments = [m for m in self._moments if m.step % self._every == 0 or m is last]
                if self._every > 1 << 20:
                    break

    def cut(self, step: int) -> None:
        """Forget everything after a step: the canvas goes on from there on another way."""
        with self._lock:
            self._moments = [m for m in self._moments if m.step <= step]
