"""Opening files, folders, runs and pictures, however they come: drop, dialog, clipboard, command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from studio.app.routing import Route, route
from studio.core.errors import BadInput, StudioError
from studio.ui.widgets.drop import dropped_paths

if TYPE_CHECKING:
    from studio.app.window import MainWindow

REFUSED = "Drop pictures, a folder, an archive, idx, npy/npz or a text."


class Opening(QObject):
    """Finds the page that can use some paths, brings it to the front and says so."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    @property
    def dropped_folder(self) -> Path:
        """Where pictures that come without a file are kept."""
        return self._window.context.workspace / "dropped"

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open what exists and name what does not."""
        context = self._window.context
        missing = [p for p in paths if not p.exists()]
        if missing:
            context.notify.error(f"{missing[0]} does not exist.", what_to_do="Check the path.")
        found = [p for p in paths if p.exists()]
        if found:
            page = self._window.current
            context.run_task(route, found, page, owner=self, on_done=lambda where: self._follow(where, found))

    def choose_files(self) -> None:
        """Ask for files to open."""
        names, _ = QFileDialog.getOpenFileNames(self._window, "Open")
        self.open_paths([Path(name) for name in names])

    def choose_folder(self) -> None:
        """Ask for a folder to open."""
        name = QFileDialog.getExistingDirectory(self._window, "Open folder")
        self.open_paths([Path(name)] if name else [])

    def open_clipboard(self) -> None:
        """Open the files or the picture on the clipboard."""
        try:
            paths = dropped_paths(QGuiApplication.clipboard().mimeData(), self.dropped_folder)
        except BadInput as error:
            self._window.context.notify.exception(error)
        else:
            self.open_paths(paths)

    def _follow(self, where: Route, paths: list[Path]) -> None:
        window, notify = self._window, self._window.context.notify
        if where.run and self._known(where):
            window.open_run(where.run)
            notify.info(f"{where.what}: opened in {window.current.capitalize()}.")
        elif where.recipe is not None and (panel := self._restorer(where.page)) is not None:
            panel.restore(dict(where.recipe), paths[0])
            notify.info(f"{where.what}: its pictures and settings are put back.")
        else:
            self._hand_over(where.page, paths)

    def _hand_over(self, page: str, paths: list[Path]) -> None:
        """Give paths to a page, else to Data, and say who took them, or that nobody could."""
        window, notify = self._window, self._window.context.notify
        names = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
        for wanted in (page, "data") if page else ("data",):
            if self._built(wanted) and window.panels[wanted].opened_with(paths):
                notify.info(f"{names}: opened in {wanted.capitalize()}.")
                return
        if "data" in window.panels:  # otherwise the page could not be built and has said so
            notify.warning(f"{names} cannot be opened.", what_to_do=REFUSED)

    def _built(self, page: str) -> bool:
        """Bring a page to the front; False if there is none, or it could not be built, which it has said."""
        if page not in [p.id for p in self._window.pages]:
            return False
        self._window.show_panel(page)
        return page in self._window.panels

    def _restorer(self, page: str) -> Any:
        """Bring a page that puts recipes back to the front and return it; None if there is none."""
        panel = self._window.panels[page] if self._built(page) else None
        return panel if hasattr(panel, "restore") else None

    def _known(self, where: Route) -> bool:
        """Whether the workspace has the run; the person is told when it has not."""
        try:
            self._window.context.store.run(where.run)
        except StudioError:
            self._window.context.notify.warning(
                f"{where.what}, which is not in this workspace.",
                what_to_do="Copy its folder into the workspace's runs folder and restart. Shown as data here.",
            )
            return False
        return True
