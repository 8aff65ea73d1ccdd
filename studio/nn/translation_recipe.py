"""What recipes that translate pictures share: knobs of the networks, their optimisers, and the range of pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from studio.core.capabilities import Input, Translates
from studio.core.events import Images
from studio.core.knobs import Knob
from studio.core.recipe import Recipe
from studio.nn.keras import normal_
from studio.nn.pictures import crop, to_pixels
from studio.nn.translation import Norm, deep_unet, discriminator, preactivated_unet, residual_generator, upsampling_unet

VERDICTS = {"patches": 1, "coarse patches": 2, "whole": 0}
"""Stride of the discriminator's last convolution; 0 is one verdict on the whole picture."""


@dataclass(frozen=True, kw_only=True)
class TranslationKnobs:
    """Knobs of generators, discriminators and optimisers; a recipe's Config inherits them."""

    generator: Annotated[
        Literal["upsampling", "preactivated", "residual", "deep"],
        Knob("Generator", help="U-Net of Foster; of Atienza; CycleGAN's residual blocks; U-Net of pix2pix."),
    ] = "upsampling"
    filters: Annotated[
        tuple[int, ...], Knob("G: filters", 1, 1024, help="Residual: the first only, then twice and four times that.")
    ] = (32, 64, 128, 256)
    kernel: Annotated[int, Knob("Kernel", 3, 7, help="Of the discriminators and the first two U-Nets.")] = 4
    blocks: Annotated[
        int,
        Knob(
            "Residual blocks",
            1,
            30,
            help="6 at 128 px, 9 at 256 in the CycleGAN paper.",
            when={"generator": ("residual",)},
        ),
    ] = 9
    norm: Annotated[
        Literal["instance", "scalar", "batch"],
        Knob("G: normalisation", help="instance: each channel alone; scalar: Atienza's, as keras-contrib computes it."),
    ] = "instance"
    d_filters: Annotated[tuple[int, ...], Knob("D: filters", 1, 1024)] = (32, 64, 128, 256)
    d_norm: Annotated[bool, Knob("D: normalisation", help="Instance normalisation after the first layer.")] = True
    verdict: Annotated[
        Literal["patches", "coarse patches", "whole"],
        Knob("D: verdict", help="On patches, on half as many a side, or one on the whole picture."),
    ] = "patches"
    optimiser: Annotated[Literal["adam", "rmsprop"], Knob("Optimiser", group="Optimiser", help="Adam has β₁ 0.5.")] = (
        "adam"
    )
    lr_d: Annotated[float, Knob("D: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 2e-4
    lr_g: Annotated[float, Knob("G: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 2e-4


class Translator(Recipe, Translates):
    """Base of translators trained against discriminators.

    Attributes:
        size: side of the pictures in pixels.
    """

    config: Any
    best_metric = ""  # no held-out number says which translation is better
    size: int

    @property
    def signed(self) -> bool:
        """Whether pixels are -1..1 inside (tanh); 0..1 (sigmoid) only with the pre-activated U-Net."""
        return bool(self.config.generator != "preactivated")

    def make_generator(self, inputs: int, outputs: int, dropout: float = 0.0) -> nn.Module:
        """Return the chosen generator; networks that end in tanh start from N(0, 0.02²) as in their papers."""
        c = self.config
        if c.generator == "preactivated":
            return preactivated_unet(inputs, outputs, self.size, c.filters, c.kernel, c.norm)
        network: nn.Module
        if c.generator == "residual":
            network = residual_generator(inputs, outputs, c.filters[0], c.blocks, c.norm)
        elif c.generator == "deep":
            network = deep_unet(inputs, outputs, self.size, c.filters, dropout, c.norm)
        else:
            network = upsampling_unet(inputs, outputs, self.size, c.filters, c.kernel, c.norm)
        normal_(network)
        return network

    def make_discriminator(self, channels: int) -> nn.Module:
        """Return a discriminator of (N, channels, H, W)."""
        c = self.config
        kind: Norm | None = "instance" if c.d_norm else None
        network = discriminator(channels, self.size, c.d_filters, c.kernel, kind, VERDICTS[c.verdict])
        if self.signed:
            normal_(network)
        return network

    def make_optimizer(self, networks: Iterable[nn.Module], lr: float) -> Optimizer:
        """Return one optimiser of several networks."""
        weights = [p for network in networks for p in network.parameters()]
        if self.config.optimiser == "adam":
            return self.compute.adam(weights, lr, (0.5, 0.999))
        return self.compute.rmsprop(weights, lr)

    def inside(self, x: Tensor) -> Tensor:
        """Return pictures in 0..1 in the networks' own range."""
        return x * 2 - 1 if self.signed else x

    def outside(self, x: Tensor) -> Tensor:
        """Return the networks' pictures in 0..1."""
        return (x + 1) / 2 if self.signed else x

    def run(self, network: nn.Module, x: Tensor) -> Tensor:
        """Return float32 pictures of the same size, in the networks' range."""
        return crop(network(x).float(), self.size)

    @property
    def amount(self) -> Input | None:
        """Nothing is added to a source."""
        return None


class TwoWayTranslator(Translator):
    """Base of translators with a generator for each direction.

    Attributes:
        generator_ab, generator_ba: the networks.
        widths: channels of both domains.
    """

    generator_ab: nn.Module
    generator_ba: nn.Module
    widths: tuple[int, int]

    @property
    def both_ways(self) -> bool:
        """It always learns both."""
        return True

    def ab(self, a: Tensor) -> Tensor:
        """Return G(a), in the networks' range."""
        return self.run(self.generator_ab, a)

    def ba(self, b: Tensor) -> Tensor:
        """Return F(b), in the networks' range."""
        return self.run(self.generator_ba, b)

    @torch.no_grad()
    def translate(self, x: Tensor, backwards: bool = False) -> Tensor:
        """Return G(a), or F(b) when going backwards, (N, C, H, W) in 0..1."""
        return self.outside((self.ba if backwards else self.ab)(self.inside(x)))

    def round_trip(self, x: Tensor, backwards: bool) -> Tensor:
        """Return ordinary pictures after the way there and back, with the channels they came with."""
        there = self.translate(self.sources(x, backwards), backwards)
        return self.translate(there, not backwards).expand_as(x)

    def round_trip_error(self, x: Tensor, from_a: Tensor) -> Tensor:
        """Return the mean |x'' - x| (0..1) of ordinary pictures after a round trip from their own domain.

        Args:
            x: (N, C, H, W).
            from_a: which of them are members of A, bool (N,).
        """
        chosen = from_a[:, None, None, None]
        there = torch.where(chosen, self.round_trip(x, False), self.round_trip(x, True))
        return distance(there, torch.where(chosen, self.sources(x).expand_as(x), x))

    def there_and_back(self, title: str, x: Tensor, backwards: bool) -> Images:
        """Return a preview: each picture (in the networks' range), its translation, and the way back."""
        there, back = (self.ba, self.ab) if backwards else (self.ab, self.ba)
        made = there(x)
        rows = torch.stack([part.expand(-1, max(self.widths), -1, -1) for part in (x, made, back(made))], dim=1)
        return Images(0, title, to_pixels(self.outside(rows.flatten(0, 1))), columns=6)


def squared(scores: Tensor, target: float) -> Tensor:
    """Return E (D - target)²; the target has the shape of the verdicts, whatever it is."""
    return (scores.float() - target).square().mean()


def distance(x: Tensor, y: Tensor) -> Tensor:
    """Return the mean absolute difference, E ‖x - y‖₁ per number."""
    return (x.float() - y.float()).abs().mean()


def share(answers: Tensor) -> Tensor:
    """Return which share of the answers is yes."""
    return answers.float().mean()
