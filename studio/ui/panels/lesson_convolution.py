"""Lesson: convolution and pooling, one window after another, with every product."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel

from studio.core.errors import BadInput
from studio.lessons.convolution import KERNELS, PATCH, Window, convolve, padded, patches, pool
from studio.ui.panels.lesson_view import LessonView
from studio.ui.theme import SPACE_M
from studio.ui.widgets.labels import label
from studio.ui.widgets.matrix_view import MatrixView
from studio.ui.widgets.picture import to_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studio.ui.context import Context

OWN_SIDE, DIGITS = 20, 100
SOURCES = (("A digit", "digit"), ("A square", "square"), ("Foster's patch", "patch"), ("My picture…", "own"))
OPERATIONS = (("Convolution", "convolution"), ("Max pooling", "max"), ("Average pooling", "average"))


def read_digits() -> NDArray[np.float64]:
    """Return the first bundled digits, float64 (DIGITS, 8, 8) in 0..1."""
    from studio.data.digits import load_digits

    made: NDArray[np.float64] = load_digits()[0][:DIGITS, 0] / 255.0
    return made


def read_picture(path: str) -> NDArray[np.float64]:
    """Return a picture in grey, small, float64 (H, W) in 0..1.

    Raises:
        BadInput: the file is no picture.
    """
    image = QImage(path)
    if image.isNull():
        raise BadInput(f"{path} is not a picture that can be read.", "Choose a PNG or JPEG file.")
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    small = to_pixels(image.scaled(OWN_SIDE, OWN_SIDE, keep, smooth)).astype(np.float64)
    made: NDArray[np.float64] = np.round(small @ (0.299, 0.587, 0.114) / 255, 3)
    return made


def square() -> NDArray[np.float64]:
    """Return a bright square on dark, float64 (8, 8)."""
    made = np.zeros((8, 8))
    made[2:6, 2:6] = 1.0
    return made


class ConvolutionLesson(LessonView):
    """Picture and result, and below them the products of the present window."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        theme = self.theme
        self.source = MatrixView(theme, "Picture", "picture", editable=True)
        self.made = MatrixView(theme, "Result", "result", signed=True)
        self.patch = MatrixView(theme, "Patch under the window", "patch")
        self.kernel = MatrixView(theme, "Kernel, editable", "kernel", editable=True, signed=True)
        self.products = MatrixView(theme, "Products", "products", signed=True)
        self.sum = label("", "title")
        self._signs = [label("×", "title"), label("=", "title"), label("→", "title")]
        self._build()
        self.at = (0, 0)
        self._digits: NDArray[np.float64] | None = None
        self._add_controls()
        self.kernel.show_values(KERNELS["Horizontal edges"], -1, 1)
        self.made.pointed.connect(self._go)
        self.source.pointed.connect(self._centre)
        self.kernel.edited.connect(self._draw)
        self.source.edited.connect(self._draw)
        self._take(square())  # until the digits are read
        self._read(read_digits, on_done=self._keep_digits)

    def _build(self) -> None:
        top, bottom = QHBoxLayout(), QHBoxLayout()
        top.setSpacing(SPACE_M)
        top.addWidget(self.source, 1)
        top.addWidget(self.made, 1)
        bottom.setSpacing(SPACE_M)
        row: tuple[MatrixView | QLabel, ...]
        row = (self.patch, self._signs[0], self.kernel, self._signs[1], self.products, self._signs[2], self.sum)
        for widget in row:
            bottom.addWidget(widget, 1 if isinstance(widget, MatrixView) else 0)
        self.sum.setMinimumWidth(self.theme.px(90))
        for small in (self.patch, self.kernel, self.products):
            small.setMaximumHeight(self.theme.px(170))
            small.digits = 2
        self.stage.addLayout(top, 3)
        self.stage.addLayout(bottom, 2)

    def _add_controls(self) -> None:
        self.picture = self.add_choice("Picture", SOURCES, self._load, "digit")
        self.number = self.add_slider("Which digit", 0, DIGITS - 1, 0, 1, changed=self._load)
        self.operation = self.add_choice("Operation", OPERATIONS, self._draw)
        names = [(name, name) for name in KERNELS]
        self.preset = self.add_choice("Kernel", names, self._preset_chosen, "Horizontal edges")
        self.stride = self.add_slider("Stride", 1, 4, 1, 1, changed=self._draw)
        self.dilation = self.add_slider("Dilation", 1, 3, 1, 1, changed=self._draw)
        self.same = self.add_switch("Padding “same” (zeros around)", False, self._draw)
        self.player = self.add_player(self.step, self.restart)
        self.add_text(
            "In a table: arrows move, a number and Enter or + and − change it, Space turns its sign.", "small"
        )

    # ---- what goes in

    def _load(self) -> None:
        kind = self.picture.currentData()
        self.number.setVisible(kind == "digit")
        if kind == "square":
            self._take(square())
        elif kind == "patch":
            self._take(np.array(PATCH))
        elif kind == "digit":
            self._take(square() if self._digits is None else self._digits[round(self.number.value)])
        else:
            name, _ = QFileDialog.getOpenFileName(self, "Picture", "", "Pictures (*.png *.jpg *.jpeg *.bmp *.webp)")
            if name:
                self._read(read_picture, name, on_done=self._take)

    def _read(self, fn: Callable[..., Any], *what: object, on_done: Callable[[Any], object]) -> None:
        self.context.run_task(fn, *what, owner=self, title="Reading the picture", on_done=on_done, cancellable=False)

    def _keep_digits(self, digits: NDArray[np.float64]) -> None:
        """Hold all digits, so that the slider moves at once."""
        self._digits = digits
        if self.picture.currentData() == "digit":
            self._load()

    def _take(self, picture: NDArray[np.float64]) -> None:
        self.source.show_values(picture, min(0.0, float(picture.min())), 1.0)
        self.at = (0, 0)
        self._draw()

    def _preset_chosen(self) -> None:
        self.kernel.show_values(KERNELS[self.preset.currentData()], -1, 1)
        self._draw()

    # ---- what comes out

    @property
    def sliding(self) -> Window:
        """How the kernel moves."""
        size = self.kernel.values.shape[0] if self._convolves else 2
        return Window(size, round(self.stride.value), self.same.isChecked(), round(self.dilation.value))

    @property
    def _convolves(self) -> bool:
        return bool(self.operation.currentData() == "convolution")

    def _draw(self) -> None:
        self.preset.setEnabled(self._convolves)
        window, picture = self.sliding, self.source.values
        try:
            if self._convolves:
                result = convolve(picture, self.kernel.values, window)
            else:
                result = pool(picture, window, self.operation.currentData())
        except BadInput as error:
            self.player.setEnabled(False)
            self.say(str(error))
            return
        self.player.setEnabled(True)
        self.made.set_signed(self._convolves)
        self.made.show_values(result)
        self.at = (min(self.at[0], result.shape[0] - 1), min(self.at[1], result.shape[1] - 1))
        sides = [" × ".join(map(str, a.shape)) for a in (picture, padded(picture, window), result)]
        self._sizes = f"{sides[0]}, with border {sides[1]}" if window.same else sides[0]
        self.source.set_title(f"picture {sides[0]}")
        self.made.set_title(f"result {sides[2]}")
        self._show_window()

    def _show_window(self) -> None:
        window, (row, column) = self.sliding, self.at
        seen = patches(self.source.values, window)[row, column]
        before = [window.padding(side)[0] for side in self.source.values.shape]
        steps = range(window.size)
        places = {
            (
                row * window.stride + i * window.dilation - before[0],
                column * window.stride + j * window.dilation - before[1],
            )
            for i in steps
            for j in steps
        }
        height, width = self.source.values.shape
        self.source.mark({(r, c) for r, c in places if 0 <= r < height and 0 <= c < width})
        self.made.mark({self.at})
        self.patch.show_values(seen, 0.0, 1.0)
        for widget in (self.kernel, self.products, *self._signs[:2]):
            widget.setVisible(self._convolves)
        value = float(self.made.values[row, column])
        self.sum.setText(f"{value:.2f}".replace("-", "−"))
        if self._convolves:
            self.products.show_values(seen * self.kernel.values, -1.0, 1.0)
        how = "the products sum to" if self._convolves else f"the {self.operation.currentText().lower()} gives"
        text = f"Row {row + 1}, column {column + 1}: {how} {value:.4g}. Picture {self._sizes}."
        self.say(text)

    # ---- moving

    def restart(self) -> None:
        """Begin at the upper left corner."""
        self._go(0, 0)

    def step(self) -> bool:
        """Go to the next window; return whether there is one more."""
        rows, columns = self.made.values.shape
        place = (self.at[0] * columns + self.at[1] + 1) % (rows * columns)
        self._go(*divmod(place, columns))
        return bool(place < rows * columns - 1)

    def _go(self, row: int, column: int) -> None:
        self.at = (row, column)
        self._show_window()

    def _centre(self, row: int, column: int) -> None:
        """Move the window over a pixel of the picture."""
        window, (rows, columns) = self.sliding, self.made.values.shape
        places = []
        for place, side, count in zip((row, column), self.source.values.shape, (rows, columns), strict=True):
            first = place + window.padding(side)[0] - window.extent // 2
            places.append(min(max(round(first / window.stride), 0), count - 1))
        self._go(places[0], places[1])
