"""Trained styles: runs of the studio that repaint a picture in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QVBoxLayout

from studio.ui.panels import transfer_work as work
from studio.ui.theme import SPACE_S, Theme
from studio.ui.widgets.combo import NarrowCombo
from studio.ui.widgets.labels import button, keep_icon, label
from studio.ui.widgets.section import Section
from studio.ui.widgets.weight import WeightEdit

if TYPE_CHECKING:
    from studio.ui.panels.canvas_base import CanvasPanel
    from studio.ui.panels.canvas_work import Pixels
    from studio.ui.panels.transfer_sources import TransferSources


class TrainedStyles(Section):
    """The runs that can repaint; hidden while there is none.

    Signals:
        wanted: (run id, strength 0..1).

    Args:
        theme: for sizes.
    """

    wanted = Signal(str, float)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Trained styles", is_open=False)
        self.box = NarrowCombo("Trained style")
        self.strength = WeightEdit(theme, "the trained style", 0.0, 1.0, least=0.0)
        self.apply_button = button("Repaint at once", self._apply)
        keep_icon(theme, self.apply_button, "play")
        column = QVBoxLayout(self.body)
        column.setContentsMargins(SPACE_S, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(label("A network of yours repaints the content in one pass.", "small", wrap=True))
        for widget in (self.box, self.strength, self.apply_button):
            column.addWidget(widget)
        self.hide()

    def show_stylists(self, found: Sequence[work.Stylist]) -> None:
        """List the runs; the choice stays."""
        chosen = self.box.currentData()
        self.box.clear()
        for stylist in found:
            self.box.addItem(f"{stylist.title} · {stylist.run}", stylist.run)
        self.box.setCurrentIndex(max(0, self.box.findData(chosen)))
        self.setVisible(bool(found))

    def _apply(self) -> None:
        self.wanted.emit(str(self.box.currentData()), min(self.strength.value, 1.0))


class Repainter(QObject):
    """Lists the trained styles of a page and applies them in workers.

    Signals:
        repainted: a result is on the canvas.

    Args:
        panel: its canvas shows the result.
        sources: content, and the first style for models that take one.
        section: lists the runs.
    """

    repainted = Signal()

    def __init__(self, panel: CanvasPanel, sources: TransferSources, section: TrainedStyles) -> None:
        super().__init__(panel)
        self._panel, self._sources, self._section = panel, sources, section
        section.wanted.connect(self.repaint)
        panel.context.runs_changed.connect(self.look)

    def look(self) -> None:
        """Look for runs that can repaint, in a worker."""
        self._panel.run_task(
            work.stylists, self._panel.context.workspace, title="", on_done=self._section.show_stylists
        )

    def repaint(self, run: str, strength: float) -> None:
        """Repaint the content with a run's newest weights."""
        content = self._sources.content.picture
        if content is None or self._panel.runner.busy:
            self._panel.context.notify.info("Give a content picture first, and stop what is being made.")
            return
        style = self._sources.styles.items[0].picture if self._sources.styles.items else None
        self._section.apply_button.setEnabled(False)
        recipe = {"kind": "stylise", "run": run, "strength": strength, "content": content.source.sha256}
        self._panel.run_task(
            work.repaint,
            self._panel.context.workspace,
            run,
            content,
            style,
            strength,
            title=f"Repainting with {run}",
            on_done=lambda pixels: self._show(pixels, recipe),
            on_error=self._failed,
        )

    def _show(self, pixels: Pixels, recipe: dict[str, object]) -> None:
        self._section.apply_button.setEnabled(True)
        self._panel.follower.show_kept(pixels, recipe)
        self._panel.stage.view.set_caption(f"repainted by {recipe['run']}")
        self.repainted.emit()

    def _failed(self, error: BaseException) -> None:
        self._section.apply_button.setEnabled(True)
        self._panel.context.notify.exception(error, doing="Repainting")
