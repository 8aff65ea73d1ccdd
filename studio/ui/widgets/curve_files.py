"""Curves as files: a picture, a drawing, or every point as CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QPointF, QRectF, QSize, QSizeF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from studio.core.errors import StoreError
from studio.core.files import write_atomic

if TYPE_CHECKING:
    from studio.ui.plots import CurvePlot

SMALLEST = QSize(480, 240)
"""A plot that was never shown has no size of its own."""


def picture(plot: CurvePlot) -> QImage:
    """Return the plot as a picture of twice its size on screen."""
    plot.draw_now()
    made = QImage(plot.view.viewport().size().expandedTo(SMALLEST) * 2, QImage.Format.Format_RGB32)
    made.fill(plot.ground)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    plot.view.render(painter, QRectF(made.rect()))
    painter.end()
    return made


def drawing(plot: CurvePlot) -> bytes:
    """Return the plot as SVG."""
    plot.draw_now()
    size, buffer = plot.view.viewport().size(), QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    whole = QRectF(QPointF(0, 0), QSizeF(size))
    generator.setViewBox(whole)
    painter = QPainter(generator)
    plot.view.render(painter, whole)
    painter.end()
    return bytes(buffer.data().data())


def table(plot: CurvePlot) -> str:
    """Return every point (never thinned) as CSV: columns series, step, value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["series", "step", "value"])
    for name, curve in plot.curves.items():
        series = curve.series
        for step, value in zip(series.steps.tolist(), series.values.tolist(), strict=True):
            writer.writerow([name, int(step), repr(value)])
    return text.getvalue()


def export(plot: CurvePlot, path: Path) -> None:
    """Write the plot as .png or .svg, or the points as .csv.

    Raises:
        StoreError: the file cannot be written.
    """
    kind = path.suffix.lower()
    if kind == ".csv":
        write_atomic(path, table(plot).encode())
    elif kind == ".svg":
        write_atomic(path, drawing(plot))
    elif not picture(plot).save(str(path)):
        raise StoreError(f"{path} cannot be written.", "Choose another folder.")
