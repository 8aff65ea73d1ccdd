"""How well an input of a generator can be read off its pictures: losses of code heads and bounds on information.

    I(c; G(z, c)) ≥ H(c) + E log Q(c | G(z, c))        (Chen 2016, arXiv:1606.03657, equation 5)

Entropies H are in nats; the bound is tight when Q is the true posterior.
"""

from __future__ import annotations

import math

from torch import Tensor

KERAS_EPSILON = 1e-7
WIDEST = 5.0
"""Bound of |log σ²|: a code head that is sure of itself must not divide by zero."""


def book_code_loss(codes: Tensor, logits: Tensor) -> Tensor:
    """Return Atienza's loss -E c log(q + ε) with q = sigmoid(logit), summed over codes.

    It goes by the sign of the code and has no minimum: c > 0 pulls q to 1, c < 0 pulls it to 0 (at most to
    log ε = -16.1 times |c|), so it may become negative. Advanced Deep Learning with Keras (2018), 6.1.

    Args:
        codes: what the generator was given, (N, K).
        logits: the heads' answers, (N, K).
    """
    return -(codes * (logits.float().sigmoid() + KERAS_EPSILON).log()).mean(dim=0).sum()


def gaussian_code_loss(codes: Tensor, answers: Tensor) -> Tensor:
    """Return -E log N(c; μ, σ²) in nats, summed over codes.

    Args:
        codes: what the generator was given, (N, K).
        answers: K means and K raw log-variances side by side, (N, 2K); log σ² = 5 tanh(raw / 5).
    """
    mean, raw = answers.float().chunk(2, dim=1)
    log_var = WIDEST * (raw / WIDEST).tanh()
    nats = 0.5 * (math.log(2 * math.pi) + log_var + (codes - mean).square() / log_var.exp())
    return nats.mean(dim=0).sum()


def gaussian_entropy(std: float) -> float:
    """Return H(N(0, std²)) in nats; negative for narrow ones."""
    return 0.5 * math.log(2 * math.pi * math.e * std**2)
