"""A GAN is trained in the window, judged, and branched with a remedy of the doctor."""

from __future__ import annotations

from PySide6.QtCore import Qt

from studio.quality import features
from tests.hands import WAIT, fill

NARROW = {
    "g_filters": "8,8,8",
    "g_base": "8",
    "d_filters": "8,8,8,8",
    "limit": "300",
    "batch_size": "16",
    "steps": "80",
}


def test_a_gan_is_trained_judged_and_branched(window, qtbot, monkeypatch):
    monkeypatch.setattr(features, "FEWEST_STEPS", 40)
    monkeypatch.setattr(features, "MOST_STEPS", 40)

    # Train a tiny GAN on the bundled digits.
    window.show_panel("train")
    train = window.panels["train"]
    qtbot.waitUntil(lambda: train.ready, timeout=WAIT)
    train.set_data("digits")
    card = next(c for c in train.gallery.cards if c.info.id == "dcgan")
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    for name, text in NARROW.items():
        fill(qtbot, train.setup.form, name, text)
    with qtbot.waitSignal(train.run_finished, timeout=WAIT) as ended:
        qtbot.mouseClick(train.run_button, Qt.MouseButton.LeftButton)
    run_id, status = ended.args
    assert status == "done", train.controls.what.text()

    # One click from Train: Judge opens on that run and examines it.
    judge = window.panel("judge")
    with qtbot.waitSignal(judge.examined, timeout=WAIT):
        qtbot.mouseClick(train.controls.judge_button, Qt.MouseButton.LeftButton)
    assert window.current == "judge"
    assert judge.found.run == run_id
    assert judge.verdict.sentence.text().endswith(".")
    assert judge.evidence.neighbours[0].pictures.shape[1:] == (8, 8, 1)
    assert judge.evidence.figures.table.rowCount() == 5
    assert "CNN-64 trained on digits" in judge.evidence.figures.protocol.text()
    judge.grab()

    # A remedy fills Train in; the branch trains with it.
    prepared = [p for _, remedies in judge.found.findings for p in remedies]
    chosen = next(p for p in prepared if p.settings and p.remedy.how == "branch")
    pressed = next(b for b in judge.verdict.remedies if b.text() == chosen.remedy.title)
    qtbot.mouseClick(pressed, Qt.MouseButton.LeftButton)
    assert window.current == "train"
    name, value = next(iter(chosen.settings.items()))
    qtbot.waitUntil(lambda: train.setup.form.values()[name] == value, timeout=WAIT)
    assert train.run_id == run_id
    fill(qtbot, train.setup.form, "steps", "90")
    with qtbot.waitSignal(train.run_finished, timeout=WAIT) as ended:
        qtbot.mouseClick(train.controls.branch_button, Qt.MouseButton.LeftButton)
    branch = window.context.store.run(ended.args[0])
    assert (branch.parent, branch.status) == (run_id, "done")
    assert branch.config[name] == value
