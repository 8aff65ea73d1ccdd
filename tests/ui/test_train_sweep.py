"""Sweeps in the window: chosen, counted, trained, compared, opened, written; with real key presses."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from studio.core.store import Store
from studio.runs.request import Request
from studio.runs.sweep import SweepRun, create
from studio.runs.sweep_table import Row
from studio.ui.panels.train import TrainPanel
from studio.ui.panels.train_sweep import about, example
from studio.ui.panels.train_sweep_table import SweepTable
from studio.ui.panels.train_sweep_work import Table

WAIT = 60_000
SMALL = {"limit": 256, "batch_size": 64, "steps": 4, "hidden": 8, "filters": (4, 4), "checkpoint_seconds": 0.0}


@pytest.fixture
def panel(context, qtbot):
    made = TrainPanel(context)
    qtbot.addWidget(made, before_close_func=lambda widget: widget.closing())
    made.resize(1200, 736)
    made.show()
    made.entered()
    qtbot.waitUntil(lambda: made.ready, timeout=WAIT)
    made.set_data("digits")
    made.choose("vae", "")
    made.setup.form.overlay({**SMALL, "precision": "fp32"})
    return made


def replace_text(qtbot, line, text):
    line.setFocus()
    qtbot.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(line, text)


def opened(panel, qtbot):
    """Open the section by keyboard; its first row waits for values."""
    panel.sweep.header.setFocus()
    qtbot.keyClick(panel.sweep.header, Qt.Key.Key_Space)
    assert panel.sweep.is_open
    return panel.sweep.rows[0]


def counted(panel, qtbot, runs):
    qtbot.waitUntil(lambda: panel.sweep.told.text().startswith(f"{runs} run"), timeout=WAIT)
    qtbot.waitUntil(panel.sweep.run_button.isEnabled, timeout=WAIT)


def test_a_sweep_is_typed_trained_compared_and_opened(panel, context, qtbot):
    first = opened(panel, qtbot)
    assert first.knob.currentData() == "lr"
    replace_text(qtbot, first.values, "1e-3, 1e-2")
    counted(panel, qtbot, 2)
    qtbot.keyClick(panel.sweep.add_button, Qt.Key.Key_Space)
    second = panel.sweep.rows[1]
    second.choose("seed")
    replace_text(qtbot, second.values, "1..2")
    counted(panel, qtbot, 4)
    panel.sweep.run_button.setFocus()
    with qtbot.waitSignal(panel.sweeper.finished, timeout=WAIT) as ended:
        qtbot.keyClick(panel.sweep.run_button, Qt.Key.Key_Space)
        qtbot.waitUntil(lambda: panel.runner.busy, timeout=WAIT)
        assert not panel.sweep.run_button.isEnabled()
    assert ended.args[1] == "done"
    table = panel.sweep_table
    assert panel.tabs.currentWidget() is table
    qtbot.waitUntil(lambda: table.model.table is not None and table.model.table.missing == 0, timeout=WAIT)
    rows = table.model.table.rows
    assert len(rows) == 4
    assert [r.val_best for r in rows] == sorted(r.val_best for r in rows)
    assert table.model.index(0, 0).data() == "★"
    assert table.model.index(1, 0).data() == ""
    assert len(context.store.runs()) == 4

    table.view.setFocus()
    qtbot.keyClick(table.view, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(table.view, Qt.Key.Key_Down)
    wanted = rows[1].run
    assert table.chosen_run == wanted
    qtbot.keyClick(table.view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.run_id == wanted and panel.tabs.currentIndex() == 0, timeout=WAIT)
    assert panel.setup.form.values()["seed"] == rows[1].settings["seed"]

    with qtbot.waitSignal(panel.sweeper.exported, timeout=WAIT) as written:
        qtbot.mouseClick(table.export_button, Qt.MouseButton.LeftButton)
    with written.args[0].open() as file:
        assert [line["run"] for line in csv.DictReader(file)] == [r.run for r in rows]


def test_stop_keeps_what_was_trained(panel, qtbot):
    panel.setup.form.overlay({"steps": 4000, "limit": 0})
    panel.sweep.show_texts(["seed=1,2"])
    counted(panel, qtbot, 2)
    with qtbot.waitSignal(panel.sweeper.finished, timeout=WAIT) as ended:
        qtbot.mouseClick(panel.sweep.run_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: panel.controls.stop_button.isEnabled() and bool(panel.run_id), timeout=WAIT)
        qtbot.mouseClick(panel.controls.stop_button, Qt.MouseButton.LeftButton)
    assert ended.args[1] == "stopped"
    table = panel.sweep_table
    qtbot.waitUntil(lambda: {r.status for r in table.model.table.rows} == {"missing", "stopped"}, timeout=WAIT)
    qtbot.waitUntil(table.rest_button.isEnabled, timeout=WAIT)


def test_going_on_from_the_table_trains_what_is_missing(panel, context, qtbot):
    settings = {k: list(v) if isinstance(v, tuple) else v for k, v in SMALL.items()}
    request = Request(recipe="vae", data="digits", precision="fp32", settings=settings)
    store = Store(context.workspace)
    sweep = create(store, request, ["seed=1,2"])
    for event in SweepRun(store, sweep).events():
        if type(event).__name__ == "RunEnded":
            break
    store.close()
    qtbot.mouseClick(panel.sweep.header, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.sweep.table_button, Qt.MouseButton.LeftButton)
    table = panel.sweep_table
    qtbot.waitUntil(lambda: table.id == sweep.id and table.model.table.missing == 1, timeout=WAIT)
    with qtbot.waitSignal(panel.sweeper.finished, timeout=WAIT):
        qtbot.keyClick(table.rest_button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: table.model.table.missing == 0, timeout=WAIT)
    assert {r.status for r in table.model.table.rows} == {"done"}


def test_what_does_not_fit_is_told_in_place(panel, qtbot):
    row = opened(panel, qtbot)
    replace_text(qtbot, row.values, "1e-3, much")
    qtbot.waitUntil(lambda: "must be a number" in panel.sweep.told.text(), timeout=WAIT)
    assert panel.sweep.told.property("role") == "error"
    assert not panel.sweep.run_button.isEnabled()


def test_knobs_that_another_recipe_lacks_go(panel, qtbot):
    panel.sweep.show_texts(["latent_dim=2,3", "seed=1,2"])
    counted(panel, qtbot, 4)
    panel.choose("mlp-classifier", "")
    qtbot.waitUntil(lambda: [r.knob.currentData() for r in panel.sweep.rows] == ["seed"], timeout=WAIT)
    counted(panel, qtbot, 2)


def test_words_for_durations_and_values_to_begin_with(panel):
    assert [about(s) for s in (0.2, 30, 60, 240, 7200)] == [
        "about 1 s",
        "about 30 s",
        "about 1 min",
        "about 4 min",
        "about 2.0 h",
    ]
    fields = {name: row.field for name, row in panel.setup.form.rows.items()}
    assert example(fields["schedule"]).startswith("constant, ")
    assert example(fields["flip"]) == "true, false"
    assert ":" in example(fields["filters"])


def test_the_table_says_why_a_run_failed(context, qtbot):
    table = SweepTable(context.theme)
    qtbot.addWidget(table)
    table.show()
    good, bad = Row(settings={"lr": 0.1}, run="a", status="done", val_best=0.5), Row(settings={"lr": 1.0}, run="b")
    bad = replace(bad, status="failed", error="The loss was not finite at step 3.")
    table.show_table(Table("sweep-1", "vae", "loss", ("Learning rate",), (good, bad), (("sweep-1", "today"),)))
    assert table.told.text() == "2 of 2 finished · 1 failed"
    assert not table.trouble.isVisible()
    qtbot.keyClick(table.view, Qt.Key.Key_Down)
    assert table.trouble.text() == "This run failed: The loss was not finite at step 3."
    assert table.trouble.isVisible()
    qtbot.keyClick(table.view, Qt.Key.Key_Up)
    assert not table.trouble.isVisible()
    titles = [table.model.headerData(i, Qt.Orientation.Horizontal) for i in range(table.model.columnCount())]
    assert titles == ["", "Learning rate", "Status", "Train", "Held out", "Best loss", "At step", "Time"]


def test_long_sweeps_are_told_in_days():
    assert about(67_740 * 3_600) == "about 2,822 days"
