"""Colorization autoencoder: from a grey photograph to a colour one, through a code that must know what is in it.

    grey(x) = 0.299 R + 0.587 G + 0.114 B        L = R(g(f(grey(x))), x),  MSE in the book

Used in: Atienza, Advanced Deep Learning with Keras (2018), 3.4 (CIFAR-10; three strided convolutions of 64, 128 and
256, a code of 256 numbers, 30 epochs with the rate divided by √10 when the validation loss stalls for 5).

What we do differently: the book's plateau rule stops at a rate of 5e-7, ours does not; nothing else. Pictures without
colour can be trained on too: there is just nothing to add.

What to expect: blue skies and seas, brown animals, white clouds. Red and blue cars are swapped, golden skies turn
blue: the squared error answers with the mean of what is possible. The book prints no loss; after 2 of its 30 epochs
the held-out squared error was 0.0097 here, the pictures still blurred.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor

from studio.core.capabilities import Domain, Encodes, Reconstructs, Translates
from studio.core.compute import Compute
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Recipe
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.autoencoders import Unit, make_decoder, make_encoder, reconstruction_error
from studio.nn.pictures import crop, grey, in_rows, to_pixels
from studio.nn.plan import plan, square


@register("colorization", title="Colorization autoencoder", family="autoencoder", sources="Atienza 3.4")
class Colorization(Recipe, Translates, Reconstructs, Encodes):
    """An autoencoder from grey to colour."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the colorization."""

        latent_dim: Annotated[int, Knob("Latent size", 1, 4096, log=True, help="Numbers that describe a picture.")] = (
            256
        )
        filters: Annotated[tuple[int, ...], Knob("Filters", 1, 2048, help="Encoder widths.")] = (64, 128, 256)
        loss: Annotated[
            Literal["mse", "bce", "mae", "ssim"], Knob("Loss", help="Squared, cross-entropy, absolute, structure.")
        ] = "mse"
        lr: Annotated[float, Knob("Learning rate", 1e-6, 1.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    presets = (
        Preset(
            name="atienza",
            title="Colour for CIFAR-10",
            source="Atienza 3.4",
            data="cifar10",
            training={
                "epochs": 30,
                "batch_size": 32,
                "schedule": "plateau",
                "decay": 0.1**0.5,
                "decay_epochs": 5,
            },
            shape=(3, 32, 32),
            expects="Blue skies, brown animals, some wrong cars; no loss is printed. 3,431,811 parameters.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks and the optimiser; the encoder sees one channel."""
        c, (channels, self.size) = self.config, square(spec)
        layers, bottom = plan(self.size, c.filters, ())
        self.encoder = compute.prepare(make_encoder(1, layers, bottom, c.latent_dim, Unit()))
        decoder = make_decoder(c.latent_dim, channels, layers, bottom, Unit())
        self.decoder = compute.prepare(decoder)
        self.opt = compute.adam([*self.encoder.parameters(), *self.decoder.parameters()], lr=c.lr)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Do one step on the error of the colours."""
        loss = reconstruction_error(self._logits(grey(batch.x)), batch.x, self.config.loss)
        self.compute.minimise(loss, self.opt)
        return {"loss": loss.detach()}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the loss and, whatever it is, the mean squared error per value."""
        logits = self._logits(grey(batch.x))
        return {
            "loss": reconstruction_error(logits, batch.x, self.config.loss),
            "mse": reconstruction_error(logits, batch.x, "mse"),
        }

    def _logits(self, x: Tensor) -> Tensor:
        return crop(self.decoder(self.encoder(x)), self.size).float()  # (N, C, H, W)

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show rows of the truth, of what the network is given, and of its colours."""
        x = batch.x[:24]
        given = self.sources(x)
        rows = in_rows(8, x, given, self.translate(given))
        yield Images(0, "coloured", to_pixels(rows), columns=min(8, len(x)))

    @property
    def domains(self) -> tuple[Domain, Domain]:
        """From grey to colour."""
        return Domain(name="grey", channels=1), Domain(name="colour", channels=self.spec.shape[0])

    @property
    def both_ways(self) -> bool:
        """Taking colour away needs no network."""
        return False

    @property
    def amount(self) -> None:
        """There is nothing to set."""
        return

    def sources(self, x: Tensor, backwards: bool = False, amount: float | None = None) -> Tensor:
        """Return the luminance (N, 1, H, W)."""
        del backwards, amount
        return grey(x)

    def targets(self, x: Tensor) -> Tensor:
        """Return the pictures in their own colours."""
        return x

    @torch.no_grad()
    def translate(self, x: Tensor, backwards: bool = False) -> Tensor:
        """Return grey pictures (N, 1, H, W) in colour."""
        del backwards
        return self._logits(x).sigmoid()

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return pictures in the network's colours."""
        return self.translate(grey(x))

    @property
    def latent_size(self) -> int:
        """Number of latent dimensions."""
        return self.config.latent_dim

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        """Return the codes (N, D) of pictures without their colours."""
        z: Tensor = self.encoder(grey(x)).float()
        return z
