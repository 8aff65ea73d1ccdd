"""Independent pixels: every pixel is a Gaussian of its own, fitted by gradient descent.

    -log p(x) = Σ_i ½ ((x_i - μ_i) / σ_i)² + log σ_i + ½ log 2π

The simplest generative model there is (Foster 2019, chapter 1, calls the discrete form naive Bayes), and the example
of the README: a whole recipe, which lives in a package of its own.

What to expect: the mean picture with grey noise. It shows what the other recipes are better at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Generator, Tensor, nn

from studio.core.capabilities import Samples
from studio.core.compute import Compute, generator
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Recipe
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.pictures import to_pixels


class Pixels(nn.Module):
    """Mean and log standard deviation of every value of a picture."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.mean = nn.Parameter(0.5 + 0.01 * torch.randn(shape))
        self.log_std = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        """Return -log p(x_i) in nats of every pixel, (N, C, H, W)."""
        z = (x - self.mean) * (-self.log_std).exp()
        return 0.5 * z.square() + self.log_std + 0.5 * math.log(2 * math.pi)


@register("pixel-gaussian", title="Independent pixels", family="basics", sources="Foster (2019) ch. 1")
class PixelGaussian(Recipe, Samples):
    """One Gaussian per pixel."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the model."""

        lr: Annotated[float, Knob("Learning rate", 1e-6, 1.0, log=True, live=True, group="Optimiser")] = 0.02

    config: Config
    presets = (
        Preset(
            name="digits",
            title="The bundled digits",
            source="Foster (2019) ch. 1, with digits instead of faces",
            data="digits",
            shape=(1, 8, 8),
            expects="Grey confetti around the mean digit: pixels are not independent.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create the parameters and Adam."""
        self.pixels = compute.prepare(Pixels(spec.shape))
        self.opt = compute.adam(self.pixels.parameters(), self.config.lr)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Lower the mean negative log-likelihood of a batch."""
        loss = self.pixels(batch.x).sum() / len(batch)
        self.compute.minimise(loss, self.opt)
        return {"loss": loss.detach()}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the same on held-out pictures."""
        return {"loss": self.pixels(batch.x).sum() / len(batch)}

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show draws from the same noise each time."""
        yield Images(0, "samples", to_pixels(self.sample(32, generator(0))), columns=8)

    @torch.no_grad()
    def sample(self, n: int, generator: Generator) -> Tensor:
        """Draw pictures (N, C, H, W) in 0..1."""
        noise = torch.randn(n, *self.spec.shape, generator=generator).to(self.compute.device)
        return (self.pixels.mean + self.pixels.log_std.exp() * noise).clamp(0, 1)
