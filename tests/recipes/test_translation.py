"""Formulas and shapes of the translators, against references written for the test."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from studio.core import knobs
from studio.core.compute import Compute, Policy
from studio.core.errors import BadInput
from studio.core.recipe import Batch
from studio.nn.domains import ImagePool, by_class, by_halves
from studio.nn.edges import edges, sobel
from studio.nn.pictures import grey
from studio.nn.translation import (
    ScalarInstanceNorm,
    deep_unet,
    discriminator,
    norm,
    preactivated_unet,
    residual_generator,
    upsampling_unet,
)
from studio.recipes.translation.cyclegan import CycleGAN
from studio.recipes.translation.pix2pix import Pix2Pix
from tests.recipes.specs import IMAGE, rest

TWO = replace(IMAGE, shape=(3, 16, 16), classes=("a", "b"))
TINY = {"filters": (8, 8), "d_filters": (8, 8), "pool": 0}


def cyclegan(**config) -> CycleGAN:
    torch.manual_seed(3)
    return CycleGAN(knobs.make(CycleGAN.Config, TINY | config), TWO, Compute(Policy()))


def pix2pix(spec=TWO, **config) -> Pix2Pix:
    torch.manual_seed(3)
    small = {"filters": (8, 8), "d_filters": (8, 8)}
    return Pix2Pix(knobs.make(Pix2Pix.Config, small | config), spec, Compute(Policy()))


def pictures(n: int, seed: int = 0, channels: int = 3) -> torch.Tensor:
    return torch.rand(n, channels, 16, 16, generator=torch.Generator().manual_seed(seed))


# ---- blocks


def test_scalar_norm_is_keras_contribs():
    x = pictures(2) * 5
    layer = ScalarInstanceNorm()
    with torch.no_grad():
        layer.weight.fill_(1.5)
        layer.bias.fill_(-0.25)
    for picture, made in zip(x.numpy(), layer(x).detach().numpy(), strict=True):
        expected = 1.5 * (picture - picture.mean()) / (picture.std() + 1e-3) - 0.25
        np.testing.assert_allclose(made, expected, atol=1e-5)


def test_scalar_norm_of_an_empty_picture_has_finite_slopes():
    x = torch.zeros(1, 3, 4, 4, requires_grad=True)
    ScalarInstanceNorm()(x).sum().backward()
    assert torch.isfinite(x.grad).all()


def test_instance_norm_keeps_channels_and_pictures_apart():
    x = pictures(2)
    made = norm("instance", 3)(x)
    expected = (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), unbiased=False, keepdim=True) + 1e-3).sqrt()
    assert torch.allclose(made, expected, atol=1e-5)
    assert not list(norm("instance", 3).parameters())


def outputs(network: nn.Module, kind: type[nn.Module], x: torch.Tensor) -> list[tuple[int, ...]]:
    shapes: list[tuple[int, ...]] = []
    for module in network.modules():
        if isinstance(module, kind):
            module.register_forward_hook(lambda m, i, o: shapes.append(tuple(o.shape[1:])))
    with torch.no_grad():
        network(x)
    return shapes


def test_atienzas_unet_has_the_shapes_of_his_table():
    network, x = preactivated_unet(1, 3, 32, (32, 64, 128, 256), 3), torch.zeros(1, 1, 32, 32)
    assert outputs(network, nn.Conv2d, x) == [(32, 32, 32), (64, 16, 16), (128, 8, 8), (256, 4, 4)]
    ups = [(128, 8, 8), (64, 16, 16), (32, 32, 32), (3, 32, 32)]
    assert outputs(network, nn.ConvTranspose2d, x) == ups


def test_fosters_unet_has_the_shapes_of_his_table():
    network, x = upsampling_unet(3, 3, 128, (32, 64, 128, 256)), torch.zeros(1, 3, 128, 128)
    down = [(32, 64, 64), (64, 32, 32), (128, 16, 16), (256, 8, 8)]
    up = [(128, 16, 16), (64, 32, 32), (32, 64, 64), (3, 128, 128)]
    assert outputs(network, nn.Conv2d, x) == down + up


def test_pix2pix_halves_down_to_one_pixel():
    network = deep_unet(1, 3, 32, (8, 8, 8, 8, 8, 8), 0.5, "instance")
    assert [side for _, side, _ in outputs(network, nn.Conv2d, torch.zeros(1, 1, 32, 32))] == [16, 8, 4, 2, 1]
    assert sum(isinstance(m, nn.Dropout) for m in network.modules()) == 3


@pytest.mark.parametrize("size", [9, 16, 30])
def test_every_generator_keeps_odd_sizes(size):
    x = torch.rand(1, 1, size, size)
    for network in (
        preactivated_unet(1, 3, size, (8, 8, 8), 5),
        upsampling_unet(1, 3, size, (8, 8, 8)),
        deep_unet(1, 3, size, (8,) * 8, 0.5, "instance"),
    ):
        assert network(x).shape == (1, 3, size, size)
    larger = residual_generator(1, 3, 8, 1)(x).shape[-1]
    assert 0 <= larger - size <= 3


def test_a_patch_verdict_sees_seventy_pixels():
    network = discriminator(1, 128, (2, 2, 2, 2), 4, None)
    with torch.no_grad():
        for p in network.parameters():
            p.fill_(0.1)
    x = torch.ones(1, 1, 128, 128, requires_grad=True)
    verdicts = network(x)
    assert verdicts.shape == (1, 1, 16, 16)  # size / 8, not the size / 16 of the book's labels
    verdicts[0, 0, 8, 8].backward()
    for axis in (0, 1):
        assert x.grad[0, 0].any(dim=axis).sum() == 70


@pytest.mark.parametrize(("stride", "shape"), [(0, (2, 1)), (1, (2, 1, 4, 4)), (2, (2, 1, 2, 2))])
def test_atienzas_verdicts(stride, shape):
    network = discriminator(3, 32, (4, 4, 4, 4), 3, None, stride)
    assert network(torch.rand(2, 3, 32, 32)).shape == shape


# ---- domains


def test_a_side_with_fewer_members_repeats_them():
    x = torch.arange(5.0).view(5, 1, 1, 1)
    a, b, has_a, has_b = by_class(x, torch.tensor([0, 1, 1, 0, 1]))
    assert a.flatten().tolist() == [0, 3, 0]
    assert sorted(b.flatten().tolist()) == [1, 2, 4]
    assert (float(has_a), float(has_b)) == (1, 1)


@pytest.mark.parametrize("label", [0, 1])
def test_a_missing_side_does_not_count(label):
    a, b, has_a, has_b = by_class(torch.rand(4, 1, 2, 2), torch.full((4,), label))
    assert a.shape == b.shape == (2, 1, 2, 2)
    assert (float(has_a), float(has_b)) == (1 - label, label)


def test_halves_of_one_collection():
    a, b, _, _ = by_halves(torch.arange(6.0).view(6, 1, 1, 1))
    assert a.flatten().tolist() == [0, 1, 2]
    assert b.flatten().tolist() == [3, 4, 5]


def test_the_pool_fills_then_exchanges_every_second_picture():
    torch.manual_seed(0)
    pool, yes = ImagePool(50, (1, 1, 1)), torch.tensor(True)
    numbers = torch.arange(2_000.0).view(-1, 1, 1, 1)
    first = pool(numbers[:50], yes)
    assert torch.equal(first, numbers[:50])
    old, seen = 0, set(range(50))
    for start in range(50, 2_000, 10):
        given = numbers[start : start + 10]
        shown = pool(given, yes)
        changed = (shown != given).flatten()
        old += int(changed.sum())
        assert set(shown.flatten()[changed].int().tolist()) <= seen
        seen |= set(given.flatten().int().tolist())
    assert 0.4 < old / 1_950 < 0.6
    assert len(pool.pictures.unique()) == 50  # nothing is stored twice


def test_the_pool_ignores_what_is_not_valid():
    pool = ImagePool(4, (1, 2, 2))
    shown = pool(torch.ones(3, 1, 2, 2), torch.tensor(False))
    assert torch.equal(shown, torch.ones(3, 1, 2, 2))
    assert not pool.pictures.any()
    assert int(pool.seen) == 0


# ---- losses


def held(recipe, batch: Batch) -> dict[str, float]:
    """Return a step's metrics without any change of weights."""
    recipe.compute.minimise = lambda loss, optimizer: None
    return {name: float(value) for name, value in recipe.step(batch).items()}


def test_cyclegan_losses_are_those_of_the_paper():
    recipe = cyclegan(generator="upsampling", adversarial=0.7, cycle=9.0, identity=4.0)
    x = pictures(4)
    found = held(recipe, Batch(x, torch.tensor([0, 0, 1, 1])))
    a, b = x[:2] * 2 - 1, x[2:].flip(0) * 2 - 1
    g, f, d_a, d_b = recipe.generator_ab, recipe.generator_ba, recipe.discriminator_a, recipe.discriminator_b
    with torch.no_grad():
        fooled = float(((d_b(g(a)) - 1) ** 2).mean() + ((d_a(f(b)) - 1) ** 2).mean())
        cycle = float((f(g(a)) - a).abs().mean() + (g(f(b)) - b).abs().mean())
        identity = float((f(a) - a).abs().mean() + (g(b) - b).abs().mean())
        of_b = ((d_b(b) - 1) ** 2).mean() / 2 + (d_b(g(a)) ** 2).mean() / 2
        of_a = ((d_a(a) - 1) ** 2).mean() / 2 + (d_a(f(b)) ** 2).mean() / 2
    assert found["adversarial"] == pytest.approx(fooled, rel=1e-4)
    assert found["cycle"] == pytest.approx(cycle, rel=1e-4)
    assert found["identity"] == pytest.approx(identity, rel=1e-4)
    assert found["loss_g"] == pytest.approx(0.7 * fooled + 9 * cycle + 4 * identity, rel=1e-4)
    assert found["loss_d"] == pytest.approx(float(of_a + of_b) / 2, rel=1e-4)


def test_one_sided_batches_leave_only_the_terms_of_that_side():
    recipe = cyclegan(generator="preactivated", identity=0.0)
    x = pictures(2)
    found = held(recipe, Batch(x, torch.zeros(2, dtype=torch.int64)))
    a = x[:1]
    with torch.no_grad():
        made = recipe.generator_ab(a)
        assert found["cycle"] == pytest.approx(float((recipe.generator_ba(made) - a).abs().mean()), rel=1e-4)
        assert found["adversarial"] == pytest.approx(float(((recipe.discriminator_b(made) - 1) ** 2).mean()), rel=1e-4)


def test_grey_to_colour_never_sees_a_pair():
    recipe = cyclegan(domains="grey-colour", generator="preactivated")
    x = pictures(4)
    a, b, _, _ = recipe._sides(Batch(x))
    assert torch.allclose(a, grey(x[:2]))
    assert torch.equal(b, x[2:])
    assert [d.channels for d in recipe.domains] == [1, 3]
    assert recipe.targets(x) is x


def test_held_out_cycle_error_is_of_each_pictures_own_domain():
    recipe = rest(cyclegan(domains="grey-classes", generator="preactivated"))
    x, y = pictures(3), torch.tensor([1, 0, 1])
    with torch.no_grad():
        there = recipe.generator_ba(recipe.generator_ab(grey(x[1:2])))
        back = recipe.generator_ab(recipe.generator_ba(x[[0, 2]]))
        errors = [(there - grey(x[1:2])).abs().mean(), (back - x[[0, 2]]).abs().mean()]
        found = recipe.validate(Batch(x, y))["cycle"]
    assert float(found) == pytest.approx(float(errors[0] / 3 + errors[1] * 2 / 3), rel=1e-4)


def test_pix2pix_losses_are_those_of_the_paper():
    recipe = pix2pix(task="grey", dropout=0.0, l1=50.0)
    y = pictures(2)
    found = held(recipe, Batch(y))
    source, target = grey(y) * 2 - 1, y * 2 - 1
    with torch.no_grad():
        made = recipe.generator(source)
        real = recipe.discriminator(torch.cat([source, target], 1)).sigmoid().log().mean()
        judged = recipe.discriminator(torch.cat([source, made], 1)).sigmoid()
        loss_d = -(real + (1 - judged).log().mean()) / 2
        loss_g = -judged.log().mean() + 50 * (made - target).abs().mean()
    assert found["loss_d"] == pytest.approx(float(loss_d), rel=1e-4)
    assert found["loss_g"] == pytest.approx(float(loss_g), rel=1e-4)


@pytest.mark.parametrize(("task", "first"), [("pairs", 0.0), ("pairs reversed", 1.0)])
def test_pix2pix_takes_pairs_apart(task, first):
    recipe = pix2pix(replace(IMAGE, shape=(3, 16, 32)), task=task)
    x = torch.cat([torch.zeros(2, 3, 16, 16), torch.ones(2, 3, 16, 16)], dim=3)
    assert (recipe.sources(x) == first).all()
    assert (recipe.targets(x) == 1 - first).all()
    assert recipe.translate(recipe.sources(x)).shape == (2, 3, 16, 16)
    assert math.isfinite(float(recipe.step(Batch(x))["loss_g"]))


def test_what_does_not_fit_is_refused_in_words():
    with pytest.raises(BadInput, match="two classes; tiny has 4"):
        CycleGAN(knobs.make(CycleGAN.Config, TINY), IMAGE, Compute(Policy()))
    with pytest.raises(BadInput, match="grey already"):
        CycleGAN(
            knobs.make(CycleGAN.Config, TINY | {"domains": "grey-colour"}),
            replace(TWO, shape=(1, 16, 16)),
            Compute(Policy()),
        )
    with pytest.raises(BadInput, match="no pairs: 16 x 16"):
        pix2pix(task="pairs")


# ---- outlines


def test_sobels_slope_of_a_ramp_is_its_rise():
    ramp = torch.linspace(0, 0.9, 10).expand(1, 1, 6, 10)
    right, down = sobel(ramp)
    assert torch.allclose(right[..., 1:-1], torch.full((1, 1, 6, 8), 0.1), atol=1e-6)
    assert torch.allclose(down, torch.zeros(1, 1, 6, 10), atol=1e-6)


def test_a_step_becomes_one_thin_line():
    x = torch.zeros(1, 3, 16, 16)
    x[..., 8:] = 1.0
    drawn = edges(x)
    assert drawn.shape == (1, 1, 16, 16)
    inked = drawn[0, 0, 4] < 0.5
    assert int(inked.sum()) == 1
    assert int(inked.nonzero()) in (7, 8)


def test_even_ground_is_white_paper():
    assert (edges(torch.full((2, 3, 12, 12), 0.4)) == 1).all()
