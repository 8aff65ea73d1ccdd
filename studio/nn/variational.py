"""What every variational autoencoder shares: Gaussian posteriors, the bound in nats, and how the space is shown.

    q(z|x) = N(μ(x), diag exp(log σ²(x))),   z = μ + exp(½ log σ²) ε,   ε ~ N(0, I)
    KL = -½ Σ_j (1 + log σ_j² - μ_j² - exp(log σ_j²))                    summed over latent dimensions

Kingma & Welling 2014, arXiv:1312.6114, section 3 and appendix B. Atienza's prose calls σ a standard deviation while
the networks predict log σ²; Foster prints KL without its minus sign: both are spelt out above.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from studio.core.capabilities import Decodes, Encodes, Reconstructs, Samples
from studio.core.compute import generator as seeded
from studio.core.events import Embedding, Event, Images
from studio.core.recipe import Batch, Recipe
from studio.nn.autoencoders import reconstruction_error
from studio.nn.keras import Dense
from studio.nn.pictures import crop, in_pairs, to_pixels

NAMED = 16
"""Up to this many latent dimensions have a curve of their own."""
REACH = 3.0
"""A traversal goes from -REACH to REACH standard deviations of the prior."""


def gaussian_kl_terms(mean: Tensor, log_var: Tensor) -> Tensor:
    """Return KL(N(mean, exp(log_var)) || N(0, 1)) of each dimension in nats, (N, D); never negative."""
    return -0.5 * (1.0 + log_var - mean.square() - log_var.exp())


def gaussian_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """Return KL(N(mean, exp(log_var)) || N(0, I)) in nats, (N,) from (N, D); never negative."""
    return gaussian_kl_terms(mean, log_var).sum(dim=1)


def kl_by_dimension(mean: Tensor, log_var: Tensor) -> dict[str, Tensor]:
    """Return the mean KL of each dimension by name, `kl_z1`, `kl_z2`, …: near zero means muted.

    Spaces of more than 16 dimensions get none: nobody reads two hundred curves.
    """
    if mean.shape[1] > NAMED:
        return {}
    means = gaussian_kl_terms(mean, log_var).mean(dim=0)
    return {f"kl_z{i + 1}": means[i] for i in range(mean.shape[1])}


def reparameterise(mean: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """Return z = mean + exp(½ log_var) · noise, (N, D): a draw that gradients pass."""
    return mean + (0.5 * log_var).exp() * noise.to(mean.device)


def negative_log_likelihood(error: Tensor, values: int, loss: str, weight: float) -> Tensor:
    """Return the mean of -log p(x|z) in nats from the mean error per value.

    Args:
        error: 0-d; cross-entropy (a Bernoulli decoder) or squared error (a Gaussian one).
        values: numbers P per picture.
        loss: "bce" or "mse".
        weight: w in w · mean squared error + KL; it implies the Gaussian's variance σ² = P / 2w.
    """
    if loss == "bce":
        return values * error
    variance = values / (2.0 * weight)
    return values * (error / (2.0 * variance) + 0.5 * math.log(2.0 * math.pi * variance))


def weighted_bound(
    logits: Tensor, x: Tensor, mean: Tensor, log_var: Tensor, *, loss: str, weight: float, beta: float
) -> dict[str, Tensor]:
    """Return the terms of L = w · error + β · KL, and the bound itself whatever w and β are.

    Args:
        logits: of the decoder, float32 (N, C, H, W).
        x: the pictures.
        mean: of q(z|x), (N, D).
        log_var: of q(z|x), (N, D).
        loss: "bce" or "mse", averaged over pixels.
        weight: w; 0 is the number of values per picture: their sum.
        beta: β.

    Returns:
        loss, reconstruction (w · error), kl, and elbo: the bound on -log p(x) in nats per picture, lower is better.
    """
    values = x[0].numel()
    weight = weight or float(values)
    error = reconstruction_error(logits, x, loss)
    kl = gaussian_kl(mean, log_var).mean()
    nll = negative_log_likelihood(error, values, loss, weight)
    return {"loss": weight * error + beta * kl, "reconstruction": weight * error, "kl": kl, "elbo": nll + kl}


def plane(n: int) -> Tensor:
    """Return n² points (n², 2) at equal steps of the normal's distribution, first axis to the right, second up."""
    steps = torch.special.ndtri(torch.linspace(0.02, 0.98, n))
    up, right = torch.meshgrid(steps.flip(0), steps, indexing="ij")
    return torch.stack([right, up], dim=-1).view(-1, 2)


class Posterior(nn.Module):
    """Pictures -> mean and log variance of q(z|x), each float32 (N, D): a body and two linear heads.

    Args:
        body: anything -> (N, width).
        width: of the body's output.
        latent: D.
    """

    def __init__(self, body: nn.Sequential, width: int, latent: int) -> None:
        super().__init__()
        self.body = body
        self.mean = Dense(width, latent)
        self.log_var = Dense(width, latent)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return (mean, log variance)."""
        h = self.body(x)
        return self.mean(h).float(), self.log_var(h).float()


class Variational(Recipe, Encodes, Decodes, Reconstructs, Samples):
    """Base of recipes whose `encoder` is a `Posterior` and whose `decoder` maps z (N, D) to logits (N, C, H, W).

    A subclass declares `Config` (with `latent_dim`), `build` and `terms`: what is minimised, as in its paper.
    """

    encoder: nn.Module
    decoder: nn.Module
    opt: Any
    size: int

    def terms(self, x: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the 0-d terms of the objective, among them "loss", with one draw of z per picture.

        Args:
            x: pictures (N, C, H, W).
            noise: ε, (N, D), on the CPU.
        """
        raise NotImplementedError

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Do one step on the objective."""
        metrics = self.terms(batch.x, torch.randn(len(batch), self.latent_size))
        self.compute.minimise(metrics["loss"], self.opt)
        return {name: value.detach() for name, value in metrics.items()}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the same terms with a fixed draw of noise."""
        return self.terms(batch.x, torch.randn(len(batch), self.latent_size, generator=seeded(0)))

    def logits(self, z: Tensor) -> Tensor:
        """Return what the decoder says, float32 (N, C, H, W)."""
        return crop(self.decoder(z), self.size).float()

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show originals beside reconstructions, samples (or the plane), and where the codes lie."""
        x = batch.x[:32]
        yield Images(0, "reconstructions", to_pixels(in_pairs(x, self.reconstruct(x))), columns=8)
        if self.latent_size == 2:
            yield Images(0, "plane", to_pixels(self.decode(plane(10).to(self.compute.device))), columns=10)
        else:
            yield Images(0, "samples", to_pixels(self.sample(32, seeded(0))), columns=8)
        labels = None if batch.y is None else batch.y.cpu().numpy()
        yield Embedding(0, "latent", self.encode(batch.x).cpu().numpy(), labels)

    def traversals(self, x: Tensor, columns: int = 9) -> Images:
        """Return one row per latent dimension (at most 16), turned from -3 to 3 with the others at zero.

        The first picture of a row says how many nats its dimension carries on average over x: a muted one has none.
        """
        count = min(self.latent_size, NAMED)
        z = torch.zeros(count, columns, self.latent_size)
        for i in range(count):
            z[i, :, i] = torch.linspace(-REACH, REACH, columns)
        nats = gaussian_kl_terms(*self.encoder(x)).mean(dim=0).tolist()
        captions = [f"z{i + 1}: {nats[i]:.2f} nats" if k == 0 else "" for i in range(count) for k in range(columns)]
        pixels = to_pixels(self.decode(z.flatten(0, 1).to(self.compute.device)))
        return Images(0, "traversals", pixels, columns, tuple(captions))

    @property
    def latent_size(self) -> int:
        """Number of latent dimensions."""
        return int(self.config.latent_dim)

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        """Return the means (N, D) of q(z|x)."""
        mean: Tensor = self.encoder(x)[0]
        return mean

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) in 0..1."""
        return self.logits(z).sigmoid()

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return the model's version of pictures, through the means."""
        return self.decode(self.encode(x))

    def prior(self, n: int, generator: Generator) -> Tensor:
        """Draw z ~ N(0, I), (N, D)."""
        return torch.randn(n, self.latent_size, generator=generator).to(self.compute.device)

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return new pictures (N, C, H, W)."""
        return self.decode(self.prior(n, generator))
