"""Batches of Transfer: every picture of a folder with every style of another, or with the styles of the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QGridLayout, QListWidget

from studio.core.errors import BadInput, StudioError
from studio.ui.panels import transfer_film_work as work
from studio.ui.panels.canvas_page import StagePage
from studio.ui.panels.transfer_progress import LongWork
from studio.ui.theme import SPACE_M
from studio.ui.widgets.labels import ElidedLabel, button, label

if TYPE_CHECKING:
    from studio.runs.canvas_batch import Report
    from studio.runs.canvases import StyleRequest
    from studio.ui.panel import Panel

FOLDERS = {
    "contents": ("Contents", "Every picture in it is stylised"),
    "styles": ("Styles", "Each is a style of its own; without a folder: the styles of this page together"),
    "out": ("Results", "Where the pictures go; those that are there already are left alone"),
}
TEXT = (
    "Every content with every style, with the settings of this page. It can be cancelled and started again: it goes on "
    "where it was."
)


class BatchPage(StagePage):
    """Choose folders, watch the results come.

    Signals:
        made: the Report.

    Args:
        panel: its tasks, notifications and workspace are used.
        asked: returns the settings and the styles of the page; raises StudioError.
    """

    made = Signal(object)

    def __init__(self, panel: Panel, asked: Callable[[], tuple[dict[str, Any], tuple[StyleRequest, ...]]]) -> None:
        super().__init__(panel.context.theme, "Stylise a folder", TEXT)
        self._panel, self._asked = panel, asked
        self.folders: dict[str, Path] = {}
        self.buttons = {}
        self._shown = {}
        grid = QGridLayout()
        grid.setSpacing(SPACE_M)
        grid.setColumnStretch(2, 1)
        for number, (name, (title, about)) in enumerate(FOLDERS.items()):
            made = self.buttons[name] = button("Choose…", partial(self.choose, name))
            made.setAccessibleName(f"{title} folder")
            made.setToolTip(about)
            self._shown[name] = ElidedLabel(about, "muted")
            grid.addWidget(label(title), number, 0)
            grid.addWidget(made, number, 1)
            grid.addWidget(self._shown[name], number, 2)
        self.list = QListWidget()
        self.list.setAccessibleName("What became of the batch")
        self.work = LongWork(panel, "Stylise all", self.start)
        self.column.addLayout(grid)
        self.column.addWidget(self.list, 1)
        self.column.addWidget(self.work)

    def focus(self) -> None:
        """Take the focus when it opens."""
        self.buttons["contents"].setFocus()

    def choose(self, name: str) -> None:
        """Ask for a folder."""
        found = QFileDialog.getExistingDirectory(self, f"{FOLDERS[name][0]} folder")
        if found:
            self.set_folder(name, Path(found))

    def set_folder(self, name: str, path: Path) -> None:
        """Take a folder: "contents", "styles" or "out"."""
        self.folders[name] = path
        self._shown[name].setText(str(path))

    def start(self) -> None:
        """Make what is not there yet."""
        try:
            wish = self._wish()
        except StudioError as error:
            self.work.fail(error)
            return
        self.list.clear()
        self.work.run("Stylising a folder", work.run_batch, (wish, self._panel.context.workspace), self._made)

    def _wish(self) -> work.BatchWish:
        settings, styles = self._asked()
        if "contents" not in self.folders:
            raise BadInput("There is no folder of contents.", "Choose one.")
        if "styles" not in self.folders and not styles:
            raise BadInput("There is no style.", "Choose a folder of styles, or add styles to this page.")
        contents = self.folders["contents"]
        out = self.folders.get("out", self._panel.context.workspace / "exports" / f"{contents.name}-styled")
        chosen = (self.folders["styles"],) if "styles" in self.folders else ()
        return work.BatchWish((contents,), chosen, out, settings, styles)

    def _made(self, report: Report) -> None:
        self.list.addItems([f"✓ {name}" for name in report.done])
        self.list.addItems([f"· {name} was there already" for name in report.skipped])
        self.list.addItems([f"✗ {failed.name}: {failed.error}" for failed in report.failed])
        parts = [f"{len(report.done)} made", f"{len(report.skipped)} there already", f"{len(report.failed)} failed"]
        self.work.say(f"{', '.join(parts)} · {report.out}")
        self.made.emit(report)
