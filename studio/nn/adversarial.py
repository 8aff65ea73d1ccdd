"""The formulas of adversarial training: losses, gradient penalties, noise and accuracies.

Scores are float (N, 1) or (N,) before any sigmoid, positive for real; losses are float32 0-d tensors.

    cross-entropy   L(D) = -½ E log D(x) - ½ E log(1 - D(G(z)))      L(G) = -E log D(G(z))      D = sigmoid(score)
    least squares   L(D) = ½ E (C(x) - 1)² + ½ E C(G(z))²            L(G) = E (C(G(z)) - 1)²
    hinge           L(D) = E max(0, 1 - C(x)) + E max(0, 1 + C(G(z)))   L(G) = -E C(G(z))
    Wasserstein     W = E C(x) - E C(G(z)),   L(C) = -W              L(G) = -E C(G(z))

The halves are those of one joint batch of real and generated pictures, as Keras averages it. Sources: Goodfellow 2014
(arXiv:1406.2661, non-saturating), Mao 2017 (arXiv:1611.04076), Lim and Ye 2017 (arXiv:1705.02894), Arjovsky 2017
(arXiv:1701.07875), Gulrajani 2017 (arXiv:1704.00028).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Generator, Tensor


def cross_entropy_d(real: Tensor, fake: Tensor) -> Tensor:
    """Return the discriminator's binary cross-entropy over a joint batch; ln 2 when it knows nothing."""
    return 0.5 * (F.softplus(-real.float()).mean() + F.softplus(fake.float()).mean())


def cross_entropy_g(fake: Tensor) -> Tensor:
    """Return the generator's non-saturating loss -log sigmoid(score): cross-entropy against "real"."""
    return F.softplus(-fake.float()).mean()


def least_squares_d(real: Tensor, fake: Tensor) -> Tensor:
    """Return the discriminator's mean squared distance from 1 for real and 0 for generated pictures."""
    return 0.5 * ((real.float() - 1).square().mean() + fake.float().square().mean())


def least_squares_g(fake: Tensor) -> Tensor:
    """Return the generator's mean squared distance from what the discriminator should say of real pictures."""
    return (fake.float() - 1).square().mean()


def hinge_d(real: Tensor, fake: Tensor) -> Tensor:
    """Return the discriminator's hinge loss: only scores inside the margin -1..1 (or wrong) count."""
    return F.relu(1 - real.float()).mean() + F.relu(1 + fake.float()).mean()


def mean_score_g(fake: Tensor) -> Tensor:
    """Return the generator's loss against a critic: minus the mean score (Wasserstein and hinge)."""
    return -fake.float().mean()


def wasserstein(real: Tensor, fake: Tensor) -> Tensor:
    """Return the critic's estimate of the distance: mean score of real minus mean score of generated pictures."""
    return real.float().mean() - fake.float().mean()


def slopes(critic: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return ‖∇C(x)‖₂ of each picture, float32 (N,), differentiable; `x` is taken as a constant.

    One backward pass from the sum of the scores: right as long as no picture's score depends on another picture,
    so no batch normalisation in the critic.
    """
    x = x.detach().requires_grad_()
    (gradients,) = torch.autograd.grad(critic(x).float().sum(), x, create_graph=True)
    norms: Tensor = gradients.float().flatten(1).norm(dim=1)
    return norms


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """Return E (‖∇C(x̂)‖₂ - 1)² at x̂ = α x + (1 - α) G(z), one α ~ U(0, 1) per picture, one norm per picture."""
    alpha = torch.rand(len(real), 1, 1, 1).to(real.device)
    return (slopes(critic, torch.lerp(fake.float(), real.float(), alpha)) - 1.0).square().mean()


def accuracies(real: Tensor, fake: Tensor, boundary: float = 0.0) -> dict[str, Tensor]:
    """Return "acc_real" and "acc_fake": shares of the scores on the right side of the boundary."""
    return {"acc_real": (real > boundary).float().mean(), "acc_fake": (fake < boundary).float().mean()}


def draw_noise(n: int, size: int, kind: Literal["uniform", "normal"], generator: Generator | None = None) -> Tensor:
    """Return noise (n, size) ~ U[-1, 1] or N(0, 1), drawn on the CPU so that it is the same for every device."""
    if kind == "uniform":
        return torch.rand(n, size, generator=generator) * 2 - 1
    return torch.randn(n, size, generator=generator)


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Return labels int64 (N,) as float (N, classes)."""
    return (labels[:, None] == torch.arange(classes, device=labels.device)).float()
