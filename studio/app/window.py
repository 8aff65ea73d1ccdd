"""The main window: rail, pages built on their first visit, status strip, notifications, drops, closing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QIcon, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from studio.app import session
from studio.app.closing import Closing
from studio.app.menus import Menus, window_actions
from studio.app.opening import Opening
from studio.app.pages import PAGES, Page
from studio.core.errors import StudioError
from studio.ui.context import Context
from studio.ui.icons import tinted_icon
from studio.ui.jobs import TrainingJob
from studio.ui.palette import CommandPalette
from studio.ui.panel import Panel
from studio.ui.widgets.drop import accepts, take_drop
from studio.ui.widgets.empty import EmptyState
from studio.ui.widgets.messages import Messages
from studio.ui.widgets.overlay import Overlay
from studio.ui.widgets.preferences import Preferences
from studio.ui.widgets.rail import Rail
from studio.ui.widgets.shortcuts import ShortcutSheet
from studio.ui.widgets.status import StatusStrip
from studio.ui.widgets.toasts import Toasts


class MainWindow(QMainWindow):
    """The window of one Context.

    Signals:
        first_painted: the first frame has been drawn.
        demo_wanted: the person asked for the demo.
    """

    first_painted = Signal()
    demo_wanted = Signal()

    def __init__(self, context: Context, pages: Sequence[Page] = PAGES) -> None:
        super().__init__()
        self.context = context
        self.pages = tuple(pages)
        self.panels: dict[str, Panel] = {}
        self.sheet: Overlay | None = None
        self._painted = False
        self._closing = Closing(self)
        self.opening = Opening(self)
        self.setWindowTitle("Generative Studio")
        self.setWindowIcon(QIcon(tinted_icon("app", context.theme.tokens.text, context.theme.tokens.muted)))
        self.setMinimumSize(640, 480)
        self.setAcceptDrops(True)
        self._build()
        self._connect()
        session.restore_window(context.settings, self)
        last = context.settings.get("window/page", "home")
        self.show_panel(last if last in [p.id for p in self.pages] else self.pages[0].id)
        self.stack.setFocus()  # otherwise the first button of the rail begins with a focus ring

    @property
    def active_jobs(self) -> tuple[TrainingJob, ...]:
        """The training jobs that run now."""
        return tuple(self.context.jobs)

    @property
    def current(self) -> str:
        """Id of the page in front."""
        return self._current

    # ---- building

    def _build(self) -> None:
        theme = self.context.theme
        self.rail = Rail(theme, [(p.id, p.title, p.icon) for p in self.pages])
        self.stack = QStackedWidget()
        self.status = StatusStrip(self.context.tasks, theme)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.rail)
        middle.addWidget(self.stack, 1)
        self.covered = central = QWidget()
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(middle, 1)
        column.addWidget(self.status)
        self.setCentralWidget(central)
        self.toasts = Toasts(self.stack, self.context.notify, theme)
        self.menus = Menus(self)
        self.context.actions.attach(self)
        for action in window_actions(self):
            self.context.actions.add(action)
        self.menus.rebuild()

    def _connect(self) -> None:
        context = self.context
        self.rail.chosen.connect(self.show_panel)
        context.show_panel.connect(self.show_panel)
        context.open_run.connect(self.open_run)
        context.open_data.connect(self.open_data)
        context.train_on.connect(self.train_on)
        context.prepare_run.connect(self.prepare_run)

    # ---- pages

    def panel(self, page_id: str) -> Panel:
        """Return a page, building it on the first call; a page that fails to build says so and is tried again."""
        if page_id in self.panels:
            return self.panels[page_id]
        page = next(p for p in self.pages if p.id == page_id)
        made = page.load()(self.context)
        self.panels[page_id] = made
        self.stack.addWidget(made)
        for action in made.panel_actions():
            self.context.actions.add(action)
        if hasattr(made, "demo_wanted"):
            made.demo_wanted.connect(self.demo_wanted)
        session.restore_splitters(self.context.settings, page_id, made)
        return made

    def show_panel(self, page_id: str) -> None:
        """Bring a page to the front."""
        try:
            panel: QWidget = self.panel(page_id)
        except Exception as error:  # one broken page (or a missing library) must not take the window along
            self.context.notify.exception(error, doing=f"Opening {page_id.capitalize()}")
            panel = self._broken(page_id)
        previous = self.stack.currentWidget()
        self.stack.setCurrentWidget(panel)
        if previous is not None and previous.objectName() == "broken":
            self.stack.removeWidget(previous)
            previous.deleteLater()
        self._current = page_id
        self.rail.show_chosen(page_id)
        self.toasts.arrange()
        if isinstance(panel, Panel):
            panel.entered()

    def _broken(self, page_id: str) -> QWidget:
        page = EmptyState(
            self.context.theme,
            "warning",
            "This page could not be opened",
            "The message at the bottom right says why. The other pages go on.",
            ("Try again", lambda: self.show_panel(page_id)),
        )
        page.setObjectName("broken")
        self.stack.addWidget(page)
        return page

    def open_run(self, run_id: str, page_id: str = "") -> None:
        """Show a run in a page; without a page, text goes to Write and everything else to Explore."""
        try:
            record = self.context.store.run(run_id)
        except StudioError as error:
            self.context.notify.exception(error)
            return
        if not page_id:
            is_text = (record.data.get("spec") or {}).get("kind") == "text"
            page_id = "train" if record.status == "running" else "write" if is_text else "explore"
        self.show_panel(page_id)
        if page_id in self.panels:
            self.panels[page_id].open_run(record)

    def open_data(self, source: str) -> None:
        """Show a data set (catalogue name or path) in the Data page."""
        self.show_panel("data")
        opener = getattr(self.panels.get("data"), "open_source", None)
        if opener is not None:
            opener(source)

    def train_on(self, source: str, options: dict[str, Any]) -> None:
        """Show the Train page with a data set and its options."""
        self.show_panel("train")
        taker = getattr(self.panels.get("train"), "set_data", None)
        if taker is not None:
            taker(source, options)

    def prepare_run(self, run_id: str, recipe_id: str, settings: dict[str, Any]) -> None:
        """Fill the Train page in with a run's settings, changed, or with another recipe on its data."""
        self.show_panel("train")
        taker = getattr(self.panels.get("train"), "prepare_run", None)
        if taker is not None:
            taker(run_id, recipe_id, settings)

    # ---- paths, drops

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open paths as if they were dropped: the right page takes them and a notification says so."""
        self.opening.open_paths(paths)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take anything that can be opened, anywhere in the window."""
        if accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        take_drop(event, self.opening.dropped_folder, self.open_paths, self.context.notify.exception)

    # ---- sheets

    def open_sheet(self, sheet: Overlay, focus: QWidget | None = None) -> None:
        """Show a sheet over the window, in place of the one that is open."""
        if self.sheet is not None:
            self.sheet.close_sheet()
        self.sheet = sheet
        sheet.closed.connect(self._sheet_closed)
        sheet.open_sheet(focus)

    def _sheet_closed(self) -> None:
        if self.sender() is self.sheet:
            self.sheet = None

    def show_palette(self) -> None:
        """Open the command palette."""
        palette = CommandPalette(self.covered, self.context.theme, self.context.actions)
        self.open_sheet(palette, palette.search)

    def show_shortcuts(self) -> None:
        """Open the shortcut sheet."""
        self.open_sheet(ShortcutSheet(self.covered, self.context.theme, self.context.actions))

    def show_preferences(self) -> None:
        """Open the preferences."""
        preferences = Preferences(self.covered, self.context)
        self.open_sheet(preferences, preferences.look)

    def show_messages(self) -> None:
        """Show what was told in this session."""
        self.open_sheet(Messages(self.covered, self.context.theme, self.context.notify.history))

    # ---- view

    def toggle_full_screen(self) -> None:
        """Enter or leave full screen."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def change_scale(self, by: float) -> None:
        """Make everything larger or smaller."""
        theme = self.context.theme
        theme.set_scale(round(theme.scale + by, 2))
        self.context.settings.set("look/scale", theme.scale)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc that nobody else wanted: leave full screen, or cancel what goes on (never a training run)."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.sheet is not None:
            self.sheet.close_sheet()
        elif self.isFullScreen():
            self.toggle_full_screen()
        else:
            wanted = [a for a in self.context.tasks.active if a.cancellable and a.escapes]
            if wanted:
                wanted[-1].cancel()

    def event(self, event: QEvent) -> bool:
        """Notice the first frame."""
        handled = super().event(event)
        if not self._painted and event.type() == QEvent.Type.Paint:
            self._painted = True
            QTimer.singleShot(0, self, self.first_painted.emit)
        return handled

    # ---- closing

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask while something goes on; then remember everything and end the workers."""
        if not self._closing.may_close():
            event.ignore()
            return
        session.save_window(self.context.settings, self)
        self.context.settings.set("window/page", self.current)
        for page_id, panel in self.panels.items():
            session.save_splitters(self.context.settings, page_id, panel)
            panel.closing()
        self.context.close()
        event.accept()
