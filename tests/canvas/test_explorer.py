"""Random recipes are valid, different, repeatable, and can be seen small."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studio.canvas.dream_config import DreamConfig
from studio.canvas.explorer import previews, random_recipes
from studio.canvas.objective import parse
from studio.core.knobs import make
from tests.canvas.fakes import compute, picture, tiny_backbone


def test_every_recipe_is_a_dream_that_the_network_understands():
    backbone = tiny_backbone()
    for recipe in random_recipes(backbone, 60):
        config = make(DreamConfig, recipe)
        assert config.backbone == backbone.id
        assert parse(config.layers, backbone)


def test_recipes_differ_and_cover_what_can_be_drawn():
    backbone = tiny_backbone()
    recipes = random_recipes(backbone, 60)
    assert len({recipe["layers"] for recipe in recipes}) == 60
    terms = [term for recipe in recipes for term in parse(recipe["layers"], backbone)]
    assert any(term.weight < 0 for term in terms)
    assert any(term.layer == "logit" for term in terms)
    assert any(term.channel is not None and term.layer != "logit" for term in terms)
    assert {term.layer for term in terms} == {"conv1", "conv2", "conv3", "logit"}
    for name in ("octaves", "octave_scale", "iterations", "step", "jitter", "seed"):
        assert len({recipe[name] for recipe in recipes}) > 3, name


def test_the_first_term_never_pushes_away():
    """A dream of which every part is unwanted only goes grey."""
    backbone = tiny_backbone()
    assert all(max(term.weight for term in parse(r["layers"], backbone)) > 0 for r in random_recipes(backbone, 60))


def test_the_same_seed_gives_the_same_list_and_more_of_it_goes_on():
    backbone = tiny_backbone()
    assert random_recipes(backbone, 10, 3) == random_recipes(backbone, 10, 3)
    assert random_recipes(backbone, 20, 3)[:10] == random_recipes(backbone, 10, 3)
    assert random_recipes(backbone, 10, 4) != random_recipes(backbone, 10, 3)


def test_a_network_without_classes_has_recipes_too():
    backbone = tiny_backbone()
    backbone = replace(backbone, layers=backbone.layers[:3], classes=())
    assert all("logit" not in recipe["layers"] for recipe in random_recipes(backbone, 40))


def test_previews_are_small_and_different():
    backbone = tiny_backbone()
    recipes = random_recipes(backbone, 3)
    shown = dict(previews(backbone, picture(48, 64), recipes, 64, compute()))
    assert sorted(shown) == [0, 1, 2]
    assert all(pixels.shape == (48, 64, 3) and pixels.dtype == np.uint8 for pixels in shown.values())
    assert not np.array_equal(shown[0], shown[1])


def test_previews_begin_from_noise_without_a_picture_and_leave_out_what_is_refused():
    backbone = tiny_backbone()
    good = random_recipes(backbone, 1)[0]
    shown = dict(previews(backbone, None, [{**good, "layers": "conv7:1"}, good], 48, compute()))
    assert list(shown) == [1]
    assert shown[1].shape == (48, 48, 3)


def test_closing_ends_the_work():
    made = previews(tiny_backbone(), picture(), random_recipes(tiny_backbone(), 5), 48, compute())
    next(made)
    made.close()
    with pytest.raises(StopIteration):
        next(made)
