"""Multinomial over all combinations: one probability for each row that could exist, learned by counting.

    θ_j = (n_j + a) / (N + a M),        M = number of combinations (4,032 for Wrodl), M - 1 free parameters

Used in: Foster, Generative Deep Learning (2019), chapter 1: the first model for the fashions of planet Wrodl, then
the same with additive smoothing (a = 1).

What we do differently: the book's formula divides by N + d with d = 4,031 parameters; the probabilities only sum to
one with the 4,032 cells, which is what we use.

What to expect: instant. With a = 0 every sample is a copy of a training row (`copies` 1). With a = 1 each unseen
combination has 1/4,082, all of them together about 98 % (`unseen_mass`): samples are nearly pure chance. Between
copying and chance it has nothing to offer, for it knows no structure; naive Bayes does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Generator, Tensor

from studio.core.compute import Compute
from studio.core.knobs import Knob
from studio.core.recipe import Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.data import wrodl
from studio.data.table_pictures import draw_rows
from studio.nn.counting import Categorical, Combinations, CountedTable, Seen


def _preset(name: str, title: str, pseudocount: float, expects: str) -> Preset:
    return Preset(
        name=name,
        title=title,
        source="Foster (2019), chapter 1",
        data="wrodl",
        config={"pseudocount": pseudocount},
        training={"epochs": 1},
        data_options={"val_fraction": 0.0},
        shape=(len(wrodl.COLUMNS),),
        classes=0,
        columns=wrodl.COLUMNS,
        expects=expects,
    )


@register("multinomial", title="Multinomial", family="basics", sources="Foster (2019) ch. 1")
class Multinomial(CountedTable):
    """One probability per combination."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the multinomial."""

        pseudocount: Annotated[
            float, Knob("Pseudocount", 0.0, 1000.0, live=True, help="Added to every count; 0 is maximum likelihood.")
        ] = 0.0

    config: Config
    presets = (
        _preset(
            "foster",
            "Wrodl, maximum likelihood",
            0.0,
            "A combination seen twice has 0.04, an unseen one 0; all copies.",
        ),
        _preset("smoothed", "Wrodl, pseudocount 1", 1.0, "Unseen combinations have 1/4,082 each, 98 % together."),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create the table of counts."""
        self.combinations = Combinations(spec)
        self.table = compute.prepare(Categorical([self.combinations.count]))
        self.seen = compute.prepare(Seen(self.combinations.count))

    def count(self, codes: Tensor) -> None:
        """Count whole rows."""
        self.table.add(self.combinations.numbers(codes))

    def probability(self, codes: Tensor) -> Tensor:
        """Return p(row), (N, 1)."""
        p: Tensor = self.table(self.combinations.numbers(codes), self.config.pseudocount)
        return p

    def draw_codes(self, n: int, generator: Generator) -> Tensor:
        """Draw rows of codes (n, K)."""
        return self.combinations.codes(self.table.sample(n, self.config.pseudocount, generator))

    def pictures(self, codes: Tensor) -> Tensor:
        """Return faces or cards of rows, uint8 (n, 3, 96, 96)."""
        return torch.from_numpy(draw_rows(self.spec.columns, codes.numpy()))
