"""The Lessons page: every lesson builds, reacts to its controls, moves by keyboard, and rests when hidden."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QComboBox, QPushButton, QSlider

from studio.lessons.convolution import KERNELS
from studio.ui.panels.lesson_table import LESSONS, Lesson
from studio.ui.panels.lesson_view import LessonView
from studio.ui.panels.lessons import ID, LAST_KEY, LessonsPanel
from studio.ui.widgets.matrix_view import MatrixView
from studio.ui.widgets.number_slider import NumberSlider
from studio.ui.widgets.player import Player
from tests.ui.panel_tests import PanelTests, accessible_name, interactive

WAIT = 60_000
IDS = [lesson.id for lesson in LESSONS]
OWN = [lesson.id for lesson in LESSONS if "lesson_basics" not in lesson.where]


class TestPage(PanelTests):
    panel = LessonsPanel


@pytest.fixture
def panel(context, qtbot):
    made = LessonsPanel(context)
    qtbot.addWidget(made, before_close_func=lambda widget: widget.closing())
    made.resize(1200, 736)
    made.show()
    made.entered()
    return made


def opened(panel, qtbot, lesson_id):
    panel.choose(lesson_id)
    qtbot.waitUntil(lambda: not panel.context.tasks.active, timeout=WAIT)
    return panel.views[lesson_id]


def choose(box, data):
    box.setCurrentIndex(box.findData(data))


def test_the_table_is_in_order():
    assert len(set(IDS)) == len(IDS)
    topics = [lesson.topic for lesson in LESSONS]
    assert len(list(dict.fromkeys(topics))) == sum(a != b for a, b in zip(topics, ["", *topics[:-1]], strict=True))
    assert all(lesson.about.count(".") >= 2 and lesson.title for lesson in LESSONS)


@pytest.mark.parametrize("lesson_id", IDS)
def test_every_lesson_opens_and_is_usable_by_keyboard(panel, qtbot, lesson_id):
    view = opened(panel, qtbot, lesson_id)
    assert view.isVisible()
    assert panel.about.text()
    hint = panel.minimumSizeHint()
    assert hint.width() <= 1200, hint
    assert hint.height() <= 736, hint
    controls = list(interactive(view))
    assert controls
    assert [repr(w) for w in controls if not accessible_name(w).strip()] == []
    assert [repr(w) for w in controls if not w.focusPolicy() & Qt.FocusPolicy.TabFocus] == []


@pytest.mark.parametrize("lesson_id", OWN)
def test_every_control_of_a_lesson_can_be_moved_to_its_ends(panel, qtbot, lesson_id):
    view = opened(panel, qtbot, lesson_id)
    controls = list(interactive(view))
    for slider in (w for w in controls if isinstance(w, QSlider)):
        for key in (Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageDown, Qt.Key.Key_Left):
            qtbot.keyClick(slider, key)
    for box in (w for w in controls if isinstance(w, QComboBox)):
        for index in range(box.count()):
            if box.itemData(index) != "own":  # asks for a file
                box.setCurrentIndex(index)
    for player in view.findChildren(Player):
        player.step_button.click()
        player.restart_button.click()
    qtbot.waitUntil(lambda: not panel.context.tasks.active, timeout=WAIT)
    qtbot.waitUntil(lambda: bool(view.result.text()), timeout=WAIT)
    assert panel.context.notify.history == []


def test_lessons_are_chosen_with_the_arrow_keys_and_remembered(panel, qtbot, context):
    assert panel.current == IDS[0]
    panel.list.setFocus()
    for wanted in IDS[1:5]:
        qtbot.keyClick(panel.list, Qt.Key.Key_Down)
        assert panel.current == wanted  # headings are passed by
    assert context.settings.get(LAST_KEY) == IDS[4]
    again = LessonsPanel(context)
    qtbot.addWidget(again)
    again.entered()
    assert again.current == IDS[4]


def test_only_visited_lessons_are_built_and_a_broken_one_harms_no_other(context, qtbot):
    broken = Lesson("broken", "Broken", LESSONS[0].topic, "No. Not.", "studio.ui.panels.lesson_nothing:Nothing")
    made = LessonsPanel(context, lessons=(LESSONS[0], broken))
    qtbot.addWidget(made)
    made.show()
    made.entered()
    assert list(made.views) == [LESSONS[0].id]
    made.choose("broken")
    assert context.notify.history
    made.step(1)
    assert made.current == LESSONS[0].id
    assert [i.data(ID) for i in made._items()] == [None, LESSONS[0].id, "broken"]


# ---- single lessons


def test_activations_follow_the_slider(panel, qtbot):
    view = opened(panel, qtbot, "activations")
    choose(view.choice, "sigmoid")
    view.at.set_value(0.0)
    assert "f(0.00) = 0.5000, slope 0.2500" in view.result.text()
    choose(view.choice, "leaky_relu")
    assert view.parameter.isVisible()
    view.at.set_value(-2.0)
    assert "f(−2.00) = −0.4000, slope 0.2000" in view.result.text()
    choose(view.other, "relu")
    x, y = view.plot.drawn("compared: ReLU")
    assert np.array_equal(y, np.maximum(x, 0))


def test_the_books_first_step_of_descent(panel, qtbot):
    view = opened(panel, qtbot, "optimisers")
    assert "at (−0.500), height −0.2500, gradient (−2.000)" in view.result.text()
    qtbot.mouseClick(view.player.step_button, Qt.MouseButton.LeftButton)
    assert "Step 1: at (−0.480)" in view.result.text()
    view.rate.set_value(1.0)
    qtbot.mouseClick(view.player.many_button, Qt.MouseButton.LeftButton)
    assert "Step 25" in view.result.text()
    choose(view.choice, "valley")
    choose(view.rule, "all")
    assert len(view.descents) == 4
    view.plot.pointed.emit(2.0, -1.0)
    assert np.allclose(view.descents[0].at, (2.0, -1.0))


def test_the_books_patch_gives_2_8(panel, qtbot):
    view = opened(panel, qtbot, "convolution")
    choose(view.picture, "patch")
    assert view.sum.text() == "2.80"
    assert view.made.values.shape == (1, 1)
    view.same.setChecked(True)
    assert view.made.values.shape == (3, 3)
    choose(view.picture, "square")
    view.same.setChecked(False)
    view.made.set_at(0, 2)
    assert view.at == (0, 2)
    assert view.sum.text() == "−3.00"
    for _ in range(3):
        qtbot.mouseClick(view.player.step_button, Qt.MouseButton.LeftButton)
    assert view.at == (0, 5)
    choose(view.operation, "max")
    assert view.made.values.shape == (7, 7)
    assert not view.kernel.isVisible()


def test_a_kernel_is_typed(panel, qtbot):
    view = opened(panel, qtbot, "convolution")
    choose(view.picture, "patch")
    view.kernel.setFocus()
    view.kernel.set_at(0, 0)
    qtbot.keyClicks(view.kernel, "2.5")
    qtbot.keyClick(view.kernel, Qt.Key.Key_Return)
    assert view.kernel.values[0, 0] == 2.5
    assert view.sum.text() == "3.70"  # 2.8 + 1.5 * 0.6
    qtbot.keyClick(view.kernel, Qt.Key.Key_Space)
    assert view.kernel.values[0, 0] == -2.5
    qtbot.keyClicks(view.kernel, "+")
    assert view.kernel.values[0, 0] == pytest.approx(-2.4)
    choose(view.preset, "Blur")
    assert np.allclose(view.kernel.values, KERNELS["Blur"])


def test_an_own_picture_is_read_small_and_grey(panel, qtbot, picture, monkeypatch):
    from studio.ui.panels import lesson_convolution

    view = opened(panel, qtbot, "convolution")
    monkeypatch.setattr(lesson_convolution.QFileDialog, "getOpenFileName", lambda *_: (str(picture), ""))
    choose(view.picture, "own")
    side = lesson_convolution.OWN_SIDE
    qtbot.waitUntil(lambda: view.source.values.shape == (side, side), timeout=WAIT)
    assert view.source.values == pytest.approx(np.full((side, side), 0.3563), abs=0.005)  # #3457d5 in grey


def test_digits_are_read_once_and_then_follow_the_slider_at_once(panel, qtbot):
    from studio.ui.panels.lesson_convolution import read_digits

    view = opened(panel, qtbot, "convolution")
    digits = read_digits()
    for number in (7, 99, 0):
        view.number.set_value(number)
        assert not panel.context.tasks.active
        assert np.array_equal(view.source.values, digits[number])
    choose(view.picture, "square")
    view.number.set_value(5)
    choose(view.picture, "digit")
    assert np.array_equal(view.source.values, digits[5])


@pytest.mark.parametrize("lesson_id", ["convolution", "transposed", "piles", "dropout"])
def test_titles_of_tables_are_whole_in_a_narrow_window(panel, qtbot, lesson_id):
    panel.resize(950, 640)
    view = opened(panel, qtbot, lesson_id)
    for table in view.findChildren(MatrixView):
        assert table.fontMetrics().horizontalAdvance(table._title) <= table.width(), table.accessibleName()


def test_a_kernel_that_does_not_fit_is_told(panel, qtbot):
    view = opened(panel, qtbot, "convolution")
    choose(view.picture, "patch")
    view.dilation.set_value(2)
    assert "larger than the picture" in view.result.text()
    assert not view.player.isEnabled()
    view.dilation.set_value(1)
    assert view.player.isEnabled()


def test_the_checkerboard_goes_when_the_stride_divides_the_kernel(panel, qtbot):
    view = opened(panel, qtbot, "transposed")
    assert "does not divide" in view.result.text()
    assert "Uneven" in view.result.text()
    view.kernel_size.set_value(4)
    assert "Even" in view.result.text()


def test_batches_teach_the_running_statistics(panel, qtbot):
    view = opened(panel, qtbot, "batch-norm")
    for _ in range(4):
        qtbot.mouseClick(view.player.many_button, Qt.MouseButton.LeftButton)
    assert view.seen[-1].updates == 101
    assert view.seen[-1].mean == pytest.approx(3.0, abs=0.6)
    qtbot.mouseClick(view.player.restart_button, Qt.MouseButton.LeftButton)
    assert view.seen[-1].updates == 1


def test_distances_of_the_lines(panel, qtbot):
    view = opened(panel, qtbot, "lines")
    assert "KL = ∞ both ways, JS = 0.6931" in view.result.text()
    assert "EMD = 0.50" in view.result.text()
    view.theta.set_value(0.0)
    assert "KL = 0 both ways, JS = 0.0000" in view.result.text()


def test_piles_are_solved_again_when_they_change(panel, qtbot):
    view = opened(panel, qtbot, "piles")
    qtbot.waitUntil(lambda: "EMD = 1.125" in view.result.text(), timeout=WAIT)
    assert view.plan.values.sum() == pytest.approx(8.0)
    for hole in view.holes:
        hole.set_value(1.0)
    qtbot.waitUntil(lambda: "EMD = 1.625" in view.result.text(), timeout=WAIT)  # (2·0 + 1·1 + 3·2 + 2·3) / 8


def test_least_squares_pulls_fakes_back_and_cross_entropy_does_not(panel, qtbot):
    view = opened(panel, qtbot, "boundary")

    def far():
        return float(np.abs(view.fakes[:, 0] - 1).mean())

    start = far()
    for _ in range(4):
        qtbot.mouseClick(view.player.many_button, Qt.MouseButton.LeftButton)
    assert far() > start - 0.1
    choose(view.loss, "least squares")
    qtbot.mouseClick(view.player.restart_button, Qt.MouseButton.LeftButton)
    for _ in range(4):
        qtbot.mouseClick(view.player.many_button, Qt.MouseButton.LeftButton)
    assert far() < 0.01


# ---- motion


def test_play_moves_and_rests_when_hidden(panel, qtbot, context):
    context.theme.set_reduced_motion(False)
    view = opened(panel, qtbot, "optimisers")
    assert view.player.play_button.isEnabled()
    qtbot.keyClick(view.player.play_button, Qt.Key.Key_Space)
    assert view.player.playing
    qtbot.waitUntil(lambda: len(view.descents[0].path) > 2, timeout=WAIT)
    panel.choose("losses")
    assert not view.player.playing


def test_nothing_plays_with_reduced_motion(panel, qtbot):
    view = opened(panel, qtbot, "optimisers")
    assert not view.player.play_button.isEnabled()
    view.player.toggle()
    assert not view.player.playing
    qtbot.mouseClick(view.player.many_button, Qt.MouseButton.LeftButton)
    assert len(view.descents[0].path) == 26


# ---- widgets


def test_a_number_slider_is_even_or_logarithmic(qtbot):
    even = NumberSlider("x", -1.0, 1.0, 0.3, 0.1)
    log = NumberSlider("rate", 1e-4, 1.0, 0.01, log=True, unit="/s")
    for made in (even, log):
        qtbot.addWidget(made)
    assert even.value == pytest.approx(0.3)
    assert even.number.text() == "0.3"
    assert log.value == pytest.approx(0.01)
    assert log.number.text() == "0.01 /s"
    with qtbot.waitSignal(even.changed):
        qtbot.keyClick(even.slider, Qt.Key.Key_Left)
    assert even.value == pytest.approx(0.2)
    qtbot.keyClick(log.slider, Qt.Key.Key_PageUp)
    assert log.value == pytest.approx(0.01 * 10**0.25, rel=1e-2)
    even.set_value(-0.5)
    assert even.number.text() == "−0.5"
    angle = NumberSlider("north", -60.0, 85.0, 60.0, 1.0, unit="°")
    qtbot.addWidget(angle)
    assert angle.number.text() == "60°"


def test_a_matrix_is_pointed_at_and_tells_its_numbers(qtbot, context):
    view = MatrixView(context.theme, "Numbers", "numbers", signed=True)
    qtbot.addWidget(view)
    view.resize(300, 300)
    view.show_values([[1.0, -2.0], [0.0, 0.5]])
    view.show()
    with qtbot.waitSignal(view.pointed) as told:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.rect_of(0, 1).center())
    assert told.args == [0, 1]
    assert view.accessibleDescription() == "Row 1, column 2: -2"
    assert view.cell_at(QPointF(1, 1)) is None
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.at == (1, 1)
    qtbot.keyClicks(view, "7")
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert view.values[1, 1] == 0.5  # not editable
    assert view.colour_of(-2.0).blue() > view.colour_of(2.0).blue()
    assert not view.grab().isNull()


def test_a_lesson_offers_controls_in_one_line_each(qtbot, context):
    view = LessonView(context)
    qtbot.addWidget(view)
    told = []
    slider = view.add_slider("Size", 0, 10, 5, 1, changed=lambda: told.append("slider"))
    box = view.add_choice("Kind", [("A", "a"), ("B", "b")], lambda: told.append("choice"))
    switch = view.add_switch("On", False, lambda: told.append("switch"))
    pressed = view.add_button("Go", lambda: told.append("button"))
    slider.set_value(6)
    box.setCurrentIndex(1)
    switch.click()
    pressed.click()
    assert told == ["slider", "choice", "switch", "button"]
    assert isinstance(pressed, QPushButton)
    view.say("from -3 to a-4 and 1e-05")
    assert view.result.text() == "from −3 to a-4 and 1e-05"
