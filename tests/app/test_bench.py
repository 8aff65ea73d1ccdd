"""The benchmarks measure what they say; how quick this machine is, is not a matter of tests."""

from __future__ import annotations

import json
import math

import pytest
import torch

from studio.app.bench import engine, policy
from studio.app.bench.plain import batches, plain_loop
from studio.app.bench.report import Report, median
from studio.app.bench.subjects import BATCH, ShapePictures, Subject
from studio.app.main import main
from studio.core import events as ev
from studio.core.compute import Compute, Policy
from studio.core.feed import Feed


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
