"""A page about one run: choosing, opening, failing, cancelling, and a run that finishes meanwhile."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from studio.core.errors import BadCheckpoint
from studio.ui.panels import run_picker
from studio.ui.panels.run_page import RunPage
from studio.ui.panels.run_picker import RunPicker
from tests.ui.fakes_explore import add_run


class Simple(RunPage):
    """Shows what the opener returned."""

    id, title, icon = "simple", "Simple", "explore"
    empty = ("Nothing yet", "Train something.")
    invitation = "It opens here."

    def __init__(self, context, opener, needs=()):
        super().__init__(context, None, RunPicker(context, "image", needs), opener)
        self.shown = QLabel()
        self.frame(self.shown)

    def begin(self, opened):
        self.shown.setText(opened)
        self.ready.emit()

    def forget(self):
        self.shown.clear()


@pytest.fixture
def page(context, qtbot):
    """Return a function that makes the page; the opener's calls are kept in `page.asked`."""

    def make(opener=lambda asked: f"open {asked}", needs=()):
        def count(workspace, run, checkpoint, progress):
            made.asked.append((run, checkpoint))
            return opener(progress) if opener.__name__ != "<lambda>" else opener(len(made.asked))

        made = Simple(context, count, needs)
        made.asked = []
        qtbot.addWidget(made, before_close_func=lambda widget: widget.closing())
        made.show()
        made.entered()
        return made

    return make


def said(page):
    """Return the title of the state that is shown instead of the content."""
    return page.stack.currentWidget().title.text()


def test_without_runs_it_leads_to_training_and_with_runs_it_asks_for_one(page, context, qtbot):
    made = page()
    assert said(made) == "Nothing yet"
    assert not made.runs.isVisible()
    with qtbot.waitSignal(context.show_panel) as asked:
        qtbot.mouseClick(made.empty_state.buttons[0], Qt.MouseButton.LeftButton)
    assert asked.args == ["train"]
    add_run(context.store)
    context.runs_changed.emit()
    assert said(made) == "Choose a run"
    assert made.runs.isVisible()
    newer = add_run(context.store, "newer", created="2027-01-02T03:04:05+00:00")
    context.runs_changed.emit()
    with qtbot.waitSignal(made.ready):
        qtbot.mouseClick(made.waiting_state.buttons[0], Qt.MouseButton.LeftButton)
    assert made.asked == [(newer.id, "best")]


def test_no_run_is_called_missing_before_it_is_known_what_they_can_do(page, context, qtbot, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(run_picker, "able_recipes", lambda needs: gate.wait(10) and frozenset({"vae"}))
    add_run(context.store)
    made = page(needs={"Encodes"})
    assert said(made) == "Looking for runs…"
    gate.set()
    qtbot.waitUntil(lambda: said(made) == "Choose a run")


def test_a_run_that_cannot_be_opened_can_be_tried_again(page, context, qtbot):
    record, broken = add_run(context.store), [True]

    def opener(progress):
        if broken.pop():
            raise BadCheckpoint("Its data was moved away.", "Bring it back.")
        return "open"

    made = page(opener)
    made.open_run(record)
    qtbot.waitUntil(lambda: said(made) == "This run cannot be opened")
    assert made.failed_state.text.text() == "Its data was moved away. Bring it back."
    broken.append(False)
    with qtbot.waitSignal(made.ready):
        qtbot.mouseClick(made.failed_state.buttons[0], Qt.MouseButton.LeftButton)
    assert made.stack.currentWidget() is made.shown


def test_cancelling_while_it_opens_leaves_a_way_back(page, context, qtbot):
    record, gate = add_run(context.store), threading.Event()

    def opener(progress):
        gate.wait(10)
        progress(0, 0, "")
        return "open"

    made = page(opener)
    made.open_run(record)
    context.tasks.active[0].cancel()
    gate.set()
    qtbot.waitUntil(lambda: said(made) == "Not opened")
    with qtbot.waitSignal(made.ready):
        made.reopen()


def test_only_the_newest_choice_is_shown(page, context, qtbot):
    first, second, gate = add_run(context.store), add_run(context.store, "gan"), threading.Event()

    def opener(progress):
        run = made.asked[-1][0]
        if run == first.id:
            gate.wait(10)
        return run

    made = page(opener)
    made.open_run(first)
    qtbot.waitUntil(lambda: bool(made.asked))
    made.open_run(second)
    qtbot.waitUntil(lambda: made.shown.text() == second.id)
    gate.set()
    qtbot.waitUntil(lambda: not context.tasks.active)
    assert made.shown.text() == second.id


def test_a_run_that_has_finished_meanwhile_is_offered_once(page, context, qtbot):
    record = add_run(context.store, status="running", pid=os.getpid())
    made = page()
    with qtbot.waitSignal(made.ready):
        made.open_run(record)
    context.runs_changed.emit()
    assert context.notify.history == []
    (record.path / "checkpoints" / "step_0000000030").mkdir()
    finish(context, record)
    context.runs_changed.emit()
    (note,) = context.notify.history
    assert "finished training" in note.text
    assert made.shown.text() == "open 1"
    assert made.runs.checkpoint_box.findData("30") > 0
    with qtbot.waitSignal(made.ready):
        note.buttons[0].callback()
    assert made.shown.text() == "open 2"


def test_a_run_that_had_no_weights_yet_opens_by_itself_when_it_has_finished(page, context, qtbot):
    record = add_run(context.store, status="running", pid=os.getpid(), checkpoint="")

    def opener(progress):
        if len(made.asked) == 1:
            raise BadCheckpoint("There are no weights yet.", "Wait.")
        return "open"

    made = page(opener)
    made.open_run(record)
    qtbot.waitUntil(lambda: said(made) == "This run cannot be opened")
    context.runs_changed.emit()
    assert made.runs.record is not None
    assert made.runs.record.id == record.id
    finish(context, record)
    with qtbot.waitSignal(made.ready):
        context.runs_changed.emit()


def finish(context, record):
    """Let a run be done."""
    context.store.update(replace(record, status="done"))
