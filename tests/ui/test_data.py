"""Data: opening by click and drop, thumbnails, classes, options, doctor, hostile files."""

from __future__ import annotations

import importlib.util
import itertools

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt

from studio.core.errors import StudioError
from studio.ui.panels.data import DataPanel
from studio.ui.panels.data_sources import ITEM
from studio.ui.panels.data_work import Listed
from tests.hands import drop
from tests.ui.panel_tests import PanelTests


class TestDataPanel(PanelTests):
    panel = DataPanel


@pytest.fixture
def panel(context, qtbot):
    made = DataPanel(context)
    qtbot.addWidget(made, before_close_func=lambda p: p.closing())
    made.resize(1200, 740)
    made.show()
    qtbot.waitUntil(lambda: made.sources.list.count() > 3, timeout=30_000)
    return made


@pytest.fixture
def pets(tmp_path):
    """A folder of 24 pictures in two classes, one of them damaged."""
    for i in range(24):
        kind = "cats" if i % 3 else "dogs"
        (tmp_path / "pets" / kind).mkdir(parents=True, exist_ok=True)
        pixels = np.full((20, 24, 3), i * 10, np.uint8)
        pixels[:, :12, i % 3] = 255
        Image.fromarray(pixels).save(tmp_path / "pets" / kind / f"{i:02d}.png")
    (tmp_path / "pets" / "cats" / "99.png").write_bytes(b"\x89PNG\r\n\x1a\n, but not really")
    return tmp_path / "pets"


def show(panel, qtbot, source):
    with qtbot.waitSignal(panel.opened, timeout=60_000):
        panel.open_source(str(source))


def test_at_first_it_says_what_to_do(panel, qtbot):
    assert panel.pages.currentWidget() is panel.pages.empty
    assert not panel.train_button.isEnabled()
    with qtbot.waitSignal(panel.opened, timeout=60_000) as opened:
        qtbot.mouseClick(panel.pages.empty.buttons[0], Qt.MouseButton.LeftButton)
    assert opened.args[0].source == "digits"


def test_the_catalogue_is_opened_by_a_click(panel, qtbot):
    items = [panel.sources.list.item(i) for i in range(panel.sources.list.count())]
    digits = next(i for i in items if isinstance(i.data(ITEM), Listed) and i.data(ITEM).source == "digits")
    place = panel.sources.list.visualItemRect(digits).center()
    with qtbot.waitSignal(panel.opened, timeout=60_000):
        qtbot.mouseClick(panel.sources.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert "8 × 8 px" in panel.view.facts.text()
    assert "10 classes" in panel.view.facts.text()
    assert len(panel.view.bars.names) == 10


def test_a_download_is_offered_with_size_and_licence(panel, qtbot):
    panel.open_source("cifar10")
    assert panel.pages.currentWidget() is panel.pages.offer
    assert "MB" in panel.pages.offer.buttons[0].text()
    assert "Licence" in panel.pages.offer.text.text()
    assert not panel.train_button.isEnabled()


def test_a_download_without_connection_is_explained(panel, qtbot, monkeypatch):
    from studio.core.errors import NotAvailable
    from studio.ui.panels import data

    def offline(*_):
        raise NotAvailable("There is no connection.", "Connect, or use the bundled digits.")

    monkeypatch.setattr(data, "download", offline)
    panel.open_source("kmnist")
    with qtbot.waitSignal(panel.failed, timeout=5000):
        qtbot.mouseClick(panel.pages.offer.buttons[0], Qt.MouseButton.LeftButton)
    assert panel.pages.error.title.text() == "There is no connection."
    assert "bundled" in panel.pages.error.text.text()


def test_a_dropped_folder_opens(panel, qtbot, pets, context):
    with qtbot.waitSignal(panel.opened, timeout=60_000) as opened:
        assert drop(panel, pets)
    spec = opened.args[0].data.spec
    assert spec.classes == ("cats", "dogs")
    assert spec.train_count + spec.val_count == 24
    assert panel.view.message.text()  # the damaged picture is told
    assert context.settings.get("data/recent", [])[0] == str(pets)


def test_the_drop_zone_takes_drops_too(panel, qtbot, pets):
    with qtbot.waitSignal(panel.opened, timeout=60_000):
        assert drop(panel.sources.zone, pets)
    assert panel.source == str(pets)


def test_a_drop_from_the_web_is_explained(panel, qtbot):
    assert drop(panel, "https://example.org/cat.png")
    assert "on the web" in panel.pages.error.title.text()


def test_thumbnails_are_fetched_only_where_they_are_seen(panel, qtbot):
    show(panel, qtbot, "digits")
    examples = panel.view.thumbnails.examples
    qtbot.waitUntil(lambda: bool(examples._images) and not examples.waiting, timeout=5000)
    seen, total = len(examples._images), examples.rowCount()
    assert total > 1500
    assert 20 < seen < 400
    panel.view.thumbnails.scrollToBottom()
    qtbot.waitUntil(lambda: examples.position(total - 1) in examples._images, timeout=5000)
    index = examples.index(total - 1)
    assert f"{total - 1:,}" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert "8 × 8 px" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_a_bar_filters_by_class(panel, qtbot):
    show(panel, qtbot, "digits")
    bars = panel.view.bars
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(60, bars._row() * 3 + 4))
    labels = panel.view.view.labels["train"]
    assert panel.view.thumbnails.examples.rowCount() == int((labels == 3).sum()) == bars.values[3]
    bars.setFocus()
    qtbot.keyClick(bars, Qt.Key.Key_Escape)
    assert panel.view.thumbnails.examples.rowCount() == len(labels)


def test_the_held_out_split_can_be_seen(panel, qtbot):
    show(panel, qtbot, "digits")
    panel.view.split_box.setFocus()
    qtbot.keyClick(panel.view.split_box, Qt.Key.Key_Down)
    assert panel.view.thumbnails.examples.rowCount() == panel.view.view.data.spec.val_count


def test_options_are_previewed_and_applied(panel, qtbot, pets):
    show(panel, qtbot, pets)
    size = panel.options.form.rows["size"].editor.inner
    assert not panel.options.apply_button.isEnabled()
    size.setFocus()
    size.selectAll()
    qtbot.keyClicks(size, "12")
    qtbot.waitUntil(
        lambda: panel.options.preview.pictures is not None and panel.options.preview.pictures.shape[1] == 12,
        timeout=20_000,
    )
    with qtbot.waitSignal(panel.opened, timeout=60_000) as opened:
        qtbot.mouseClick(panel.options.apply_button, Qt.MouseButton.LeftButton)
    assert opened.args[0].data.spec.shape == (3, 12, 12)


def test_augmentation_changes_the_preview_only(panel, qtbot):
    show(panel, qtbot, "digits")
    qtbot.waitUntil(lambda: panel.options.preview.pictures is not None, timeout=20_000)
    before = panel.options.preview.pictures.copy()
    panel.options.form.set_values({"rotate": 90.0})
    qtbot.waitUntil(lambda: not np.array_equal(panel.options.preview.pictures, before), timeout=20_000)
    assert panel.view.view.options.rotate == 0


def test_train_on_this_hands_over_source_and_options(panel, qtbot, context):
    show(panel, qtbot, "digits")
    panel.options.form.set_values({"flip": True})
    with qtbot.waitSignal(context.show_panel), qtbot.waitSignal(context.train_on) as asked:
        qtbot.mouseClick(panel.train_button, Qt.MouseButton.LeftButton)
    assert asked.args == ["digits", {"flip": True}]


def test_the_doctor_reports_and_its_fixes_are_remembered(panel, qtbot, pets, context):
    show(panel, qtbot, pets)
    panel.tabs.setCurrentWidget(panel.doctor)
    with qtbot.waitSignal(panel.doctor.examined, timeout=60_000):
        qtbot.mouseClick(panel.doctor.check_button, Qt.MouseButton.LeftButton)
    tops = [panel.doctor.tree.topLevelItem(i) for i in range(panel.doctor.tree.topLevelItemCount())]
    assert any("99.png" in top.child(j).text(0) for top in tops for j in range(top.childCount()))
    box = panel.doctor.checks["skip-damaged"]
    assert not panel.doctor.apply_button.isEnabled()
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    with qtbot.waitSignals([panel.doctor.mended, panel.opened], timeout=60_000):
        qtbot.mouseClick(panel.doctor.apply_button, Qt.MouseButton.LeftButton)
    assert "remembered" in panel.doctor.note.text()
    assert panel.view.message.text() == "" or "99.png" not in panel.view.message.text()
    assert (pets / "cats" / "99.png").exists()


def test_a_text_shows_its_words(panel, qtbot, tmp_path):
    path = tmp_path / "story.txt"
    path.write_text("The fox saw the crow and the crow saw the fox. " * 40)
    show(panel, qtbot, path)
    assert panel.view.excerpt.toPlainText().startswith("the fox saw the crow")
    assert panel.view.token_bars.names[0] == "the"
    assert "words" in panel.view.facts.text()
    assert panel.options.form.rows["tokens"].isVisible()
    assert not panel.options.form.rows["size"].isVisible()


def test_a_missing_file_is_explained(panel, qtbot, tmp_path):
    with qtbot.waitSignal(panel.failed, timeout=30_000) as failed:
        panel.opened_with([tmp_path / "gone.npz"])
    assert isinstance(failed.args[0], StudioError)
    assert "gone.npz" in panel.pages.error.title.text()
    assert panel.pages.error.text.text()


def test_opening_can_be_cancelled(context, qtbot):
    def endless(source, options, workspace, progress):
        while True:
            progress(1, 2, "decoding")

    panel = DataPanel(context, opener=endless)
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.show()
    panel.open_source("digits")
    qtbot.waitUntil(lambda: "1 of 2" in panel.pages.waiting.text.text())
    qtbot.mouseClick(panel.pages.waiting.buttons[0], Qt.MouseButton.LeftButton)
    assert panel.pages.currentWidget() is panel.pages.empty
    qtbot.waitUntil(lambda: not context.tasks.active)


@pytest.mark.skipif(importlib.util.find_spec("tests.data.hostile") is None, reason="there is no hostile corpus")
def test_hostile_files_never_harm_the_window(panel, qtbot, tmp_path):
    from tests.data.hostile import canary, corpus

    told, every = [], list(corpus(tmp_path / "hostile"))
    panel.failed.connect(lambda error: told.append(error))
    panel.opened.connect(lambda view: told.append(view))
    panel.view.thumbnails.examples.show_examples(None, np.arange(0), ())
    for path in itertools.islice(every, 0, None, max(1, len(every) // 60)):
        told.clear()
        panel.opened_with([path])
        qtbot.waitUntil(lambda: bool(told), timeout=10_000)
        if isinstance(told[0], BaseException):
            assert isinstance(told[0], StudioError), (path, told[0])
            assert panel.pages.error.title.text(), path
        else:
            assert panel.view.facts.text(), path
    assert not canary(tmp_path / "hostile").exists()
