"""The verdict of Judge: the sentence in large letters, what else was found, and the remedies as buttons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from studio.core.control import TRAIN_ONLY
from studio.ui.icons import tinted_pixmap
from studio.ui.theme import SPACE_L, SPACE_M, SPACE_S, Theme
from studio.ui.widgets.labels import button, card, label

if TYPE_CHECKING:
    from studio.quality.doctor import Finding
    from studio.quality.remedies import Prepared

ICON, SMALL_ICON = 32, 16
AT_ONCE = "Turned at once, while it trains."
SERIOUS = 0.5
MOST = 4
"""Remedies that stand side by side."""
WHAT_A_CLICK_DOES = {
    "branch": "Fills in a branch of this run in Train.",
    "train on": "Fills in a longer run in Train.",
    "recipe": "Prepares a new run on this data in Train.",
    "live": AT_ONCE,
}


class Verdict(QWidget):
    """What is wrong, and what can be done about it.

    Signals:
        remedy_wanted: a `studio.quality.remedies.Prepared`.

    Args:
        theme: for colours and icons.
    """

    remedy_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._severity = 0.0
        self.remedies: list[QWidget] = []
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.sentence = label("", "page", wrap=True)
        self.where = label("", "muted", wrap=True)
        self._also = QVBoxLayout()
        self._also.setSpacing(SPACE_S)
        self._offers = QHBoxLayout()
        self._offers.setSpacing(SPACE_M)
        text = QVBoxLayout()
        text.setSpacing(SPACE_S)
        text.addWidget(self.sentence)
        text.addLayout(self._also)
        text.addWidget(self.where)
        head = QHBoxLayout()
        head.setSpacing(SPACE_L)
        head.addWidget(self._icon)
        head.addLayout(text, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_M)
        column.addLayout(head)
        column.addLayout(self._offers)
        theme.changed.connect(self._tint)

    def show_findings(
        self,
        findings: Sequence[tuple[Finding, Sequence[Prepared]]],
        where: str,
        live: Collection[str] = (),
    ) -> None:
        """Show the worst finding large, the others below it, and every remedy once.

        Args:
            findings: the worst first.
            where: which run, which step.
            live: names of knobs that can be turned now, of a run that trains.
        """
        (worst, _), *others = findings
        self._severity = worst.severity
        self.sentence.setText(worst.sentence)
        self.where.setText(where)
        self._clear()
        for finding, _ in others:
            self._also.addWidget(label(f"Also: {finding.sentence}", wrap=True))
        once = {p.remedy.title: p for _, prepared in findings for p in prepared}
        offered = list(once.values())[:MOST]
        for number, prepared in enumerate(offered):
            now = bool(prepared.settings) and set(prepared.settings) <= set(live)
            what = AT_ONCE if now else WHAT_A_CLICK_DOES[prepared.remedy.how]
            self._offers.addWidget(self._offer(prepared, what, first=number == 0 and worst.severity > 0), 1)
        if len(offered) < MOST:
            self._offers.addStretch(MOST - len(offered))
        self._tint()

    def _clear(self) -> None:
        self.remedies = []
        for layout in (self._also, self._offers):
            while (item := layout.takeAt(0)) is not None:
                if (widget := item.widget()) is not None:
                    widget.hide()
                    widget.deleteLater()

    def _offer(self, prepared: Prepared, what: str, *, first: bool) -> QWidget:
        """Return a card with what to do, why, the settings it changes from what to what, and its button."""
        made = card()
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        pressed = button(prepared.remedy.title, lambda: self.remedy_wanted.emit(prepared), "primary" if first else "")
        changes = "\n".join(told(name, prepared.before.get(name, ""), v) for name, v in prepared.settings.items())
        pressed.setToolTip(f"{what} It can be undone.")
        pressed.setAccessibleDescription(" ".join((prepared.remedy.why, changes, what)))
        self.remedies.append(pressed)
        column = QVBoxLayout(made)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_S)
        column.addWidget(pressed)
        column.addWidget(label(prepared.remedy.why, "muted", wrap=True))
        column.addStretch()
        if changes:
            column.addWidget(label(changes, "mono", wrap=True))
        column.addWidget(label(what, "small", wrap=True))
        return made

    def _tint(self) -> None:
        tokens = self._theme.tokens
        if not self._severity:
            name, colour = "success", tokens.green
        else:
            name, colour = "warning", tokens.red if self._severity > SERIOUS else tokens.amber
        self._icon.setPixmap(tinted_pixmap(name, colour, self._theme.px(ICON)))


def told(name: str, before: object, after: object) -> str:
    """Say what a setting was and will be."""
    return f"{name}  {_short(name, before)} → {_short(name, after)}"


def _short(name: str, value: object) -> str:
    if name == TRAIN_ONLY:
        return str(value).removeprefix("_").upper() or "all"
    return f"{value:g}" if isinstance(value, float) else str(value)
