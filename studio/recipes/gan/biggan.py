"""BigGAN: SAGAN made large, with classes and noise told to every level, and a knob for variety against quality.

    L(D) = E max(0, 1 - D(x, y)) + E max(0, 1 + D(G(z, y), y))
    L(G) = -E D(G(z, y), y) + β Σ ‖W Wᵀ ⊙ (1 - I)‖²_F                  (orthogonal regularisation, not on the diagonal)
    condition of level i: one class embedding shared by all levels, beside part i of z

Truncation: when sampling, z is drawn from the normal distribution cut off at ± a threshold; the lower, the more
believable and the more alike pictures become. Two D steps per G step, averaged generator weights.

Brock 2018, arXiv:1809.11096. Used in: Foster, Generative Deep Learning (2019), chapter 9 (as a survey).

What we do differently: the ideas on narrow networks for small pictures (the paper: batches of 2,048 on 128 TPU cores;
its widths are the preset `paper`). The batch is cut into `d_steps` parts, one for each D step. Truncation moves each
number along the normal distribution's quantiles instead of drawing it again: the same distribution, but the slider
moves one picture. Without labels the levels get their part of z alone.

What to expect: no long run was judged yet; in the paper (ImageNet, large batches) a score of 166. The preview
"truncation" goes from 0.04 to none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from studio.core.capabilities import Input
from studio.core.compute import Compute
from studio.core.events import Event
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.adversarial import accuracies, hinge_d, mean_score_g
from studio.nn.conditioned_gan import ConditionedGAN
from studio.nn.equalised import ladder
from studio.nn.keras import Dense
from studio.nn.plan import square
from studio.nn.residual_gan import ProjectionDiscriminator, ResidualGenerator
from studio.nn.spectral import orthogonal_penalty
from studio.nn.truncation import UNTRUNCATED, truncate_normal

BETAS, EPSILON = (0.0, 0.999), 1e-6
"""Of Adam; ε is the official code's."""
TRUNCATION = Input(
    name="truncation",
    title="Truncation",
    kind="amount",
    low=0.04,
    high=UNTRUNCATED,
    default=UNTRUNCATED,
    help="Low: believable and alike. High: as in training.",
)


@register("biggan", title="BigGAN", family="gan", sources="Brock 2018 arXiv:1809.11096; Foster (2019) ch. 9")
class BigGAN(ConditionedGAN):
    """A residual GAN whose every level knows the class and a part of the noise."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the BigGAN."""

        latent_dim: Annotated[int, Knob("Latent size", 1, 1024, log=True, help="Split evenly over the levels.")] = 80
        embedding: Annotated[int, Knob("Class embedding", 1, 1024, help="Shared by all levels.")] = 64
        filters: Annotated[
            tuple[int, ...], Knob("Filters", 1, 2048, help="Of each level, smallest first; the last one repeats.")
        ] = (128, 128, 64, 64)
        attention: Annotated[
            int, Knob("Attention at", 4, 256, unit="px", help="Side of the feature map that is attended, at most.")
        ] = 16
        d_steps: Annotated[int, Knob("D updates per step", 1, 20, help="Each sees a part of the batch.")] = 2
        orthogonal: Annotated[
            float, Knob("Orthogonal regularisation β", 0.0, 1.0, live=True, help="Of G; makes it stand truncation.")
        ] = 1e-4
        lr_d: Annotated[float, Knob("D: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 4e-4
        lr_g: Annotated[float, Knob("G: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 1e-4

    config: Config
    signed = True
    presets = (
        Preset(
            name="small",
            title="CIFAR-10 by class",
            source="After Brock 2018, made small",
            data="cifar10",
            training={"steps": 50_000, "batch_size": 64, "ema": 0.999},
            data_options={"flip": True},
            shape=(3, 32, 32),
            expects="Not in a book: classes differ by 5,000 steps. (Paper, CIFAR-10 at full width: FID 14.7.)",
        ),
        Preset(
            name="paper",
            title="128 px, the paper's widths",
            source="Brock 2018, table 4; Foster (2019), figures 9-11 and 9-12",
            data="cifar10",
            config={
                "latent_dim": 120,
                "embedding": 128,
                "filters": (1536, 1536, 768, 384, 192, 96),
                "attention": 64,
                "lr_d": 2e-4,
                "lr_g": 5e-5,
            },
            training={"steps": 140_000, "batch_size": 4096, "ema": 0.9999},
            data_options={"size": 128, "colour": "colour", "flip": True},
            shape=(3, 128, 128),
            expects="ImageNet (give a folder as data): inception score 98.8, FID 8.7. Far beyond one workstation.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create embedding, generator and discriminator, and their optimisers."""
        c, (channels, size) = self.config, square(spec)
        sides, self.names = ladder(size), spec.classes
        widths = [c.filters[min(i, len(c.filters) - 1)] for i in range(len(sides))]
        condition = c.embedding if self.names else 0
        self.embedding = compute.prepare(Dense(len(self.names), condition, bias=False)) if self.names else None
        generator = ResidualGenerator(c.latent_dim, condition, channels, sides, widths, c.attention, skip_noise=True)
        discriminator = ProjectionDiscriminator(channels, sides, widths, len(self.names), c.attention)
        self.generator, self.discriminator = compute.prepare(generator), compute.prepare(discriminator)
        shared = self.embedding.parameters() if self.embedding is not None else ()
        self.opt_d = compute.adam(self.discriminator.parameters(), c.lr_d, BETAS, EPSILON)
        self.opt_g = compute.adam([*self.generator.parameters(), *shared], c.lr_g, BETAS, EPSILON)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach the discriminator on each part of the batch, then the generator once."""
        parts = batch.x.chunk(self.config.d_steps)
        labels = batch.y.chunk(self.config.d_steps) if batch.y is not None else [None] * len(parts)
        for x, y in zip(parts, labels, strict=True):
            n, given = len(x), self.drawn_here(len(x))
            with torch.no_grad():
                fake = self._make(given, given["noise"])
            told = torch.cat([self.told(y, x), self.told(given.get("label"), x)])
            scores = self.discriminator(torch.cat([self.inside(x), fake]), told)
            loss_d = hinge_d(scores[:n], scores[n:])
            self.compute.minimise(loss_d, self.opt_d)

        given = self.drawn_here(n)
        fake = self._make(given, given["noise"])
        loss_g = mean_score_g(self.discriminator(fake, self.told(given.get("label"), fake)))
        penalty = self.config.orthogonal * orthogonal_penalty(self.generator)
        self.compute.minimise(loss_g + penalty, self.opt_g)
        metrics = {"loss_d": loss_d, "loss_g": loss_g, **accuracies(scores[:n], scores[n:]), "orthogonal": penalty}
        return {name: value.detach() for name, value in metrics.items()}

    def _make(self, given: Mapping[str, Tensor], z: Tensor) -> Tensor:
        told = self.told(given.get("label"), z)
        pictures: Tensor = self.generator(z, told if self.embedding is None else self.embedding(told))
        return pictures

    def paint(self, given: Mapping[str, Tensor]) -> Tensor:
        """Return pictures (N, C, H, W) in 0..1 of label and truncated noise."""
        return self.shown(self._make(given, truncate_normal(given["noise"], given["truncation"])))

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Noise, a label where there are some, and the threshold of the noise."""
        noise = Input.noise(self.config.latent_dim)
        return (noise, Input.label(self.names), TRUNCATION) if self.names else (noise, TRUNCATION)

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show the same draws as before, a row per class, and the same under truncation."""
        yield self.samples()
        yield self.sweep("truncation")
