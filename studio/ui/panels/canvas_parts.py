"""The parts of Dream and Transfer: sources left, canvas in the middle, settings right; what is shown follows state.

Nothing heavy is imported when a page is built: `work.load` does that in a worker on the first visit.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSplitter, QWidget

from studio.ui.jobs import Task
from studio.ui.panels import canvas_work as work
from studio.ui.panels.canvas_budget import BudgetLine
from studio.ui.panels.canvas_controls import CanvasControls
from studio.ui.panels.canvas_export import CanvasExporter
from studio.ui.panels.canvas_follow import CanvasFollower
from studio.ui.panels.canvas_history import HistoryKeeper
from studio.ui.panels.canvas_hooks import CanvasHooks
from studio.ui.panels.canvas_restore import Restorer
from studio.ui.panels.canvas_runner import CanvasRunner
from studio.ui.panels.canvas_side import CanvasSide
from studio.ui.panels.canvas_stage import CanvasStage

if TYPE_CHECKING:
    from studio.ui.context import Context
    from studio.ui.forms import Form

SOURCES_WIDTH = 200


class CanvasParts(CanvasHooks):
    """A page of one canvas, without what its buttons do (`CanvasPanel`).

    Signals:
        picture_shown: another picture is on the canvas.
        finished: "done", "stopped" or "failed".
        exported: path of a file that was written.
        settings_ready: the form is there.
        restored: a recipe has been put back.

    Args:
        context: the window's services.
        opener: (request, workspace, progress) -> session; without it `studio.runs.canvases`.
    """

    picture_shown = Signal()
    finished = Signal(str)
    exported = Signal(object)
    settings_ready = Signal()
    restored = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None, opener: work.Opener | None = None) -> None:
        super().__init__(context, parent)
        self.setAcceptDrops(True)
        self._loading: Task | None = None
        self._begun_with: tuple[object, ...] = ()
        kind = self.kind
        self.opener: work.Opener = opener or partial(work.open_session, kind)
        self.runner = CanvasRunner(self, self.opener, self.doing)
        self.controls = CanvasControls(context.theme, self.verb, self.do)
        self.sources = self.make_sources()
        self.side = CanvasSide(context, self.controls, self.make_editor())
        self.stage = CanvasStage(context, self.title, self.kind, self.make_empty())
        self.follower = CanvasFollower(self, self.runner, self.stage, self.controls)
        self.history = HistoryKeeper(self, self.stage.results, self.kind)
        self.exporter = CanvasExporter(self)
        self.restorer = Restorer(self)
        self.budget = BudgetLine(self, self.kind, self.asked_budget)
        self.budget.on = opener is None
        self._build()

    # ---- building

    def _build(self) -> None:
        theme = self.context.theme
        left = QFrame()
        left.setProperty("role", "surface")
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.sources)
        inside = QHBoxLayout(left)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(scroll)
        left.setMinimumWidth(theme.px(SOURCES_WIDTH))
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setObjectName(f"{self.kind}.split")
        self.split.setChildrenCollapsible(False)
        for widget in (left, self.stage, self.side):
            self.split.addWidget(widget)
        self.split.setStretchFactor(1, 1)
        self.split.setSizes([theme.px(SOURCES_WIDTH), 680, theme.px(332)])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.split)

    def entered(self) -> None:
        """Load the settings and the results of earlier days on the first visit."""
        if self._loading is None:
            self._loading = self.run_task(
                work.load, self.kind, self.context.workspace, title="", on_done=self._loaded, on_error=self._not_loaded
            )
            self.history.load()

    def _loaded(self, loaded: work.Loaded) -> None:
        form = self.side.show_loaded(loaded, self.hidden)
        form.changed.connect(self._edited)
        form.live_changed.connect(self.runner.turn)
        self.settings_loaded(loaded)
        self.refresh()
        self.settings_ready.emit()

    def _not_loaded(self, error: BaseException) -> None:
        self._loading = None
        self.controls.show_problem("The settings could not be loaded.", "Visit this page again.")
        self.context.notify.exception(error, doing=f"Opening {self.title}")

    # ---- settings

    @property
    def form(self) -> Form | None:
        """The form, once it is there."""
        return self.side.form

    def settings(self) -> dict[str, Any]:
        """Return the value of every knob.

        Raises:
            BadConfig: something in the form is not valid.
        """
        form = self.side.form
        if form is None:
            return {}
        for problem in form.problems().values():
            raise problem
        return form.values()

    def _use_preset(self, name: str) -> None:
        if self.side.form is not None:
            title = f"Preset {name}" if name else "Default settings"
            self.side.form.set_values(self.side.settings_of(name), title)

    def _edited(self) -> None:
        self.restorer.forget()
        self.refresh()

    @property
    def sources_changed(self) -> bool:
        """Whether a picture was replaced since the session began: it cannot be gone on with."""
        now = self.used()
        return len(now) != len(self._begun_with) or any(a is not b for a, b in zip(now, self._begun_with, strict=True))

    def fresh_needed(self) -> bool:
        """Whether the settings or pictures ask for a new beginning."""
        session, form = self.runner.session, self.side.form
        if session is None or form is None or self.sources_changed:
            return True
        now = form.values()
        return any(now[n] != getattr(session.config, n) for n, row in form.rows.items() if not row.field.knob.live)

    def refresh(self) -> None:
        """Bring buttons and form in line with what there is."""
        state, form = self.runner.state, self.side.form
        exists = self.follower.shown is not None
        fresh = self.fresh_needed() if state == "rested" else False
        self.controls.set_state(state, exists=exists, fresh=fresh, ready=self.ready and form is not None)
        if form is not None:
            form.set_training(self.runner.busy)
        self.stage.show_canvas(self.original is not None or exists)
        if not self.runner.busy:
            self.budget.later()

    def show_sources(self) -> None:
        """Bring the canvas in line with the pictures: another original hides the result that was made of the old one.

        Pages call it when a picture came, went or came back by undo.
        """
        self.stage.close_page()
        self.stage.view.show_before(self.original)
        if self.sources_changed:
            self.runner.stop()
            self.follower.clear()
        elif self.runner.session is not None and self.follower.shown is None:
            self.follower.show_session()
        self.restorer.forget()
        self.refresh()

    def asked_budget(self) -> tuple[dict[str, Any], tuple[int, int], int] | None:
        """Return settings, size of the picture and number of styles for the forecast; None for none."""
        form = self.side.form
        if form is None or not self.ready or form.problems():
            return None
        first, *rest = self.used()
        side = max(64, int(form.values()["size"]))
        return form.values(), getattr(first, "size", (side, side)), max(1, len(rest))
