"""Translate in tests of its own: the page without a run, and with a stand-in for a trained model."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from studio.core.capabilities import Domain, Input
from studio.core.records import RunRecord
from studio.core.spec import DataSpec
from studio.runs import pictures
from studio.ui.panels import translate_work as work
from studio.ui.panels.explore_model import Session
from studio.ui.panels.translate import TranslatePanel
from tests.hands import drop
from tests.ui.panel_tests import PanelTests

SIDE = 16


class TestTranslate(PanelTests):
    panel = TranslatePanel


class Negative:
    """A translator between pictures and their negatives; `amount` darkens the source."""

    spec = DataSpec(name="grey", kind="image", shape=(1, SIDE, SIDE), classes=())
    capabilities = ("Translates",)
    step = 7

    def __init__(self, record, both_ways=True, amount=None, broken=False):
        self.record, self.broken = record, broken
        self.recipe = SimpleNamespace(title="Negative", compute=None)
        domains = (Domain(name="plain", channels=1), Domain(name="negative", channels=1))
        self._can = SimpleNamespace(domains=domains, both_ways=both_ways, amount=amount)

    def need(self, capability):
        assert capability == "Translates"
        return self._can

    def data(self):
        x = np.arange(40, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, SIDE, SIDE), np.uint8)
        split = SimpleNamespace(gather=lambda index: (x[index], None))
        split = type("Split", (), {"__len__": lambda self: len(x), "gather": lambda self, i: (x[i], None)})()
        return SimpleNamespace(val=split, train=split)

    def sources(self, pixels, backwards=False, amount=None):
        if self.broken:
            raise ValueError("no sources")
        return pixels if amount is None else (pixels * (1 - amount)).astype(np.uint8)

    def targets(self, pixels):
        return None

    def translate(self, pixels, backwards=False):
        return 255 - pixels


@pytest.fixture
def record(context):
    folder = context.workspace / "runs" / "one"
    folder.mkdir(parents=True)
    return RunRecord(id="one", path=folder, recipe="cyclegan", status="done", data={"source": "x", "options": {}})


@pytest.fixture
def opened(context, record, qtbot):
    """Return a function that opens the page on a stand-in model."""

    def open_it(**about):
        model = Negative(record, **about)
        made = TranslatePanel(context, opener=lambda *_, progress=None: (Session(model), work._facts(model)))
        qtbot.addWidget(made, before_close_func=lambda widget: widget.closing())
        made.resize(1200, 740)
        made.show()
        with qtbot.waitSignal(made.ready, timeout=10_000):
            made._open("one", "best")
        return made

    return open_it


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (20, 20), value).save(path)
    return path


def test_examples_come_with_translation_and_way_back(opened):
    page = opened()
    assert page.gallery.column_titles == ("plain", "negative", "back") * 2
    shown = page.gallery.pictures
    assert len(shown) == 3 * work.EXAMPLES
    assert np.array_equal(shown[1], 255 - shown[0])
    assert np.array_equal(shown[2], shown[0])
    assert "0.0 % off after the way back" in page.gallery.note.text()
    assert page.side.shown.index == 0


def test_choosing_an_example_shows_it_before_and_after(opened, qtbot):
    page = opened()
    page.gallery.setFocus()
    qtbot.keyClick(page.gallery, Qt.Key.Key_Down)  # one row: two examples
    assert page.side.shown.index == 2
    assert page.side.name.text() == "Held-out example 3"
    assert page.side.view.comparing
    before = page.side.view.split
    qtbot.keyClick(page.side.view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert page.side.view.split == pytest.approx(before + 0.1)


def test_the_other_direction_swaps_the_titles(opened, qtbot):
    page = opened()
    assert page.controls.direction_box.isEnabled()
    with qtbot.waitSignal(page.ready, timeout=10_000):
        page.controls.turn()
    assert page.gallery.column_titles[:2] == ("negative", "plain")
    assert page.controls.asked.backwards


def test_one_way_models_offer_no_direction(opened):
    page = opened(both_ways=False)
    assert not page.controls.direction_box.isEnabled()
    assert page.gallery.column_titles == ("plain", "negative") * 3
    page.controls.turn()
    assert not page.controls.asked.backwards


def test_amounts_have_a_slider(opened, qtbot):
    darker = Input(name="dark", title="Darkness", kind="amount", low=0.0, high=1.0, default=0.5, step=0.1)
    page = opened(amount=darker)
    assert page.controls.amount.value == 0.5
    first = page.gallery.found.source.mean()
    with qtbot.waitSignal(page.ready, timeout=10_000):
        qtbot.keyClick(page.controls.amount.slider, Qt.Key.Key_Right)
    assert page.controls.asked.amount == pytest.approx(0.6)
    assert page.gallery.found.source.mean() < first


def test_a_dropped_picture_is_translated(opened, qtbot, tmp_path):
    page = opened()
    with qtbot.waitSignal(page.translated, timeout=10_000):
        assert drop(page, write(tmp_path / "mine.png", 40))
    assert page.side.name.text() == "mine.png"
    assert (page.side.shown.found.made == 215).all()
    assert page.gallery.current == -1
    with qtbot.waitSignal(page.translated, timeout=10_000):
        page.controls.turn()  # the same picture, the other way
    assert page.side.shown.asked.backwards


def test_what_is_no_picture_is_refused(opened, context, tmp_path):
    page = opened()
    (tmp_path / "notes.doc").write_text("no")
    assert drop(page, tmp_path / "notes.doc")
    assert "notes.doc cannot be translated" in context.notify.history[-1].text


def test_a_broken_picture_leaves_the_page_usable(opened, context, qtbot, tmp_path):
    page = opened()
    (tmp_path / "broken.png").write_bytes(b"no")
    assert drop(page, tmp_path / "broken.png")
    qtbot.waitUntil(lambda: any("broken.png" in note.text for note in context.notify.history), timeout=10_000)
    assert page.file is None
    page.show_example(1)
    assert page.side.shown.index == 1


def test_a_broken_picture_does_not_take_the_place_of_the_one_on_show(opened, context, qtbot, tmp_path):
    page = opened()
    with qtbot.waitSignal(page.translated, timeout=10_000):
        assert drop(page, write(tmp_path / "mine.png", 40))
    (tmp_path / "broken.png").write_bytes(b"no")
    assert drop(page, tmp_path / "broken.png")
    qtbot.waitUntil(lambda: bool(context.notify.history), timeout=10_000)
    with qtbot.waitSignal(page.translated, timeout=10_000):
        page.controls.turn()
    assert page.side.name.text() == "mine.png"
    assert page.side.shown.asked.backwards


def test_a_model_that_fails_says_why(context, record, qtbot):
    def refuse(*_, progress=None):
        raise ValueError("torn")

    page = TranslatePanel(context, opener=refuse)
    qtbot.addWidget(page, before_close_func=lambda widget: widget.closing())
    page.show()
    page._open("one", "best")
    qtbot.waitUntil(lambda: "torn" in page.failed_state.text.text(), timeout=10_000)
    assert page.stack.currentWidget() is page.failed_state


def test_nothing_is_taken_without_a_run(context, qtbot, tmp_path):
    page = TranslatePanel(context)
    qtbot.addWidget(page, before_close_func=lambda widget: widget.closing())
    assert not page.opened_with([write(tmp_path / "mine.png", 1)])
    assert pictures.read_recipe(tmp_path / "mine.png") is None
