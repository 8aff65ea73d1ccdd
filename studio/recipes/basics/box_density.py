"""Box density: uniform inside one rectangle, impossible outside; four numbers for a distribution over the world map.

    p(x) = 1 / area  if low ≤ x ≤ high,  else 0            log L(θ | X) = -N log area, or -∞ with a point outside

The rectangle of maximum likelihood is the smallest one around all points, so learning is taking minima and maxima.

Used in: Foster, Generative Deep Learning, 1st ed. (2019) ch. 1 and 2nd ed. (2023) ch. 1: the first generative model.

What we do differently: any number of columns of numbers; for latitude and longitude, land is known, and `on_land`
(share of the box that is land) and `land_covered` (share of all land in the box) say how good a model of the truth it
is.

What to expect: instant; the log-likelihood is about -10.7 nats a point (one over the box's square degrees). A third
of the box is land: samples in the sea are what the model gets wrong, for a box is too simple a family.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from torch import Generator, Tensor, nn

from studio.core.capabilities import Samples
from studio.core.compute import Compute
from studio.core.compute import generator as seeded
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Recipe
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.data import world
from studio.data.table_pictures import Numbers, Pixels, draw_plane, plane_of
from studio.nn.counting import LEAST

NARROWEST = 1e-6
SHOWN, SMALL = 100, 144


class Box(nn.Module):
    """The rectangle around all points: `low` and `high`, float32 (K,); empty (low above high) before the first point.

    Args:
        columns: K.
        margin: widens each side of the box by this share of its length.
    """

    low: Tensor
    high: Tensor

    def __init__(self, columns: int, margin: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("low", torch.full((columns,), float("inf")))
        self.register_buffer("high", torch.full((columns,), -float("inf")))
        self.margin, self.counted = margin, 2 * columns

    def extend(self, x: Tensor) -> None:
        """Make room for points (N, K)."""
        self.low.copy_(torch.minimum(self.low, x.amin(0)))
        self.high.copy_(torch.maximum(self.high, x.amax(0)))

    @property
    def edges(self) -> tuple[Tensor, Tensor]:
        """Least and greatest corner with the margin, each (K,)."""
        grown = self.margin * (self.high - self.low).clamp_min(0)
        return self.low - grown, self.high + grown

    @property
    def sides(self) -> Tensor:
        """Lengths of the sides, (K,), at least a millionth: a box of no volume has no density."""
        low, high = self.edges
        return (high - low).clamp_min(NARROWEST)

    def forward(self, x: Tensor) -> Tensor:
        """Return the density at points (N, K): float32 (N, 1), in one over the product of the columns' units."""
        low, high = self.edges
        inside = ((x >= low) & (x <= high)).all(1, keepdim=True)
        return inside / self.sides.prod()

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Draw points float32 (n, K), on the CPU; zeros before it has seen a point."""
        corner = self.edges[0].cpu().nan_to_num(posinf=0.0)
        return corner + torch.rand(n, len(self.low), generator=generator) * self.sides.cpu()


@register("box-density", title="Box density", family="basics", sources="Foster (2019) ch. 1; Foster (2023) ch. 1")
class BoxDensity(Recipe, Samples):
    """A uniform rectangle."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the box."""

        margin: Annotated[
            float, Knob("Margin", 0.0, 1.0, help="Widens the box by this share on each side; 0 is maximum likelihood.")
        ] = 0.0

    config: Config
    accepts, table_of = "table", "numbers"
    learns_by = "counting"
    best_metric, best_mode = "log_likelihood", "max"
    presets = (
        Preset(
            name="foster",
            title="World map, smallest box",
            source="Foster (2019), chapter 1, figures 1-4 to 1-6",
            data="world-map",
            training={"epochs": 1},
            data_options={"val_fraction": 0.0},
            shape=(2,),
            classes=0,
            columns=world.COLUMNS,
            expects="4 parameters: the smallest rectangle around all points; samples also fall into the sea.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create the box."""
        self.box = compute.prepare(Box(spec.shape[0], self.config.margin))

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Widen the box to hold the batch; return its log-likelihood (nats a row) and volume."""
        self.box.extend(batch.x)
        metrics = {"log_likelihood": self._metrics(batch)["log_likelihood"], "volume": self.box.sides.prod()}
        return {**metrics, **self._truth(batch)}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the log-likelihood (nats a row) and the share of rows outside the box (each counts -69 more)."""
        return self._metrics(batch)

    def _metrics(self, batch: Batch) -> dict[str, Tensor]:
        density = self.box(batch.x)
        logs = torch.where(density > 0, 0.0, float(np.log(LEAST))) - self.box.sides.log().sum()
        return {"log_likelihood": logs.mean(), "impossible": (density == 0).float().mean()}

    def _truth(self, batch: Batch) -> dict[str, Tensor]:
        """Return how the box compares with the land, where the columns are latitude and longitude."""
        if self.spec.columns != world.COLUMNS:
            return {}
        (south, west), (north, east) = (edge.tolist() for edge in self.box.edges)
        shares = {"on_land": world.precision, "land_covered": world.coverage}
        return {name: batch.x.new_tensor(share(south, west, north, east)) for name, share in shares.items()}

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show held-out points, the box and a hundred samples."""
        pixels = self._picture(batch.x.cpu().numpy(), self.box.sample(SHOWN, seeded(0)).numpy())
        yield Images(0, "box and samples", np.moveaxis(pixels, 0, -1)[None], columns=1)

    @torch.no_grad()
    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return pictures float32 (n, 3, H, W), each of the box and one new point in it."""
        points = self.box.sample(n, generator).numpy()
        made = np.stack([self._picture(np.empty((0, points.shape[1]), np.float32), p[None], SMALL, 4) for p in points])
        return (torch.from_numpy(made).float() / 255).to(self.compute.device)

    def _picture(self, points: Numbers, samples: Numbers, width: int = 720, dot: int = 4) -> Pixels:
        box = torch.stack(self.box.edges).cpu().numpy()
        shown = box if np.isfinite(box).all() else samples
        return draw_plane(plane_of(self.spec.columns, shown), points, box, samples, width, dot)
