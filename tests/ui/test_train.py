"""The Train panel: choose, set, run, pause, step, stop, look back, go on; pretended runs and a real one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from studio.core.events import Images, Rewound
from studio.core.records import RunRecord
from studio.runs import previews
from studio.runs.pictures import save_png
from studio.runs.recorder import Recorder
from studio.runs.request import Request
from studio.ui.panels import train_work
from studio.ui.panels.train import TrainPanel
from studio.ui.panels.train_controls import clock, rate
from studio.ui.widgets.history import History, Shown
from studio.ui.widgets.preview import PreviewArea
from tests.hands import drop
from tests.ui.fakes import FakeRun
from tests.ui.panel_tests import PanelTests

WAIT = 20_000


class TestPage(PanelTests):
    panel = TrainPanel


@pytest.fixture
def panel(context, qtbot):
    made = TrainPanel(context)
    qtbot.addWidget(made, before_close_func=lambda widget: widget.closing())
    made.resize(1200, 736)
    made.show()
    made.entered()
    qtbot.waitUntil(lambda: made.ready, timeout=WAIT)
    return made


@pytest.fixture
def runs(monkeypatch):
    """Fake runs to be handed out, newest last; `asked` holds the requests."""
    asked: list[Request] = []
    queue: list[FakeRun] = []

    def prepare(workspace, request):
        asked.append(request)
        return queue[-1] if queue else FakeRun()

    monkeypatch.setattr(train_work, "prepare", prepare)
    return queue, asked


def started(panel, qtbot, run, runs, recipe="vae"):
    runs[0].append(run)
    panel.choose(recipe)
    with qtbot.waitSignal(panel.run_started, timeout=WAIT):
        qtbot.mouseClick(panel.run_button, Qt.MouseButton.LeftButton)
    return run


def test_the_gallery_shows_every_recipe_and_finds(panel, qtbot):
    assert {card.info.id for card in panel.gallery.cards} >= {"vae", "dcgan", "lstm-text", "mlp-classifier"}
    assert all(card.info.description and card.info.sources for card in panel.gallery.cards)
    qtbot.keyClicks(panel.gallery.search, "hochreiter")
    assert [card.info.id for card in panel.gallery.visible_cards()] == ["lstm-text"]
    qtbot.keyClick(panel.gallery.search, Qt.Key.Key_Return)
    assert panel.pages.currentWidget() is panel.work_page
    assert panel.setup.chip.text() == "LSTM text writer"
    qtbot.mouseClick(panel.setup.chip, Qt.MouseButton.LeftButton)
    assert panel.pages.currentWidget() is panel.gallery


def test_a_card_is_chosen_by_keyboard(panel, qtbot):
    card = next(c for c in panel.gallery.cards if c.info.id == "mlp-classifier")
    card.setFocus()
    qtbot.keyClick(card, Qt.Key.Key_Return)
    assert panel.setup.info.id == "mlp-classifier"


def test_the_summary_counts_the_model_and_follows_the_form(panel, qtbot):
    panel.choose("vae")
    qtbot.waitUntil(lambda: "parameters" in panel.summary.totals.text(), timeout=WAIT)
    before = panel.summary.totals.text()
    assert panel.summary.model.rowCount() > 2
    line = panel.setup.form.rows["hidden"].editor.line
    line.selectAll()
    qtbot.keyClicks(line, "7")
    qtbot.waitUntil(lambda: panel.summary.totals.text() != before, timeout=WAIT)


def test_a_preset_fills_the_form_and_can_be_undone(panel, context, qtbot):
    panel.choose("vae")
    before = panel.setup.form.values()
    combo: QComboBox = panel.setup.preset
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    preset = panel.setup.chosen_preset
    assert preset is not None
    assert panel.setup.source == preset.data
    assert preset.source in combo.toolTip()
    for name, value in preset.config.items():
        assert panel.setup.form.values()[name] == value
    context.undo.undo()
    assert panel.setup.form.values() == before


def test_chosen_data_stays_when_the_recipe_changes(panel, tmp_path):
    panel.set_data(str(tmp_path))
    panel.choose("vae", "")
    assert panel.setup.source == str(tmp_path)
    panel.choose("dcgan", "")
    assert panel.setup.source == str(tmp_path)
    assert panel.setup.sources.combo.currentData() == str(tmp_path)


def test_only_changed_settings_are_asked_for(panel, qtbot, runs):
    panel.choose("vae")
    row = panel.setup.form.rows["epochs"]
    row.editor.line.selectAll()
    qtbot.keyClicks(row.editor.line, "3")
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT):
        qtbot.mouseClick(panel.run_button, Qt.MouseButton.LeftButton)
    [request] = runs[1]
    assert dict(request.settings) == {"epochs": 3}
    assert (request.recipe, request.preset, request.data) == ("vae", "", "digits")


def test_a_run_is_followed_to_its_end(panel, qtbot, runs):
    run = FakeRun(40)
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT) as ended:
        started(panel, qtbot, run, runs)
    assert ended.args == ["fake-run", "done"]
    loss = panel.curves.plot.curves["train/loss"].series
    assert len(loss) == 40
    assert panel.curves.plot.curves["val/loss"].series.best[0] == 40
    assert panel.preview.scrubber.maximum() == 4
    assert "live" in panel.preview.step.text()
    assert "Done at step 40" in panel.controls.rate.text()
    assert "cpu, fp32" in panel.controls.policy.text()
    assert "Opening digits." in panel.log.text.toPlainText()
    assert panel.controls.open_button.isVisible()
    assert panel.run_button.isEnabled()


def test_pause_step_stop_by_click_and_key(panel, qtbot, runs):
    run = started(panel, qtbot, FakeRun(100_000, 0.001), runs)
    qtbot.waitUntil(lambda: run.done > 5, timeout=WAIT)
    assert not panel.run_button.isEnabled()
    qtbot.mouseClick(panel.controls.pause_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: run.waiting and panel.controls.state == "paused", timeout=WAIT)
    here = run.done
    qtbot.mouseClick(panel.controls.step_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: run.done == here + 1 and run.waiting, timeout=WAIT)
    qtbot.waitUntil(lambda: panel.controls.state == "paused", timeout=WAIT)
    qtbot.keyClick(panel.preview.pictures, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: run.done > here + 5, timeout=WAIT)
    qtbot.waitUntil(lambda: panel.controls.state == "running", timeout=WAIT)
    qtbot.mouseClick(panel.controls.checkpoint_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "checkpoint" in run.asked, timeout=WAIT)
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT) as ended:
        qtbot.mouseClick(panel.controls.stop_button, Qt.MouseButton.LeftButton)
    assert ended.args == ["fake-run", "stopped"]


def test_live_knobs_reach_the_run_and_others_are_locked(panel, qtbot, runs):
    run = started(panel, qtbot, FakeRun(100_000, 0.001), runs)
    rows = panel.setup.form.rows
    assert not rows["epochs"].editor.isEnabled()
    line = rows["beta"].editor.line
    line.selectAll()
    qtbot.keyClicks(line, "3")
    qtbot.waitUntil(lambda: run.knobs.get("beta") == 3.0, timeout=WAIT)
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT):
        panel.runner.do("stop")
    assert rows["epochs"].editor.isEnabled()


def test_looking_back_stays_there_while_the_run_goes_on(panel, qtbot, runs):
    run = started(panel, qtbot, FakeRun(100_000, 0.001), runs)
    qtbot.waitUntil(lambda: panel.preview.scrubber.maximum() >= 2, timeout=WAIT)
    panel.preview.scrubber.setValue(1)
    step = panel.preview.shown.step
    count = panel.preview.scrubber.maximum()
    qtbot.waitUntil(lambda: panel.preview.scrubber.maximum() > count + 1, timeout=WAIT)
    assert panel.preview.shown.step == step
    assert panel.curves.plot.marker.isVisible()
    panel.preview.scrubber.setValue(panel.preview.scrubber.maximum())
    newest = panel.preview.shown.step
    qtbot.waitUntil(lambda: panel.preview.shown.step > newest, timeout=WAIT)
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT):
        panel.runner.do("stop")
    assert run.done > 0


def test_a_failed_run_says_why_in_place_and_as_a_notification(panel, context, qtbot, runs):
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT) as ended:
        started(panel, qtbot, FakeRun(40, fail_at=12), runs)
    assert ended.args == ["fake-run", "failed"]
    assert panel.controls.what.text() == "The disk is full."
    assert panel.controls.advice.text() == "Free some space."
    assert panel.controls.problem.isVisible()
    assert any(n.severity == "error" for n in context.notify.history)
    panel.log.level.setCurrentIndex(2)
    assert "The disk is full." in panel.log.text.toPlainText()
    assert "Opening" not in panel.log.text.toPlainText()


def test_an_invalid_field_stops_nothing_but_the_run(panel, qtbot, runs):
    panel.choose("vae")
    line = panel.setup.form.rows["latent_dim"].editor.line
    line.selectAll()
    qtbot.keyClicks(line, "many")
    qtbot.mouseClick(panel.run_button, Qt.MouseButton.LeftButton)
    assert runs[1] == []
    assert "latent_dim" in panel.controls.what.text()
    assert line.text() == "many"
    assert panel.run_button.isEnabled()


def test_texts_are_shown_as_text(panel, qtbot, runs):
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT):
        started(panel, qtbot, FakeRun(20, text=True), runs, "lstm-text")
    assert panel.preview.text.isVisible()
    assert panel.preview.text.toPlainText() == "the fox at step 20"
    assert panel.controls.open_button.text() == "Open in Write"


def test_a_finished_run_opens_where_it_can_be_used(panel, context, qtbot, runs):
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT):
        started(panel, qtbot, FakeRun(10), runs)
    with qtbot.waitSignal(context.open_run) as opened:
        qtbot.mouseClick(panel.controls.open_button, Qt.MouseButton.LeftButton)
    assert opened.args == ["fake-run", "explore"]


def test_a_dropped_path_becomes_the_data(panel, tmp_path):
    panel.choose("vae")
    assert drop(panel, tmp_path)
    assert panel.setup.source == str(tmp_path)


def test_actions_are_enabled_when_they_make_sense(panel, context, qtbot, runs):
    for action in panel.panel_actions():
        context.actions.add(action)
    panel.choose("vae")
    assert context.actions["train.run"].is_enabled()
    assert not context.actions["train.stop"].is_enabled()
    runs[0].append(FakeRun(100_000, 0.001))
    with qtbot.waitSignal(panel.run_started, timeout=WAIT):
        assert context.actions.trigger("train.run")
    assert not context.actions.trigger("train.run")
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT):
        assert context.actions.trigger("train.stop")


def test_a_real_run_trains_goes_on_branches_and_is_opened_again(panel, context, qtbot):
    small = {"steps": 12, "batch_size": 32, "preview_seconds": 0.0, "validate_every": 0}
    with qtbot.waitSignal(panel.run_finished, timeout=60_000) as ended:
        panel.train(Request(recipe="mlp-classifier", data="digits", settings=small, precision="fp32"))
    run_id, status = ended.args
    assert status == "done"
    assert panel.setup.form.values()["steps"] == 12
    assert len(panel.curves.plot.curves["train/loss"].series) == 12
    qtbot.mouseClick(panel.controls.resume_button, Qt.MouseButton.LeftButton)
    assert "Raise Epochs or Steps" in panel.controls.advice.text()
    line = panel.setup.form.rows["steps"].editor.line
    line.selectAll()
    qtbot.keyClicks(line, "16")
    with qtbot.waitSignal(panel.run_finished, timeout=60_000) as ended:
        qtbot.mouseClick(panel.controls.resume_button, Qt.MouseButton.LeftButton)
    assert ended.args == [run_id, "done"]
    assert context.store.run(run_id).steps == 16
    with qtbot.waitSignal(panel.run_finished, timeout=60_000) as ended:
        qtbot.mouseClick(panel.controls.branch_button, Qt.MouseButton.LeftButton)
    assert context.store.run(ended.args[0]).parent == run_id
    panel.open_run(context.store.run(run_id))
    qtbot.waitUntil(lambda: panel.run_id == run_id, timeout=WAIT)
    assert len(panel.curves.plot.curves["train/loss"].series) == 16


def test_a_stored_run_shows_its_preset_and_changes_for_it_can_be_undone(panel, context, qtbot):
    preset = panel.setup.info_of("vae").presets[0]
    record = RunRecord(id="", path=context.workspace, recipe="vae", preset=preset.name, status="stopped", steps=7)
    record = context.store.create(replace(record, config={"latent_dim": 7}, data={"source": "digits"}))
    panel.prepare_run(record.id, "", {"lr": 0.0123})
    qtbot.waitUntil(lambda: panel.run_id == record.id and bool(context.notify.history), timeout=WAIT)
    rows = panel.setup.form.rows
    assert panel.setup.preset.currentText() == preset.title
    assert (rows["latent_dim"].value, rows["lr"].value) == (7, 0.0123)
    [undo] = context.notify.history[-1].buttons
    undo.callback()
    assert (rows["latent_dim"].value, rows["lr"].value) == (7, rows["lr"].field.default)


def test_a_request_that_cannot_begin_says_so(panel, context, qtbot):
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT) as ended:
        panel.train(Request(recipe="mlp-classifier", data="digits", settings={"epochs": 0}))
    assert ended.args == ["", "failed"]
    assert panel.controls.problem.isVisible()


def test_history_keeps_within_its_budget_and_goes_back():
    import numpy as np

    history = History(budget=20_000)
    for step in range(0, 500, 10):
        history.add(Shown(step, "a", Images(step, "a", np.zeros((1, 32, 32, 1), np.uint8))))
    kept = history["a"]
    assert sum(s.size for s in kept) <= 20_000
    assert kept[0].step == 0
    assert kept[-1].step == 490
    assert [s.step for s in kept] == sorted(s.step for s in kept)
    history.rewind(100)
    assert history["a"][-1].step <= 100


def test_a_rewound_run_forgets_what_came_after(panel, qtbot, runs):
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT):
        started(panel, qtbot, FakeRun(40), runs)
    panel.runner._take([Rewound(20)])
    assert panel.curves.plot.curves["train/loss"].series.steps[-1] == 20
    assert panel.preview.shown.step == 20


def test_durations_and_rates_are_readable():
    assert clock(130) == "2:10"
    assert clock(3723) == "1:02:03"
    assert rate(118.2, "it") == "118 it/s"
    assert rate(15_104, "examples") == "15,104 examples/s"
    assert rate(0.512, "it") == "0.51 it/s"


def test_wishes_about_computing_go_beside_the_settings(panel):
    panel.choose("vae")
    panel.setup.form.set_values({"precision": "fp32", "device": "cpu", "epochs": 3})
    request = panel.setup.request()
    assert (request.precision, request.device, request.compile, request.devices) == ("fp32", "cpu", "auto", 1)
    assert dict(request.settings) == {"epochs": 3}


def test_a_stored_preview_is_shown_in_its_parts_and_an_older_one_whole(context, qtbot, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    new, old = tmp_path / "new.png", tmp_path / "old.png"
    previews.save(new, Images(5, "predictions", pixels, 3, ("cat",) * 6), {"step": 5})
    save_png(old, pixels[0])
    area = PreviewArea(context.theme)
    qtbot.addWidget(area)
    area.add_stored(4, "predictions", old)
    np.testing.assert_array_equal(area.pictures.pictures, pixels[:1])
    area.add_stored(5, "predictions", new)
    np.testing.assert_array_equal(area.pictures.pictures, pixels)
    assert (area.pictures.columns, area.pictures.captions) == (3, ("cat",) * 6)


def test_previews_of_a_stored_run_come_in_the_order_and_under_the_names_they_were_shown(context, tmp_path):
    record = context.store.create(RunRecord(id="", path=tmp_path, recipe="stackedgan"))
    recorder = Recorder(context.store, record)
    pixels = np.zeros((4, 8, 8, 1), np.uint8)
    for name in ("samples", "Constant in z0, -4 to 4"):
        list(recorder.follow([Images(9, name, pixels, 2)]))
    _, stored = train_work.stored(context.workspace, record.id)
    assert [(p.step, p.name) for p in stored.previews] == [(9, "samples"), (9, "Constant in z0, -4 to 4")]
