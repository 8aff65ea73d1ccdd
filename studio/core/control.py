"""How a person steers a running loop from another thread: pause, step, stop, knobs, on-demand work."""

from __future__ import annotations

import threading
from typing import Any

TRAIN_ONLY = "train_only"
"""Name under which `Control.set_knob` takes the suffix of the optimiser that alone shall learn; "" is all."""


class Control:
    """A thread-safe set of wishes that the engine looks at between two steps.

    Every method may be called from any thread at any time; none waits for the engine.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._single_steps = 0
        self._stopped = False
        self._asked: set[str] = set()
        self._knobs: dict[str, Any] = {}

    def pause(self) -> None:
        """Wait before the next step."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        """Go on after a pause."""
        with self._changed:
            self._paused, self._single_steps = False, 0
            self._changed.notify_all()

    def single_step(self) -> None:
        """Pause, and do exactly one step more (each call adds one)."""
        with self._changed:
            self._paused = True
            self._single_steps += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """End after the current step; a checkpoint is written."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def checkpoint_now(self) -> None:
        """Write a checkpoint before the next step."""
        self._ask("checkpoint")

    def preview_now(self) -> None:
        """Send a preview before the next step."""
        self._ask("preview")

    def set_knob(self, name: str, value: Any) -> None:
        """Change a live knob (checked by the engine) before the next step."""
        with self._changed:
            self._knobs[name] = value
            self._changed.notify_all()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    @property
    def paused(self) -> bool:
        """Whether the loop waits, or will wait before the next step."""
        return self._paused

    def _ask(self, what: str) -> None:
        with self._changed:
            self._asked.add(what)
            self._changed.notify_all()

    # The engine's side.

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to look at: one read per step, no lock."""
        return not (self._paused or self._stopped or self._asked or self._knobs)

    def take_asked(self) -> set[str]:
        """Return and clear the on-demand wishes ("checkpoint", "preview")."""
        with self._changed:
            asked, self._asked = self._asked, set()
            return asked

    def take_knobs(self) -> dict[str, Any]:
        """Return and clear the wished knob values."""
        with self._changed:
            knobs, self._knobs = self._knobs, {}
            return knobs

    def may_step(self) -> bool:
        """Whether a step may be done now; uses up one single step when paused."""
        with self._changed:
            if not self._paused:
                return True
            if self._single_steps:
                self._single_steps -= 1
                return True
            return False

    def wait(self, seconds: float) -> None:
        """Sleep until something changes, at most `seconds`."""
        with self._changed:
            if self._paused and not (self._single_steps or self._stopped or self._asked or self._knobs):
                self._changed.wait(seconds)
