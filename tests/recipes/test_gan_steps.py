"""What a step of the surveyed GANs minimises, put together from what its networks said and the papers' formulas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from studio.core import knobs, registry
from studio.core.schedule import Plateau, factor
from studio.core.training import Training
from studio.nn import summary
from studio.recipes.gan.biggan import BigGAN
from studio.recipes.gan.progan import ProGAN
from studio.recipes.gan.sagan import SAGAN
from studio.recipes.gan.stylegan import StyleGAN
from studio.recipes.gan.wgan_gp import WGANGP
from studio.recipes.translation.cyclegan import CycleGAN
from tests.recipes.specs import batch_for, build, rest, small, spec_for


def watched(cls: Any, n: int = 6, **config: Any) -> tuple[Any, dict[str, float], list[Tensor], list[Tensor]]:
    """Do one step that changes nothing; return the recipe, its metrics, D's answers and what was to be minimised."""
    recipe = build(cls, config=replace(small(cls), **config))
    said: list[Tensor] = []
    losses: list[Tensor] = []
    recipe.discriminator.register_forward_hook(lambda _, __, answer: said.append(answer.detach().float()))
    recipe.compute.minimise = lambda loss, optimizer: losses.append(loss.detach())
    metrics = {name: float(value) for name, value in recipe.step(batch_for(cls, n=n)).items()}
    return recipe, metrics, said, losses


def test_progan_adds_penalty_and_drift_to_the_critics_distance() -> None:
    _, metrics, (real, fake, _, fooled), losses = watched(ProGAN, penalty=3.0, drift=0.5)
    expected = fake.mean() - real.mean() + 3 * metrics["slope_error"] + 0.5 * real.square().mean()
    assert losses[0].item() == pytest.approx(expected.item(), rel=1e-4)
    assert losses[1].item() == pytest.approx(-fooled.mean().item(), rel=1e-4)


def test_stylegan_adds_half_gamma_times_the_r1_penalty_to_the_logistic_loss() -> None:
    _, metrics, (real, fake, fooled), losses = watched(StyleGAN, r1=7.0)
    sides = -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean()
    assert losses[0].item() == pytest.approx(sides.item() + 3.5 * metrics["r1"], rel=1e-4)
    assert losses[1].item() == pytest.approx(-fooled.sigmoid().log().mean().item(), rel=1e-4)


def test_sagan_follows_the_hinge_and_learns_on_two_time_scales() -> None:
    recipe, _, (both, fooled), losses = watched(SAGAN, n=6)
    real, fake = both[:6], both[6:]
    assert losses[0].item() == pytest.approx(((1 - real).clamp(0).mean() + (1 + fake).clamp(0).mean()).item(), rel=1e-4)
    assert losses[1].item() == pytest.approx(-fooled.mean().item(), rel=1e-4, abs=1e-6)
    rates = [o.param_groups[0]["lr"] for o in (recipe.opt_d, recipe.opt_g)]
    assert rates[0] == pytest.approx(4 * rates[1])


def test_biggan_teaches_d_on_parts_of_the_batch_and_keeps_filters_of_g_apart() -> None:
    recipe, metrics, said, losses = watched(BigGAN, n=6, d_steps=3, orthogonal=0.1)
    assert [len(answer) for answer in said] == [4, 4, 4, 2]  # real and generated beside each other; then G's
    for answer, loss in zip(said[:3], losses[:3], strict=True):
        hinge = (1 - answer[:2]).clamp(0).mean() + (1 + answer[2:]).clamp(0).mean()
        assert loss.item() == pytest.approx(hinge.item(), rel=1e-4)
    alike = 0.0
    for layer in recipe.generator.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            w = layer.weight.detach().flatten(1)
            alike += float((w @ w.T * (1 - torch.eye(len(w)))).norm() ** 2)
    assert metrics["orthogonal"] == pytest.approx(0.1 * alike, rel=1e-3, abs=1e-6)
    assert losses[3].item() == pytest.approx(-said[3].mean().item() + metrics["orthogonal"], rel=1e-4)


@pytest.mark.parametrize(
    ("recipe", "widths"),
    [("sagan", (1024, 1024, 512, 256, 128, 64)), ("biggan", (1536, 1536, 768, 384, 192, 96))],
)
def test_paper_presets_have_the_papers_widths_at_128_pixels(recipe: str, widths: tuple[int, ...]) -> None:
    cls = registry.recipe(recipe)
    preset = registry.preset(cls, "paper")
    made: Any = summary.outline(cls, knobs.make(cls.Config, preset.config), summary.preset_spec(preset, cls))
    assert made.generator.start[0].out_features == 4 * 4 * widths[0]
    assert tuple(block.conv2.out_channels for block in made.generator.blocks) == widths[1:]
    assert tuple(block.conv2.out_channels for block in made.discriminator.blocks) == widths[::-1]
    attended = {"sagan": 256, "biggan": 192}[recipe]  # at 32 and at 64 pixels
    assert made.generator.attention.f.in_channels == attended


def test_fosters_critic_keeps_kerass_second_moment_and_the_default_the_papers() -> None:
    betas = {}
    for name, config in (("paper", {}), ("foster", registry.preset(WGANGP, "foster").config)):
        recipe: Any = build(WGANGP, config=knobs.make(WGANGP.Config, {**knobs.to_json(small(WGANGP)), **config}))
        betas[name] = recipe.opt_d.param_groups[0]["betas"]
    assert betas == {"paper": (0.5, 0.9), "foster": (0.5, 0.999)}


def test_cyclegans_rate_falls_to_zero_in_the_second_half() -> None:
    training = knobs.make(Training, registry.preset(CycleGAN, "zhu").training)
    rates = [factor(training, epoch, 1, training.epochs, Plateau()) for epoch in range(training.epochs)]
    assert set(rates[:100]) == {1.0}
    line = [1 - (epoch - 100) / 100 for epoch in range(100, 200)]
    assert max(abs(rate - on) for rate, on in zip(rates[100:], line, strict=True)) <= 0.05 + 1e-9


def test_without_identity_the_books_other_settings_stay() -> None:
    cls = registry.recipe("cyclegan")
    made = [knobs.make(cls.Config, registry.preset(cls, name).config) for name in ("foster", "foster-no-identity")]
    assert made[0].identity == 2.0
    assert replace(made[0], identity=0.0) == made[1]


@pytest.mark.parametrize(("classes", "columns", "count"), [(4, 4, 16), (12, 12, 48), (47, 6, 36)])
@pytest.mark.parametrize("recipe", ["cgan", "infogan", "sagan"])
def test_samples_show_equal_draws_of_each_class_or_the_first_classes(
    recipe: str, classes: int, columns: int, count: int
) -> None:
    cls = registry.recipe(recipe)
    names = tuple(f"class {i}" for i in range(classes))
    made: Any = rest(build(cls, spec=replace(spec_for(cls), classes=names)))
    given: list[dict[str, Tensor]] = []
    paint = made.paint
    made.paint = lambda inputs: given.append(inputs) or paint(inputs)
    sheet = made.samples()
    assert (sheet.columns, len(sheet.pixels)) == (columns, count)
    assert sheet.captions == tuple(names[i % classes] for i in range(count))
    if classes <= 12:
        first_row = given[0]["noise"][:columns]
        assert torch.equal(first_row, first_row[:1].expand_as(first_row))
