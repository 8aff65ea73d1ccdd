"""What the books' GAN recipes share: knobs of the networks, noise, previews, and pictures on request.

A recipe inherits `NoiseGAN` or `LabelGAN`, builds `self.generator` (and its opponent) in `build`, sets `self.size`,
and writes its losses in `step`. Inside, pictures are 0..1 (sigmoid) or, where `signed` is set, -1..1 (tanh).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Generator, Tensor, nn

from studio.core.capabilities import Conditioned, Decodes, Input, Samples
from studio.core.compute import generator as seeded
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Recipe
from studio.nn.adversarial import draw_noise, one_hot
from studio.nn.image_gan import D_FILTERS, G_FILTERS
from studio.nn.pictures import crop, to_pixels

PREVIEWED = 36
"""Pictures in a preview without classes."""
WIDEST = 12
"""Up to so many classes, a preview has a column for each."""
ROWS = 4


@dataclass(frozen=True, kw_only=True)
class ImageGANKnobs:
    """Knobs of the networks and optimisers that Atienza's GANs share; a recipe's Config inherits them."""

    latent_dim: Annotated[int, Knob("Latent size", 1, 1024, log=True, help="Numbers a picture is made from.")] = 100
    kernel: Annotated[int, Knob("Kernel", 3, 7)] = 5
    g_filters: Annotated[tuple[int, ...], Knob("G: filters", 1, 4096)] = G_FILTERS
    d_filters: Annotated[tuple[int, ...], Knob("D: filters", 1, 4096)] = D_FILTERS
    lr_d: Annotated[float, Knob("D: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 2e-4
    lr_g: Annotated[float, Knob("G: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 1e-4


class ImageGAN(Recipe, Samples):
    """Base of recipes whose generator turns a row of numbers into a picture.

    Attributes:
        generator: the network, (N, inputs) -> pictures before sigmoid or tanh.
        size: side of the pictures in pixels.
        noise: distribution of z.
        signed: whether pictures are -1..1 inside (tanh) instead of 0..1 (sigmoid).
    """

    config: Any
    best_metric = ""  # no held-out number says which generator is better
    generator: nn.Module
    size: int
    noise: Literal["uniform", "normal"] = "uniform"
    signed: bool = False

    def z(self, n: int, generator: Generator | None = None) -> Tensor:
        """Return noise (n, latent) on the device, from torch's global generator or the given CPU generator."""
        return draw_noise(n, self.config.latent_dim, self.noise, generator).to(self.compute.device)

    def make(self, *inputs: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) in the range the discriminator sees, from rows of numbers (N, ·)."""
        x = crop(self.generator(torch.cat(inputs, dim=1)), self.size)
        return x.tanh() if self.signed else x.sigmoid()

    def inside(self, x: Tensor) -> Tensor:
        """Return pictures 0..1 in the range the discriminator sees."""
        return x * 2 - 1 if self.signed else x

    def shown(self, x: Tensor) -> Tensor:
        """Return what `make` made as float32 pictures 0..1: the inverse of `inside`."""
        return (x.float() + 1) / 2 if self.signed else x.float()


class NoiseGAN(ImageGAN, Decodes):
    """Base of GANs that make a picture of noise alone."""

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


class LabelGAN(ImageGAN, Conditioned):
    """Base of GANs that make a picture of noise and a class."""

    needs_labels = True

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.spec.classes)

    def labels(self, batch: Batch) -> Tensor:
        """Return the true classes of a batch, int64 (N,); the run has seen to it that there are some."""
        assert batch.y is not None
        return batch.y

    def random_labels(self, n: int, generator: Generator | None = None) -> Tensor:
        """Return classes drawn evenly, int64 (N,), on the device."""
        return torch.randint(self.classes, (n,), generator=generator).to(self.compute.device)

    def fakes(self, labels: Tensor) -> Tensor:
        """Return generated pictures of fresh noise with these labels; batch normalisation is given at least two."""
        n = len(labels)
        asked = labels if n > 1 else labels.repeat(2)
        return self.make(self.z(len(asked)), one_hot(asked, self.classes))[:n]

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Noise and a class."""
        size = self.config.latent_dim
        noise = Input(name="noise", title="Noise", kind="noise", size=size, help="Everything but the class.")
        label = Input(name="label", title="Class", kind="label", size=self.classes, choices=self.spec.classes)
        return (noise, label)

    def draw(self, n: int, generator: Generator) -> dict[str, Tensor]:
        """Draw noise and labels as in training, on the CPU."""
        noise = draw_noise(n, self.config.latent_dim, self.noise, generator)
        return {"noise": noise, "label": torch.randint(self.classes, (n,), generator=generator)}

    @torch.no_grad()
    def generate(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the pictures (N, C, H, W) in 0..1 of "noise" (N, D) and "label" (N,)."""
        device = self.compute.device
        label = one_hot(inputs["label"].to(device), self.classes)
        return self.shown(self.make(inputs["noise"].to(device), label))

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return new pictures (N, C, H, W) in 0..1 of random classes."""
        return self.generate(self.draw(n, generator))

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show a column per class and a row per latent point; with many classes, the first 36, a point each."""
        yield class_grid(self)


def class_grid(recipe: LabelGAN) -> Images:
    """Return a preview of fixed noise: every class (a column) made of the same latent points (a row each)."""
    columns, rows = (recipe.classes, ROWS) if recipe.classes <= WIDEST else (6, PREVIEWED // 6)
    inputs = recipe.draw(columns * rows, seeded(0))
    inputs["label"] = torch.arange(columns * rows) % recipe.classes
    if recipe.classes <= WIDEST:
        inputs["noise"] = inputs["noise"][:rows].repeat_interleave(columns, dim=0)
    captions = tuple(recipe.spec.classes[i] for i in inputs["label"].tolist())
    return Images(0, "samples", to_pixels(recipe.generate(inputs)), columns=columns, captions=captions)
