"""What GAN recipes share: the range of pixels inside, knobs of the books' networks, and pictures of noise alone.

A recipe whose generator is fed by noise alone inherits `NoiseGAN`; one that is also told a class, codes or styles
inherits `nn.conditioned_gan.ConditionedGAN`. Either builds its networks in `build` and writes its losses in `step`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Generator, Tensor, nn

from studio.core.capabilities import Decodes, Samples
from studio.core.compute import generator as seeded
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Recipe
from studio.nn.adversarial import draw_noise
from studio.nn.image_gan import D_FILTERS, G_FILTERS
from studio.nn.pictures import crop, to_pixels

PREVIEWED = 36
"""Pictures in a preview without classes."""


@dataclass(frozen=True, kw_only=True)
class ImageGANKnobs:
    """Knobs of the networks and optimisers that Atienza's GANs share; a recipe's Config inherits them.

    His decay of the rates is 6e-8 a step for the discriminator and half of it for the generator. Here one schedule
    drives both, with 6e-8: after 40,000 steps that is a difference of a tenth of a percent.
    """

    latent_dim: Annotated[int, Knob("Latent size", 1, 1024, log=True, help="Numbers a picture is made from.")] = 100
    kernel: Annotated[int, Knob("Kernel", 3, 7)] = 5
    g_filters: Annotated[tuple[int, ...], Knob("G: filters", 1, 4096)] = G_FILTERS
    d_filters: Annotated[tuple[int, ...], Knob("D: filters", 1, 4096)] = D_FILTERS
    lr_d: Annotated[float, Knob("D: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 2e-4
    lr_g: Annotated[float, Knob("G: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 1e-4


class GAN(Recipe, Samples):
    """Base of recipes in which networks compete to make and to unmask pictures.

    Attributes:
        noise: distribution of the generator's noise.
        signed: whether pictures are -1..1 inside (tanh) instead of 0..1 (sigmoid).
    """

    config: Any
    best_metric = ""  # no held-out number says which generator is better
    noise: Literal["uniform", "normal"] = "normal"
    signed: bool = False

    def inside(self, x: Tensor) -> Tensor:
        """Return pictures 0..1 in the range the discriminator sees."""
        return x * 2 - 1 if self.signed else x

    def shown(self, x: Tensor) -> Tensor:
        """Return what the generator made as float32 pictures 0..1: the inverse of `inside`."""
        return (x.float() + 1) / 2 if self.signed else x.float()


class NoiseGAN(GAN, Decodes):
    """Base of GANs that make a picture of noise alone.

    Attributes:
        generator: the network, (N, latent) -> pictures before sigmoid or tanh.
        size: side of the pictures in pixels.
    """

    generator: nn.Module
    size: int

    def z(self, n: int, generator: Generator | None = None) -> Tensor:
        """Return noise (n, latent) on the device, from torch's global generator or the given CPU generator."""
        return draw_noise(n, self.config.latent_dim, self.noise, generator).to(self.compute.device)

    def make(self, z: Tensor) -> Tensor:
        """Return the pictures (N, C, H, W) of noise (N, latent) in the range the discriminator sees."""
        x = crop(self.generator(z), self.size)
        return x.tanh() if self.signed else x.sigmoid()

    def fakes(self, n: int) -> Tensor:
        """Return `n` generated pictures of fresh noise; batch normalisation is given at least two."""
        return self.make(self.z(max(n, 2)))[:n]

    @property
    def latent_size(self) -> int:
        """Number of latent dimensions."""
        size: int = self.config.latent_dim
        return size

    def prior(self, n: int, generator: Generator) -> Tensor:
        """Draw noise as in training, (N, D)."""
        return self.z(n, generator)

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) in 0..1."""
        return self.shown(self.make(z))

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return new pictures (N, C, H, W) in 0..1."""
        return self.decode(self.prior(n, generator))

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show what the same 36 latent points have become."""
        yield Images(0, "samples", to_pixels(self.sample(PREVIEWED, seeded(0))), columns=6)
