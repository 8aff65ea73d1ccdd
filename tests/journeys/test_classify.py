"""A classifier, as a person meets it: train on the digits, see where it errs, draw one, look inside."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tests.hands import WAIT, fill


def draw(pad, *places):
    """Draw through places in 0..1 of the pad with the mouse."""
    area = pad.area()
    points = [area.topLeft() + QPoint(int(x * area.width()), int(y * area.height())) for x, y in places]
    QTest.mousePress(pad, Qt.MouseButton.LeftButton, pos=points[0])
    for point in points[1:]:
        QTest.mouseMove(pad, point)
    QTest.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=points[-1])


def test_train_classify_draw_and_look_inside(window, qtbot):
    window.train_on("digits", {})
    train = window.panels["train"]
    qtbot.waitUntil(lambda: train.ready, timeout=WAIT)
    card = next(c for c in train.gallery.cards if c.info.id == "cnn-classifier")
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    for name, text in (("filters", "16,32"), ("steps", "80"), ("lr", "0.01")):
        fill(qtbot, train.setup.form, name, text)
    with qtbot.waitSignal(train.run_finished, timeout=2 * WAIT) as ended:  # also times the precisions
        qtbot.mouseClick(train.run_button, Qt.MouseButton.LeftButton)
    assert ended.args[1] == "done", train.controls.what.text()

    # The finished run opens in Classify, which has judged it.
    assert train.controls.open_button.text() == "Open in Classify"
    classify = window.panel("classify")
    with qtbot.waitSignal(classify.ready, timeout=WAIT):
        qtbot.mouseClick(train.controls.open_button, Qt.MouseButton.LeftButton)
    assert window.current == "classify"
    judged = classify.opened.judged
    assert judged.accuracy > 0.5

    # Draw a one and see what it is.
    side = classify.side
    qtbot.mouseClick(side.clear_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not side.bars.rows, timeout=WAIT)
    with qtbot.waitSignals([side.answered, side.looked], timeout=WAIT):
        draw(side.pad, (0.5, 0.1), (0.5, 0.5), (0.5, 0.9))
    assert sum(value for _, value in side.bars.rows) == pytest.approx(1, abs=1e-3)
    assert side.bars.best in judged.classes
    assert side.saliency.pixels is not None

    # A cell of the matrix leads to its pictures.
    classify.tabs.setCurrentWidget(classify.confusion)
    matrix = classify.confusion.matrix
    qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=matrix.cell(3, 3).center())
    assert classify.tabs.currentWidget() is classify.predictions
    assert {int(judged.labels[i]) for i in classify.predictions.index} == {3}

    # The feature maps of another layer.
    classify.tabs.setCurrentWidget(classify.layers)
    layers = classify.layers
    second = next(i for i in range(layers.layer_box.count()) if "32 x" in layers.layer_box.itemText(i))
    with qtbot.waitSignal(layers.drawn, timeout=WAIT):
        layers.layer_box.setCurrentIndex(second)
    qtbot.waitUntil(lambda: len(layers.picture.pictures) == 32, timeout=WAIT)
