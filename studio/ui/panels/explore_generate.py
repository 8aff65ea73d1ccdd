"""Explore's page of pictures on request: whatever a model's declared inputs let a person choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QScrollArea, QSplitter, QVBoxLayout, QWidget

from studio.ui.panels.explore_fields import bar, choice, named, real, whole
from studio.ui.panels.explore_generate_inputs import InputControls
from studio.ui.panels.explore_sheet_page import SheetPage
from studio.ui.widgets.labels import button, icon_button, keep_icon
from studio.ui.widgets.titled_sheet import TitledSheet

if TYPE_CHECKING:
    from studio.runs.generate import Sheet
    from studio.ui.panels.explore_model import Session
    from studio.ui.panels.explore_state import Walker
    from studio.ui.theme import Theme

SHOWS = (("Pictures", "pictures"), ("Sweep one input", "sweep"), ("Between two draws", "between"))
MIX = ("Mix two noises", "mix")
NARROWEST = 240
QUICK, FEWEST_COLUMNS = 300, 2
"""Pictures that open at most with a row for every class; a person may ask for more columns."""
LOWEST = 28
"""Height of a row at least: a hundred classes are scrolled through."""
LARGEST_SEED = 999_999


class GeneratePage(SheetPage):
    """Classes, codes, amounts and noise on one side; the sheet they make, at once, on the other.

    Signals:
        export_wanted: save the sheet with what it was made from.
    """

    name, hint = "Generated pictures", "The pictures of what you choose appear here."
    export_wanted = Signal()
    picture: TitledSheet

    def __init__(self, walker: Walker) -> None:
        self._theme = walker.panel.context.theme
        self._filling = False
        super().__init__(walker)
        self._arrange()

    def _view(self, theme: Theme) -> TitledSheet:
        return TitledSheet(theme, self.name, self.hint)

    def _body(self) -> QWidget:
        self.inputs = InputControls(self._theme)
        self.inputs.changed.connect(self.refresh)
        self.seed_box = whole("Seed", 0, LARGEST_SEED, 0, self.refresh)
        self.dice_button = icon_button(self._theme, "dice", "Draw everything anew (next seed)", self.draw_anew)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.inputs)
        column.addWidget(bar(named("Seed", self.seed_box), self.dice_button))
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(side)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(self._theme.px(NARROWEST))
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("explore.generate.split")
        split.setChildrenCollapsible(False)
        split.addWidget(self._scrolled())
        split.addWidget(scroll)
        split.setStretchFactor(0, 1)
        split.setSizes([860, 280])
        return split

    def _scrolled(self) -> QScrollArea:
        """Return the sheet with a scroll bar, for so many classes that their rows would be too low to see."""
        self._sheet = QScrollArea()
        self._sheet.setWidget(self.picture)
        self._sheet.setWidgetResizable(True)
        self._sheet.setFrameShape(QFrame.Shape.NoFrame)
        self._sheet.setAccessibleName("Generated pictures, scrolled")
        return self._sheet

    def _controls(self) -> list[QWidget | None]:
        self.show_box = choice("Show", SHOWS, self._arranged)
        self.dial_box = QComboBox()
        self.dial_box.setAccessibleName("Input to sweep")
        self.dial_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.dial_box.currentIndexChanged.connect(lambda *_: self._chose_dial())
        self.low_box = real("From", -100, 100, -2.0, 0.5, self.refresh)
        self.high_box = real("To", -100, 100, 2.0, 0.5, self.refresh)
        self._sweep = bar(self.dial_box, named("from", self.low_box), named("to", self.high_box))
        self._sweep.layout().setContentsMargins(0, 0, 0, 0)  # type: ignore[union-attr]
        self.columns_box = whole("Columns", 1, 40, 10, self.refresh)
        self.rows_box = whole("Rows", 1, 40, 6, self.refresh)
        self._rows = named("Rows", self.rows_box)
        return [named("Show", self.show_box), self._sweep, named("Columns", self.columns_box), self._rows]

    def _buttons(self) -> list[QWidget]:
        self.export_button = button("Export sheet", self.export_wanted.emit, "primary")
        self.export_button.setToolTip("Save the sheet with what it was made from (Ctrl+Shift+E)")
        keep_icon(self._theme, self.export_button, "save")
        self.export_button.setEnabled(False)
        return [self.export_button]

    # ---- what a person does

    def draw_anew(self) -> None:
        """Go to the next seed; what is held stays."""
        self.inputs.forget_seeds()
        self.seed_box.setValue((self.seed_box.value() + 1) % (LARGEST_SEED + 1))

    def refresh(self) -> None:
        """Make the sheet again; rows only count where classes have none."""
        self._rows.setVisible(self.inputs.label is not None or self.inputs.label_box is None or self._mode == "mix")
        self.inputs.mark_swept(self._swept)
        if not self._filling:
            super().refresh()

    @property
    def _mode(self) -> str:
        return str(self.show_box.currentData())

    @property
    def _swept(self) -> str:
        """Name of the input that a sweep turns, "" without one."""
        found = self.dial_box.currentData()
        return found.name if found is not None and self._mode == "sweep" else ""

    def _arranged(self) -> None:
        self._arrange()
        if self._mode == "mix":
            self.inputs.cross()
        self.refresh()

    def _arrange(self) -> None:
        self._sweep.setVisible(self._mode == "sweep")

    def _chose_dial(self) -> None:
        """Offer the input's own range."""
        found = self.dial_box.currentData()
        if found is None:
            return
        filling, self._filling = self._filling, True
        self.low_box.setValue(found.source.low)
        self.high_box.setValue(found.source.high)
        self._filling = filling
        self.refresh()

    # ---- the sheet

    def _opened(self) -> None:
        session = self._walker.session
        self.export_button.setEnabled(False)
        self._filling = True
        self._offer(session.inputs if session is not None else ())
        self._filling = False
        super()._opened()

    def _offer(self, inputs: tuple[Any, ...]) -> None:
        from studio.runs import dials

        self.inputs.show_inputs(inputs)
        label = dials.label_of(inputs)
        if label is not None and label.size * self.columns_box.value() > QUICK:
            self.columns_box.setValue(max(FEWEST_COLUMNS, QUICK // label.size))
        found = dials.dials(inputs, noise=True)
        self.dial_box.clear()
        for dial in found:
            whole_noise = dial.source.kind == "noise"
            self.dial_box.addItem(f"{dial.title} (all numbers equal)" if whole_noise else dial.title, dial)
        self.show_box.clear()
        for title, value in SHOWS:
            if value != "sweep" or found:
                self.show_box.addItem(title, value)
        if len(dials.noises(inputs)) > 1:
            self.show_box.addItem(*MIX)
        self._arrange()

    def _possible(self, session: Session) -> bool:
        return "Conditioned" in session.can

    def _work(self, session: Session) -> tuple[Any, ...]:
        from studio.runs.generate import Request, sheet

        request = Request(
            show=self._mode,  # type: ignore[arg-type]  # one of the values that were offered
            label=self.inputs.label,
            dials=self.inputs.dials,
            seed=self.seed_box.value(),
            seeds=self.inputs.seeds,
            rows=self.rows_box.value(),
            columns=self.columns_box.value(),
            dial=self._swept,
            low=self.low_box.value(),
            high=self.high_box.value(),
        )
        return session.use, sheet, request

    def _show(self, result: Sheet) -> None:
        self.settings = {"request": dict(result.recipe)}
        rows = -(-len(result.pixels) // result.columns)
        self.picture.setMinimumHeight(rows * self._theme.px(LOWEST))
        self.picture.show_titled(result.pixels, result.columns, result.row_titles, result.column_titles)
        self.note.setText(" · ".join(part for part in (result.about, f"{len(result.pixels):,} pictures") if part))
        self.export_button.setEnabled(True)
