"""A known answer for every formula of the adversarial recipes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.core.knobs import make
from studio.core.recipe import Batch, Recipe
from studio.nn import adversarial as adv
from studio.nn.image_gan import Headed, image_features, image_generator
from studio.nn.keras import Conv, ConvTranspose
from studio.recipes.gan.acgan import ACGAN
from studio.recipes.gan.camel_gan import CamelGAN
from studio.recipes.gan.cgan import CGAN
from studio.recipes.gan.dcgan import DCGAN
from studio.recipes.gan.dense_gan import DenseGAN, Maxout
from studio.recipes.gan.lsgan import LSGAN
from studio.recipes.gan.wgan import WGAN, clip
from studio.recipes.gan.wgan_gp import WGANGP
from tests.recipes.specs import IMAGE, batch_for, build, rest, small, train

STILL = {"lr_d": 1e-7, "lr_g": 1e-7}


def still(cls: type[Recipe], **config: Any) -> Any:
    """Build a small recipe whose rates are too low to change anything that is measured."""
    return build(cls, config=replace(small(cls), **STILL, **config))


def say(layer: nn.Module, value: float) -> None:
    """Make a last layer say the same to everything."""
    assert isinstance(layer, nn.Linear)
    nn.init.zeros_(layer.weight)
    nn.init.constant_(layer.bias, value)


def scores(n: int = 7, seed: int = 0) -> tuple[Tensor, Tensor, np.ndarray, np.ndarray]:
    g = torch.Generator().manual_seed(seed)
    real, fake = torch.randn(n, 1, generator=g) * 3, torch.randn(n, 1, generator=g) * 3
    return real, fake, real.numpy().astype(np.float64), fake.numpy().astype(np.float64)


# ---- losses


def test_cross_entropy_is_that_of_probabilities_over_a_joint_batch() -> None:
    real, fake, r, f = scores()
    p, q = 1 / (1 + np.exp(-r)), 1 / (1 + np.exp(-f))
    assert adv.cross_entropy_d(real, fake).item() == pytest.approx(-np.mean([np.log(p), np.log(1 - q)]), rel=1e-5)
    assert adv.cross_entropy_g(fake).item() == pytest.approx(-np.log(q).mean(), rel=1e-5)
    assert adv.cross_entropy_d(torch.zeros(3), torch.zeros(3)).item() == pytest.approx(math.log(2))


def test_the_non_saturating_generator_is_pulled_hardest_where_it_is_worst() -> None:
    fake = torch.tensor([-20.0, 0.0, 20.0], requires_grad=True)
    (pull,) = torch.autograd.grad(adv.cross_entropy_g(fake) * 3, fake)
    assert torch.allclose(pull, torch.tensor([-1.0, -0.5, 0.0]), atol=1e-6)  # sigmoid(score) - 1


def test_least_squares() -> None:
    real, fake, r, f = scores()
    assert adv.least_squares_d(real, fake).item() == pytest.approx(((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2)
    assert adv.least_squares_g(fake).item() == pytest.approx(((f - 1) ** 2).mean())
    far = torch.tensor([5.0], requires_grad=True)  # on the right side already, and still pulled back
    (pull,) = torch.autograd.grad(adv.least_squares_g(far), far)
    assert pull.item() == pytest.approx(8.0)


def test_hinge_counts_only_what_lies_inside_the_margin() -> None:
    real, fake, r, f = scores()
    expected = np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean()
    assert adv.hinge_d(real, fake).item() == pytest.approx(expected, rel=1e-6)
    assert adv.hinge_d(torch.tensor([1.0, 9.0]), torch.tensor([-1.0, -9.0])).item() == 0
    assert adv.mean_score_g(fake).item() == pytest.approx(-f.mean(), rel=1e-5)


def test_a_critic_with_the_slope_of_one_measures_how_far_apart_two_lines_are() -> None:
    """The parallel lines of Atienza 5.1: p = (0, y), q = (θ, y); W = |θ|."""
    y, theta = torch.rand(1000, generator=torch.Generator().manual_seed(0)), 0.5
    p, q = torch.stack([torch.zeros(1000), y], 1), torch.stack([torch.full((1000,), theta), y], 1)
    best = torch.tensor([-1.0, 0.0])  # the Lipschitz function that falls from p to q
    assert adv.wasserstein(p @ best, q @ best).item() == pytest.approx(theta, abs=1e-6)


def test_accuracies_are_shares_on_the_right_side_of_the_boundary() -> None:
    found = adv.accuracies(torch.tensor([0.6, 0.4, 2.0]), torch.tensor([0.4, 0.6]), boundary=0.5)
    assert found["acc_real"].item() == pytest.approx(2 / 3)
    assert found["acc_fake"].item() == pytest.approx(1 / 2)


# ---- gradient penalty


def test_slopes_of_a_linear_critic_are_the_norm_of_its_weights() -> None:
    weights = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(0))
    found = adv.slopes(lambda x: (x * weights).sum(dim=(1, 2, 3)), torch.rand(5, 3, 4, 4))
    assert torch.allclose(found, weights.norm().expand(5), rtol=1e-5)


def test_gradient_penalty_against_finite_differences() -> None:
    """C(x) = Σ x²/2 has the gradient x, so the penalty is E (‖x̂‖ - 1)² at the mixtures."""
    g = torch.Generator().manual_seed(1)
    real, fake = torch.randn(6, 1, 3, 3, generator=g), torch.randn(6, 1, 3, 3, generator=g)
    torch.manual_seed(5)
    found = adv.gradient_penalty(lambda x: 0.5 * x.square().sum(dim=(1, 2, 3)), real, fake)
    torch.manual_seed(5)
    alpha = torch.rand(6, 1, 1, 1).numpy()
    mixed = alpha * real.numpy() + (1 - alpha) * fake.numpy()
    norms = []
    for x in mixed.astype(np.float64).reshape(6, -1):
        h = 1e-5
        slope = [(0.5 * ((x + h * e) ** 2).sum() - 0.5 * ((x - h * e) ** 2).sum()) / (2 * h) for e in np.eye(9)]
        norms.append(np.linalg.norm(slope))
    assert found.item() == pytest.approx(np.mean((np.array(norms) - 1) ** 2), rel=1e-4)


def test_gradient_penalty_teaches_the_critic_a_slope_of_one() -> None:
    critic = nn.Linear(9, 1, bias=False)
    nn.init.constant_(critic.weight, 1.0)  # slope 3
    optimiser = torch.optim.SGD(critic.parameters(), lr=0.1)
    for _ in range(60):
        optimiser.zero_grad()
        adv.gradient_penalty(lambda x: critic(x.flatten(1)), torch.rand(4, 1, 3, 3), torch.rand(4, 1, 3, 3)).backward()
        optimiser.step()
    assert critic.weight.norm().item() == pytest.approx(1.0, abs=1e-3)


def test_wgan_gp_adds_lambda_times_the_penalty() -> None:
    gan, free = still(WGANGP), still(WGANGP, penalty=0.0)
    with_penalty, without = (train(g, batch_for(WGANGP, n=20), 1)[0] for g in (gan, free))
    assert without["loss_d"] == pytest.approx(-without["wasserstein"], abs=1e-6)
    expected = 10 * with_penalty["slope_error"] - with_penalty["wasserstein"]
    assert with_penalty["loss_d"] == pytest.approx(expected, rel=1e-4)


# ---- noise, labels, networks


@pytest.mark.parametrize(("kind", "variance"), [("uniform", 1 / 3), ("normal", 1.0)])
def test_noise(kind: Any, variance: float) -> None:
    z = adv.draw_noise(500, 20, kind, torch.Generator().manual_seed(0))
    assert z.mean().item() == pytest.approx(0, abs=0.03)
    assert z.var().item() == pytest.approx(variance, rel=0.05)


def test_one_hot_agrees_with_torch() -> None:
    labels = torch.tensor([2, 0, 3])
    assert torch.equal(adv.one_hot(labels, 4), F.one_hot(labels, 4).float())


def test_the_library_generator_is_dense_then_normalise_activate_enlarge() -> None:
    layers = list(image_generator(100, 1, 28))
    kinds = [type(m).__name__ for m in layers]
    assert kinds[:2] == ["Dense", "Unflatten"]
    assert kinds[2:] == [*(["BatchNorm2d", "LeakyReLU", "ConvTranspose"] * 4)]
    shape = [(m.out_channels, m.stride[0]) for m in layers if isinstance(m, ConvTranspose)]
    assert shape == [(128, 2), (64, 2), (32, 1), (1, 1)]


def test_the_library_discriminator_activates_before_each_convolution_and_never_normalises() -> None:
    body, features = image_features(1, 28)
    assert [type(m).__name__ for m in body] == [*(["LeakyReLU", "Conv"] * 4), "Flatten"]
    assert [m.stride[0] for m in body if isinstance(m, Conv)] == [2, 2, 2, 1]
    assert features == 4 * 4 * 256


def test_normalisation_in_the_discriminator_leaves_the_raw_picture_alone() -> None:
    body, _ = image_features(1, 28, norm=True)
    assert [type(m).__name__ for m in body][:5] == ["LeakyReLU", "Conv", "BatchNorm2d", "LeakyReLU", "Conv"]


def test_heads_see_the_same_features() -> None:
    headed = Headed(nn.Flatten(), nn.Identity(), nn.Linear(4, 2))
    x = torch.rand(3, 1, 2, 2)
    first, second = headed(x)
    assert torch.equal(first, x.flatten(1))
    assert torch.equal(second, headed.heads[1](x.flatten(1)))


def test_maxout_is_the_largest_of_its_linear_pieces() -> None:
    layer, x = Maxout(4, 3, 5), torch.randn(2, 4)
    w, b = layer.linear.weight.view(3, 5, 4), layer.linear.bias.view(3, 5)
    expected = torch.stack([(x @ w[:, i].T + b[:, i]) for i in range(5)]).amax(dim=0)
    assert torch.allclose(layer(x), expected, atol=1e-6)


# ---- the recipes


@pytest.mark.parametrize("cls", [CGAN, LSGAN, DenseGAN, CamelGAN], ids=lambda c: c.id)
def test_losses_of_a_discriminator_that_says_the_same_to_everything(cls: type[Recipe]) -> None:
    gan, logit = still(cls), 2.0
    say(list(gan.discriminator.modules())[-1], logit)
    metrics = train(gan, batch_for(cls), 1)[0]
    p = 1 / (1 + math.exp(-logit))
    d, g = -(math.log(p) + math.log(1 - p)) / 2, -math.log(p)
    if cls is LSGAN:
        d, g = ((logit - 1) ** 2 + logit**2) / 2, (logit - 1) ** 2
    assert metrics["loss_d"] == pytest.approx(d, rel=1e-3)
    assert metrics["loss_g"] == pytest.approx(g, rel=1e-3)
    assert (metrics["acc_real"], metrics["acc_fake"]) == (1.0, 0.0)


def test_acgan_adds_the_cross_entropy_of_the_class() -> None:
    gan = still(ACGAN)
    source, label = gan.discriminator.heads
    say(source, 0.0)
    say(label[-1], 0.0)  # every class equally likely
    metrics = train(gan, batch_for(ACGAN), 1)[0]
    for name in ("loss_d", "loss_g"):
        assert metrics[name] == pytest.approx(math.log(2) + math.log(gan.classes), rel=1e-3)
    assert metrics["loss_label"] == pytest.approx(math.log(4), rel=1e-3)


def test_acgan_label_accuracy_is_of_the_generated_pictures() -> None:
    gan = still(ACGAN)
    say(gan.discriminator.heads[1][-1], 0.0)
    with torch.no_grad():
        gan.discriminator.heads[1][-1].bias[2] = 5.0  # "star", always
    asked: list[Tensor] = []
    draw = gan.drawn_here

    def drawn(n: int) -> dict[str, Tensor]:
        given = draw(n)
        asked.append(given["label"])
        return given

    gan.drawn_here = drawn
    metrics = train(gan, batch_for(ACGAN, n=40), 1)[0]
    assert metrics["label_accuracy"] == pytest.approx((asked[1] == 2).float().mean().item())


def test_the_class_reaches_the_conditional_discriminator_as_a_plane() -> None:
    gan, seen = build(CGAN), []
    d = gan.discriminator
    d.body.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    label = adv.one_hot(torch.tensor([1]), gan.classes)
    x = torch.rand(1, *IMAGE.shape)
    d(x, label)
    expected = (d.plane.weight[:, 1] + d.plane.bias).view(1, 1, gan.size, gan.size)
    assert torch.allclose(seen[0], torch.cat([x, expected], dim=1))


@pytest.mark.parametrize("cls", [CGAN, ACGAN], ids=lambda c: c.id)
def test_discriminators_get_true_classes_for_real_pictures(cls: type[CGAN] | type[ACGAN]) -> None:
    gan = build(cls)
    with pytest.raises(AssertionError):
        gan.step(Batch(batch_for(cls).x))
    assert cls.needs_labels


def test_equal_noise_with_another_class_is_another_picture() -> None:
    gan = rest(build(CGAN))
    inputs = gan.draw(1, torch.Generator().manual_seed(0))
    first = gan.generate({**inputs, "label": torch.tensor([0])})
    assert not torch.equal(first, gan.generate({**inputs, "label": torch.tensor([1])}))


@pytest.mark.parametrize("cls", [CGAN, ACGAN], ids=lambda c: c.id)
def test_previews_have_a_column_per_class(cls: type[CGAN] | type[ACGAN]) -> None:
    gan = rest(build(cls))
    with torch.no_grad():
        (images,) = gan.preview(batch_for(cls))
    assert images.columns == gan.classes
    assert images.captions[: gan.classes] == IMAGE.classes
    assert len(images.pixels) == 4 * gan.classes


# ---- weight clipping


def test_clipping_keeps_every_weight_in_the_box_and_counts_its_walls() -> None:
    layer = nn.Linear(2, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.5, -0.5], [0.001, 0.01]]))
        layer.bias.copy_(torch.tensor([0.002, -3.0]))
    share = clip(layer, 0.01)
    assert torch.allclose(layer.weight, torch.tensor([[0.01, -0.01], [0.001, 0.01]]))
    assert torch.allclose(layer.bias, torch.tensor([0.002, -0.01]))
    assert share.item() == pytest.approx(4 / 6)


def test_the_wgan_critic_never_leaves_its_box_and_the_generator_does() -> None:
    gan = build(WGAN)
    assert isinstance(gan, WGAN)
    for _ in range(3):
        assert max(float(p.detach().abs().max()) for p in gan.critic.parameters()) <= 0.01 + 1e-9
        metrics = train(gan, batch_for(WGAN), 1)[0]
    assert 0 < metrics["clipped"] <= 1
    assert max(float(p.detach().abs().max()) for p in gan.generator.parameters()) > 0.01


def test_the_wgan_critic_sees_real_and_generated_pictures_apart_five_times_each() -> None:
    gan = build(WGAN)
    assert isinstance(gan, WGAN)
    gan.make = lambda *_: torch.full((2, *IMAGE.shape), 0.5)  # type: ignore[method-assign]
    seen: list[str] = []
    gan.critic.register_forward_pre_hook(lambda _, x: seen.append("made" if bool((x[0] == 0.5).all()) else "real"))
    gan.step(batch_for(WGAN, n=10))
    assert seen == ["real", "made"] * 5 + ["made"]


def test_the_wgan_critic_learns_to_score_real_pictures_above_generated_ones() -> None:
    """With the listing's bug (both batches pushed up) the distance stays at nothing."""
    gan = build(WGAN, config=replace(small(WGAN), lr_d=1e-3, lr_g=1e-7, clip=0.1))
    distances = [m["wasserstein"] for m in train(gan, batch_for(WGAN, n=20), 15)]
    assert distances[-1] > 10 * abs(distances[0])
    assert distances[-1] > 0


# ---- presets


def test_dcgan_presets_break_it_where_the_book_says() -> None:
    made = {p.name: make(DCGAN.Config, p.config) for p in DCGAN.presets}
    norms = {name: build(DCGAN, config=c).discriminator for name, c in made.items() if name != "chollet"}
    assert [n for n, d in norms.items() if any(isinstance(m, nn.BatchNorm2d) for m in d.modules())] == ["norm-in-d"]
    late = build(DCGAN, config=made["late-strides"]).generator
    assert [m.stride[0] for m in late if isinstance(m, ConvTranspose)] == [1, 2, 2, 1]


def test_camel_gan_enlarges_in_its_first_two_layers_only() -> None:
    gan = build(CamelGAN, spec=replace(IMAGE, shape=(1, 28, 28)))
    kinds = [type(m).__name__ for m in gan.generator if isinstance(m, nn.Upsample | Conv)]
    assert kinds == ["Upsample", "Conv", "Upsample", "Conv", "Conv", "Conv"]
