"""Data: where examples come from, what they look like, what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QTabWidget, QVBoxLayout, QWidget

from studio.core.errors import Cancelled, StudioError
from studio.data.options import DataOptions
from studio.ui.actions import Action
from studio.ui.panel import Panel
from studio.ui.panels.data_doctor import DoctorSide
from studio.ui.panels.data_pages import DataPages
from studio.ui.panels.data_side import OptionsSide
from studio.ui.panels.data_sources import SourceList
from studio.ui.panels.data_work import Listed, View, download, open_source
from studio.ui.theme import SPACE_M
from studio.ui.widgets.drop import accepts, take_drop
from studio.ui.widgets.labels import button

if TYPE_CHECKING:
    from studio.ui.context import Context
    from studio.ui.jobs import Task

Opener = Callable[..., View]


class DataPanel(Panel):
    """The page.

    Signals:
        opened: a source is on the screen (its View).
        failed: the exception that kept a source from being opened.

    Args:
        context: the window's services.
        opener: opens a source in a worker, `(source, options, workspace, progress) -> View`.
    """

    id, title, icon = "data", "Data", "data"
    opened = Signal(object)
    failed = Signal(object)

    def __init__(self, context: Context, parent: QWidget | None = None, opener: Opener = open_source) -> None:
        super().__init__(context, parent)
        self._opener = opener
        self._task: Task | None = None
        self._download: Task | None = None
        self.source = ""
        self.sources = SourceList(self)
        self.pages = DataPages(context.theme)
        self.view = self.pages.data
        self.options = OptionsSide(context)
        self.doctor = DoctorSide(self)
        self.train_button = button("Train on this", self.train_on_this, "primary")
        self.setAcceptDrops(True)
        self._build()
        self.sources.chosen.connect(self._chosen)
        self.sources.dropped.connect(self.opened_with)
        self.sources.refused.connect(self._show_error)
        self.options.apply_wanted.connect(self.apply_options)
        self.doctor.mended.connect(self.apply_options)
        self.pages.digits_wanted.connect(lambda: self.open_source("digits"))
        self.pages.cancel_wanted.connect(self.cancel)
        self.pages.doctor_wanted.connect(self._ask_doctor)
        self.pages.download_wanted.connect(self.download)
        self.sources.refresh()
        self._show_nothing()

    def _build(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setAccessibleName("Options and doctor")
        self.tabs.addTab(self.options, "Options")
        self.tabs.addTab(self.doctor, "Doctor")
        side = QWidget()
        side.setMinimumWidth(self.context.theme.px(272))  # below, the fields of the form are cut off
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        foot.addWidget(self.train_button)
        column.addLayout(foot)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("data.split")
        split.setChildrenCollapsible(False)
        for widget in (self.sources, self.pages, side):
            split.addWidget(widget)
        split.setStretchFactor(1, 1)
        split.setSizes([260, 600, 340])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(split)

    def panel_actions(self) -> Iterable[Action]:
        """Return what can be done here by key or palette."""
        there = lambda: self.isVisible() and self.view.view is not None  # noqa: E731
        return (
            Action("data.open_file", "Open data file…", self.sources.zone.choose_files, "", "Data", "open"),
            Action("data.open_folder", "Open data folder…", self.sources.zone.choose_folder, "", "Data", "open"),
            Action("data.check", "Examine the data", self._ask_doctor, "", "Data", "doctor", there),
            Action("data.train", "Train on this data", self.train_on_this, "Ctrl+T", "Data", "train", there),
        )

    def entered(self) -> None:
        """Look again at what is on disk."""
        self.sources.refresh()

    def closing(self) -> None:
        """End the workers."""
        for task in (self._task, self._download):
            if task is not None:
                task.cancel()
        self.view.close_worker()
        self.options.close_worker()

    # ---- opening

    def opened_with(self, paths: Sequence[Path]) -> bool:
        """Open the first path; several files of one folder (MNIST's four) open their folder."""
        if not paths:
            return False
        parents = {path.parent for path in paths}
        chosen = paths[0] if len(paths) == 1 or len(parents) > 1 else next(iter(parents))
        self.open_source(str(chosen.absolute()))
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take drops anywhere on the page."""
        if accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what is dropped."""
        take_drop(event, self.context.workspace / "pasted", self.opened_with, self._show_error)

    def open_source(self, source: str, options: DataOptions | None = None) -> None:
        """Open a catalogue name or a path in a worker; errors show in place."""
        if not source:
            return
        listed = self.sources.listed(source)
        if listed is not None and listed.megabytes:
            self._chosen(listed)
            return
        self._cancel_task()
        chosen = options or self.options.options() or DataOptions()
        if options is None and source != self.source:
            chosen = DataOptions()
            self.options.form.load({})
        self.source = source
        self._show_waiting(f"Opening {_name(source)}…")
        self._task = self.run_task(
            self._opener,
            source,
            chosen,
            self.context.workspace,
            title=f"Opening {_name(source)}",
            on_done=self._show_view,
            on_error=self._show_error,
            on_progress=self.pages.show_progress,
        )

    def apply_options(self) -> None:
        """Open the source again with the options of the form."""
        options = self.options.options()
        if self.source and options is not None:
            self.open_source(self.source, options)

    def cancel(self) -> None:
        """Stop opening or downloading."""
        self._cancel_task()
        if self._download is not None:
            self._download.cancel()
            self._download = None
        self.source = ""
        self._show_nothing()

    def _cancel_task(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _chosen(self, listed: Listed) -> None:
        if not listed.megabytes:
            self.open_source(listed.source)
            return
        self._cancel_task()
        self.source = listed.source
        self.pages.show_offer(listed)
        self._show_side()

    def download(self) -> None:
        """Fetch the chosen data set of the catalogue, then open it."""
        name = self.source
        self._show_waiting(f"Downloading {name}…")
        self._download = self.run_task(
            download,
            name,
            self.context.workspace,
            title=f"Downloading {name}",
            on_done=self._downloaded,
            on_error=self._show_error,
            on_progress=self.pages.show_download,
        )

    def _downloaded(self, name: str) -> None:
        self._download = None
        self.context.notify.success(f"{name} is on this computer now.")
        self.sources.refresh()
        if self.source == name:
            self.sources.forget_download(name)
            self.open_source(name)

    # ---- showing

    def _show_waiting(self, title: str) -> None:
        self.pages.show_waiting(title)
        self._show_side()

    def _show_view(self, view: View) -> None:
        self._task = None
        self.pages.show_data(view, _name(view.source))
        if Path(view.source).is_absolute():
            self.sources.remember(view.source)
        self.sources.mark(view.source)
        self.options.show_view(view)
        self._show_side()
        self.opened.emit(view)

    def _show_error(self, error: BaseException) -> None:
        self._task = self._download = None
        if isinstance(error, Cancelled):
            return
        self.sources.mark(self.source)
        self.pages.show_error(error, self.source)
        self._show_side()
        if not isinstance(error, StudioError):
            self.context.notify.exception(error, doing=f"Opening {_name(self.source)}")
        self.failed.emit(error)

    def _show_nothing(self) -> None:
        self.pages.show_nothing()
        self._show_side()

    def _show_side(self) -> None:
        there = self.view.view is not None
        self.train_button.setEnabled(there)
        self.doctor.show_source(self.source)
        if not there:
            self.options.show_nothing()

    def _ask_doctor(self) -> None:
        self.tabs.setCurrentWidget(self.doctor)
        self.doctor.check()

    # ---- on to Train

    def train_on_this(self) -> None:
        """Send the source and the changed options to Train."""
        if self.view.view is None:
            return
        self.context.train_on.emit(self.source, self.options.form.changed_values())
        self.context.show_panel.emit("train")


def _name(source: str) -> str:
    """Return what to call a source: a catalogue name, or the last part of a path."""
    return Path(source).name or source
