"""Explore's Generate page: controls from declared inputs, live sheets, sweeps, mixes, export."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.core.capabilities import Input
from studio.core.errors import BadInput
from studio.runs.pictures import read_recipe
from studio.ui.panels.explore import ExplorePanel
from studio.ui.panels.explore_model import Session
from studio.ui.theme import Theme
from studio.ui.widgets.titled_sheet import TitledSheet
from tests.ui.fakes_explore import CLASSES, VAE, FakeModel, add_run
from tests.ui.panel_tests import PanelTests, accessible_name, interactive

INPUTS = (
    Input(name="label", title="Class", kind="label", size=len(CLASSES), choices=CLASSES),
    Input(name="z1", title="Coarse noise", kind="noise", size=3),
    Input(name="z0", title="Fine noise", kind="noise", size=3),
    Input(name="code", title="Code", kind="code", size=2, low=-2, high=2, help="How it is drawn."),
    Input(name="cut", title="Truncation", kind="amount", low=0, high=1, default=0.5),
)


class Conditioned(FakeModel):
    """Four by four pixels that hold the inputs themselves, so that a sheet can be read back."""

    inputs = INPUTS

    def __init__(self, record, inputs=INPUTS):
        super().__init__(record, ("Conditioned",))
        self.inputs = inputs
        self.asked = []

    def draw(self, n, seed=0):
        rng = np.random.default_rng(seed)
        made = {}
        for i in self.inputs:
            if i.kind == "label":
                made[i.name] = rng.integers(0, i.size, n)
            elif i.kind == "amount":
                made[i.name] = np.full(n, i.default, np.float32)
            else:
                made[i.name] = rng.uniform(-1, 1, (n, i.size)).astype(np.float32)
        return made

    def generate(self, inputs):
        self.asked.append({k: np.array(v) for k, v in inputs.items()})
        n = len(next(iter(inputs.values())))
        pixels = np.zeros((n, 4, 4, 1), np.uint8)
        for row, name in enumerate(k for k in ("label", "z1", "code", "cut") if k in inputs):
            value = np.asarray(inputs[name], np.float64).reshape(n, -1)[:, 0]
            pixels[:, row, :, 0] = np.clip(128 + 40 * value, 0, 255).round()[:, None]
        return pixels


class TestExploreWithGenerate(PanelTests):
    panel = ExplorePanel


def opened(context, qtbot, inputs=INPUTS):
    record = add_run(context.store, "cvae")
    model = Conditioned(record, inputs)
    panel = ExplorePanel(context, opener=lambda *_: Session(model))
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.resize(1200, 740)
    panel.show()
    panel.entered()
    with qtbot.waitSignal(panel.ready, timeout=10_000):
        panel.open_run(record)
    panel.model = model
    return panel


@pytest.fixture
def explore(context, qtbot):
    return opened(context, qtbot)


@pytest.fixture
def page(explore):
    return explore.tabs.generate


def settled(page, qtbot):
    """Wait until the newest sheet is shown."""
    qtbot.waitUntil(lambda: not page._soon.isActive() and page.note.text().endswith("pictures"), timeout=10_000)


def do(page, qtbot, act):
    with qtbot.waitSignal(page.drawn, timeout=10_000):
        act()
    settled(page, qtbot)


def show(page, qtbot, mode):
    do(page, qtbot, lambda: page.show_box.setCurrentIndex(page.show_box.findData(mode)))


def test_it_is_the_first_page_of_a_model_with_inputs(explore, page):
    assert explore.tabs.currentWidget() is page
    assert page.picture.row_titles == CLASSES
    assert len(page.picture.pictures) == 10 * len(CLASSES)
    assert not explore.side.isVisible()


def test_the_controls_are_the_declared_inputs(page):
    assert [page.inputs.label_box.itemText(i) for i in range(5)] == ["Every one, a row each", *CLASSES]
    assert [row.dial.name for row in page.inputs.rows] == ["code1", "code2", "cut"]
    assert [row.source.name for row in page.inputs.noises] == ["z1", "z0"]
    assert [page.show_box.itemData(i) for i in range(page.show_box.count())] == ["pictures", "sweep", "between", "mix"]


def test_a_class_is_chosen_by_its_first_letters(page, explore, qtbot):
    box = page.inputs.label_box
    box.setFocus()
    do(page, qtbot, lambda: QTest.keyClicks(box, "tw"))
    assert page.inputs.label == 2
    assert set(explore.model.asked[-1]["label"]) == {2}
    assert page._rows.isVisible()


def test_a_slider_holds_its_code_in_every_picture_until_it_is_let_go(page, explore, qtbot):
    row = page.inputs.rows[0]
    assert row.slider.number.text() == "varies"
    row.slider.slider.setFocus()
    do(page, qtbot, lambda: QTest.keyClick(row.slider.slider, Qt.Key.Key_PageUp))
    assert row.hold.isChecked()
    assert explore.model.asked[-1]["code"][:, 0] == pytest.approx(row.slider.value)
    assert len(set(explore.model.asked[-1]["code"][:, 1])) > 1
    do(page, qtbot, lambda: QTest.keyClick(row.hold, Qt.Key.Key_Space))
    assert len(set(explore.model.asked[-1]["code"][:, 0])) > 1


def test_an_amount_is_always_what_its_slider_says(page, explore, qtbot):
    row = page.inputs.rows[2]
    assert not row.hold.isVisible()
    assert explore.model.asked[-1]["cut"] == pytest.approx(0.5)
    do(page, qtbot, lambda: row.slider.set_value(1.0))
    assert explore.model.asked[-1]["cut"] == pytest.approx(1.0)


def test_dice_renew_one_noise_or_everything(page, explore, qtbot):
    first = explore.model.asked[-1]
    do(page, qtbot, lambda: qtbot.mouseClick(page.inputs.noises[1].dice, Qt.MouseButton.LeftButton))
    do(page, qtbot, lambda: qtbot.mouseClick(page.inputs.noises[1].dice, Qt.MouseButton.LeftButton))
    one = explore.model.asked[-1]
    assert np.array_equal(first["z1"], one["z1"])
    assert not np.array_equal(first["z0"], one["z0"])
    do(page, qtbot, lambda: qtbot.mouseClick(page.dice_button, Qt.MouseButton.LeftButton))
    assert page.seed_box.value() == 1
    assert not np.array_equal(first["z1"], explore.model.asked[-1]["z1"])


def test_a_sweep_turns_one_input_in_a_row_per_class(page, explore, qtbot):
    show(page, qtbot, "sweep")
    do(page, qtbot, lambda: page.dial_box.setCurrentIndex(page.dial_box.findText("Code 2")))
    assert (page.low_box.value(), page.high_box.value()) == (-2, 2)
    do(page, qtbot, lambda: page.columns_box.setValue(5))
    asked = explore.model.asked[-1]
    assert asked["code"][:, 1].reshape(4, 5).tolist() == [[-2, -1, 0, 1, 2]] * 4
    assert asked["label"].reshape(4, 5).T.tolist() == [[0, 1, 2, 3]] * 5
    assert page.picture.column_titles == ("−2", "−1", "0", "1", "2")


def test_a_noise_is_swept_with_all_its_numbers_equal(page, explore, qtbot):
    show(page, qtbot, "sweep")
    do(page, qtbot, lambda: page.dial_box.setCurrentIndex(page.dial_box.findText("Coarse noise (all numbers equal)")))
    z = explore.model.asked[-1]["z1"]
    assert np.ptp(z, axis=1) == pytest.approx(0)
    assert z[:10, 0] == pytest.approx(np.linspace(-2, 2, 10))


def test_mixing_brings_one_noise_by_row_and_the_other_by_column(page, explore, qtbot):
    show(page, qtbot, "mix")
    asked = explore.model.asked[-1]
    coarse, fine = (asked[name].reshape(6, 10, 3) for name in ("z1", "z0"))
    assert (coarse == coarse[:, :1]).all()
    assert (fine == fine[:1]).all()
    assert page.picture.row_titles[0] == "A1"
    assert "A: Coarse noise, B: Fine noise" in page.note.text()


def test_styles_cross_in_the_middle_when_they_are_mixed(context, qtbot):
    cross = Input(name="cross", title="Crossover", kind="amount", low=0, high=8, default=8, step=1)
    page = opened(context, qtbot, (*INPUTS[1:3], cross)).tabs.generate
    show(page, qtbot, "mix")
    assert page.inputs.dials == {"cross": 4}


def test_every_control_is_named_and_reached_by_keyboard(page, qtbot):
    show(page, qtbot, "sweep")
    controls = list(interactive(page))
    assert len(controls) > 10
    assert [repr(c) for c in controls if not accessible_name(c).strip()] == []
    chain, widget = set(), page.nextInFocusChain()
    while widget is not page:
        chain.add(widget)
        widget = widget.nextInFocusChain()
    lost = [accessible_name(c) for c in controls if c not in chain or not c.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert lost == []


def test_only_what_a_model_has_is_offered(context, qtbot):
    page = opened(context, qtbot, INPUTS[:2]).tabs.generate
    assert [page.show_box.itemData(i) for i in range(page.show_box.count())] == ["pictures", "sweep", "between"]
    assert page.inputs.rows == []


def test_the_current_point_gives_way_to_chosen_inputs(context, qtbot):
    record = add_run(context.store, "stylegan")
    model = Conditioned(record)
    model.capabilities = ("Conditioned", *VAE)
    panel = ExplorePanel(context, opener=lambda *_: Session(model))
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.show()
    with qtbot.waitSignal(panel.ready, timeout=10_000):
        panel.open_run(record)
    assert panel.side.isVisible()
    panel.tabs.setCurrentWidget(panel.tabs.generate)
    assert not panel.side.isVisible()
    assert not panel.strip.isVisible()
    settled(panel.tabs.generate, qtbot)
    panel.tabs.setCurrentWidget(panel.tabs.samples)
    assert panel.side.isVisible()
    assert panel.strip.isVisible()


def test_a_model_without_classes_has_rows(context, qtbot):
    page = opened(context, qtbot, INPUTS[1:]).tabs.generate
    assert page._rows.isVisible()
    assert page.inputs.label_box is None
    assert len(page.picture.pictures) == 60


def test_reset_returns_to_where_the_model_rests(page, explore, qtbot):
    do(page, qtbot, lambda: page.inputs.rows[0].slider.set_value(1.0))
    do(page, qtbot, lambda: page.inputs.label_box.setCurrentIndex(2))
    do(page, qtbot, lambda: qtbot.mouseClick(page.inputs.reset_button, Qt.MouseButton.LeftButton))
    assert page.inputs.label is None
    assert page.inputs.dials == {"cut": 0.5}


def test_an_export_carries_the_request(page, explore, qtbot):
    do(page, qtbot, lambda: page.inputs.label_box.setCurrentIndex(4))
    with qtbot.waitSignal(explore.exported, timeout=10_000) as told:
        qtbot.mouseClick(page.export_button, Qt.MouseButton.LeftButton)
    recipe = read_recipe(told.args[0])
    assert recipe["request"]["label"] == 3
    assert recipe["run"] == "cvae-0001"


def test_what_goes_wrong_is_said_in_the_page(page, explore, qtbot, monkeypatch):
    def fails(inputs):
        raise RuntimeError("no more memory")

    monkeypatch.setattr(explore.model, "generate", fails)
    page.refresh()
    qtbot.waitUntil(lambda: page.picture.pictures is None, timeout=10_000)
    assert "no more memory" in page.picture._hint


def test_titles_stand_beside_rows_and_above_columns(qtbot):
    view = TitledSheet(Theme("dark"), "Sheet")
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show_titled(np.zeros((6, 8, 8, 1), np.uint8), 3, ("first", "a title that is far too long for it"), "abc")
    assert view.cell(0).left() > 40
    assert view.cell(0).top() > 10
    assert view.cell(0).left() - 96 < 60
    plain = view.cell(0)
    view.show_titled(np.zeros((6, 8, 8, 1), np.uint8), 3, ("", ""), ())
    assert view.row_titles == ()
    assert view.cell(0).left() != plain.left()
    assert not view.grab().isNull()


# ---- attributes


@pytest.fixture
def vae(context, qtbot):
    record = add_run(context.store, "vae")
    panel = ExplorePanel(context, opener=lambda *_: Session(FakeModel(record, VAE)))
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.resize(1200, 740)
    panel.show()
    panel.entered()
    with qtbot.waitSignal(panel.ready, timeout=10_000):
        panel.open_run(record)
    panel.tabs.setCurrentWidget(panel.tabs.attributes)
    settled(panel.tabs.attributes, qtbot)
    return panel


def test_classes_are_directions_to_walk_along(vae, qtbot):
    page = vae.tabs.attributes
    assert [page.attribute_box.itemText(i) for i in range(page.attribute_box.count())] == list(CLASSES)
    assert page.picture.columns == 9
    do(page, qtbot, lambda: page.attribute_box.setCurrentText("three"))
    moved = page.points.reshape(5, 9, 2)
    assert (np.diff(moved[:, :, 0], axis=1) > 0).all()  # the stand-in's classes lie one beside the other
    assert page.settings["attribute"] == "three"


def test_a_click_goes_to_the_point_and_another_attribute_goes_on_from_there(vae, qtbot):
    page = vae.tabs.attributes
    qtbot.mouseClick(page.picture, Qt.MouseButton.LeftButton, pos=page.picture.cell(6).center())
    assert np.array_equal(vae.walker.z, page.points[6])
    here = vae.walker.z
    do(page, qtbot, lambda: page.here_box.setChecked(True))
    assert np.allclose(page.points.reshape(5, 9, 2)[0, 4], here)


def test_data_without_attributes_says_so(context, qtbot, vae, monkeypatch):
    def nothing(*_):
        raise BadInput("This data set names neither attributes nor classes.", "Train on CelebA.")

    page = vae.tabs.attributes
    monkeypatch.setattr("studio.runs.attributes.find", nothing)
    page._opened()
    qtbot.waitUntil(lambda: "neither" in page.picture._hint, timeout=10_000)
    assert not page.export_button.isEnabled()


def test_a_hundred_classes_open_quickly_and_are_scrolled_through(context, qtbot):
    long = tuple(f"a long name of the bird number {i} of the hundred" for i in range(100))
    panel = opened(
        context, qtbot, (Input(name="label", title="Class", kind="label", size=100, choices=long), INPUTS[1])
    )
    page = panel.tabs.generate
    assert len(page.picture.pictures) <= 300
    assert page.picture.row_titles == long
    qtbot.waitUntil(lambda: page.picture.height() > page._sheet.viewport().height())
    assert page.picture.cell(0).height() >= 16
    box = page.inputs.label_box
    assert box.mapTo(page, box.rect().topRight()).x() < page.width()
