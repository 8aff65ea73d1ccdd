"""The Dream page with sessions that make no art: what a person does and what must then be seen.

Long because one stand-in session serves every gesture of the page.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication

from studio.canvas import backbones
from studio.canvas.budget import Forecast
from studio.core.errors import BadInput, NotAvailable
from studio.runs import canvas_files
from studio.ui.panels import canvas_budget, canvas_empty, dream_look
from studio.ui.panels import canvas_work as work
from studio.ui.panels import dream_film_work as film_work
from studio.ui.panels.dream import DreamPanel
from studio.ui.widgets.picture import to_image
from tests.canvas import fakes
from tests.hands import click, drop, fill
from tests.ui.fakes_canvas import FakeOpener, noise
from tests.ui.panel_tests import PanelTests

WAIT = 60_000


class TestDream(PanelTests):
    panel = DreamPanel


@pytest.fixture(autouse=True)
def small_network(monkeypatch):
    """What the page does beside its sessions is done with a tiny network, and without samples."""
    monkeypatch.setattr(work, "open_backbone", lambda *_: fakes.tiny_backbone())
    monkeypatch.setattr(canvas_empty, "read_samples", lambda _: [])


@pytest.fixture
def opener():
    return FakeOpener()


@pytest.fixture
def panel(context, qtbot, opener):
    made = DreamPanel(context, opener=opener)
    qtbot.addWidget(made, before_close_func=lambda widget: widget.closing())
    made.resize(1200, 740)
    made.show()
    made.entered()
    qtbot.waitUntil(lambda: made.form is not None, timeout=WAIT)
    return made


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(noise()).save(path)
    return path


@pytest.fixture
def ready(panel, photo, qtbot):
    give(panel, photo, qtbot)
    panel.form.set_values({"octaves": 2, "iterations": 4})
    return panel


def give(panel, path, qtbot):
    with qtbot.waitSignal(panel.picture.changed, timeout=WAIT):
        assert panel.opened_with([path])


def dream(panel, qtbot):
    """Dream to the end."""
    with qtbot.waitSignal(panel.finished, timeout=WAIT) as told:
        click(qtbot, panel.controls.start_button)
    qtbot.waitUntil(lambda: panel.history.results != [], timeout=WAIT)
    return told.args[0]


def held(panel, qtbot, opener, steps=2):
    """Begin to dream and pause after some steps."""
    opener.prepare = lambda session: session.gate.clear()
    click(qtbot, panel.controls.start_button)
    qtbot.waitUntil(lambda: panel.runner.state == "running", timeout=WAIT)
    click(qtbot, panel.controls.pause_button)
    session = opener.sessions[-1]
    session.gate.set()
    qtbot.waitUntil(lambda: panel.runner.waiting, timeout=WAIT)
    while session.step < steps:
        before = session.step
        click(qtbot, panel.controls.step_button)
        qtbot.waitUntil(lambda b=before: session.step == b + 1 and panel.runner.waiting, timeout=WAIT)
    return session


# ---- pictures come in


def test_a_dropped_file_is_seen_at_once(panel, photo, qtbot):
    assert not panel.stage.canvas_shown
    with qtbot.waitSignal(panel.picture.changed, timeout=WAIT):
        assert drop(panel, photo)
    assert panel.stage.canvas_shown
    assert np.array_equal(panel.original, noise())
    assert panel.controls.start_button.isEnabled()


def test_image_data_and_the_clipboard_work_too(panel, qtbot):
    mime = QMimeData()
    mime.setImageData(to_image(noise(seed=1)))
    with qtbot.waitSignal(panel.picture.changed, timeout=WAIT):
        assert drop(panel, mime)
    assert np.array_equal(panel.original, noise(seed=1))
    QGuiApplication.clipboard().setImage(to_image(noise(seed=2)))
    with qtbot.waitSignal(panel.picture.changed, timeout=WAIT):
        panel.picture.well.paste()
    assert np.array_equal(panel.original, noise(seed=2))


def test_what_is_no_picture_is_explained_and_changes_nothing(ready, tmp_path, qtbot):
    path = tmp_path / "letter.png"
    path.write_text("Dear network")
    with qtbot.waitSignal(ready.picture.failed, timeout=WAIT):
        ready.opened_with([path])
    told = ready.context.notify.history[-1]
    assert told.severity == "error"
    assert told.text.startswith("letter.png ")  # a long path would hide what is wrong with it
    assert np.array_equal(ready.original, noise())


def test_several_files_and_folders_are_not_taken(panel, photo, tmp_path):
    assert not panel.opened_with([photo, photo])
    assert not panel.opened_with([tmp_path])


def test_another_picture_can_be_undone(ready, tmp_path, qtbot):
    other = tmp_path / "other.png"
    Image.fromarray(noise(seed=3)).save(other)
    give(ready, other, qtbot)
    ready.context.undo.undo()
    assert np.array_equal(ready.original, noise())
    ready.context.undo.redo()
    assert np.array_equal(ready.original, noise(seed=3))


# ---- dreaming


def test_a_dream_shows_pictures_losses_and_ends_in_the_history(ready, qtbot, opener):
    session = held(ready, qtbot, opener, steps=1)
    qtbot.waitUntil(lambda: ready.follower.shown is not None, timeout=WAIT)
    assert ready.follower.shown.shape[:2] == session.stages[0].size  # coarse first
    with qtbot.waitSignal(ready.finished, timeout=WAIT) as told:
        click(qtbot, ready.controls.pause_button)
    assert told.args == ["done"]
    assert ready.follower.shown.shape[:2] == session.stages[-1].size == (48, 64)
    qtbot.waitUntil(lambda: ready.history.results != [], timeout=WAIT)
    assert ready.stage.timeline.slider.maximum() == 8
    ready.stage.drawer.toggle("losses")
    assert {"canvas/loss", "canvas/conv1_1", "canvas/conv1_2 #1"} <= set(ready.stage.curves.plot.curves)
    assert len(ready.history.results) == 1
    assert ready.history.results[0].path.parent == ready.context.workspace / "canvas" / "history"
    assert ready.controls.start_button.text() == "Go on"


def test_settings_masks_and_pictures_are_handed_over(ready, qtbot, opener):
    mask = np.tri(48, 64, dtype=np.float32)
    ready.put_mask("mask", mask)
    dream(ready, qtbot)
    request = opener.requests[-1]
    assert request.settings["iterations"] == 4
    assert request.picture is ready.picture.source
    assert np.array_equal(request.mask, mask)


def test_live_knobs_turn_while_it_runs_and_others_are_locked(ready, qtbot, opener):
    session = held(ready, qtbot, opener)
    assert not ready.form.rows["size"].editor.isEnabled()
    fill(qtbot, ready.form, "step", "0.1")
    qtbot.waitUntil(lambda: session.config.step == 0.1, timeout=WAIT)
    ready.context.undo.undo()
    qtbot.waitUntil(lambda: session.config.step == 0.012, timeout=WAIT)


def test_pause_step_stop_and_go_on(ready, qtbot, opener):
    session = held(ready, qtbot, opener, steps=3)
    assert ready.controls.start_button.text() == "Paused"
    with qtbot.waitSignal(ready.finished, timeout=WAIT) as told:
        click(qtbot, ready.controls.stop_button)
    assert told.args == ["stopped"]
    assert session.step == 3
    with qtbot.waitSignal(ready.finished, timeout=WAIT) as told:
        click(qtbot, ready.controls.start_button)
    assert told.args == ["done"]
    assert ready.runner.session is session
    assert session.finished


def test_a_single_step_from_rest_pauses_after_it(ready, qtbot, opener):
    session = held(ready, qtbot, opener)
    with qtbot.waitSignal(ready.finished, timeout=WAIT):
        click(qtbot, ready.controls.stop_button)
    click(qtbot, ready.controls.step_button)
    qtbot.waitUntil(lambda: session.step == 3 and ready.runner.waiting, timeout=WAIT)


def test_going_on_after_the_end_asks_for_as_many_steps_again(ready, qtbot, opener):
    dream(ready, qtbot)
    assert dream(ready, qtbot) == "done"
    assert ready.form.values()["iterations"] == 8
    assert opener.sessions[-1].step == 12  # four more at the last size
    assert len(opener.sessions) == 1


def test_knobs_turned_at_rest_are_taken_when_it_goes_on(ready, qtbot, opener):
    session = held(ready, qtbot, opener)
    with qtbot.waitSignal(ready.finished, timeout=WAIT):
        click(qtbot, ready.controls.stop_button)
    ready.form.set_values({**ready.form.changed_values(), "step": 0.2})
    dream(ready, qtbot)
    assert session.config.step == 0.2


def test_another_size_or_picture_asks_for_a_new_beginning(ready, qtbot, opener):
    dream(ready, qtbot)
    ready.form.set_values({**ready.form.changed_values(), "size": 32})
    assert ready.controls.start_button.text() == "Dream"
    dream(ready, qtbot)
    assert len(opener.sessions) == 2


def test_another_picture_while_it_runs_ends_it_and_shows_the_new_one(ready, tmp_path, qtbot, opener):
    held(ready, qtbot, opener)
    other = tmp_path / "other.png"
    Image.fromarray(noise(seed=3)).save(other)
    with qtbot.waitSignal(ready.finished, timeout=WAIT):
        give(ready, other, qtbot)
    assert np.array_equal(ready.original, noise(seed=3))
    assert ready.follower.shown is None
    assert ready.controls.start_button.text() == "Dream"
    ready.context.undo.undo()  # the picture comes back, and what was made of it
    assert ready.follower.shown is not None
    assert ready.controls.start_button.text() == "Go on"


def test_noise_needs_no_picture(panel, qtbot, opener):
    panel.form.set_values({"octaves": 1, "iterations": 2, "size": 32})
    with qtbot.waitSignal(panel.finished, timeout=WAIT):
        click(qtbot, panel.empty.state.buttons[2])
    assert opener.requests[-1].picture is None
    assert panel.stage.canvas_shown


# ---- going back


def test_the_timeline_shows_earlier_steps_and_follows_again(ready, qtbot):
    dream(ready, qtbot)
    newest = ready.follower.shown
    with qtbot.waitSignal(ready.picture_shown, timeout=WAIT):
        ready.stage.timeline.slider.setValue(2)
    assert not np.array_equal(ready.follower.shown, newest)
    assert ready.stage.timeline.button.isEnabled()
    with qtbot.waitSignal(ready.picture_shown, timeout=WAIT):
        ready.stage.timeline.slider.setValue(8)
    assert np.array_equal(ready.follower.shown, newest)


def test_going_back_can_be_undone_and_redone(ready, qtbot, opener):
    dream(ready, qtbot)
    session, newest = opener.sessions[-1], ready.follower.shown
    ready.stage.timeline.slider.setValue(2)
    with qtbot.waitSignal(ready.runner.travelled, timeout=WAIT):
        click(qtbot, ready.stage.timeline.button)
    assert session.step == 2
    assert ready.stage.timeline.slider.maximum() == 2
    dream(ready, qtbot)
    assert session.step == 8
    with qtbot.waitSignal(ready.runner.travelled, timeout=WAIT):
        ready.context.undo.undo()
    assert session.step == 8
    assert np.abs(ready.follower.shown.astype(int) - newest).max() <= 1
    with qtbot.waitSignal(ready.runner.travelled, timeout=WAIT):
        ready.context.undo.redo()
    assert session.step == 8
    assert [m.step for m in session.timeline.moments()] == list(range(1, 9))


def test_going_back_stops_what_runs(ready, qtbot, opener):
    session = held(ready, qtbot, opener, steps=4)
    with qtbot.waitSignal(ready.runner.travelled, timeout=WAIT):
        ready.go_on_from(2)
    assert session.step == 2
    assert ready.runner.state == "rested"


# ---- the mask


def test_strokes_reach_a_running_dream_and_can_be_undone(ready, qtbot, opener):
    session = held(ready, qtbot, opener)
    mask = np.tri(48, 64, dtype=np.float32)
    ready.stage.view.stroke_finished.emit(None, mask)
    assert np.array_equal(session.mask_seen, mask)
    assert np.array_equal(ready.stage.view.mask > 0.5, mask > 0.5)
    ready.context.undo.undo()
    assert session.mask_seen is None
    assert ready.stage.view.mask is None
    ready.context.undo.redo()
    assert np.array_equal(session.mask_seen, mask)


def test_a_mask_goes_with_its_picture_and_comes_back_with_it(ready, tmp_path, qtbot):
    mask = np.tri(48, 64, dtype=np.float32)
    ready.stage.view.stroke_finished.emit(None, mask)
    other = tmp_path / "other.png"
    Image.fromarray(noise(32, 32)).save(other)
    give(ready, other, qtbot)
    assert ready.painted is None
    ready.context.undo.undo()
    assert np.array_equal(ready.painted, mask)


# ---- exports, history, recipes


def test_an_export_restores_everything(ready, tmp_path, qtbot, opener):
    mask = np.zeros((48, 64), np.float32)
    mask[:, :32] = 1
    ready.put_mask("mask", mask)
    ready.look.layers.set_line("conv2:2")
    ready.look.line_changed.emit("conv2:2", 0)
    dream(ready, qtbot)
    made = ready.follower.shown
    path = tmp_path / "out" / "dream.png"
    with qtbot.waitSignal(ready.exported, timeout=WAIT):
        ready.export(path)
    assert canvas_files.read_recipe(path)["steps"] == 8
    ready.form.set_values({})
    ready.picture.replace(None)
    with qtbot.waitSignal(ready.restored, timeout=WAIT):
        assert ready.opened_with([path])
    assert ready.form.values()["iterations"] == 4
    assert ready.form.values()["layers"] == "conv2:2"
    assert np.array_equal(ready.original, noise())
    assert np.abs(ready.painted - mask).max() < 0.01
    assert np.array_equal(ready.follower.shown, made)
    dream(ready, qtbot)
    assert np.array_equal(ready.follower.shown, made)


def test_an_earlier_step_is_exported_as_it_is_shown(ready, tmp_path, qtbot):
    dream(ready, qtbot)
    with qtbot.waitSignal(ready.picture_shown, timeout=WAIT):
        ready.stage.timeline.slider.setValue(3)
    path = tmp_path / "early.png"
    with qtbot.waitSignal(ready.exported, timeout=WAIT):
        ready.export(path)
    assert canvas_files.read_recipe(path)["steps"] == 3
    assert np.array_equal(np.asarray(Image.open(path)), ready.follower.shown)


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_other_formats_carry_the_recipe_too(ready, qtbot, suffix):
    dream(ready, qtbot)
    with qtbot.waitSignal(ready.exported, timeout=WAIT) as told:
        ready.export(suffix=suffix)
    assert told.args[0].suffix == suffix
    assert canvas_files.read_recipe(told.args[0])["kind"] == "dream"


def test_the_history_is_there_the_next_day_and_puts_settings_back(ready, context, qtbot, opener):
    dream(ready, qtbot)
    later = DreamPanel(context, opener=opener)
    qtbot.addWidget(later, before_close_func=lambda widget: widget.closing())
    later.show()
    later.entered()
    qtbot.waitUntil(lambda: len(later.history.results) == 1 and later.form is not None, timeout=WAIT)
    with qtbot.waitSignal(later.restored, timeout=WAIT):
        later.stage.results.restored.emit(0)
    assert later.form.values()["iterations"] == 4
    assert np.array_equal(later.original, noise())
    with qtbot.waitSignal(later.picture_shown, timeout=WAIT):
        later.stage.results.shown.emit(0)
    assert np.array_equal(later.follower.shown, ready.follower.shown)


def test_a_removed_result_comes_back_by_undo(ready, qtbot):
    dream(ready, qtbot)
    path = ready.history.results[0].path
    ready.stage.results.removed.emit(0)
    assert ready.history.results == []
    qtbot.waitUntil(lambda: not path.exists(), timeout=WAIT)
    ready.context.undo.undo()
    assert len(ready.history.results) == 1
    qtbot.waitUntil(path.exists, timeout=WAIT)


def test_a_lost_picture_still_gives_the_settings_back(ready, photo, qtbot):
    recipe = {
        "kind": "dream", "version": 1, "config": {"iterations": 7}, "changes": {}, "masks": {}, "steps": 7,
        "sources": {"picture": {"path": "/nowhere/lost.png", "sha256": "0" * 64, "height": 8, "width": 8}},
    }  # fmt: skip
    with qtbot.waitSignal(ready.restored, timeout=WAIT):
        ready.restore(recipe)
    assert ready.form.values()["iterations"] == 7
    assert "lost.png" in ready.context.notify.history[-1].text


def test_copying_puts_the_picture_on_the_clipboard(ready, qtbot):
    dream(ready, qtbot)
    QGuiApplication.clipboard().clear()
    ready.copy()
    assert QGuiApplication.clipboard().image().width() == ready.follower.shown.shape[1]


# ---- settings


def test_a_preset_fills_the_form_and_can_be_undone(ready):
    index = ready.side.presets.findData("chollet")
    ready.side.presets.setCurrentIndex(index)
    ready.side.presets.activated.emit(index)
    assert ready.form.values()["length"] == 20.0
    ready.context.undo.undo()
    assert ready.form.values()["length"] == 0.0


def test_edits_of_one_weight_are_one_undo_step(ready):
    count = ready.context.undo.count()
    for weight in ("1", "1.5", "2"):
        ready.look.line_changed.emit(f"conv2:{weight}", 5)
    assert ready.form.values()["layers"] == "conv2:2"
    assert ready.context.undo.count() == count + 1
    ready.context.undo.undo()
    assert ready.form.values()["layers"] == ""


def test_another_network_is_opened_and_asks_for_a_new_beginning(ready, qtbot):
    dream(ready, qtbot)
    with qtbot.waitSignal(ready.look.backbone_opened, timeout=WAIT):
        ready.look.networks.chosen.emit("vgg19")
    assert ready.form.values()["backbone"] == "vgg19"
    assert ready.controls.start_button.text() == "Dream"
    with qtbot.waitSignal(ready.look.backbone_opened, timeout=WAIT):
        ready.context.undo.undo()
    assert ready.look.networks.currentData() == "compact"


def test_a_network_that_is_not_here_is_downloaded_only_on_request(ready, qtbot, monkeypatch):
    def missing(*_):
        raise NotAvailable("VGG 19 is not here.", "Get it.")

    fetched = []
    monkeypatch.setattr(work, "open_backbone", missing)
    monkeypatch.setattr(backbones, "installed", lambda *_: None)
    monkeypatch.setattr(backbones, "download", lambda *args: fetched.append(args))
    with qtbot.waitSignal(ready.context.notify.posted, timeout=WAIT) as told:
        ready.look.networks.chosen.emit("vgg19")
    assert fetched == []
    button = told.args[0].buttons[0]
    assert "MB" in button.title
    monkeypatch.setattr(work, "open_backbone", lambda *_: fakes.tiny_backbone())
    with qtbot.waitSignal(ready.look.backbone_opened, timeout=WAIT):
        button.callback()
    assert [args[0] for args in fetched] == ["vgg19"]


def test_channels_come_one_after_another_and_a_click_looks_for_one(ready, qtbot, monkeypatch):
    qtbot.waitUntil(lambda: ready.look.backbone is not None, timeout=WAIT)
    made = [{0: noise(24, 24, 0), 1: noise(24, 24, 1)}, {2: noise(24, 24, 2)}]
    monkeypatch.setattr(dream_look, "thumbnails", lambda *_: iter(made))
    monkeypatch.setattr(dream_look, "strengths", lambda *_: np.arange(8, dtype=np.float32))
    added = []
    monkeypatch.setattr(ready.look.grid, "add", lambda channel, pixels: added.append(channel))
    ready.look.layers.channels_wanted.emit("conv2")
    qtbot.waitUntil(lambda: added == [0, 1, 2], timeout=WAIT)
    ready.look.grid.chosen.emit(2)
    assert ready.form.values()["layers"] == "conv2/2:1"
    ready.look.grid.chosen.emit(5)
    assert ready.form.values()["layers"].replace(" ", "") == "conv2/2:1,conv2/5:1"
    ready.context.undo.undo()
    assert ready.form.values()["layers"] == "conv2/2:1"


# ---- pages in place of the canvas


@pytest.fixture
def sheet(ready, qtbot, monkeypatch):
    """The sheet of random dreams, done, in no time."""
    made = [film_work.RandomDream(n, {"layers": f"conv2/{n}:1", "octaves": 2}, noise(24, 24, n)) for n in range(3)]
    monkeypatch.setattr(film_work, "random_dreams", lambda *_: iter(made))
    qtbot.waitUntil(lambda: ready.look.backbone is not None, timeout=WAIT)
    ready.surprise()
    page = ready.stage.stack.currentWidget()
    qtbot.waitUntil(lambda: len(page.dreams) == 3, timeout=WAIT)
    return page


def test_a_random_dream_gives_its_settings_and_can_be_undone(ready, sheet, qtbot):
    size = ready.form.values()["size"]
    item = sheet.list.item(1)
    qtbot.mouseClick(sheet.list.viewport(), Qt.MouseButton.LeftButton, pos=sheet.list.visualItemRect(item).center())
    assert ready.form.values()["layers"] == "conv2/1:1"
    assert ready.form.values()["size"] == size
    assert ready.stage.canvas_shown
    ready.context.undo.undo()
    assert ready.form.values()["layers"] == ""


def test_a_sheet_rests_while_it_is_not_looked_at_and_goes_on(ready, qtbot, monkeypatch):
    firsts, gates = [], [threading.Event(), threading.Event()]

    def dreams(backbone, picture, seed, first):
        firsts.append((seed, first))
        for number in range(first, film_work.SHEET):
            if number == 2:
                gates[len(firsts) - 1].wait(30)
            yield film_work.RandomDream(number, {}, noise(24, 24, number))

    monkeypatch.setattr(film_work, "random_dreams", dreams)
    qtbot.waitUntil(lambda: ready.look.backbone is not None, timeout=WAIT)
    ready.surprise()
    page = ready.stage.stack.currentWidget()
    qtbot.waitUntil(lambda: len(page.dreams) == 2, timeout=WAIT)
    ready.dream_on_folder()  # another page comes in front
    gates[0].set()
    qtbot.waitUntil(lambda: not ready.context.tasks.active, timeout=WAIT)
    assert len(page.dreams) == 2
    gates[1].set()
    with qtbot.waitSignal(page.sheet_done, timeout=WAIT):
        ready.surprise()
    assert [dream.number for dream in page.dreams] == list(range(film_work.SHEET))
    assert firsts[0][0] == firsts[1][0]
    assert firsts[1][1] == 2


def test_places_that_are_still_empty_cannot_be_taken(ready, sheet):
    sheet.list.itemActivated.emit(sheet.list.item(7))
    assert ready.form.values()["layers"] == ""
    assert not ready.stage.canvas_shown


def test_escape_leads_back_to_the_canvas(ready, sheet, qtbot):
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert ready.stage.canvas_shown
    assert ready.stage.timeline.isVisible()


def test_a_zoom_film_is_written_with_its_recipe(context, photo, qtbot, tmp_path):
    from studio.runs.films import read_film_recipe

    panel = DreamPanel(context)
    qtbot.addWidget(panel, before_close_func=lambda widget: widget.closing())
    panel.entered()
    qtbot.waitUntil(lambda: panel.form is not None, timeout=WAIT)
    give(panel, photo, qtbot)
    panel.form.set_values({"size": 48, "octaves": 1, "iterations": 1, "jitter": 0})
    panel.make_film()
    page = panel.stage.stack.currentWidget()
    page.form.set_values({"frames": 2, "iterations": 1})
    with qtbot.waitSignal(page.made, timeout=WAIT):
        page.start(tmp_path / "zoom.gif")
    assert read_film_recipe(tmp_path / "zoom.gif")["film"]["frames"] == 2
    assert page.picture.pixels is not None


def test_a_folder_is_dreamt_on_and_gone_on_with(context, tmp_path, qtbot):
    panel = DreamPanel(context)
    qtbot.addWidget(panel, before_close_func=lambda widget: widget.closing())
    panel.entered()
    qtbot.waitUntil(lambda: panel.form is not None, timeout=WAIT)
    panel.form.set_values({"size": 32, "octaves": 1, "iterations": 1, "jitter": 0})
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for number in range(2):
        Image.fromarray(noise(32, 32, number)).save(folder / f"{number}.png")
    panel.dream_on_folder()
    page = panel.stage.stack.currentWidget()
    page.start()
    assert "no folder" in page.work.problem.text()
    page.set_folder("pictures", folder)
    page.set_folder("out", out)
    for done, skipped in ((2, 0), (0, 2)):
        with qtbot.waitSignal(page.made, timeout=WAIT) as told:
            page.start()
        report = told.args[0]
        assert (len(report.done), len(report.skipped), report.failed) == (done, skipped, ())
    assert canvas_files.read_recipe(out / "0.png")["kind"] == "dream"


@pytest.mark.parametrize(
    ("seconds", "count", "text"),
    [(4.4, 121e6, "about 4 s · 121 MB · 70 steps"), (178, 1.24e9, "about 3 min · 1.2 GB · 70 steps")],
)
def test_the_budget_in_words(seconds, count, text):
    found = Forecast(seconds, int(count), 0.3, 0, measured=True, steps=70)
    assert canvas_budget.words(found) == text


def test_the_budget_is_told_before_the_start(context, photo, qtbot, monkeypatch):
    told = Forecast(40.0, 900_000_000, 0.3, 512, measured=False, steps=80)
    asked = []
    monkeypatch.setattr(canvas_budget, "forecast", lambda *args: asked.append(args) or told)
    panel = DreamPanel(context)
    qtbot.addWidget(panel, before_close_func=lambda widget: widget.closing())
    panel.entered()
    qtbot.waitUntil(lambda: panel.form is not None, timeout=WAIT)
    give(panel, photo, qtbot)
    qtbot.waitUntil(lambda: panel.controls.budget.text() != "", timeout=WAIT)
    assert panel.controls.budget.text() == "roughly 40 s · 900 MB · 80 steps · in tiles of 512 px"
    assert asked[-1][2] == (48, 64)


# ---- when it goes wrong


def test_what_cannot_be_opened_is_said_in_place_and_tried_again(ready, qtbot, opener):
    opener.error = BadInput("The picture is gone.", "Drop it again.")
    with qtbot.waitSignal(ready.runner.refused, timeout=WAIT):
        click(qtbot, ready.controls.start_button)
    assert ready.controls.what.text() == "The picture is gone."
    assert ready.controls.problem.isVisible()
    opener.error = None
    assert dream(ready, qtbot) == "done"
    assert not ready.controls.problem.isVisible()


def test_a_failure_on_the_way_keeps_what_there_is(ready, qtbot, opener):
    def prepare(session):
        session.fail_at = 4

    opener.prepare = prepare
    with qtbot.waitSignal(ready.finished, timeout=WAIT) as told:
        click(qtbot, ready.controls.start_button)
    assert told.args == ["failed"]
    assert "The network is gone." in ready.controls.what.text()
    assert ready.follower.shown is not None


def test_running_out_of_memory_is_said_and_it_goes_on(ready, qtbot, opener):
    def prepare(session):
        session.memory_ends_at = 3

    opener.prepare = prepare
    assert dream(ready, qtbot) == "done"
    assert "tiles" in ready.controls.note.text()
    assert ready.controls.note.isVisible()


def test_stopping_while_it_gets_ready_begins_nothing(ready, qtbot, opener):
    ready.start()
    ready.stop()
    assert ready.runner.state == "idle"
    qtbot.waitUntil(lambda: len(opener.sessions) == 1, timeout=WAIT)
    assert ready.runner.job is None


def test_closing_while_it_runs_ends_it(context, photo, qtbot, opener):
    made = DreamPanel(context, opener=opener)
    qtbot.addWidget(made, before_close_func=lambda widget: widget.closing())
    made.entered()
    qtbot.waitUntil(lambda: made.form is not None, timeout=WAIT)
    give(made, photo, qtbot)
    made.form.set_values({"iterations": 2000})
    made.start()
    qtbot.waitUntil(lambda: made.runner.state == "running", timeout=WAIT)
    made.closing()
    assert made.runner.job is None or not made.runner.job.running


def test_building_the_page_imports_nothing_heavy(tmp_path):
    code = (
        "import sys; from pathlib import Path; from PySide6.QtWidgets import QApplication; app = QApplication([]);"
        "from studio.core.store import Store; from studio.ui.context import Context; from studio.ui.theme import Theme;"
        "from studio.ui.settings import Settings; from studio.ui.panels.dream import DreamPanel;"
        "panel = DreamPanel(Context(Store(Path(sys.argv[1])), Settings(), Theme('dark'))); panel.show(); panel.grab();"
        "print([name for name in ('torch', 'pyqtgraph', 'torchvision') if name in sys.modules])"
    )
    env = {"QT_QPA_PLATFORM": "offscreen", "GENERATIVE_STUDIO_CONFIG": str(tmp_path / "c"), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "w")],
        capture_output=True, text=True, timeout=60, env=env, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr
