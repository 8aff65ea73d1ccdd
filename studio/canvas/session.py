"""What dreaming and style transfer share: stages from coarse to fine, steering, going back, running out of memory.

A session is an iterable of the same frozen events that a training run sends (`studio.core.events`), steered by the
same `Control`: pause, step, stop, a knob turned while it works. It never sees a window and never writes a file.

Events of one `events()` call, in order: `Started`; then `Message`, `Scalars` (split "canvas"), `Images` ("live"
previews, at most 1,600 px, the first after the first step), `Progress`, `Paused`; at the end `Images` ("result", full
size) and `Finished`. `step` counts from 0 over all stages; a stage that ends early jumps to its end.

It is longer than other files because the loop, going back and retreating share one state.
"""

from __future__ import annotations

import math
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio import __version__
from studio.canvas.backbone import Backbone
from studio.canvas.live import Live
from studio.canvas.masks import mask_text
from studio.canvas.picture import Pixels, Source, resized, to_pixels
from studio.canvas.timeline import Moment, Timeline
from studio.core.compute import Compute
from studio.core.control import Control
from studio.core.errors import BadConfig, StudioError
from studio.core.events import Event, Finished, Images, Level, Message, Paused, Scalars, Started
from studio.core.knobs import make, to_json

C = TypeVar("C")
RECIPE_VERSION = 1
LIVE_SIDE = 1600
"""Longer side of live previews; the result is sent at full size."""
FIRST_TILE, SMALLEST_TILE = 1024, 256
MOST_RETREATS = 6


@dataclass(frozen=True)
class Stage:
    """One octave or scale: (height, width) and the number of steps done at it."""

    size: tuple[int, int]
    steps: int


class OutOfMemory(StudioError):
    """There is not enough memory even for the smallest tiles."""


class Session(ABC, Generic[C]):
    """One picture being made.

    Subclasses implement `plan`, `enter`, `advance`, `picture` and `place`, and list `sources`.

    Args:
        config: the checked settings; must have the fields `seed` and `tile`.
        backbone: as the registry returns it; the session prepares its own copy.
        compute: device and precision.

    Attributes:
        id: unique name.
        config: the settings in force.
        timeline: every step, to look at and to go back to.
        stage, done: where it stands: index of the stage, steps done in it.
        tile: side of the tiles in force, 0 for none.
    """

    kind: ClassVar[str] = ""

    def __init__(self, config: C, backbone: Backbone, compute: Compute) -> None:
        self.id = f"{self.kind}-{uuid.uuid4().hex[:8]}"
        self.config, self.first_config = config, config
        self.backbone, self.compute = backbone, compute
        self.timeline = Timeline()
        self.stage, self.done = 0, 0
        self.tile = int(self.config.tile)  # type: ignore[attr-defined]
        self.changes: dict[int, dict[str, Any]] = {}
        """Settings changed on the way: step -> name -> value."""
        self.replay: dict[int, dict[str, Any]] = {}
        """Changes to make by itself at certain steps, from a recipe."""
        self.notices: list[tuple[str, str]] = []
        """Said once as warnings when the work begins: what, and what to do."""
        self._entered = -1
        self._before = 0
        """Steps done in the stages before this one."""
        self._said: list[tuple[Level, str, str]] = []
        self._ends_stage = False
        self._retreats = 0
        self._stages: tuple[Stage, ...] = ()

    # ---- what a subclass says

    @abstractmethod
    def plan(self) -> tuple[Stage, ...]:
        """Return the stages for the settings in force, smallest first."""

    @abstractmethod
    def enter(self, stage: int) -> None:
        """Prepare a stage: bring the picture to its size, compute targets. Also called after changes."""

    @abstractmethod
    def advance(self) -> dict[str, Tensor]:
        """Do one step and return its losses as detached 0-d tensors; "loss" is the whole."""

    @abstractmethod
    def picture(self) -> Tensor:
        """Return the present picture float32 (1, 3, H, W), 0..1 (perhaps beyond)."""

    @abstractmethod
    def place(self, picture: Tensor) -> None:
        """Replace the present picture; its size may be that of another stage."""

    @abstractmethod
    def sources(self) -> dict[str, Source]:
        """Return the pictures that went in, by role ("picture", "guide", "style 1", …)."""

    def masks(self) -> dict[str, NDArray[np.float32]]:
        """Return the masks in force, by role, float32 (H, W) in 0..1."""
        return {}

    def leave(self, stage: int) -> None:
        """Finish a stage (a dream puts the lost detail back)."""
        del stage

    def restyle(self, names: frozenset[str]) -> None:
        """Take changed settings; `enter` is called again before the next step."""
        del names

    def caption(self) -> str:
        """Say where it stands: shown on the live picture."""
        stage = self.stage if self._entered < 0 else self._entered
        height, width = self.stages[stage].size
        return f"{stage + 1} of {len(self.stages)} · {width} × {height}"

    def say(self, level: Level, text: str, what_to_do: str = "") -> None:
        """Tell a person something: comes as a `Message` after the step."""
        self._said.append((level, text, what_to_do))

    def end_stage(self) -> None:
        """Called by `advance`: the stage is over after this step (a loss limit was crossed)."""
        self._ends_stage = True

    # ---- where it stands

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The plan in force."""
        if not self._stages:
            self._stages = self.plan()
        return self._stages

    @property
    def step(self) -> int:
        """Steps done, counted over all stages."""
        return self._before + self.done

    @property
    def total_steps(self) -> int:
        """Steps done and to do, of all stages."""
        return self._before + sum(s.steps for s in self.stages[self.stage :])

    @property
    def entered(self) -> int:
        """Index of the stage whose picture is shown: that of the last step; -1 before the first."""
        return self._entered

    @property
    def finished(self) -> bool:
        """Whether every stage is done."""
        return self.stage >= len(self.stages) - 1 and self.done >= self.stages[-1].steps

    def pixels(self) -> Pixels:
        """Return the present picture as uint8 (H, W, 3)."""
        return to_pixels(self.finishing(self.picture()))

    def finishing(self, picture: Tensor) -> Tensor:
        """Return what is shown and exported of a picture (colour modes work here)."""
        return picture

    # ---- steering (between two steps, or while it does not run)

    def change(self, values: Mapping[str, Any]) -> None:
        """Turn knobs; takes effect at the next step.

        Raises:
            BadConfig: a name or value that the Config or the network refuses; nothing is changed then.
        """
        old, before = self.config, to_json(self.config)
        config = make(type(self.config), {**before, **values})
        changed = {k: v for k, v in to_json(config).items() if v != before[k]}
        if not changed:
            return
        self.config = config
        try:
            self.restyle(frozenset(changed))
            self._replan()
        except StudioError:
            self.config = old
            self.restyle(frozenset(changed))
            raise
        if "tile" in changed:
            self.tile = int(changed["tile"])
        self.changes.setdefault(self.step, {}).update(changed)

    def _replan(self) -> None:
        """Plan anew and go on at the stage of the size nearest to the present one; steps done stay counted."""
        finished, size = self.finished, self.stages[self.stage].size
        self._stages = self.plan()
        self.stage = self._nearest(size)
        now = self._stages[self.stage]
        last = self.stage == len(self._stages) - 1
        if now.steps <= self.done and not (finished and last):  # one step more, so that the stage ends as it should
            now = replace(now, steps=self.done + 1)
            self._stages = (*self._stages[: self.stage], now, *self._stages[self.stage + 1 :])
        self._entered = -1

    def _nearest(self, size: tuple[int, int]) -> int:
        """Return the index of the stage whose size is nearest."""
        return min(range(len(self.stages)), key=lambda i: abs(math.log(max(self.stages[i].size) / max(size))))

    def rewind(self, step: int) -> None:
        """Go back to a moment of the timeline; later moments are forgotten. Not while it runs.

        The settings in force stay, as a change made at that moment; changes made after it are forgotten.

        Raises:
            BadConfig: nothing was kept that far back.
        """
        moment = self.timeline.at(step)
        if moment is None:
            raise BadConfig(f"There is no moment at step {step} to go back to.")
        self.timeline.cut(moment.step)
        self._forget_changes(moment.step)
        self.stage = self._nearest((moment.state.shape[-2], moment.state.shape[-1]))
        self._before, self.done = moment.step - moment.done, moment.done
        self._pass_on()
        self.place(torch.from_numpy(moment.state.astype(np.float32))[None].to(self.compute.device))
        self._entered = -1

    def _forget_changes(self, step: int) -> None:
        """Forget the changes made after a step; what of the settings came from them counts as changed at that step."""
        self.changes = {s: v for s, v in self.changes.items() if s <= step}
        then = to_json(self.first_config)
        for at in sorted(self.changes):
            then.update(self.changes[at])
        different = {k: v for k, v in to_json(self.config).items() if v != then[k]}
        if different:
            self.changes.setdefault(step, {}).update(different)

    def _pass_on(self) -> None:
        """Begin the next stage where this one is done and not the last."""
        steps = self.stages[self.stage].steps
        if self.done >= steps and self.stage + 1 < len(self.stages):
            self._before += self.done
            self.stage, self.done = self.stage + 1, 0

    # ---- the loop

    def events(self, control: Control | None = None) -> Iterator[Event]:
        """Work until done or stopped; can be called again to go on.

        Raises:
            StudioError: settings that do not fit the network, or not enough memory.
        """
        control = control or Control()
        began, live = time.monotonic(), Live()
        policy = self.compute.policy
        yield Started(self.step, self.id, self.kind, self.total_steps, self.stages[0].steps, policy.to_json(), 0)
        if policy.reason and self.step == 0:
            yield Message(self.step, "info", policy.reason)
        while self.notices:
            yield Message(self.step, "warning", *self.notices.pop(0))
        while not self.finished:
            yield from self._obey(control)
            if control.stopped:
                break
            yield from self._one_step(live)
            yield from self._told()
            yield from live.due(self, time.monotonic() - began)
        yield Images(self.step, "result", self.pixels()[None], 1, (self.caption(),))
        status = "stopped" if control.stopped and not self.finished else "done"
        yield Finished(self.step, status, time.monotonic() - began)  # type: ignore[arg-type]  # one of the two

    def _obey(self, control: Control) -> Iterator[Event]:
        """Take knobs and wishes; wait while paused."""
        told = False
        while True:
            yield from self._turn(control.take_knobs())
            if "preview" in control.take_asked():
                yield self.live_image()
            if control.stopped or control.may_step():
                return
            if not told:
                yield Paused(self.step)
                told = True
            control.wait(0.05)

    def _told(self) -> Iterator[Event]:
        said, self._said = self._said, []
        for level, text, what_to_do in said:
            yield Message(self.step, level, text, what_to_do)

    def _turn(self, knobs: Mapping[str, Any]) -> Iterator[Event]:
        for name, value in {**self.replay.pop(self.step, {}), **knobs}.items():
            try:
                self.change({name: value})
            except BadConfig as error:
                yield Message(self.step, "warning", error.what, error.what_to_do)

    def _one_step(self, live: Live) -> Iterator[Event]:
        """Enter a stage if need be, do a step, keep the moment; retreat when memory runs out."""
        try:
            if self._entered != self.stage:
                self.enter(self.stage)
                self._entered = self.stage
            losses = _fetched(self.advance())
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            yield self._retreat(error)  # `advance` changes the picture last: nothing was done yet
            return
        if not math.isfinite(losses["loss"]):
            yield self._recover()
            return
        self.done += 1
        if self._ends_stage:
            self._ends_stage = False
            self.done = self.stages[self.stage].steps
        yield Scalars(self.step, "canvas", (self.step,), {k: (v,) for k, v in losses.items()})
        live.note()
        stage = self.stage
        if self.done >= self.stages[stage].steps:
            self.leave(stage)
        if self.timeline.wants(self.step) or self.finished:
            state = self.picture()[0].half().cpu().numpy()
            self.timeline.keep(Moment(self.step, stage, state, losses, self.done))
        self._pass_on()

    def _recover(self) -> Event:
        """Leave a picture that is no number: back to the last good moment, or say that nothing helps."""
        self._retreats += 1
        if not len(self.timeline) or self._retreats > MOST_RETREATS:
            raise StudioError(
                "The loss is not a finite number: the picture cannot go on like this.",
                "Use smaller steps or weights, or precision fp32.",
            )
        self.rewind(self.step)
        return Message(
            self.step, "warning", "The loss stopped being a number: went back one step.", "Use smaller steps."
        )

    def _retreat(self, error: BaseException) -> Event:
        """Choose smaller tiles after memory ran out."""
        self._retreats += 1
        self._entered = -1
        smaller = self.tile // 2 if self.tile else FIRST_TILE
        if smaller < SMALLEST_TILE or self._retreats > MOST_RETREATS:
            raise OutOfMemory(
                "There is not enough memory for this size, not even in small tiles.",
                "Choose a smaller size or a smaller network, or close other programs.",
                details=repr(error),
            ) from error
        self.tile = smaller
        return Message(
            self.step, "warning", f"Memory ran out: going on in tiles of {smaller} px.", "A smaller size is quicker."
        )

    def live_image(self) -> Images:
        """Return the present picture as a preview event."""
        picture = self.finishing(self.picture())
        height, width = picture.shape[-2:]
        if max(height, width) > LIVE_SIDE:
            factor = LIVE_SIDE / max(height, width)
            picture = resized(picture, (round(height * factor), round(width * factor)))
        return Images(self.step, "live", to_pixels(picture)[None], 1, (self.caption(),))

    # ---- the recipe

    def recipe(self) -> dict[str, Any]:
        """Return everything that restores this picture as plain JSON types (masks as small PNGs in base64)."""
        return {
            "kind": self.kind,
            "version": RECIPE_VERSION,
            "studio": __version__,
            "config": to_json(self.first_config),
            "changes": {str(step): values for step, values in self.changes.items()},
            "steps": self.step,
            "backbone": {"id": self.backbone.id, "fingerprint": self.backbone.fingerprint},
            "sources": {
                role: {"path": s.path, "sha256": s.sha256, "height": s.size[0], "width": s.size[1]}
                for role, s in self.sources().items()
            },
            "masks": {role: mask_text(mask) for role, mask in self.masks().items()},
            "policy": asdict(replace(self.compute.policy, timings={})),
        }


def _fetched(losses: Mapping[str, Tensor]) -> dict[str, float]:
    """Bring a step's losses from the device in one transfer."""
    values = torch.stack([value.detach().float().reshape(()) for value in losses.values()]).tolist()
    return dict(zip(losses, values, strict=True))


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on whatever device."""
    text = str(error).lower()
    known = ("out of memory", "not enough memory", "can't allocate memory", "defaultcpuallocator")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(words in text for words in known)


def growing(size: tuple[int, int], count: int, factor: float) -> Sequence[tuple[int, int]]:
    """Return `count` sizes up to `size`, each `factor` times the one before: floor(side / factor^k) (Chollet 12.2)."""
    return [(max(1, int(size[0] / factor**k)), max(1, int(size[1] / factor**k))) for k in reversed(range(count))]
