"""What every registered recipe promises, ours or from another package."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from studio.core import knobs, registry
from studio.core.capabilities import CAPABILITIES, Conditioned, Translates
from studio.core.checkpoint import weights_of
from studio.core.events import Event, Images
from studio.core.recipe import Batch, Recipe, live_knobs
from studio.core.training import Training
from studio.data.options import DataOptions
from studio.nn import summary
from tests.recipes.specs import IMAGE, batch_for, build, enter, rest, small, spec_for, train

RECIPES = list(registry.recipes().values())
every_recipe = pytest.mark.parametrize("cls", RECIPES, ids=lambda cls: cls.id)
every_image_recipe = pytest.mark.parametrize(
    "cls", [c for c in RECIPES if c.accepts == "image"], ids=lambda cls: cls.id
)
PHASES = [
    pytest.param(cls, phase, id=cls.id if len(cls.phases) == 1 else f"{cls.id}-{phase}")
    for cls in RECIPES
    for phase in cls.phases
]
every_phase = pytest.mark.parametrize(("cls", "phase"), PHASES)

gradient_recipe = pytest.mark.parametrize(
    "cls", [c for c in RECIPES if c.learns_by == "gradient"], ids=lambda cls: cls.id
)
counting_recipe = pytest.mark.parametrize(
    "cls", [c for c in RECIPES if c.learns_by != "gradient"], ids=lambda cls: cls.id
)

OVERFIT: dict[str, tuple[str, int, float, dict[str, float]]] = {
    "classifier": ("loss", 40, 0.5, {"lr": 1e-2}),
    "autoencoder": ("loss", 60, 0.9, {"lr": 1e-2}),
    "gan": ("loss_d", 30, 0.9, {"lr_d": 1e-3}),
    "camel-gan": ("loss_d", 60, 0.9, {"lr_d": 1e-3}),  # dropout after every layer
    "text": ("loss", 60, 0.7, {}),
    "translation": ("loss_g", 40, 0.8, {"lr_g": 1e-3}),
}
"""Family or recipe -> the metric that must fall on one batch, in how many steps, to which share of its first value, and
a rate high enough for so few steps of a narrow network."""


@every_phase
def test_losses_are_finite_detached_scalars(cls: type[Recipe], phase: str) -> None:
    recipe = build(cls, phase=phase)
    for _ in range(3):
        metrics = recipe.step(batch_for(cls))
        assert metrics
        for value in metrics.values():
            assert value.shape == ()
            assert not value.requires_grad
            assert torch.isfinite(value)
    rest(recipe)
    with torch.no_grad():
        held_out = recipe.validate(batch_for(cls, seed=1))
    assert all(math.isfinite(float(v)) for v in held_out.values())


@every_phase
def test_a_last_batch_of_one_example_is_no_special_case(cls: type[Recipe], phase: str) -> None:
    metrics = build(cls, phase=phase).step(batch_for(cls, n=1))
    assert all(math.isfinite(float(v)) for v in metrics.values())


@every_recipe
def test_equal_seeds_give_equal_losses(cls: type[Recipe]) -> None:
    batch = batch_for(cls)
    assert train(build(cls, seed=3), batch, 3) == train(build(cls, seed=3), batch, 3)
    if cls.learns_by == "gradient":  # counting begins with nothing drawn
        assert train(build(cls, seed=3), batch, 1) != train(build(cls, seed=4), batch, 1)


@every_phase
def test_a_state_put_into_a_fresh_build_goes_on_bit_for_bit(cls: type[Recipe], phase: str) -> None:
    batch = batch_for(cls)
    first, second = build(cls, seed=1, phase=phase), build(cls, seed=2, phase=phase)
    train(first, batch, 2)
    for name, module in second.modules().items():
        module.load_state_dict(copy.deepcopy(first.modules()[name].state_dict()))
    for name, optimizer in second.optimizers().items():
        optimizer.load_state_dict(copy.deepcopy(first.optimizers()[name].state_dict()))
    assert train(first, batch, 2, first=2) == train(second, batch, 2, first=2)
    ends = weights_of(first), weights_of(second)
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


@counting_recipe
def test_one_batch_is_learned_at_once_without_gradients(cls: type[Recipe]) -> None:
    recipe, batch, sign = build(cls), batch_for(cls), 1 if cls.best_mode == "max" else -1
    with torch.no_grad():
        before = float(recipe.validate(batch)[cls.best_metric])
    train(recipe, batch, 1)
    with torch.no_grad():
        assert sign * float(recipe.validate(batch)[cls.best_metric]) > sign * before


@gradient_recipe
def test_it_overfits_one_batch(cls: type[Recipe]) -> None:
    metric, steps, share, rates = OVERFIT.get(cls.id) or OVERFIT.get(cls.family, ("loss", 60, 0.95, {}))
    recipe = build(cls, config=replace(small(cls), **rates))
    for phase in cls.phases:  # the last one counts
        metrics = train(enter(recipe, phase), batch_for(cls), steps)
    values = [m[metric] for m in metrics]
    assert np.mean(values[-3:]) < share * values[0]


@every_recipe
def test_every_weight_learns(cls: type[Recipe]) -> None:
    recipe = build(cls)
    # a bias may cancel: a Wasserstein critic's last one does; a pretrained network may be frozen
    weights = [p for p in recipe.parameters() if p.ndim > 1 and p.requires_grad]
    if cls.learns_by != "gradient":
        weights = list(weights_of(recipe).values())
    assert weights
    before = [p.detach().clone() for p in weights]
    for phase in cls.phases:
        train(enter(recipe, phase), batch_for(cls), 2)
    still = [tuple(p.shape) for p, old in zip(weights, before, strict=True) if torch.equal(p, old)]
    assert not still, f"never updated: {still}"


@every_recipe
def test_live_rates_belong_to_optimisers(cls: type[Recipe]) -> None:
    recipe = build(cls)
    names = {f"opt{name.removeprefix('lr')}": name for name in live_knobs(cls) if name.startswith("lr")}
    assert set(names) == set(recipe.optimizers())
    assert bool(names) == (cls.learns_by == "gradient")
    for optimizer, knob in names.items():
        rates = {group["lr"] for group in recipe.optimizers()[optimizer].param_groups}
        assert rates == {getattr(recipe.config, knob)}
    assert all(recipe.change(name, 1e-5) == 1e-5 for name in names.values())


@every_recipe
def test_config_survives_json(cls: type[Recipe]) -> None:
    for values in ({}, *(p.config for p in cls.presets)):
        config = knobs.make(cls.Config, values)
        assert knobs.make(cls.Config, json.loads(json.dumps(knobs.to_json(config)))) == config


@every_recipe
def test_knobs_say_what_they_are(cls: type[Recipe]) -> None:
    for field in knobs.fields_of(cls.Config):
        assert field.knob.label
        knobs.check(field, field.default)


@every_recipe
def test_it_says_in_a_sentence_what_it_is(cls: type[Recipe]) -> None:
    about = cls.about()
    assert about.endswith(".")
    assert about[0].isupper()
    assert len(about) < 120
    assert [other.id for other in RECIPES if other.about() == about] == [cls.id]


@every_recipe
def test_presets_resolve_and_state_what_to_expect(cls: type[Recipe]) -> None:
    assert cls.presets
    assert len({p.name for p in cls.presets}) == len(cls.presets)
    for preset in cls.presets:
        assert preset.title
        assert preset.source
        assert preset.data
        assert preset.expects
        knobs.make(Training, preset.training)
        knobs.make(DataOptions, preset.data_options)
        assert registry.preset(cls, preset.name) is preset


@every_recipe
def test_presets_build_without_memory(cls: type[Recipe]) -> None:
    for preset in cls.presets:
        spec = summary.preset_spec(preset, cls)
        recipe = summary.outline(cls, knobs.make(cls.Config, preset.config), spec)
        assert all(p.is_meta for p in recipe.parameters())
        assert summary.count(recipe)["total"] >= summary.count(recipe)["trainable"] > 0


@every_recipe
def test_summary_sees_every_layer_run(cls: type[Recipe]) -> None:
    recipe, spec = build(cls), spec_for(cls)
    weights = [p.detach().clone() for p in recipe.parameters()]
    state = torch.get_rng_state()
    rows = summary.layers(recipe, spec)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(weights, recipe.parameters(), strict=True))
    assert sum(row.parameters for row in rows) == summary.count(recipe)["total"]
    assert all(row.output_shape for row in rows if row.parameters)
    kernels = [
        m
        for net in recipe.modules().values()
        for m in net.modules()
        if getattr(getattr(m, "weight", None), "ndim", 0) > 1
    ]
    assert (sum(row.macs for row in rows) > 0) == any(not isinstance(m, torch.nn.Embedding) for m in kernels)


@every_recipe
def test_previews_are_events_that_repeat(cls: type[Recipe]) -> None:
    recipe, batch = rest(build(cls)), batch_for(cls, n=32)
    with torch.no_grad():
        first, second = list(recipe.preview(batch)), list(recipe.preview(batch))
    assert first
    assert all(isinstance(event, Event) and event.step == 0 for event in first)
    for a, b in zip(first, second, strict=True):
        if isinstance(a, Images):
            assert a.pixels.dtype == np.uint8
            assert a.pixels.ndim == 4
            assert a.pixels.shape[-1] in (1, 3)
            assert len(a.captions) in (0, len(a.pixels))
            assert isinstance(b, Images)
            assert np.array_equal(a.pixels, b.pixels)


@every_recipe
def test_it_declares_what_it_can_do(cls: type[Recipe]) -> None:
    assert cls.capabilities()
    for name in cls.capabilities():
        assert isinstance(rest(build(cls)), CAPABILITIES[name])
    assert cls.__doc__
    assert cls.literature


def with_capability(name: str) -> pytest.MarkDecorator:
    """Parametrise over the recipes that declare a capability."""
    return pytest.mark.parametrize("cls", [c for c in RECIPES if name in c.capabilities()], ids=lambda c: c.id)


def assert_pictures(x: torch.Tensor, n: int, shape: tuple[int, ...] = IMAGE.shape) -> None:
    assert x.shape == (n, *shape)
    assert x.dtype == torch.float32
    assert not x.requires_grad
    assert x.min() >= 0
    assert x.max() <= 1


@with_capability("Samples")
def test_samples_repeat_with_their_generator(cls: type[Recipe]) -> None:
    recipe = build(cls)
    if cls.learns_by != "gradient":
        train(recipe, batch_for(cls), 1)  # who has counted nothing has nothing to draw from
    rest(recipe)
    draws = [recipe.sample(3, torch.Generator().manual_seed(seed)) for seed in (5, 5, 6)]
    assert_pictures(draws[0], 3, tuple(draws[0].shape[1:]) if cls.accepts == "table" else IMAGE.shape)
    assert draws[0].shape[1] in (1, 3)
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@with_capability("Decodes")
def test_prior_points_decode(cls: type[Recipe]) -> None:
    recipe = rest(build(cls))
    z = recipe.prior(3, torch.Generator().manual_seed(0))
    assert z.shape == (3, recipe.latent_size)
    assert_pictures(recipe.decode(z), 3)


@with_capability("Encodes")
def test_encoding_is_deterministic(cls: type[Recipe]) -> None:
    recipe, x = rest(build(cls)), batch_for(cls, n=3).x
    z = recipe.encode(x)
    assert z.shape == (3, recipe.latent_size)
    assert z.dtype == torch.float32
    assert torch.equal(z, recipe.encode(x))


@with_capability("Reconstructs")
def test_reconstructions_are_pictures(cls: type[Recipe]) -> None:
    assert_pictures(rest(build(cls)).reconstruct(batch_for(cls, n=3).x), 3)


@with_capability("Classifies")
def test_probabilities_add_up(cls: type[Recipe]) -> None:
    p = rest(build(cls)).classify(batch_for(cls, n=3).x)
    assert p.shape == (3, len(IMAGE.classes))
    assert torch.allclose(p.sum(dim=1), torch.ones(3), atol=1e-5)


@with_capability("Conditioned")
def test_every_declared_input_reaches_the_picture(cls: type[Recipe]) -> None:
    recipe = rest(build(cls))
    assert isinstance(recipe, Conditioned)
    names = [i.name for i in recipe.inputs]
    assert len(set(names)) == len(names) > 0
    given = recipe.draw(4, torch.Generator().manual_seed(0))
    again = recipe.draw(4, torch.Generator().manual_seed(0))
    assert list(given) == names
    assert all(torch.equal(given[name], again[name]) for name in names)
    for wanted in recipe.inputs:
        value = given[wanted.name]
        assert wanted.title
        if wanted.kind == "label":
            assert value.shape == (4,)
            assert value.dtype == torch.int64
            assert value.min() >= 0
            assert value.max() < wanted.size
            assert len(wanted.choices) == wanted.size
        elif wanted.kind == "amount":
            assert value.shape == (4,)
            assert wanted.low <= wanted.default <= wanted.high
            assert (value == wanted.default).all()
        else:
            assert value.shape == (4, wanted.size)
            assert value.dtype == torch.float32
    assert_pictures(recipe.generate(given), 4)
    assert torch.equal(recipe.generate(given), recipe.generate(given))


@with_capability("Translates")
def test_translations_stay_in_their_domains(cls: type[Recipe]) -> None:
    recipe, x = rest(build(cls)), batch_for(cls, n=3).x
    assert isinstance(recipe, Translates)
    first, second = recipe.domains
    source = recipe.sources(x)
    assert source.shape[:2] == (3, first.channels)
    made = recipe.translate(source)
    assert made.shape == (3, second.channels, *source.shape[2:])
    assert made.min() >= 0
    assert made.max() <= 1
    target = recipe.targets(x)
    assert target is None or target.shape == made.shape
    if recipe.both_ways:
        back = recipe.translate(made, backwards=True)
        assert back.shape == source.shape
        assert recipe.sources(x, backwards=True).shape[1] == second.channels


@with_capability("WritesText")
def test_texts_repeat_with_their_generator(cls: type[Recipe]) -> None:
    recipe = rest(build(cls))
    texts = ["".join(recipe.write("w1 w2", 6, 1.0, torch.Generator().manual_seed(3))) for _ in range(2)]
    assert texts[0]
    assert texts[0] == texts[1]
    assert "".join(recipe.write("", 6, 0.0, torch.Generator())) == "".join(recipe.write("", 6, 0.0, torch.Generator()))


@pytest.mark.parametrize(("cls", "phase"), [p for p in PHASES if p.values[0].accepts == "image"])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 25, 25)], ids=str)
def test_other_sizes_and_colours_train(cls: type[Recipe], phase: str, shape: tuple[int, int, int]) -> None:
    spec = replace(spec_for(cls), shape=shape)
    recipe, batch = build(cls, spec=spec, phase=phase), batch_for(cls, n=4, spec=spec)
    assert all(math.isfinite(float(v)) for v in recipe.step(batch).values())
    with torch.no_grad():
        images = [e for e in rest(recipe).preview(batch) if isinstance(e, Images)]
    assert all(e.pixels.shape[1:] == (shape[1], shape[2], shape[0]) for e in images)


@every_image_recipe
@pytest.mark.parametrize("side", [12, 32, 48, 64, 100, 128, 256])
def test_every_preset_fits_other_sizes(cls: type[Recipe], side: int) -> None:
    for preset in cls.presets:
        width = 2 * side if preset.data_options.get("pairs") else side
        spec = replace(spec_for(cls), shape=(3, side, width))
        recipe = summary.outline(cls, knobs.make(cls.Config, preset.config), spec)
        x = torch.empty(2, *spec.shape, device="meta")
        for phase in cls.phases:
            metrics = enter(recipe, phase).step(Batch(x, torch.empty(2, dtype=torch.int64, device="meta")))
            assert metrics
            assert all(value.shape == () for value in metrics.values())


@every_recipe
def test_small_configs_are_small(cls: type[Recipe]) -> None:
    recipe = cls(small(cls), spec_for(cls), build(cls).compute)
    assert summary.count(recipe)["trainable"] < 1_000_000
