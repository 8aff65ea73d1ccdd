"""Translate: pictures of one domain become pictures of another, and come back; a gallery, one picture, folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from studio.ui.actions import Action
from studio.ui.jobs import Latest
from studio.ui.notify import Button
from studio.ui.panels import translate_work as work
from studio.ui.panels.explore_export import export_path
from studio.ui.panels.run_page import Opener, RunPage
from studio.ui.panels.run_picker import RunPicker
from studio.ui.panels.translate_controls import TranslateControls
from studio.ui.panels.translate_gallery import Gallery
from studio.ui.panels.translate_side import TranslateSide
from studio.ui.panels.translate_work import Asked, Shown
from studio.ui.theme import SPACE_L, SPACE_M, SPACE_S
from studio.ui.widgets.drop import accepts, take_drop
from studio.ui.widgets.labels import button, label

if TYPE_CHECKING:
    from studio.runs.canvas_batch import Report
    from studio.runs.translate import Translation
    from studio.ui.context import Context
    from studio.ui.panels.explore_model import Session
    from studio.ui.panels.translate_work import Facts


class TranslatePanel(RunPage):
    """The page; `ready` when held-out examples of an opened run are on the screen.

    Signals:
        translated: a picture of the person's own is on the screen.
        exported: path of a file that was written.
        batch_done: the Report of a folder.

    Args:
        context: the window's services.
        parent: the widget it lies in.
        opener: opens a run in a worker, `(workspace, run id, checkpoint, progress) -> (Session, Facts)`.
    """

    id, title, icon = "translate", "Translate", "translate"
    empty = (
        "No translator yet",
        "Train CycleGAN, pix2pix, the denoiser or the colouriser; what it learned opens here.",
    )
    invitation = "Its translations open here."
    translated = Signal()
    exported = Signal(object)
    batch_done = Signal(object)

    def __init__(self, context: Context, parent: QWidget | None = None, opener: Opener = work.open_translator) -> None:
        super().__init__(context, parent, RunPicker(context, "image", {"Translates"}), opener)
        self.setAcceptDrops(True)
        self.session: Session | None = None
        self.file: Path | None = None
        self.controls = TranslateControls(context.theme)
        self.gallery = Gallery(context.theme)
        self.side = TranslateSide(context.theme, context.workspace / "dropped")
        self._examples, self._picture = Latest(self), Latest(self)
        self._connect()
        self.frame(self._build())

    # ---- building

    def _build(self) -> QWidget:
        self.sheet_button = button("Export sheet", self.export_sheet)
        self.sheet_button.setToolTip("Save these examples with their translations as one PNG")
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(SPACE_L, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_S)
        title = QHBoxLayout()
        title.setSpacing(SPACE_M)
        title.addWidget(label("Held-out examples", "title"))
        title.addWidget(self.gallery.note, 1)
        title.addWidget(self.sheet_button)
        column.addLayout(title)
        column.addWidget(self.gallery, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("translate.split")
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(self.side)
        split.setStretchFactor(0, 1)
        split.setSizes([720, 460])
        body = QWidget()
        inside = QVBoxLayout(body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self.controls)
        inside.addWidget(split, 1)
        return body

    def _connect(self) -> None:
        self.controls.changed.connect(self.refresh)
        self.gallery.picked_example.connect(self.show_example)
        self.side.export_wanted.connect(self.export)
        self.side.dropped.connect(self._take)
        self.side.refused.connect(self.context.notify.exception)
        self._examples.arrived.connect(self._show_examples)
        self._examples.failed.connect(self._no_examples)
        self._picture.arrived.connect(self._show_file)
        self._picture.failed.connect(self._no_file)

    def panel_actions(self) -> Iterable[Action]:
        """Return what can be done here by key or palette."""
        there = lambda: self.isVisible() and self.session is not None  # noqa: E731
        shown = lambda: self.isVisible() and self.side.shown is not None  # noqa: E731
        menu = "Translate"
        return (
            Action("translate.turn", "Translate the other way", self.controls.turn, "", menu, "refresh", there),
            Action("translate.files", "Translate pictures…", self.side.zone.choose_files, "", menu, "picture", there),
            Action("translate.folder", "Translate a folder…", self.side.zone.choose_folder, "", menu, "open", there),
            Action("translate.export", "Export the translation (PNG)", self.export, "", menu, "save", shown),
            Action("translate.export_sheet", "Export the examples (PNG)", self.export_sheet, "", menu, "grid", there),
        )

    # ---- opening

    def closing(self) -> None:
        """End the workers."""
        super().closing()
        self._examples.close()
        self._picture.close()

    def begin(self, opened: tuple[Session, Facts]) -> None:
        """Offer what a translator can do and translate examples."""
        self.session, self._facts = opened
        self.controls.show_facts(self._facts)
        self.refresh()

    def forget(self) -> None:
        """Empty the page."""
        self._examples.drop()
        self._picture.drop()
        self.session, self.file = None, None
        self.gallery.show_translation(None, ("", ""))
        self.side.show_picture(None)

    # ---- translating

    def refresh(self) -> None:
        """Translate again what is shown, as the controls say now."""
        session, asked = self.session, self.controls.asked
        if session is None:
            return
        self.gallery.note.setText("Working…")
        self._examples.submit(_stamped, session, asked, work.examples)
        if self.file is not None:
            self._picture.submit(_stamped, session, asked, work.picture, self.file)

    def show_example(self, index: int) -> None:
        """Show a held-out example at the right."""
        found = self.gallery.found
        if found is not None and 0 <= index < len(found):
            self.file = None
            self._picture.drop()
            self.gallery.mark(index)
            self.side.show_picture(Shown(found, index, self.gallery.asked, f"Held-out example {index + 1}"))

    def _show_examples(self, answer: tuple[Session, Asked, Translation]) -> None:
        session, asked, found = answer
        if session is not self.session:
            return
        first, second = self._facts.domains[:: -1 if asked.backwards else 1]
        self.gallery.show_translation(found, (first, second), asked)
        if self.file is None:
            self.show_example(max(self.gallery.example, 0))
        self.ready.emit()

    def _no_examples(self, error: BaseException) -> None:
        told = f"{getattr(error, 'what', error)} {getattr(error, 'what_to_do', '')}".strip()
        self.gallery.show_translation(None, ("", ""), hint=told)

    def _show_file(self, answer: tuple[Session, Asked, Translation]) -> None:
        session, asked, found = answer
        if session is self.session and self.file is not None:
            self.side.show_picture(Shown(found, 0, asked, self.file.name, str(self.file)))
            self.gallery.unmark()
            self.translated.emit()

    def _no_file(self, error: BaseException) -> None:
        shown = self.side.shown
        self.file = Path(shown.source) if shown is not None and shown.source else None  # what is still on the screen
        self.context.notify.exception(error, doing="Translating the picture")

    # ---- the person's own pictures

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take pictures and folders anywhere on the page."""
        if self.session is not None and accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Translate what was dropped."""
        take_drop(event, self.context.workspace / "dropped", self._take, self.context.notify.exception)

    def opened_with(self, paths: Sequence[Path]) -> bool:
        """Translate a picture at once, several or a folder one by one."""
        from studio.data.scan import SUFFIXES

        usable = [path for path in paths if path.is_dir() or path.suffix.lower() in SUFFIXES]
        if self.session is None or not usable:
            return False
        if len(usable) == 1 and usable[0].is_file():
            self.file = usable[0]
            self._picture.submit(_stamped, self.session, self.controls.asked, work.picture, self.file)
        else:
            self.translate_many(usable)
        return True

    def _take(self, paths: list[Path]) -> None:
        if not self.opened_with(paths):
            self.context.notify.warning(
                f"{paths[0].name} cannot be translated.", what_to_do="Drop pictures, or a folder of them."
            )

    def translate_many(self, paths: list[Path], out: Path | None = None) -> None:
        """Translate files and folders into a folder of the workspace's exports; what is there already stays."""
        session, asked = self.session, self.controls.asked
        if session is None:
            return
        to = self._facts.domains[0 if asked.backwards else 1]
        folder = out or self.context.workspace / "exports" / f"{session.record.id}-{paths[0].stem}-{to}"
        self.run_task(
            work.folder,
            self.context.workspace,
            session,
            paths,
            folder,
            asked,
            title=f"Translating {paths[0].name}",
            on_done=self._show_report,
        )

    def _show_report(self, report: Report) -> None:
        count = len(report.done)
        told = f"Translated {count} picture{'' if count == 1 else 's'}."
        if report.skipped:
            told += f" {len(report.skipped)} were there already."
        show = self._folder_button(report.out)
        if report.failed:
            first = report.failed[0]
            told += f" {len(report.failed)} could not be: {first.name}: {first.error.what}"
            self.context.notify.warning(told, what_to_do=f"The others are in {report.out}.", buttons=(show,))
        else:
            self.context.notify.success(told, what_to_do=f"In {report.out}", buttons=(show,))
        self.batch_done.emit(report)

    # ---- keeping

    def export(self, path: Path | None = None) -> None:
        """Save the current translation with its recipe, by default in the workspace's exports folder."""
        if self.session is not None and self.side.shown is not None:
            self._save(work.save, path or self._free("translation"), self.side.shown)

    def export_sheet(self, path: Path | None = None) -> None:
        """Save the held-out examples as one picture."""
        if self.session is not None and self.gallery.found is not None:
            self._save(work.save_sheet, path or self._free("translations"), self.gallery.found, self.gallery.asked)

    def _free(self, kind: str) -> Path:
        assert self.session is not None
        return export_path(self.context.workspace, self.session.record.id, kind, ".png")

    def _save(self, writer: Callable[..., Path], path: Path, *args: Any) -> None:
        self.run_task(writer, self.session, path, *args, title=f"Saving {path.name}", on_done=self._saved)

    def _saved(self, path: Path) -> None:
        show = self._folder_button(path.parent)
        self.context.notify.success(f"Saved {path.name}.", what_to_do=f"In {path.parent}", buttons=(show,))
        self.exported.emit(path)

    def _folder_button(self, folder: Path) -> Button:
        return Button("Show folder", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))))


def _stamped(session: Session, asked: Asked, fn: Any, *args: Any) -> tuple[Session, Asked, Translation]:
    """Translate in a worker, and say for what."""
    return session, asked, fn(session, *args, asked)
