"""A run as a card: its last preview, its name and state, Open and trash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from studio.core.records import RunRecord, previews
from studio.ui.icons import tinted_pixmap
from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.labels import ElidedLabel, button, icon_button

THUMB = 76
CELLS, PAD = 2, 2
"""Cells of a sheet that a card shows in each direction, and the pixels between them (`studio.runs.pictures`)."""
EXCERPT, TRIED = 72, 6
"""Characters of a written sample on a card; how many samples are tried until one has any."""
STATUS_ICONS = {
    "running": "play",
    "done": "success",
    "stopped": "pause",
    "failed": "error",
    "interrupted": "warning",
}


def status_colour(theme: Theme, status: str) -> str:
    """Return the colour of a run's status in the present theme."""
    tokens = theme.tokens
    colours = {"done": tokens.green, "running": tokens.accent, "failed": tokens.red, "interrupted": tokens.amber}
    return colours.get(status, tokens.muted)


def described(record: RunRecord) -> str:
    """Return one line about a run: status, data, steps, when."""
    source = Path(str(record.data.get("source", ""))).name
    parts = [record.status, source, f"{record.steps:,} steps"]
    try:
        parts.append(datetime.fromisoformat(record.created).astimezone().strftime("%d %b %H:%M"))
    except ValueError:
        parts.append("")
    return " · ".join(part for part in parts if part)


class RunCard(QFrame):
    """A recent run: its last preview, its name and state, Open and Delete."""

    opened = Signal(object)
    deleted = Signal(object)

    def __init__(self, record: RunRecord, theme: Theme) -> None:
        super().__init__()
        self.record = record
        self.setProperty("role", "card")
        self._thumb = QLabel()
        self._thumb.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._thumb.setFixedSize(theme.px(THUMB), theme.px(THUMB))
        writes = (record.data.get("spec") or {}).get("kind") == "text"
        self._thumb.setPixmap(tinted_pixmap("write" if writes else "picture", theme.tokens.border, theme.px(32)))
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        row.setSpacing(SPACE_M)
        row.addWidget(self._thumb)
        row.addLayout(self._text(theme), 1)

    def _text(self, theme: Theme) -> QVBoxLayout:
        record, title = self.record, self.record.title or self.record.recipe
        open_button = button("Open", lambda: self.opened.emit(record))
        open_button.setAccessibleName(f"Open {title} of {record.id}")
        foot = QHBoxLayout()
        foot.addWidget(open_button)
        foot.addStretch()
        column = QVBoxLayout()
        column.setSpacing(SPACE_S)
        column.addLayout(self._head(theme, title))
        column.addWidget(ElidedLabel(described(record), "small"))
        column.addLayout(foot)
        return column

    def _head(self, theme: Theme, title: str) -> QHBoxLayout:
        record, size = self.record, theme.px(16)
        state = QLabel()
        icon = STATUS_ICONS.get(record.status, "info")
        state.setPixmap(tinted_pixmap(icon, status_colour(theme, record.status), size))
        state.setToolTip(record.error or record.status)
        head = QHBoxLayout()
        head.addWidget(state)
        head.addWidget(ElidedLabel(f"{title} · {record.preset}" if record.preset else title), 1)
        head.addWidget(icon_button(theme, "trash", f"Move {title} to the trash", lambda: self.deleted.emit(record)))
        return head

    def show_picture(self, image: QImage) -> None:
        """Show the run's last preview."""
        ratio = self.devicePixelRatio()
        size = self._thumb.size() * ratio
        scaled = image.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        scaled.setDevicePixelRatio(ratio)
        self._thumb.setPixmap(QPixmap.fromImage(scaled))

    def show_text(self, text: str) -> None:
        """Show the beginning of the run's last written sample."""
        self._thumb.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._thumb.setProperty("role", "excerpt")
        self._thumb.setWordWrap(True)
        self._thumb.setTextFormat(Qt.TextFormat.PlainText)
        self._thumb.setText(text)
        self._thumb.style().polish(self._thumb)

    def show_last(self, last: QImage | str) -> None:
        """Show what `last_previews` found."""
        if isinstance(last, str):
            self.show_text(last)
        else:
            self.show_picture(last)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open on a double click."""
        self.opened.emit(self.record)


def last_previews(records: Sequence[RunRecord]) -> dict[str, QImage | str]:
    """Read the last stored preview of each run (worker thread): a piece of a sheet, or the first words of a text.

    Runs without one are left out.
    """
    found: dict[str, QImage | str] = {}
    for record in records:
        stored = previews(record.path)
        pictures, texts = ([p.path for p in stored if p.path.suffix == kind] for kind in (".png", ".txt"))
        if pictures and not (piece := _piece(QImage(str(pictures[-1])), record)).isNull():
            found[record.id] = piece
        elif text := next(filter(None, map(_beginning, reversed(texts[-TRIED:]))), ""):
            found[record.id] = text
    return found


def _piece(sheet: QImage, record: RunRecord) -> QImage:
    """Cut whole cells, two by two where there are as many, out of the middle of a sheet."""
    shape = list((record.data.get("spec") or {}).get("shape") or ())
    if len(shape) != 3 or sheet.isNull():
        return sheet
    x, width = _middle(sheet.width(), int(shape[2]))
    y, height = _middle(sheet.height(), int(shape[1]))
    return sheet.copy(x, y, width, height) if min(width, height) > 0 else sheet


def _middle(length: int, cell: int) -> tuple[int, int]:
    """Return start and length of the middle cells in a row of cells."""
    count = (length - PAD) // (cell + PAD)
    taken = min(CELLS, count)
    return PAD + (count - taken) // 2 * (cell + PAD), taken * (cell + PAD) - PAD


def _beginning(path: Path) -> str:
    try:
        return " ".join(path.read_text(encoding="utf-8", errors="replace").split())[:EXCERPT]
    except OSError:  # deleted meanwhile: the card keeps its icon
        return ""
