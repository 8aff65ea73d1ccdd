"""The foundations give the numbers that the books work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from studio.core import checkpoint, knobs, registry
from studio.core.compute import Compute, Policy
from studio.core.feed import fetch
from studio.core.recipe import Batch, Recipe
from studio.core.spec import Column, DataSpec
from studio.data import avatars, world, wrodl
from studio.data.open import open_data
from studio.data.options import DataOptions
from studio.nn import summary
from studio.nn.counting import Categorical, Combinations
from studio.nn.trees import rounded_down
from studio.recipes.basics.gradient_boosting import newton
from studio.recipes.basics.pixel_naive_bayes import to_palette

TWICE, NEVER = (torch.tensor([wrodl.codes_of(names)]) for names in (wrodl.TWICE, wrodl.NEVER))


def fitted(recipe_id: str, source: str, tmp_path, **config) -> Recipe:
    """Return a recipe that has seen all of a data set in one batch."""
    cls = registry.recipe(recipe_id)
    data = open_data(source, DataOptions(val_fraction=0.0), workspace=tmp_path, kind=cls.accepts)
    compute = Compute(Policy())
    recipe = cls(knobs.make(cls.Config, config), data.spec, compute)
    recipe.last = recipe.step(fetch(data.train, np.arange(len(data.train)), compute))
    return recipe


# ---- Wrodl


def test_multinomial_has_4031_parameters_and_maximum_likelihood(tmp_path):
    recipe = fitted("multinomial", "wrodl", tmp_path)
    assert summary.count(recipe)["total"] == 4031
    assert recipe.probability(TWICE).item() == pytest.approx(2 / 50)
    assert recipe.probability(NEVER).item() == 0
    assert recipe.last["unseen_mass"] == pytest.approx(0, abs=1e-6)
    assert recipe.last["copies"] == 1


def test_a_pseudocount_of_one_spreads_98_percent_over_the_unseen(tmp_path):
    recipe = fitted("multinomial", "wrodl", tmp_path, pseudocount=1.0)
    assert recipe.probability(NEVER).item() == pytest.approx(1 / 4082)
    assert recipe.probability(TWICE).item() == pytest.approx(3 / 4082)
    distinct = len({tuple(row) for row in wrodl.rows().tolist()})
    assert recipe.last["unseen_mass"] == pytest.approx((4032 - distinct) / 4082, rel=1e-5)
    assert recipe.last["unseen_mass"] == pytest.approx(0.98, abs=0.01)
    everything = recipe.combinations.codes(torch.arange(4032)[:, None])
    assert recipe.probability(everything).double().sum().item() == pytest.approx(1.0, abs=1e-6)


def test_naive_bayes_has_23_parameters_and_the_worked_probabilities(tmp_path):
    recipe = fitted("naive-bayes", "wrodl", tmp_path)
    assert summary.count(recipe)["total"] == 23
    assert recipe.probability(TWICE).prod().item() == pytest.approx(0.46 * 0.16 * 0.44 * 0.38 * 0.44, rel=1e-5)
    assert recipe.probability(TWICE).prod().item() == pytest.approx(0.0054146, abs=1e-7)
    assert recipe.probability(NEVER).prod().item() == pytest.approx(0.00098, abs=5e-6)
    everything = recipe.combinations.codes(torch.arange(4032)[:, None])
    assert recipe.probability(everything).prod(1).double().sum().item() == pytest.approx(1.0, abs=1e-5)


def test_naive_bayes_with_a_pseudocount_allows_buns(tmp_path):
    bun = torch.tensor([[1, 7, 2, 4, 1]])
    assert fitted("naive-bayes", "wrodl", tmp_path).probability(bun).prod() == 0
    smoothed = fitted("naive-bayes", "wrodl", tmp_path, pseudocount=1.0).probability(bun)[0]
    assert smoothed[4].item() == pytest.approx(1 / 57)


def test_unseen_mass_of_naive_bayes_is_the_sum_over_what_was_never_seen(tmp_path):
    recipe = fitted("naive-bayes", "wrodl", tmp_path)
    seen = {tuple(row) for row in wrodl.rows().tolist()}
    tables = [np.array(counts) / 50 for counts in wrodl.COUNTS]
    known = sum(math.prod(table[code] for table, code in zip(tables, row, strict=True)) for row in seen)
    assert recipe.last["unseen_mass"].item() == pytest.approx(1 - known, abs=1e-5)


def test_counting_twice_needs_no_second_epoch(tmp_path):
    from studio.core.engine import Engine
    from studio.core.training import Training

    cls = registry.recipe("naive-bayes")
    data = open_data("wrodl", DataOptions(val_fraction=0.0), workspace=tmp_path, kind="table")
    recipe = cls(cls.Config(), data.spec, Compute(Policy()))
    engine = Engine(recipe, data, Training(epochs=10, batch_size=8, ema=0.9), recipe.compute, tmp_path)
    list(engine.run())
    assert recipe.columns.counts.sum() == 5 * 50
    assert tuple(recipe.columns.counts[0, :3].tolist()) == wrodl.COUNTS[0]


def test_combinations_are_numbered_without_gaps():
    spec = DataSpec(name="t", kind="table", shape=(2,), columns=(Column("a", ("x", "y", "z")), Column("b", ("p", "q"))))
    combinations = Combinations(spec)
    codes = combinations.codes(torch.arange(6)[:, None])
    assert codes.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]]
    assert combinations.numbers(codes)[:, 0].tolist() == list(range(6))


def test_samples_of_a_categorical_follow_its_counts():
    table = Categorical([3, 2])
    table.add(torch.tensor([[0, 1], [0, 1], [2, 1], [0, 1]]))
    drawn = table.sample(4000, 0.0, torch.Generator().manual_seed(0))
    assert (drawn[:, 1] == 1).all()
    assert (drawn[:, 0] == 0).float().mean().item() == pytest.approx(0.75, abs=0.03)
    assert (drawn[:, 0] != 1).all()


# ---- the box


def test_the_best_box_is_the_smallest_one(tmp_path):
    recipe = fitted("box-density", "world-map", tmp_path)
    points = world.draw(world.COUNT)
    np.testing.assert_array_equal(recipe.box.low.numpy(), points.min(0))
    np.testing.assert_array_equal(recipe.box.high.numpy(), points.max(0))
    area = float(np.prod(points.max(0).astype(np.float64) - points.min(0)))
    assert recipe.last["log_likelihood"].item() == pytest.approx(-math.log(area), rel=1e-5)
    assert summary.count(recipe)["total"] == 4


def test_a_point_outside_the_box_is_impossible(tmp_path):
    recipe = fitted("box-density", "world-map", tmp_path)
    density = recipe.box(torch.tensor([[0.0, 0.0], [80.0, 179.9]]))
    assert density[0] > 0
    assert density[1] == 0
    assert recipe.validate(Batch(torch.tensor([[-59.0, 0.0]])))["impossible"] == 1


def test_samples_of_the_box_are_uniform_in_it(tmp_path):
    recipe = fitted("box-density", "world-map", tmp_path)
    drawn = recipe.box.sample(4000, torch.Generator().manual_seed(0))
    assert (recipe.box(drawn) > 0).float().mean() > 0.999
    middle = (recipe.box.low + recipe.box.high) / 2
    assert ((drawn > middle).float().mean(0) - 0.5).abs().max() < 0.03


def test_a_margin_makes_the_box_larger(tmp_path):
    plain, wide = (fitted("box-density", "world-map", tmp_path, margin=m).box.sides for m in (0.0, 0.1))
    assert torch.allclose(wide, 1.2 * plain)


# ---- pixels


def test_pixel_naive_bayes_has_255_parameters_per_pixel_and_keeps_planet_pixels_colours(tmp_path):
    recipe = fitted("pixel-naive-bayes", "planet-pixel", tmp_path)
    assert summary.count(recipe)["total"] == 1024 * 255
    faces = torch.from_numpy(avatars.draw(wrodl.rows(), 32, smooth=False)).float() / 255
    assert torch.equal((recipe.pictures(recipe.codes(faces)) * 255).round(), faces * 255)
    assert recipe.pixels.counts.sum(1).unique().tolist() == [50]


def test_its_pixels_are_drawn_one_by_one(tmp_path):
    recipe = fitted("pixel-naive-bayes", "planet-pixel", tmp_path)
    drawn = recipe.codes(recipe.sample(400, torch.Generator().manual_seed(0)))
    share = torch.zeros(1024, 256).scatter_add_(1, drawn.T, torch.ones(1024, 400)) / 400
    assert (share - recipe.pixels.probabilities(0.0)).abs().max() < 0.12


def test_the_nearest_palette_colour_is_the_nearest_of_all():
    x = torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    palette = torch.from_numpy(avatars.palette()).float() / 255
    best = torch.cdist(x.flatten(2).transpose(1, 2)[0], palette).min(1).values
    chosen = (palette[to_palette(x)[0]] - x.flatten(2).transpose(1, 2)[0]).norm(dim=1)
    assert (chosen - best).max() < 0.01  # the greys are rounded to whole levels


# ---- trees


def labelled(n: int = 120) -> Batch:
    dice = np.random.default_rng(0)
    y = np.arange(n) % 3
    x = dice.random((n, 1, 4, 4)) * 0.6
    x[np.arange(n), 0, y, y] += 0.4
    return Batch(torch.from_numpy(x).float(), torch.from_numpy(y))


def classifier(recipe_id: str, **config) -> Recipe:
    cls = registry.recipe(recipe_id)
    spec = DataSpec(name="t", kind="image", shape=(1, 4, 4), classes=("a", "b", "c"))
    return cls(knobs.make(cls.Config, config), spec, Compute(Policy()))


def test_planted_trees_say_what_scikit_learn_says():
    from sklearn.tree import DecisionTreeClassifier

    recipe, batch = classifier("random-forest", forest=1, leaves=64, depth=32), labelled()
    x, y = batch.x.flatten(1).numpy(), batch.y.numpy()
    made = DecisionTreeClassifier(random_state=0).fit(x, y)
    values = made.tree_.value[:, 0] / made.tree_.value[:, 0].sum(1, keepdims=True)
    recipe.trees.plant(made.tree_, values.astype(np.float32))
    other = np.random.default_rng(1).random((500, 16)).astype(np.float32)
    said = recipe.trees(torch.from_numpy(other))[:, 0].numpy()
    np.testing.assert_allclose(said, made.predict_proba(other), atol=1e-6)


def test_rounding_a_threshold_down_changes_no_decision():
    dice = np.random.default_rng(0)
    thresholds = dice.random(5000)
    near = thresholds.astype(np.float32)
    for x in (near, np.nextafter(near, np.float32(2)), np.nextafter(near, np.float32(-2))):
        np.testing.assert_array_equal(x <= thresholds, x <= rounded_down(thresholds))


def test_a_forest_is_a_mean_and_stops_growing():
    recipe, batch = classifier("random-forest", forest=5, per_batch=2), labelled()
    grown = [float(recipe.step(batch)["trees"]) for _ in range(4)]
    assert grown == [2, 4, 5, 5]
    votes = recipe.trees(batch.x).mean(1)
    assert torch.allclose(recipe.classify(batch.x), votes, atol=1e-3)
    assert recipe.validate(batch)["accuracy"] > 0.9


def test_boosting_takes_newton_steps_and_each_round_helps():
    r = np.array([0.5, -0.25, 0.75])
    gamma = newton(r, np.array([1, 1, 2]), 3, 4)[:, 0]
    expected = [0, 0.75 * 0.25 / (1 + 0.25 + 0.1875), 0.75 * 0.75 / (1 + 0.1875)]
    np.testing.assert_allclose(gamma, expected, rtol=1e-6)
    recipe, batch = classifier("gradient-boosting", rounds=20, pixels=1.0), labelled()
    losses = [float(recipe.step(batch)["loss"]) for _ in range(20)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.2


@pytest.mark.parametrize("recipe_id", ["random-forest", "gradient-boosting"])
def test_trees_survive_a_checkpoint_without_pickle(recipe_id, tmp_path):
    recipe, batch = classifier(recipe_id), labelled()
    recipe.step(batch)
    path = checkpoint.save(tmp_path, 1, recipe, {})
    again = classifier(recipe_id)
    checkpoint.restore(again, checkpoint.load(path))
    assert torch.equal(again.classify(batch.x), recipe.classify(batch.x))
    assert {p.suffix for p in path.iterdir()} == {".safetensors", ".json", ".pt"}
    assert torch.load(path / "optimizers.pt", weights_only=True) == {}
