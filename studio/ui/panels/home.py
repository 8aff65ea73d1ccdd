"""Home: what to do next, and the runs so far."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import StudioError
from studio.core.records import RunRecord
from studio.ui.actions import Action
from studio.ui.context import Context
from studio.ui.icons import tinted_pixmap
from studio.ui.notify import Button
from studio.ui.panel import Panel
from studio.ui.theme import SPACE_L, SPACE_M, SPACE_XL, Theme
from studio.ui.widgets.empty import EmptyState
from studio.ui.widgets.labels import button, label
from studio.ui.widgets.run_card import RunCard, last_previews

RECENT = 12


class NextStep(QFrame):
    """One card of “what to do next”: icon, title, sentence, button."""

    def __init__(self, theme: Theme, icon: str, title: str, text: str, action: QWidget) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._theme, self._icon = theme, icon
        self._picture = QLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        column.setSpacing(SPACE_M)
        column.addWidget(self._picture)
        column.addWidget(label(title, "title", wrap=True))
        column.addWidget(label(text, "muted", wrap=True))
        column.addStretch()
        column.addWidget(action, 0, Qt.AlignmentFlag.AlignLeft)
        theme.changed.connect(self._tint)
        self._tint()

    def _tint(self) -> None:
        self._picture.setPixmap(tinted_pixmap(self._icon, self._theme.tokens.accent, self._theme.px(28)))


class HomePanel(Panel):
    """The first page."""

    id = "home"
    title = "Home"
    icon = "home"

    demo_wanted = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        column.setSpacing(SPACE_L)
        column.addWidget(label("What would you like to make?", "page"))
        column.addLayout(self._next_steps())
        column.addSpacing(SPACE_M)
        column.addWidget(label("Recent runs", "title"))
        column.addWidget(self._recent(), 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        # The first paint does not wait for the list of runs.
        self._reader = QTimer(self)
        self._reader.setSingleShot(True)
        self._reader.setInterval(50)
        self._reader.timeout.connect(self.read_runs)
        context.runs_changed.connect(self._reader.start)
        context.theme.changed.connect(self._reader.start)

    def entered(self) -> None:
        """Read the list of runs anew."""
        self._reader.start()

    def closing(self) -> None:
        """Stop the timer."""
        self._reader.stop()

    def panel_actions(self) -> Iterable[Action]:
        """Return “try the demo”."""
        return (Action("home.demo", "Try the demo", self.demo_wanted.emit, menu="File", icon="play"),)

    def read_runs(self) -> None:
        """Show the newest runs, or what to do when there is none."""
        try:
            records = self.context.store.runs()[:RECENT]
        except StudioError as error:
            self.context.notify.exception(error)
            return
        self._fill(records)
        if records:
            self.run_task(last_previews, records, title="", on_done=self._show_previews)

    def _next_steps(self) -> QHBoxLayout:
        theme, show = self.context.theme, self.context.show_panel.emit
        self.demo_button = button("Try the demo", self.demo_wanted.emit, "primary")
        self.data_button = button("Open data…", lambda: show("data"))
        self.train_button = button("Choose a recipe", lambda: show("train"))
        row = QHBoxLayout()
        row.setSpacing(SPACE_L)
        for step in (
            NextStep(
                theme,
                "play",
                "See one learn",
                "A small autoencoder learns handwritten digits while you watch, then you walk through what it learned. "
                "Takes about a minute, nothing is downloaded.",
                self.demo_button,
            ),
            NextStep(
                theme,
                "data",
                "Use your own data",
                "Drop a folder of pictures, an archive, a data file or a text anywhere in this window.",
                self.data_button,
            ),
            NextStep(
                theme,
                "train",
                "Train a model",
                "Choose a recipe from the books, change what you like, press Run.",
                self.train_button,
            ),
        ):
            row.addWidget(step, 1)
        return row

    def _recent(self) -> QStackedWidget:
        self.recent = QStackedWidget()
        empty = EmptyState(
            self.context.theme,
            "explore",
            "No runs yet",
            "Whatever you train is kept here and opens again with one click.",
            ("Try the demo", self.demo_wanted.emit),
        )
        for made in empty.buttons:
            made.setAccessibleName("Try the demo and make the first run")
        cards = QWidget()
        self._grid = QGridLayout(cards)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE_M)
        self.cards: dict[str, RunCard] = {}
        self.recent.addWidget(empty)
        self.recent.addWidget(cards)
        return self.recent

    def _fill(self, records: list[RunRecord]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        self.cards = {}
        for number, record in enumerate(records):
            made = RunCard(record, self.context.theme)
            made.opened.connect(self._open)
            made.deleted.connect(self._delete)
            self.cards[record.id] = made
            self._grid.addWidget(made, number // 2, number % 2)
        for column in (0, 1):
            self._grid.setColumnStretch(column, 1)
        self._grid.setRowStretch(RECENT, 1)
        self.recent.setCurrentIndex(1 if records else 0)

    def _show_previews(self, found: dict[str, QImage | str]) -> None:
        for run_id, last in found.items():
            if run_id in self.cards:
                self.cards[run_id].show_last(last)

    def _open(self, record: RunRecord) -> None:
        self.context.open_run.emit(record.id, "")

    def _delete(self, record: RunRecord) -> None:
        try:
            trashed = self.context.store.delete(record.id)
        except StudioError as error:
            self.context.notify.exception(error)
            return
        self.context.runs_changed.emit()
        undo = Button("Undo", lambda: self._restore(trashed))
        self.context.notify.info(f"{record.title or record.recipe} is in the trash.", buttons=(undo,))

    def _restore(self, trashed: Path) -> None:
        try:
            self.context.store.restore(trashed)
        except StudioError as error:
            self.context.notify.exception(error)
        self.context.runs_changed.emit()
