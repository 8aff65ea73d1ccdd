"""The pages of Explore as tabs; which of them show is a question of what the model can do."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QTabWidget, QWidget

from studio.ui.panels.explore_attributes import AttributesPage
from studio.ui.panels.explore_generate import GeneratePage
from studio.ui.panels.explore_map import MapPage
from studio.ui.panels.explore_morph import MorphPage
from studio.ui.panels.explore_sheet_page import SheetPage
from studio.ui.panels.explore_sheets import GridPage, ReconstructionsPage, SamplesPage

if TYPE_CHECKING:
    from studio.ui.panels.explore_state import Walker
    from studio.ui.widgets.strip import PinStrip


class ModelTabs(QTabWidget):
    """Scatter, generate, grid, samples, reconstructions, attributes, morph."""

    capabilities: ClassVar[frozenset[str]] = frozenset({"Encodes", "Decodes", "Samples", "Conditioned", "Reconstructs"})
    """A model with one of these has a page."""

    def __init__(self, walker: Walker, strip: PinStrip) -> None:
        super().__init__()
        self.map = MapPage(walker)
        self.generate = GeneratePage(walker)
        self.grid = GridPage(walker)
        self.samples = SamplesPage(walker)
        self.reconstructions = ReconstructionsPage(walker)
        self.attributes = AttributesPage(walker)
        self.morph = MorphPage(walker, strip)
        self.sheets = (self.generate, self.attributes, self.grid, self.samples, self.reconstructions)
        self._needs: dict[QWidget, tuple[str, set[str]]] = {
            self.map: ("Scatter", {"Encodes"}),
            self.generate: ("Generate", {"Conditioned"}),
            self.grid: ("Grid", {"Decodes"}),
            self.samples: ("Samples", {"Samples", "Decodes"}),
            self.reconstructions: ("Reconstructions", {"Reconstructs"}),
            self.attributes: ("Attributes", {"Encodes"}),
            self.morph: ("Morph", {"Decodes"}),
        }
        self._needs_also: dict[QWidget, set[str]] = {self.attributes: {"Decodes"}}
        self.setDocumentMode(True)
        self.tabBar().setDrawBase(False)
        self.setAccessibleName("Ways to look at the model")
        for page, (title, _) in self._needs.items():
            self.addTab(page, title)

    def show_for(self, can: Collection[str]) -> bool:
        """Show the pages a model with these capabilities has; return whether there is any.

        The first one comes to the front, though never the grid: a decoder alone begins with its samples.
        """
        usable = [
            page
            for page, (_, any_of) in self._needs.items()
            if any_of & set(can) and self._needs_also.get(page, set()) <= set(can)
        ]
        for page in self._needs:
            self.setTabVisible(self.indexOf(page), page in usable)
        first = next((page for page in usable if page is not self.grid), None)
        if first is not None:
            self.setCurrentWidget(first)
        return first is not None

    @property
    def shows_sheet(self) -> bool:
        """Whether the page in front has a sheet to save."""
        page = self.currentWidget()
        return isinstance(page, SheetPage) and page.picture.pictures is not None

    def view(self) -> tuple[str, QImage, dict[str, Any]]:
        """Return what the page in front is, shows, and was made from."""
        page, kind = self.currentWidget(), self.tabText(self.currentIndex()).lower()
        if isinstance(page, MorphPage):
            return kind, page.picture.image(), page.settings()
        if isinstance(page, SheetPage):
            return kind, page.picture.image(), page.settings
        return kind, self.map.scatter.grab().toImage(), {}

    def close_workers(self) -> None:
        """End the workers."""
        for sheet in self.sheets:
            sheet.close_worker()
