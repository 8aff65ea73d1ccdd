"""The curve area: the plot with its legend, axes, smoothing and export; pyqtgraph is imported on the first need."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QSlider, QToolButton, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.ui.theme import SPACE_S
from studio.ui.widgets import curve_files
from studio.ui.widgets.bar import Bar
from studio.ui.widgets.labels import icon_button, label

if TYPE_CHECKING:
    from studio.ui.context import Context
    from studio.ui.plots import CurvePlot

SMOOTHEST = 0.995
SMOOTHING, LIGHT_SMOOTHING = 85, 60
"""Where the slider stands until a person moves it: for networks that play against each other, of which single batches
hide how they get on, and for any other, whose batches would be a block of ink."""
GRADIENTS = "grad_norm"
"""Every gradient norm; hidden until a person asks for one of them."""


class CurveArea(QWidget):
    """Curves with their controls; `plot` builds the plot when it is first asked for."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._theme = context, context.theme
        self._plot: CurvePlot | None = None
        self.chips: dict[str, QToolButton] = {}
        self._recipe = ""
        self.log_y = self._toggle("log y", "Logarithmic value axis")
        self.log_x = self._toggle("log x", "Logarithmic step axis")
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, 100)
        self.smoothing.setFixedWidth(self._theme.px(96))
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setToolTip("Smoothing: the raw curve stays visible, faint")
        self.fit = icon_button(self._theme, "refresh", "Follow the data again (double click)", self._follow)
        self.export_button = icon_button(self._theme, "save", "Export the curves")
        self._build()

    def _toggle(self, text: str, name: str) -> QToolButton:
        made = QToolButton()
        made.setText(text)
        made.setCheckable(True)
        made.setToolTip(name)
        made.setAccessibleName(name)
        made.toggled.connect(lambda *_: self.plot.set_log(self.log_x.isChecked(), self.log_y.isChecked()))
        return made

    def _build(self) -> None:
        menu = QMenu(self)
        menu.addAction("PNG picture…", lambda: self._ask("curves.png"))
        menu.addAction("SVG drawing…", lambda: self._ask("curves.svg"))
        menu.addAction("CSV, all points…", lambda: self._ask("curves.csv"))
        menu.addAction("Copy picture", self._copy)
        self.export_button.setMenu(menu)
        self.export_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.export_button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self.smoothing.valueChanged.connect(self._smooth)
        self.fit.setEnabled(False)
        self._bar = Bar(SPACE_S)
        for widget in (label("smooth", "small"), self.smoothing, self.log_y, self.log_x, self.fit, self.export_button):
            self._bar.add_right(widget)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE_S)
        self._column.addWidget(self._bar)
        self._column.addStretch(0)

    @property
    def weight(self) -> float:
        """Weight of the past that the slider asks for: fine near the smooth end."""
        return SMOOTHEST * (1.0 - (1.0 - self.smoothing.value() / 100) ** 2)

    @property
    def loaded(self) -> bool:
        """Whether the plot has been built."""
        return self._plot is not None

    @property
    def plot(self) -> CurvePlot:
        """The plot; the first call imports pyqtgraph."""
        if self._plot is None:
            from studio.ui.plots import CurvePlot

            self._plot = CurvePlot(self._theme)
            self._plot.set_smoothing(self.weight)
            self._plot.series_changed.connect(self._list)
            self._plot.following_changed.connect(lambda following: self.fit.setEnabled(not following))
            self._column.addWidget(self._plot, 1)
        return self._plot

    # ---- data

    def remember_for(self, recipe: str, smoothing: int = 0) -> None:
        """Keep which metrics are hidden, and how smooth they are, under a recipe's name from now on.

        Args:
            recipe: id.
            smoothing: where the slider stands until a person moves it, 0 to 100.
        """
        self._recipe = recipe
        kept = self._context.settings.get(f"train/smoothing/{recipe}", smoothing)
        with QSignalBlocker(self.smoothing):
            self.smoothing.setValue(kept if isinstance(kept, int) else smoothing)
        if self._plot is not None:
            self._plot.set_smoothing(self.weight)
        for metric, chip in self.chips.items():
            chip.setChecked(not self._is_hidden(metric))

    def _smooth(self, value: int) -> None:
        self._context.settings.set(f"train/smoothing/{self._recipe}", value)
        self.plot.set_smoothing(self.weight)

    def _hidden(self) -> list[str]:
        kept = self._context.settings.get(f"train/hidden_curves/{self._recipe}", [GRADIENTS])
        return [name for name in kept if isinstance(name, str)]

    def _is_hidden(self, metric: str) -> bool:
        hidden = self._hidden()
        return metric in hidden or (metric.startswith(GRADIENTS) and GRADIENTS in hidden)

    def _keep(self, metric: str, shown: bool) -> None:
        hidden = set(self._hidden())
        if metric.startswith(GRADIENTS) and GRADIENTS in hidden:  # from now on they are listed one by one
            hidden -= {GRADIENTS}
            hidden |= {m for m, chip in self.chips.items() if m.startswith(GRADIENTS) and not chip.isChecked()}
        hidden = hidden - {metric} if shown else hidden | {metric}
        self._context.settings.set(f"train/hidden_curves/{self._recipe}", sorted(hidden))

    def append(self, split: str, steps: Sequence[float], values: dict[str, Sequence[float]]) -> None:
        """Add points of several metrics of a split."""
        for name, points in values.items():
            self.plot.append(f"{split}/{name}", steps, points)

    def watch(self, name: str, mode: Literal["min", "max"]) -> None:
        """Put a star at the best value of a curve."""
        self.plot.watch(name, mode)

    def clear(self) -> None:
        """Drop every curve."""
        if self._plot is not None:
            self._plot.clear()

    def rewind(self, step: int) -> None:
        """Drop the points after a step."""
        if self._plot is not None:
            self._plot.rewind(step)

    def mark(self, step: int | None) -> None:
        """Mark a step."""
        if self._plot is not None:
            self._plot.mark(step)

    # ---- legend and export

    def _list(self) -> None:
        """One chip for each metric: it stands for the training curve (solid) and the held-out one (dashed)."""
        colours = {name.rpartition("/")[2]: curve.colour for name, curve in self.plot.curves.items()}
        for metric in [m for m in self.chips if m not in colours]:
            chip = self.chips.pop(metric)
            self._bar.remove(chip)
            chip.deleteLater()
        metrics = self.plot.metrics
        for metric in metrics:
            if metric not in self.chips:
                self.chips[metric] = self._chip(metric)
        self._order(metrics)
        for metric, colour in colours.items():
            swatch = QPixmap(self._theme.px(10), self._theme.px(10))
            swatch.fill(colour)
            self.chips[metric].setIcon(QIcon(swatch))
            self.chips[metric].setIconSize(QSize(swatch.width(), swatch.height()))
            if not self.chips[metric].isChecked():
                self._show(metric, self.chips[metric], False)  # a curve that came later

    def _chip(self, metric: str) -> QToolButton:
        chip = QToolButton()
        chip.setText(metric)
        chip.setProperty("role", "flat")
        chip.setCheckable(True)
        chip.setChecked(not self._is_hidden(metric))
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        chip.setToolTip(f"Show or hide {metric} (solid: training, dashed: held out)")
        chip.setAccessibleName(f"Show {metric}")
        chip.setStyleSheet("QToolButton:checked { background: transparent; border-color: transparent; }")
        chip.toggled.connect(lambda shown: self._show(metric, chip, shown))
        chip.clicked.connect(lambda shown: self._keep(metric, shown))
        return chip

    def _order(self, metrics: Sequence[str]) -> None:
        """Put the chips in the order of their colours."""
        for metric in metrics:
            if self.chips[metric] in self._bar.left:
                self._bar.remove(self.chips[metric])
            self._bar.add(self.chips[metric])

    def _show(self, metric: str, chip: QToolButton, shown: bool) -> None:
        for name in self.plot.curves:
            if name.rpartition("/")[2] == metric:
                self.plot.set_shown(name, shown)
        font = chip.font()
        font.setStrikeOut(not shown)
        chip.setFont(font)

    def _follow(self) -> None:
        self.plot.follow()
        self.plot.redraw()

    def _copy(self) -> None:
        QApplication.clipboard().setImage(curve_files.picture(self.plot))

    def _ask(self, name: str) -> None:
        folder = self._context.workspace / "exports"
        wanted, _ = QFileDialog.getSaveFileName(self, "Export the curves", str(folder / name))
        if wanted:
            self.export(Path(wanted))

    def export(self, path: Path) -> None:
        """Write the curves and say so; a failure is told, not raised."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            curve_files.export(self.plot, path)
        except (StudioError, OSError) as error:
            self._context.notify.exception(error, doing="The export")
        else:
            self._context.notify.success(f"The curves are in {path.name}.")
