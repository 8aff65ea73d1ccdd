"""What recipes of variational autoencoders share: knobs, training on the bound, and how the latent space is shown.

A recipe declares `Config` (with `latent_dim`), `build` and `terms`: what is minimised, as in its paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Generator, Tensor, nn

from studio.core.capabilities import Decodes, Encodes, Reconstructs, Samples
from studio.core.compute import generator as seeded
from studio.core.events import Embedding, Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Recipe
from studio.nn.pictures import crop, in_pairs, to_pixels
from studio.nn.variational import NAMED, gaussian_kl_terms, plane

REACH = 3.0
"""A traversal goes from -REACH to REACH standard deviations of the prior."""


@dataclass(frozen=True, kw_only=True)
class HiddenVAEKnobs:
    """Knobs of Atienza's convolutional VAEs (a small dense layer beside the code); a recipe's Config inherits them."""

    latent_dim: Annotated[int, Knob("Latent size", 1, 4096, log=True, help="Numbers that describe a picture.")] = 2
    beta: Annotated[
        float, Knob("β (weight of KL)", 0.0, 1000.0, live=True, help="1 is the bound; too much mutes dimensions.")
    ] = 1.0
    loss: Annotated[Literal["bce", "mse"], Knob("Reconstruction", help="Bernoulli or Gaussian decoder.")] = "bce"
    filters: Annotated[tuple[int, ...], Knob("Filters", 1, 2048, help="Encoder widths.")] = (32, 64)
    hidden: Annotated[int, Knob("Hidden units", 1, 8192, help="Dense ReLU layer before the code.")] = 16
    lr: Annotated[float, Knob("Learning rate", 1e-6, 1.0, log=True, live=True, group="Optimiser")] = 1e-3


class BoundRecipe(Recipe):
    """Base of recipes that are trained on a bound with one draw of z per picture.

    Attributes:
        encoder, decoder, opt: set in `build`.
        size: side of the pictures in pixels.
    """

    config: Any
    encoder: nn.Module
    decoder: nn.Module
    opt: Any
    size: int

    def terms(self, batch: Batch, noise: Tensor) -> dict[str, Tensor]:
        """Return the 0-d terms of the objective, among them "loss".

        Args:
            batch: pictures (N, C, H, W), and labels where the recipe needs them.
            noise: ε, (N, D), on the CPU.
        """
        raise NotImplementedError

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Do one step on the objective."""
        metrics = self.terms(batch, torch.randn(len(batch), self.latent_size))
        self.compute.minimise(metrics["loss"], self.opt)
        return {name: value.detach() for name, value in metrics.items()}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the same terms with a fixed draw of noise."""
        return self.terms(batch, torch.randn(len(batch), self.latent_size, generator=seeded(0)))

    @property
    def latent_size(self) -> int:
        """Number of latent dimensions."""
        return int(self.config.latent_dim)


class Variational(BoundRecipe, Encodes, Decodes, Reconstructs, Samples):
    """Base of recipes whose `encoder` is a `Posterior` and whose `decoder` maps z (N, D) to logits (N, C, H, W)."""

    def logits(self, z: Tensor) -> Tensor:
        """Return what the decoder says, float32 (N, C, H, W)."""
        return crop(self.decoder(z), self.size).float()

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show originals beside reconstructions, samples (or the plane), and where the codes lie."""
        x = batch.x[:32]
        yield Images(0, "reconstructions", to_pixels(in_pairs(x, self.reconstruct(x))), columns=8)
        if self.latent_size == 2:
            yield Images(0, "plane", to_pixels(self.decode(plane(10).to(self.compute.device))), columns=10)
        else:
            yield Images(0, "samples", to_pixels(self.sample(32, seeded(0))), columns=8)
        labels = None if batch.y is None else batch.y.cpu().numpy()
        yield Embedding(0, "latent", self.encode(batch.x).cpu().numpy(), labels)

    def traversals(self, x: Tensor, columns: int = 9) -> Images:
        """Return one row per latent dimension (at most 16), turned from -3 to 3 with the others at zero.

        The first picture of a row says how many nats its dimension carries on average over x: a muted one has none.
        """
        count = min(self.latent_size, NAMED)
        z = torch.zeros(count, columns, self.latent_size)
        for i in range(count):
            z[i, :, i] = torch.linspace(-REACH, REACH, columns)
        nats = gaussian_kl_terms(*self.encoder(x)).mean(dim=0).tolist()
        captions = [f"z{i + 1}: {nats[i]:.2f} nats" if k == 0 else "" for i in range(count) for k in range(columns)]
        pixels = to_pixels(self.decode(z.flatten(0, 1).to(self.compute.device)))
        return Images(0, "traversals", pixels, columns, tuple(captions))

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        """Return the means (N, D) of q(z|x)."""
        mean: Tensor = self.encoder(x)[0]
        return mean

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) in 0..1."""
        return self.logits(z).sigmoid()

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return the model's version of pictures, through the means."""
        return self.decode(self.encode(x))

    def prior(self, n: int, generator: Generator) -> Tensor:
        """Draw z ~ N(0, I), (N, D)."""
        return torch.randn(n, self.latent_size, generator=generator).to(self.compute.device)

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return new pictures (N, C, H, W)."""
        return self.decode(self.prior(n, generator))
