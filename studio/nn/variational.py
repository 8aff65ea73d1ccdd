"""What every variational autoencoder computes: Gaussian posteriors, their divergence, and the bound in nats.

    q(z|x) = N(μ(x), diag exp(log σ²(x))),   z = μ + exp(½ log σ²) ε,   ε ~ N(0, I)
    KL = -½ Σ_j (1 + log σ_j² - μ_j² - exp(log σ_j²))                    summed over latent dimensions

Kingma & Welling 2014, arXiv:1312.6114, section 3 and appendix B. Atienza's prose calls σ a standard deviation while
the networks predict log σ²; Foster prints KL without its minus sign: both are spelt out above.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from studio.nn.autoencoders import reconstruction_error
from studio.nn.keras import Dense

NAMED = 16
"""Up to this many latent dimensions have a curve of their own."""


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
