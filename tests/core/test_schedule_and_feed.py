"""Schedules by their formulas; batches as a function of (seed, step)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from studio.core import seeds
from studio.core.compute import Compute, Policy
from studio.core.control import Control
from studio.core.errors import BadConfig
from studio.core.feed import Feed, in_order
from studio.core.knobs import make
from studio.core.schedule import Plateau, factor
from studio.core.training import Training

from .fakes import Numbers


def rate(step, **values):
    return factor(Training(**values), step, 10, 100, Plateau(drops=values.pop("drops", 0)))


def test_known_factors():
    assert rate(99) == 1.0
    assert rate(25, schedule="step", decay=0.5, decay_epochs=1) == 0.25
    assert rate(0, schedule="cosine", decay=0.0) == 1.0
    assert rate(50, schedule="cosine", decay=0.2) == pytest.approx(0.6)
    assert rate(100, schedule="cosine", decay=0.2) == pytest.approx(0.2)
    assert rate(40_000, schedule="time", decay=6e-8) == pytest.approx(1 / 1.0024)
    assert rate(1, warmup_steps=4) == 0.5


def test_milestones_count_whole_epochs_of_ten_steps():
    table = {"schedule": "milestones", "milestones": "3: 0.1,2:0.5, 5: 0.0005"}
    assert [rate(step, **table) for step in (0, 19, 20, 29, 30, 49, 50, 999)] == [1, 1, 0.5, 0.5, 0.1, 0.1, 5e-4, 5e-4]
    assert rate(99, schedule="milestones") == 1.0


@pytest.mark.parametrize(
    "text", ["80", "80:", "a: 1", "3: x", "-1: 0.1", "3: -0.1", "3: nan", "3: inf", "3: 0.1; 4: 1"]
)
def test_milestones_that_cannot_be_read_are_refused_before_training(text):
    with pytest.raises(BadConfig, match="milestones"):
        make(Training, {"milestones": text})


def test_plateau_counts_and_drops():
    plateau = Plateau()
    better = [plateau.update(v, i, "min", 2) for i, v in enumerate([1.0, 0.9, 0.95, 0.92, 0.91, 0.9, 0.5])]
    assert better == [True, True, False, False, False, False, True]
    assert plateau.drops == 2
    assert factor(Training(schedule="plateau", decay=0.1), 0, 1, 1, plateau) == pytest.approx(0.01)
    assert not Plateau(best=0.9).update(0.8, 0, "max", 0)
    assert math.isclose(plateau.best, 0.5)


def feed(seed=3, batch_size=8, count=50):
    return Feed(Numbers(count), batch_size, seed, Compute(Policy()))


def test_batches_depend_on_seed_and_step_alone():
    a, b = feed(), feed()
    forwards = [a.batch(s).x for s in range(20)]
    for step in reversed(range(20)):
        assert torch.equal(b.batch(step).x, forwards[step])
    assert not torch.equal(feed(seed=4).batch(0).x, forwards[0])


def test_an_epoch_shows_every_example_once():
    f = feed()
    seen = torch.cat([f.batch(s).x for s in range(f.per_epoch)])
    everything = torch.cat([b.x for b in in_order(f.split, 16, f.compute)])
    assert len(seen) == 50
    assert torch.equal(seen.flatten(1).sort(0).values, everything.flatten(1).sort(0).values)
    assert seen.dtype == torch.float32
    assert 0 <= seen.min() <= seen.max() <= 1


def test_every_epoch_has_an_order_of_its_own():
    f = feed()
    first, second = f.batch(0).x, f.batch(f.per_epoch).x
    assert not torch.equal(first, second)
    assert not torch.equal(seeds.order(3, 0, 50), seeds.order(3, 1, 50))


def test_processes_share_each_batch():
    whole = feed(batch_size=8, count=48)
    parts = []
    for rank in range(2):
        part = feed(batch_size=8, count=48)
        part.compute.rank, part.compute.world = rank, 2
        parts.append(part)
    for step in range(7):
        union = torch.cat([p.batch(step).x for p in parts]).flatten(1)
        expected = whole.batch(step).x.flatten(1)
        assert sorted(map(tuple, union.tolist())) == sorted(map(tuple, expected.tolist()))


def test_seeds_differ_by_purpose_and_number():
    made = {seeds.derive(s, p, n) for s in range(5) for p in ("step", "order") for n in range(50)}
    assert len(made) == 500
    assert all(0 <= m < 2**63 for m in made)
    assert np.array_equal(seeds.order(1, 2, 10), seeds.order(1, 2, 10))


def test_control_hands_out_wishes_once():
    control = Control()
    assert control.quiet
    control.set_knob("lr", 1)
    control.preview_now()
    assert not control.quiet
    assert control.take_knobs() == {"lr": 1}
    assert control.take_asked() == {"preview"}
    assert control.quiet
    control.single_step()
    assert control.may_step()
    assert not control.may_step()
    control.resume()
    assert control.may_step()
