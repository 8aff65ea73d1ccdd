"""The styles of a transfer: read in workers, weighed, masked, taken away; every edit can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.ui.panels import transfer_work as work
from studio.ui.panels.canvas_undo import Change
from studio.ui.widgets.style_list import StyleList, StyleRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.panel import Panel
    from studio.ui.panels.canvas_work import Picture

    Mask = NDArray[np.float32]

MOST_STYLES = 64
"""As many as a recipe may name."""


@dataclass(frozen=True, eq=False)
class StyleItem:
    """One style: its picture and weight, where it acts on the result, what of the picture counts."""

    picture: Picture
    weight: float = 1.0
    mask: Mask | None = None
    region: Mask | None = None


class StyleSet(QObject):
    """The styles in their order, and the list that shows them.

    Signals:
        changed: pictures, weights or masks are others now (`items`).
        mask_wanted: (index, on): the person wants to paint where a style acts, or stops.
        region_wanted: index: the person wants to paint what of a style picture counts.

    Args:
        panel: its tasks, undo stack, notifications and workspace are used.
    """

    changed = Signal()
    mask_wanted = Signal(int, bool)
    region_wanted = Signal(int)

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel)
        self._panel = panel
        self.items: tuple[StyleItem, ...] = ()
        self.reading = 0
        """Reads that have not ended."""
        self._before_weighing: tuple[StyleItem, ...] | None = None
        self.list = StyleList(panel.context.theme, panel.context.workspace / "dropped")
        self.list.given.connect(self.open)
        self.list.refused.connect(panel.context.notify.exception)
        self.list.removed.connect(self.remove)
        self.list.weight_changed.connect(self._weigh)
        self.list.weight_settled.connect(lambda _: self.settle())
        self.list.mask_wanted.connect(self.mask_wanted)
        self.list.region_wanted.connect(self.region_wanted)
        self.list.show_styles(())

    # ---- edits

    def open(self, paths: Sequence[Path]) -> None:
        """Read picture files and append them (one undo step); what cannot be used is told and left out."""
        self.reading += 1
        title = f"Reading {paths[0].name}" if len(paths) == 1 else f"Reading {len(paths)} pictures"
        self._panel.run_task(work.read_all, list(paths), title=title, on_done=self._append, on_error=self._fail)

    def _fail(self, error: BaseException) -> None:
        self.reading -= 1
        self._panel.context.notify.exception(error, doing="Reading the pictures")

    def _append(self, found: work.Read) -> None:
        self.reading -= 1
        for error in found.refused:
            self._panel.context.notify.exception(error)
        room = MOST_STYLES - len(self.items)
        if len(found.pictures) > room:
            self._panel.context.notify.warning(f"A transfer takes at most {MOST_STYLES} styles.")
        new = [StyleItem(picture) for picture in found.pictures[:room]]
        if new:
            title = f"Add {new[0].picture.name}" if len(new) == 1 else f"Add {len(new)} styles"
            self.edit(title, (*self.items, *new))

    def remove(self, index: int) -> None:
        """Take a style away."""
        kept = tuple(item for i, item in enumerate(self.items) if i != index)
        self.edit(f"Take {self.items[index].picture.name} away", kept)

    def set_region(self, index: int, region: Mask | None) -> None:
        """Say what of a style picture counts; None is all."""
        self.edit("Choose what of the style counts", self._with(index, region=region))

    def edit(self, title: str, items: tuple[StyleItem, ...]) -> None:
        """Replace the styles as one undo step."""
        self.settle()
        self._panel.context.undo.push(Change(title, self, self.put, self.items, items))

    # ---- without an undo step of their own

    def put(self, items: tuple[StyleItem, ...]) -> None:
        """Show these styles."""
        self.items = items
        self.list.show_styles(
            [
                StyleRow(i.picture.thumb, i.picture.name, i.weight, i.mask is not None, i.region is not None)
                for i in items
            ]
        )
        self.changed.emit()

    def put_mask(self, index: int, mask: Mask | None) -> None:
        """Say where a style acts; None is everywhere."""
        if 0 <= index < len(self.items):
            self.put(self._with(index, mask=mask))

    def _with(self, index: int, **values: object) -> tuple[StyleItem, ...]:
        changed = replace(self.items[index], **values)  # type: ignore[arg-type]  # fields of StyleItem
        return (*self.items[:index], changed, *self.items[index + 1 :])

    # ---- weights: the slider moves many times, one undo step

    def _weigh(self, index: int, weight: float) -> None:
        if index >= len(self.items):
            return
        if self._before_weighing is None:
            self._before_weighing = self.items
        self.items = self._with(index, weight=weight)
        self.changed.emit()

    def settle(self) -> None:
        """Make what the slider did one undo step."""
        before, self._before_weighing = self._before_weighing, None
        if before is not None and before is not self.items:
            change = Change("Change a style's weight", self, self.put, before, self.items, done=True)
            self._panel.context.undo.push(change)
