"""Forms made from Config dataclasses: what the knobs declare is what a person sees.

`Form(config_types, values)` groups the knobs of several Configs in sections. Invalid text is marked in place with
the message of `knobs.check` and kept as typed (`widgets/knob_row.py`); every edit goes through the window's undo stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from studio.core.errors import BadConfig
from studio.core.knobs import KnobField, fields_of
from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.fields import raw_of
from studio.ui.widgets.knob_row import Row
from studio.ui.widgets.section import Section

C = TypeVar("C")
GROUPS = ("Model", "Optimiser", "Training", "Data", "Advanced")
CLOSED = ("Advanced",)


class EditCommand(QUndoCommand):
    """Changes of raw states, by field name; typing in one field is one command."""

    def __init__(self, form: Form, title: str, after: Mapping[str, Any], key: tuple[str, int] | None) -> None:
        super().__init__(title)
        self._form, self._key = form, key
        self._after = dict(after)
        self._before = {name: form.rows[name].raw for name in after}
        self._first = True

    def id(self) -> int:
        """Return a number that commands which may merge share."""
        return -1 if self._key is None else 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Swallow the next key press in the same field."""
        if not isinstance(other, EditCommand) or other._form is not self._form or other._key != self._key:
            return False
        self._after = other._after
        self.setObsolete(self._after == self._before)
        return True

    def redo(self) -> None:
        """Apply the change."""
        self._apply(self._after)

    def undo(self) -> None:
        """Take it back."""
        self._apply(self._before)

    def _apply(self, raws: Mapping[str, Any]) -> None:
        if shiboken6.isValid(self._form):
            self._form.apply(raws, again=not self._first)
        self._first = False


class Form(QWidget):
    """The knobs of several Configs.

    Signals:
        changed: any raw state changed.
        live_changed: (name, value) a valid value of a live knob, while training.
        recalled: undo or redo touched this form: it should be shown.

    Args:
        config_types: Config classes; field names are unique across them.
        values: values that differ from the defaults.
        theme: for sizes and icons.
        undo: the window's undo stack; a private one without it.
        hidden: names that are left out (they keep their values).
    """

    changed = Signal()
    live_changed = Signal(str, object)
    recalled = Signal()

    def __init__(
        self,
        config_types: Sequence[Any],
        values: Mapping[str, Any] | None = None,
        *,
        theme: Theme,
        undo: QUndoStack | None = None,
        hidden: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self.config_types = tuple(config_types)
        self.undo = undo if undo is not None else QUndoStack(self)
        self.training = False
        self.rows: dict[str, Row] = {}
        self.sections: dict[str, Section] = {}
        self._hidden = frozenset(hidden)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_M)
        self._build(theme)
        column.addStretch(1)
        self.load(values or {})

    def _build(self, theme: Theme) -> None:
        fields = [field for config_type in self.config_types for field in fields_of(config_type)]
        own = [field.knob.group for field in fields if field.knob.group not in GROUPS]
        grouped: dict[str, list[KnobField]] = {group: [] for group in (*GROUPS[:-1], *own, GROUPS[-1])}
        for field in fields:
            grouped[field.knob.group].append(field)
        layout = self.layout()
        assert layout is not None
        for group, fields in grouped.items():
            if not fields:
                continue
            section = Section(theme, group, is_open=group not in CLOSED)
            grid = QGridLayout(section.body)
            grid.setContentsMargins(SPACE_S, 0, 0, 0)
            grid.setSpacing(SPACE_S)
            for i, field in enumerate(fields):
                grid.addWidget(self._row(field, theme), i, 0)
            if all(f.name in self._hidden for f in fields):
                section.hide()
            self.sections[group] = section
            layout.addWidget(section)

    def _row(self, field: KnobField, theme: Theme) -> Row:
        row = self.rows[field.name] = Row(field, theme)
        if field.name in self._hidden:  # (showing it before it has a parent would make it a window)
            row.hide()
        row.editor.edited.connect(lambda raw: self._edited(row, raw))
        row.reset.clicked.connect(lambda: self.reset(field.name))
        return row

    # ---- values

    def values(self) -> dict[str, Any]:
        """Return the last valid value of every knob."""
        return {name: row.value for name, row in self.rows.items()}

    def changed_values(self) -> dict[str, Any]:
        """Return the valid values that differ from the defaults."""
        return {name: row.value for name, row in self.rows.items() if row.value != row.field.default}

    def problems(self) -> dict[str, BadConfig]:
        """Return what is not valid, by name."""
        return {name: row.problem for name, row in self.rows.items() if row.problem is not None}

    def config(self, config_type: type[C]) -> C:
        """Return an instance of one of the Config classes.

        Raises:
            BadConfig: a field of it holds something that is not valid.
        """
        names = [field.name for field in fields_of(config_type)]  # type: ignore[arg-type]  # classes are hashable
        for name in names:
            problem = self.rows[name].problem
            if problem is not None:
                raise problem
        return config_type(**{name: self.rows[name].value for name in names})

    def load(self, values: Mapping[str, Any]) -> None:
        """Show values (and defaults for the rest) without an undo step."""
        self.apply(self._all_raws(values))

    def overlay(self, values: Mapping[str, Any]) -> None:
        """Show some values over those present, without an undo step; unknown names are left out."""
        self.apply({n: raw_of(self.rows[n].field, v) for n, v in values.items() if n in self.rows})

    def reflect(self, values: Mapping[str, Any]) -> None:
        """Overlay what a run already does: `live_changed` stays silent."""
        with QSignalBlocker(self):
            self.overlay(values)
        self.changed.emit()

    def set_values(self, values: Mapping[str, Any], title: str = "Change settings") -> None:
        """Show values (and defaults for the rest) as one undoable step."""
        raws = self._all_raws(values)
        different = {name: raw for name, raw in raws.items() if raw != self.rows[name].raw}
        if different:
            self.undo.push(EditCommand(self, title, different, None))

    def edit(self, values: Mapping[str, Any], title: str) -> None:
        """Show some values over those present as one undoable step; unknown names are left out."""
        raws = {n: raw_of(self.rows[n].field, v) for n, v in values.items() if n in self.rows}
        if raws:
            self.undo.push(EditCommand(self, title, raws, None))

    def reset(self, name: str) -> None:
        """Give one knob its default back (undoable)."""
        row = self.rows[name]
        raws = {name: raw_of(row.field, row.field.default)}
        self.undo.push(EditCommand(self, f"Reset {row.field.knob.label}", raws, None))

    def _all_raws(self, values: Mapping[str, Any]) -> dict[str, Any]:
        known = {name: raw_of(row.field, row.field.default) for name, row in self.rows.items()}
        given = {n: raw_of(self.rows[n].field, v) for n, v in values.items() if n in self.rows}
        return {**known, **given}

    def apply(self, raws: Mapping[str, Any], *, again: bool = False) -> None:
        """Take raw states; `again` when undo or redo brings them back."""
        before = self.values()
        for name, raw in raws.items():
            self.rows[name].set_raw(raw)
        self._hide_idle()
        self._count_changes()
        self.changed.emit()
        self._tell_live(before, raws)
        if again:
            self.recalled.emit()

    def _edited(self, row: Row, raw: Any) -> None:
        key = (row.field.name, row.session) if isinstance(raw, str) and not row.field.choices else None
        self.undo.push(EditCommand(self, f"Change {row.field.knob.label}", {row.field.name: raw}, key))

    def _tell_live(self, before: Mapping[str, Any], names: Iterable[str]) -> None:
        if not self.training:
            return
        for name in names:
            row = self.rows[name]
            if row.field.knob.live and row.problem is None and row.value != before[name]:
                self.live_changed.emit(name, row.value)

    def _hide_idle(self) -> None:
        """Hide the knobs that have no effect beside the values of others; what was changed stays in sight."""
        values = self.values()
        for name, row in self.rows.items():
            if row.field.knob.when and name not in self._hidden:
                row.setVisible(row.changed or row.field.knob.matters(values))

    def _count_changes(self) -> None:
        counts = dict.fromkeys(self.sections, 0)
        for name, row in self.rows.items():
            counts[row.field.knob.group] += row.changed and name not in self._hidden
        for group, section in self.sections.items():
            section.set_note(f"{counts[group]} changed" if counts[group] else "")

    # ---- while training

    def set_training(self, training: bool) -> None:
        """Lock everything but the live knobs, or unlock all."""
        self.training = training
        for row in self.rows.values():
            usable = row.field.knob.live or not training
            row.editor.setEnabled(usable)
            row.reset.setEnabled(usable)

    def reveal(self, name: str) -> Row | None:
        """Open the section of a knob and return its row, to be scrolled to; None when there is no such knob."""
        row = self.rows.get(name)
        if row is not None and name not in self._hidden:
            self.sections[row.field.knob.group].set_open(True)
            row.show()
        return row

    def first_problem(self) -> QLabel | None:
        """Return the message of the first invalid knob, its section opened, to be scrolled to."""
        for row in self.rows.values():
            if row.problem is not None:
                self.sections[row.field.knob.group].set_open(True)
                row.editor.setFocus()
                return row.message
        return None
