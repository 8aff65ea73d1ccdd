"""Naive Bayes: every column is independent of the others, so each is counted by itself.

    p(x) = Π_k p(x_k),        θ_kl = (n_kl + a) / (N + a L_k)

Used in: Foster, Generative Deep Learning (2019), chapter 1, on the fashions of planet Wrodl: 7 + 6 + 3 + 4 + 8 - 5 =
23 free parameters instead of 4,031.

What we do differently: a pseudocount can be added, so that categories that never occurred (a bun, black clothes)
become possible. The book says the worked combination is not in the data; it is there twice, and the same in Blue01 is
meant.

What to expect: instant. Long straight red hair, round glasses and a white shirt with a scoop neck have 0.0054; in
Blue01, which nobody wears with them, 0.00098 instead of the multinomial's 0. New faces look right, for here the
columns nearly are independent; the same model on pixels (pixel-naive-bayes) fails, for pixels are not.
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


@register("naive-bayes", title="Naive Bayes", family="basics", sources="Foster (2019) ch. 1")
class NaiveBayes(CountedTable):
    """One set of probabilities per column."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of naive Bayes."""

        pseudocount: Annotated[
            float, Knob("Pseudocount", 0.0, 1000.0, live=True, help="Added to every count; 0 is maximum likelihood.")
        ] = 0.0

    config: Config
    presets = (
        Preset(
            name="foster",
            title="Wrodl, all fifty rows",
            source="Foster (2019), chapter 1, table 1-2",
            data="wrodl",
            training={"epochs": 1},
            data_options={"val_fraction": 0.0},
            shape=(len(wrodl.COLUMNS),),
            classes=0,
            columns=wrodl.COLUMNS,
            expects="23 parameters; the worked combination has 0.0054, its unseen Blue01 version 0.00098.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create one row of counts per column."""
        self.combinations = Combinations(spec)
        self.columns = compute.prepare(Categorical(self.combinations.sizes))
        self.seen = compute.prepare(Seen(self.combinations.count))

    def count(self, codes: Tensor) -> None:
        """Count each column."""
        self.columns.add(codes)

    def probability(self, codes: Tensor) -> Tensor:
        """Return p(x_k) of every column, (N, K)."""
        p: Tensor = self.columns(codes, self.config.pseudocount)
        return p

    def draw_codes(self, n: int, generator: Generator) -> Tensor:
        """Draw rows of codes (n, K)."""
        return self.columns.sample(n, self.config.pseudocount, generator)

    def pictures(self, codes: Tensor) -> Tensor:
        """Return faces or cards of rows, uint8 (n, 3, 96, 96)."""
        return torch.from_numpy(draw_rows(self.spec.columns, codes.numpy()))
