"""Carries out what the buttons of the Train panel ask for: start, steer, go on, branch, end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio.core.control import TRAIN_ONLY
from studio.core.errors import StudioError
from studio.ui.jobs import TrainingJob
from studio.ui.panels import train_work as work
from studio.ui.panels.train_controls import BUSY, Controls, State
from studio.ui.panels.train_events import Follower
from studio.ui.panels.train_only import learners
from studio.ui.panels.train_setup import Setup
from studio.ui.widgets.preview import PreviewArea

if TYPE_CHECKING:
    from studio.core.records import RunRecord
    from studio.runs.request import Request
    from studio.ui.panel import Panel


class Runner(QObject):
    """One run at a time: the present one, or the last.

    Signals:
        nothing_chosen: Run was pressed without a recipe.
        started: id of the run.
        finished: (id, status); "" and "failed" when it could not begin.
        state_changed: whether something trains now.
    """

    nothing_chosen = Signal()
    state_changed = Signal(bool)
    started = Signal(str)
    finished = Signal(str, str)

    def __init__(
        self, panel: Panel, setup: Setup, controls: Controls, follower: Follower, preview: PreviewArea
    ) -> None:
        super().__init__(panel)
        self._panel, self._context = panel, panel.context
        self._setup, self._controls = setup, controls
        self._follower, self._preview = follower, preview
        self.job: TrainingJob | None = None
        self.run_id = ""
        self.record: RunRecord | None = None
        setup.live_changed.connect(self._turn)
        controls.only.wanted.connect(lambda suffix: self._turn(TRAIN_ONLY, suffix))

    @property
    def busy(self) -> bool:
        """Whether a run is being prepared or goes on."""
        return self._controls.state in BUSY

    @property
    def waiting(self) -> bool:
        """Whether the run has said that it waits, and still should: a pause told late must not show as one."""
        return self._follower.paused and self.job is not None and self.job.control.paused

    def refuse(self) -> bool:
        """Say that a run goes on, if one does; return whether one does."""
        if self.busy:
            self._context.notify.info("A run is going on here.", what_to_do="Stop it first.")
        return self.busy

    def do(self, what: str) -> None:
        """Carry out a button or an action (see `Controls`)."""
        begin = {"run": self.start, "resume": self.resume, "branch": self.branch}
        begin |= {"open": self._open, "judge": self._judge}
        if what in begin:
            begin[what]()
        elif self.job is not None:
            self._steer(self.job, what)

    def _steer(self, job: TrainingJob, what: str) -> None:
        control = job.control
        if what == "pause":
            control.resume() if control.paused else control.pause()
            self._controls.set_state("paused" if control.paused else "running")
        elif what == "step":
            control.single_step()
            self._controls.set_state("paused")
        else:
            {"stop": control.stop, "checkpoint": control.checkpoint_now, "preview": control.preview_now}[what]()

    # ---- beginning

    def start(self) -> None:
        """Train what is chosen."""
        if self.busy:
            return
        try:
            request = self._setup.request()
        except StudioError as error:
            self._controls.show_problem(error.what, error.what_to_do)
            if self._setup.info is None:
                self.nothing_chosen.emit()
            return
        self.begin_with(request)

    def begin_with(self, request: Request) -> None:
        """Train a request as it is."""
        self._prepare(work.prepare, request, fresh=True)

    def resume(self) -> None:
        """Go on with the run on show; longer budgets are taken from the form."""
        if not self.run_id or self.busy or not self._valid():
            return
        from studio.runs.training import SETTABLE_AFTERWARDS

        changed = {k: v for k, v in self._changed_since().items() if k in SETTABLE_AFTERWARDS}
        if self.record is not None and self.record.status == "done" and not {"epochs", "steps"} & set(changed):
            self._controls.show_problem("This run has done all its epochs.", "Raise Epochs or Steps, then go on.")
            return
        self._prepare(work.prepare_resume, self.run_id, changed, fresh=False)

    def branch(self) -> None:
        """Begin a new run at the step under the scrubber, with the settings of the form."""
        if not self.run_id or self.busy or not self._valid():
            return
        shown = self._preview.shown
        step = None if shown is None or self._preview.is_live else shown.step
        self._prepare(work.prepare_branch, self.run_id, step, self._changed_since(), fresh=False)

    def _valid(self) -> bool:
        """Whether the form is; if not, the first problem is shown."""
        try:
            self._setup.check()
        except StudioError as error:
            self._controls.show_problem(error.what, error.what_to_do)
            return False
        return True

    def _changed_since(self) -> dict[str, Any]:
        """Return the settings of the form that differ from the run on show."""
        if self.record is None or self._setup.form is None:
            return {}
        before = work.values_of(self.record)
        return {k: v for k, v in self._setup.form.values().items() if k in before and v != before[k]}

    def _prepare(self, fn: Any, *args: Any, fresh: bool) -> None:
        self.lock("preparing")
        self._controls.begin()
        self._panel.run_task(
            fn,
            self._context.workspace,
            *args,
            title="Preparing the run",
            on_done=lambda run: self._begin(run, fresh),
            on_error=self._refused,
            cancellable=False,
        )

    def _refused(self, error: BaseException) -> None:
        self.lock("finished" if self.run_id else "idle")
        what, advice = (error.what, error.what_to_do) if isinstance(error, StudioError) else (repr(error), "")
        self._controls.end("The run could not begin.", 0)
        self._controls.show_problem(what, advice)
        self._context.notify.exception(error, doing="Preparing the run")
        self.finished.emit("", "failed")

    def lend(self, job: TrainingJob) -> None:
        """Let the buttons steer a job that trains several runs; `turn_to` says which one it is at."""
        self.job = job
        job.finished.connect(self._ended)
        self._controls.only.offer(())
        self.lock("running")

    def turn_to(self, run_id: str) -> None:
        """Show another run of a lent job from its beginning."""
        self.run_id, self.record = run_id, self._context.store.run(run_id)
        self._follower.clear()
        self._controls.begin()
        self._follower.begin(self.record, mirrors=False)

    def take(self, events: Sequence[Any]) -> None:
        """Show events of the run on show."""
        self._take(events)

    def _begin(self, run: Any, fresh: bool) -> None:
        self.run_id, self.record = run.id, getattr(run, "record", None)
        if fresh:
            self._follower.clear()
        self._follower.begin(self.record)
        self.job = job = TrainingJob(self._context)
        job.events_arrived.connect(self._take)
        job.finished.connect(self._ended)
        name = self._setup.info.title if self._setup.info is not None else run.id
        self._controls.only.offer(learners(self._setup.info.config_type) if self._setup.info is not None else ())
        job.start(run, f"Training {name}")
        self.lock("running")
        self.started.emit(run.id)

    # ---- while it goes on, and its end

    def _take(self, events: Sequence[Any]) -> None:
        self._follower.take(events)
        if self.waiting and self._controls.state == "running":
            self._controls.set_state("paused")

    def _turn(self, name: str, value: Any) -> None:
        if self.job is not None:
            self._follower.turned[name] = value
            self.job.control.set_knob(name, value)

    def _ended(self) -> None:
        job, self.job = self.job, None
        if not self.run_id:  # a lent job that had nothing to train
            self.lock("idle")
            return
        try:
            self.record = self._context.store.run(self.run_id)
        except StudioError as error:  # deleted meanwhile: there is nothing to go on with
            if not self._controls.problem.isVisible():
                self._controls.show_problem(error.what, error.what_to_do)
        self.lock("finished")
        self.finished.emit(self.run_id, job.status if job is not None else "failed")

    def lock(self, state: State) -> None:
        """Enter a state: buttons and form follow."""
        self._controls.set_state(state)
        self._setup.set_training(state in BUSY)
        info = self._setup.info
        self._controls.judge_button.setVisible(info is not None and "Samples" in info.capabilities)
        self.state_changed.emit(state in BUSY)
        if state == "finished":
            self._controls.open_button.setText(f"Open in {self._page.capitalize()}")
            began = self.record is None or bool(self.record.checkpoint)
            for made in self._controls.buttons:
                made.setEnabled(began)

    @property
    def _page(self) -> str:
        """Id of the page that shows what the run learned."""
        can = set(self._setup.info.capabilities) if self._setup.info is not None else set()
        if "WritesText" in can:
            return "write"
        if can & {"Decodes", "Encodes", "Samples"}:
            return "explore"
        return "translate" if "Translates" in can else "classify" if "Classifies" in can else "explore"

    def _open(self) -> None:
        if self.run_id:
            self._context.open_run.emit(self.run_id, self._page)

    def _judge(self) -> None:
        if self.run_id:
            self._context.open_run.emit(self.run_id, "judge")

    def show_stored(self, record: RunRecord, stored: work.Stored) -> None:
        """Show what a run left behind, ready to go on or to branch."""
        self.run_id, self.record = record.id, record
        self._follower.show_stored(record, stored)
        self.lock("finished")

    def close(self) -> None:
        """Stop a run that still goes on and wait for its checkpoint."""
        if self.job is not None:
            self.job.stop()
            self.job.wait()
