"""The menu bar, built from the table of actions, and the window's own entries in that table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMenu

from studio.ui.actions import Action, ActionTable

if TYPE_CHECKING:
    from studio.app.window import MainWindow

FIRST, LAST = ("File", "Edit", "View"), "Help"
"""Menus around those of the pages, which stand in the order of the rail."""
DIGITS = "1234567890"


def window_actions(window: MainWindow) -> list[Action]:
    """Return what can be done whatever page is in front."""
    undo, opening = window.context.undo, window.opening
    return [
        Action("file.open", "Open files…", opening.choose_files, "Ctrl+O", "File", "open"),
        Action("file.open_folder", "Open folder…", opening.choose_folder, "Ctrl+Shift+O", "File", "open"),
        Action("file.paste", "Open from the clipboard", opening.open_clipboard, "Ctrl+Shift+V", "File", "picture"),
        Action("file.preferences", "Preferences…", window.show_preferences, "Ctrl+,", "File", "settings"),
        Action("file.quit", "Quit", window.close, "Ctrl+Q", "File", "close"),
        Action("edit.undo", "Undo", undo.undo, "Ctrl+Z", "Edit", "undo", undo.canUndo),
        Action("edit.redo", "Redo", undo.redo, "Ctrl+Shift+Z; Ctrl+Y", "Edit", "redo", undo.canRedo),
        *_page_actions(window),
        Action("view.palette", "Find an action…", window.show_palette, "Ctrl+Shift+P", "View", "search"),
        Action("view.full_screen", "Full screen", window.toggle_full_screen, "F11", "View", "grid"),
        Action("view.larger", "Larger", lambda: window.change_scale(0.1), "Ctrl++; Ctrl+=", "View", "plus"),
        Action("view.smaller", "Smaller", lambda: window.change_scale(-0.1), "Ctrl+-", "View"),
        Action("help.shortcuts", "Keyboard shortcuts", window.show_shortcuts, "Shift+?; F1", "Help", "keyboard"),
        Action("help.messages", "Show past messages", window.show_messages, "", "Help", "info"),
    ]


def _page_actions(window: MainWindow) -> list[Action]:
    def shows(page: str) -> Action:
        number = [p.id for p in window.pages].index(page) + 1
        entry = window.pages[number - 1]
        return Action(
            f"view.{page}",
            f"Go to {entry.title}",
            lambda: window.show_panel(page),
            f"Ctrl+{DIGITS[number - 1]}" if number <= len(DIGITS) else "",
            "View",
            entry.icon,
        )

    return [shows(page.id) for page in window.pages]


class Menus:
    """Keeps the menu bar equal to the table."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._table: ActionTable = window.context.actions
        self._later = QTimer(window)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.rebuild)
        self._table.changed.connect(self._later.start)

    def rebuild(self) -> None:
        """Build all menus anew."""
        bar = self._window.menuBar()
        bar.clear()
        names = dict.fromkeys(a.menu for a in self._table if a.menu)
        order = [*FIRST, *(page.title for page in self._window.pages)]
        for name in sorted(names, key=lambda n: (n == LAST, order.index(n) if n in order else len(order))):
            self._fill(bar.addMenu(f"&{name}"), name)

    def _fill(self, menu: QMenu, name: str) -> None:
        for action in self._table:
            if action.menu == name:
                menu.addAction(self._table.qaction(action.id))
        menu.aboutToShow.connect(self._table.refresh)
        # A greyed action would swallow its own shortcut after the menu has gone.
        menu.aboutToHide.connect(lambda: QTimer.singleShot(0, self._window, self._table.release))
