"""The loop: steps, epochs, phases, validation, previews, checkpoints; a generator of events.

What happens at a step is a pure function of (config, data, seed, step), and everything decided at the end of
an epoch is part of the checkpoint, so a run that is killed and resumed equals one that was not.

The order of what happens between two steps is the whole point, so it is read in one place. What is measured and shown
is in `evaluation`, what a person turns in `steering`, learning rates in `schedule`.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Generator, Iterator
from dataclasses import asdict, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

import torch

from studio.core import checkpoint as ckpt
from studio.core import events as ev
from studio.core import seeds
from studio.core.average import Average
from studio.core.compute import Compute
from studio.core.control import Control
from studio.core.errors import StudioError
from studio.core.evaluation import Evaluation
from studio.core.feed import Feed
from studio.core.meter import Meter, first_bad, to_scalars
from studio.core.recipe import Recipe, learned
from studio.core.schedule import Plateau, Rates
from studio.core.spec import DataSet
from studio.core.steering import Steering
from studio.core.training import Training

Status = Literal["done", "stopped", "failed"]

FLUSH_SECONDS = 0.25
FLUSH_STEPS = 20  # with several processes, which must agree on when to exchange metrics
WATCH_EVERY = 10  # steps between gradient-norm measurements
PREVIEW_SHARE = 0.05
MAX_DROPS = 8  # halvings of the rate after non-finite losses


class Engine:
    """Trains one recipe.

    Args:
        recipe: built, on its device.
        data: training and held-out examples.
        training: options of the loop.
        compute: how this process computes.
        folder: the run's folder; checkpoints go to `folder/checkpoints`.
        run: id told in events.
        control: wishes of the person.
        start: checkpoint to go on from.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: DataSet,
        training: Training,
        compute: Compute,
        folder: Path,
        *,
        run: str = "",
        control: Control | None = None,
        start: ckpt.Checkpoint | None = None,
    ) -> None:
        self.recipe, self.data, self.training, self.compute = recipe, data, training, compute
        self.run_id, self.control = run, control or Control()
        self.checkpoints = folder / "checkpoints"
        self.feed = Feed(data.train, training.batch_size, training.seed, compute, data.augment)
        steps = training.steps or training.epochs * self.feed.per_epoch
        if recipe.learns_by == "counting":
            steps = min(steps, self.feed.per_epoch)  # a second pass would count every example twice
        shares = recipe.phase_shares or (1.0,) * len(recipe.phases)
        self.phase_ends = list(accumulate(max(1, round(share * steps)) for share in shares))
        self.total = self.phase_ends[-1]
        averages = training.ema > 0 and recipe.learns_by == "gradient"  # a mean of counts or trees means nothing
        self.average = Average(recipe, training.ema) if averages else None
        self.evaluation = Evaluation(recipe, data, compute, training.seed, self.average)
        self.rates = Rates(recipe, training, self.feed.per_epoch, self.total)
        self.plateau = Plateau()
        self.steering = Steering(recipe, compute)
        self.step = 0
        self.val: dict[str, float] = {}
        self.meter = Meter(compute)
        self._phase = -1
        self._saved = -1
        self._stopped = self._owes_validation = False
        self._preview_spent = 0.0
        self._started = time.perf_counter()
        self._next_flush = self._next_preview = self._next_checkpoint = self._started
        compute.clip_norm = training.clip_norm
        compute.name_optimizers(recipe.optimizers())
        if start is not None:
            self._restore(start)

    # ---- the loop

    def run(self) -> Iterator[ev.Event]:
        """Train until the end, a stop or a failure; the last event is `Finished`.

        Raises:
            StudioError: nothing; it is told in `Finished`. Other exceptions are programming errors and pass.
        """
        self._started = time.perf_counter()
        self._timers()
        try:
            yield self._started_event()
            if self._saved != self.step:
                yield from self._checkpoint("last")  # the start itself: a kill in the first minute loses nothing
            yield from self._preview()
            status = yield from self._loop()
        except StudioError as error:
            yield self._finished("failed", error)
            return
        except torch.OutOfMemoryError as error:
            short = StudioError("The device ran out of memory.", "Lower the batch size or the picture size and resume.")
            short.details = str(error)
            yield self._finished("failed", short)
            return
        yield self._finished(status)

    def _loop(self) -> Generator[ev.Event, None, Status]:
        """Step until the budget is used or the person stops; returns the status."""
        if self._owes_validation:  # stopped in the middle of one
            yield from self._validate()
        while self.step < self.total:
            if not self.control.quiet and self.compute.world == 1:
                yield from self._obey()
                if self.control.stopped:
                    break
            self.one_step()
            yield from self._flush_if_due()
            if self._stopped:
                break
            if self.step % self.feed.per_epoch == 0 or self.step >= self.total:
                yield from self._end_epoch()
                if self._early_stop():
                    text = f"Stopped early: no better {self.metric} for {self.training.early_stop} validations."
                    yield ev.Message(self.step, "info", text)
                    break
            now = time.perf_counter()
            if now >= self._next_preview:
                yield from self._preview()
            if now >= self._next_checkpoint:
                yield from self._checkpoint("last")
        yield from self._preview(always=True)
        yield from self._checkpoint("last")
        return "stopped" if self.control.stopped or self._stopped else "done"

    def _flush_if_due(self) -> Iterator[ev.Event]:
        """Fetch metrics a few times a second; several processes do it at the same steps instead."""
        if self.compute.world == 1:
            if time.perf_counter() >= self._next_flush or self.step >= self.total:
                yield from self._flush()
        elif self.step % FLUSH_STEPS == 0 or self.step >= self.total:
            yield from self._flush()
            self._stopped = self._agree(self.control.stopped)

    def one_step(self) -> None:
        """Do one optimisation step; its metrics wait in the buffer as tensors."""
        phase = bisect_right(self.phase_ends, self.step)
        if phase != self._phase:
            self._enter_phase(phase)
        rank_stream = "step" if not self.compute.rank else f"step{self.compute.rank}"
        seeds.seed_everything(seeds.derive(self.training.seed, rank_stream, self.step), self.compute.device)
        self.rates.apply(self.step, self.plateau)
        watch = self.step % WATCH_EVERY == 0
        self.compute.watch_gradients = watch
        batch = self.feed.batch(self.step)
        with self.compute.autocast():
            metrics = self.recipe.step(batch)
        if watch:
            metrics = {**metrics, **self.compute.gradient_norms}
            self.compute.gradient_norms = {}
        if self.average is not None:
            self.average.update()
        self.step += 1
        self.meter.add(self.step, metrics)

    def _enter_phase(self, number: int) -> None:
        self._phase = number
        self.recipe.phase = self.recipe.phases[number]
        self.recipe.start_phase(self.recipe.phase)

    # ---- what a person asks for

    def _obey(self) -> Iterator[ev.Event]:
        """Do what was asked for; while paused, wait here."""
        told = False
        while True:
            for name, value in self.control.take_knobs().items():
                yield self._change(name, value)
                yield ev.Turned(self.step, name, self.steering.values().get(name))
            asked = self.control.take_asked()
            if "preview" in asked:
                yield from self._preview(always=True)
            if "checkpoint" in asked:
                yield from self._flush()
                yield from self._checkpoint("asked")
            if self.control.stopped or self.control.may_step():
                return
            if not told:
                yield from self._flush()
                yield ev.Paused(self.step)
                told = True
            self.control.wait(0.1)
            self.meter.restart()

    def _change(self, name: str, value: Any) -> ev.Event:
        if self.compute.world > 1:
            return ev.Message(self.step, "warning", "Knobs cannot be changed while several processes train.")
        try:
            told = self.steering.turn(name, value)
        except StudioError as error:
            return ev.Message(self.step, "warning", error.what, error.what_to_do)
        self._saved = -1
        self._next_checkpoint = min(self._next_checkpoint, time.perf_counter() + 1)
        return ev.Message(self.step, "info", told)

    def _agree(self, wish: bool) -> bool:
        """Return the first process' wish in every process."""
        fabric = self.compute.fabric
        return bool(fabric.broadcast(wish)) if fabric is not None else wish

    # ---- metrics

    def _flush(self) -> Iterator[ev.Event]:
        """Fetch the buffered metrics in bulk, look for non-finite values, report progress."""
        self._next_flush = time.perf_counter() + FLUSH_SECONDS
        points = self.meter.fetch()
        if not points:
            return
        bad = first_bad(points)
        yield from to_scalars(self.step, "train", points, bad)
        yield self._progress()
        if bad is not None:
            yield from self._go_back(bad)

    def _progress(self) -> ev.Progress:
        rate = self.meter.rate
        return ev.Progress(
            self.step,
            epoch=self.step // self.feed.per_epoch,
            total_steps=self.total,
            steps_per_second=rate,
            examples_per_second=rate * self.feed.batch_size,
            seconds_left=(self.total - self.step) / rate if rate else 0.0,
            phase=self.recipe.phase,
        )

    def _go_back(self, bad: int) -> Iterator[ev.Event]:
        """Return to the last good checkpoint after a non-finite value; stop or halve the rate."""
        good, complaints = ckpt.newest(self.checkpoints)
        self.meter.clear()
        scale, drops = self.rates.scale * 0.5, self.rates.drops + 1
        self._restore(good)
        if self.compute.fabric is not None:
            self.compute.fabric.barrier()  # nobody replaces the checkpoint while another process reads it
        yield ev.Rewound(self.step)
        text = f"The loss was not finite at step {bad}; went back to step {self.step}."
        yield ev.Message(self.step, "warning", " ".join([text, *complaints]))
        if self.training.on_nonfinite == "stop" or drops > MAX_DROPS:
            raise StudioError(text, "Lower the learning rate, or clip the gradient norm, and resume.")
        self.rates.scale, self.rates.drops, self._saved = scale, drops, -1
        yield ev.Message(self.step, "info", f"The learning rate is now {scale:g} of what was set.")
        yield from self._checkpoint("last")

    # ---- epochs and validation

    @property
    def metric(self) -> str:
        """Name of the watched metric."""
        return self.recipe.best_metric

    def _end_epoch(self) -> Iterator[ev.Event]:
        epoch = self.step // self.feed.per_epoch
        every = self.training.validate_every
        if every and (epoch % every == 0 or self.step >= self.total):
            before = self.step
            yield from self._flush()
            if self.step == before:  # otherwise the run went back
                yield from self._validate()

    def _validate(self) -> Iterator[ev.Event]:
        """Measure on held-out data; update best, plateau and early stopping."""
        if not len(self.data.val) or not self.training.validate_every:
            return
        self._owes_validation = True
        means = self.evaluation.held_out(lambda: self.control.stopped) if self.compute.rank == 0 else {}
        if self.compute.fabric is not None:
            means = self.compute.fabric.broadcast(means)
        if not means:
            return
        self.val, self._owes_validation = means, False
        yield ev.Scalars(self.step, "val", (self.step,), {k: (v,) for k, v in means.items()})
        value = means.get(self.metric)
        if value is None or not math.isfinite(value):
            return
        patience = self.training.decay_epochs if self.training.schedule == "plateau" else 0
        if self.plateau.update(value, self.step, self.recipe.best_mode, patience):
            yield from self._checkpoint("best")

    def _early_stop(self) -> bool:
        patience = self.training.early_stop
        return bool(patience) and self.plateau.bad >= patience

    # ---- previews and checkpoints

    def _preview(self, *, always: bool = False) -> Iterator[ev.Event]:
        """Send a preview unless previews already took their share of the time."""
        now = time.perf_counter()
        if self.compute.rank or (not always and self._preview_spent > PREVIEW_SHARE * (now - self._started)):
            return
        made = [replace(event, step=self.step) for event in self.evaluation.preview()]
        spent = time.perf_counter() - now
        self._preview_spent += spent
        # waiting at least spent / share keeps the share from the first preview on
        self._next_preview = now + max(self.training.preview_seconds, spent / PREVIEW_SHARE)
        yield from made

    def _checkpoint(self, kind: str) -> Iterator[ev.Event]:
        """Write a checkpoint of this step, unless there is one."""
        self._next_checkpoint = time.perf_counter() + self.training.checkpoint_seconds
        if self.compute.rank == 0 and self._saved != self.step:
            if self.compute.world == 1:
                yield from self._flush()  # a checkpoint is never taken of broken weights: look first
            if not self._sound():
                yield from self._go_back(self.step)
                return
            average = self.average.shadow if self.average else None
            ckpt.save(self.checkpoints, self.step, self.recipe, self._state(), average)
            self._saved = self.step
        if self.compute.rank == 0 and kind == "best" and self.plateau.best is not None:
            ckpt.mark_best(self.checkpoints, self.step, self.metric, self.plateau.best)
        if self.compute.rank == 0:
            ckpt.prune(self.checkpoints, self.training.keep_last)
            yield ev.Checkpointed(self.step, str(self.checkpoints / ckpt.name_of(self.step)), kind)

    def _sound(self) -> bool:
        return all(bool(torch.isfinite(p).all()) for p in self.recipe.parameters())

    def _state(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.id,
            **self.steering.state(),
            **self.rates.state(),
            "plateau": asdict(self.plateau),
            "val": self.val,
            "owes_validation": self._owes_validation,
        }

    def _restore(self, start: ckpt.Checkpoint) -> None:
        ckpt.restore(self.recipe, start)
        self.steering.restore(start.state)
        self.rates.restore(start.state)
        self.plateau = Plateau(**start.state["plateau"])
        if self.average is not None and start.average is not None:
            self.average.load(start.average)
        self.step = self._saved = start.step
        self.val, self._owes_validation = dict(start.state["val"]), start.state["owes_validation"]
        self._phase = -1

    # ---- beginning and end

    def _timers(self) -> None:
        now = time.perf_counter()
        self._next_flush = now + FLUSH_SECONDS
        self._next_preview = now + self.training.preview_seconds
        self._next_checkpoint = now + self.training.checkpoint_seconds
        self.meter.restart()

    def _started_event(self) -> ev.Started:
        return ev.Started(
            self.step,
            run=self.run_id,
            recipe=self.recipe.id,
            total_steps=self.total,
            steps_per_epoch=self.feed.per_epoch,
            policy=self.compute.policy.to_json(),
            parameters=sum(learned(module) for module in self.recipe.modules().values()),
            live=self.steering.values(),
        )

    def _finished(self, status: Status, error: StudioError | None = None) -> ev.Finished:
        best = {}
        if self.plateau.best is not None:
            best = {"name": self.metric, "value": self.plateau.best, "step": self.plateau.best_at}
        return ev.Finished(
            self.step,
            status,
            time.perf_counter() - self._started,
            best,
            error.what if error else "",
            error.what_to_do if error else "",
        )
