"""The doctor's page of the Data panel: problems with counts and examples, fixes to choose, what is remembered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from studio.ui.panels.data_work import apply_fixes, examine, forget_fixes
from studio.ui.theme import SPACE_M
from studio.ui.widgets.labels import button, label

if TYPE_CHECKING:
    from studio.ui.jobs import Task
    from studio.ui.panel import Panel


class DoctorSide(QWidget):
    """The report on the open source.

    Signals:
        examined: the report is shown.
        mended: fixes were remembered: the source should be opened again.
    """

    examined = Signal()
    mended = Signal()

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self._panel = panel
        self._source = ""
        self._task: Task | None = None
        self.report: Any = None
        self.summary = label("Open a folder, archive or file; the doctor looks for damage before training.", wrap=True)
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setAccessibleName("Problems")
        self.tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.checks: dict[str, QCheckBox] = {}
        self._fixes = QVBoxLayout()
        self.note = label("", "small", wrap=True)
        self.check_button = button("Check", self.check)
        self.check_button.setToolTip("Look at every file; nothing is changed")
        self.apply_button = button("Apply", self.apply, "primary")
        self.forget_button = button("Forget", self.forget, "flat")
        self._build()
        self._enable()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_M)
        column.addWidget(self.summary)
        column.addWidget(self.tree, 1)
        column.addLayout(self._fixes)
        column.addWidget(self.note)
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        for made in (self.check_button, self.apply_button, self.forget_button):
            row.addWidget(made)
        column.addLayout(row)

    def show_source(self, source: str) -> None:
        """Say which source is open; a path can be checked, the catalogue needs no doctor."""
        if source == self._source:
            return
        if self._task is not None:
            self._task.cancel()
        self._source, self.report = source, None
        self.tree.clear()
        self._list_fixes(())
        is_path = bool(source) and Path(source).is_absolute()
        self.summary.setText(
            "Not checked yet: the doctor looks at every file and changes nothing."
            if is_path
            else "Data sets of the catalogue are known to be in order."
        )
        self._enable()

    def check(self) -> None:
        """Examine the source in a worker."""
        if not self._can_check():
            return
        self.summary.setText("Examining…")
        self._task = self._panel.run_task(
            examine,
            self._source,
            self._panel.context.workspace,
            title="Examining the data",
            on_done=self._show,
            on_error=self._failed,
        )

    def apply(self) -> None:
        """Remember the chosen fixes."""
        chosen = tuple(name for name, box in self.checks.items() if box.isChecked())
        if chosen:
            self._panel.run_task(
                apply_fixes,
                self._source,
                chosen,
                self._panel.context.workspace,
                self.report,
                title="Applying fixes",
                on_done=self._applied,
            )

    def forget(self) -> None:
        """Drop every remembered fix."""
        self._panel.run_task(
            forget_fixes, self._source, self._panel.context.workspace, title="", on_done=lambda _: self._forgotten()
        )

    def _applied(self, chosen: tuple[str, ...]) -> None:
        count = f"{len(chosen)} fix{'es' if len(chosen) > 1 else ''}"
        self.note.setText(f"{count} remembered: the files stay as they are, and opening this source honours them.")
        self._panel.context.notify.success(f"{count} remembered for {Path(self._source).name}.")
        self.mended.emit()
        self.check()

    def _forgotten(self) -> None:
        self.note.setText("No fixes are remembered for this source.")
        self.mended.emit()
        self.check()

    def _show(self, report: Any) -> None:
        from studio.data.doctor.report import KINDS, NOTES  # plain words, no heavy import

        self.report = report
        self.summary.setText(report.summary or ("In order." if report.ok else "There are problems."))
        self.tree.clear()
        tokens = self._panel.context.theme.tokens
        for kind, count in sorted(report.counts.items(), key=lambda item: (item[0] in NOTES, -item[1])):
            top = QTreeWidgetItem([f"{count:,} {KINDS.get(kind, kind)}"])
            top.setForeground(0, QColor(tokens.muted if kind in NOTES else tokens.amber))
            for problem in report.problems:
                if problem.kind == kind:
                    child = QTreeWidgetItem([problem.message])
                    child.setToolTip(0, f"{problem.path}\n{problem.message}")
                    top.addChild(child)
            self.tree.addTopLevelItem(top)
        self._list_fixes(report.fixes)
        self._enable()
        self.examined.emit()

    def _failed(self, error: BaseException) -> None:
        what, advice = getattr(error, "what", f"The check failed: {error}"), getattr(error, "what_to_do", "")
        self.summary.setText(f"{what} {advice}".strip())
        self._enable()

    def _list_fixes(self, fixes: Any) -> None:
        while (item := self._fixes.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.deleteLater()
        self.checks = {}
        for fix in fixes:
            box = QCheckBox(fix.title)
            box.setToolTip(f"{fix.title} ({fix.count:,})")
            box.toggled.connect(lambda *_: self._enable())
            self.checks[fix.id] = box
            self._fixes.addWidget(box)

    def _can_check(self) -> bool:
        return bool(self._source) and Path(self._source).is_absolute()

    def _enable(self) -> None:
        self.check_button.setEnabled(self._can_check())
        self.forget_button.setEnabled(self._can_check() and self.report is not None)
        self.apply_button.setEnabled(any(box.isChecked() for box in self.checks.values()))
