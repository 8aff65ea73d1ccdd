"""Explore's first page: held-out examples in the latent plane, coloured by label; click or drag decodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from studio.ui.panels.explore_fields import bar, choice, named, whole
from studio.ui.panels.explore_model import METHODS, Plane, make_plane, umap_installed
from studio.ui.theme import SPACE_M, SPACE_S
from studio.ui.widgets.empty import EmptyState
from studio.ui.widgets.labels import button, label

if TYPE_CHECKING:
    from studio.ui.jobs import Task
    from studio.ui.panels.explore_state import Walker

LEGEND, WIDEST = 112, 200
"""Width of the list of labels, at least and at most."""
BESIDE_NAME = 72
"""What the box, the dot and the margins take of it."""


class MapPage(QWidget):
    """The scatter with its projection chooser and legend.

    Signals:
        drawn: the points are on the screen.
        failed: the exception that kept them away.
    """

    drawn = Signal()
    failed = Signal(object)

    def __init__(self, walker: Walker) -> None:
        super().__init__()
        from studio.ui.widgets.scatter import Scatter  # pyqtgraph loads when Explore is first shown

        self._walker = walker
        self.encoded: Any = None
        self.plane: Plane | None = None
        self._task: Task | None = None
        self.scatter = Scatter(walker.panel.context.theme)
        self.method_box = choice("Projection", self._methods(), self.project)
        self._across = whole("Dimension to the right", 1, 2, 1, self.project)
        self._upwards = whole("Dimension upwards", 1, 2, 2, self.project)
        self._axes = bar(named("→", self._across), named("↑", self._upwards))
        self._axes.layout().setContentsMargins(0, 0, 0, 0)  # type: ignore[union-attr]
        self._note = label("", "muted")
        self._legend = QVBoxLayout()
        self._toggles: dict[int, QCheckBox] = {}
        self._build()
        self.scatter.pointed.connect(self._pointed)
        self.scatter.hovered.connect(self._hovered)
        walker.opened.connect(self._opened)
        walker.moved.connect(self._moved)

    @staticmethod
    def _methods() -> list[tuple[str, str]]:
        return [(title, name) for name, title in METHODS.items() if name != "umap" or umap_installed()]

    def _build(self) -> None:
        fit = button("Show all", self.scatter.fit)
        fit.setToolTip("Zoom so that every point is visible (Home)")
        legend = QWidget()
        legend.setLayout(self._legend)
        self._legend.setContentsMargins(SPACE_M, 0, SPACE_M, SPACE_M)
        self._legend.setSpacing(0)
        self._scroll = QScrollArea()
        self._scroll.setWidget(legend)
        self._scroll.setWidgetResizable(True)
        self._scroll.setMinimumWidth(self._walker.panel.context.theme.px(LEGEND))
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        shown = QWidget()
        middle = QHBoxLayout(shown)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(self.scatter, 1)
        middle.addWidget(self._scroll)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._chooser = named("Projection", self.method_box)
        column.addWidget(bar(self._chooser, self._axes, None, self._note, fit))
        theme = self._walker.panel.context.theme
        self.trouble = EmptyState(theme, "data", "No examples to place", "")
        self._stack = QStackedWidget()
        self._stack.addWidget(shown)
        self._stack.addWidget(self.trouble)
        column.addWidget(self._stack, 1)

    # ---- a model opens

    def _opened(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self.encoded, self.plane = None, None
        self.scatter.clear_points()
        self.scatter.clear_cursor()
        self._stack.setCurrentIndex(0)
        self._note.setText("")
        session = self._walker.session
        if session is None or "Encodes" not in session.can:
            return
        flat = session.size < 3
        for box in (self.method_box, self._across, self._upwards):
            box.blockSignals(True)
        self.method_box.setCurrentIndex(self.method_box.findData("axes" if flat else "pca"))
        for box, value in ((self._across, 1), (self._upwards, min(2, session.size))):
            box.setRange(1, session.size)
            box.setValue(value)
        for box in (self.method_box, self._across, self._upwards):
            box.blockSignals(False)
        self._chooser.setVisible(not flat)
        self._note.setText("Encoding the held-out examples…")
        self._task = self._walker.panel.run_task(
            session.encoded, title="Encoding", on_done=self._show_encoded, on_error=self._fail
        )

    def _show_encoded(self, encoded: Any) -> None:
        self.encoded = encoded
        self._list_labels()
        self.project()

    # ---- projecting

    def project(self) -> None:
        """Compute the chosen projection in a worker and draw it."""
        session, method = self._walker.session, self.method_box.currentData()
        self._axes.setVisible(method == "axes" and session is not None and session.size > 2)
        if self.encoded is None or session is None:
            return
        if self._task is not None:
            self._task.cancel()
        chosen = (self._across.value() - 1, self._upwards.value() - 1)
        self._note.setText(f"{self.method_box.currentText()}…")
        self._task = self._walker.panel.run_task(
            make_plane,
            self.encoded.points,
            method,
            chosen,
            title=f"Projecting ({self.method_box.currentText()})",
            on_done=self._draw,
            on_error=self._fail,
        )

    def _draw(self, plane: Plane) -> None:
        self.plane = plane
        self.scatter.show_points(plane.xy, self.encoded.labels, self.encoded.pixels, plane.axes)
        for group, toggle in self._toggles.items():
            self.scatter.set_shown(group, toggle.isChecked())
        self._note.setText(plane.note or f"{len(plane.xy):,} held-out examples · drag to walk")
        if self._walker.z is None:
            self._walker.show_example(self.encoded.points[0], self.encoded.pixels[0])
            self._walker.move_to(self.encoded.points[0])
        else:
            self._moved(self._walker.z)
        self.drawn.emit()

    def _fail(self, error: BaseException) -> None:
        self._note.setText("")
        told = (getattr(error, "what", str(error)), getattr(error, "what_to_do", ""))
        self.trouble.text.setText(" ".join(part for part in told if part))
        if self.encoded is None:
            self._stack.setCurrentWidget(self.trouble)
        self.failed.emit(error)

    # ---- pointing

    def _pointed(self, x: float, y: float) -> None:
        if self.plane is not None:
            z = self._walker.z if self._walker.z is not None else self.plane.points.mean(axis=0)
            self._walker.move_to(self.plane.to_latent(x, y, z))

    def _moved(self, z: Any) -> None:
        if self.plane is None:
            return
        place = self.plane.to_plane(z)
        if place is not None:
            self.scatter.set_cursor(*place)
        elif not self.scatter.hasFocus() and not self.scatter.underMouse():
            self.scatter.clear_cursor()

    def _hovered(self, index: int) -> None:
        if index < 0 or self.encoded is None:
            self.scatter.setToolTip("")
            return
        what = f"Example {int(self.encoded.index[index]):,}"
        if self.encoded.labels is not None:
            what += f" · {self._name(int(self.encoded.labels[index]))}"
        self._note.setText(what)

    # ---- the legend

    def _name(self, group: int) -> str:
        session = self._walker.session
        known = session is not None and 0 <= group < len(session.classes)
        return session.classes[group] if known and session is not None else ("unlabelled" if group < 0 else str(group))

    def _list_labels(self) -> None:
        while (item := self._legend.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.hide()
                gone.deleteLater()
        self._toggles = {}
        labels = self.encoded.labels
        self._scroll.setVisible(labels is not None)
        if labels is None:
            return
        import numpy as np

        groups, counts = np.unique(labels, return_counts=True)
        self._legend.setSpacing(SPACE_S)
        names = [self.fontMetrics().horizontalAdvance(self._name(group)) for group in groups.tolist()]
        px = self._walker.panel.context.theme.px
        self._scroll.setFixedWidth(min(max(px(LEGEND), max(names, default=0) + px(BESIDE_NAME)), px(WIDEST)))
        for group, count in zip(groups.tolist(), counts.tolist(), strict=True):
            self._legend.addWidget(self._toggle(group, count))
        self._legend.addWidget(button("All", self._show_all_groups, "flat"))
        self._legend.addStretch(1)

    def _toggle(self, group: int, count: int) -> QCheckBox:
        from studio.ui.widgets.scatter import colour_of

        dot = QPixmap(10, 10)
        dot.fill(QColor(colour_of(group)))
        room = self._walker.panel.context.theme.px(WIDEST - BESIDE_NAME)
        made = QCheckBox(self.fontMetrics().elidedText(self._name(group), Qt.TextElideMode.ElideMiddle, room))
        made.setAccessibleName(self._name(group))
        made.setIcon(QIcon(dot))
        made.setChecked(True)
        made.setToolTip(f"{self._name(group)}: {count:,} examples")
        made.toggled.connect(lambda on, g=group: self.scatter.set_shown(g, on))
        self._toggles[group] = made
        return made

    def _show_all_groups(self) -> None:
        for toggle in self._toggles.values():
            toggle.setChecked(True)

    @property
    def legend(self) -> dict[int, QCheckBox]:
        """The check box of each label."""
        return self._toggles
