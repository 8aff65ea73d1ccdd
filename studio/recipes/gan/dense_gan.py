"""The original GAN: two dense networks, before anyone put convolutions into them.

    L(D) = -½ E log D(x) - ½ E log(1 - D(G(z)))        L(G) = -E log D(G(z))

Goodfellow 2014, arXiv:1406.2661. Foster, Generative Deep Learning (2019), chapter 4 names it as what the
convolutional GANs grew out of; here it is their baseline.

The generator is ReLU layers and a sigmoid, the discriminator maxout layers with dropout (Goodfellow 2013,
arXiv:1302.4389: each unit is the largest of several linear ones).

What we do differently: the paper trains with momentum, a falling rate and a limit on the norm of the weights, found
by a search; we use Adam with β₁ = 0.5. Widths are those of the paper's published MNIST experiment as we know them
(1200 and 1200; 240 maxout units of 5 pieces, twice; dropout 0.2 on the picture, 0.5 on the layers).

What to expect: noisier digits than a DCGAN draws; not measured yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from studio.core.compute import Compute
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.adversarial import accuracies, cross_entropy_d, cross_entropy_g
from studio.nn.dropout import Dropout
from studio.nn.gan_recipe import NoiseGAN
from studio.nn.keras import Dense
from studio.nn.plan import square


class Maxout(nn.Module):
    """Maxout layer (N, inputs) -> (N, units): each unit is the largest of `pieces` linear ones.

    Args:
        inputs: numbers per example.
        units: outputs.
        pieces: linear functions per unit.
    """

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.linear = Dense(inputs, units * pieces)
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        """Return the largest piece of each unit."""
        y: Tensor = self.linear(x)
        return y.view(len(x), -1, self.pieces).amax(dim=2)


@register("dense-gan", title="Dense GAN", family="gan", sources="Goodfellow 2014 arXiv:1406.2661; Foster (2019) ch. 4")
class DenseGAN(NoiseGAN):
    """A dense generator and a maxout discriminator."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the GAN; g is the generator, d the discriminator."""

        latent_dim: Annotated[int, Knob("Latent size", 1, 1024, log=True, help="Numbers a picture is made from.")] = 100
        g_units: Annotated[tuple[int, ...], Knob("G: units", 1, 8192)] = (1200, 1200)
        d_units: Annotated[tuple[int, ...], Knob("D: units", 1, 8192)] = (240, 240)
        d_pieces: Annotated[int, Knob("D: pieces", 1, 10, help="Linear functions per maxout unit.")] = 5
        d_dropout_in: Annotated[float, Knob("D: dropout of the picture", 0.0, 0.95)] = 0.2
        d_dropout: Annotated[float, Knob("D: dropout of the layers", 0.0, 0.95)] = 0.5
        beta1: Annotated[float, Knob("Adam's β₁", 0.0, 0.999, group="Optimiser")] = 0.5
        lr_d: Annotated[float, Knob("D: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 2e-4
        lr_g: Annotated[float, Knob("G: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 2e-4

    config: Config
    noise = "uniform"
    presets = (
        Preset(
            name="goodfellow",
            title="MNIST digits",
            source="Goodfellow 2014",
            data="mnist",
            training={"epochs": 50, "batch_size": 100},
            expects="Digits like those of the paper's figure 2a; its score is another measure (Parzen windows, 225).",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks and their optimisers."""
        c, (channels, self.size) = self.config, square(spec)
        shape = (channels, self.size, self.size)
        pixels = channels * self.size * self.size
        generator: list[nn.Module] = []
        width = c.latent_dim
        for units in c.g_units:
            generator += [Dense(width, units), nn.ReLU()]
            width = units
        self.generator = compute.prepare(nn.Sequential(*generator, Dense(width, pixels), nn.Unflatten(1, shape)))
        discriminator: list[nn.Module] = [nn.Flatten(), Dropout(c.d_dropout_in)]
        width = pixels
        for units in c.d_units:
            discriminator += [Maxout(width, units, c.d_pieces), Dropout(c.d_dropout)]
            width = units
        self.discriminator = compute.prepare(nn.Sequential(*discriminator, Dense(width, 1)))
        self.opt_d = compute.adam(self.discriminator.parameters(), c.lr_d, (c.beta1, 0.999))
        self.opt_g = compute.adam(self.generator.parameters(), c.lr_g, (c.beta1, 0.999))

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach the discriminator on one joint batch, then the generator through it."""
        n = len(batch)
        with torch.no_grad():
            made = self.fakes(n)
        scores = self.discriminator(torch.cat([batch.x, made]))  # (2N, 1)
        loss_d = cross_entropy_d(scores[:n], scores[n:])
        self.compute.minimise(loss_d, self.opt_d)

        loss_g = cross_entropy_g(self.discriminator(self.fakes(n)))
        self.compute.minimise(loss_g, self.opt_g)
        metrics = {"loss_d": loss_d, "loss_g": loss_g, **accuracies(scores[:n], scores[n:])}
        return {name: value.detach() for name, value in metrics.items()}
