"""A known answer or an independent reference for every formula of InfoGAN, StackedGAN and the surveyed GANs.

Long because each formula stands beside its reference, six systems in all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, distributions, nn
from torch.nn.utils.parametrizations import spectral_norm

from studio.core.capabilities import Input
from studio.core.recipe import Recipe
from studio.nn import growing, information, residual_gan, spectral, stylegan_blocks, truncation
from studio.nn.adversarial import hinge_d
from studio.nn.attention import SelfAttention
from studio.nn.equalised import EqualConv, EqualDense, MinibatchStd, PixelNorm, enlarge, ladder, shrink
from studio.nn.feature_gan import feature_encoder, fool, judge, noise_reader
from studio.recipes.gan.biggan import BigGAN
from studio.recipes.gan.infogan import InfoGAN
from studio.recipes.gan.progan import ProGAN
from studio.recipes.gan.sagan import SAGAN
from studio.recipes.gan.stackedgan import StackedGAN
from studio.recipes.gan.stylegan import StyleGAN
from tests.recipes.specs import IMAGE, batch_for, build, enter, rest, small, train


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


# ---- mutual information


def test_book_code_loss_follows_the_sign_of_the_code() -> None:
    codes, logits = torch.tensor([[0.5, -1.0]]), torch.tensor([[0.0, math.log(3)]])  # q = 1/2 and 3/4
    expected = 0.5 * math.log(2) + 1.0 * math.log(0.75)
    assert information.book_code_loss(codes, logits).item() == pytest.approx(expected, abs=1e-6)
    lowest = information.book_code_loss(torch.tensor([[-1.0]]), torch.tensor([[-200.0]]))
    assert lowest.item() == pytest.approx(math.log(information.KERAS_EPSILON), rel=1e-5)  # bounded by ε alone


def test_gaussian_code_loss_is_a_negative_log_likelihood() -> None:
    codes, mean, log_var = torch.randn(50, 3), torch.randn(50, 3), torch.randn(50, 3)
    raw = 5 * torch.atanh(log_var / 5)
    q = distributions.Normal(mean, (0.5 * log_var).exp())
    expected = -q.log_prob(codes).sum(dim=1).mean()
    loss = information.gaussian_code_loss(codes, torch.cat([mean, raw], dim=1))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_information_bound_is_zero_for_a_reader_who_knows_only_the_prior() -> None:
    std = 0.5
    codes = std * torch.randn(200_000, 1)
    ignorant = torch.tensor([[0.0, 5 * math.atanh(2 * math.log(std) / 5)]]).expand(len(codes), -1)
    bound = information.gaussian_entropy(std) - information.gaussian_code_loss(codes, ignorant)
    assert bound.item() == pytest.approx(0.0, abs=0.01)
    assert information.gaussian_entropy(std) == pytest.approx(distributions.Normal(0.0, std).entropy().item())


@pytest.mark.parametrize("loss", ["book", "gaussian"])
def test_infogan_reports_what_can_be_read_off(loss: str) -> None:
    recipe = build(InfoGAN, config=replace(small(InfoGAN), code_loss=loss))
    metrics = train(recipe, batch_for(InfoGAN), 1)[0]
    assert {"acc_real", "acc_fake", "label_accuracy", "mi_label", "loss_codes"} <= set(metrics)
    assert ("mi_codes" in metrics) == (loss == "gaussian")
    assert metrics["mi_label"] <= math.log(len(IMAGE.classes))


def test_infogan_without_labels_names_kinds_of_its_own() -> None:
    recipe = build(InfoGAN, config=replace(small(InfoGAN), use_labels=False, categories=7))
    assert recipe.label is not None
    assert recipe.label.size == 7
    assert [i.name for i in recipe.inputs if i.kind == "code"] == ["code1", "code2"]


# ---- StackedGAN


def test_a_level_judges_by_cross_entropy_and_reads_the_noise_of_fakes() -> None:
    network = noise_reader(nn.Identity(), 6, 4)
    real, made, z = torch.randn(5, 6), torch.randn(5, 6), 0.5 * torch.randn(5, 4)
    score, read = network(made)
    answers, truth = torch.cat([network(real)[0], score]), torch.cat([torch.ones(5, 1), torch.zeros(5, 1)])
    error = F.mse_loss(read, z)
    expected = F.binary_cross_entropy_with_logits(answers, truth) + 0.5 * 10 * error
    assert judge(network, real, made, z, 10.0)[0].item() == pytest.approx(expected.item(), rel=1e-5)
    loss, told = fool(network, made, z, 10.0)
    expected = F.binary_cross_entropy_with_logits(score, torch.ones(5, 1)) + 10 * error
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert told.item() == pytest.approx(error.item())


def test_stackedgan_freezes_its_encoder_in_the_second_phase() -> None:
    recipe, batch = build(StackedGAN), batch_for(StackedGAN)
    networks = {name: [p.detach().clone() for p in m.parameters()] for name, m in recipe.modules().items()}

    def moved() -> set[str]:
        pairs = {name: zip(m.parameters(), networks[name], strict=True) for name, m in recipe.modules().items()}
        return {name for name, both in pairs.items() if any(not torch.equal(a, b) for a, b in both)}

    train(recipe, batch, 1)
    assert moved() == {"enc0", "enc1"}
    learned = [p.detach().clone() for p in recipe.enc0.parameters()]
    train(enter(recipe, "gans"), batch, 2)
    assert moved() == set(recipe.modules())
    assert all(torch.equal(a, b) for a, b in zip(recipe.enc0.parameters(), learned, strict=True))


def test_stackedgan_sliders_are_constant_noise_vectors() -> None:
    recipe = rest(build(StackedGAN))
    assert isinstance(recipe, StackedGAN)
    given = recipe.draw(3, torch.Generator().manual_seed(0))
    swept = {**given, "spread": torch.zeros(3), "level1": torch.full((3,), 0.7), "level0": torch.full((3,), -3.0)}
    constant = {**given, "z1": torch.full_like(given["z1"], 0.7), "z0": torch.full_like(given["z0"], -3.0)}
    assert torch.allclose(recipe.generate(swept), recipe.generate(constant), atol=1e-6)


def test_joint_training_lets_the_picture_teach_the_feature_generator() -> None:
    for joint, reaches in ((0.0, False), (1.0, True)):
        recipe = enter(build(StackedGAN, config=replace(small(StackedGAN), joint=joint)), "gans")
        made = recipe.gen1(torch.randn(4, recipe.gen1[0].in_features))
        above = recipe._mixed(torch.randn(made.shape), made)
        gradient = torch.autograd.grad(above.sum() + 0 * made.sum(), made)[0]
        assert bool(gradient.any()) is reaches


def test_feature_encoder_pools_large_pictures_down() -> None:
    for size in (8, 28, 100):
        network = feature_encoder(3, size, (4, 4), 16)
        assert network(torch.rand(2, 3, size, size)).shape == (2, 16)


# ---- progressive GANs


def test_equalised_layers_scale_by_he_at_run_time() -> None:
    dense, conv = EqualDense(50, 30, gain=1.0), EqualConv(20, 40)
    x, pictures = torch.randn(400, 50), torch.randn(8, 20, 12, 12)
    assert torch.allclose(dense(x), x @ dense.weight.T / math.sqrt(50) + dense.bias, atol=1e-5)
    reference = F.conv2d(pictures, conv.weight, padding=1) * math.sqrt(2 / (20 * 9))
    assert torch.allclose(conv(pictures), reference, atol=1e-5)
    assert dense.weight.std().item() == pytest.approx(1.0, abs=0.05)  # stored weights are N(0, 1)
    inner = conv(pictures)[..., 1:-1, 1:-1]
    assert inner.var().item() == pytest.approx(2.0, abs=0.3)  # He's gain: a rectifier brings it back to 1


def test_a_learning_rate_multiplier_slows_a_layer_but_not_its_output() -> None:
    slow, x = EqualDense(64, 64, gain=1.0, rate=0.01), torch.randn(500, 64)
    assert slow.weight.std().item() == pytest.approx(100, rel=0.1)
    before = slow(x)
    assert before.std().item() == pytest.approx(1.0, abs=0.15)
    with torch.no_grad():
        slow.weight.add_(1.0)
    plain = x.sum(dim=1, keepdim=True) / 8  # what a change of 1 does to an equalised layer with rate 1
    assert torch.allclose(slow(x) - before, 0.01 * plain, atol=1e-4)


def test_pixel_norm_gives_each_place_a_root_mean_square_of_one() -> None:
    x = 3 * torch.randn(2, 8, 5, 5)
    y = PixelNorm()(x)
    assert torch.allclose(y.square().mean(dim=1), torch.ones(2, 5, 5), atol=1e-4)
    assert torch.allclose(y, x / x.square().mean(dim=1, keepdim=True).sqrt(), atol=1e-4)


def test_minibatch_std_is_the_mean_deviation_over_the_batch() -> None:
    x = torch.randn(6, 3, 4, 4)
    y = MinibatchStd()(x)
    deviations = [x[:, c, i, j].std(correction=0).item() for c in range(3) for i in range(4) for j in range(4)]
    assert y.shape == (6, 4, 4, 4)
    assert torch.equal(y[:, :3], x)
    assert torch.allclose(y[:, 3], torch.full((6, 4, 4), sum(deviations) / len(deviations)), atol=1e-5)
    assert MinibatchStd()(x[:1].expand(6, -1, -1, -1))[:, 3].max() < 1e-3  # a collapsed batch


@pytest.mark.parametrize(
    ("size", "sides"),
    [(8, (4, 8)), (28, (7, 14, 28)), (32, (4, 8, 16, 32)), (25, (7, 13, 25)), (100, (7, 13, 25, 50, 100))],
)
def test_ladders_halve_down_to_at_most_seven(size: int, sides: tuple[int, ...]) -> None:
    assert ladder(size) == sides
    x = torch.rand(1, 1, size, size)
    for side in reversed(sides[:-1]):
        x = shrink(x)
        assert x.shape[-1] == side


def test_shrinking_averages_what_there_is() -> None:
    x = torch.arange(9.0).view(1, 1, 3, 3)
    assert torch.equal(shrink(x)[0, 0], torch.tensor([[2.0, 3.5], [6.5, 8.0]]))
    assert torch.equal(shrink(enlarge(x, 6)), x)


def test_growth_fades_levels_in_one_after_the_other() -> None:
    clock = growing.Growth(3, stable=10, fade=4)
    seen = []
    for _ in range(40):
        seen.append(clock.alphas())
        clock.tick()
    assert seen[9] == [1.0, 0.0, 0.0]
    assert [a[1] for a in seen[10:14]] == [0.125, 0.375, 0.625, 0.875]
    assert seen[14] == [1.0, 1.0, 0.0]
    assert [a[2] for a in seen[24:28]] == [0.125, 0.375, 0.625, 0.875]
    assert seen[39] == [1.0, 1.0, 1.0]
    resumed = growing.Growth(3, stable=10, fade=4)
    resumed.load_state_dict({"steps": torch.tensor(26)})
    assert resumed.alphas() == seen[26]


def test_a_fading_generator_blends_linearly() -> None:
    network = growing.GrowingGenerator(5, 1, (4, 8), (6, 6))
    z = torch.randn(2, 5)
    low, high = network(z, [1.0, 0.0]), network(z, [1.0, 1.0])
    assert (low.shape[-1], high.shape[-1]) == (4, 8)
    half = network(z, [1.0, 0.3])
    assert torch.allclose(half, 0.7 * low.repeat_interleave(2, 2).repeat_interleave(2, 3) + 0.3 * high, atol=1e-5)


def test_a_fading_discriminator_starts_as_the_smaller_one() -> None:
    network = growing.GrowingDiscriminator(1, (4, 8), (6, 6))
    x = torch.rand(3, 1, 8, 8)
    assert torch.allclose(network(x, [1.0, 1e-9]), network(shrink(x), [1.0, 0.0]), atol=1e-5)
    faded = growing.at_level(x, (4, 8), [1.0, 0.25])
    assert torch.allclose(faded, 0.75 * enlarge(shrink(x), 8) + 0.25 * x, atol=1e-6)
    assert torch.equal(growing.at_level(x, (4, 8), [1.0, 0.0]), shrink(x))


def test_progan_shows_small_levels_at_full_size() -> None:
    recipe = rest(build(ProGAN, config=replace(small(ProGAN), stable_steps=1000)))
    assert isinstance(recipe, ProGAN)
    picture = recipe.sample(1, torch.Generator().manual_seed(0))
    assert picture.shape[-1] == 16
    assert torch.equal(enlarge(enlarge(shrink(shrink(picture)), 8), 16), picture)


# ---- spectral normalisation, attention, classes


def settle(layer: nn.Module, x: Tensor, steps: int = 500) -> None:
    for _ in range(steps):
        layer(x)


def test_spectral_normalisation_agrees_with_torch() -> None:
    ours, plain = spectral.SpectralDense(12, 9), nn.Linear(12, 9)
    with torch.no_grad():
        ours.weight.copy_(torch.randn(9, 12))
        plain.weight.copy_(ours.weight)
        plain.bias.copy_(ours.bias)
    theirs, x = spectral_norm(plain), torch.randn(5, 12)
    settle(ours, x)
    settle(theirs, x)
    assert torch.allclose(ours(x), theirs(x), atol=1e-4)
    sigma = torch.linalg.matrix_norm(ours.weight, ord=2)
    assert torch.allclose(ours(x), F.linear(x, ours.weight / sigma, ours.bias), atol=1e-4)


def test_spectral_convolutions_have_slope_one_and_the_same_gradient_as_torch() -> None:
    ours, plain = spectral.SpectralConv(3, 8), nn.Conv2d(3, 8, 3, padding=1)
    with torch.no_grad():
        ours.weight.copy_(torch.randn_like(ours.weight))
        plain.weight.copy_(ours.weight)
        plain.bias.zero_()
    theirs, x = spectral_norm(plain), torch.randn(2, 3, 6, 6)
    settle(ours, x)
    settle(theirs, x)
    ours(x).square().sum().backward()
    theirs(x).square().sum().backward()
    assert ours.weight.grad is not None
    original = theirs.parametrizations.weight.original
    assert torch.allclose(ours.weight.grad, original.grad, rtol=1e-3, atol=1e-3)


def test_looking_does_not_move_the_singular_vectors() -> None:
    layer, x = spectral.SpectralConv(2, 4), torch.randn(1, 2, 5, 5)
    layer.eval()
    before = layer.u.clone()
    assert torch.equal(layer(x), layer(x))
    assert torch.equal(layer.u, before)
    with torch.no_grad():
        layer.u.mul_(0.1)  # averaged weights have shorter vectors
    assert torch.isfinite(layer(x)).all()


def test_orthogonal_penalty_leaves_lengths_alone() -> None:
    dense = nn.Linear(4, 3, bias=False)
    with torch.no_grad():
        dense.weight.copy_(torch.tensor([[3.0, 0, 0, 0], [0, 1, 0, 0], [0, 2, 0, 0]]))
    assert spectral.orthogonal_penalty(nn.Sequential(dense)).item() == pytest.approx(2 * (1 * 2) ** 2)


def test_attention_equals_a_loop_over_places() -> None:
    layer, x = SelfAttention(16).eval(), torch.randn(2, 16, 3, 4)
    with torch.no_grad():
        layer.scale.gamma.fill_(0.7)
    f, g, h = (m(x).flatten(2) for m in (layer.f, layer.g, layer.h))  # (2, 2, 12)
    seen = torch.zeros_like(h)
    for n in range(2):
        for j in range(12):
            scores = torch.stack([f[n, :, i] @ g[n, :, j] for i in range(12)])
            share = scores.exp() / scores.exp().sum()
            assert torch.allclose(layer.weights(x)[n, j], share, atol=1e-5)
            seen[n, :, j] = sum(share[i] * h[n, :, i] for i in range(12))
    expected = x + 0.7 * layer.v(seen.view(2, -1, 3, 4))
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_attention_starts_as_if_it_were_not_there() -> None:
    x = torch.randn(1, 8, 4, 4)
    assert torch.equal(SelfAttention(8)(x), x)


def test_conditional_batch_norm_takes_gain_and_bias_from_the_condition() -> None:
    layer = residual_gan.ConditionalBatchNorm(3, 2)
    x, c = 5 + 2 * torch.randn(4, 3, 6, 6), torch.randn(4, 2)
    for _ in range(60):
        y = layer(x, c)
    assert layer.gain is not None
    assert layer.bias is not None
    layer.gain.eval()
    layer.bias.eval()
    mean, variance = x.mean(dim=(0, 2, 3), keepdim=True), x.var(dim=(0, 2, 3), correction=0, keepdim=True)
    normal = (x - mean) / (variance + 1e-5).sqrt()
    expected = normal * (1 + layer.gain(c)[..., None, None]) + layer.bias(c)[..., None, None]
    assert torch.allclose(y, expected, atol=1e-4)


def test_projection_adds_the_class_to_the_score() -> None:
    network = residual_gan.ProjectionDiscriminator(1, (4, 8), (6, 5), 3, 8)
    x, nobody = torch.rand(2, 1, 8, 8), torch.zeros(2, 3)
    network(x, nobody)  # one power iteration is enough: kernels start orthogonal
    network.eval()
    assert network.classes is not None
    features = x
    for i, block in enumerate(network.blocks):
        features = block(features)
        features = network.attention(features) if i == network.attended else features
    pooled = F.relu(features).sum(dim=(2, 3))
    w = network.classes.weight / torch.linalg.matrix_norm(network.classes.weight, ord=2)
    expected = network(x, nobody)[:, 0] + pooled @ w[:, 1]
    assert torch.allclose(network(x, F.one_hot(torch.tensor([1, 1]), 3).float())[:, 0], expected, atol=1e-4)


def test_hinge_only_counts_the_margin() -> None:
    real, fake = torch.tensor([[2.0], [0.5], [-1.0]]), torch.tensor([[-3.0], [0.0], [1.0]])
    assert hinge_d(real, fake).item() == pytest.approx((0 + 0.5 + 2) / 3 + (0 + 1 + 2) / 3)


@pytest.mark.parametrize("cls", [SAGAN, BigGAN])
def test_pictures_depend_on_the_class(cls: type[SAGAN] | type[BigGAN]) -> None:
    recipe = rest(build(cls))
    assert isinstance(recipe, SAGAN | BigGAN)
    given = recipe.draw(2, torch.Generator().manual_seed(0))
    asked = [recipe.generate({**given, "label": torch.full((2,), k)}) for k in (0, 1)]
    assert not torch.allclose(asked[0], asked[1])


def test_biggan_splits_its_noise_over_the_levels() -> None:
    network = residual_gan.ResidualGenerator(11, 4, 1, (4, 8, 16), (8, 8, 8), 8, skip_noise=True)
    assert network.parts == [5, 3, 3]
    assert [block.norm1.gain.in_features for block in network.blocks] == [7, 7]
    z, c = torch.randn(2, 11), torch.randn(2, 4)
    network.eval()
    changed = z.clone()
    changed[:, -1] += 3  # only the last level hears of it
    low, high = (network._below(noise, c, 0, 1, None) for noise in (z, changed))
    assert torch.equal(low, high)
    assert not torch.equal(network(z, c), network(changed, c))


# ---- truncation and styles


def test_truncated_noise_follows_the_truncated_normal() -> None:
    z = torch.randn(100_000, 1)
    for limit in (0.5, 1.5):
        cut = truncation.truncate_normal(z, torch.full((len(z),), limit))
        assert cut.abs().max() <= limit
        standard = distributions.Normal(0.0, 1.0)
        density = standard.log_prob(torch.tensor(limit)).exp()
        inside = 2 * standard.cdf(torch.tensor(limit)) - 1
        assert cut.var().item() == pytest.approx((1 - 2 * limit * density / inside).item(), rel=0.02)
        assert (cut[:, 0].argsort() == z[:, 0].argsort()).float().mean() > 0.99  # order is kept
    untouched = truncation.truncate_normal(z, torch.full((len(z),), truncation.UNTRUNCATED))
    assert (untouched - z)[z.abs() < 3].abs().max() < 0.03


def test_truncated_styles_lie_between_the_mean_and_themselves() -> None:
    w, mean = torch.randn(3, 4, 5), torch.randn(5)
    cut = truncation.truncate_style(w, mean, torch.tensor([0.0, 0.5, 1.0]))
    assert torch.allclose(cut[0], mean.expand(4, 5))
    assert torch.allclose(cut[1], (mean + w[1]) / 2, atol=1e-6)
    assert torch.allclose(cut[2], w[2], atol=1e-6)


def test_adain_gives_the_statistics_that_the_style_asks_for() -> None:
    layer, x, w = stylegan_blocks.AdaIN(6, 3), 4 + 2 * torch.randn(5, 3, 16, 16), torch.randn(5, 6)
    y, asked = layer(x, w), layer.affine(w)
    assert torch.allclose(y.mean(dim=(2, 3)), asked[:, 3:], atol=1e-4)
    assert torch.allclose(y.std(dim=(2, 3), correction=0), asked[:, :3].abs(), atol=1e-3)


def test_mixing_changes_style_at_the_crossover() -> None:
    a, b = torch.randn(3, 5), torch.randn(3, 5)
    mixed = stylegan_blocks.mix(a, b, torch.tensor([0.0, 2.0, 4.0]), 4)
    assert torch.equal(mixed[0], b[0].expand(4, 5))
    assert torch.equal(mixed[1], torch.stack([a[1], a[1], b[1], b[1]]))
    assert torch.equal(mixed[2], a[2].expand(4, 5))


def stylegan(**config: object) -> tuple[StyleGAN, Mapping[str, Tensor]]:
    recipe = rest(build(StyleGAN, config=replace(small(StyleGAN), **config)))
    assert isinstance(recipe, StyleGAN)
    return recipe, recipe.draw(2, torch.Generator().manual_seed(0))


def test_stylegan_sliders_do_what_they_say() -> None:
    recipe, given = stylegan()
    own, last = recipe.generate(given), float(recipe.layers)
    other = recipe.generate({**given, "noise": given["style"]})
    assert torch.allclose(recipe.generate({**given, "crossover": torch.zeros(2)}), other, atol=1e-6)
    assert torch.equal(
        recipe.generate({**given, "style": given["noise"], "crossover": torch.full((2,), last / 2)}), own
    )
    mean = recipe.generate({**given, "psi": torch.zeros(2), "strength": torch.zeros(2)})
    assert torch.allclose(mean[0], mean[1], atol=1e-6)
    assert torch.equal(recipe.decode(given["noise"]), own)


def test_stylegan_mixes_the_share_of_rows_it_is_told_to() -> None:
    recipe, _ = stylegan(mixing=0.25)
    crossed = recipe._mixed(4_000)["crossover"]
    assert (crossed < recipe.layers).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert crossed.min() >= 1


def test_the_mean_style_follows_training_only() -> None:
    recipe, given = stylegan()
    recipe.generate(given)
    assert not recipe.generator.mean_style.any()
    recipe.generator.train()
    w = recipe.generator.styles(given["noise"])
    assert torch.allclose(recipe.generator.mean_style, 0.005 * w.mean(dim=0), atol=1e-6)


def test_layer_noise_is_fresh_in_training_and_repeats_afterwards() -> None:
    layer, x, full = stylegan_blocks.LayerNoise(3, 8), torch.zeros(2, 3, 8, 8), torch.ones(2)
    with torch.no_grad():
        layer.weight.fill_(2.0)
    assert not torch.equal(layer(x, full), layer(x, full))
    layer.eval()
    assert torch.equal(layer(x, full), layer(x, full))
    assert torch.allclose(layer(x, torch.tensor([0.0, 0.5]))[1], layer.fixed[0].expand(3, 8, 8))


def test_r1_penalises_slopes_on_real_pictures() -> None:
    x = torch.randn(4, 1, 3, 3, requires_grad=True)
    weight = torch.full((9,), 0.5, requires_grad=True)
    scores = x.flatten(1).square() @ weight  # gradient 2 w x
    penalty = stylegan_blocks.r1_penalty(scores, x)
    assert penalty.item() == pytest.approx(x.square().flatten(1).sum(dim=1).mean().item(), rel=1e-5)
    penalty.backward()
    assert weight.grad is not None
    assert weight.grad.abs().sum() > 0


@pytest.mark.parametrize("cls", [InfoGAN, StackedGAN, SAGAN, BigGAN, StyleGAN])
def test_sweeps_follow_the_declared_range(cls: type[Recipe]) -> None:
    recipe = rest(build(cls))
    numbers = [i for i in recipe.inputs if isinstance(i, Input) and i.kind in ("code", "amount")]
    for wanted in numbers:
        sheet = recipe.sweep(wanted.name)
        assert sheet.columns == 10
        assert len(sheet.pixels) == 10 * len(IMAGE.classes if recipe.label else range(6))
