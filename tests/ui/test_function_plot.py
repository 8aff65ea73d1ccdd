"""The plane of the lessons: what it draws follows the theme's scale, so that a projector at 200 % can be read."""

from __future__ import annotations

import numpy as np
import pytest

from studio.ui.panels.lesson_view import LessonView
from studio.ui.widgets.function_plot import FunctionPlot


@pytest.fixture
def plot(context, qtbot):
    view = LessonView(context)
    qtbot.addWidget(view)
    made = FunctionPlot(context.theme, "A curve", "x", "y")
    view.stage.addWidget(made)
    made.show_line("curve", [0.0, 1.0], [0.0, 1.0])
    made.show_points("dot", [0.5], [0.5], size=10)
    made.show_text("word", "half", 0.5, 0.5)
    yield made
    del view  # Qt deletes with it what Python no longer holds


def sizes(plot: FunctionPlot) -> dict[str, float]:
    item = plot.getPlotItem()
    return {
        "line": plot._items["curve"].opts["pen"].width(),
        "dot": plot._items["dot"].points()[0].size(),
        "ticks": item.getAxis("left").style["tickFont"].pixelSize(),
        "title": float(item.getAxis("left").labelStyle["font-size"].removesuffix("px")),
        "legend": float(plot.legend.labelTextSize().removesuffix("px")),
        "word": plot._items["word"].textItem.font().pixelSize(),
    }


def test_words_lines_and_dots_follow_the_scale(plot, context):
    before = sizes(plot)
    context.theme.set_scale(2.0)
    assert sizes(plot) == {name: 2 * size for name, size in before.items()}


def test_points_can_change_their_size(plot):
    before = sizes(plot)["dot"]
    plot.show_points("dot", [0.5], [0.5], size=30)
    assert sizes(plot)["dot"] == 3 * before


def test_a_map_leaves_unknown_places_empty(plot, qtbot):
    values = np.full((4, 4), np.nan)
    values[2:, 2:] = [[0.0, 0.5], [0.75, 1.0]]
    plot.show_map("heat", values, (0.0, 1.0), (0.0, 1.0), shades="viridis")
    item = plot._items["heat"]
    item.render()
    seen = item.qimage
    assert [seen.pixelColor(x, y).alpha() for x, y in ((0, 0), (3, 3))] == [0, 255]
    low, high = seen.pixelColor(2, 2), seen.pixelColor(3, 3)
    assert high.lightness() > low.lightness()
