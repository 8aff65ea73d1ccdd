"""The lessons on counting react to mouse and keyboard; tables show and train in the window."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from studio.data import wrodl
from studio.data.options import DataOptions
from studio.lessons.basics import smallest_box
from studio.ui.panels.data_view import SourceView
from studio.ui.panels.data_work import open_source
from studio.ui.panels.lesson_basics import MapLesson, TinsLesson
from studio.ui.panels.lesson_basics_likelihood import PAIRS, span
from studio.ui.panels.lesson_basics_wrodl import PixelsLesson, WrodlLesson


@pytest.fixture
def shown(context, qtbot):
    def make(lesson):
        view = lesson(context)
        qtbot.addWidget(view)
        view.resize(960, 620)
        view.show()
        return view

    return make


def drag(qtbot, widget, start: QPointF, end: QPointF) -> None:
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=start.toPoint())
    qtbot.mouseMove(widget, end.toPoint())
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=end.toPoint())


def test_dragging_a_corner_moves_the_box_and_its_sliders(shown, qtbot):
    view = shown(MapLesson)
    box = view.map.box
    drag(qtbot, view.map, view.map.place(box.north, box.east), view.map.place(80, 170))
    assert view.map.box.north == pytest.approx(80, abs=1)
    assert view.map.box.east == pytest.approx(170, abs=1)
    assert (view.map.box.south, view.map.box.west) == (box.south, box.west)
    assert view.edges["north"].value == pytest.approx(80, abs=1)


def test_a_box_pulled_through_itself_stays_a_box(shown, qtbot):
    view = shown(MapLesson)
    box = view.map.box
    drag(qtbot, view.map, view.map.place(box.north, box.east), view.map.place(-58, -178))
    now = view.map.box
    assert now.south < now.north
    assert now.west < now.east
    assert now.east == box.west


def test_fitting_finds_the_smallest_box_and_samples_are_judged(shown, qtbot):
    view = shown(MapLesson)
    assert "likelihood 0" in view.result.text()
    qtbot.mouseClick(view.fit_button, Qt.MouseButton.LeftButton)
    assert view.map.box == smallest_box(view.points)
    assert "All 300 points inside" in view.result.text()
    qtbot.mouseClick(view.sample_button, Qt.MouseButton.LeftButton)
    assert len(view.map.samples) == len(view.map.marks) == 30
    assert set(view.map.marks) <= set("ABC")
    view.land.click()
    assert view.map.revealed
    assert "of the land" in view.result.text()


def test_the_likelihood_plane_is_brightest_at_the_fit_and_empty_where_points_are_lost(shown, qtbot):
    view = shown(MapLesson)
    best = smallest_box(view.points)
    heat = view.plane._items["likelihood"].image
    assert np.isnan(heat).any()
    row, column = np.unravel_index(np.nanargmax(heat), heat.shape)
    (west, east), (south, north) = (span(edge, getattr(best, edge), True) for edge in ("east", "north"))
    assert np.linspace(west, east, heat.shape[1])[column] == pytest.approx(best.east, abs=0.5)
    assert np.linspace(south, north, heat.shape[0])[row] == pytest.approx(best.north, abs=0.5)
    assert "beyond the plane" in view.brightness.text()
    view.plane.pointed.emit(best.east + 1, best.north + 1)
    assert (view.map.box.east, view.map.box.north) == pytest.approx((best.east + 1, best.north + 1))
    assert "All 300 points inside" in view.result.text()
    assert "beyond" not in view.brightness.text()
    view.edges["south"].set_value(0.0)
    assert "likelihood" not in view.plane.names
    assert "0 everywhere" in view.brightness.text()


def test_fewer_points_allow_more_boxes(shown):
    view = shown(MapLesson)
    view.near.setChecked(False)

    def possible():
        return int(np.isfinite(view.plane._items["likelihood"].image).sum())

    many = possible()
    view.count.set_value(10.0)
    assert possible() > many
    assert f"of {len(view.points)} points" in view.result.text()


@pytest.mark.parametrize("key", list(PAIRS))
def test_every_pair_of_edges_has_its_plane(key, shown):
    view = shown(MapLesson)
    view.fit()
    view.pair.setCurrentIndex(view.pair.findData(key))
    pair = PAIRS[key]
    assert view.plane._titles == (f"{pair.x} edge, degrees", f"{pair.y} edge, degrees")
    best = smallest_box(view.points)
    assert view.plane.drawn("box")[0] == pytest.approx([getattr(best, pair.x)])
    assert view.plane.drawn("maximum")[1] == pytest.approx([getattr(best, pair.y)])
    view.plane.pointed.emit(1000.0, 1000.0)
    assert view.map.box.area >= 0
    assert view.map.box.east <= 180


def test_degrees_and_pixels_are_inverse(shown):
    view = shown(MapLesson)
    latitude, longitude = view.map.degrees(view.map.place(40.7, -73.9))
    assert (latitude, longitude) == pytest.approx((40.7, -73.9))


def test_the_composed_face_has_the_books_probabilities(shown):
    view = shown(WrodlLesson)
    assert "twice" in view.result.text()
    assert "0.040000" in view.result.text()
    assert "0.005415" in view.result.text()
    colour = view.pickers[1]
    colour.setCurrentIndex(wrodl.COLUMNS[1].options.index("Blue01"))
    assert "never" in view.result.text()
    assert "0.000000" in view.result.text()
    assert "0.000984" in view.result.text() or "0.000985" in view.result.text()


def test_the_multinomial_only_copies_until_it_is_smoothed(shown):
    view = shown(WrodlLesson)
    view.model.setCurrentIndex(view.model.findData("multinomial"))
    assert "10 of the 10 drawn faces are copies" in view.result.text()
    view.pseudocount.slider.setValue(10)
    assert view.pseudocount.value == 1.0
    assert "98%" in view.result.text()


def test_pixels_and_tins_follow_their_controls(shown):
    pixels = shown(PixelsLesson)
    before = pixels.pixels.pictures.copy()
    pixels.draw()
    assert not np.array_equal(before, pixels.pixels.pictures)
    tins = shown(TinsLesson)
    before = tins.tin.pixels.copy()
    tins.plane.picked.emit(0)
    assert not np.array_equal(before, tins.tin.pixels)
    assert tins.height_slider.value == pytest.approx(0.6)
    assert tins.width_slider.value == pytest.approx(0.25)


@pytest.mark.parametrize(("source", "first"), [("wrodl", "Blank"), ("world-map", " to ")])
def test_a_table_shows_its_rows_and_the_spread_of_a_column(context, qtbot, source, first):
    view = open_source(source, DataOptions(), context.workspace, lambda *_: None)
    page = SourceView(context.theme)
    qtbot.addWidget(page, before_close_func=lambda widget: widget.close_worker())
    page.show()
    page.show_view(view, source)
    assert page.table.isVisible()
    assert page.table.rows.rowCount() == min(1000, view.data.spec.train_count)
    assert page.table.rows.columnCount() == len(view.data.spec.columns)
    assert first in page.table.bars.names[0]
    assert sum(page.table.bars.values) == view.data.spec.train_count
    page.table.rows.setCurrentCell(0, 1)
    assert page.table.heading.text() == view.data.spec.columns[1].name


def test_recipes_about_tables_are_offered_only_tables_that_fit():
    from pathlib import Path

    from studio.ui.panels.train_work import load

    loaded = load(Path("nowhere"))
    infos = {info.id: info for info in loaded.recipes}
    fitting = {r: [c.name for c in loaded.choices if c.fits(infos[r])] for r in ("naive-bayes", "box-density")}
    assert fitting == {"naive-bayes": ["wrodl"], "box-density": ["world-map"]}
    offline = {r: infos[r].offline for r in ("naive-bayes", "box-density", "pixel-naive-bayes", "random-forest")}
    assert list(offline.values()) == ["wrodl", "world-map", "planet-pixel", "digits"]
