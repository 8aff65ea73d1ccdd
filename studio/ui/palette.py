"""The command palette: every action that can be done now, found by a few letters of its title."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QListWidget, QListWidgetItem, QWidget

from studio.ui.actions import Action, ActionTable, score
from studio.ui.theme import SPACE_M, Theme
from studio.ui.widgets.labels import ElidedLabel, label
from studio.ui.widgets.overlay import Overlay

ROWS = 10


def ranked(actions: ActionTable, query: str) -> list[Action]:
    """Return the enabled actions that fit, best first; all of them in table order for an empty query."""
    scored = [(score(query, f"{a.menu} {a.title}" if a.menu else a.title), a) for a in actions if a.is_enabled()]
    return [a for points, a in sorted(scored, key=lambda pair: -pair[0]) if points > 0]


def key_text(shortcut: str) -> str:
    """Return a stored shortcut as this system writes it: the first one of several."""
    return QKeySequence(shortcut.split(";", maxsplit=1)[0].strip()).toString(QKeySequence.SequenceFormat.NativeText)


class CommandPalette(Overlay):
    """A search field over a list; Enter does the chosen action after the palette has gone."""

    def __init__(self, host: QWidget, theme: Theme, actions: ActionTable) -> None:
        super().__init__(host, theme, width=560, top=True)
        self.setAccessibleName("Command palette")
        self._actions = actions
        self.search = QLineEdit()
        self.search.setPlaceholderText("What do you want to do?")
        self.search.setAccessibleName("Search actions")
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Actions")
        self.list.itemActivated.connect(self._do)
        self.list.itemClicked.connect(self._do)
        self._none = label("No action fits.", "muted")
        for widget in (self.search, self.list, self._none):
            self.body.addWidget(widget)
        self.body.addStretch()
        self._fill("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys and Enter of the search field work the list."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
            if step and self.list.count():
                self.list.setCurrentRow((self.list.currentRow() + step) % self.list.count())
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._do(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _fill(self, query: str) -> None:
        self.list.clear()
        for action in ranked(self._actions, query):
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, action.id)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, action.title)
            item.setSizeHint(QSize(0, self._theme.px(30)))
            self.list.addItem(item)
            self.list.setItemWidget(item, self._row(action))
        self.list.setCurrentRow(0)
        self._none.setVisible(self.list.count() == 0)
        self.list.setVisible(self.list.count() > 0)
        self.list.setFixedHeight(self._theme.px(30 * min(self.list.count(), ROWS)) + 4)
        self._arrange()

    def _row(self, action: Action) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(SPACE_M, 0, SPACE_M, 0)
        picture = QLabel()
        size = self._theme.px(16)
        picture.setFixedWidth(size)
        if action.icon:
            picture.setPixmap(self._theme.icon(action.icon, self._theme.tokens.muted).pixmap(size, size))
        line.addWidget(picture)
        line.addWidget(ElidedLabel(action.title), 1)
        line.addWidget(label(action.menu, "small"))
        line.addWidget(label(key_text(self._actions.shortcut(action.id)), "small"))
        return row

    def _do(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        action_id = item.data(Qt.ItemDataRole.UserRole)
        self.close_sheet()
        self._actions.trigger(action_id)
