"""Write: a trained model of text continues what a person begins."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QApplication, QFileDialog, QVBoxLayout, QWidget

from studio.ui.actions import Action
from studio.ui.panels.explore_export import export_path
from studio.ui.panels.run_page import Opener, RunPage
from studio.ui.panels.run_picker import RunPicker
from studio.ui.panels.write_columns import TextColumns
from studio.ui.panels.write_controls import STEP, WriteControls
from studio.ui.panels.write_work import Piece, likely_next, open_writer, write_texts
from studio.ui.theme import SPACE_L, SPACE_S

if TYPE_CHECKING:
    from studio.ui.context import Context
    from studio.ui.jobs import Task


class WritePanel(RunPage):
    """The page; `ready` when a model is open.

    Signals:
        written: the texts are complete or stopped.
        exported: path of a file that was written.

    Args:
        context: the window's services.
        parent: the widget it lies in.
        opener: opens a run in a worker, `(workspace, run id, checkpoint, progress) -> model`.
    """

    id, title, icon = "write", "Write", "write"
    empty = ("No run writes text yet", "Train an LSTM on a text; it opens here by itself.")
    train = "Train on a text"
    invitation = "It writes here."
    written = Signal()
    exported = Signal(object)

    def __init__(self, context: Context, parent: QWidget | None = None, opener: Opener = open_writer) -> None:
        super().__init__(context, parent, RunPicker(context, "text"), opener)
        self.model: Any = None
        self._writing: Task | None = None
        self._asking: Task | None = None
        self._pieces: deque[Piece] = deque()
        self._drain_timer = QTimer(self, interval=33)
        self._drain_timer.timeout.connect(self._drain)
        self._soon = QTimer(self, singleShot=True, interval=250)
        self._soon.timeout.connect(self._ask_next)
        self.controls = WriteControls(context.theme)
        self.columns = TextColumns(context.theme)
        self._connect()
        self.frame(self._build())
        self._temperatures_changed()
        self._enable()

    # ---- building

    def _connect(self) -> None:
        controls = self.controls
        controls.temperatures_changed.connect(self._temperatures_changed)
        controls.prompt_changed.connect(self._soon.start)
        controls.write_wanted.connect(self.write)
        controls.stop_wanted.connect(self.stop)
        controls.copy_wanted.connect(self.copy)
        controls.save_wanted.connect(self.save)
        controls.save_as_wanted.connect(self._save_as)

    def _build(self) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(SPACE_L, 0, SPACE_L, SPACE_L)
        column.setSpacing(SPACE_S)
        column.addWidget(self.controls)
        column.addWidget(self.columns, 1)
        return body

    def panel_actions(self) -> Iterable[Action]:
        """Return what can be done here by key or palette."""
        can_write = lambda: self.isVisible() and self.controls.write_button.isEnabled()  # noqa: E731
        can_stop = lambda: self.isVisible() and self._writing is not None  # noqa: E731
        has_text = lambda: self.isVisible() and bool(self.text())  # noqa: E731
        return (
            Action("write.write", "Write", self.write, "Alt+Return", "Write", "write", can_write),
            Action("write.stop", "Stop writing", self.stop, "", "Write", "stop", can_stop),
            Action("write.copy", "Copy the text", self.copy, "", "Write", "", has_text),
            Action("write.save", "Save the text", self.save, "", "Write", "save", has_text),
        )

    # ---- opening

    def closing(self) -> None:
        """Stop writing."""
        super().closing()
        self.stop()
        self._soon.stop()

    def begin(self, model: Any) -> None:
        """Write with a model."""
        self.model = model
        self._enable()
        self._ask_next()
        self.controls.prompt.setFocus()
        self.ready.emit()

    def forget(self) -> None:
        """Stop writing; the text stays."""
        self.stop()
        self.model = None

    # ---- writing

    def write(self) -> None:
        """Continue the prompt; the text appears as it is drawn."""
        if self.model is None or self._writing is not None:
            return
        prompt = self.controls.prompt.toPlainText()
        temperatures = self.controls.temperatures()
        self.columns.begin(prompt)
        self._pieces.clear()
        self._writing = self.run_task(
            write_texts,
            self.model,
            prompt,
            self.controls.length_box.value(),
            temperatures,
            self.controls.seed_box.value(),
            self._pieces,
            title="Writing",
            on_done=self._done,
            on_error=self._failed,
        )
        self._drain_timer.start()
        self._enable()

    def stop(self) -> None:
        """End the text here."""
        if self._writing is not None:
            self._writing.cancel()
            self._end("stopped")

    def _done(self, count: int) -> None:
        self._end(f"{count:,} tokens")

    def _failed(self, error: BaseException) -> None:
        self._end("failed")
        self.context.notify.exception(error, doing="Writing")

    def _end(self, note: str) -> None:
        self._drain()
        self._drain_timer.stop()
        self._writing = None
        self._pieces = deque()  # a cancelled worker may still append one piece to the old one
        self.controls.note.setText(note)
        self._enable()
        self.written.emit()

    def _drain(self) -> None:
        texts: dict[int, str] = {}
        while self._pieces:
            column, text = self._pieces.popleft()
            texts[column] = texts.get(column, "") + text
        for column, text in texts.items():
            self.columns.append(column, text)

    def _temperatures_changed(self) -> None:
        self.columns.show_columns(self.controls.temperatures())
        self._soon.start()

    def _ask_next(self) -> None:
        if self.model is None or self._writing is not None:
            return
        if self._asking is not None:
            self._asking.cancel()
        self._asking = self.run_task(
            likely_next,
            self.model,
            self.controls.prompt.toPlainText(),
            max(self.controls.temperature, STEP),
            title="",
            on_done=self.columns.show_likely,
            on_error=lambda _: self.columns.show_likely(None),
        )

    # ---- keeping

    def text(self) -> str:
        """Return the text, or the texts of a comparison with their temperatures."""
        return self.columns.text()

    def copy(self) -> None:
        """Put the text on the clipboard."""
        QApplication.clipboard().setText(self.text())
        self.context.notify.info("The text is on the clipboard.")

    def save(self, path: Path | None = None) -> None:
        """Save the text, by default in the workspace's exports folder."""
        record = self.runs.record
        name = record.id if record is not None else "text"
        chosen = path or export_path(self.context.workspace, name, "text", ".txt")
        self.run_task(_write_file, chosen, self.text(), title=f"Saving {chosen.name}", on_done=self._saved)

    def _save_as(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the text", "text.txt", "Text (*.txt)")
        if name:
            self.save(Path(name))

    def _saved(self, path: Path) -> None:
        self.context.notify.success(f"Saved {path.name}.", what_to_do=f"In {path.parent}")
        self.exported.emit(path)

    def _enable(self) -> None:
        able, writing = self.model is not None, self._writing is not None
        self.controls.enable(able=able, writing=writing, has_text=bool(self.text()))


def _write_file(path: Path, text: str) -> Path:
    """Write a text file atomically; folders are made.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    from studio.core.files import explained, write_atomic

    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, text.encode())
    return path
