"""Sweeps: grids from text, runs one after another, what is missing after a stop, the table."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest
from safetensors.numpy import load_file

from studio.core import events as ev
from studio.core import registry
from studio.core.control import Control
from studio.core.errors import BadConfig, StoreError
from studio.core.store import Store
from studio.runs.request import Request
from studio.runs.sweep import RunBegan, RunEnded, SweepRun, create, kept, knobs_of, load, plan, runs_of
from studio.runs.sweep_grid import parse_axes, parse_values, points
from studio.runs.sweep_table import estimate, rows, to_csv

SMALL = {"limit": 256, "batch_size": 64, "steps": 6, "validate_every": 1, "hidden": 16, "checkpoint_seconds": 0.0}


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "work")
    yield made
    made.close()


@pytest.fixture(scope="module")
def knobs():
    return knobs_of("vae") | knobs_of("mlp-classifier")


def request(**settings):
    # fp32: what auto chooses is a matter of timing, and two workspaces may choose differently
    return Request(recipe="vae", data="digits", precision="fp32", settings={**SMALL, "filters": "4,4", **settings})


def train(store, sweep, control=None):
    return list(SweepRun(store, sweep).events(control))


def weights(store, run_id):
    return load_file(f"{store.run(run_id).checkpoint}/model.safetensors")


# ---- grids


def test_a_grid_is_the_product_of_its_axes(knobs):
    axes = parse_axes(["seed=1,2,3", "flip=true,false"], knobs)
    assert [a.name for a in axes] == ["seed", "flip"]
    assert points(axes)[:3] == [{"seed": 1, "flip": True}, {"seed": 1, "flip": False}, {"seed": 2, "flip": True}]
    assert len(points(axes)) == 6


def test_ranges_are_even_or_logarithmic_as_the_knob_is(knobs):
    assert knobs["lr"].knob.log
    assert parse_values(knobs["lr"], "1e-4..1e-2x3") == pytest.approx((1e-4, 1e-3, 1e-2))
    assert not knobs["shift"].knob.log
    assert parse_values(knobs["shift"], "0.1..0.3x3") == pytest.approx((0.1, 0.2, 0.3))
    assert parse_values(knobs["seed"], "3..6") == (3, 4, 5, 6)
    assert parse_values(knobs["batch_size"], "16..256x5") == (16, 32, 64, 128, 256)
    assert parse_values(knobs["batch_size"], "1..64") == tuple(
        range(1, 65)
    )  # none is left out, though it is logarithmic
    assert parse_values(knobs["shift"], "0.3..0.1x2, 0.5") == pytest.approx((0.3, 0.1, 0.5))


def test_lists_are_joined_by_colons_and_repetitions_count_once(knobs):
    assert parse_values(knobs["filters"], "8:16, 32") == ((8, 16), (32,))
    assert parse_values(knobs["seed"], "1,2,1") == (1, 2)


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["steps"], "NAME=VALUES"),
        (["steps="], "NAME=VALUES"),
        (["stebs=1"], "stebs"),
        (["seed=1", "seed=2"], "twice"),
        (["lr=1e-4..1e-2"], "how many"),
        (["lr=0.001,-1"], "out of range"),
        (["seed=1..100000"], "100,000 values"),
        (["seed=1..40", "steps=1..40"], "1,600 runs"),
        (["seed=,"], "no value"),
    ],
)
def test_what_cannot_be_swept_is_explained(knobs, texts, told):
    with pytest.raises(BadConfig, match=told):
        parse_axes(texts, knobs)


def test_every_run_is_checked_before_the_first_one_begins(store):
    with pytest.raises(BadConfig):
        create(store, request(), ["latent_dim=2,0"])
    with pytest.raises(BadConfig, match="varies nothing"):
        plan(request(), [])
    assert kept(store) == []


# ---- runs


def test_a_sweep_trains_every_point_and_ranks_them(store):
    sweep = create(store, request(), ["lr=1e-3,1e-2", "seed=1,2"])
    assert estimate(store, sweep) is None
    events = train(store, sweep)
    began = [e for e in events if isinstance(e, RunBegan)]
    assert [(e.number, e.total) for e in began] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert len([e for e in events if isinstance(e, RunEnded)]) == 4
    assert [e.status for e in events if isinstance(e, ev.Finished)] == ["done"]
    assert all(store.run(e.run).tags == (f"sweep:{sweep.id}",) for e in began)
    table = rows(store, sweep)
    assert {(r.settings["lr"], r.settings["seed"]) for r in table} == {(a, b) for a in (1e-3, 1e-2) for b in (1, 2)}
    bests = [r.val_best for r in table]
    assert bests == sorted(bests)
    assert all(r.val_best == store.run(r.run).best["value"] for r in table)
    assert all(r.status == "done" and r.seconds > 0 and math.isfinite(r.train) for r in table)
    assert train(store, sweep) == [ev.Finished(0, "done", 0.0)]  # nothing is missing
    assert estimate(store, sweep) == 0


def test_a_stopped_sweep_goes_on_exactly(store, tmp_path):
    whole = Store(tmp_path / "whole")
    unbroken = create(whole, request(), ["seed=1,2"])
    train(whole, unbroken)
    sweep, control = create(store, request(), ["seed=1,2"]), Control()
    stream = SweepRun(store, sweep).events(control)
    for event in stream:
        if isinstance(event, ev.Started):
            control.stop()
    assert event.status == "stopped"
    assert [r.status for r in rows(store, sweep)].count("missing") == 1
    [(_, first), (_, second)] = runs_of(store, sweep)
    assert first.status == "stopped"
    assert first.steps < SMALL["steps"]
    assert second is None
    train(store, load(store, sweep.id))
    for (point, ours), (same, theirs) in zip(runs_of(store, sweep), runs_of(whole, unbroken), strict=True):
        assert point == same
        assert ours.status == "done"
        mine, other = weights(store, ours.id), weights(whole, theirs.id)
        assert all(np.array_equal(mine[k], other[k]) for k in other)
    assert runs_of(store, sweep)[0][1].id == first.id
    whole.close()


def test_a_run_that_fails_does_not_end_the_sweep(store):
    sweep = create(store, request(), ["only=7:8,0"])  # no class is called so: that run cannot open its data
    events = train(store, sweep)
    assert [e.finished.status for e in events if isinstance(e, RunEnded)] == ["failed", "done"]
    good, bad = rows(store, sweep)
    assert (good.status, bad.status) == ("done", "failed")
    assert bad.error
    assert bad.val_best is None
    assert events[-1].status == "done"


def test_settings_that_break_the_network_do_not_end_the_sweep(store, monkeypatch):
    recipe = registry.recipe("vae")
    build = recipe.build

    def breaking(self, spec, compute):
        if self.config.latent_dim == 3:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
        build(self, spec, compute)

    monkeypatch.setattr(recipe, "build", breaking)
    sweep = create(store, request(), ["latent_dim=3,2"])
    events = train(store, sweep)
    assert [e.finished.status for e in events if isinstance(e, RunEnded)] == ["failed", "done"]
    assert "cannot be multiplied" in rows(store, sweep)[-1].error


def test_the_table_is_written_as_csv(store):
    sweep = create(store, request(), ["filters=4:4,8"])
    [begun, *_] = list(csv.DictReader(io.StringIO(to_csv(rows(store, sweep)))))
    assert begun["filters"] == "4:4"
    assert begun["status"] == "missing"
    assert begun["val_best"] == ""


def test_the_estimate_follows_the_newest_run(store):
    first = create(store, request(), ["seed=1"])
    train(store, first)
    seconds = store.run(rows(store, first)[0].run).seconds
    assert estimate(store, plan(request(), ["seed=1,2,3"])) == pytest.approx(3 * seconds)
    assert estimate(store, plan(request(), ["steps=6,12"])) == pytest.approx(3 * seconds)


def test_kept_sweeps_are_found_again(store):
    sweep = create(store, request(), ["lr=1e-4..1e-2x3", "filters=4:4,8"])
    assert load(store, sweep.id) == sweep
    assert load(store, "last") == sweep
    assert [s.id for s in kept(store)] == [sweep.id]
    with pytest.raises(StoreError, match="0 sweeps"):
        load(store, "sweep-1999")
    (store.workspace / "sweeps" / f"{sweep.id}.json").write_text('{"axes": 3}')
    with pytest.raises(StoreError, match="damaged"):
        load(store, sweep.id)
    assert kept(store) == []
