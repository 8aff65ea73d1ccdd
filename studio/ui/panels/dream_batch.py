"""The same dream on every picture of a folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from studio.ui.panels import dream_film_work as work
from studio.ui.panels.canvas_batch import CanvasBatchPage

if TYPE_CHECKING:
    from studio.runs.canvases import DreamRequest
    from studio.ui.panel import Panel

FOLDERS = {
    "pictures": ("Pictures", "Every picture in it is dreamt on"),
    "out": ("Results", "Where the dreams go; what is there already is left alone"),
}
TEXT = (
    "Every picture of a folder, with the settings and the guide of this page. It can be cancelled and started again: "
    "it goes on where it was."
)


class BatchPage(CanvasBatchPage):
    """Dream on a folder; see `CanvasBatchPage` for its signals.

    Args:
        panel: its tasks and workspace are used.
        request: returns what is wanted of each picture; raises StudioError.
    """

    def __init__(self, panel: Panel, request: Callable[[], DreamRequest]) -> None:
        super().__init__(panel, "Dream on a folder", TEXT, "Dream on all", FOLDERS)
        self._request = request

    def begin(self) -> None:
        """Dream on what has no dream yet.

        Raises:
            StudioError: no folder, or a setting that is not valid.
        """
        pictures = self.needed("pictures")
        args = ((pictures,), self._request(), self.results(pictures, "dreams"), self._panel.context.workspace)
        self.list.clear()
        self.work.run("Dreaming on a folder", work.run_batch, args, self.show_report)
