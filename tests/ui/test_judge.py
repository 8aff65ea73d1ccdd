"""Judge: choosing, examining, the verdict, the evidence, remedies, cancelling and failing."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from studio.core.control import Control
from studio.core.errors import StudioError
from studio.core.records import RunRecord
from studio.quality.doctor import Finding
from studio.quality.remedies import REMEDIES, fitting
from studio.ui.panels.judge import JudgePanel
from studio.ui.panels.judge_evidence import critic_in_words
from studio.ui.panels.judge_work import Examination
from tests.ui.panel_tests import PanelTests

PRESENT = {"lr_d": 2e-4, "lr_g": 1e-4, "label_noise": 0.0, "steps": 100}


def pictures(count):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), np.uint8)


def finding(kind, sentence, severity, *, training=False):
    found = Finding(kind, severity, sentence, {"certain": 1.0}, (), REMEDIES[kind])
    return found, tuple(fitting(found.remedies, PRESENT, ["wgan-gp"], training=training))


def examination(run_id="run", findings=None, **changes):
    figure = {"title": "Fréchet distance", "value": 3.25, "low": 1.0, "high": 5.0, "reference": 0.5, "better": "lower"}
    document = {
        "count": 1000,
        "network": {"name": "CNN-64 trained on digits, 99.1 % held out"},
        "evidence": {"looked_at": 256, "copies": 2, "nearest_pixels": 0.1, "nearest_pixels_of_held_out": 0.08},
        "figures": [{**figure, "protocol": "1,000 real and 1,000 generated; seed 0"}],
        "classes": {"names": ["a", "b"], "counts": [900, 100], "expected": [0.5, 0.5], "covered": 2},
        "agreement": {"share": 0.97, "low": 0.95, "high": 0.99},
    }
    steps = np.arange(1, 100)
    made = Examination(
        run=run_id,
        recipe="dcgan",
        source="digits",
        options={},
        step=100,
        findings=tuple(findings or [finding("discriminator", "The discriminator has won.", 0.9)]),
        samples=pictures(12),
        by_pixels=pictures(12),
        by_features=pictures(12),
        pairs=pictures(4),
        repeats="2 equal pairs among 256 samples.",
        document=document,
        series={"loss_d": (steps, 1 / steps), "acc_real": (steps, steps / 100)},
        live=frozenset({"lr_d", "lr_g", "train_only"}),
    )
    return replace(made, **changes)


@pytest.fixture
def record(context):
    spec = {"kind": "image", "name": "digits", "shape": [1, 8, 8]}
    return context.store.create(
        RunRecord(
            id="",
            path=context.workspace,
            recipe="dcgan",
            title="DCGAN",
            status="done",
            steps=100,
            data={"source": "digits", "spec": spec},
        )
    )


@pytest.fixture
def panel(context, record, qtbot):
    made = JudgePanel(context, examiner=lambda workspace, run, checkpoint, progress: examination(run))
    qtbot.addWidget(made, before_close_func=lambda widget: widget.closing())
    made.resize(1200, 740)
    made.show()
    made.runs.refresh()
    return made


def examine(panel, record, qtbot):
    with qtbot.waitSignal(panel.examined, timeout=10_000):
        panel.open_run(record)


class TestJudge(PanelTests):
    panel = JudgePanel


class TestJudgeFull(PanelTests):
    """The same with an examination on show."""

    panel = JudgePanel

    @pytest.fixture
    def shown(self, panel, record, qtbot):
        examine(panel, record, qtbot)
        qtbot.wait(80)
        return panel


def test_without_runs_it_says_what_to_do(context, qtbot):
    made = JudgePanel(context)
    qtbot.addWidget(made, before_close_func=lambda widget: widget.closing())
    made.show()
    assert made.stack.currentWidget() is made._empty
    with qtbot.waitSignal(context.show_panel) as asked:
        made._empty.buttons[0].click()
    assert asked.args == ["train"]


def test_the_sentence_the_evidence_and_the_remedies_are_shown(panel, record, qtbot):
    examine(panel, record, qtbot)
    assert panel.verdict.sentence.text() == "The discriminator has won."
    assert [b.text() for b in panel.verdict.remedies] == [
        "Slow the discriminator down",
        "Soften the targets",
        "Start again as WGAN-GP",
    ]
    evidence = panel.evidence
    assert [len(row.pictures) for row in evidence.neighbours] == [12, 12, 12]
    assert evidence.classes.texts == ("90 % (50 %)", "10 % (50 %)")
    assert "97.0 %" in evidence._texts["classes"].text()
    assert set(evidence.curves.plot.curves) == {"train/loss_d", "train/acc_real"}
    assert evidence.figures.table.item(0, 2).text() == "1 to 5"
    assert evidence.figures.table.item(0, 0).toolTip() == "1,000 real and 1,000 generated; seed 0"
    assert len(evidence.pairs.pictures) == 4


def test_another_examination_replaces_the_first(panel, record, qtbot, context):
    examine(panel, record, qtbot)
    findings = [finding("healthy", "Nothing is wrong.", 0.0)]
    panel._examiner = lambda workspace, run, checkpoint, progress: examination(run, findings, pairs=pictures(0))
    with qtbot.waitSignal(panel.examined, timeout=10_000):
        qtbot.mouseClick(panel.examine_button, Qt.MouseButton.LeftButton)
    assert panel.verdict.sentence.text() == "Nothing is wrong."
    assert [b.text() for b in panel.verdict.remedies] == ["Train on, twice as long"]
    assert panel.evidence.pairs.pictures is None


def test_a_remedy_prepares_a_branch(panel, record, qtbot, context):
    examine(panel, record, qtbot)
    with qtbot.waitSignal(context.prepare_run) as asked:
        qtbot.mouseClick(panel.verdict.remedies[0], Qt.MouseButton.LeftButton)
    assert asked.args == [record.id, "", {"lr_d": 1e-4}]
    with qtbot.waitSignal(context.prepare_run) as asked:
        qtbot.mouseClick(panel.verdict.remedies[2], Qt.MouseButton.LeftButton)
    assert asked.args == [record.id, "wgan-gp", {}]


def test_knobs_of_a_running_job_are_turned(panel, record, qtbot, context):
    job = SimpleNamespace(run=SimpleNamespace(id=record.id), control=Control())
    context.jobs.append(job)
    findings = [finding("discriminator", "The discriminator has won.", 0.9, training=True)]
    asked = []

    def examiner(workspace, run, checkpoint, progress):
        asked.append(checkpoint)
        return examination(run, findings)

    panel._examiner = examiner
    examine(panel, record, qtbot)
    assert asked == ["last"]  # its newest checkpoint
    qtbot.mouseClick(panel.verdict.remedies[0], Qt.MouseButton.LeftButton)
    assert job.control.take_knobs() == {"train_only": "_g"}
    qtbot.mouseClick(panel.verdict.remedies[2], Qt.MouseButton.LeftButton)  # label noise: not live here
    assert job.control.take_knobs() == {}
    assert "still trains" in context.notify.history[-1].text
    context.jobs.remove(job)


def test_a_failure_is_said_in_place(panel, record, qtbot):
    def fail(workspace, run, checkpoint, progress):
        raise StudioError("The data is gone.", "Bring it back.")

    panel._examiner = fail
    panel.open_run(record)
    qtbot.waitUntil(lambda: "cannot be examined" in panel._waiting.title.text(), timeout=10_000)
    assert panel._waiting.text.text() == "The data is gone. Bring it back."
    assert panel.examine_button.isEnabled()


def test_figures_of_more_samples_replace_those_on_show(panel, record, qtbot, monkeypatch):
    examine(panel, record, qtbot)
    asked = []

    def measure(workspace, run, step, progress):
        asked.append((run, step))
        figure = examination().document["figures"][0]
        return [{**figure, "value": 2.5}, {**figure, "title": "FID"}], "FID is not here."

    monkeypatch.setattr("studio.ui.panels.judge_work.measure", measure)
    figures = panel.evidence.figures
    figures.measure_button.click()
    assert not figures.measure_button.isEnabled()
    qtbot.waitUntil(lambda: figures.measure_button.isEnabled(), timeout=10_000)
    assert asked == [(record.id, 100)]
    assert (figures.table.item(0, 1).text(), figures.table.item(1, 0).text()) == ("2.5", "FID")
    assert figures.protocol.text().endswith("FID is not here.")


def test_it_can_be_cancelled_and_begun_again(panel, record, qtbot, context):
    begun = threading.Event()

    def endless(workspace, run, checkpoint, progress):
        while True:
            begun.set()
            progress(1, 2, "Drawing samples")

    normal, panel._examiner = panel._examiner, endless
    panel.open_run(record)
    qtbot.waitUntil(lambda: begun.is_set() and "50 %" in panel._waiting.text.text(), timeout=10_000)
    assert not panel.examine_button.isEnabled()
    [activity] = context.tasks.active
    activity.cancel()
    qtbot.waitUntil(lambda: panel.examine_button.isEnabled(), timeout=10_000)
    assert panel._waiting.title.text() == "Ready to examine"
    panel._examiner = normal
    with qtbot.waitSignal(panel.examined, timeout=10_000):
        panel.examine_button.click()


def test_only_runs_that_draw_pictures_are_offered(panel, record):
    assert panel.runs.count == 1
    panel._known(frozenset({"vae"}))
    assert panel.runs.count == 0
    panel._known(frozenset({"dcgan"}))
    assert panel.runs.count == 1


def test_a_remedy_says_what_it_changes_before_the_click(panel, record, qtbot):
    examine(panel, record, qtbot)
    [slower, *_] = panel.verdict.remedies
    told = [made.text() for made in slower.parent().findChildren(QLabel)]
    assert "lr_d  0.0002 → 0.0001" in told
    assert "Fills in a branch of this run in Train." in told
    assert "lr_d  0.0002 → 0.0001" in slower.accessibleDescription()


def test_a_knob_turned_on_a_running_job_can_be_turned_back(panel, record, qtbot, context):
    job = SimpleNamespace(run=SimpleNamespace(id=record.id), control=Control())
    context.jobs.append(job)
    findings = [finding("discriminator", "The discriminator has won.", 0.9, training=True)]
    panel._examiner = lambda workspace, run, checkpoint, progress: examination(run, findings)
    examine(panel, record, qtbot)
    alone, slower, *_ = panel.verdict.remedies
    assert "train_only  all → G" in alone.accessibleDescription()
    for pressed, turned, back in (
        (alone, {"train_only": "_g"}, {"train_only": ""}),
        (slower, {"lr_d": 1e-4}, {"lr_d": 2e-4}),
    ):
        assert "Turned at once" in pressed.accessibleDescription()
        qtbot.mouseClick(pressed, Qt.MouseButton.LeftButton)
        assert job.control.take_knobs() == turned
        [undo] = context.notify.history[-1].buttons
        undo.callback()
        assert job.control.take_knobs() == back
    context.jobs.remove(job)


def test_remedies_take_no_more_room_than_their_words_need(panel, record, qtbot):
    panel.resize(1200, 2400)
    examine(panel, record, qtbot)
    verdict = panel.verdict
    qtbot.waitUntil(lambda: verdict.height() == verdict.heightForWidth(verdict.width()), timeout=10_000)


def test_a_critic_is_told_in_words():
    told = critic_in_words({"distance": 3.21, "distance_grown": 2.5, "clipped": 0.971})
    assert told == (
        "Lately the critic sees a distance of 3.21, 2.5 times what it was when half of the run was over."
        " 97 % of its weights stand at the clip."
    )
    assert critic_in_words({"distance": 3.21, "distance_grown": 1.0}).endswith("3.21, not growing: as it should.")
