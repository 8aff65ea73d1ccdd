"""How likely a count is by chance: the tails of the binomial distribution."""

from __future__ import annotations

import torch
from torch.distributions import Binomial


def at_most(hits: int, count: int, share: float) -> float:
    """Return P(X <= hits) for X of `count` tries that succeed with probability `share`."""
    if hits >= count or share <= 0:
        return 1.0
    return float(_log_probabilities(count, share)[: hits + 1].exp().sum().clamp(max=1.0))


def at_least(hits: int, count: int, share: float) -> float:
    """Return P(X >= hits), precise also where it is tiny."""
    if hits <= 0 or share >= 1:
        return 1.0
    return float(_log_probabilities(count, share)[hits:].exp().sum().clamp(max=1.0))


def _log_probabilities(count: int, share: float) -> torch.Tensor:
    tries = Binomial(count, torch.tensor(share, dtype=torch.float64))
    logs: torch.Tensor = tries.log_prob(torch.arange(count + 1, dtype=torch.float64))  # type: ignore[no-untyped-call]
    return logs
