"""What the Train panel shows of a run's events: one place that turns a list of events into curves and words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from studio.core import events as ev
from studio.core.control import TRAIN_ONLY
from studio.ui.panels.train_controls import Controls, clock
from studio.ui.panels.train_setup import Setup
from studio.ui.widgets.curves import CurveArea
from studio.ui.widgets.logview import LogView
from studio.ui.widgets.preview import PreviewArea
from studio.ui.widgets.summary import grouped

if TYPE_CHECKING:
    from studio.core.records import RunRecord
    from studio.ui.panels.train_work import Stored

ENDINGS = {"done": "Done", "stopped": "Stopped", "failed": "Failed", "interrupted": "Interrupted"}
ELSEWHERE = "Training in another process"


class Follower:
    """Shows events; `paused` tells whether the run waits."""

    def __init__(self, curves: CurveArea, preview: PreviewArea, log: LogView, controls: Controls, setup: Setup) -> None:
        self._curves, self._preview, self._log = curves, preview, log
        self._controls, self._setup = controls, setup
        self._per_epoch = 0
        self._epochs = 0
        self._mirrors = True
        self.paused = False
        self.turned: dict[str, Any] = {}
        """What the person turned here and the run has not carried out yet, by the names of `Control.set_knob`."""

    def clear(self) -> None:
        """Show nothing."""
        self._curves.clear()
        self._preview.clear()
        self._log.clear()

    def begin(self, record: RunRecord | None, *, mirrors: bool = True) -> None:
        """Get ready for a run's events.

        Args:
            record: of the run.
            mirrors: whether form and buttons show what the run begins with; not those of a sweep, whose form is
                what its runs share.
        """
        self.paused, self._mirrors = False, mirrors
        self.turned.clear()
        training = record.training if record is not None else {}
        self._epochs = 0 if training.get("steps") else int(training.get("epochs", 0))
        self._watch()

    def _watch(self) -> None:
        info = self._setup.info
        if info is not None:
            self._curves.watch(f"val/{info.best_metric}", info.best_mode)

    def take(self, events: Iterable[ev.Event]) -> None:
        """Show a list of events."""
        progress = None
        for event in events:
            self.paused = isinstance(event, ev.Paused) or (self.paused and not isinstance(event, ev.Scalars))
            if isinstance(event, ev.Progress):
                progress = event
            else:
                self._show(event)
            if isinstance(event, ev.Finished):
                progress = None
        if progress is not None:
            self._controls.show_progress(progress, self._epochs)

    def _show(self, event: ev.Event) -> None:
        match event:
            case ev.Scalars():
                self._curves.append(event.split, event.steps, dict(event.values))
            case ev.Images() | ev.Text() | ev.Embedding():
                self._preview.add(event)
            case ev.Message():
                self._log.add(event.step, event.level, f"{event.text} {event.what_to_do}".strip())
                if event.level == "info":
                    self._controls.policy.setText(event.text)
            case ev.Started():
                self._started(event)
            case ev.Turned():
                self._turned_to(event)
            case ev.Rewound():
                self._curves.rewind(event.step)
                self._preview.rewind(event.step)
            case ev.Checkpointed():
                if event.kind != "last":
                    self._log.add(event.step, "info", f"Checkpoint ({event.kind}) written.")
            case ev.Finished():
                self._finished(event)

    def _started(self, event: ev.Started) -> None:
        self._per_epoch = event.steps_per_epoch
        policy = event.policy
        reason = str(policy.get("reason") or " · ".join(str(policy.get(k, "")) for k in ("device", "precision")))
        self._controls.policy.setText(reason)
        if self._mirrors:
            self._show_live(event.live)
        steps = f"{grouped(event.total_steps)} steps, {grouped(event.steps_per_epoch)} an epoch"
        self._log.add(event.step, "info", f"{event.recipe} with {grouped(event.parameters)} parameters: {steps}.")

    def _show_live(self, live: Mapping[str, Any]) -> None:
        """Show what the run goes on with: a checkpoint keeps what was turned, whatever buttons and form say."""
        wanted = {**live, **self.turned}  # a wish of the time before it began is carried out right after
        self._controls.only.show_chosen(str(wanted.pop(TRAIN_ONLY, "")))
        self._setup.reflect(wanted)

    def _turned_to(self, event: ev.Turned) -> None:
        """Show a knob that was turned elsewhere, by a remedy of Judge; what is being typed here stays as it is."""
        if event.name not in self.turned:
            if event.name == TRAIN_ONLY:
                self._controls.only.show_chosen(str(event.value))
            else:
                self._setup.reflect({event.name: event.value})
        elif self.turned[event.name] == event.value:
            del self.turned[event.name]

    def _finished(self, event: ev.Finished) -> None:
        text = f"{ENDINGS[event.status]} at step {grouped(event.step)}"
        if event.best:
            text += f" · best {event.best.get('name', '')} {event.best.get('value', float('nan')):.5g}"
        self._controls.end(text, event.seconds)
        if event.status == "failed":
            self._controls.show_problem(event.error or "The run failed.", event.what_to_do)
            self._log.add(event.step, "error", f"{event.error} {event.what_to_do}".strip())
        else:
            self._log.add(event.step, "info", f"{text}, {clock(event.seconds)}.")

    def show_stored(self, record: RunRecord, stored: Stored) -> None:
        """Show what a run left behind."""
        self.clear()
        self._watch()
        for name, (steps, values) in stored.metrics.items():
            split, _, metric = name.partition("/")
            self._curves.append(split, steps, {metric: values})
        for preview in stored.previews:
            self._preview.add_stored(preview.step, preview.name, preview.path)
        for line in stored.log:
            self._log.add(*line)
        text = f"{ENDINGS.get(record.status, ELSEWHERE)} at step {grouped(record.steps)}"
        self._controls.show_problem(record.error, record.what_to_do)
        self._controls.end(text, record.seconds)
        self._controls.policy.setText(str(record.policy.get("reason", "")))
