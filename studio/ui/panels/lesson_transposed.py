"""Lesson: transposed convolution with its checkerboard, beside repeating pixels and convolving."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QGridLayout

from studio.lessons.convolution import Window, convolve, overlaps, transpose, unevenness, upsampled
from studio.ui.context import Context
from studio.ui.panels.lesson_view import LessonView
from studio.ui.theme import SPACE_M
from studio.ui.widgets.matrix_view import MatrixView

if TYPE_CHECKING:
    from numpy.typing import NDArray

INPUTS = (("Even grey", "flat"), ("A ramp", "ramp"), ("A cross", "cross"), ("One pixel", "dot"))
KERNELS = (("All ones", "ones"), ("Smooth (bilinear)", "smooth"), ("Random", "random"))


def picture_of(kind: str, side: int) -> NDArray[np.float64]:
    """Return a small picture, float64 (side, side) in 0..1."""
    made = np.ones((side, side))
    if kind == "ramp":
        made = np.tile(np.linspace(0.2, 1.0, side), (side, 1))
    elif kind in ("cross", "dot"):
        made = np.zeros((side, side))
        made[side // 2, :] = made[:, side // 2] = kind == "cross"
        made[side // 2, side // 2] = 1.0
    return made


def kernel_of(kind: str, size: int) -> NDArray[np.float64]:
    """Return a kernel float64 (size, size) of mean 1."""
    made = np.ones((size, size))
    if kind == "smooth":
        ramp = 1 - np.abs(np.arange(size) - (size - 1) / 2) / ((size + 1) / 2)
        made = np.outer(ramp, ramp)
    elif kind == "random":
        made = np.random.default_rng(3).uniform(0, 1, (size, size))
    even: NDArray[np.float64] = made / made.mean()
    return even


class TransposedLesson(LessonView):
    """Input, how many stamps reach each output pixel, and both ways to make a picture larger."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        theme = self.theme
        self.source = MatrixView(theme, "Picture", "picture")
        self.stamps = MatrixView(theme, "How many stamps reach each pixel", "stamps on each pixel")
        self.transposed = MatrixView(theme, "Transposed convolution", "transposed convolution")
        self.repeated = MatrixView(theme, "Repeated pixels, then convolution", "repeated pixels, then convolution")
        self.stamps.digits = 0
        grid = QGridLayout()
        grid.setSpacing(SPACE_M)
        for number, view in enumerate((self.source, self.stamps, self.transposed, self.repeated)):
            grid.addWidget(view, number // 2, number % 2)
        self.stage.addLayout(grid, 1)
        self.picture = self.add_choice("Picture", INPUTS, self._draw)
        self.kind = self.add_choice("Kernel", KERNELS, self._draw)
        self.kernel_size = self.add_slider("Kernel size", 1, 6, 3, 1, changed=self._draw)
        self.stride = self.add_slider("Stride", 1, 4, 2, 1, changed=self._draw)
        self.side = self.add_slider("Picture side", 3, 8, 5, 1, changed=self._draw)
        self.add_text("output side = (side − 1) · stride + kernel", "")
        self.add_text(
            "Each pixel stamps the kernel, one stride apart. Where the stride does not divide the kernel size, some "
            "pixels get more stamps than their neighbours: a checkerboard that the network has to unlearn."
        )
        self._draw()

    def _draw(self) -> None:
        side, size, stride = (round(slider.value) for slider in (self.side, self.kernel_size, self.stride))
        picture, kernel = picture_of(self.picture.currentData(), side), kernel_of(self.kind.currentData(), size)
        stamps, made = overlaps(side, size, stride), transpose(picture, kernel, stride)
        flat = convolve(upsampled(picture, stride), kernel / kernel.size, Window(size, same=True))
        self.source.show_values(picture, 0.0, 1.0)
        self.stamps.show_values(stamps, 0.0, max(float(stamps.max()), 1.0))
        self.transposed.show_values(made, 0.0, max(float(made.max()), 1e-9))
        self.repeated.show_values(flat, 0.0, max(float(flat.max()), 1e-9))
        self._tell(stamps, min(size, (len(stamps) - 1) // 2), size, stride)

    def _tell(self, stamps: NDArray[np.float64], border: int, size: int, stride: int) -> None:
        spread = unevenness(stamps, border)
        inner = stamps[border:-border, border:-border] if border else stamps
        if spread > 1e-9:
            told = f"Uneven: between {inner.min():.0f} and {inner.max():.0f} stamps on a pixel away from the border."
        else:
            told = f"Even: {inner.mean():.0f} stamps on every pixel away from the border."
        divides = "divides" if size % stride == 0 else "does not divide"
        self.say(f"Stride {stride} {divides} kernel size {size}. {told}")
