"""Classify: what a classifier answers and why; predictions and layers left, a pad to draw on right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QSplitter, QTabWidget, QWidget

from studio.ui.actions import Action
from studio.ui.panels import classify_work as work
from studio.ui.panels.classify_pages import ConfusionPage, LayersPage, PredictionsPage
from studio.ui.panels.classify_side import ClassifySide
from studio.ui.panels.run_page import Opener, RunPage
from studio.ui.panels.run_picker import RunPicker
from studio.ui.widgets.drop import accepts, take_drop
from studio.ui.widgets.picture_well import PICTURES

if TYPE_CHECKING:
    from studio.ui.context import Context
    from studio.ui.panels.classify_work import Opened


class ClassifyPanel(RunPage):
    """The page; `ready` when the answers of an opened run are on the screen.

    Args:
        context: the window's services.
        parent: the widget it lies in.
        opener: opens a run in a worker, `(workspace, run id, checkpoint, progress) -> Opened`.
    """

    id, title, icon = "classify", "Classify", "classify"
    empty = ("No classifier yet", "Train an MLP, a CNN, a ResNet: what it learned to tell apart opens here.")
    train = "Train a classifier"
    invitation = "Its answers open here."

    def __init__(self, context: Context, parent: QWidget | None = None, opener: Opener = work.open_classifier) -> None:
        super().__init__(context, parent, RunPicker(context, "image", {"Classifies"}), opener)
        self.setAcceptDrops(True)
        self.opened: Opened | None = None
        self.predictions = PredictionsPage(context.theme)
        self.confusion = ConfusionPage(context.theme)
        self.layers = LayersPage(context.theme)
        self.side = ClassifySide(context.theme)
        self._connect()
        self.frame(self._build())

    # ---- building

    def _build(self) -> QWidget:
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
        return split

    def _connect(self) -> None:
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

    def closing(self) -> None:
        """End the workers."""
        super().closing()
        self.side.close_workers()
        self.layers.close_worker()

    def begin(self, opened: Opened) -> None:
        """Show a classifier's answers."""
        self._show_opened(opened)
        if opened.judged is not None and len(opened.judged.labels):
            self.show_example(int(opened.judged.chosen()[-1]))  # the one it is least sure about is worth a look
        self.ready.emit()

    def forget(self) -> None:
        """Empty the page."""
        self._show_opened(None)

    def _show_opened(self, opened: Opened | None) -> None:
        self.opened = opened
        judged, trouble = (opened.judged, opened.trouble) if opened is not None else (None, "")
        self.predictions.show_judged(judged, trouble)
        self.confusion.show_judged(judged)
        self.layers.open(opened)
        self.side.open(opened)

    # ---- pictures

    def show_example(self, index: int) -> None:
        """Put a held-out picture on the pad; it can be drawn on."""
        if self.opened is not None and (judged := self.opened.judged) is not None:
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
