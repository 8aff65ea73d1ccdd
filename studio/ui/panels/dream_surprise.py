"""Surprise me: a sheet of random dreams; a click takes the settings of one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem

from studio.ui.panels import dream_film_work as work
from studio.ui.panels.canvas_page import StagePage
from studio.ui.panels.canvas_stream import run_stream
from studio.ui.widgets.labels import button, keep_icon
from studio.ui.widgets.picture import to_image

if TYPE_CHECKING:
    from studio.canvas.backbone import Backbone
    from studio.canvas.picture import Source
    from studio.ui.jobs import Task
    from studio.ui.panel import Panel

SIDE, GAP = 136, 14
TEXT = "Random dreams on your picture, small and quick. Click one to take its settings."


class SurprisePage(StagePage):
    """A sheet of random dreams.

    Signals:
        chosen: the settings of one.
        sheet_done: every dream of the sheet is there.

    Args:
        panel: whose tasks make them.
        backbone: returns the network in use, or None.
        picture: returns what to dream on; None from noise.
    """

    chosen = Signal(dict)
    sheet_done = Signal()

    def __init__(
        self, panel: Panel, backbone: Callable[[], Backbone | None], picture: Callable[[], Source | None]
    ) -> None:
        super().__init__(panel.context.theme, "Surprise me", TEXT)
        self._panel, self._backbone, self._picture = panel, backbone, picture
        self._task: Task | None = None
        self._sheet: tuple[Backbone | None, Source | None, int] = (None, None, 0)
        """Network, picture and seed of the sheet; it is made while the page is looked at."""
        self.dreams: list[work.RandomDream] = []
        self.more_button = button("More", self.begin)
        keep_icon(self.theme, self.more_button, "dice")
        self.head.insertWidget(self.head.count() - 1, self.more_button)
        self.list = QListWidget()
        self.list.setViewMode(QListView.ViewMode.IconMode)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setMovement(QListView.Movement.Static)
        self.list.setAccessibleName("Random dreams")
        self.list.itemClicked.connect(self._take)
        self.list.itemActivated.connect(self._take)
        self.closed.connect(self.stop)
        self.column.addWidget(self.list, 1)

    def focus(self) -> None:
        """Take the focus when it opens; a sheet begins, or goes on, by itself."""
        self.list.setFocus()
        if self._task is not None or self.complete:
            return
        backbone, picture, _ = self._sheet
        if backbone is not None and backbone is self._backbone() and picture is self._picture():
            self._go_on()
        else:
            self.begin()

    @property
    def complete(self) -> bool:
        """Whether every dream of the sheet is there."""
        return bool(self.dreams) and self.dreams[-1].number == work.SHEET - 1

    def begin(self, seed: int | None = None) -> None:
        """Make another sheet."""
        self.stop()
        backbone, picture = self._backbone(), self._picture()
        if backbone is None:
            self.text.setText("The network is being opened; press More in a moment.")
            return
        self.text.setText(TEXT)
        self.dreams = []
        self._show_places()
        self._sheet = backbone, picture, secrets.randbelow(2**31) if seed is None else seed
        self._go_on()

    def _go_on(self) -> None:
        backbone, picture, seed = self._sheet
        assert backbone is not None
        first = self.dreams[-1].number + 1 if self.dreams else 0
        self._task = run_stream(
            self._panel,
            lambda: work.random_dreams(backbone, picture, seed, first),
            self._add,
            title="Dreaming at random",
            total=work.SHEET - first,
            on_done=self._done,
            on_error=self._failed,
        )

    def _show_places(self) -> None:
        """Show empty places at once, so that nothing moves while the dreams come."""
        side = self.theme.px(SIDE)
        empty = QPixmap(side, side)
        empty.fill(self.theme.tokens.control)
        self.list.clear()
        self.list.setIconSize(QSize(side, side))
        self.list.setGridSize(QSize(side + self.theme.px(GAP), side + self.theme.px(GAP)))
        for number in range(work.SHEET):
            item = QListWidgetItem(QIcon(empty), "")
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"Random dream {number + 1}, not there yet")
            self.list.addItem(item)

    def _add(self, dream: work.RandomDream) -> None:
        item = self.list.item(len(self.dreams))
        self.dreams.append(dream)
        side = self.theme.px(SIDE)
        pixmap = QPixmap.fromImage(to_image(dream.pixels)).scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
        )
        item.setIcon(QIcon(pixmap.copy((pixmap.width() - side) // 2, (pixmap.height() - side) // 2, side, side)))
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        item.setToolTip(str(dream.settings.get("layers", "")))
        item.setData(
            Qt.ItemDataRole.AccessibleTextRole, f"Random dream {len(self.dreams)}: {dream.settings.get('layers', '')}"
        )

    def _take(self, item: QListWidgetItem) -> None:
        row = self.list.row(item)
        if row < len(self.dreams):
            self.stop()
            self.chosen.emit(dict(self.dreams[row].settings))

    def _done(self) -> None:
        self._task = None
        self.sheet_done.emit()

    def _failed(self, error: BaseException) -> None:
        self._task = None
        self.text.setText("The dreams could not be made; the message at the bottom right says why.")
        self._panel.context.notify.exception(error, doing="Dreaming at random")

    def stop(self) -> None:
        """Stop making dreams."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
