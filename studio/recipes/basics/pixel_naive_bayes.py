"""Naive Bayes on pixels: every pixel is drawn for itself, which is why the pictures fall apart.

    p(x) = Π_k p(x_k),        θ_kl = (n_kl + a) / (N + a L),        one x_k per pixel, L colours of a palette

Used in: Foster, Generative Deep Learning (2019), chapter 1, "Planet Pixel": 1,024 pixels of 256 palette values,
counted in fifty faces; the model whose failure motivates deep learning.

What we do differently: the palette is fixed, 6 x 6 x 6 colours and 40 greys. The faces of `planet-pixel` are drawn in
it, so nothing is lost there; other colour pictures take the nearest colour. Grey pictures use grey levels.

What to expect: instant, and ten nearly equal blurs. What all faces share comes out (ground, face, mouth); hair and
shirt are confetti and glasses have no shape, because neighbouring pixels know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Generator, Tensor

from studio.core.capabilities import Samples
from studio.core.compute import Compute
from studio.core.compute import generator as seeded
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Recipe
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.data import avatars
from studio.nn.counting import Categorical, log_likelihood
from studio.nn.pictures import to_pixels

CUBE = 6


def to_palette(x: Tensor) -> Tensor:
    """Return the nearest colour of `avatars.palette` for pixels of x (N, 3, H, W) in 0..1: int64 (N, H·W)."""
    x = x.flatten(2)  # (N, 3, P)
    steps = (x * (CUBE - 1)).round()
    cube = steps / (CUBE - 1)
    greys = 256 - CUBE**3
    level = (x.mean(1, keepdim=True) * (greys - 1)).round()
    nearer = (x - level / (greys - 1)).square().sum(1) < (x - cube).square().sum(1)
    in_cube = (steps[:, 0] * CUBE + steps[:, 1]) * CUBE + steps[:, 2]
    return torch.where(nearer, CUBE**3 + level[:, 0], in_cube).long()


@register("pixel-naive-bayes", title="Pixel naive Bayes", family="basics", sources="Foster (2019) ch. 1")
class PixelNaiveBayes(Recipe, Samples):
    """Independent pixels."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the pixel model."""

        levels: Annotated[int, Knob("Grey levels", 2, 256, help="Grey pictures only; colour uses the palette.")] = 256
        pseudocount: Annotated[
            float, Knob("Pseudocount", 0.0, 1000.0, live=True, help="Added to every count; 0 is maximum likelihood.")
        ] = 0.0

    config: Config
    learns_by = "counting"
    best_metric, best_mode = "log_likelihood", "max"
    presets = (
        Preset(
            name="foster",
            title="Planet Pixel, fifty faces",
            source="Foster (2019), chapter 1, figures 1-9 and 1-10",
            data="planet-pixel",
            training={"epochs": 1},
            data_options={"val_fraction": 0.0},
            shape=(3, 32, 32),
            classes=0,
            expects="Ten nearly equal, noisy faces without accessories; 1,024 pixels of 256 values.",
        ),
        Preset(
            name="digits",
            title="MNIST, 256 grey levels",
            source="Foster (2019), chapter 1, the same model on digits",
            data="mnist",
            training={"epochs": 1, "batch_size": 1000},
            expects="Clouds of grey dots, brightest where digits usually are.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create one row of counts per pixel."""
        channels, height, width = spec.shape
        self.colours = len(avatars.palette()) if channels == 3 else self.config.levels
        self.pixels = compute.prepare(Categorical([self.colours] * (height * width)))
        palette = torch.from_numpy(avatars.palette()).float() / 255
        self.palette = palette if channels == 3 else torch.linspace(0, 1, self.colours)[:, None]

    def codes(self, x: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) as codes int64 (N, H·W)."""
        return to_palette(x) if x.shape[1] == 3 else (x.flatten(1) * (self.colours - 1)).round().long()

    def pictures(self, codes: Tensor) -> Tensor:
        """Return codes (N, H·W) as pictures (N, C, H, W) in 0..1."""
        colours = self.palette.to(codes.device)[codes]  # (N, P, C)
        return colours.transpose(1, 2).reshape(len(codes), *self.spec.shape)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Count the batch's pixels; return its log-likelihood (nats a picture)."""
        self.pixels.add(self.codes(batch.x))
        return {"log_likelihood": self.validate(batch)["log_likelihood"]}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the log-likelihood (nats a picture; impossible pixels count -69), the share of impossible pictures."""
        return log_likelihood(self.pixels(self.codes(batch.x), self.config.pseudocount))

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show ten samples, then the likeliest colour and the mean of each pixel."""
        yield Images(0, "samples", to_pixels(self.sample(10, seeded(0))), columns=5)
        p = self.pixels.probabilities(self.config.pseudocount)  # (P, L)
        mode = self.pictures(p.argmax(1)[None])
        mean = (p @ self.palette.to(p.device)).T.reshape(1, *self.spec.shape)
        yield Images(0, "mode and mean", to_pixels(torch.cat([mode, mean])), columns=2, captions=("mode", "mean"))

    @torch.no_grad()
    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return new pictures (n, C, H, W), every pixel drawn for itself."""
        codes = self.pixels.sample(n, self.config.pseudocount, generator)
        return self.pictures(codes.to(self.compute.device))
