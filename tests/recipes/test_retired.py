"""Runs of older versions open: knobs that are gone are read, or refused with the recipe to use instead."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from studio.core import knobs, registry
from studio.core.errors import BadConfig
from studio.core.store import Store
from studio.runs.request import Request, resolve
from studio.runs.trained import TrainedModel
from studio.runs.training import resume, start
from tests.recipes.specs import small

OLD_DCGAN = {
    "g_momentum": 0.99,
    "upsampling": "transposed",
    "d_slope": 0.2,
    "d_dropout_at": "the end",
    "init": "glorot",
}
OLD_FOSTER = {"g_momentum": 0.9, "upsampling": "repeat", "d_slope": 0.0, "d_dropout_at": "each layer", "init": "normal"}
OLD_VAE = {"network": "conv"}
BUDGET = {"steps": 2, "limit": 64, "batch_size": 8, "checkpoint_seconds": 0.0, "preview_seconds": 3600.0}


@pytest.mark.parametrize("cls", registry.recipes().values(), ids=lambda cls: cls.id)
def test_retired_knobs_are_gone_and_name_a_recipe_that_is_there(cls) -> None:
    names = {field.name for field in knobs.fields_of(cls.Config)}
    for name, knob in cls.retired.items():
        assert name not in names
        assert any(other in knob.instead for other in registry.recipes() if other != cls.id)


@pytest.mark.parametrize(("recipe", "old"), [("dcgan", OLD_DCGAN), ("vae", OLD_VAE)])
def test_what_was_kept_is_read_as_if_it_were_not_there(recipe: str, old: dict[str, object]) -> None:
    assert set(old) == set(registry.recipe(recipe).retired)
    asked = {"latent_dim": 5}
    assert resolve(Request(recipe=recipe, settings={**asked, **old})) == resolve(Request(recipe=recipe, settings=asked))


@pytest.mark.parametrize(("name", "value"), OLD_FOSTER.items())
def test_fosters_networks_are_refused_with_their_recipe(name: str, value: object) -> None:
    with pytest.raises(BadConfig, match=name) as caught:
        resolve(Request(recipe="dcgan", settings={**OLD_DCGAN, name: value}))
    assert "camel-gan" in caught.value.what_to_do


def test_the_dense_vae_is_refused_with_its_recipe() -> None:
    with pytest.raises(BadConfig, match="network = mlp") as caught:
        resolve(Request(recipe="vae", settings={"network": "mlp"}))
    assert "vae-mlp" in caught.value.what_to_do


@pytest.mark.parametrize(("recipe", "old"), [("dcgan", OLD_DCGAN), ("vae", OLD_VAE)])
def test_a_stored_run_with_retired_knobs_opens_and_goes_on(recipe: str, old: dict[str, object], tmp_path) -> None:
    store = Store(tmp_path / "ws")
    settings = {**knobs.to_json(small(registry.recipe(recipe))), **BUDGET}
    run = start(store, Request(recipe=recipe, data="digits", settings=settings))
    list(run.events())
    store.update(replace(store.run(run.id), config={**store.run(run.id).config, **old}))
    model = TrainedModel.open(store, run.id)
    assert torch.isfinite(model.recipe.decode(torch.zeros(2, model.recipe.latent_size))).all()
    list(resume(store, run.id, steps=3).events())
    assert store.run(run.id).steps == 3


def test_a_stored_run_that_needs_another_recipe_says_so(tmp_path) -> None:
    store = Store(tmp_path / "ws")
    run = start(
        store, Request(recipe="vae", data="digits", settings={**knobs.to_json(small(registry.recipe("vae"))), **BUDGET})
    )
    list(run.events())
    store.update(replace(store.run(run.id), config={**store.run(run.id).config, "network": "mlp"}))
    with pytest.raises(BadConfig, match="network = mlp"):
        TrainedModel.open(store, run.id)
