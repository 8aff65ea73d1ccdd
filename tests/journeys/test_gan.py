"""A GAN in the real window: watch both networks, let one learn alone, turn a rate, look back."""

from __future__ import annotations

import torch
from PySide6.QtCore import Qt

from studio.core import checkpoint as ckpt
from tests.hands import WAIT, fill


def weights(train, qtbot):
    """Ask for a checkpoint and return its weights, without the running statistics of batch normalisation."""
    folder = train.context.store.run(train.run_id).path / "checkpoints"
    last = ckpt.steps(folder)[-1]
    qtbot.mouseClick(train.controls.checkpoint_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ckpt.steps(folder)[-1] > last, timeout=WAIT)
    found = ckpt.newest(folder)[0]
    learned = {k: v for k, v in found.weights.items() if not k.endswith(("_mean", "_var", "_tracked"))}
    return found, learned


def moved(before, after, network):
    """Whether any weight of a network changed."""
    return any(not torch.equal(before[k], after[k]) for k in before if k.startswith(f"{network}/"))


def prepared(window, qtbot, steps):
    """Return the Train page with a small GAN filled in."""
    window.show_panel("train")
    train = window.panels["train"]
    qtbot.waitUntil(lambda: train.ready, timeout=WAIT)
    train.choose("dcgan", "")
    train.set_data("digits")
    small = {"g_base": "8", "g_filters": "8,8", "d_filters": "8,8", "kernel": "3", "batch_size": "16"}
    for name, text in {**small, "steps": str(steps), "preview_seconds": "0"}.items():
        fill(qtbot, train.setup.form, name, text)
    return train


def test_a_gan_is_watched_and_steered(window, qtbot):
    train = prepared(window, qtbot, 1_000_000)
    with qtbot.waitSignal(train.run_started, timeout=WAIT):
        qtbot.mouseClick(train.run_button, Qt.MouseButton.LeftButton)

    # The curves of both networks arrive, losses and accuracies apart.
    wanted = {f"train/{name}" for name in ("loss_d", "loss_g", "acc_real", "acc_fake", "grad_norm_d", "grad_norm_g")}
    qtbot.waitUntil(lambda: wanted <= set(train.curves.plot.curves), timeout=WAIT)
    assert [pane.kind for pane in train.curves.plot.shown_panes] == ["losses", "shares"]

    # Only D: the generator stays as it is; then both go on.
    only = train.controls.only
    qtbot.mouseClick(only.buttons["_d"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: train.controls.policy.text() == "Only D learns now.", timeout=WAIT)
    _, before = weights(train, qtbot)
    found, after = weights(train, qtbot)
    assert moved(before, after, "discriminator")
    assert not moved(before, after, "generator")
    assert found.state["resting"] == ["opt_g"]
    qtbot.mouseClick(only.buttons[""], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: train.controls.policy.text() == "Everything learns again.", timeout=WAIT)
    _, last = weights(train, qtbot)
    assert moved(after, last, "generator")

    # The generator's rate changes while it trains.
    fill(qtbot, train.setup.form, "lr_g", "0.0005")
    qtbot.waitUntil(lambda: train.controls.policy.text() == "lr_g is now 0.0005.", timeout=WAIT)

    # Look back through the previews of the same noise.
    preview = train.preview
    qtbot.waitUntil(lambda: preview.scrubber.maximum() >= 3, timeout=WAIT)
    preview.scrubber.setValue(0)
    assert preview.shown.step == 0
    assert preview.shown.content.pixels.shape[0] == 36
    assert not preview.is_live
    assert train.curves.plot.marker.value() == 0
    with qtbot.waitSignal(train.run_finished, timeout=WAIT) as ended:
        qtbot.mouseClick(train.controls.stop_button, Qt.MouseButton.LeftButton)
    assert ended.args[1] == "stopped"
    assert not only.isVisible()


def stop(train, qtbot):
    """Stop the run on show and wait for its checkpoint."""
    with qtbot.waitSignal(train.run_finished, timeout=WAIT):
        qtbot.mouseClick(train.controls.stop_button, Qt.MouseButton.LeftButton)


def test_a_run_goes_on_with_what_its_checkpoint_says(window, qtbot):
    train = prepared(window, qtbot, 1_000_000)
    with qtbot.waitSignal(train.run_started, timeout=WAIT):
        qtbot.mouseClick(train.run_button, Qt.MouseButton.LeftButton)
    run_id, only = train.run_id, train.controls.only
    qtbot.waitUntil(lambda: "train/loss_d" in train.curves.plot.curves, timeout=WAIT)
    qtbot.mouseClick(only.buttons["_d"], Qt.MouseButton.LeftButton)
    fill(qtbot, train.setup.form, "lr_d", "0.0007")
    qtbot.waitUntil(lambda: train.controls.policy.text() == "lr_d is now 0.0007.", timeout=WAIT)
    stop(train, qtbot)

    # Another run in between, in which both networks learn: the buttons show that one.
    train.choose("dcgan")
    fill(qtbot, train.setup.form, "lr_d", "0.0002")
    with qtbot.waitSignal(train.run_started, timeout=WAIT):
        qtbot.mouseClick(train.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "train/loss_d" in train.curves.plot.curves, timeout=WAIT)
    assert only.chosen == ""
    stop(train, qtbot)

    # The first one goes on as its checkpoint stands, and form and buttons say so.
    train.open_run(train.context.store.run(run_id))
    qtbot.waitUntil(lambda: train.run_id == run_id, timeout=WAIT)
    with qtbot.waitSignal(train.run_started, timeout=WAIT):
        qtbot.mouseClick(train.controls.resume_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: only.chosen == "_d", timeout=WAIT)
    assert train.setup.form.rows["lr_d"].value == 0.0007
    _, before = weights(train, qtbot)
    found, after = weights(train, qtbot)
    assert moved(before, after, "discriminator")
    assert not moved(before, after, "generator")
    assert found.state["resting"] == ["opt_g"]
    assert found.state["live"]["lr_d"] == 0.0007
    stop(train, qtbot)
