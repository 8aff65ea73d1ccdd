"""The running mean of the pictures of all steps: calmer than any one of them.

As the averaged iterates of Polyak and Juditsky (1992), with exponential weights and corrected for the start at zero as
Adam's moments are (Kingma and Ba 2015, section 3).
"""

from __future__ import annotations

from torch import Tensor


class RunningMean:
    """An exponential mean; nothing is kept while it is off."""

    def __init__(self) -> None:
        self._sum: Tensor | None = None
        self._count = 0

    def forget(self) -> None:
        """Begin again."""
        self._sum, self._count = None, 0

    def take(self, x: Tensor, decay: float) -> None:
        """Take the next picture; `decay` 0..1 is the share kept of those before, 0 turns the mean off."""
        if decay == 0:
            self.forget()
            return
        self._sum = x * (1 - decay) if self._sum is None else self._sum.lerp_(x, 1 - decay)
        self._count += 1

    def value(self, decay: float) -> Tensor | None:
        """Return the mean; None while it is off."""
        return None if self._sum is None else self._sum / (1 - decay**self._count)
