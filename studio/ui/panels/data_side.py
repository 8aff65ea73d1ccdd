"""The right side of the Data panel: options with a live preview, and the button that leads to Train."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.core.errors import BadConfig, StudioError
from studio.data.options import DataOptions
from studio.ui.forms import Form
from studio.ui.jobs import Latest
from studio.ui.panels.data_view import scrolled
from studio.ui.panels.data_work import View, preview
from studio.ui.theme import SPACE_M, SPACE_S
from studio.ui.widgets.labels import button, label
from studio.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.context import Context

TEXT_ONLY = ("tokens", "window", "min_count")
PICTURES_ONLY = ("size", "fit", "colour", "only", "pairs", "flip", "shift", "rotate")


class OptionsSide(QWidget):
    """The form, a preview of a few examples as training sees them, Apply.

    Signals:
        apply_wanted: open the source again with these options.
    """

    apply_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._view: View | None = None
        self._turn = 0
        self.form = Form([DataOptions], theme=context.theme, undo=context.undo)
        self.preview = PictureView(context.theme, "Preview of the options", "A preview of the options appears here.")
        self.preview.setFixedHeight(context.theme.px(112))
        self.note = label("", "small", wrap=True)
        self.apply_button = button("Apply options", self.apply_wanted.emit)
        self.again_button = button("Other examples", self._another_turn, "flat")
        self.again_button.setText("Roll again")
        self.again_button.setToolTip("Other random mirrors, shifts and rotations")
        self._worker = Latest(self)
        self._worker.arrived.connect(self._arrived)
        self._worker.failed.connect(self._failed)
        self._soon = QTimer(self, singleShot=True, interval=250)
        self._soon.timeout.connect(self._preview)
        self._build()
        self.form.changed.connect(self._changed)
        self._changed()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_M)
        column.addWidget(scrolled(self.form), 1)
        column.addWidget(self.preview)
        column.addWidget(self.note)
        row = QHBoxLayout()
        row.setSpacing(SPACE_S)
        row.addWidget(self.apply_button, 1)
        row.addWidget(self.again_button)
        column.addLayout(row)

    def options(self) -> DataOptions | None:
        """Return the options in the form, or None while something is not valid."""
        try:
            return self.form.config(DataOptions)
        except BadConfig:
            return None

    def show_view(self, view: View) -> None:
        """Say which source is open, with which options."""
        self._view, kind = view, view.data.spec.kind
        for names, usable in ((TEXT_ONLY, kind == "text"), (PICTURES_ONLY, kind == "image")):
            for name in names:
                self.form.rows[name].setVisible(usable)
        for widget in (self.preview, self.again_button, self.note):
            widget.setVisible(kind == "image")
        self._changed()

    def show_nothing(self) -> None:
        """No source is open."""
        self._view = None
        self._worker.drop()
        self.note.setText("")
        self.preview.clear("A preview of the options appears here.")
        self._changed()

    def close_worker(self) -> None:
        """End the worker."""
        self._worker.close()

    def _changed(self) -> None:
        options = self.options()
        different = self._view is not None and options is not None and options != self._view.options
        self.apply_button.setEnabled(different)
        if self._view is not None:
            self._soon.start()

    def _another_turn(self) -> None:
        self._turn += 1
        self._preview()

    def _preview(self) -> None:
        options = self.options()
        if self._view is not None and options is not None and self.preview.isVisibleTo(self):
            self._worker.submit(preview, self._view, options, self._context.workspace, self._turn)

    def _arrived(self, pixels: NDArray[np.uint8] | None) -> None:
        if pixels is not None and self._view is not None:
            self.preview.show_sheet(pixels, 4)
            self.note.setText(f"As training sees them: {pixels.shape[2]} × {pixels.shape[1]} px")

    def _failed(self, error: BaseException) -> None:
        told = str(error) if isinstance(error, StudioError) else "These options do not fit this source."
        self.preview.clear(told)
        self.note.setText("")
