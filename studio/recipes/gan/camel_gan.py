"""Foster's first GAN, which learns to draw camels: a DCGAN that enlarges by repeating pixels.

    L(D) = -E log D(x), then -E log(1 - D(G(z))), an update each        L(G) = -E log D(G(z))      (non-saturating)

Foster, Generative Deep Learning (2019), chapter 4; networks after Radford 2016, arXiv:1511.06434.

The discriminator sees the real and the generated batch in two updates and has twice the generator's rate, so that it
stays the stronger one. The generator repeats pixels and convolves; `upsampling` exchanges that for transposed
convolutions, which can leave a checkerboard (Odena 2016).

Where the book is at odds with itself: one listing enlarges in every layer (112 px would come out), the configuration
and the figure in the first two only: those are right. The text draws every convolution, the repository uses
transposed ones of stride 1, the same thing with the kernel turned. An "epoch" of the book is one step. Kernels
~ N(0, 0.02²) are the repository's. ReLU in both networks, as the text says; `g_slope`, `d_slope` make it leaky.

What we do differently: losses on logits; the discriminator's fakes come from batch statistics.

What to expect: the book shows camels after 2,000 steps and trains for 6,000; give Quick, Draw!'s camels as data. The
preset draws MNIST. The generator's loss rises while its pictures get better.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from studio.core.compute import Compute
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.adversarial import accuracies, cross_entropy_g
from studio.nn.gan_recipe import ImageGANKnobs, NoiseGAN
from studio.nn.image_gan import image_features, image_generator
from studio.nn.keras import Dense, normal_
from studio.nn.plan import square


@register("camel-gan", title="Camel GAN", family="gan", sources="Foster (2019) ch. 4; Radford 2016 arXiv:1511.06434")
class CamelGAN(NoiseGAN):
    """A convolutional generator that repeats and convolves, against a discriminator with much dropout."""

    @dataclass(frozen=True, kw_only=True)
    class Config(ImageGANKnobs):
        """Knobs of the GAN; g is the generator, d the discriminator."""

        g_base: Annotated[int, Knob("G: first width", 1, 4096, help="Channels after the Dense layer.")] = 64
        g_filters: Annotated[tuple[int, ...], Knob("G: filters", 1, 4096)] = (128, 64, 64)
        g_momentum: Annotated[float, Knob("G: norm momentum", 0.0, 0.999, help="Share of old statistics kept.")] = 0.9
        g_slope: Annotated[float, Knob("G: negative slope", 0.0, 1.0, help="0 is ReLU.")] = 0.0
        upsampling: Annotated[
            Literal["repeat", "transposed"],
            Knob("G: enlarging", help="Repeat pixels and convolve, or transposed convolutions."),
        ] = "repeat"
        d_filters: Annotated[tuple[int, ...], Knob("D: filters", 1, 4096)] = (64, 64, 128, 128)
        d_slope: Annotated[float, Knob("D: negative slope", 0.0, 1.0, help="0 is ReLU.")] = 0.0
        d_dropout: Annotated[float, Knob("D: dropout", 0.0, 0.95, help="After every layer.")] = 0.4
        lr_d: Annotated[float, Knob("D: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 8e-4
        lr_g: Annotated[float, Knob("G: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 4e-4

    config: Config
    signed = True
    presets = (
        Preset(
            name="foster",
            title="Drawings, 28 px",
            source="Foster (2019), chapter 4",
            data="mnist",
            training={"steps": 6_000, "batch_size": 64},
            expects="The book draws Quick, Draw! camels (give the file as data). G 844,161, D 720,833.",
        ),
        Preset(
            name="transposed",
            title="Drawings, transposed convolutions",
            source="Foster (2019), chapter 4, figure 4-6",
            data="mnist",
            config={"upsampling": "transposed"},
            training={"steps": 6_000, "batch_size": 64},
            expects="Much the same, sometimes with a checkerboard; the book advises to try both.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks, kernels N(0, 0.02²), and their optimisers."""
        c, (channels, self.size) = self.config, square(spec)
        generator = image_generator(
            c.latent_dim,
            channels,
            self.size,
            filters=c.g_filters,
            base=c.g_base,
            kernel=c.kernel,
            norm="unit",
            momentum=c.g_momentum,
            slope=c.g_slope,
            upsampling=c.upsampling,
        )
        body, features = image_features(
            channels,
            self.size,
            filters=c.d_filters,
            kernel=c.kernel,
            slope=c.d_slope,
            activation="after",
            dropout=c.d_dropout,
        )
        discriminator = nn.Sequential(*body, Dense(features, 1))
        for network in (generator, discriminator):
            normal_(network)
        self.generator, self.discriminator = compute.prepare(generator), compute.prepare(discriminator)
        self.opt_d = compute.rmsprop(self.discriminator.parameters(), c.lr_d)
        self.opt_g = compute.rmsprop(self.generator.parameters(), c.lr_g)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach the discriminator on real and on generated pictures, then the generator through it."""
        n = len(batch)
        real = self.discriminator(self.inside(batch.x)).float()
        loss_real = cross_entropy_g(real)  # -log D(x)
        self.compute.minimise(loss_real, self.opt_d)
        with torch.no_grad():
            made = self.fakes(n)
        fake = self.discriminator(made).float()
        loss_fake = cross_entropy_g(-fake)  # -log(1 - D(G(z)))
        self.compute.minimise(loss_fake, self.opt_d)

        loss_g = cross_entropy_g(self.discriminator(self.fakes(n)))
        self.compute.minimise(loss_g, self.opt_g)
        metrics = {"loss_d": (loss_real + loss_fake) / 2, "loss_g": loss_g, **accuracies(real, fake)}
        return {name: value.detach() for name, value in metrics.items()}
