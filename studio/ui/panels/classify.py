"""Classify: what a classifier answers and why; predictions and layers left, a pad to draw on right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QSplitter, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from studio.ui.actions import Action
from studio.ui.panel import Panel
from studio.ui.panels import classify_work as work
from studio.ui.panels.classify_pages import ConfusionPage, LayersPage, PredictionsPage
from studio.ui.panels.classify_side import ClassifySide
from studio.ui.panels.explore_runs import RunPicker
from studio.ui.theme import SPACE_L, SPACE_M
from studio.ui.widgets.drop import accepts, take_drop
from studio.ui.widgets.empty import EmptyState
from studio.ui.widgets.labels import label
from studio.ui.widgets.picture_well import PICTURES

if TYPE_CHECKING:
    from studio.core.records import RunRecord
    from studio.ui.context import Context
    from studio.ui.jobs import Task
    from studio.ui.panels.classify_work import Opened

Opener = Callable[..., "Opened"]
EMPTY = ("No classifier yet", "Train an MLP, a CNN, a ResNet: what it learned to tell apart opens here.")


class ClassifyPanel(Panel):
    """The page.

    Signals:
        ready: the answers of an opened run are on the screen.

    Args:
        context: the window's services.
        opener: opens a run in a worker, `(workspace, run id, checkpoint, progress) -> Opened`.
    """

    id, title, icon = "classify", "Classify", "classify"
    ready = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None, opener: Opener = work.open_classifier) -> None:
        super().__init__(context, parent)
        self.setAcceptDrops(True)
        self._opener = opener
        self._task: Task | None = None
        self.opened: Opened | None = None
        self.runs = RunPicker(context, "image", needs="Classifies")
        self.predictions = PredictionsPage(context.theme)
        self.confusion = ConfusionPage(context.theme)
        self.layers = LayersPage(context.theme)
        self.side = ClassifySide(context.theme)
        self._build()
        self._connect()
        self.runs.refresh()
        self._show_state()

    # ---- building

    def _build(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setAccessibleName("Ways to look at the classifier")
        for page, title in ((self.predictions, "Predictions"), (self.confusion, "Confusion"), (self.layers, "Layers")):
            self.tabs.addTab(page, title)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("classify.split")
        split.setChildrenCollapsible(False)
        split.addWidget(self.tabs)
        split.addWidget(self.side)
        split.setStretchFactor(0, 1)
        split.setSizes([820, 360])
        train = ("Train a classifier", lambda: self.context.show_panel.emit("train"))
        self._empty = EmptyState(self.context.theme, "classify", *EMPTY, train)
        self._loading = EmptyState(self.context.theme, "classify", "Choose a run", "Its answers open here.")
        self.stack = QStackedWidget()
        for widget in (self._empty, self._loading, split):
            self.stack.addWidget(widget)
        head = QHBoxLayout()
        head.setContentsMargins(SPACE_L, SPACE_M, SPACE_M, SPACE_M)
        head.setSpacing(SPACE_M)
        head.addWidget(label("Classify", "page"))
        head.addWidget(self.runs, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addWidget(self.stack, 1)

    def _connect(self) -> None:
        self.runs.chosen.connect(self._open)
        self.runs.emptied.connect(self._show_state)
        self.predictions.picked.connect(self.show_example)
        self.confusion.matrix.chosen.connect(self.show_cell)
        self.side.changed.connect(self.layers.look_at)
        self.side.file_wanted.connect(self.choose_file)

    def panel_actions(self) -> Iterable[Action]:
        """Return what can be done here by key or palette."""
        there = lambda: self.isVisible() and self.opened is not None  # noqa: E731
        menu = "Classify"
        return (
            Action("classify.file", "Classify a picture…", self.choose_file, "", menu, "picture", there),
            Action("classify.clear", "Clear the drawing pad", self.side.clear, "", menu, "close", there),
        )

    # ---- opening

    def open_run(self, record: RunRecord) -> None:
        """Open a run."""
        self.runs.choose(record)

    def entered(self) -> None:
        """Look for new runs."""
        self.runs.refresh()
        self._show_state()

    def closing(self) -> None:
        """End the workers."""
        self.side.close_workers()
        self.layers.close_worker()

    def _open(self, run_id: str, checkpoint: str) -> None:
        if self._task is not None:
            self._task.cancel()
        self._show_opened(None)
        self._loading.title.setText("Opening…")
        self._loading.text.setText(f"{run_id}, {checkpoint} checkpoint")
        self.stack.setCurrentWidget(self._loading)
        self._task = self.run_task(
            self._opener,
            self.context.workspace,
            run_id,
            checkpoint,
            title=f"Opening {run_id}",
            on_done=self._begin,
            on_error=self._not_opened,
        )

    def _begin(self, opened: Opened) -> None:
        self._show_opened(opened)
        self.stack.setCurrentIndex(2)
        if len(opened.judged.labels):
            self.show_example(int(opened.judged.chosen()[-1]))  # the one it is least sure about is worth a look
        self.ready.emit()

    def _show_opened(self, opened: Opened | None) -> None:
        self.opened = opened
        judged = opened.judged if opened is not None else None
        self.predictions.show_judged(judged)
        self.confusion.show_judged(judged)
        self.layers.open(opened)
        self.side.open(opened)

    def _not_opened(self, error: BaseException) -> None:
        self._loading.title.setText("This run cannot be opened")
        told = (getattr(error, "what", repr(error)), getattr(error, "what_to_do", ""))
        self._loading.text.setText(" ".join(part for part in told if part))
        self.context.notify.exception(error, doing="Opening the run")

    def _show_state(self) -> None:
        self.runs.setVisible(self.runs.count > 0)
        if self.opened is None and self._task is None:
            self.stack.setCurrentWidget(self._loading if self.runs.count else self._empty)

    # ---- pictures

    def show_example(self, index: int) -> None:
        """Put a held-out picture on the pad; it can be drawn on."""
        if self.opened is not None:
            judged = self.opened.judged
            self.side.show_picture(judged.pixels[index], f"Held out: {judged.classes[judged.labels[index]]}")

    def show_cell(self, truth: int, answer: int) -> None:
        """Show the pictures of a cell of the confusion matrix."""
        self.predictions.show_cell((truth, answer))
        self.tabs.setCurrentWidget(self.predictions)

    def choose_file(self) -> None:
        """Ask for a picture to classify."""
        name, _ = QFileDialog.getOpenFileName(self, "Classify a picture", "", PICTURES)
        if name:
            self.opened_with([Path(name)])

    def opened_with(self, paths: Sequence[Path]) -> bool:
        """Classify the first picture of some paths."""
        from studio.data.scan import SUFFIXES

        usable = [path for path in paths if path.is_file() and path.suffix.lower() in SUFFIXES]
        if self.opened is None or not usable:
            return False
        name = usable[0].name
        show: Callable[[Any], None] = lambda pixels: self.side.show_picture(pixels, name)  # noqa: E731
        self.run_task(work.read, self.opened.session, usable[0], title="", on_done=show)
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a picture anywhere on the page."""
        if self.opened is not None and accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Classify what was dropped."""
        take_drop(event, self.context.workspace / "dropped", self._take, self.context.notify.exception)

    def _take(self, paths: list[Path]) -> None:
        if not self.opened_with(paths):
            self.context.notify.warning(f"{paths[0].name} cannot be classified.", what_to_do="Drop a picture.")
