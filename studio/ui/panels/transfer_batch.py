"""Batches of Transfer: every picture of a folder with every style of another, or with the styles of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInput
from studio.ui.panels import transfer_film_work as work
from studio.ui.panels.canvas_batch import CanvasBatchPage

if TYPE_CHECKING:
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


class BatchPage(CanvasBatchPage):
    """Stylise a folder; see `CanvasBatchPage` for its signals.

    Args:
        panel: its tasks, notifications and workspace are used.
        asked: returns the settings and the styles of the page; raises StudioError.
    """

    def __init__(self, panel: Panel, asked: Callable[[], tuple[dict[str, Any], tuple[StyleRequest, ...]]]) -> None:
        super().__init__(panel, "Stylise a folder", TEXT, "Stylise all", FOLDERS)
        self._asked = asked

    def begin(self) -> None:
        """Stylise what is not there yet.

        Raises:
            StudioError: no folder, no style, or a setting that is not valid.
        """
        wish = self._wish()
        self.list.clear()
        self.work.run("Stylising a folder", work.run_batch, (wish, self._panel.context.workspace), self.show_report)

    def _wish(self) -> work.BatchWish:
        settings, styles = self._asked()
        contents = self.needed("contents")
        if "styles" not in self.folders and not styles:
            raise BadInput("There is no style.", "Choose a folder of styles, or add styles to this page.")
        chosen = (self.folders["styles"],) if "styles" in self.folders else ()
        return work.BatchWish((contents,), chosen, self.results(contents, "styled"), settings, styles)
