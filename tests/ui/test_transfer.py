"""The Transfer page with sessions that make no art: what a person does and what must then be seen.

Long because one stand-in session serves every gesture of the page.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QGuiApplication

from studio.core.errors import BadConfig, BadInput
from studio.runs import canvas_files
from studio.ui.panels import transfer_work
from studio.ui.panels.transfer import TransferPanel
from studio.ui.widgets.picture import to_image
from tests.hands import click, drop
from tests.ui.fakes_canvas import FakeOpener, FakeTransfer, noise
from tests.ui.panel_tests import PanelTests

WAIT = 60_000
QUICK = {"iterations": 3, "size": 48, "smallest": 48}


class TestTransfer(PanelTests):
    panel = TransferPanel


@pytest.fixture
def opener():
    return FakeOpener()


@pytest.fixture
def panel(context, qtbot, opener):
    made = TransferPanel(context, opener=opener)
    qtbot.addWidget(made, before_close_func=lambda widget: widget.closing())
    made.resize(1200, 740)
    made.show()
    made.entered()
    qtbot.waitUntil(lambda: made.form is not None, timeout=WAIT)
    return made


@pytest.fixture
def photos(tmp_path):
    """A content of 64 x 48 and two styles of 40 x 40."""
    paths = [tmp_path / f"{name}.png" for name in ("content", "waves", "stars")]
    for seed, path in enumerate(paths):
        Image.fromarray(noise(*((48, 64) if seed == 0 else (40, 40)), seed=seed)).save(path)
    return paths


@pytest.fixture
def ready(panel, photos, qtbot):
    assert panel.opened_with(photos)
    qtbot.waitUntil(lambda: panel.ready and len(panel.pictures.styles.items) == 2, timeout=WAIT)
    panel.form.set_values(QUICK)
    return panel


def names(panel):
    return [item.picture.name for item in panel.pictures.styles.items]


def transfer(panel, qtbot):
    """Work to the end."""
    with qtbot.waitSignal(panel.finished, timeout=WAIT) as told:
        click(qtbot, panel.controls.start_button)
    qtbot.waitUntil(lambda: panel.history.results != [], timeout=WAIT)
    return told.args[0]


def held(panel, qtbot, opener):
    """Begin and pause after the first step."""
    opener.prepare = lambda session: session.gate.clear()
    click(qtbot, panel.controls.start_button)
    qtbot.waitUntil(lambda: panel.runner.state == "running", timeout=WAIT)
    click(qtbot, panel.controls.pause_button)
    opener.sessions[-1].gate.set()
    qtbot.waitUntil(lambda: panel.runner.waiting, timeout=WAIT)
    return opener.sessions[-1]


def paint(panel, qtbot, start=(0.3, 0.5), end=(0.6, 0.5)):
    """Draw a stroke over the canvas with the mouse, from and to shares of the view."""
    view = panel.stage.view
    first, last = (QPoint(int(x * view.width()), int(y * view.height())) for x, y in (start, end))
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=first)
    qtbot.mouseMove(view, last)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=last)


# ---- pictures come in


def test_nothing_heavy_is_imported_to_build_the_page(tmp_path):
    code = """
import sys
from PySide6.QtWidgets import QApplication
app = QApplication([])
from pathlib import Path
from studio.core.store import Store
from studio.ui.context import Context
from studio.ui.settings import Settings
from studio.ui.panels.transfer import TransferPanel
made = TransferPanel(Context(Store(Path(sys.argv[1])), Settings()))
made.show()
print(sorted({"torch", "torchvision", "PIL.Image", "pyqtgraph"} & set(sys.modules)))
made.closing()
"""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "GENERATIVE_STUDIO_CONFIG": str(tmp_path / "config")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_content_and_several_styles_are_dropped_where_they_belong(panel, photos, qtbot):
    assert drop(panel.pictures.content.well, photos[0])
    qtbot.waitUntil(lambda: panel.stage.canvas_shown, timeout=WAIT)
    assert np.array_equal(panel.original, noise())
    assert not panel.controls.start_button.isEnabled()
    assert drop(panel.pictures.styles.list, *photos[1:])
    qtbot.waitUntil(lambda: names(panel) == ["waves.png", "stars.png"], timeout=WAIT)
    assert panel.controls.start_button.isEnabled()


def test_a_drop_anywhere_fills_what_is_missing_first(panel, photos, qtbot):
    for path, there in zip(photos, (lambda: panel.original is not None, lambda: len(names(panel)) == 1), strict=False):
        assert drop(panel, path)
        qtbot.waitUntil(there, timeout=WAIT)
    assert names(panel) == ["waves.png"]


def test_image_data_and_the_clipboard_become_styles(ready, qtbot):
    mime = QMimeData()
    mime.setImageData(to_image(noise(seed=7)))
    assert drop(ready.pictures.styles.list, mime)
    qtbot.waitUntil(lambda: len(names(ready)) == 3, timeout=WAIT)
    assert np.array_equal(ready.pictures.styles.items[2].picture.source.pixels, noise(seed=7))
    QGuiApplication.clipboard().setImage(to_image(noise(seed=8)))
    ready.pictures.styles.list.paste()
    qtbot.waitUntil(lambda: len(names(ready)) == 4, timeout=WAIT)
    assert np.array_equal(ready.pictures.styles.items[3].picture.source.pixels, noise(seed=8))


def test_a_web_address_is_explained(ready):
    assert drop(ready.pictures.styles.list, "https://example.org/wave.jpg")
    assert "on the web" in ready.context.notify.history[-1].text
    assert len(names(ready)) == 2


def test_what_can_be_read_of_a_drop_is_taken_and_the_rest_is_told(ready, photos, tmp_path, qtbot):
    bad = tmp_path / "letter.png"
    bad.write_text("Dear network")
    ready.pictures.styles.open([bad, photos[1]])
    qtbot.waitUntil(lambda: names(ready) == ["waves.png", "stars.png", "waves.png"], timeout=WAIT)
    assert "letter.png" in ready.context.notify.history[-1].text


def test_styles_are_removed_and_come_back(ready, qtbot):
    click(qtbot, ready.pictures.styles.list.rows[0].remove_button)
    assert names(ready) == ["stars.png"]
    ready.context.undo.undo()
    assert names(ready) == ["waves.png", "stars.png"]
    ready.context.undo.setIndex(0)  # before the drops
    assert names(ready) == []
    assert not ready.ready


# ---- weights


def test_a_weight_slider_is_one_undo_step_and_is_asked_for(ready, qtbot, opener):
    slider = ready.pictures.styles.list.rows[1].weight.slider
    slider.setSliderDown(True)
    for value in (30, 40, 50):
        slider.setValue(value)
    slider.setSliderDown(False)
    assert ready.pictures.styles.items[1].weight == 2.5
    transfer(ready, qtbot)
    assert [style.weight for style in opener.requests[-1].styles] == [1.0, 2.5]
    ready.context.undo.undo()
    assert ready.pictures.styles.items[1].weight == 1.0
    assert ready.pictures.styles.list.rows[1].weight.value == 1.0


def test_styles_change_while_it_works(ready, qtbot, opener, photos):
    session = held(ready, qtbot, opener)
    ready.pictures.styles.list.rows[0].weight.slider.setValue(0)
    qtbot.waitUntil(lambda: session.styles[0].weight == 0.0, timeout=WAIT)
    ready.pictures.styles.open([photos[1]])
    qtbot.waitUntil(lambda: len(session.styles) == 3, timeout=WAIT)
    assert ready.runner.session is session


def test_weights_that_say_nothing_are_explained_in_place_until_they_do(ready, qtbot, opener, monkeypatch):
    def refuse(session, styles):
        if not any(style.weight for style in styles):
            raise BadConfig("The styles' weights are all 0.", "Give one a weight.")
        session.styles = tuple(styles)

    monkeypatch.setattr(FakeTransfer, "set_styles", refuse)
    held(ready, qtbot, opener)
    first, second = (row.weight.slider for row in ready.pictures.styles.list.rows)
    first.setValue(0)
    second.setValue(0)
    qtbot.waitUntil(lambda: ready.controls.what.text() == "The styles' weights are all 0.", timeout=WAIT)
    second.setValue(20)
    qtbot.waitUntil(lambda: ready.controls.problem.isHidden(), timeout=WAIT)


@pytest.mark.parametrize(("position", "value"), [(0, 1.0), (20, 10.0), (-40, 0.01), (-60, 0.0), (60, 1000.0)])
def test_balance_sliders_are_logarithmic_with_nothing_at_the_left(ready, position, value):
    ready.look.balance.sliders["style"].setValue(20 if position == 0 else 0)
    ready.look.balance.sliders["style"].setValue(position)
    assert ready.form.values()["style"] == value
    ready.context.undo.undo()
    assert ready.look.balance.sliders["style"].weight == ready.form.values()["style"]


def test_a_dragged_balance_is_one_undo_step_and_turns_the_running_session(ready, qtbot, opener):
    before = ready.form.values()["content"]
    session = held(ready, qtbot, opener)
    slider = ready.look.balance.sliders["content"]
    slider.setSliderDown(True)
    for value in (5, 10, 20):
        slider.setValue(value)
    slider.setSliderDown(False)
    qtbot.waitUntil(lambda: session.config.content == 10.0, timeout=WAIT)
    ready.context.undo.undo()
    assert ready.form.values()["content"] == before != 10.0


def test_a_typed_weight_out_of_reach_becomes_the_middle_of_its_slider(ready):
    ready.form.set_values({**ready.form.changed_values(), "tv": 2.5e-8})
    slider = ready.look.balance.sliders["tv"]
    assert slider.value() == 0
    slider.setValue(20)
    assert ready.form.values()["tv"] == 2.5e-7


# ---- layers and networks


def test_the_networks_own_layers_are_shown_edited_and_put_back(ready, qtbot):
    layers = ready.look.layers
    qtbot.waitUntil(lambda: layers.editors["style_layers"].isEnabled(), timeout=WAIT)
    own = layers.editors["style_layers"].line()
    assert own
    assert ready.form.values()["style_layers"] == ""
    layers.editors["style_layers"].rows[0].weight.slider.setValue(40)
    changed = ready.form.values()["style_layers"]
    assert changed.split(",")[0].endswith(":2")
    click(qtbot, layers.reset_button)
    assert ready.form.values()["style_layers"] == ""
    assert layers.editors["style_layers"].line() == own
    ready.context.undo.undo()
    assert ready.form.values()["style_layers"] == changed == layers.editors["style_layers"].line()


def test_a_network_that_cannot_be_opened_says_so(ready, qtbot, monkeypatch):
    def missing(name, workspace):
        raise BadInput("That network is not here.", "Download it.")

    monkeypatch.setattr(transfer_work, "open_backbone", missing)
    ready.form.set_values({**ready.form.changed_values(), "backbone": "elsewhere"})
    qtbot.waitUntil(lambda: any("not here" in note.text for note in ready.context.notify.history), timeout=WAIT)
    assert not ready.look.layers.editors["style_layers"].isEnabled()
    assert ready.look.networks.currentData() == "elsewhere"


# ---- masks


def test_a_style_is_painted_with_the_mouse_and_the_session_gets_it(ready, qtbot, opener):
    session = held(ready, qtbot, opener)
    click(qtbot, ready.pictures.styles.list.rows[1].mask_button)
    assert ready.stage.brush_button.isChecked()
    assert ready.masks.role == ready.masks.box.currentData() == "style 2"
    paint(ready, qtbot)
    mask = ready.pictures.styles.items[1].mask
    assert mask is not None
    assert 0 < mask.mean() < 0.9
    qtbot.waitUntil(lambda: session.styles[1].mask is mask, timeout=WAIT)
    assert session.styles[0].mask is None
    ready.context.undo.undo()
    qtbot.waitUntil(lambda: session.styles[1].mask is None, timeout=WAIT)
    assert ready.stage.view.mask is None
    ready.context.undo.redo()
    qtbot.waitUntil(lambda: session.styles[1].mask is mask, timeout=WAIT)


def test_the_brush_alone_means_the_first_style_and_the_list_chooses(ready, qtbot):
    click(qtbot, ready.stage.brush_button)
    assert ready.masks.role == "style 1"
    assert ready.pictures.styles.list.rows[0].mask_button.isChecked()
    click(qtbot, ready.pictures.mask_button)
    assert ready.masks.role == "content"
    assert ready.pictures.mask_button.isChecked()
    assert not ready.pictures.styles.list.rows[0].mask_button.isChecked()
    click(qtbot, ready.pictures.mask_button)
    assert not ready.stage.brush_button.isChecked()
    assert not ready.stage.view.mask_shown
    click(qtbot, ready.stage.brush_button)
    assert ready.masks.role == "content"


def test_the_content_is_painted_and_handed_over(ready, qtbot, opener):
    session = held(ready, qtbot, opener)
    click(qtbot, ready.pictures.mask_button)
    paint(ready, qtbot)
    assert session.mask_seen is ready.pictures.mask is not None
    click(qtbot, ready.controls.stop_button)
    qtbot.waitUntil(lambda: ready.runner.state == "rested", timeout=WAIT)
    opener.prepare = None  # the next one need not wait
    click(qtbot, ready.controls.restart_button)
    qtbot.waitUntil(lambda: len(opener.requests) == 2, timeout=WAIT)
    assert opener.requests[-1].mask is ready.pictures.mask


def test_masks_of_another_shape_wait_for_their_picture(ready, tmp_path, qtbot):
    mask = np.ones((48, 64), np.float32)
    ready.put_mask("style 1", mask)
    ready.put_mask("content", mask)
    tall = tmp_path / "tall.png"
    Image.fromarray(noise(64, 48)).save(tall)
    ready.pictures.content.open(tall)
    qtbot.waitUntil(lambda: ready.original.shape == (64, 48, 3), timeout=WAIT)
    request = ready.request()
    assert request.mask is None
    assert request.styles[0].mask is None
    ready.context.undo.undo()
    assert ready.request().styles[0].mask is mask


def test_what_of_a_style_counts_is_painted_on_the_style(ready, qtbot):
    click(qtbot, ready.pictures.styles.list.rows[0].region_button)
    assert ready.stage.stack.currentWidget() is ready.region
    middle = ready.region.view.rect().center()
    qtbot.mouseClick(ready.region.view, Qt.MouseButton.LeftButton, pos=middle)
    click(qtbot, ready.region.use_button)
    assert ready.stage.canvas_shown
    region = ready.request().styles[0].region
    assert region is not None
    assert region.shape[0] == region.shape[1]
    assert region[region.shape[0] // 2, region.shape[1] // 2] > 0.5 > region[0, 0]
    assert ready.pictures.styles.list.rows[0].region_button.isChecked()
    ready.context.undo.undo()
    assert ready.request().styles[0].region is None


# ---- what is missing


def test_what_is_missing_is_said(panel, photos, qtbot):
    with pytest.raises(BadInput, match="no content"):
        panel.request()
    assert drop(panel.pictures.content.well, photos[0])
    qtbot.waitUntil(lambda: panel.original is not None, timeout=WAIT)
    with pytest.raises(BadInput, match="no style"):
        panel.request()


def test_a_session_that_cannot_begin_or_fails_says_why(ready, qtbot, opener):
    opener.error = BadInput("The weights are damaged.", "Download them again.")
    click(qtbot, ready.controls.start_button)
    qtbot.waitUntil(lambda: ready.controls.what.text() == "The weights are damaged.", timeout=WAIT)
    assert ready.controls.start_button.isEnabled()
    opener.error = None
    opener.prepare = lambda session: setattr(session, "fail_at", 2)
    with qtbot.waitSignal(ready.finished, timeout=WAIT) as told:
        click(qtbot, ready.controls.start_button)
    assert told.args == ["failed"]
    assert ready.controls.what.text() == "The network is gone."


def test_running_out_of_memory_retreats_to_tiles_and_says_so(ready, qtbot, opener):
    opener.prepare = lambda session: setattr(session, "memory_ends_at", 2)
    assert transfer(ready, qtbot) == "done"
    assert any("going on in tiles" in note.text for note in ready.context.notify.history)


# ---- results


def test_an_exported_picture_brings_everything_back(ready, qtbot, tmp_path):
    mask, region = np.tri(48, 64, dtype=np.float32), np.tri(40, 40, dtype=np.float32)
    ready.put_mask("style 2", mask)
    ready.pictures.styles.set_region(0, region)
    ready.pictures.styles.list.rows[0].weight.slider.setValue(50)
    ready.form.set_values({**QUICK, "style": 7.0, "colours": "histogram"})
    FakeTransfer.masks = lambda self: {"style 2": self.styles[1].mask, "region 1": self.styles[0].region}
    transfer(ready, qtbot)
    path = tmp_path / "result.jpg"
    with qtbot.waitSignal(ready.exported, timeout=WAIT):
        ready.export(path)
    assert canvas_files.read_recipe(path)["kind"] == "transfer"
    ready.form.set_values({})
    ready.pictures.styles.edit("Take all away", ())
    ready.pictures.content.replace(None)
    with qtbot.waitSignal(ready.restored, timeout=WAIT):
        assert ready.opened_with([path])
    assert ready.form.values()["style"] == 7.0
    assert ready.form.values()["colours"] == "histogram"
    assert np.array_equal(ready.original, noise())
    assert [item.weight for item in ready.pictures.styles.items] == [2.5, 1.0]
    assert names(ready) == ["waves.png", "stars.png"]
    np.testing.assert_allclose(ready.pictures.styles.items[1].mask, mask, atol=1 / 255)
    np.testing.assert_allclose(ready.pictures.styles.items[0].region, region, atol=1 / 255)
    ready.context.undo.undo()
    assert names(ready) == []


@pytest.fixture(autouse=True)
def _own_masks(monkeypatch):
    monkeypatch.setattr(FakeTransfer, "masks", FakeTransfer.masks)


def test_curves_follow_every_part_of_the_loss(ready, qtbot):
    transfer(ready, qtbot)
    ready.stage.drawer.toggle("losses")
    assert {"canvas/loss", "canvas/conv1_1"} <= set(ready.stage.curves.plot.curves)


def test_the_inspector_compares_gram_matrices(ready, qtbot, opener, monkeypatch):
    target = np.diag(np.arange(1, 201)).astype(np.float32)

    def inspect(self):
        return {
            "style": {"conv1_1": {"present": target * 0, "target": target, "distance": 1.0}},
            "content": {"conv3_1": 0.25},
        }

    monkeypatch.setattr(FakeTransfer, "inspect", inspect, raising=False)
    ready.stage.open_page(ready.inspector)
    assert "Nothing has been made" in ready.inspector.summary.text()
    transfer(ready, qtbot)
    click(qtbot, ready.inspector.refresh_button)
    qtbot.waitUntil(lambda: ready.inspector.inspection is not None, timeout=WAIT)
    (maps,) = ready.inspector.inspection.style
    assert maps.target.shape == maps.present.shape == (66, 66, 3)  # 200 channels, three in a cell
    assert len(np.unique(maps.present.reshape(-1, 3), axis=0)) == 1
    assert maps.target[-1, -1].astype(int).sum() > maps.target[0, 0].astype(int).sum()
    assert "conv3_1 0.250" in ready.inspector.summary.text()


# ---- trained styles


def test_trained_styles_show_when_there_are_some_and_repaint_at_once(ready, qtbot, monkeypatch):
    assert ready.look.trained.isHidden()
    monkeypatch.setattr(transfer_work, "stylists", lambda workspace: (transfer_work.Stylist("run-1", "Fast style"),))
    asked = []

    def repaint(workspace, run, content, style, strength):
        asked.append((run, content.name, style.name, strength))
        return 255 - content.source.pixels

    monkeypatch.setattr(transfer_work, "repaint", repaint)
    ready.context.runs_changed.emit()
    qtbot.waitUntil(lambda: not ready.look.trained.isHidden(), timeout=WAIT)
    ready.look.trained.strength.slider.setValue(10)
    with qtbot.waitSignal(ready.repainter.repainted, timeout=WAIT):
        ready.look.trained.apply_button.click()
    assert asked == [("run-1", "content.png", "waves.png", 0.5)]
    assert np.array_equal(ready.follower.shown, 255 - noise())


# ---- films and folders: the real thing, tiny


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.gif"
    frames = [Image.fromarray(noise(seed=seed)) for seed in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    return path


def test_a_film_is_dropped_stylised_and_saved(ready, qtbot, film):
    ready.stage.open_page(ready.film)
    with qtbot.waitSignal(ready.film.looked, timeout=WAIT):
        assert drop(ready.film, film)
    assert "3 frames" in ready.film.where.text()
    assert ready.film.formats.currentText() == "GIF"
    ready.film.coherence.slider.setValue(18)
    assert ready.form.values()["coherence"] == 0.9
    with qtbot.waitSignal(ready.film.made, timeout=3 * WAIT) as told:
        click(qtbot, ready.film.work.start_button)
    with Image.open(told.args[0]) as made:
        assert made.n_frames == 3
        assert made.size == (48, 36)
    assert ready.film.picture.pixels.shape == (36, 48, 3)
    assert not ready.film.work.going


def test_a_film_is_cancelled_in_the_middle_of_a_frame_and_leaves_no_file(ready, qtbot, film, tmp_path):
    ready.form.set_values({**QUICK, "iterations": 20_000})
    with qtbot.waitSignal(ready.film.looked, timeout=WAIT):
        ready.film.open(film)
    out = tmp_path / "out.gif"
    ready.film.start(out)
    qtbot.waitUntil(lambda: "frame 1 of 3" in ready.film.work.status.text(), timeout=WAIT)
    click(qtbot, ready.film.work.cancel_button)
    qtbot.waitUntil(lambda: ready.film.work.status.text() == "Cancelled.", timeout=WAIT)
    assert ready.film.work.start_button.isEnabled()
    assert not out.exists()


def test_a_film_without_styles_or_that_is_none_is_explained(panel, qtbot, film, photos):
    with qtbot.waitSignal(panel.film.looked, timeout=WAIT):
        panel.film.open(film)
    panel.film.start()
    assert "no style" in panel.film.work.problem.text()
    panel.film.open(photos[0])
    qtbot.waitUntil(lambda: "not a film" in panel.film.work.problem.text(), timeout=WAIT)


def test_a_folder_of_frames_opens_the_film_page(ready, qtbot, photos):
    with qtbot.waitSignal(ready.film.looked, timeout=WAIT):
        assert ready.opened_with([photos[0].parent])
    assert ready.stage.stack.currentWidget() is ready.film


def test_a_folder_is_stylised_with_the_styles_of_the_page_and_goes_on_where_it_was(ready, qtbot, tmp_path):
    contents = tmp_path / "contents"
    contents.mkdir()
    for seed in range(2):
        Image.fromarray(noise(seed=seed)).save(contents / f"{seed}.png")
    (contents / "broken.png").write_text("no picture")
    batch = ready.batch
    batch.start()
    assert "no folder" in batch.work.problem.text()
    batch.set_folder("contents", contents)
    batch.set_folder("out", tmp_path / "out")
    for done, skipped in ((2, 0), (0, 2)):
        with qtbot.waitSignal(batch.made, timeout=3 * WAIT) as told:
            batch.start()
        report = told.args[0]
        assert (len(report.done), len(report.skipped), len(report.failed)) == (done, skipped, 1)
    assert batch.list.count() == 3
    with Image.open(tmp_path / "out" / "0--styled.png") as made:
        assert made.size == (48, 36)


def test_the_page_closes_while_it_works(context, qtbot, photos, opener):
    made = TransferPanel(context, opener=opener)
    qtbot.addWidget(made)
    made.show()
    made.entered()
    qtbot.waitUntil(lambda: made.form is not None, timeout=WAIT)
    made.opened_with(photos)
    qtbot.waitUntil(lambda: made.ready, timeout=WAIT)
    made.form.set_values({"iterations": 20_000})
    click(qtbot, made.controls.start_button)
    qtbot.waitUntil(lambda: made.runner.state == "running", timeout=WAIT)
    made.closing()
    assert made.runner.job is None
    assert not any(t.name == "latest" and t.is_alive() for t in threading.enumerate())
