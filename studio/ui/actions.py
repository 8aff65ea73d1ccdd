"""The one table of actions: menus, shortcuts, the palette and the shortcut sheet all read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from studio.core.errors import StudioError

NATIVE = QKeySequence.SequenceFormat.NativeText


class Settings(Protocol):
    """Where rebound shortcuts are kept."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return a stored value."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Store a value."""
        ...

    def remove(self, key: str) -> None:
        """Forget a value."""
        ...


@dataclass(frozen=True)
class Action:
    """One thing a person can do.

    Attributes:
        id: stable name such as "train.run"; shortcuts are stored under it.
        title: imperative, as shown in menus and the palette.
        callback: called without arguments.
        shortcut: default key, portable text such as "Ctrl+R"; several are separated by "; ".
        menu: name of the menu it stands in ("File", "Edit", "View", "Train", …); "" for none.
        icon: name in `resources/icons`; "" for none.
        enabled: asked before it is shown or run; None means always.
    """

    id: str
    title: str
    callback: Callable[[], object]
    shortcut: str = ""
    menu: str = ""
    icon: str = ""
    enabled: Callable[[], bool] | None = None

    def is_enabled(self) -> bool:
        """Whether it can be done now."""
        return self.enabled is None or self.enabled()


class ActionTable(QObject):
    """Every action of the window, by id, each with one QAction that the window owns.

    `changed` is sent when an action comes, goes or gets another shortcut.
    """

    changed = Signal()

    def __init__(self, settings: Settings | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._actions: dict[str, Action] = {}
        self._qactions: dict[str, QAction] = {}
        self._host: QWidget | None = None

    def attach(self, host: QWidget) -> None:
        """Let shortcuts work everywhere in `host` (the window)."""
        self._host = host
        host.addActions(list(self._qactions.values()))

    def add(self, action: Action) -> QAction:
        """Add an action (replacing one of the same id) and return its QAction, to put on a button."""
        self.remove(action.id)
        made = QAction(action.title, self)
        made.setObjectName(action.id)
        made.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        made.triggered.connect(lambda *_: self._pressed(action.id))
        self._actions[action.id], self._qactions[action.id] = action, made
        self._bind()
        if self._host is not None:
            self._host.addAction(made)
        self.changed.emit()
        return made

    def remove(self, action_id: str) -> None:
        """Take an action away; unknown ids are fine."""
        if self._actions.pop(action_id, None) is None:
            return
        made = self._qactions.pop(action_id)
        if self._host is not None:
            self._host.removeAction(made)
        made.deleteLater()
        self._bind()
        self.changed.emit()

    def __iter__(self) -> Iterator[Action]:
        """Iterate over the actions in the order they were added."""
        return iter(tuple(self._actions.values()))

    def __contains__(self, action_id: str) -> bool:
        return action_id in self._actions

    def __getitem__(self, action_id: str) -> Action:
        return self._actions[action_id]

    def qaction(self, action_id: str) -> QAction:
        """Return the QAction of an id (KeyError if unknown)."""
        return self._qactions[action_id]

    def trigger(self, action_id: str) -> bool:
        """Do an action if it is enabled; return whether it was done."""
        action = self._actions[action_id]
        if not action.is_enabled():
            return False
        action.callback()
        return True

    def refresh(self) -> None:
        """Ask every action whether it is enabled and grey its menu entry accordingly."""
        for action_id, action in self._actions.items():
            self._qactions[action_id].setEnabled(action.is_enabled())

    def release(self) -> None:
        """Enable every entry again, so that shortcuts ask for themselves whether they may act."""
        for made in self._qactions.values():
            made.setEnabled(True)

    def shortcut(self, action_id: str) -> str:
        """Return the shortcut in force, portable text, "" for none."""
        default = self._actions[action_id].shortcut
        if self._settings is None:
            return default
        return str(self._settings.get(f"shortcuts/{action_id}", default))

    def rebind(self, action_id: str, shortcut: str) -> None:
        """Give an action another shortcut and store it; "" takes it away.

        Raises:
            StudioError: if another action has that shortcut already.
        """
        wanted = _keys(shortcut)
        for other in self._actions.values():
            if other.id != action_id and set(_keys(self.shortcut(other.id))) & set(wanted):
                raise StudioError(f"{shortcut} already belongs to “{other.title}”.", "Choose another shortcut.")
        if self._settings is not None:
            self._settings.set(f"shortcuts/{action_id}", shortcut)
        self._bind()
        self.changed.emit()

    def reset(self, action_id: str) -> None:
        """Give an action its default shortcut back."""
        if self._settings is not None:
            self._settings.remove(f"shortcuts/{action_id}")
        self._bind()
        self.changed.emit()

    def _bind(self) -> None:
        """Give each key to the first action that has it; the same key on other pages is found by `_pressed`.

        Qt calls nothing at all for a key that two actions hold.
        """
        held: set[str] = set()
        for action_id, made in self._qactions.items():
            keys = _keys(self.shortcut(action_id))
            own = [key for key in keys if key not in held]
            held.update(own)
            made.setShortcuts([QKeySequence(key) for key in own])
            title = self._actions[action_id].title
            made.setText(title if own or not keys else f"{title}\t{QKeySequence(keys[0]).toString(NATIVE)}")

    def _pressed(self, action_id: str) -> None:
        """Do an action, or else the one of another page that shares its key and can be done now."""
        keys = set(_keys(self.shortcut(action_id)))
        others = [i for i in self._actions if i != action_id and keys & set(_keys(self.shortcut(i)))]
        for candidate in (action_id, *others):
            if self.trigger(candidate):
                return


def _keys(shortcut: str) -> list[str]:
    return [key.strip() for key in shortcut.split(";") if key.strip()]


def score(query: str, title: str) -> float:
    """Return how well `query` fits `title`: 0 for not at all, more for early, unbroken and word-start hits."""
    wanted, text = query.casefold().replace(" ", ""), title.casefold()
    total, position, previous = 0.0, 0, -2
    for letter in wanted:
        found = text.find(letter, position)
        if found < 0:
            return 0.0
        starts_word = found == 0 or not text[found - 1].isalnum()
        total += 1.0 + 2.0 * (found == previous + 1) + 1.5 * starts_word
        previous, position = found, found + 1
    return total + 1.0 / (1 + len(text)) if wanted else 1.0
