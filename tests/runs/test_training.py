"""Runs from request to record: what is kept, resumed, branched, killed, shared between processes."""

from __future__ import annotations

import json
import random
import shutil

import numpy as np
import pytest

from studio.core import checkpoint as ckpt
from studio.core import events as ev
from studio.core.control import Control
from studio.core.errors import BadConfig, StudioError
from studio.core.store import Store
from studio.runs.certify import certify, kill_while_training, largest_difference, train_to_end
from studio.runs.request import Request, resolve
from studio.runs.trained import TrainedModel
from studio.runs.training import branch, resume, start

SMALL = {
    "vae": {"batch_size": 32, "filters": "8,8", "hidden": 8, "limit": 256, "steps": 30},
    "dcgan": {"batch_size": 16, "limit": 128, "steps": 12, "size": 16},
}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "work")


def request(recipe="vae", **settings):
    return Request(recipe=recipe, data="digits", settings={**SMALL[recipe], "preview_seconds": 100.0, **settings})


def train(run, control=None):
    return list(run.events(control))


def last(store, run):
    return ckpt.newest(store.run(run.id).path / "checkpoints")[0]


def test_a_run_is_recorded_whole(store):
    run = start(store, request(epochs=2, steps=0))
    events = train(run)
    assert events[-1].status == "done"
    record = store.run(run.id)
    assert record.status == "done"
    assert record.epochs == pytest.approx(2)
    assert record.data["spec"]["name"] == "digits"
    assert record.policy["device"] == "cpu"
    assert record.policy["reason"]
    assert set(record.metrics) == {"train", "val"}
    metrics = store.metrics(run.id)
    assert len(metrics["train/loss"][0]) == record.steps
    assert np.isfinite(metrics["val/loss"][1]).all()
    assert store.previews(run.id)
    assert json.loads((record.path / "run.json").read_text())["recipe"] == "vae"


def test_presets_and_settings_meet_in_resolve():
    resolved = resolve(Request(recipe="vae", preset="chollet", settings={"epochs": "3", "size": 16, "beta": 2}))
    assert resolved.data == "mnist"
    assert resolved.training.epochs == 3
    assert resolved.training.batch_size == 128
    assert resolved.data_options.size == 16
    assert resolved.config.beta == 2.0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (Request(recipe="nothing"), "no recipe"),
        (Request(recipe="vae", preset="nothing"), "no preset"),
        (Request(recipe="vae", settings={"latent": 2}), "no setting"),
        (Request(recipe="vae", settings={"epochs": 0}), "out of range"),
    ],
)
def test_wrong_requests_are_refused(wrong, says):
    with pytest.raises(BadConfig, match=says) as caught:
        resolve(wrong)
    assert caught.value.what_to_do


@pytest.mark.parametrize("recipe", ["vae", "dcgan"])
def test_sigkill_five_times_then_resume_is_exact(tmp_path, recipe):
    whole = Store(tmp_path / "a")
    unbroken = start(whole, request(recipe))
    events = train(unbroken)
    seconds = events[-1].seconds
    store = Store(tmp_path / "b")
    settings = {**request(recipe).settings, "checkpoint_seconds": 0.02}
    run = start(store, Request(recipe=recipe, data="digits", settings=settings))
    policy = whole.run(unbroken.id).policy
    from dataclasses import replace

    store.update(replace(run.record, policy=policy, pid=0))
    dice = random.Random(recipe)
    killed = 0
    for _ in range(12):
        killed += kill_while_training(tmp_path / "b", run.id, dice.uniform(0.0, 0.25) * seconds)
        if killed >= 5:
            break
    assert killed >= 5
    train_to_end(str(tmp_path / "b"), run.id)
    assert largest_difference(last(whole, unbroken), last(store, run)) == 0.0
    steps, _ = store.metrics(run.id)["train/" + ("loss" if recipe == "vae" else "loss_d")]
    assert steps.tolist() == sorted(set(steps.tolist()))
    assert steps[-1] == SMALL[recipe]["steps"]


def test_certify_stores_the_badge(store):
    run = start(store, request(steps=5))
    train(run)
    certificate = certify(store, run.id, steps=12, kills=1)
    assert certificate.exact
    assert store.run(run.id).certified["exact"] is True


def test_stop_and_resume_go_on_where_it_stood(store):
    control = Control()
    run = start(store, request(steps=400))
    for event in run.events(control):
        if isinstance(event, ev.Started):
            control.stop()
    stopped = store.run(run.id)
    assert stopped.status == "stopped"
    assert stopped.steps < 400
    again = resume(store, run.id, steps=stopped.steps + 5)
    train(again)
    assert store.run(run.id).steps == stopped.steps + 5


def test_resume_refuses_to_change_the_past(store):
    run = start(store, request(steps=3))
    train(run)
    with pytest.raises(BadConfig, match="branch"):
        resume(store, run.id, lr=0.1)


def test_branch_makes_a_tree(store):
    run = start(store, request(steps=10))
    train(run)
    child = branch(store, run.id, settings={"lr": 0.01, "steps": 14})
    train(child)
    record = store.run(child.id)
    assert record.parent == run.id
    assert record.parent_step == 10
    assert record.steps == 14
    assert record.config["lr"] == 0.01
    assert store.metrics(child.id)["train/loss"][0].tolist() == [11, 12, 13, 14]
    assert store.run(run.id).config["lr"] != 0.01


def test_branch_needs_a_checkpoint(store):
    run = start(store, request(steps=3))
    with pytest.raises(StudioError, match="no checkpoint"):
        branch(store, run.id)


@pytest.mark.slow
def test_two_processes_reach_the_loss_of_one(tmp_path):
    settings = {"batch_size": 32, "steps": 60, "limit": 512, "filters": "8,8", "hidden": 8, "lr": 2e-3}
    finals = []
    for devices in (1, 2):
        store = Store(tmp_path / str(devices))
        wanted = Request(recipe="vae", data="digits", settings=settings, device="cpu", devices=devices)
        run = start(store, wanted)
        events = train(run)
        assert events[-1].status == "done", events[-1]
        record = store.run(run.id)
        assert record.policy["devices"] == devices
        finals.append(record.metrics["val"]["loss"])
    assert finals[1] == pytest.approx(finals[0], rel=0.03)


def test_failures_before_the_loop_are_told(store):
    run = start(store, Request(recipe="vae", data="/no/such/folder"))
    events = train(run)
    assert events[-1].status == "failed"
    assert "/no/such/folder" in events[-1].error
    assert events[-1].what_to_do
    assert store.run(run.id).status == "failed"


def test_text_is_refused_by_a_picture_recipe(store, tmp_path):
    path = tmp_path / "story.txt"
    path.write_text("once upon a time there was a story . " * 100)
    events = train(start(store, Request(recipe="vae", data=str(path))))
    assert events[-1].status == "failed"


def test_trained_model_is_used(store):
    run = start(store, request(steps=5))
    train(run)
    model = TrainedModel.open(store, run.id)
    assert model.latent_size == 2
    a, b = model.sample(4, seed=1), model.sample(4, seed=1)
    assert a.dtype == np.uint8
    np.testing.assert_array_equal(a, b)
    encoded = model.encoded(limit=20)
    assert encoded.points.shape == (len(encoded.index), 2)
    assert model.decode(encoded.points).shape == encoded.pixels.shape
    assert model.reconstruct(encoded.pixels).shape == encoded.pixels.shape
    with pytest.raises(StudioError, match="2 numbers"):
        model.decode(np.zeros((1, 3), np.float32))
    with pytest.raises(StudioError, match="cannot do that"):
        list(model.write("a", 1))
    with pytest.raises(StudioError, match="no checkpoint"):
        TrainedModel.open(store, run.id, 4711)


def test_a_model_says_that_its_data_was_moved_away_or_that_it_has_no_weights_yet(store, tmp_path):
    run = start(store, request(steps=2))
    train(run)
    model = TrainedModel.open(store, run.id)
    model.record.data["source"] = str(tmp_path / "gone")
    with pytest.raises(StudioError, match=r"is not at .*gone any more"):
        model.data()
    shutil.rmtree(store.run(run.id).path / "checkpoints")
    with pytest.raises(StudioError, match="no checkpoint yet"):
        TrainedModel.open(store, run.id)
