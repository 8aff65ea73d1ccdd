"""Translation as a person meets it: train CycleGAN on bundled fruit, drop a picture, compare, do a folder, export."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.runs.pictures import read_recipe
from tests.hands import WAIT, drop, fill


def photo(path, colour):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 24), colour).save(path)
    return path


def test_from_bundled_fruit_to_a_folder_of_translations(window, tmp_path, qtbot):
    # Train a tiny CycleGAN.
    window.show_panel("train")
    train = window.panels["train"]
    qtbot.waitUntil(lambda: train.ready, timeout=WAIT)
    card = next(c for c in train.gallery.cards if c.info.id == "cyclegan")
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    train.set_data("fruit")
    for name, text in (("filters", "8,8"), ("d_filters", "8,8"), ("size", "16"), ("steps", "12"), ("limit", "90")):
        fill(qtbot, train.setup.form, name, text)
    with qtbot.waitSignal(train.run_finished, timeout=WAIT) as ended:
        qtbot.mouseClick(train.run_button, Qt.MouseButton.LeftButton)
    run_id, status = ended.args
    assert status == "done", train.controls.what.text()

    # It offers to open in Translate, and opens there.
    assert train.controls.open_button.text() == "Open in Translate"
    page = window.panel("translate")
    with qtbot.waitSignal(page.ready, timeout=WAIT):
        qtbot.mouseClick(train.controls.open_button, Qt.MouseButton.LeftButton)
    assert window.current == "translate"
    assert page.runs.record.id == run_id
    assert page.gallery.column_titles[:3] == ("apples", "oranges", "back")
    assert "%" in page.gallery.note.text()

    # Drop a picture: it is translated and shown before and after.
    with qtbot.waitSignal(page.translated, timeout=WAIT):
        assert drop(page, photo(tmp_path / "mine.png", (200, 30, 30)))
    assert page.side.name.text() == "mine.png"
    assert "There and back" in page.side.errors.text()

    # Move the line between before and after with the keyboard.
    page.side.view.setFocus()
    at = page.side.view.split
    QTest.keyClick(page.side.view, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert page.side.view.split == pytest.approx(at - 0.1)

    # The other way: the same picture as an orange.
    first = page.side.shown.found.made.copy()
    page.controls.direction_box.setFocus()
    with qtbot.waitSignal(page.translated, timeout=WAIT):
        QTest.keyClick(page.controls.direction_box, Qt.Key.Key_Down)
    assert page.side.shown.asked.backwards
    assert not np.array_equal(page.side.shown.found.made, first)

    # Export it with its recipe.
    path = tmp_path / "apple.png"
    with qtbot.waitSignal(page.exported, timeout=WAIT):
        page.export(path)
    recipe = read_recipe(path)
    assert (recipe["run"], recipe["made"], recipe["backwards"]) == (run_id, "translation", True)

    # Drop a folder: every picture once, and only once.
    folder = tmp_path / "photos"
    for i in range(3):
        photo(folder / f"{i}.png", (60 * i, 40, 10))
    for done, skipped in (3, 0), (0, 3):
        with qtbot.waitSignal(page.batch_done, timeout=WAIT) as found:
            assert drop(page, folder)
        report = found.args[0]
        assert (len(report.done), len(report.skipped), report.failed) == (done, skipped, ())
    assert sorted(p.name for p in report.out.iterdir()) == ["0.png", "1.png", "2.png"]
