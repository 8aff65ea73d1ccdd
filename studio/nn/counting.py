"""Distributions that are learned by counting, and what the recipes about tables of categories share.

    θ_l = (n_l + a) / (N + a L)

The maximum-likelihood estimate is a = 0; a pseudocount a > 0 (additive smoothing, Laplace 1774) leaves every category
possible. L is the number of categories: with L - 1 in the denominator, as Foster's formula has it, the probabilities
would not sum to one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

import torch
from torch import Generator, Tensor, nn

from studio.core.capabilities import Samples
from studio.core.compute import generator as seeded
from studio.core.errors import BadInput
from studio.core.events import Event, Images
from studio.core.recipe import Batch, Recipe
from studio.core.spec import DataSpec
from studio.nn.pictures import to_pixels

LEAST = 1e-30
"""A probability of zero counts as this much (-69 nats) in means, which could not be drawn otherwise."""
MAX_CELLS = 1 << 20
SHOWN, DRAWN = 10, 1000


class Categorical(nn.Module):
    """K independent variables of L_k categories each.

    Attributes:
        counts: int32 (K, L), n_kl; padded with zeros to the longest variable.
        counted: number of free parameters, Σ (L_k - 1).
    """

    counts: Tensor
    valid: Tensor

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        longest = max(sizes)
        self.register_buffer("counts", torch.zeros(len(sizes), longest, dtype=torch.int32))
        valid = torch.arange(longest)[None] < torch.tensor(sizes)[:, None]
        self.register_buffer("valid", valid, persistent=False)
        self.counted = sum(sizes) - len(sizes)

    def add(self, codes: Tensor) -> None:
        """Count rows of codes int64 (N, K)."""
        self.counts.scatter_add_(1, codes.T, torch.ones_like(codes.T, dtype=torch.int32))

    def probabilities(self, pseudocount: float) -> Tensor:
        """Return θ, float32 (K, L); even over the categories before anything was counted."""
        weights = (self.counts + pseudocount) * self.valid
        weights = torch.where(weights.sum(1, keepdim=True) > 0, weights, self.valid.to(weights.dtype))
        return (weights / weights.sum(1, keepdim=True)).float()

    def forward(self, codes: Tensor, pseudocount: float = 0.0) -> Tensor:
        """Return the probability of each variable's value, float32 (N, K)."""
        return self.probabilities(pseudocount).gather(1, codes.T).T

    def sample(self, n: int, pseudocount: float, generator: Generator) -> Tensor:
        """Draw rows of codes, int64 (n, K), on the CPU."""
        return torch.multinomial(self.probabilities(pseudocount).cpu(), n, replacement=True, generator=generator).T


def log_likelihood(probabilities: Tensor) -> dict[str, Tensor]:
    """Return the mean log-likelihood in nats a row, and the share of rows that are impossible, of (N, K)."""
    logs = probabilities.clamp_min(LEAST).log().sum(1)
    return {"log_likelihood": logs.mean(), "impossible": (probabilities == 0).any(1).float().mean()}


class Combinations:
    """Numbers every combination of categories 0, 1, …, as digits of mixed radix.

    Args:
        spec: a table of categories.

    Raises:
        BadInput: more combinations than can be counted one by one.
    """

    def __init__(self, spec: DataSpec) -> None:
        self.sizes = tuple(len(column.options) for column in spec.columns)
        self.count = math.prod(self.sizes)
        if self.count > MAX_CELLS:
            raise BadInput(
                f"{spec.name} has {self.count:,} possible combinations; {MAX_CELLS:,} are the most.",
                "Leave columns out of the table.",
            )
        self.places = tuple(accumulate((1, *reversed(self.sizes[1:])), lambda a, b: a * b))[::-1]

    def numbers(self, codes: Tensor) -> Tensor:
        """Return the number of each row, int64 (N, 1), of codes (N, K)."""
        return (codes * torch.tensor(self.places, device=codes.device)).sum(1, keepdim=True)

    def codes(self, numbers: Tensor) -> Tensor:
        """Return the codes (N, K) of numbers (N, 1); the inverse of `numbers`."""
        places, sizes = torch.tensor(self.places), torch.tensor(self.sizes)
        return numbers.cpu() // places % sizes


class Seen(nn.Module):
    """Which combinations are in the training data: `mask` bool (cells,)."""

    mask: Tensor

    def __init__(self, cells: int) -> None:
        super().__init__()
        self.register_buffer("mask", torch.zeros(cells, dtype=torch.bool))


class CountedTable(Recipe, Samples):
    """A recipe whose `build` sets `combinations` and `seen`, and that defines p(row) and how to draw rows."""

    accepts, table_of = "table", "categories"
    learns_by = "counting"
    best_metric, best_mode = "log_likelihood", "max"
    combinations: Combinations
    seen: Seen

    def count(self, codes: Tensor) -> None:
        """Count rows of codes (N, K)."""
        raise NotImplementedError

    def probability(self, codes: Tensor) -> Tensor:
        """Return the factors of p(row), float32 (N, any)."""
        raise NotImplementedError

    def draw_codes(self, n: int, generator: Generator) -> Tensor:
        """Draw rows of codes int64 (n, K)."""
        raise NotImplementedError

    def pictures(self, codes: Tensor) -> Tensor:
        """Return pictures of rows (n, K): uint8 (n, 3, H, W)."""
        raise NotImplementedError

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Count the batch; tell its likelihood (nats a row) and what the model makes of combinations it never saw."""
        self.count(batch.x)
        self.seen.mask[self.combinations.numbers(batch.x)[:, 0]] = True
        known = self.combinations.codes(self.seen.mask.nonzero()).to(batch.x.device)
        unseen = 1 - self.probability(known).prod(1).double().sum()
        return {
            **log_likelihood(self.probability(batch.x)),
            "unseen_mass": unseen.clamp(0, 1).float(),
            "copies": self.copied(self.draw_codes(DRAWN, seeded(0))).float().mean(),
        }

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return log-likelihood (nats a row, impossible ones count -69 a factor) and the share of impossible rows."""
        return log_likelihood(self.probability(batch.x))

    def copied(self, codes: Tensor) -> Tensor:
        """Tell which rows are in the training data, bool (N,)."""
        return self.seen.mask.cpu()[self.combinations.numbers(codes.cpu())[:, 0]]

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show ten rows the model draws, and which of them are copies."""
        codes = self.draw_codes(SHOWN, seeded(0))
        captions = tuple("copy" if copy else "new" for copy in self.copied(codes).tolist())
        yield Images(0, "samples", to_pixels(self.pictures(codes).float() / 255), columns=5, captions=captions)

    @torch.no_grad()
    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return pictures of new rows, float32 (n, 3, H, W)."""
        return self.pictures(self.draw_codes(n, generator)).to(self.compute.device).float() / 255
