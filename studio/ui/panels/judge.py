"""Judge: what is wrong with a generator, on what evidence, and what helps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.ui.actions import Action
from studio.ui.notify import Button
from studio.ui.panel import Panel
from studio.ui.panels import judge_work as work
from studio.ui.panels.judge_evidence import Evidence
from studio.ui.panels.judge_verdict import Verdict
from studio.ui.panels.run_picker import RunPicker
from studio.ui.theme import SPACE_L, SPACE_M
from studio.ui.widgets.empty import EmptyState
from studio.ui.widgets.labels import button, keep_icon, label

if TYPE_CHECKING:
    from studio.core.records import RunRecord
    from studio.quality.remedies import Prepared
    from studio.ui.activity import Activity
    from studio.ui.context import Context
    from studio.ui.jobs import Task, TrainingJob

EMPTY = ("No generator to judge yet", "Train a GAN or a VAE; its samples are examined here.")
READY = (
    "Ready to examine",
    "A thousand samples are drawn and held against the training pictures. The first time on a data set takes about a"
    " minute: a small network learns to see it.",
)


class GeneratorPicker(RunPicker):
    """Runs whose recipes draw pictures; all runs on pictures until it is known which do."""

    def __init__(self, context: Context) -> None:
        self.recipes: frozenset[str] | None = None
        super().__init__(context, "image")

    def _usable(self, record: RunRecord) -> bool:
        return super()._usable(record) and (self.recipes is None or record.recipe in self.recipes)


def turn(job: TrainingJob, knobs: Mapping[str, Any]) -> None:
    """Turn live knobs of a job."""
    for name, value in knobs.items():
        job.control.set_knob(name, value)


class JudgePanel(Panel):
    """The page.

    Signals:
        examined: an examination is on the screen.

    Args:
        context: the window's services.
        examiner: examines a run in a worker, `(workspace, run id, checkpoint, progress) -> Examination`.
    """

    id, title, icon = "judge", "Judge", "judge"
    examined = Signal()

    def __init__(
        self,
        context: Context,
        parent: QWidget | None = None,
        examiner: Callable[..., work.Examination] = work.examine,
    ) -> None:
        super().__init__(context, parent)
        self._examiner = examiner
        self._task: Task | None = None
        self._asked = False
        self._wanted = ("", "")
        self.found: work.Examination | None = None
        self.runs = GeneratorPicker(context)
        self.examine_button = button("Examine", self.examine, "primary")
        keep_icon(context.theme, self.examine_button, "doctor")
        self.verdict, self.evidence = Verdict(context.theme), Evidence(context)
        self._build()
        self.runs.chosen.connect(self._choose)
        self.runs.listed.connect(self._show_state)
        self.verdict.remedy_wanted.connect(self.apply)
        self.evidence.figures.measure_wanted.connect(self.measure)
        context.tasks.ended.connect(self._activity_ended)
        self.runs.refresh()
        self._show_state()

    # ---- building

    def _build(self) -> None:
        theme = self.context.theme
        self._empty = EmptyState(
            theme, "judge", *EMPTY, ("Train a model", lambda: self.context.show_panel.emit("train"))
        )
        self._waiting = EmptyState(theme, "judge", "Choose a run", "Its samples are examined here.")
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_L)
        column.setSpacing(SPACE_L)
        column.addWidget(self.verdict)
        column.addWidget(self.evidence)
        column.addStretch(1)  # else the cards of the remedies share the room that is left
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(body)
        self.stack = QStackedWidget()
        for widget in (self._empty, self._waiting, self._scroll):
            self.stack.addWidget(widget)
        head = QHBoxLayout()
        head.setContentsMargins(SPACE_L, SPACE_M, SPACE_M, SPACE_M)
        head.setSpacing(SPACE_M)
        head.addWidget(label("Judge", "page"))
        head.addWidget(self.runs, 1)
        head.addWidget(self.examine_button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addWidget(self.stack, 1)

    def panel_actions(self) -> Iterable[Action]:
        """Return what can be done here by key or palette."""
        ready = lambda: self.isVisible() and self.examine_button.isEnabled()  # noqa: E731
        return (
            Action(
                "judge.examine", "Examine this run", self.examine, "Ctrl+Return; Ctrl+Enter", "Judge", "doctor", ready
            ),
        )

    # ---- choosing

    def entered(self) -> None:
        """Look for new runs; find out, once, which recipes draw pictures."""
        if not self._asked:
            self._asked = True
            self.run_task(work.samplers, title="", on_done=self._known)
        self.runs.refresh()
        self._show_state()

    def _known(self, recipes: frozenset[str]) -> None:
        self.runs.recipes = recipes
        self.runs.refresh()

    def open_run(self, record: RunRecord) -> None:
        """Choose a run and examine it."""
        self.runs.choose(record)
        self.examine()

    def _choose(self, run_id: str, checkpoint: str) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._wanted = (run_id, checkpoint)
        self.found = None
        self._wait(*READY)
        self._show_state()

    def _show_state(self) -> None:
        self.runs.setVisible(self.runs.count > 0)
        self.examine_button.setVisible(self.runs.count > 0)
        self.examine_button.setEnabled(bool(self._wanted[0]) and self._task is None)
        if self.found is None and self._task is None:
            self.stack.setCurrentWidget(self._waiting if self.runs.count else self._empty)

    def _wait(self, title: str, text: str) -> None:
        self._waiting.title.setText(title)
        self._waiting.text.setText(text)
        self.stack.setCurrentWidget(self._waiting)

    # ---- examining

    def examine(self) -> None:
        """Examine the chosen run; the newest checkpoint of a run that still trains."""
        run_id, checkpoint = self._wanted
        if not run_id or self._task is not None:
            return
        if self.job is not None:
            checkpoint = "last"
        self._wait("Examining…", "Drawing samples.")
        self._task = self.run_task(
            self._examiner,
            self.context.workspace,
            run_id,
            checkpoint,
            title=f"Examining {run_id}",
            on_done=self._show,
            on_error=self._failed,
            on_progress=lambda done, total, what: self._waiting.text.setText(
                f"{what} · {100 * done // total} %" if total else what
            ),
        )
        self._show_state()

    def _activity_ended(self, activity: Activity) -> None:
        """Notice that the examination was cancelled; other ends are told by themselves."""
        if self._task is not None and self._task.activity is activity and self._task.cancelled:
            self._task = None
            self._wait(*READY)
            self._show_state()

    def _show(self, found: work.Examination) -> None:
        self._task, self.found = None, found
        classes = found.document["count"]
        where = f"{found.run}, step {found.step:,}; {classes:,} samples."
        self.verdict.show_findings(found.findings, where, found.live if self.job is not None else ())
        self.evidence.show_examination(found)
        self._scroll.verticalScrollBar().setValue(0)
        self.stack.setCurrentWidget(self._scroll)
        self._show_state()
        self.examined.emit()

    def _failed(self, error: BaseException) -> None:
        self._task = None
        told = (getattr(error, "what", repr(error)), getattr(error, "what_to_do", ""))
        self._wait("This run cannot be examined", " ".join(part for part in told if part))
        self.context.notify.exception(error, doing="Examining the run")
        self._show_state()

    def measure(self) -> None:
        """Measure what is on show with more samples; FID, KID and IS too when their network is at hand."""
        found = self.found
        if found is None:
            return
        self.evidence.figures.measure_button.setEnabled(False)
        task = self.run_task(
            work.measure,
            self.context.workspace,
            found.run,
            found.step,
            title=f"Measuring {found.run}",
            on_done=lambda told: self._measured(found, *told),
        )
        task.destroyed.connect(self._measuring_ended)

    def _measuring_ended(self) -> None:
        self.evidence.figures.measure_button.setEnabled(True)

    def _measured(self, found: work.Examination, figures: list[dict[str, Any]], remark: str) -> None:
        if found is self.found:
            self.evidence.figures.show_figures(figures, remark)

    # ---- remedies

    @property
    def job(self) -> TrainingJob | None:
        """The job that trains the chosen run now."""
        run_id = self._wanted[0]
        return next((job for job in self.context.jobs if job.run is not None and job.run.id == run_id), None)

    def apply(self, prepared: Prepared) -> None:
        """Turn the running job's knobs, or fill Train in: a branch, a longer run, another system."""
        found = self.found
        if found is None:
            return
        if (job := self.job) is not None and prepared.settings and found.live >= set(prepared.settings):
            turn(job, prepared.settings)
            self.context.notify.success(
                f"{prepared.remedy.title}: turned on the running job.",
                buttons=[Button("Undo", lambda: turn(job, prepared.before))],
            )
            return
        if job is not None:
            self.context.notify.info("This run still trains.", what_to_do="Stop it in Train first; then branch it.")
            return
        try:
            self.context.store.run(found.run)
        except StudioError as error:
            self.context.notify.exception(error)
            return
        self.context.prepare_run.emit(found.run, prepared.remedy.recipe, dict(prepared.settings))

    def closing(self) -> None:
        """Give up what goes on."""
        if self._task is not None:
            self._task.cancel()
