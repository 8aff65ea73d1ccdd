"""Classify: the gallery, the matrix, the layers, the pad and its keyboard."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from studio.core.errors import BadCheckpoint, BadInput
from studio.ui.panels.classify import ClassifyPanel
from studio.ui.panels.classify_work import judged
from studio.ui.panels.explore_model import Session
from studio.ui.widgets.class_bars import ClassBars
from studio.ui.widgets.confusion import ConfusionView
from studio.ui.widgets.draw_pad import DrawPad
from tests.runs.test_insight import HalvesRecipe, Held
from tests.ui.fakes_explore import add_run
from tests.ui.panel_tests import PanelTests

WAIT = 20_000


class TestClassifyPanel(PanelTests):
    panel = ClassifyPanel


def model_of(record, tmp_path):
    from studio.runs.trained import TrainedModel

    made = TrainedModel(record, HalvesRecipe(), 20, tmp_path)
    made._data = SimpleNamespace(val=Held(), train=Held())
    return made


def panel_with(context, qtbot, opener, record):
    panel = ClassifyPanel(context, opener=opener)
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.resize(1200, 740)
    panel.show()
    panel.entered()
    panel.open_run(record)
    return panel


@pytest.fixture
def record(context):
    return add_run(context.store, "cnn-classifier")


@pytest.fixture
def panel(context, qtbot, record, tmp_path):
    opener = lambda *_: judged(Session(model_of(record, tmp_path)), lambda *_: None)  # noqa: E731
    made = panel_with(context, qtbot, opener, record)
    qtbot.waitUntil(lambda: made.opened is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: bool(made.side.bars.rows), timeout=WAIT)
    return made


def test_without_runs_it_says_what_to_do(context, qtbot):
    panel = ClassifyPanel(context)
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.show()
    assert "No classifier" in panel.stack.currentWidget().title.text()


def test_a_run_that_cannot_be_opened_says_why(context, qtbot, record):
    def broken(*_):
        raise BadCheckpoint("The checkpoint is damaged.", "Take another one.")

    panel = panel_with(context, qtbot, broken, record)
    qtbot.waitUntil(lambda: "damaged" in panel.stack.currentWidget().text.text(), timeout=WAIT)


def test_the_gallery_shows_right_and_wrong_answers(panel, qtbot):
    page = panel.predictions
    assert page.index[0] == 3
    assert page.note.text() == "75.00% of 4 right"
    page.which.setCurrentIndex(page.which.findData("wrong"))
    assert page.index == [3]
    page.which.setCurrentIndex(page.which.findData("right"))
    assert set(page.index) == {0, 1, 2}
    first = page.index[0]
    page.order.setCurrentIndex(page.order.findData("unsure"))
    assert page.index[-1] == first
    qtbot.mouseClick(page.picture, Qt.MouseButton.LeftButton, pos=page.picture.cell(1).center())
    assert np.array_equal(panel.side.pad.pixels, panel.opened.judged.pixels[page.index[1]])


def test_a_cell_of_the_matrix_leads_to_its_pictures(panel, qtbot):
    panel.tabs.setCurrentWidget(panel.confusion)
    matrix = panel.confusion.matrix
    qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=matrix.cell(0, 1).center())
    assert panel.tabs.currentWidget() is panel.predictions
    assert panel.predictions.index == [3]
    assert panel.predictions.note.text() == "1 of left named right"
    panel.predictions.all_button.click()
    assert len(panel.predictions.index) == 4


def test_drawing_classifies_and_explains(panel, qtbot):
    panel.side.clear()
    qtbot.waitUntil(lambda: not panel.side.bars.rows)
    area = panel.side.pad.area()
    with qtbot.waitSignals([panel.side.answered, panel.side.looked], timeout=WAIT):
        QTest.mousePress(panel.side.pad, Qt.MouseButton.LeftButton, pos=area.topLeft() + QPoint(area.width() // 5, 30))
        QTest.mouseMove(panel.side.pad, area.topLeft() + QPoint(area.width() // 5, area.height() - 30))
        QTest.mouseRelease(panel.side.pad, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.side.bars.best == "left", timeout=WAIT)
    assert panel.side.saliency.pixels is not None


def test_layers_show_maps_and_filters(panel, qtbot):
    panel.tabs.setCurrentWidget(panel.layers)
    page = panel.layers
    qtbot.waitUntil(lambda: page.picture.pictures is not None, timeout=WAIT)
    assert page.picture.pictures.shape == (2, 8, 8, 1)
    page.what_box.setCurrentIndex(1)
    qtbot.waitUntil(lambda: page.note.text() == "2 filters", timeout=WAIT)
    assert page.picture.pictures.shape == (2, 3, 3, 1)
    page.layer_box.setCurrentIndex(1)
    assert not page.what_box.isEnabled()
    qtbot.waitUntil(lambda: page.note.text() == "1 map", timeout=WAIT)


def test_a_picture_file_is_classified(panel, qtbot, tmp_path):
    pixels = np.zeros((32, 32), np.uint8)
    pixels[:, 20:] = 255
    path = tmp_path / "right.png"
    Image.fromarray(pixels).save(path)
    assert panel.opened_with([path])
    qtbot.waitUntil(lambda: panel.side.bars.best == "right", timeout=WAIT)
    assert panel.side.title.text() == "right.png"
    assert not panel.opened_with([tmp_path / "notes.txt"])


# ---- widgets


@pytest.fixture
def pad(context, qtbot):
    made = DrawPad(context.theme)
    qtbot.addWidget(made)
    made.set_shape((28, 28, 1))
    made.resize(280, 280)
    made.show()
    return made


def test_a_stroke_is_a_soft_line_and_can_be_erased(pad):
    pad.stroke(QPointF(0.25, 0.5), QPointF(0.75, 0.5))
    drawn = pad.pixels[..., 0]
    assert (drawn[13:15, 8:20] == 255).all()
    assert not drawn[:10].any()
    assert np.array_equal(drawn, drawn[::-1])
    assert ((drawn > 0) & (drawn < 255)).sum() > 0
    pad.stroke(QPointF(0.0, 0.5), QPointF(1.0, 0.5), erase=True)
    assert pad.pixels.max() < 255


def test_the_pad_is_drawn_on_by_keyboard(pad, qtbot):
    pad.setFocus()
    qtbot.keyClick(pad, Qt.Key.Key_Right)
    assert not pad.pixels.any()
    qtbot.keyClick(pad, Qt.Key.Key_Space)
    dot = int(pad.pixels.astype(int).sum())
    for _ in range(6):
        qtbot.keyClick(pad, Qt.Key.Key_Down)
    assert pad.pixels.astype(int).sum() > dot > 0
    qtbot.keyClick(pad, Qt.Key.Key_Delete)
    assert not pad.pixels.any()


def test_the_matrix_is_walked_by_keyboard_and_says_its_cells(context, qtbot):
    matrix = ConfusionView(context.theme)
    qtbot.addWidget(matrix)
    matrix.show_counts(np.array([[3, 1], [0, 2]]), ("cat", "dog"))
    matrix.resize(400, 400)
    matrix.show()
    matrix.setFocus()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right):
        qtbot.keyClick(matrix, key)
    assert matrix.current == (0, 1)
    assert matrix.accessibleDescription() == "1 of 4 pictures of cat taken for dog"
    qtbot.keyClick(matrix, Qt.Key.Key_Right)
    assert matrix.current == (0, 1)
    with qtbot.waitSignal(matrix.chosen) as chosen:  # walking alone leads nowhere
        qtbot.keyClick(matrix, Qt.Key.Key_Return)
    assert chosen.args == [0, 1]


def test_bars_keep_the_likeliest_of_many_classes(context, qtbot):
    bars = ClassBars(context.theme, "Probabilities")
    qtbot.addWidget(bars)
    values = torch.arange(100).float().softmax(0).tolist()
    bars.show_values([f"class {i}" for i in range(100)], values)
    assert bars.best == "class 99"
    assert [name for name, _ in bars.rows] == [f"class {i}" for i in range(99, 89, -1)]
    bars.show_values(("a", "b"), (float("nan"), 0.5))
    assert bars.best == "b"
    assert not bars.grab().isNull()


def test_a_matrix_of_many_classes_is_drawn_at_once_and_told_in_words(context, qtbot):
    matrix = ConfusionView(context.theme)
    qtbot.addWidget(matrix)
    counts = np.zeros((100, 100), np.int64)
    counts[40, 60] = 3
    matrix.show_counts(counts, [f"class {i}" for i in range(100)])
    matrix.resize(560, 640)
    matrix.show()
    told = []
    matrix.pointed.connect(told.append)
    QTest.mouseMove(matrix, matrix.cell(40, 60).center())
    assert told[-1:] == ["3 of 3 pictures of class 40 taken for class 60"]
    image = matrix.grab().toImage()
    ground = image.pixelColor(matrix.cell(10, 10).center())
    assert image.pixelColor(matrix.cell(40, 60).center()).red() > ground.red() + 50


def test_accuracy_lists_every_class_the_worst_first(context, qtbot):
    bars = ClassBars(context.theme, "Accuracy", worst_first=True)
    qtbot.addWidget(bars)
    values = [(i * 37 % 100) / 100 for i in range(100)]
    bars.show_values([f"class {i}" for i in range(100)], [*values[:99], float("nan")])
    assert len(bars.rows) == 100
    assert [value for _, value in bars.rows[:99]] == sorted(values[:99])
    assert bars.rows[99][0] == "class 99"


def test_a_picture_larger_than_the_pad_is_shown_whole(context, qtbot):
    pad = DrawPad(context.theme)
    qtbot.addWidget(pad)
    pad.resize(200, 160)
    pad.set_shape((256, 256, 3))
    assert pad.rect().contains(pad.area())
    assert pad.area().width() == pad.area().height() == 160


def test_without_its_data_a_classifier_still_answers(context, qtbot, record, tmp_path):
    model = model_of(record, tmp_path)

    def gone(progress=None):
        raise BadInput("The data was moved away.", "Bring it back.")

    model.data = gone
    panel = panel_with(context, qtbot, lambda *_: judged(Session(model), lambda *_: None), record)
    qtbot.waitUntil(lambda: panel.opened is not None, timeout=WAIT)
    assert "The data was moved away. Bring it back." in panel.predictions.picture._hint
    panel.side.pad.stroke(QPointF(0.1, 0.2), QPointF(0.1, 0.8))
    qtbot.waitUntil(lambda: panel.side.bars.best == "left", timeout=WAIT)
