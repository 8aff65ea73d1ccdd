"""Least-squares GAN: scores are pulled towards 1 for real and 0 for generated pictures by their squared distance.

    L(D) = ½ E (C(x) - 1)² + ½ E C(G(z))²        L(G) = E (C(G(z)) - 1)²

Mao 2017, arXiv:1611.04076. Used in: Atienza, Advanced Deep Learning with Keras (2018), 5.2.

A sigmoid stops pulling at pictures that are on the right side of the boundary, however far away they are; the square
goes on. The networks, rates and batch are those of Atienza's DCGAN, with nothing after the last layer.

What we do differently: the discriminator's fakes come from batch statistics (Keras' `predict` uses the running ones).
A score has no probability; `acc_real` and `acc_fake` count what lies on the right side of ½, half way between the
two targets.

What to expect: on MNIST digits much like a DCGAN's, judged a little better in the book; no figure is given. Measured
here after 5,000 steps: all ten digits, and a Fréchet distance as a DCGAN's (24 against 23, on a small network).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from studio.core.compute import Compute
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.adversarial import accuracies, least_squares_d, least_squares_g
from studio.nn.gan_recipe import ImageGANKnobs, NoiseGAN
from studio.nn.image_gan import image_features, image_generator
from studio.nn.keras import Dense
from studio.nn.plan import square


@register("lsgan", title="LSGAN", family="gan", sources="Mao 2017 arXiv:1611.04076; Atienza 5.2")
class LSGAN(NoiseGAN):
    """A generator and a discriminator that is a regression."""

    @dataclass(frozen=True, kw_only=True)
    class Config(ImageGANKnobs):
        """Knobs of the LSGAN; g is the generator, d the discriminator."""

    config: Config
    noise = "uniform"
    presets = (
        Preset(
            name="atienza",
            title="MNIST digits",
            source="Atienza 5.2",
            data="mnist",
            training={"steps": 40_000, "batch_size": 64, "schedule": "time", "decay": 6e-8},
            expects="Digits a little better than DCGAN's at 40,000 steps (pictures only). G 1,301,505, D 1,080,577.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks and their optimisers."""
        c, (channels, self.size) = self.config, square(spec)
        generator = image_generator(c.latent_dim, channels, self.size, filters=c.g_filters, kernel=c.kernel)
        body, features = image_features(channels, self.size, filters=c.d_filters, kernel=c.kernel)
        self.generator = compute.prepare(generator)
        self.discriminator = compute.prepare(nn.Sequential(*body, Dense(features, 1)))
        self.opt_d = compute.rmsprop(self.discriminator.parameters(), c.lr_d)
        self.opt_g = compute.rmsprop(self.generator.parameters(), c.lr_g)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach the discriminator on one joint batch, then the generator through it."""
        n = len(batch)
        with torch.no_grad():
            fake = self.fakes(n)
        scores = self.discriminator(torch.cat([batch.x, fake]))  # (2N, 1)
        loss_d = least_squares_d(scores[:n], scores[n:])
        self.compute.minimise(loss_d, self.opt_d)

        loss_g = least_squares_g(self.discriminator(self.fakes(n)))
        self.compute.minimise(loss_g, self.opt_g)
        metrics = {"loss_d": loss_d, "loss_g": loss_g, **accuracies(scores[:n], scores[n:], boundary=0.5)}
        return {name: value.detach() for name, value in metrics.items()}
