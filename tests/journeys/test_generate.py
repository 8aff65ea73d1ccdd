"""Pictures on request, as a person makes them: train a conditional VAE, choose a class, turn a code, sweep, export."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.runs.pictures import read_recipe
from tests.hands import WAIT, fill


def test_from_the_bundled_digits_to_a_sheet_of_eights(window, tmp_path, qtbot):
    # Train a conditional VAE on the bundled digits.
    window.show_panel("train")
    train = window.panels["train"]
    qtbot.waitUntil(lambda: train.ready, timeout=WAIT)
    card = next(c for c in train.gallery.cards if c.info.id == "cvae")
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    train.set_data("digits")
    for name, text in (("filters", "8,8"), ("size", "16"), ("steps", "150"), ("lr", "0.005")):
        fill(qtbot, train.setup.form, name, text)
    with qtbot.waitSignal(train.run_finished, timeout=WAIT) as ended:
        qtbot.mouseClick(train.run_button, Qt.MouseButton.LeftButton)
    run_id, status = ended.args
    assert status == "done", train.controls.what.text()

    # It opens in Explore with what it can be asked for.
    explore = window.panel("explore")
    with qtbot.waitSignal(explore.ready, timeout=WAIT):
        qtbot.mouseClick(train.controls.open_button, Qt.MouseButton.LeftButton)
    page = explore.tabs.generate
    assert explore.tabs.currentWidget() is page
    assert page.picture.row_titles == tuple("0123456789")
    assert len(page.picture.pictures) == 100

    def after(act):
        with qtbot.waitSignal(page.drawn, timeout=WAIT):
            act()
        return page.picture.pictures.copy()

    # Choose the class with a key.
    box = page.inputs.label_box
    box.setFocus()
    eights = after(lambda: QTest.keyClick(box, Qt.Key.Key_8))
    assert page.inputs.label == 8
    assert len(eights) == 60

    # Turn a code with the keyboard: every eight follows.
    slider = page.inputs.rows[0].slider.slider
    slider.setFocus()
    turned = after(lambda: [QTest.keyClick(slider, Qt.Key.Key_PageUp) for _ in range(4)])
    assert page.inputs.dials["code1"] == pytest.approx(2.4)
    assert not np.array_equal(turned, eights)

    # Sweep the other one over its range.
    swept = after(lambda: page.show_box.setCurrentIndex(page.show_box.findData("sweep")))
    swept = after(lambda: page.dial_box.setCurrentIndex(page.dial_box.findText("Code 2")))
    assert page.picture.column_titles[0] == "−3"
    assert page.picture.columns == 10
    first_row = swept[:10].astype(int)
    assert np.abs(first_row[0] - first_row[-1]).mean() > np.abs(first_row[4] - first_row[5]).mean()

    # Export: the file knows what was asked.
    path = tmp_path / "sweep.png"
    with qtbot.waitSignal(explore.exported, timeout=WAIT):
        explore.export_view(path)
    recipe = read_recipe(path)
    assert recipe["run"] == run_id
    request = recipe["request"]
    assert (request["show"], request["label"], request["dial"]) == ("sweep", 8, "code2")
    with Image.open(path) as picture:
        assert np.asarray(picture).std() > 0
