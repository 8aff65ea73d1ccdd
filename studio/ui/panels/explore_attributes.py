"""Explore's page of attributes: pictures with more and less of what the data says about its examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from studio.ui.panels.explore_fields import check, named, names, real, whole
from studio.ui.panels.explore_sheet_page import SheetPage
from studio.ui.widgets.labels import button
from studio.ui.widgets.titled_sheet import TitledSheet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.runs.attributes import Known
    from studio.runs.generate import Sheet
    from studio.ui.panels.explore_model import Session
    from studio.ui.panels.explore_state import Walker
    from studio.ui.theme import Theme


class AttributesPage(SheetPage):
    """Rows are examples, columns turn one attribute down and up; a click goes to that point.

    Signals:
        export_wanted: save the sheet with what it was made from.
    """

    name, hint = "Pictures along an attribute", "Examples with less and more of an attribute appear here."
    export_wanted = Signal()
    picture: TitledSheet

    def __init__(self, walker: Walker) -> None:
        self._theme = walker.panel.context.theme
        self._known: Known | None = None
        super().__init__(walker)

    def _view(self, theme: Theme) -> TitledSheet:
        return TitledSheet(theme, self.name, self.hint, pickable=True)

    def _controls(self) -> list[QWidget | None]:
        self.attribute_box = names("Attribute", self.refresh)
        self.reach_box = real("Strength", 0.1, 40.0, 4.0, 0.5, self.refresh)
        self.rows_box = whole("Rows", 1, 20, 5, self.refresh)
        self.here_box = check("From this point", False, self.refresh, "The first row starts where you are")
        reach = named("± strength", self.reach_box)
        return [named("Attribute", self.attribute_box), reach, named("Rows", self.rows_box), self.here_box]

    def _buttons(self) -> list[QWidget]:
        self.export_button = button("Export sheet", self.export_wanted.emit)
        self.export_button.setToolTip("Save the sheet with what it was made from (Ctrl+Shift+E)")
        self.export_button.setEnabled(False)
        return [self.export_button]

    def _opened(self) -> None:
        self._known = None
        self.export_button.setEnabled(False)
        blocked = self.attribute_box.blockSignals(True)
        self.attribute_box.clear()
        self.attribute_box.blockSignals(blocked)
        super()._opened()

    def _possible(self, session: Session) -> bool:
        return {"Encodes", "Decodes"} <= session.can

    def _work(self, session: Session) -> tuple[Any, ...]:
        start = self._walker.z if self.here_box.isChecked() else None
        name = self.attribute_box.currentText()
        return session.use, along, self._known, name, self.reach_box.value(), self.rows_box.value(), start

    def _show(self, result: tuple[Known, Sheet, NDArray[np.float32]]) -> None:
        self._known, sheet, self.points = result
        self._offer(self._known.directions.names)
        self.settings = dict(sheet.recipe)
        self.picture.show_titled(sheet.pixels, sheet.columns, sheet.row_titles, sheet.column_titles)
        self.note.setText(f"{len(sheet.pixels):,} pictures")
        self.export_button.setEnabled(True)

    def _offer(self, names: tuple[str, ...]) -> None:
        if self.attribute_box.count() == 0:
            blocked = self.attribute_box.blockSignals(True)
            self.attribute_box.addItems(names)
            self.attribute_box.blockSignals(blocked)


def along(
    model: Any, known: Known | None, name: str, reach: float, rows: int, start: NDArray[np.float32] | None
) -> tuple[Known, Sheet, NDArray[np.float32]]:
    """Return the directions (found once for a model), a sheet along one (the first without a name) and its points."""
    from studio.runs import attributes

    known = known or attributes.find(model)
    if not known.directions.names:
        from studio.core.errors import BadInput

        raise BadInput("No attribute has enough examples.", "Open a run on more data.")
    name = name or known.directions.names[0]
    sheet, points = attributes.walked(model, known, name, reach=reach, rows=rows, start=start)
    return known, sheet, points
