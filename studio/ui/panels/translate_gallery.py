"""The gallery of Translate: held-out examples, each with its translation, the way back, and the truth where known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal

from studio.ui.panels.translate_side import percent
from studio.ui.panels.translate_work import Asked
from studio.ui.theme import Theme
from studio.ui.widgets.labels import ElidedLabel
from studio.ui.widgets.titled_sheet import TitledSheet

if TYPE_CHECKING:
    from studio.runs.translate import Translation

PER_ROW = {2: 3, 3: 2, 4: 2}
"""Number of pictures of an example -> examples in a row."""


class Gallery(TitledSheet):
    """Examples in rows; the arrow keys and the mouse choose one.

    Signals:
        picked_example: number of the chosen example.

    Attributes:
        found: what is shown; asked: how it was made.
        note: a label for the mean errors, to be placed by the page.
    """

    picked_example = Signal(int)

    def __init__(self, theme: Theme) -> None:
        hint = "Translations of held-out examples appear here."
        super().__init__(theme, "Held-out examples", hint, pickable=True)
        self.found: Translation | None = None
        self.asked = Asked()
        self.note = ElidedLabel("", "muted")
        self._parts = 1
        self.picked.connect(lambda cell: self.picked_example.emit(cell // self._parts))

    @property
    def example(self) -> int:
        """Number of the chosen example, -1 when none is."""
        return self.current // self._parts if self.current >= 0 else -1

    def mark(self, index: int) -> None:
        """Choose an example without saying so."""
        if self.example != index:
            self.current = index * self._parts
            self.update()

    def unmark(self) -> None:
        """Choose nothing: something else is shown large."""
        self.current = -1
        self.update()

    def show_translation(
        self, found: Translation | None, names: tuple[str, str], asked: Asked | None = None, hint: str | None = None
    ) -> None:
        """Show examples with errors below the way back and the translation, or nothing but the hint.

        Args:
            found: the examples; None clears.
            names: the domains, source first.
            asked: how it was made.
            hint: said while there is nothing.
        """
        self.found, self.asked = found, asked or Asked()
        self.note.setText("" if found is None else means(found))
        if found is None:
            self.clear(hint)
            return
        shown = [
            (names[0], found.source, None),
            (names[1], found.made, found.target_error),
            ("back", found.back, found.cycle_error),
            ("truth", found.target, None),
        ]
        parts = [(title, pixels, errors) for title, pixels, errors in shown if pixels is not None]
        self._parts, across = len(parts), min(PER_ROW[len(parts)], len(found))
        channels = max(pixels.shape[3] for _, pixels, _ in parts)
        rows = np.stack([np.broadcast_to(p, (*p.shape[:3], channels)) for _, p, _ in parts], axis=1)
        captions = ["" if e is None else percent(e[i]) for i in range(len(found)) for _, _, e in parts]
        titles = [title for title, _, _ in parts] * across
        flat = np.ascontiguousarray(rows.reshape(-1, *rows.shape[2:]))
        self.show_titled(flat, self._parts * across, (), titles, captions if any(captions) else ())


def means(found: Translation) -> str:
    """Say the mean errors of all examples."""
    told = []
    if (cycle := found.cycle_error) is not None:
        told.append(f"{percent(float(cycle.mean()))} off after the way back")
    if (gap := found.target_error) is not None:
        told.append(f"{percent(float(gap.mean()))} from the truth")
    return " · ".join(told)
