"""Progressive GAN: learn tiny pictures first, then fade in one level of twice the side after the other.

    L(D) = E D(G(z)) - E D(x) + λ E (‖∇D(x̂)‖₂ - 1)² + ε E D(x)²        L(G) = -E D(G(z))
    picture = (1 - α) enlarged picture of the level below + α new level,   α from 0 to 1

What else makes it work: equalised learning rate (weights N(0, 1), scaled by He's constant at run time), pixel norm in
the generator, the standard deviation of the minibatch as a feature of the discriminator, and averaged weights.

Karras 2017, arXiv:1710.10196. Used in: Foster, Generative Deep Learning (2019), chapter 9 (as a survey).

What we do differently: narrow networks that train on a processor; the `paper` preset has the paper's widths and its
800,000 pictures per stage at a batch of 16. The first level is 4 to 7 pixels wide, whatever halving leads to. The
minibatch's deviation is taken over the whole batch (the paper's text), not over groups of four (its code); slopes of
the penalty pass through it, as there. Batch size and optimiser stay the same at all levels. When α moves, real pictures
are blended in the same way, as in the paper.

What to expect: on MNIST crude digits at 7 px after 250 steps, and still crude ones at 28 px after 2,000 of the preset's
6,000 steps (Fréchet distance 409 on a small network, a StackedGAN's is 4); longer was not measured. `side` tells the
size being learned and `fade` its α; `wasserstein` jumps when a level comes in and falls again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from studio.core.compute import Compute
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.adversarial import gradient_penalty, mean_score_g, wasserstein
from studio.nn.equalised import enlarge, ladder
from studio.nn.gan_recipe import NoiseGAN
from studio.nn.growing import GrowingDiscriminator, GrowingGenerator, Growth, at_level, top_of
from studio.nn.plan import square

BETAS, EPSILON = (0.0, 0.99), 1e-8
"""Of Adam, in the paper."""


@register("progan", title="ProGAN", family="gan", sources="Karras 2017 arXiv:1710.10196; Foster (2019) ch. 9")
class ProGAN(NoiseGAN):
    """Two networks that grow together."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the ProGAN."""

        latent_dim: Annotated[int, Knob("Latent size", 1, 1024, log=True)] = 64
        filters: Annotated[
            tuple[int, ...], Knob("Filters", 1, 1024, help="Of each level, smallest first; the last one repeats.")
        ] = (128, 128, 64, 32)
        stable_steps: Annotated[
            int, Knob("Steps between levels", 0, 1_000_000, group="Growth", help="Each level learns alone so long.")
        ] = 400
        fade_steps: Annotated[
            int, Knob("Steps of a fade", 1, 1_000_000, group="Growth", help="α goes from 0 to 1 in so many.")
        ] = 400
        penalty: Annotated[float, Knob("Gradient penalty λ", 0.0, 1000.0, live=True)] = 10.0
        drift: Annotated[float, Knob("Drift ε", 0.0, 1.0, live=True, help="Keeps real scores near zero.")] = 1e-3
        lr_d: Annotated[float, Knob("D: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 1e-3
        lr_g: Annotated[float, Knob("G: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    signed = True
    presets = (
        Preset(
            name="digits",
            title="MNIST digits, 7 to 28 px",
            source="After Karras 2017, made small",
            data="mnist",
            training={"steps": 6_000, "batch_size": 32, "ema": 0.999},
            expects="Not in a book: readable digits at 28 px after 3,000 steps.",
        ),
        Preset(
            name="small",
            title="CIFAR-10, 4 to 32 px",
            source="After Karras 2017, made small",
            data="cifar10",
            training={"steps": 20_000, "batch_size": 32, "ema": 0.999},
            data_options={"flip": True},
            shape=(3, 32, 32),
            expects="Coloured scenes without detail. (Paper, full size: inception score 8.80.)",
        ),
        Preset(
            name="paper",
            title="Faces, 4 to 256 px, the paper's widths",
            source="Karras 2017; Foster (2019), figures 9-7 and 9-8",
            data="celeba",
            config={
                "latent_dim": 512,
                "filters": (512, 512, 512, 512, 256, 128, 64),
                "stable_steps": 50_000,
                "fade_steps": 50_000,
            },
            training={"steps": 700_000, "batch_size": 16, "ema": 0.999},
            data_options={"size": 256, "colour": "colour", "flip": True},
            shape=(3, 256, 256),
            classes=0,
            expects="Faces at 256 px; days on several GPUs in the paper.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks, the clock of their growth and their optimisers."""
        c, (channels, self.size) = self.config, square(spec)
        self.sides = ladder(self.size)
        widths = [c.filters[min(i, len(c.filters) - 1)] for i in range(len(self.sides))]
        self.growth = compute.prepare(Growth(len(self.sides), c.stable_steps, c.fade_steps))
        self.generator = compute.prepare(GrowingGenerator(c.latent_dim, channels, self.sides, widths))
        self.discriminator = compute.prepare(GrowingDiscriminator(channels, self.sides, widths))
        self.opt_d = compute.adam(self.discriminator.parameters(), c.lr_d, BETAS, EPSILON)
        self.opt_g = compute.adam(self.generator.parameters(), c.lr_g, BETAS, EPSILON)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach the critic, then the generator, at the size they have grown to."""
        c, alphas = self.config, self.growth.alphas()
        real = at_level(self.inside(batch.x), self.sides, alphas)
        with torch.no_grad():
            fake = self.generator(self.z(len(batch)), alphas).to(real.dtype)
        scores = self.discriminator(real, alphas).float()
        distance = wasserstein(scores, self.discriminator(fake, alphas))
        slope = gradient_penalty(lambda x: self.discriminator(x, alphas), real, fake)
        loss_d = c.penalty * slope + c.drift * scores.square().mean() - distance
        self.compute.minimise(loss_d, self.opt_d)

        loss_g = mean_score_g(self.discriminator(self.generator(self.z(len(batch)), alphas), alphas))
        self.compute.minimise(loss_g, self.opt_g)
        self.growth.tick()
        top = top_of(alphas)
        told = {"side": loss_d.new_tensor(self.sides[top]), "fade": loss_d.new_tensor(alphas[top])}
        metrics = {"loss_d": loss_d, "loss_g": loss_g, "wasserstein": distance, "slope_error": slope, **told}
        return {name: value.detach() for name, value in metrics.items()}

    def make(self, z: Tensor) -> Tensor:
        """Return pictures of the full size in about -1..1; those of smaller levels are enlarged by repeating pixels."""
        alphas = self.growth.alphas()
        x: Tensor = self.generator(z, alphas)
        for side in self.sides[top_of(alphas) + 1 :]:
            x = enlarge(x, side)
        return x

    def shown(self, x: Tensor) -> Tensor:
        """Return pictures 0..1; the network's last layer is linear, so some pixels are outside."""
        return super().shown(x).clamp(0.0, 1.0)
