"""The foldable part of Train that makes a sweep: which knobs vary, over which values, how many runs that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.knobs import fields_of
from studio.core.training import Computing
from studio.ui.jobs import Latest
from studio.ui.panels import train_sweep_work as work
from studio.ui.panels.train_setup import Setup
from studio.ui.theme import SPACE_S
from studio.ui.widgets.combo import NarrowCombo
from studio.ui.widgets.labels import button, icon_button, label
from studio.ui.widgets.section import Section

if TYPE_CHECKING:
    from studio.core.knobs import KnobField
    from studio.ui.context import Context

WAIT_MS = 250
MOST_KNOBS = 4
WISHES = frozenset(field.name for field in fields_of(Computing))


def about(seconds: float) -> str:
    """Return a rough duration in words: "about 4 min"."""
    if seconds < 50:
        return f"about {max(1, round(seconds))} s"
    if seconds < 5_400:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3_600:.1f} h" if seconds < 172_800 else f"about {seconds / 86_400:,.0f} days"


def example(field: KnobField) -> str:
    """Return values to begin with: all choices of a choice, an example otherwise."""
    if field.choices:
        return ", ".join(field.choices)
    if field.kind is bool:
        return "true, false"
    if field.kind is tuple:
        return ":".join(map(str, field.default))
    return str(field.default)


class AxisRow(QWidget):
    """One knob and the values it takes.

    Signals:
        edited: the knob or the text changed.
        removed: the row is not wanted any more.
    """

    edited = Signal()
    removed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.knob = NarrowCombo("Knob to vary")
        self.values = QLineEdit()
        self.values.setAccessibleName("Values of the knob")
        self.values.setToolTip(
            "Values separated by commas: 0.2, 0.45\nA range of three: 1e-4..1e-2x3\nLists: 256:256, 512:512"
        )
        remove = icon_button(context.theme, "close", "Do not vary this knob", self.removed.emit)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_S)
        row.addWidget(self.knob, 3)
        row.addWidget(self.values, 2)
        row.addWidget(remove)
        self.fields: dict[str, KnobField] = {}
        self.knob.activated.connect(lambda *_: self._suggest())
        self.values.textEdited.connect(lambda *_: self.edited.emit())

    def offer(self, fields: dict[str, KnobField]) -> bool:
        """List the knobs; return whether the chosen one is still among them."""
        before = self.knob.currentData()
        self.fields = fields
        self.knob.clear()
        for name, field in fields.items():
            self.knob.addItem(field.knob.label, name)
        self.knob.setCurrentIndex(max(0, self.knob.findData(before)))
        return before in fields

    def choose(self, name: str) -> None:
        """Vary a knob, beginning with its default or all its choices."""
        self.knob.setCurrentIndex(max(0, self.knob.findData(name)))
        self._suggest()

    def _suggest(self) -> None:
        self.knob.setToolTip(self.knob.currentText())
        self.values.setText(example(self.fields[self.knob.currentData()]))
        self.edited.emit()

    @property
    def text(self) -> str:
        """What `studio.runs.sweep_grid` reads."""
        return f"{self.knob.currentData()}={self.values.text()}"


class SweepSection(Section):
    """The part of the page.

    Signals:
        wanted: texts `NAME=VALUES` of a sweep that is to be trained.
        table_wanted: the person wants to see the kept sweeps.
    """

    wanted = Signal(list)
    table_wanted = Signal()

    def __init__(self, context: Context, setup: Setup) -> None:
        super().__init__(context.theme, "Sweep", is_open=False)
        self._context, self._setup = context, setup
        self.rows: list[AxisRow] = []
        self.add_button = button("Vary a knob", self.add_row)
        self.table_button = button("Results", self.table_wanted.emit)
        self.table_button.setToolTip("The tables of kept sweeps")
        self.told = label("", "muted", wrap=True)
        self.run_button = button("Run the sweep", self._run)
        self._build()
        self._worker = Latest(self)
        self._worker.arrived.connect(self._show_plan)
        self._worker.failed.connect(self._show_problem)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._count)
        setup.changed.connect(self._setup_changed)
        self.header.toggled.connect(self._opened)
        self._show_problem(None)

    def _build(self) -> None:
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE_S)
        buttons = QGridLayout()
        buttons.setSpacing(SPACE_S)
        buttons.addWidget(self.add_button, 0, 0)
        buttons.addWidget(self.table_button, 0, 1)
        buttons.addWidget(self.run_button, 1, 0, 1, 2)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(SPACE_S, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(self._list)
        column.addWidget(self.told)
        column.addLayout(buttons)

    # ---- knobs

    def _fields(self) -> dict[str, Any]:
        form = self._setup.form
        rows = form.rows.items() if form is not None else ()
        return {name: row.field for name, row in rows if name not in WISHES and not row.isHidden()}

    def _opened(self, is_open: bool) -> None:
        if is_open and not self.rows and self._fields():
            self.add_row()

    def add_row(self) -> AxisRow | None:
        """Vary one more knob: the first rate, or the first knob that does not vary yet."""
        fields = self._fields()
        free = [name for name in fields if name not in {row.knob.currentData() for row in self.rows}]
        if not free or len(self.rows) >= MOST_KNOBS:
            return None
        made = AxisRow(self._context)
        made.offer(fields)
        made.choose(next((name for name in free if name.startswith("lr")), free[0]))
        made.edited.connect(self._edited)
        made.removed.connect(lambda: self._remove(made))
        self.rows.append(made)
        self._list.addWidget(made)
        made.values.setFocus()
        made.values.selectAll()
        self._edited()
        return made

    def _remove(self, row: AxisRow) -> None:
        self.rows.remove(row)
        self._list.removeWidget(row)
        row.deleteLater()
        self.add_button.setFocus()
        self._edited()

    def _setup_changed(self) -> None:
        fields = self._fields()
        if self.rows and fields and self.rows[0].fields != fields:
            for row in list(self.rows):
                if not row.offer(fields):
                    self._remove(row)
        self._edited()

    def _edited(self) -> None:
        self.add_button.setEnabled(len(self.rows) < MOST_KNOBS)
        if self.is_open:
            self.run_button.setEnabled(False)
            self._timer.start()

    @property
    def texts(self) -> list[str]:
        """What is to be swept, as `NAME=VALUES`."""
        return [row.text for row in self.rows]

    # ---- counting

    def _count(self) -> None:
        try:
            request = self._setup.request()
        except StudioError as error:
            self._show_problem(error)
            return
        if not self.rows:
            self._show_problem(None)
            return
        self._worker.submit(work.plan, self._context.workspace, request, self.texts)

    def _show_plan(self, planned: work.Plan) -> None:
        runs = f"{planned.runs} run{'s' if planned.runs != 1 else ''}"
        self._tell(runs if planned.seconds is None else f"{runs}, {about(planned.seconds)}", "muted")
        self.set_note(runs)
        self.run_button.setText(f"Run the sweep ({runs})")
        self.run_button.setEnabled(not self._busy)

    def _show_problem(self, error: BaseException | None) -> None:
        self.set_note("")
        self.run_button.setText("Run the sweep")
        self.run_button.setEnabled(False)
        if error is None:
            self._tell("Trains once for every combination of values, one run after another.", "muted")
        else:
            self._tell(str(error), "error")

    def _tell(self, text: str, role: str) -> None:
        self.told.setText(text)
        self.told.setProperty("role", role)
        self.told.style().polish(self.told)

    # ---- running

    @property
    def _busy(self) -> bool:
        form = self._setup.form
        return form is not None and form.training

    def set_training(self, training: bool) -> None:
        """Lock what makes a sweep while something trains."""
        for widget in (self.add_button, *self.rows):
            widget.setEnabled(not training)
        self.run_button.setEnabled(False)
        if not training:
            self._edited()

    def _run(self) -> None:
        self.wanted.emit(self.texts)

    def show_texts(self, texts: Sequence[str]) -> None:
        """Show `NAME=VALUES` texts, opening the section."""
        for row in list(self.rows):
            self._remove(row)
        self.set_open(True)
        for row in list(self.rows):  # the one that opening adds
            self._remove(row)
        for text in texts:
            name, _, values = text.partition("=")
            made = self.add_row()
            if made is not None:
                made.choose(name)
                made.values.setText(values)
        self._edited()

    def close_worker(self) -> None:
        """End the counting thread."""
        self._timer.stop()
        self._worker.close()
