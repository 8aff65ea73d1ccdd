"""The inspector of a transfer: what the style has and what the picture has so far, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QWidget

from studio.ui.jobs import Latest
from studio.ui.panels import transfer_work as work
from studio.ui.panels.canvas_page import StagePage
from studio.ui.theme import SPACE_L, SPACE_S
from studio.ui.widgets.labels import icon_button, label
from studio.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    from studio.ui.panels.canvas_runner import CanvasRunner
    from studio.ui.theme import Theme

AGAIN_MS = 1000
"""While it works, the inspector looks again this often, and never before the last look has ended."""
MAP = 132
TEXT = (
    "Gram matrices: which channels of a layer speak together. Left what the style has, right what the picture has; the "
    "distance is relative to the style's, 0 is reached."
)


class InspectorPage(StagePage):
    """Heat maps and distances, computed in a worker.

    Args:
        theme: for colours and sizes.
        runner: whose session is looked at.
    """

    def __init__(self, theme: Theme, runner: CanvasRunner) -> None:
        super().__init__(theme, "Inspector", TEXT)
        self._runner = runner
        self.inspection: work.Inspection | None = None
        self.refresh_button = icon_button(theme, "refresh", "Look again", self.look)
        self.head.insertWidget(self.head.count() - 1, self.refresh_button)
        self.summary = label("", "small", wrap=True)
        inside = QWidget()
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE_L)
        self._grid.setVerticalSpacing(SPACE_S)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        for column, title in ((1, "Style"), (2, "Picture")):
            self._grid.addWidget(label(title, "muted"), 0, column)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        scroll.setAccessibleName("Layers of the style")
        self.column.addWidget(self.summary)
        self.column.addWidget(scroll, 1)
        self._rows: dict[str, tuple[QLabel, PictureView, PictureView]] = {}
        self._looks = Latest(self)
        self._looks.arrived.connect(self.show_inspection)
        self._looks.failed.connect(lambda error: self.summary.setText(f"It could not look: {error}"))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AGAIN_MS)
        self._timer.timeout.connect(self._look_again)

    def focus(self) -> None:
        """Look as soon as it opens."""
        self.refresh_button.setFocus()
        self.look()

    def look(self) -> None:
        """Look at the present picture."""
        session: Any = self._runner.session
        if session is None:
            self.summary.setText("Nothing has been made yet: start, then look again.")
        else:
            self._looks.submit(work.inspect, session)

    def _look_again(self) -> None:
        if self.isVisible() and self._runner.state == "running":
            self.look()

    def show_inspection(self, inspection: work.Inspection) -> None:
        """Show what was found."""
        self.inspection = inspection
        for name in [name for name in self._rows if name not in {maps.layer for maps in inspection.style}]:
            for widget in self._rows.pop(name):
                self._grid.removeWidget(widget)
                widget.deleteLater()
        for maps in inspection.style:
            title, target, present = self._row(maps.layer)
            title.setText(f"{maps.layer}\ndistance {maps.distance:.3f}")
            target.show_pixels(maps.target)
            present.show_pixels(maps.present)
        content = ", ".join(f"{layer} {distance:.3f}" for layer, distance in inspection.content.items())
        empty = "" if inspection.style else "The first step has not been done yet. "
        self.summary.setText(f"{empty}Step {inspection.step}. Content distance: {content or 'none'}.")
        self._timer.start()

    def _row(self, layer: str) -> tuple[QLabel, PictureView, PictureView]:
        if layer not in self._rows:
            number, side = self._grid.rowCount(), self.theme.px(MAP)
            title = label("")
            views = (PictureView(self.theme, f"Style of {layer}"), PictureView(self.theme, f"Picture in {layer}"))
            self._grid.addWidget(title, number, 0)
            for column, (view, tip) in enumerate(zip(views, ("of the style", "of the picture"), strict=True), 1):
                view.setFixedSize(side, side)
                view.setToolTip(f"Gram matrix {tip} in {layer}")
                self._grid.addWidget(view, number, column)
            self._grid.setColumnStretch(3, 1)
            self._rows[layer] = (title, *views)
        return self._rows[layer]

    def close_worker(self) -> None:
        """End the worker and the timer."""
        self._timer.stop()
        self._looks.close()
