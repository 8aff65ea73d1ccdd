"""The benchmarks measure what they say; how quick this machine is, is not a matter of tests."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from studio.app.bench import canvas, engine, policy, race, recipes
from studio.app.bench.canvas_plain import PlainDream, PlainTransfer
from studio.app.bench.plain import batches, plain_loop
from studio.app.bench.report import Report, median
from studio.app.bench.subjects import BATCH, ShapePictures, Subject
from studio.app.main import main
from studio.canvas.dream import DreamSession
from studio.canvas.dream_config import DreamConfig
from studio.canvas.picture import to_tensor
from studio.canvas.transfer import TransferSession
from studio.canvas.transfer_config import Style, TransferConfig
from studio.core import events as ev
from studio.core.compute import Compute, Policy
from studio.core.feed import Feed
from studio.core.knobs import make
from tests.canvas.fakes import tiny_backbone


@pytest.fixture(scope="module")
def data():
    return ShapePictures(16)


def test_a_report_is_json(capfd):
    report = Report("name", {"ratio": 1.23456, "broken": 2.0}, {"ratio_at_most_2": True})
    document = json.loads(json.dumps(report.to_json()))
    assert list(document) == ["name", "figures", "machine", "holds", "notes"]
    assert document["figures"]["ratio"] == 1.235
    assert document["machine"]["cores"] >= 1


def test_median():
    assert median([3, 1, 2]) == 2
    assert median([4, 1, 3, 2]) == 2.5


def test_both_sides_see_the_same_batches(data):
    plain = batches(data.pictures, seed=0)
    feed = Feed(data.train, BATCH, 0, Compute(Policy()))
    for step in range(feed.per_epoch + 2):
        torch.testing.assert_close(next(plain), feed.batch(step).x)


@pytest.mark.parametrize("recipe", ["vae", "dcgan"])
def test_plain_loops_learn_what_the_recipes_learn(recipe, data):
    """From the same weights the two first losses agree; both go on finite."""
    subject = Subject(recipe, 16)
    plain = policy.PlainSide(subject, data)
    chosen = policy.ChosenSide(subject, data, Policy(), plain.watched)
    plain.turn()
    chosen.turn()
    assert chosen.curve.losses[0] == pytest.approx(plain.curve.losses[0], rel=0.05)
    assert all(math.isfinite(loss) for loss in plain.curve.losses + chosen.curve.losses)
    assert policy.deviation(chosen.curve.losses, plain.curve.losses) < 1


def test_a_plain_loop_changes_the_networks_it_was_given(data):
    recipe = Subject("vae", 16).build(data, Compute(Policy()))
    before = [p.clone() for p in recipe.parameters()]
    plain_loop(recipe).step(next(batches(data.pictures, 0)))
    assert any(not torch.equal(a, b) for a, b in zip(before, recipe.parameters(), strict=True))


def test_macs_are_counted_forwards_and_backwards(data):
    side = policy.ChosenSide(Subject("vae", 16), data, Policy(), "loss")
    macs = policy.macs_of_step(side)
    weights = sum(p.numel() for p in side.recipe.parameters())
    assert macs > 2 * BATCH * weights  # convolutions use each weight at many places


def test_deviation_is_relative_and_looks_at_the_second_half():
    assert policy.deviation([9, 9, 1.1, 1.1], [5, 5, 1.0, 1.0]) == pytest.approx(0.1)


def test_the_engine_side_fetches_its_metrics(data, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "TURN_SECONDS", 0.05)
    subject = Subject("vae", 16)
    loop = engine.EngineLoop(subject, data, Policy(), tmp_path)
    seconds = loop.turn()
    assert 0 < seconds < 10
    assert loop.engine.step > 0
    assert not isinstance(next(loop.events), ev.Finished)
    bare = engine.BareLoop(subject, data, Policy())
    assert bare.turn() > 0
    assert bare.number > 0


@pytest.mark.slow
def test_bench_start_prints_a_report(capfd):
    assert main(["bench", "start", "--quick", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["name"] == "start"
    assert document["figures"]["first_paint_s"] > 0
    assert document["holds"]["torch_not_loaded"]


# ---- canvas


@pytest.fixture(scope="module")
def transferring():
    """A transfer of 48 px with a tiny network, in fp32: the tutorial's loop and the session."""
    backbone = tiny_backbone(seed=1)
    settings = {"scaling": "code", "optimizer": "adam", "pooling": "max", "average": 0.0, "iterations": 10_000}
    more = {"size": 48, "smallest": 48, "style_fit": "stretch", "content": 10.0, "style": 50.0, "tv": 1e-4}
    config = make(TransferConfig, {**settings, **more})
    content, style = canvas.picture(48, 48, 0), canvas.picture(48, 48, 1)
    plain = PlainTransfer(config, backbone, to_tensor(content.pixels), to_tensor(style.pixels))
    session = TransferSession(config, backbone, Compute(Policy()), content, [Style(style)])
    return plain, race.Worked(session)


def test_the_plain_transfer_has_the_losses_of_the_session(transferring):
    """In the same precision the two curves are the same, and what the race says of them is finite."""
    plain, worked = transferring
    figures, curves = race.race("transfer", plain, worked, True, lambda _: None)
    assert figures["transfer_loss_deviation"] < 0.002
    assert figures["transfer_speedup"] > 0
    assert set(curves) == {"transfer_plain", "transfer_session"}
    for curve in curves.values():
        seconds, losses = zip(*curve, strict=True)
        assert list(seconds) == sorted(seconds)
        assert losses[-1] < losses[0]
        assert len(curve) <= race.MOST_POINTS + 1


def test_the_plain_dream_has_the_losses_of_the_session():
    config = DreamConfig(size=64, octaves=1, iterations=10_000, jitter=0)
    source, backbone = canvas.picture(48, 64, 2), tiny_backbone()
    plain = PlainDream(config, backbone, to_tensor(source.pixels))
    worked = race.Worked(DreamSession(config, backbone, Compute(Policy()), source))
    figures, curves = race.race("dream", plain, worked, True, lambda _: None)
    assert figures["dream_loss_deviation"] < 0.002
    assert curves["dream_session"][-1][1] > curves["dream_session"][0][1]


def test_the_loss_at_a_time_lies_between_two_points():
    assert race._at([[0.0, 8.0], [2.0, 4.0], [4.0, 2.0]], 3.0) == pytest.approx(3.0)


def test_first_previews_are_timed_from_the_wish(tmp_path):
    found = canvas.first_previews(64, tmp_path, tiny_backbone())
    assert len(found) == 4
    assert all(0 < seconds < 120 for seconds in found.values())


def test_every_promise_of_the_canvas_is_judged():
    good = {
        "transfer_speedup": 5.0,
        "dream_speedup": 4.0,
        "transfer_loss_deviation": 0.01,
        "dream_loss_deviation": 0.01,
        "transfer_loss_ratio_at_equal_time": 0.5,
        "dream_loss_ratio_at_equal_time": 1.5,
        "preview_dream_s": 1.0,
        "gap_p99_ms": 10.0,
    }
    assert all(canvas.promises(good).values())
    bad = {name: (0.1 if name.endswith("speedup") or name.startswith("dream_loss_r") else 99.0) for name in good}
    assert not any(canvas.promises(bad).values())


def test_a_report_with_curves_carries_them():
    document = Report("name", {}, {}, series={"a": [[0.0, 1.0]]}).to_json()
    assert document["series"] == {"a": [[0.0, 1.0]]}


@pytest.mark.slow
def test_bench_canvas_prints_a_report(capfd):
    assert main(["bench", "canvas", "--quick", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["name"] == "canvas"
    assert document["figures"]["transfer_speedup"] > 0
    assert document["figures"]["gap_p99_ms"] > 0
    assert len(document["holds"]) == 8


def test_made_up_examples_follow_the_presets_data():
    from studio.core.registry import recipe
    from studio.nn.summary import preset_spec

    for name in ("cnn-classifier", "wgan-gp", "lstm-text"):
        cls = recipe(name)
        spec = preset_spec(cls.presets[0], cls)
        made = recipes.MadeUpData(spec, 8).train
        x, y = made.gather(np.array([1, 5]))
        assert x.shape == (2, *spec.shape)
        assert (y is None) == (not spec.classes and spec.kind == "image")
        again = made.gather(np.array([1, 5]))[0]
        assert np.array_equal(x, again)


def test_a_recipe_is_timed_against_plain_fp32():
    from studio.core.registry import recipe

    figures, note = recipes.measure(recipe("mlp-classifier"), quick=True)
    assert figures["plain_per_second"] > 0
    assert figures["chosen_per_second"] > 0
    assert figures["ratio"] > 0
    assert "mlp-classifier / atienza, batch 64" in note
