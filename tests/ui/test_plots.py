"""Curves: bulk points, smoothing over the raw curve, true log axes, hover values, complete exports."""

from __future__ import annotations

import csv
import io
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from studio.ui.plots import CurvePlot
from studio.ui.widgets.curve_files import export
from studio.ui.widgets.curves import CurveArea
from studio.ui.widgets.readout import text_at
from studio.ui.widgets.series import Series, smooth, thin


@pytest.fixture
def plot(context, qtbot):
    made = CurvePlot(context.theme)
    qtbot.addWidget(made)
    made.resize(640, 360)
    made.show()
    return made


def naive(values, weight):
    top = bottom = 0.0
    made = []
    for value in values:
        top = weight * top + (1 - weight) * value
        bottom = weight * bottom + (1 - weight)
        made.append(top / bottom)
    return made


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=1500), st.floats(0, 0.99), st.integers(0, 1500))
def test_smoothing_in_two_parts_is_the_plain_average(values, weight, cut):
    values = np.array(values)
    first, carry = smooth(values[:cut], weight)
    second, _ = smooth(values[cut:], weight, carry)
    np.testing.assert_allclose(np.concatenate([first, second]), naive(values, weight), rtol=1e-6, atol=1e-6)


def test_smoothing_steps_over_what_is_not_finite():
    made, _ = smooth(np.array([1.0, np.nan, np.inf, 1.0]), 0.9)
    np.testing.assert_allclose(made, 1.0)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 5000), st.integers(2, 100), st.integers(0, 2**31))
def test_thinning_keeps_the_peaks_and_few_points(n, bins, seed):
    values = np.random.default_rng(seed).normal(size=n)
    steps = np.arange(n, dtype=float)
    _, kept = thin(steps, values, np.linspace(0, max(n - 1, 1), bins + 1))
    assert len(kept) <= 2 * bins + 6
    assert kept.min() == values.min()
    assert kept.max() == values.max()


def test_a_series_keeps_every_point_and_can_go_back():
    series = Series("train/loss")
    series.watch("min")
    for begin in range(0, 3000, 7):
        series.append(np.arange(begin, begin + 7), np.cos(np.arange(begin, begin + 7) / 100))
    assert len(series) == 3003
    assert series.best is not None
    assert series.best[1] == series.values.min()
    series.rewind(99)
    assert series.steps[-1] == 99
    assert series.best[1] == series.values.min()


def test_points_are_drawn_and_redraws_are_bounded(plot, qtbot):
    drawn = []
    plot.drawn.connect(lambda: drawn.append(1))
    began = time.perf_counter()
    for i in range(200):
        plot.append("train/loss", [i], [1.0 / (i + 1)])
        if i % 10 == 0:
            qtbot.wait(5)
    qtbot.waitUntil(lambda: plot.curves["train/loss"].raw.getData()[0][-1] == 199)
    assert 1 <= len(drawn) <= 2 + 40 * (time.perf_counter() - began)  # 30 a second, not one per point


def test_smoothing_keeps_the_raw_curve_visible(plot):
    plot.append("train/loss", range(100), np.random.default_rng(0).normal(size=100))
    plot.set_smoothing(0.9)
    plot.redraw()
    curve = plot.curves["train/loss"]
    assert len(curve.raw.getData()[0]) == 100
    assert len(curve.smooth.getData()[0]) == 100
    assert curve.raw.opts["pen"].color().alpha() < curve.smooth.opts["pen"].color().alpha()
    assert curve.smooth.getData()[1].std() < curve.raw.getData()[1].std()


def test_log_axes_are_true_and_leave_out_what_has_no_logarithm(plot):
    plot.append("train/loss", [1, 10, 100], [100.0, -1.0, 1.0])
    plot.set_log(True, True)
    x, y = plot.curves["train/loss"].raw.getData()
    np.testing.assert_allclose(x, [0, 1, 2])
    np.testing.assert_allclose(y[[0, 2]], [2, 0])
    assert not np.isfinite(y[1])


def test_hover_tells_every_visible_curve(plot):
    plot.append("train/loss", [1, 2, 3], [3.0, 2.0, 1.0])
    plot.append("val/loss", [3], [1.5])
    assert "step 3" in text_at(plot.curves, 3)
    assert "train/loss: 1" in text_at(plot.curves, 3)
    assert "val/loss: 1.5" in text_at(plot.curves, 3)
    plot.set_shown("val/loss", False)
    assert "val/loss" not in text_at(plot.curves, 3)


def test_the_mouse_shows_the_read_out(plot, qtbot):
    plot.append("train/loss", range(50), np.linspace(1, 0, 50))
    plot.redraw()
    qtbot.wait(30)
    middle = plot.plot.getViewBox().sceneBoundingRect().center()
    plot.view.scene().sigMouseMoved.emit(middle)
    assert plot.readout.isVisible()
    assert "train/loss" in plot.readout.text()
    assert plot.rect().contains(plot.readout.geometry())


def test_the_star_stands_at_the_best_value(plot):
    plot.watch("val/loss", "min")
    plot.append("val/loss", [1, 2, 3], [3.0, 1.0, 2.0])
    plot.redraw()
    assert plot.curves["val/loss"].star.getData()[0].tolist() == [2]
    plot.watch("val/loss", "max")
    plot.redraw()
    assert plot.curves["val/loss"].star.getData()[0].tolist() == [1]


def test_panning_stops_following_until_asked(plot, qtbot):
    plot.append("train/loss", range(100), range(100))
    plot.redraw()
    box = plot.plot.getViewBox()
    box.setXRange(10, 20, padding=0)
    before = box.viewRange()[0]
    plot.append("train/loss", range(100, 200), range(100, 200))
    plot.redraw()
    qtbot.wait(30)
    assert box.viewRange()[0] == before
    assert not plot.following
    plot.follow()
    plot.redraw()
    qtbot.wait(30)
    assert box.viewRange()[0][1] >= 199


def test_csv_holds_every_point(plot, tmp_path):
    values = np.random.default_rng(0).normal(size=30_000)
    plot.append("train/loss", range(30_000), values)
    export(plot, tmp_path / "curves.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "curves.csv").read_text())))
    assert [float(row["value"]) for row in rows] == values.tolist()
    assert rows[-1]["series"] == "train/loss"
    assert rows[-1]["step"] == "29999"


def test_pictures_are_written_offscreen(plot, tmp_path):
    plot.append("train/loss", range(100), np.linspace(1, 0, 100))
    for name in ("curves.png", "curves.svg"):
        export(plot, tmp_path / name)
    image = QImage(str(tmp_path / "curves.png"))
    wanted = plot.curves["train/loss"].colour
    pixels = (image.pixelColor(x, y) for x in range(0, image.width(), 3) for y in range(image.height()))
    assert any(abs(p.red() - wanted.red()) + abs(p.blue() - wanted.blue()) < 60 for p in pixels)
    assert "<svg" in (tmp_path / "curves.svg").read_text()
    assert "<path" in (tmp_path / "curves.svg").read_text() or "<polyline" in (tmp_path / "curves.svg").read_text()


def test_the_theme_is_applied_again(plot, context):
    plot.append("train/loss", [1, 2], [1, 2])
    before = plot.curves["train/loss"].colour.name()
    context.theme.set_mode("light")
    assert plot.curves["train/loss"].colour.name() != before
    assert plot.view.backgroundBrush().color().name() == context.theme.tokens.surface


def test_legend_chips_toggle_both_splits(context, qtbot):
    area = CurveArea(context)
    qtbot.addWidget(area)
    assert not area.loaded
    area.append("train", [1, 2], {"loss": [2.0, 1.0]})
    area.append("val", [2], {"loss": [1.5]})
    area.resize(600, 300)
    area.show()
    qtbot.mouseClick(area.chips["loss"], Qt.MouseButton.LeftButton)
    assert not any(curve.raw.isVisible() for curve in area.plot.curves.values())
    qtbot.mouseClick(area.log_y, Qt.MouseButton.LeftButton)
    assert area.plot.log == (False, True)
    area.smoothing.setValue(50)
    assert 0 < area.plot.smoothing < 1


def test_an_export_that_fails_is_told(context, qtbot, tmp_path):
    area = CurveArea(context)
    qtbot.addWidget(area)
    area.append("train", [1], {"loss": [2.0]})
    (tmp_path / "file").write_text("")
    area.export(tmp_path / "file" / "curves.csv")
    assert context.notify.history[-1].severity == "error"


def test_gradient_norms_wait_until_asked_for_and_the_choice_is_kept_per_recipe(context, qtbot):
    def drawn(recipe):
        area = CurveArea(context)
        qtbot.addWidget(area)
        area.remember_for(recipe)
        area.append("train", [1, 2], {"grad_norm": [90.0, 80.0], "loss": [2.0, 1.0]})
        area.resize(600, 300)
        area.show()
        return area

    area = drawn("vae")
    shown = {name: curve.shown for name, curve in area.plot.curves.items()}
    assert shown == {"train/loss": True, "train/grad_norm": False}
    qtbot.mouseClick(area.chips["grad_norm"], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(area.chips["loss"], Qt.MouseButton.LeftButton)
    assert drawn("vae").plot.curves["train/grad_norm"].shown
    assert not drawn("vae").plot.curves["train/loss"].shown
    assert not drawn("dcgan").plot.curves["train/grad_norm"].shown


def test_a_metric_has_its_colour_in_whatever_order_it_comes(context, qtbot, plot):
    for name in ("kl", "loss", "elbo"):
        plot.append(f"train/{name}", [1], [1.0])
    first = {name: curve.colour.name() for name, curve in plot.curves.items()}
    plot.append("train/grad_norm", [1], [1.0])
    assert {name: plot.curves[name].colour.name() for name in first} == first
    plot.clear()
    for name in ("elbo", "grad_norm", "kl", "loss"):
        plot.append(f"train/{name}", [1], [1.0])
    assert {name: plot.curves[name].colour.name() for name in first} == first


def test_held_out_points_lie_above_the_batches_and_are_never_averaged(plot):
    plot.append("train/loss", list(range(300)), [1.0, 3.0] * 150)
    plot.append("val/loss", [100, 200, 300], [3.0, 2.0, 1.0])
    plot.set_smoothing(0.97)
    plot.redraw()
    batches, held_out = plot.curves["train/loss"], plot.curves["val/loss"]
    assert len(batches.smooth.getData()[1])
    np.testing.assert_allclose(held_out.raw.getData()[1], [3.0, 2.0, 1.0])
    assert held_out.smooth.getData()[1] is None or not len(held_out.smooth.getData()[1])
    assert held_out.raw.zValue() > batches.smooth.zValue()
    assert held_out.raw.opts["pen"].color().alpha() == 255 > batches.raw.opts["pen"].color().alpha()
