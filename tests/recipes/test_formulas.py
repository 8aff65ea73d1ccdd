"""A known answer for every formula that the recipes' docstrings state."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import distributions as dist

from studio.core import knobs, registry
from studio.core.compute import Compute, Policy
from studio.core.errors import BadInput
from studio.core.recipe import Batch
from studio.nn.autoencoders import CodeCloud
from studio.nn.variational import gaussian_kl
from studio.recipes.autoencoder.autoencoder import Autoencoder
from studio.recipes.autoencoder.vae import VAE
from studio.recipes.classifier.cnn import CNNClassifier
from studio.recipes.classifier.mlp import MLPClassifier
from studio.recipes.gan.dcgan import DCGAN
from tests.recipes.specs import IMAGE, batch_for, build, rest, small, train


@pytest.mark.parametrize(
    ("mean", "variance", "nats"), [(0.0, 1.0, 0.0), (1.0, 1.0, 0.5), (0.0, math.e, 0.5 * (math.e - 2))]
)
def test_kl_known_answers(mean: float, variance: float, nats: float) -> None:
    kl = gaussian_kl(torch.full((1, 3), mean), torch.full((1, 3), math.log(variance)))
    assert kl.item() == pytest.approx(3 * nats, abs=1e-6)


def test_kl_agrees_with_torch_and_is_never_negative() -> None:
    mean, log_var = torch.randn(50, 4), torch.randn(50, 4)
    q, p = dist.Normal(mean, (0.5 * log_var).exp()), dist.Normal(0.0, 1.0)
    expected = dist.kl_divergence(q, p).sum(dim=1)
    assert torch.allclose(gaussian_kl(mean, log_var), expected, atol=1e-5)
    assert (expected >= 0).all()


def posterior_sample(vae: VAE, x: torch.Tensor) -> torch.Tensor:
    """Draw the z that a validation step uses: one fixed draw of noise."""
    mean, log_var = vae.encoder(x)
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(0))
    return mean + (0.5 * log_var).exp() * noise


def vae_of(**config: object) -> VAE:
    vae = rest(build(VAE, config=replace(small(VAE), **config)))
    assert isinstance(vae, VAE)
    return vae


@torch.no_grad()
def test_elbo_of_a_bernoulli_decoder() -> None:
    vae, x = vae_of(), (batch_for(VAE).x > 0.5).float()
    p = dist.Bernoulli(probs=vae.decode(posterior_sample(vae, x)).clamp(1e-6, 1 - 1e-6))
    nll = -p.log_prob(x).flatten(1).sum(dim=1).mean()
    metrics = vae.validate(Batch(x))
    assert metrics["elbo"].item() == pytest.approx((nll + metrics["kl"]).item(), rel=1e-4)
    assert metrics["loss"].item() == pytest.approx(metrics["elbo"].item(), rel=1e-5)  # β = 1 and the sum


@torch.no_grad()
def test_elbo_of_a_gaussian_decoder_has_the_variance_that_the_weight_implies() -> None:
    vae, x = vae_of(loss="mse", r_loss_factor=1000.0), batch_for(VAE).x
    variance = x[0].numel() / (2 * 1000.0)
    p = dist.Normal(vae.decode(posterior_sample(vae, x)), math.sqrt(variance))
    nll = -p.log_prob(x).flatten(1).sum(dim=1).mean()
    metrics = vae.validate(Batch(x))
    assert metrics["elbo"].item() == pytest.approx((nll + metrics["kl"]).item(), rel=1e-4)


@torch.no_grad()
def test_foster_weights_the_mean_squared_error() -> None:
    vae, x = vae_of(loss="mse", r_loss_factor=1000.0), batch_for(VAE).x
    metrics = vae.validate(Batch(x))
    mse = (vae.decode(posterior_sample(vae, x)) - x).square().mean()
    assert metrics["reconstruction"].item() == pytest.approx(1000 * mse.item(), rel=1e-5)
    assert metrics["loss"].item() == pytest.approx((1000 * mse + metrics["kl"]).item(), rel=1e-5)


@torch.no_grad()
def test_chollet_averages_kl_over_two_dimensions() -> None:
    preset = registry.preset(VAE, "chollet")
    vae = VAE(knobs.make(VAE.Config, preset.config), IMAGE, Compute(Policy()))
    metrics = rest(vae).validate(batch_for(VAE))
    averaged = metrics["kl"] / vae.latent_size
    assert metrics["loss"].item() == pytest.approx((metrics["reconstruction"] + averaged).item(), rel=1e-6)


def test_beta_can_be_turned_while_training() -> None:
    vae = vae_of()
    assert vae.change("beta", 0.0) == 0.0
    with torch.no_grad():
        metrics = vae.validate(batch_for(VAE))
    assert metrics["loss"].item() == pytest.approx(metrics["reconstruction"].item())


@torch.no_grad()
def test_autoencoder_loss_is_the_mean_over_everything() -> None:
    auto, x = rest(build(Autoencoder)), batch_for(Autoencoder).x
    assert isinstance(auto, Autoencoder)
    error = (auto.reconstruct(x) - x).square().mean().item()
    metrics = auto.validate(Batch(x))
    assert metrics["loss"].item() == pytest.approx(error, rel=1e-5)
    crossed = rest(build(Autoencoder, config=replace(small(Autoencoder), loss="bce"))).validate(Batch(x))
    assert crossed["loss"].item() == pytest.approx(math.log(2), abs=0.1)  # an untrained network says one half


def test_cloud_of_codes_draws_what_it_saw() -> None:
    torch.manual_seed(0)
    axes = torch.tensor([[1.0, 0.5], [0.0, 0.3]])
    cloud = CodeCloud(2)
    for _ in range(100):
        cloud.update(torch.randn(200, 2) @ axes + torch.tensor([3.0, -1.0]))
    drawn = cloud.sample(20_000, torch.Generator().manual_seed(1))
    assert torch.allclose(drawn.mean(dim=0), torch.tensor([3.0, -1.0]), atol=0.05)
    assert torch.allclose(drawn.T.cov(), axes.T @ axes, atol=0.05)


def test_l2_adds_lambda_times_the_squares_of_the_kernels_to_what_is_minimised() -> None:
    steps = []
    for l2 in (0.0, 0.1):
        config = replace(small(MLPClassifier), l2=l2, optimiser="sgd", lr=0.01, dropout=0.0)
        mlp = build(MLPClassifier, config=config)
        before = [p.detach().clone() for p in mlp.parameters()]
        train(mlp, batch_for(MLPClassifier), 1)
        steps.append([p.detach() - old for p, old in zip(mlp.parameters(), before, strict=True)])
    for plain, decayed, old in zip(*steps, before, strict=True):
        expected = -0.01 * 2 * 0.1 * old if old.ndim == 2 else torch.zeros_like(old)  # biases are left alone
        assert torch.allclose(decayed - plain, expected, atol=1e-6)


@pytest.mark.parametrize("cls", [MLPClassifier, CNNClassifier], ids=lambda c: c.id)
def test_classifier_metrics(cls: type[MLPClassifier | CNNClassifier]) -> None:
    recipe, batch = rest(build(cls)), batch_for(cls)
    assert batch.y is not None
    p = recipe.classify(batch.x)
    with torch.no_grad():
        metrics = recipe.validate(batch)
    expected = -p[torch.arange(len(p)), batch.y].log().mean()
    assert metrics["loss"].item() == pytest.approx(expected.item(), rel=1e-4)
    assert metrics["accuracy"].item() == pytest.approx((p.argmax(1) == batch.y).float().mean().item())


def silence(network: torch.nn.Module, logit: float) -> None:
    """Make a discriminator say the same logit to everything."""
    last = list(network.modules())[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.constant_(last.bias, logit)


def gan_of(logit: float, **config: object) -> DCGAN:
    gan = build(DCGAN, config=replace(small(DCGAN), lr_d=1e-7, lr_g=1e-7, **config))
    assert isinstance(gan, DCGAN)
    silence(gan.discriminator, logit)
    return gan


@pytest.mark.parametrize("logit", [0.0, 2.0, -1.0])
def test_gan_losses_of_a_discriminator_that_says_the_same_to_everything(logit: float) -> None:
    metrics = train(gan_of(logit), batch_for(DCGAN), 1)[0]
    p = 1 / (1 + math.exp(-logit))
    assert metrics["loss_d"] == pytest.approx(-(math.log(p) + math.log(1 - p)) / 2, rel=1e-4)
    assert metrics["loss_g"] == pytest.approx(-math.log(p), rel=1e-3)
    assert metrics["acc_real"] == float(logit > 0)
    assert metrics["acc_fake"] == float(logit < 0)


def test_label_noise_is_chollets_with_the_sides_swapped() -> None:
    logit, noise = 1.0, 0.05
    metrics = train(gan_of(logit, label_noise=noise), batch_for(DCGAN, n=200), 1)[0]
    mean = noise / 2  # of noise · U(0, 1); fakes are 1 + noise, real pictures 0 + noise, with the logit turned
    p_fake = 1 / (1 + math.exp(logit))
    real = -(mean * math.log(p_fake) + (1 - mean) * math.log(1 - p_fake))
    fake = -((1 + mean) * math.log(p_fake) + (0 - mean) * math.log(1 - p_fake))
    assert metrics["loss_d"] == pytest.approx((real + fake) / 2, abs=3e-3)


def test_generator_and_discriminator_only_move_themselves() -> None:
    gan = build(DCGAN, config=replace(small(DCGAN), lr_g=1e-7))
    assert isinstance(gan, DCGAN)
    before = [p.detach().clone() for p in gan.generator.parameters()]
    train(gan, batch_for(DCGAN), 2)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(before, gan.generator.parameters(), strict=True))
    assert all(p.grad is not None for p in gan.discriminator.parameters())


@pytest.mark.parametrize(("noise", "low", "high"), [("uniform", -1.0, 1.0), ("normal", -math.inf, math.inf)])
def test_noise_has_the_declared_distribution(noise: str, low: float, high: float) -> None:
    gan = build(DCGAN, config=replace(small(DCGAN), noise=noise))
    assert isinstance(gan, DCGAN)
    z = gan.prior(4000, torch.Generator().manual_seed(0))
    assert low <= z.min()
    assert z.max() <= high
    variance = 1 / 3 if noise == "uniform" else 1.0
    assert z.var().item() == pytest.approx(variance, rel=0.05)


def test_tanh_gans_train_on_pictures_from_minus_one_and_show_them_from_zero() -> None:
    gan = build(DCGAN, config=replace(small(DCGAN), output="tanh"))
    assert isinstance(gan, DCGAN)
    seen: list[torch.Tensor] = []
    gan.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    train(gan, Batch(torch.zeros(4, *IMAGE.shape)), 1)
    assert (seen[0][:4] == -1).all()
    shown = rest(gan).decode(torch.zeros(2, gan.latent_size))
    assert shown.min() >= 0


def test_fakes_can_come_from_running_statistics() -> None:
    batch, modes = batch_for(DCGAN), []
    for flag in (False, True):
        gan = build(DCGAN, config=replace(small(DCGAN), fakes_in_eval=flag))
        assert isinstance(gan, DCGAN)
        gan.generator.register_forward_hook(lambda module, *_: modes.append(module.training))
        train(gan, batch, 1)
        assert gan.generator.training
    assert modes == [True, True, False, True]  # for the discriminator, for the generator; without and with


@pytest.mark.parametrize("cls", [Autoencoder, VAE, CNNClassifier, DCGAN], ids=lambda c: c.id)
def test_pictures_that_are_not_square_are_refused_with_advice(cls: type[VAE]) -> None:
    with pytest.raises(BadInput, match="24 x 16") as caught:
        build(cls, spec=replace(IMAGE, shape=(1, 16, 24)))
    assert caught.value.what_to_do
