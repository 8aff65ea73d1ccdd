"""The way of a picture from coarse to fine: octaves of a dream, scales of a transfer, and where the work stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from studio.canvas.picture import working_size

Size = tuple[int, int]


@dataclass(frozen=True)
class Stage:
    """One octave or scale: (height, width) and the number of steps done at it."""

    size: Size
    steps: int

    @property
    def work(self) -> int:
        """Pixels times steps: what its time is proportional to."""
        return self.size[0] * self.size[1] * self.steps


def growing(size: Size, count: int, factor: float) -> Sequence[Size]:
    """Return `count` sizes up to `size`, each `factor` times the one before: floor(side / factor^k) (Chollet 12.2)."""
    return [(max(1, int(size[0] / factor**k)), max(1, int(size[1] / factor**k))) for k in reversed(range(count))]


def octaves(size: Size, count: int, factor: float, steps: int, least: int) -> tuple[Stage, ...]:
    """Return the stages of a dream, smallest first; those with a side below `least` pixels are left out."""
    return tuple(Stage(s, steps) for s in growing(size, count, factor) if min(s) >= least)


def growing_sides(smallest: int, largest: int, growth: float) -> list[int]:
    """Return sides from `smallest` to `largest`, evenly spaced on a logarithmic scale, at most `growth` apart."""
    if smallest >= largest:
        return [largest]
    steps = math.ceil(math.log(largest / smallest) / math.log(growth) - 1e-3)
    return [round(smallest * (largest / smallest) ** (i / steps)) for i in range(steps)] + [largest]


def scales(size: Size, smallest: int, growth: float, steps: int, least: int) -> tuple[Stage, ...]:
    """Return the stages of a transfer, smallest first: longer sides from `smallest`, at most `growth` apart.

    Scales with a side below `least` pixels are left out.
    """
    sides = growing_sides(smallest, max(size), growth)
    sizes = [*(working_size(size, side) for side in sides[:-1]), size]
    return tuple(Stage(s, steps) for s in sizes if min(s) >= least)


class Course:
    """Where the work stands among its stages; steps once done stay counted, whatever becomes of the plan.

    Attributes:
        stages: the plan in force, smallest first.
        stage, done: index of the present stage, steps done in it.
        before: steps done in the stages before it.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = tuple(stages)
        self.stage, self.done, self.before = 0, 0, 0

    @property
    def present(self) -> Stage:
        """The stage that is worked on."""
        return self.stages[self.stage]

    @property
    def step(self) -> int:
        """Steps done, counted over all stages."""
        return self.before + self.done

    @property
    def total_steps(self) -> int:
        """Steps done and to do, of all stages."""
        return self.before + sum(stage.steps for stage in self.stages[self.stage :])

    @property
    def stage_finished(self) -> bool:
        """Whether the present stage is done."""
        return self.done >= self.present.steps

    @property
    def finished(self) -> bool:
        """Whether every stage is done."""
        return self.stage == len(self.stages) - 1 and self.stage_finished

    @property
    def work_left(self) -> int:
        """Pixels times steps still to do."""
        height, width = self.present.size
        return sum(stage.work for stage in self.stages[self.stage :]) - height * width * self.done

    def begin(self, stage: int = 0) -> None:
        """Stand at the beginning of a stage, as if those before it had been done."""
        self.stage, self.done = stage, 0
        self.before = sum(earlier.steps for earlier in self.stages[:stage])

    def end_stage(self) -> None:
        """Take the present stage for done."""
        self.done = self.present.steps

    def pass_on(self) -> None:
        """Begin the next stage where this one is done and not the last."""
        if self.stage_finished and self.stage + 1 < len(self.stages):
            self.before += self.done
            self.stage, self.done = self.stage + 1, 0

    def stand(self, size: Size, step: int, done: int) -> None:
        """Stand at the stage nearest to a size, after `step` steps in all and `done` of them in it."""
        self.stage = self._nearest(size)
        self.before, self.done = step - done, done
        self.pass_on()

    def replan(self, stages: Sequence[Stage]) -> None:
        """Take another plan and go on at its stage of the size nearest to the present one."""
        finished, size = self.finished, self.present.size
        self.stages = tuple(stages)
        self.stage = self._nearest(size)
        last = self.stage == len(self.stages) - 1
        if self.stage_finished and not (finished and last):  # one step more, so that the stage ends as it should
            now = replace(self.present, steps=self.done + 1)
            self.stages = (*self.stages[: self.stage], now, *self.stages[self.stage + 1 :])

    def _nearest(self, size: Size) -> int:
        return min(range(len(self.stages)), key=lambda i: abs(math.log(max(self.stages[i].size) / max(size))))
