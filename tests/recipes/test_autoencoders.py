"""A known answer for every formula of the autoencoder family, and what its capabilities promise."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import distributions as dist
from torchmetrics.functional.image import structural_similarity_index_measure

from studio.core import knobs, registry
from studio.core.compute import Compute, Policy
from studio.core.recipe import Batch
from studio.nn.autoencoders import reconstruction_error, structural_similarity
from studio.nn.variational import gaussian_kl, gaussian_kl_terms, kl_by_dimension, plane, reparameterise
from studio.recipes.autoencoder.autoencoder import Autoencoder
from studio.recipes.autoencoder.beta_vae import BetaVAE
from studio.recipes.autoencoder.colorization import Colorization
from studio.recipes.autoencoder.cvae import CVAE
from studio.recipes.autoencoder.denoising import Denoising
from studio.recipes.autoencoder.dfc_vae import DFCVAE
from studio.recipes.autoencoder.vae import VAE
from tests.recipes.specs import CLASSES, IMAGE, batch_for, build, rest, small, train

COLOUR = replace(IMAGE, shape=(3, 16, 16))


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ---- what "rebuilt well" means


@pytest.mark.parametrize(("loss", "power"), [("mse", 2), ("mae", 1)])
def test_errors_are_means_over_everything(loss: str, power: int) -> None:
    logits, x = torch.randn(4, 3, 9, 9, generator=rng()), torch.rand(4, 3, 9, 9, generator=rng(1))
    expected = (torch.sigmoid(logits) - x).abs().pow(power).mean()
    assert reconstruction_error(logits, x, loss).item() == pytest.approx(expected.item(), rel=1e-6)


def test_cross_entropy_is_a_bernoulli_likelihood() -> None:
    logits, x = torch.randn(2, 1, 8, 8, generator=rng()), (torch.rand(2, 1, 8, 8, generator=rng(1)) > 0.5).float()
    expected = -dist.Bernoulli(logits=logits).log_prob(x).mean()
    assert reconstruction_error(logits, x, "bce").item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(("channels", "side"), [(1, 28), (3, 32), (1, 8)])
def test_structural_similarity_is_that_of_torchmetrics(channels: int, side: int) -> None:
    x = torch.rand(4, channels, side, side, generator=rng())
    y = (x + 0.2 * torch.randn(x.shape, generator=rng(1))).clamp(0, 1)
    _, places = structural_similarity_index_measure(
        x, y, gaussian_kernel=False, kernel_size=7, data_range=1.0, reduction="none", return_full_image=True
    )
    inside = places[..., 3:-3, 3:-3].mean(dim=(1, 2, 3))  # theirs goes over the border, on mirrored pictures
    assert torch.allclose(structural_similarity(x, y), inside, atol=1e-4)
    assert torch.allclose(structural_similarity(x, x), torch.ones(4))


def test_structural_similarity_of_pictures_smaller_than_its_window() -> None:
    x = torch.rand(2, 1, 4, 4, generator=rng())
    assert structural_similarity(x, x) == pytest.approx([1.0, 1.0])
    assert (structural_similarity(x, 1 - x) < 0).all()


@pytest.mark.parametrize("loss", ["mse", "bce", "mae", "ssim"])
def test_an_autoencoder_follows_the_loss_it_is_given(loss: str) -> None:
    auto = build(Autoencoder, config=replace(small(Autoencoder), loss=loss, lr=1e-2))
    losses = [m["loss"] for m in train(auto, batch_for(Autoencoder), 25)]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.bf16
@pytest.mark.parametrize(
    "cls", [c for c in registry.recipes().values() if c.family == "autoencoder"], ids=lambda c: c.id
)
def test_half_precision_steps_keep_losses_and_statistics_in_float32(cls) -> None:
    torch.manual_seed(0)
    compute = Compute(Policy(precision="bf16"))
    recipe = cls(small(cls), IMAGE, compute)
    with compute.autocast():
        metrics = recipe.step(batch_for(cls))
    assert all(value.dtype == torch.float32 and torch.isfinite(value) for value in metrics.values())
    buffers = [b for m in recipe.modules().values() for b in m.buffers() if b.is_floating_point()]
    assert all(b.dtype == torch.float32 for b in buffers)


# ---- variational pieces


def test_kl_terms_add_up_and_are_named() -> None:
    mean, log_var = torch.randn(6, 3, generator=rng()), torch.randn(6, 3, generator=rng(1))
    expected = dist.kl_divergence(dist.Normal(mean, (0.5 * log_var).exp()), dist.Normal(0.0, 1.0))
    assert torch.allclose(gaussian_kl_terms(mean, log_var), expected, atol=1e-6)
    assert torch.allclose(gaussian_kl(mean, log_var), expected.sum(1), atol=1e-5)
    named = kl_by_dimension(mean, log_var)
    assert list(named) == ["kl_z1", "kl_z2", "kl_z3"]
    assert sum(named.values()).item() == pytest.approx(expected.sum(1).mean().item(), rel=1e-5)
    assert kl_by_dimension(torch.zeros(2, 200), torch.zeros(2, 200)) == {}


def test_reparameterised_draws_have_the_posteriors_moments_and_pass_gradients() -> None:
    mean, log_var = torch.tensor([[1.0, -2.0]], requires_grad=True), torch.tensor([[0.0, math.log(4.0)]])
    z = reparameterise(mean, log_var, torch.randn(40_000, 2, generator=rng()))
    assert torch.allclose(z.mean(0), torch.tensor([1.0, -2.0]), atol=0.05)
    assert torch.allclose(z.std(0), torch.tensor([1.0, 2.0]), atol=0.05)
    (slope,) = torch.autograd.grad(z.sum(), mean)
    assert torch.allclose(slope, torch.full((1, 2), 40_000.0))


def test_the_plane_takes_equal_steps_of_probability_with_up_as_up() -> None:
    points = plane(5)
    shares = dist.Normal(0.0, 1.0).cdf(points)
    assert torch.allclose(shares[:5, 0], torch.linspace(0.02, 0.98, 5), atol=1e-4)
    assert torch.allclose(shares[::5, 1], torch.linspace(0.98, 0.02, 5), atol=1e-4)


# ---- beta-VAE


def muted(vae: BetaVAE) -> BetaVAE:
    """Silence the first of two dimensions: q(z1|x) is the prior, whatever x is."""
    with torch.no_grad():
        for head in (vae.encoder.mean, vae.encoder.log_var):
            head.weight[0].zero_()
            head.bias[0] = 0.0
        vae.encoder.mean.bias[1] = 2.0
    return vae


def test_a_muted_dimension_shows_in_the_metrics_and_in_the_preview() -> None:
    vae = rest(build(BetaVAE))
    assert isinstance(vae, BetaVAE)
    batch = batch_for(BetaVAE)
    with torch.no_grad():
        metrics = muted(vae).validate(batch)
        images = {e.name: e for e in vae.preview(batch) if hasattr(e, "captions")}
    assert metrics["kl_z1"].item() == pytest.approx(0.0, abs=1e-6)
    assert metrics["kl_z2"] > 1
    assert metrics["active"].item() == 1
    shown = images["traversals"]
    assert shown.captions[0] == "z1: 0.00 nats"
    assert shown.captions[shown.columns].startswith("z2: ")
    assert len(shown.pixels) == 2 * shown.columns


@pytest.mark.parametrize("beta", [0.0, 1.0, 9.0])
def test_beta_weighs_the_whole_divergence(beta: float) -> None:
    vae = rest(build(BetaVAE, config=replace(small(BetaVAE), beta=beta)))
    with torch.no_grad():
        metrics = vae.validate(batch_for(BetaVAE))
    assert metrics["loss"].item() == pytest.approx((metrics["reconstruction"] + beta * metrics["kl"]).item(), rel=1e-6)


def test_plain_beta_vae_is_the_vae() -> None:
    ours = knobs.make(BetaVAE.Config, registry.preset(BetaVAE, "plain").config)
    theirs = knobs.make(VAE.Config, registry.preset(VAE, "atienza-cnn").config)
    first, second = (cls_build(cls, c) for cls, c in ((BetaVAE, ours), (VAE, theirs)))
    second.encoder.load_state_dict(first.encoder.state_dict())
    second.decoder.load_state_dict(first.decoder.state_dict())
    batch = batch_for(VAE)
    with torch.no_grad():
        assert rest(first).validate(batch)["loss"].item() == rest(second).validate(batch)["loss"].item()


def cls_build(cls, config):
    return cls(config, IMAGE, Compute(Policy()))


# ---- conditional VAE


def test_cvae_is_told_the_label_on_both_sides() -> None:
    cvae = rest(build(CVAE))
    assert isinstance(cvae, CVAE)
    batch = batch_for(CVAE)
    other = Batch(batch.x, (batch.y + 1) % len(CLASSES))
    with torch.no_grad():
        first, second = (
            cvae.encoder(b.x, torch.nn.functional.one_hot(b.y, len(CLASSES)).float())[0] for b in (batch, other)
        )
    assert not torch.allclose(first, second)
    code = torch.zeros(len(CLASSES), 2)
    made = cvae.generate({"label": torch.arange(len(CLASSES)), "code": code})
    assert all(not torch.equal(made[0], picture) for picture in made[1:])


def test_cvae_learns_to_draw_the_class_it_is_asked_for() -> None:
    cvae, batch = build(CVAE, config=replace(small(CVAE), lr=3e-3)), batch_for(CVAE, n=32)
    assert isinstance(cvae, CVAE)
    train(cvae, batch, 250)
    means = torch.stack([batch.x[batch.y == k].mean(0) for k in range(len(CLASSES))])
    made = rest(cvae).generate({"label": torch.arange(len(CLASSES)), "code": torch.zeros(len(CLASSES), 2)})
    nearest = torch.cdist(made.flatten(1), means.flatten(1)).argmin(dim=1)
    assert nearest.tolist() == list(range(len(CLASSES)))


def test_cvae_codes_come_from_the_prior_and_labels_alike() -> None:
    drawn = rest(build(CVAE)).draw(4000, rng())
    assert torch.allclose(drawn["code"].std(0), torch.ones(2), atol=0.05)
    assert torch.allclose(torch.bincount(drawn["label"]) / 4000, torch.full((4,), 0.25), atol=0.03)


# ---- denoising and colorization


def test_noise_is_gaussian_around_its_mean_and_clipped() -> None:
    spec = replace(IMAGE, shape=(1, 64, 64))
    denoising = rest(build(Denoising, config=replace(small(Denoising), noise_mean=0.5, noise_std=0.1), spec=spec))
    noisy = denoising.sources(torch.zeros(8, 1, 64, 64))
    assert noisy.mean().item() == pytest.approx(0.5, abs=0.01)
    assert noisy.std().item() == pytest.approx(0.1, abs=0.01)
    loud = denoising.sources(torch.zeros(8, 1, 64, 64), amount=1.0)
    assert (loud.min(), loud.max()) == (0, 1)
    share = dist.Normal(0.5, 1.0).cdf(torch.tensor(0.0)).item()
    assert (loud == 0).float().mean().item() == pytest.approx(share, abs=0.02)
    silent = denoising.sources(torch.full((1, 1, 64, 64), 0.2), amount=0.0)
    assert torch.allclose(silent, torch.tensor(0.7))


def test_denoising_asks_for_the_clean_picture_and_draws_its_noise_afresh() -> None:
    denoising = build(Denoising, config=replace(small(Denoising), lr=1e-6))
    seen: list[torch.Tensor] = []
    denoising.encoder.register_forward_pre_hook(lambda _, given: seen.append(given[0].clone()))
    batch = batch_for(Denoising)
    train(denoising, batch, 2)
    assert not torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], batch.x)
    with torch.no_grad():
        metrics = rest(denoising).validate(batch)
        cleaned = denoising.translate(denoising.sources(batch.x))
    assert metrics["mse"].item() == pytest.approx((cleaned - batch.x).square().mean().item(), rel=1e-5)
    assert torch.equal(denoising.targets(batch.x), batch.x)


def test_a_denoiser_beats_doing_nothing() -> None:
    denoising, batch = build(Denoising, config=replace(small(Denoising), lr=1e-2)), batch_for(Denoising, n=64)
    train(denoising, batch, 60)
    noisy = rest(denoising).sources(batch.x)
    before = (noisy - batch.x).square().mean()
    after = (denoising.translate(noisy) - batch.x).square().mean()
    assert after < 0.7 * before


def test_colorization_sees_only_the_luminance() -> None:
    colours = rest(build(Colorization, spec=COLOUR))
    x = torch.rand(3, 3, 16, 16, generator=rng())
    grey = colours.sources(x)
    assert torch.allclose(grey[:, 0], 0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2])
    assert torch.equal(colours.reconstruct(x), colours.translate(grey))
    same_grey = grey.expand(-1, 3, -1, -1)
    assert torch.allclose(colours.reconstruct(same_grey), colours.reconstruct(x), atol=1e-5)


def test_colorization_learns_the_colours() -> None:
    spec, x = COLOUR, batch_for(Colorization, n=16, spec=COLOUR).x.clone()
    x[:, 0] *= 0.2  # everything is cyan
    colours = build(Colorization, config=replace(small(Colorization), lr=1e-2), spec=spec)
    losses = [m["loss"] for m in train(colours, Batch(x), 60)]
    assert losses[-1] < 0.5 * losses[0]
    made = rest(colours).reconstruct(x)
    assert made[:, 0].mean() < 0.5 * made[:, 1].mean()


# ---- deep features


def test_feature_distance_is_relative_and_zero_for_equal_pictures() -> None:
    dfc = rest(build(DFCVAE, spec=COLOUR))
    x, y = torch.rand(2, 3, 16, 16, generator=rng()), torch.rand(2, 3, 16, 16, generator=rng(1))
    assert dfc._distance(x, x).item() == 0
    layers = {term.layer for term in dfc._seen}
    eyes = dfc._eyes[0]
    side = max(eyes.smallest, 16)
    big = [torch.nn.functional.interpolate(v, (side, side), mode="bilinear") for v in (x, y)]
    first, second = (eyes.features(v, layers) for v in big)
    total = sum(t.weight for t in dfc._seen)
    expected = sum(
        t.weight / total * ((second[t.layer] - first[t.layer]) ** 2).mean() / (first[t.layer] ** 2).mean()
        for t in dfc._seen
    )
    assert dfc._distance(y, x).item() == pytest.approx(expected.item(), rel=1e-4)


def test_the_loss_network_is_frozen_and_not_saved() -> None:
    dfc = build(DFCVAE)
    assert set(dfc.modules()) == {"encoder", "decoder"}
    before = [p.clone() for p in dfc._eyes[0].module.parameters()]
    train(dfc, batch_for(DFCVAE), 1)
    assert all(torch.equal(a, b) for a, b in zip(before, dfc._eyes[0].module.parameters(), strict=True))


def test_deep_feature_loss_adds_its_weighted_terms() -> None:
    dfc = rest(build(DFCVAE))
    with torch.no_grad():
        m = dfc.validate(batch_for(DFCVAE))
    c = dfc.config
    expected = c.features * m["features"] + c.pixels * m["mse"] + c.beta * m["kl"]
    assert m["loss"].item() == pytest.approx(expected.item(), rel=1e-5)
