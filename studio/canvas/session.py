"""What dreaming and style transfer share: stages from coarse to fine, steering, going back, running out of memory.

A session is an iterable of the same frozen events that a training run sends (`studio.core.events`), steered by the
same `Control`: pause, step, stop, a knob turned while it works. It never sees a window and never writes a file.

Events of one `events()` call, in order: `Started`; then `Message`, `Scalars` (split "canvas"), `Images` ("live"
previews, at most 1,600 px, the first after the first step), `Progress`, `Paused`; at the end `Images` ("result", full
size) and `Finished`. `step` counts from 0 over all stages; a stage that ends early jumps to its end.

A little longer than other files: the loop, going back and retreating share one state.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from studio.canvas.backbone import Backbone
from studio.canvas.live import Live, live_image
from studio.canvas.picture import Pixels, to_pixels
from studio.canvas.recipe import recipe_of
from studio.canvas.session_hooks import SessionHooks
from studio.canvas.shortage import out_of_memory, smaller_tile
from studio.canvas.stages import Course, Stage
from studio.canvas.timeline import Moment, Timeline
from studio.core.compute import Compute
from studio.core.control import Control
from studio.core.errors import BadConfig, StudioError
from studio.core.events import Event, Finished, Images, Level, Message, Paused, Scalars, Started
from studio.core.knobs import make, to_json

C = TypeVar("C")
MOST_RETREATS = 6
"""Times that a session may go on after a step that failed (no memory, no number)."""


class _Interrupted(Exception):
    """Stopped within a step, of which nothing has been done."""


class Session(SessionHooks, Generic[C]):
    """One picture being made.

    Subclasses fill the hooks of `SessionHooks`.

    Args:
        config: the checked settings; must have the fields `seed` and `tile`.
        backbone: as the registry returns it; the session prepares its own copy.
        compute: device and precision.

    Attributes:
        id: unique name.
        config: the settings in force.
        timeline: every step, to look at and to go back to.
        tile: side of the tiles in force, 0 for none.
        entered: index of the stage whose picture is shown: that of the last step; -1 before the first.
        changes: settings changed on the way: step -> name -> value.
        replay: changes to make by itself at certain steps, from a recipe.
        notices: said once as warnings when the work begins: what, and what to do.
    """

    def __init__(self, config: C, backbone: Backbone, compute: Compute) -> None:
        self.id = f"{self.kind}-{uuid.uuid4().hex[:8]}"
        self.config, self.first_config = config, config
        self.backbone, self.compute = backbone, compute
        self.timeline = Timeline()
        self.tile = int(self.config.tile)  # type: ignore[attr-defined]
        self.entered = -1
        self.changes: dict[int, dict[str, Any]] = {}
        self.replay: dict[int, dict[str, Any]] = {}
        self.notices: list[tuple[str, str]] = []
        self._course: Course | None = None
        self._control: Control | None = None
        self._said: list[tuple[Level, str, str]] = []
        self._ends_stage = False
        self._retreats = 0

    # ---- said by the work itself

    def caption(self) -> str:
        """Say where it stands: shown on the live picture."""
        stage = self.course.stage if self.entered < 0 else self.entered
        height, width = self.stages[stage].size
        return f"{stage + 1} of {len(self.stages)} · {width} × {height}"

    def say(self, level: Level, text: str, what_to_do: str = "") -> None:
        """Tell a person something: comes as a `Message` after the step."""
        self._said.append((level, text, what_to_do))

    def end_stage(self) -> None:
        """Called by `advance`: the stage is over after this step (a loss limit was crossed)."""
        self._ends_stage = True

    def breathe(self) -> None:
        """Called by `advance` between the tiles of a large picture: who stops it need not wait for all of them."""
        if self._control is not None and self._control.stopped:
            raise _Interrupted

    # ---- where it stands

    @property
    def course(self) -> Course:
        """The plan in force, and where on it the work stands."""
        if self._course is None:
            self._course = Course(self.plan())
        return self._course

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The plan in force."""
        return self.course.stages

    @property
    def step(self) -> int:
        """Steps done, counted over all stages."""
        return self.course.step

    @property
    def total_steps(self) -> int:
        """Steps done and to do, of all stages."""
        return self.course.total_steps

    @property
    def finished(self) -> bool:
        """Whether every stage is done."""
        return self.course.finished

    def pixels(self) -> Pixels:
        """Return the present picture as uint8 (H, W, 3)."""
        return to_pixels(self.finishing(self.picture()))

    def recipe(self) -> dict[str, Any]:
        """Return everything that restores this picture as plain JSON types."""
        return recipe_of(self)

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
        course = self.course
        self.config = config
        try:
            self.restyle(frozenset(changed))
            course.replan(self.plan())
        except StudioError:
            self.config = old
            self.restyle(frozenset(changed))
            raise
        self.entered = -1
        if "tile" in changed:
            self.tile = int(changed["tile"])
        self.changes.setdefault(self.step, {}).update(changed)

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
        self.course.stand((moment.state.shape[-2], moment.state.shape[-1]), moment.step, moment.done)
        self.place(torch.from_numpy(moment.state.astype(np.float32))[None].to(self.compute.device))
        self.entered = -1

    def _forget_changes(self, step: int) -> None:
        """Forget the changes made after a step; what of the settings came from them counts as changed at that step."""
        self.changes = {s: v for s, v in self.changes.items() if s <= step}
        then = to_json(self.first_config)
        for at in sorted(self.changes):
            then.update(self.changes[at])
        different = {k: v for k, v in to_json(self.config).items() if v != then[k]}
        if different:
            self.changes.setdefault(step, {}).update(different)

    # ---- the loop

    def events(self, control: Control | None = None) -> Iterator[Event]:
        """Work until done or stopped; can be called again to go on.

        Raises:
            StudioError: settings that do not fit the network, or not enough memory.
        """
        control, live = control or Control(), Live()
        self._control = control
        policy = self.compute.policy
        yield Started(self.step, self.id, self.kind, self.total_steps, self.stages[0].steps, policy.to_json(), 0)
        if policy.reason and self.step == 0:
            yield Message(self.step, "info", policy.reason)
        while self.notices:
            yield Message(self.step, "warning", *self.notices.pop(0))
        while not self.finished:
            yield from self._obey(control, live)
            if control.stopped:
                break
            yield from self._one_step(live)
            yield from self._told()
            yield from live.due(self)
        self._control = None
        yield Images(self.step, "result", self.pixels()[None], 1, (self.caption(),))
        status = "stopped" if control.stopped and not self.finished else "done"
        yield Finished(self.step, status, live.elapsed)  # type: ignore[arg-type]  # one of the two

    def _obey(self, control: Control, live: Live) -> Iterator[Event]:
        """Take knobs and wishes; wait while paused."""
        told = False
        while True:
            yield from self._turn(control.take_knobs())
            if "preview" in control.take_asked():
                yield live_image(self)
            if control.stopped or control.may_step():
                return
            if not told:
                yield Paused(self.step)
                told = True
            with live.resting():
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
        course = self.course
        try:
            if self.entered != course.stage:
                self.enter(course.stage)
                self.entered = course.stage
            losses = _fetched(self.advance())
        except _Interrupted:
            return
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            yield self._retreat(error)  # `advance` changes the picture last: nothing was done yet
            return
        if not math.isfinite(losses["loss"]):
            yield self._recover()
            return
        course.done += 1
        if self._ends_stage:
            self._ends_stage = False
            course.end_stage()
        yield Scalars(self.step, "canvas", (self.step,), {k: (v,) for k, v in losses.items()})
        live.note(course.present.size)
        self._keep(losses)

    def _keep(self, losses: dict[str, float]) -> None:
        """Keep the moment after a step, and pass on to the next stage where this one is done."""
        course = self.course
        if course.stage_finished:
            self.leave(course.stage)
        if self.timeline.wants(self.step) or self.finished:
            state = self.picture()[0].half().cpu().numpy()
            self.timeline.keep(Moment(self.step, course.stage, state, losses, course.done))
        course.pass_on()

    # ---- when a step fails

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
        self.entered = -1
        self.tile = smaller_tile(self.tile, error, last=self._retreats > MOST_RETREATS)
        return Message(
            self.step, "warning", f"Memory ran out: going on in tiles of {self.tile} px.", "A smaller size is quicker."
        )


def _fetched(losses: Mapping[str, Tensor]) -> dict[str, float]:
    """Bring a step's losses from the device in one transfer."""
    values = torch.stack([value.detach().float().reshape(()) for value in losses.values()]).tolist()
    return dict(zip(losses, values, strict=True))
