"""The shortcut sheet: every action with its key; click a key to give it another one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QGridLayout, QKeySequenceEdit, QLabel, QScrollArea, QWidget

from studio.core.errors import StudioError
from studio.ui.actions import Action, ActionTable
from studio.ui.theme import SPACE_M, SPACE_S, SPACE_XL, Theme
from studio.ui.widgets.labels import button, label
from studio.ui.widgets.overlay import Overlay

FIXED = (("Tab", "Next control"), ("Esc", "Close, leave, or cancel what goes on"), ("Space", "Press a button"))


class ShortcutSheet(Overlay):
    """Actions by menu in two columns, each with a field that takes a new key."""

    def __init__(self, host: QWidget, theme: Theme, actions: ActionTable) -> None:
        super().__init__(host, theme, "Keyboard shortcuts", width=860)
        self._actions = actions
        self._fields: dict[str, QKeySequenceEdit] = {}
        self.message = label("Click a shortcut and press the new keys; Backspace takes it away.", "muted", wrap=True)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._table())
        scroll.setMinimumHeight(min(theme.px(460), max(host.height() - theme.px(200), theme.px(120))))
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.body.addWidget(scroll, 1)
        self.body.addWidget(self.message)
        self.body.addWidget(button("Restore the defaults", self._reset), 0, Qt.AlignmentFlag.AlignLeft)

    def field(self, action_id: str) -> QKeySequenceEdit:
        """Return the field that takes an action's key."""
        return self._fields[action_id]

    def _table(self) -> QWidget:
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, SPACE_M, 0)
        grid.setVerticalSpacing(SPACE_S)
        grid.setColumnMinimumWidth(2, SPACE_XL)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(3, 1)
        menus = [m for m in dict.fromkeys(a.menu or "Other" for a in self._actions) if m]
        rows: list[list[QLabel | Action | tuple[str, str]]] = []
        for menu in menus:
            rows.append([label(menu, "title"), *(a for a in self._actions if (a.menu or "Other") == menu)])
        rows.append([label("Everywhere", "title"), *FIXED])
        heights = [0, 0]
        for block in rows:
            side = 0 if heights[0] <= heights[1] else 1
            for entry in block:
                self._place(grid, heights[side], 3 * side, entry)
                heights[side] += 1
        grid.setRowStretch(max(heights), 1)
        return table

    def _place(self, grid: QGridLayout, row: int, column: int, entry: QLabel | Action | tuple[str, str]) -> None:
        if isinstance(entry, QLabel):
            grid.addWidget(entry, row, column, 1, 2)
        elif isinstance(entry, tuple):
            grid.addWidget(label(entry[1]), row, column)
            grid.addWidget(label(entry[0], "muted"), row, column + 1)
        else:
            grid.addWidget(label(entry.title), row, column)
            grid.addWidget(self._editor(entry), row, column + 1)

    def _editor(self, action: Action) -> QKeySequenceEdit:
        field = QKeySequenceEdit(QKeySequence(self._actions.shortcut(action.id).split(";")[0].strip()))
        field.setMaximumSequenceLength(1)
        field.setAccessibleName(f"Shortcut of {action.title}")
        field.setFixedWidth(self._theme.px(150))
        field.editingFinished.connect(lambda: self._rebind(action, field))
        self._fields[action.id] = field
        return field

    def _rebind(self, action: Action, field: QKeySequenceEdit) -> None:
        wanted = field.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        if wanted in ("Backspace", "Del"):
            wanted = ""
            field.clear()
        present = [key.strip() for key in self._actions.shortcut(action.id).split(";")]
        if wanted == present[0]:
            return
        try:
            self._actions.rebind(action.id, wanted)
        except StudioError as error:
            self.message.setText(str(error))
            field.setKeySequence(QKeySequence(present[0]))
        else:
            self.message.setText(f"“{action.title}” is now {wanted or 'without a shortcut'}.")

    def _reset(self) -> None:
        for action_id, field in self._fields.items():
            self._actions.reset(action_id)
            field.setKeySequence(QKeySequence(self._actions.shortcut(action_id).split(";")[0].strip()))
        self.message.setText("All shortcuts have their defaults again.")
