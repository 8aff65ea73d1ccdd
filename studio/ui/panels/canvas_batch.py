"""The pages on which Dream and Transfer work on whole folders: which folders, and what became of each picture."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QGridLayout, QListWidget

from studio.core.errors import BadInput, StudioError
from studio.ui.panels.canvas_long_work import LongWork
from studio.ui.panels.canvas_page import StagePage
from studio.ui.theme import SPACE_M
from studio.ui.widgets.labels import ElidedLabel, button, label

if TYPE_CHECKING:
    from studio.runs.canvas_batch import Report
    from studio.ui.panel import Panel


class CanvasBatchPage(StagePage):
    """Choose folders, watch the results come; a subclass implements `begin`.

    Signals:
        made: the Report.

    Args:
        panel: its tasks and workspace are used.
        title: of the page.
        text: one sentence below it.
        verb: what the first button says.
        folders: name -> (title, what it is for); "out" is where the results go.
    """

    made = Signal(object)

    def __init__(self, panel: Panel, title: str, text: str, verb: str, folders: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(panel.context.theme, title, text)
        self._panel, self._titles = panel, folders
        self.folders: dict[str, Path] = {}
        self.buttons = {}
        self._shown = {}
        grid = QGridLayout()
        grid.setSpacing(SPACE_M)
        grid.setColumnStretch(2, 1)
        for number, (name, (heading, about)) in enumerate(folders.items()):
            made = self.buttons[name] = button("Choose…", partial(self.choose, name))
            made.setAccessibleName(f"{heading} folder")
            made.setToolTip(about)
            self._shown[name] = ElidedLabel(about, "muted")
            grid.addWidget(label(heading), number, 0)
            grid.addWidget(made, number, 1)
            grid.addWidget(self._shown[name], number, 2)
        self.list = QListWidget()
        self.list.setAccessibleName("What became of the batch")
        self.work = LongWork(panel, verb, self.start)
        self.column.addLayout(grid)
        self.column.addWidget(self.list, 1)
        self.column.addWidget(self.work)

    def focus(self) -> None:
        """Take the focus when it opens."""
        next(iter(self.buttons.values())).setFocus()

    def choose(self, name: str) -> None:
        """Ask for a folder."""
        found = QFileDialog.getExistingDirectory(self, f"{self._titles[name][0]} folder")
        if found:
            self.set_folder(name, Path(found))

    def set_folder(self, name: str, path: Path) -> None:
        """Take a folder by its name."""
        self.folders[name] = path
        self._shown[name].setText(str(path))

    def needed(self, name: str) -> Path:
        """Return a folder that must be chosen.

        Raises:
            BadInput: it is not.
        """
        if name not in self.folders:
            raise BadInput(f"There is no folder of {self._titles[name][0].lower()}.", "Choose one.")
        return self.folders[name]

    def results(self, of: Path, ending: str) -> Path:
        """Return where the results go: as chosen, or `<folder>-<ending>` in the workspace's exports."""
        return self.folders.get("out", self._panel.context.workspace / "exports" / f"{of.name}-{ending}")

    def start(self) -> None:
        """Make what is not there yet."""
        try:
            self.begin()
        except StudioError as error:
            self.work.fail(error)

    def begin(self) -> None:
        """Run the batch with `self.work`, its end is `self.show_report`.

        Raises:
            StudioError: something is missing or not valid.
        """
        raise NotImplementedError

    def show_report(self, report: Report) -> None:
        """Say what became of each picture."""
        self.list.clear()
        self.list.addItems([f"✓ {name}" for name in report.done])
        self.list.addItems([f"· {name} was there already" for name in report.skipped])
        self.list.addItems([f"✗ {failed.name}: {failed.error}" for failed in report.failed])
        parts = [f"{len(report.done)} made", f"{len(report.skipped)} there already", f"{len(report.failed)} failed"]
        self.work.say(f"{', '.join(parts)} · {report.out}")
        self.made.emit(report)
