"""Train: choose a recipe, turn its knobs, watch it learn.

Gallery, form, run, sweep and stored runs meet here; each has its own file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSplitter, QStackedWidget, QTabWidget, QVBoxLayout

from studio.core.errors import BadConfig, StudioError
from studio.ui.actions import Action
from studio.ui.jobs import TrainingJob
from studio.ui.panel import Panel
from studio.ui.panels import train_work as work
from studio.ui.panels.train_actions import actions
from studio.ui.panels.train_controls import Controls
from studio.ui.panels.train_count import Counter
from studio.ui.panels.train_events import Follower
from studio.ui.panels.train_only import learners
from studio.ui.panels.train_recipes import Recipes
from studio.ui.panels.train_runs import Runner
from studio.ui.panels.train_setup import Setup
from studio.ui.panels.train_stored import Opener
from studio.ui.panels.train_sweep import SweepSection
from studio.ui.panels.train_sweep_runs import Sweeper
from studio.ui.panels.train_sweep_table import SweepTable
from studio.ui.panels.train_work import Loaded
from studio.ui.theme import SPACE_L, SPACE_M
from studio.ui.widgets.curves import LIGHT_SMOOTHING, SMOOTHING, CurveArea
from studio.ui.widgets.drop import accepts, take_drop
from studio.ui.widgets.gallery import Gallery
from studio.ui.widgets.logview import LogView
from studio.ui.widgets.preview import PreviewArea
from studio.ui.widgets.summary import SummaryTable

if TYPE_CHECKING:
    from studio.core.records import RunRecord
    from studio.runs.request import Request
    from studio.ui.context import Context


class TrainPanel(Panel):
    """The gallery, then curves over previews with the settings on the right.

    Signals:
        run_started: id of the run.
        run_finished: (id, status); "" and "failed" when it could not even begin.
    """

    id: ClassVar[str] = "train"
    title: ClassVar[str] = "Train"
    icon: ClassVar[str] = "train"
    run_started = Signal(str)
    run_finished = Signal(str, str)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.recipes = Recipes(self)
        self.setAcceptDrops(True)
        self._build()
        follower = Follower(self.curves, self.preview, self.log, self.controls, self.setup)
        self.runner = Runner(self, self.setup, self.controls, follower, self.preview)
        self.counter = Counter(self.setup, self.summary, self)
        self.sweeper = Sweeper(self, self.setup, self.runner, self.sweep, self.sweep_table)
        self.opener = Opener(self, self.show_recipe, self.recipes, self.setup, self.runner, self.controls)
        self._connect()

    # ---- building

    def _build(self) -> None:
        theme = self.context.theme
        self.gallery = Gallery(theme)
        self.curves = CurveArea(self.context)
        self.preview = PreviewArea(theme)
        self.summary = SummaryTable(theme)
        self.log = LogView(theme)
        self.setup = Setup(self.context)
        self.sweep, self.sweep_table = SweepSection(self.context, self.setup), SweepTable(theme)
        self.controls = Controls(theme, self._do)
        middle = QSplitter(Qt.Orientation.Vertical)
        middle.setObjectName("train_middle")
        for widget in (self.curves, self.preview):
            widget.setMinimumHeight(theme.px(150))
            middle.addWidget(widget)
        middle.setSizes([360, 340])
        self.tabs = QTabWidget()
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setAccessibleName("View")
        self.tabs.addTab(middle, "Training")
        self.tabs.addTab(self.summary, "Model")
        self.tabs.addTab(self.log, "Log")
        self.tabs.addTab(self.sweep_table, "Sweep")
        self.work_page = QSplitter(Qt.Orientation.Horizontal)
        self.work_page.setObjectName("train_main")
        self.work_page.addWidget(self.tabs)
        self.work_page.addWidget(self._side())
        self.work_page.setStretchFactor(0, 1)
        self.work_page.setCollapsible(0, False)
        self.work_page.setCollapsible(1, False)
        self.work_page.setSizes([820, 360])
        self.pages = QStackedWidget()
        self.pages.addWidget(self.gallery)
        self.pages.addWidget(self.work_page)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.pages)

    def _do(self, what: str) -> None:
        self.runner.do(what)

    def _side(self) -> QFrame:
        side = QFrame()
        side.setProperty("role", "surface")
        side.setMinimumWidth(self.context.theme.px(332))
        column = QVBoxLayout(side)
        column.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_M)
        column.setSpacing(SPACE_M)
        column.addWidget(self.setup, 1)
        column.addWidget(self.sweep)
        column.addWidget(self.controls)
        return side

    def _connect(self) -> None:
        self.recipes.loaded.connect(self._loaded)
        self.recipes.failed.connect(self._load_failed)
        self.opener.opened.connect(lambda: self.tabs.setCurrentIndex(0))
        self.gallery.chosen.connect(self.choose)
        self.setup.gallery_wanted.connect(self.show_gallery)
        self.runner.nothing_chosen.connect(self.show_gallery)
        self.runner.started.connect(self._started)
        self.runner.finished.connect(self._finished)
        self.preview.step_shown.connect(self._step_shown)
        self.sweep.table_wanted.connect(self.show_sweeps)
        self.sweeper.started.connect(lambda *_: self.tabs.setCurrentWidget(self.sweep_table))
        self.sweep_table.opened.connect(self._open_row)

    @property
    def run_id(self) -> str:
        """Id of the run on show, "" for none."""
        return self.runner.run_id

    @property
    def job(self) -> TrainingJob | None:
        """The training job that runs now."""
        return self.runner.job

    @property
    def run_button(self) -> QPushButton:
        """The Run button."""
        return self.controls.run_button

    # ---- recipes and data

    def entered(self) -> None:
        """Load the recipes on the first visit."""
        self.recipes.load()

    @property
    def ready(self) -> bool:
        """Whether the recipes are there."""
        return self.recipes.ready

    def _loaded(self, loaded: Loaded) -> None:
        self.setup.show_loaded(loaded)
        self.gallery.show_recipes(loaded.recipes)
        self._remark()

    def _load_failed(self, somebody_waits: bool) -> None:
        self.gallery.set_remark("The recipes could not be loaded; the message at the bottom right says why.")
        if somebody_waits:
            self.run_finished.emit("", "failed")

    def _remark(self) -> None:
        source = Path(self.setup.source).name
        text = f"{len(self.setup.loaded.recipes)} recipes"
        self.gallery.set_remark(f"{text} · your data: {source}" if source else f"{text}, each one readable file.")

    def show_gallery(self) -> None:
        """Offer the recipes again; the present one keeps its settings."""
        if not self.runner.busy:
            self.pages.setCurrentWidget(self.gallery)
            self.gallery.search.setFocus()

    def choose(self, recipe_id: str, preset: str | None = None) -> None:
        """Show a recipe and, if given, a preset; waits for the recipes to be loaded."""
        if self.runner.refuse():
            return
        self.recipes.when_ready(lambda: self.show_recipe(recipe_id, preset))

    def show_recipe(self, recipe_id: str, preset: str | None) -> None:
        """Bring a recipe to the front at once; `choose` waits until there are some."""
        try:
            if preset is None and recipe_id not in self.setup.forms:
                presets = self.setup.info_of(recipe_id).presets
                preset = "" if self.setup.source or not presets else None
            self.setup.choose(recipe_id, preset)
        except BadConfig as error:
            self.context.notify.exception(error)
            return
        against = len(learners(self.setup.info_of(recipe_id).config_type)) > 1
        self.curves.remember_for(recipe_id, SMOOTHING if against else LIGHT_SMOOTHING)
        self.pages.setCurrentWidget(self.work_page)
        if not self.run_id:
            self.tabs.setCurrentWidget(self.summary)
        if not self.runner.busy:
            self.run_button.setFocus()

    def set_data(self, source: str, options: Mapping[str, Any] | None = None) -> None:
        """Choose the data: a catalogue name or a path, and how it becomes examples."""
        if self.runner.refuse():
            return
        self.setup.set_data(source, options)
        if self.ready:
            self._remark()

    # ---- runs

    def train(self, request: Request) -> None:
        """Show a request in the form and train it."""
        if not self.runner.refuse():
            self.recipes.when_ready(lambda: self._train(request))

    def _train(self, request: Request) -> None:
        if self.runner.refuse():
            return
        self.show_recipe(request.recipe, request.preset)
        if request.data:
            self.setup.set_data(request.data)
        if self.setup.form is not None:
            self.setup.form.overlay(request.settings)
        self.runner.begin_with(request)

    def _started(self, run_id: str) -> None:
        self.tabs.setCurrentIndex(0)
        self.preview.scrubber.setFocus()  # so that Space pauses
        self.context.runs_changed.emit()
        self.run_started.emit(run_id)

    def _finished(self, run_id: str, status: str) -> None:
        spec = work.spec_of(self.runner.record) if self.runner.record is not None else None
        if spec is not None:
            self.counter.specs[self.setup.source] = spec
        self.run_finished.emit(run_id, status)

    def show_sweeps(self) -> None:
        """Show the table of the newest sweep."""
        self.tabs.setCurrentWidget(self.sweep_table)
        self.sweeper.show_sweep(self.sweep_table.id or "last")

    def _open_row(self, run_id: str) -> None:
        try:
            self.open_run(self.context.store.run(run_id))
        except StudioError as error:
            self.context.notify.exception(error)

    def _step_shown(self, step: int) -> None:
        self.curves.mark(step if step >= 0 else None)
        self.controls.branch_button.setText("Branch here" if step >= 0 else "Branch")
        where = f"step {step}" if step >= 0 else "the newest checkpoint"
        self.controls.branch_button.setToolTip(f"A new run from {where}, with the settings above")

    # ---- stored runs, drops, keys

    def open_run(self, record: RunRecord) -> None:
        """Show a stored run: curves, previews, log, settings."""
        self.opener.open_run(record)

    def prepare_run(self, run_id: str, recipe_id: str, settings: Mapping[str, Any]) -> None:
        """Fill in a stored run with changed settings, ready to branch or to go on; or a new run of another recipe."""
        self.opener.prepare_run(run_id, recipe_id, settings)

    def opened_with(self, paths: Sequence[Path]) -> bool:
        """Take a run's folder, or data."""
        if len(paths) != 1:
            return False
        path = paths[0]
        if (path / "run.json").is_file():
            try:
                self.open_run(self.context.store.run(path.name))
            except StudioError as error:
                self.context.notify.exception(error)
            return True
        self.set_data(str(path))
        self.context.notify.info(f"{path.name}: chosen as data.")
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take data and runs."""
        if accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        take_drop(event, self.context.workspace / "dropped", self.opened_with, self.context.notify.exception)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space pauses and goes on, wherever no control wants it for itself."""
        if event.key() == Qt.Key.Key_Space and self.runner.job is not None:
            self.runner.do("pause")
        else:
            super().keyPressEvent(event)

    def panel_actions(self) -> Iterable[Action]:
        """Return what can be done here."""
        return actions(self)

    def closing(self) -> None:
        """End the counting threads; stop a run that still goes on and wait for its checkpoint."""
        self.counter.close()
        self.sweep.close_worker()
        self.sweeper.close()
        self.runner.close()
