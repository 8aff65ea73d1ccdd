"""Feed-forward style: the losses by hand, strengths, sizes, and a style that outlives its file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from studio.core.errors import BadConfig
from studio.core.store import Store
from studio.runs.request import Request
from studio.runs.trained import TrainedModel
from studio.runs.training import start
from tests.recipes.specs import IMAGE, batch_for, build, rest, small

COLOUR = replace(IMAGE, shape=(3, 16, 16))


@pytest.fixture
def painting(tmp_path):
    """A picture of diagonal stripes."""
    y, x = np.mgrid[:64, :64]
    pixels = np.stack([(x + y) % 16 * 16, (x + y) % 32 * 8, x * 4], -1).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "painting.png")
    return tmp_path / "painting.png"


def recipe_of(name, **values):
    from studio.core.registry import recipe

    cls = recipe(name)
    return build(cls, config=replace(small(cls), **values), spec=COLOUR)


def test_the_style_loss_is_relative_and_zero_for_the_style_itself(painting):
    recipe = recipe_of("fast-style", style=str(painting))
    pixels = recipe.style.pixels
    same = recipe._style_loss(recipe._features(pixels, {t.layer for t in recipe._styles}))
    assert float(same) < 1e-9
    flat = recipe._style_loss(recipe._features(torch.full_like(pixels, 0.5), {t.layer for t in recipe._styles}))
    assert float(flat) > 0.1


def test_the_terms_add_up_with_their_weights(painting):
    recipe = recipe_of("fast-style", style=str(painting), content=2.0, strength=3.0, tv=0.25)
    with torch.no_grad():
        terms = rest(recipe).validate(batch_for(type(recipe), n=2, spec=COLOUR))
    wanted = 2.0 * terms["content"] + 3.0 * terms["style"] + 0.25 * terms["tv"]
    torch.testing.assert_close(terms["loss"], wanted)


def test_a_missing_style_picture_is_named():
    recipe = recipe_of("fast-style", style="/nowhere/painting.png")
    with pytest.raises(BadConfig, match=r"/nowhere/painting\.png"):
        recipe.step(batch_for(type(recipe), n=2, spec=COLOUR))


@pytest.mark.parametrize("name", ["fast-style", "adain"])
def test_strength_mixes_between_the_picture_and_the_style(name):
    recipe = rest(recipe_of(name))
    x, style = torch.rand(1, 3, 40, 52), torch.rand(1, 3, 32, 32)
    made = [recipe.stylise(x, style, strength) for strength in (0.0, 0.5, 1.0)]
    assert all(m.shape == x.shape for m in made)
    if not recipe.takes_style:
        torch.testing.assert_close(made[0], x)
    assert (made[1] - made[0]).abs().mean() > 0
    assert (made[2] - made[0]).abs().mean() > (made[1] - made[0]).abs().mean()


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (45, 16)])
@pytest.mark.parametrize("name", ["fast-style", "adain"])
def test_any_size_comes_back_as_it_was(name, size):
    x = torch.rand(1, 3, *size)
    assert rest(recipe_of(name)).stylise(x, x).shape == x.shape


def test_adain_follows_the_style_picture():
    recipe, x = rest(recipe_of("adain")), torch.rand(1, 3, 32, 40)
    one, other = recipe.stylise(x, torch.rand(1, 3, 32, 32)), recipe.stylise(x, torch.ones(1, 3, 32, 32))
    assert not torch.equal(one, other)


def test_a_trained_style_needs_its_file_no_more(workspace, painting):
    settings = {"style": str(painting), "style_size": 32, "side": 16, "filters": (4, 8), "blocks": 1, "steps": 2}
    run = start(Store(workspace), Request(recipe="fast-style", data="shapes", settings={**settings, "limit": 16}))
    for _ in run.events():
        pass
    painting.unlink()
    model = TrainedModel.open(Store(workspace), run.id)
    assert "Stylises" in model.capabilities
    assert float(model.recipe.style.pixels.std()) > 0.05
    pixels = np.random.default_rng(0).integers(0, 255, (33, 50, 3), np.uint8)
    assert model.stylise(pixels).shape == pixels.shape
