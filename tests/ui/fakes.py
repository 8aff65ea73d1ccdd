"""A run that trains nothing: it yields the events of a real one, obeys its Control and counts what it was asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from studio.core import events as ev
from studio.core.control import Control
from studio.core.errors import StudioError


class FakeRun:
    """Events of `steps` steps; the loss falls, a preview comes every ten steps.

    Args:
        steps: how many.
        seconds: to sleep at each step.
        text: previews are texts instead of pictures.
        fail_at: the step at which the run fails (0: never); `error` tells how.
    """

    def __init__(
        self, steps: int = 40, seconds: float = 0.002, text: bool = False, fail_at: int = 0, error: Any = None
    ) -> None:
        self.id = "fake-run"
        self.steps, self.seconds, self.text = steps, seconds, text
        self.fail_at, self.error = fail_at, error or StudioError("The disk is full.", "Free some space.")
        self.done = 0
        self.waiting = False
        self.knobs: dict[str, Any] = {}
        self.asked: list[str] = []

    def events(self, control: Control) -> Iterator[ev.Event]:
        yield ev.Message(0, "info", "Opening digits.")
        yield ev.Started(0, self.id, "vae", self.steps, 10, {"reason": "cpu, fp32: there is no faster unit."}, 1234)
        yield from self._preview(0)
        while self.done < self.steps and not control.stopped:
            if not control.may_step():
                self.waiting = True
                yield ev.Paused(self.done)
                control.wait(0.02)
                continue
            self.waiting = False
            yield from self._step(control)
        status = "stopped" if control.stopped else "done"
        yield ev.Finished(self.done, status, 1.5, {"name": "loss", "value": 0.5, "step": self.done})

    def _step(self, control: Control) -> Iterator[ev.Event]:
        self.done += 1
        self.asked += sorted(control.take_asked())
        self.knobs.update(control.take_knobs())
        if self.done == self.fail_at:
            raise self.error
        loss = 1.0 / self.done
        yield ev.Scalars(self.done, "train", (self.done,), {"loss": (loss,), "kl": (loss / 2,)})
        yield ev.Progress(self.done, self.done // 10, self.steps, 118.2, 15_104.0, 130.0)
        if self.done % 10 == 0:
            yield ev.Scalars(self.done, "val", (self.done,), {"loss": (loss * 1.1,)})
            yield from self._preview(self.done)
        time.sleep(self.seconds)

    def _preview(self, step: int) -> Iterator[ev.Event]:
        if self.text:
            yield ev.Text(step, "sample", f"the fox at step {step}")
        else:
            yield ev.Images(step, "samples", np.full((16, 8, 8, 1), step % 256, np.uint8))
