"""Self-attention GAN: every place of a picture may look at every other one before it is painted.

    L(D) = E max(0, 1 - D(x, y)) + E max(0, 1 + D(G(z, y), y))        L(G) = -E D(G(z, y), y)
    attention: x_j + γ v(Σ_i softmax_i(f(x_i)ᵀ g(x_j)) h(x_i)), γ = 0 at the start

Both networks are residual, have one attention layer and spectral normalisation in every layer; D learns four times as
fast as G (two time scales). With labels, G's batch normalisation is conditional and D is a projection discriminator.

Zhang 2018, arXiv:1805.08318. Used in: Foster, Generative Deep Learning (2019), chapter 9 (as a survey).

What we do differently: narrow networks for small pictures; the `paper` preset has the paper's widths. Without labels
both networks are unconditional. Kernels start orthogonal (the paper: Glorot), which spectral normalisation makes σ = 1.

What to expect: no long run was judged yet; in the paper (ImageNet) an inception score of 52. The preview "attention"
shows, beside samples, where three places look: upper left, middle, lower right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from studio.core.capabilities import Input
from studio.core.compute import Compute
from studio.core.compute import generator as seeded
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.adversarial import accuracies, hinge_d, mean_score_g
from studio.nn.conditioned_gan import ConditionedGAN
from studio.nn.equalised import ladder
from studio.nn.pictures import to_pixels
from studio.nn.plan import square
from studio.nn.residual_gan import ProjectionDiscriminator, ResidualGenerator

BETAS = (0.0, 0.9)
"""Of Adam, in the paper."""
SHOWN = 6
"""Samples whose attention is shown."""


@register("sagan", title="SAGAN", family="gan", sources="Zhang 2018 arXiv:1805.08318; Foster (2019) ch. 9")
class SAGAN(ConditionedGAN):
    """Residual networks with self-attention, held to slopes of one by spectral normalisation."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the SAGAN."""

        latent_dim: Annotated[int, Knob("Latent size", 1, 1024, log=True)] = 128
        filters: Annotated[
            tuple[int, ...], Knob("Filters", 1, 2048, help="Of each level, smallest first; the last one repeats.")
        ] = (128, 128, 64, 64)
        attention: Annotated[
            int, Knob("Attention at", 4, 256, unit="px", help="Side of the feature map that is attended, at most.")
        ] = 16
        conditional: Annotated[bool, Knob("Use labels", help="Where the data has some.")] = True
        lr_d: Annotated[float, Knob("D: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 4e-4
        lr_g: Annotated[float, Knob("G: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 1e-4

    config: Config
    signed = True
    presets = (
        Preset(
            name="small",
            title="CIFAR-10 by class",
            source="After Zhang 2018, made small",
            data="cifar10",
            training={"steps": 20_000, "batch_size": 64, "ema": 0.999},
            data_options={"flip": True},
            shape=(3, 32, 32),
            expects="Not in a book: classes differ by 5,000 steps. (Paper, ImageNet: inception score 52.5, FID 18.7.)",
        ),
        Preset(
            name="paper",
            title="128 px, the paper's widths",
            source="Zhang 2018; Foster (2019), figures 9-9 and 9-10",
            data="celeba",
            config={"filters": (1024, 1024, 512, 256, 128, 64), "attention": 32},
            training={"steps": 1_000_000, "batch_size": 256, "ema": 0.999},
            data_options={"size": 128, "colour": "colour"},
            shape=(3, 128, 128),
            classes=0,
            expects="ImageNet at 128 px in the paper: inception score 52.52, FID 18.65 after a million steps.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks and their optimisers."""
        c, (channels, size) = self.config, square(spec)
        sides = ladder(size)
        widths = [c.filters[min(i, len(c.filters) - 1)] for i in range(len(sides))]
        self.names = spec.classes if c.conditional else ()
        k = len(self.names)
        self.generator = compute.prepare(ResidualGenerator(c.latent_dim, k, channels, sides, widths, c.attention))
        self.discriminator = compute.prepare(ProjectionDiscriminator(channels, sides, widths, k, c.attention))
        self.opt_d = compute.adam(self.discriminator.parameters(), c.lr_d, BETAS)
        self.opt_g = compute.adam(self.generator.parameters(), c.lr_g, BETAS)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach the discriminator on one joint batch, then the generator."""
        n, real = len(batch), self.inside(batch.x)
        given = self.drawn_here(n)
        with torch.no_grad():
            fake = self._make(given)
        labels = torch.cat([self.told(batch.y, real), self.told(given.get("label"), fake)])
        scores = self.discriminator(torch.cat([real, fake]), labels)
        loss_d = hinge_d(scores[:n], scores[n:])
        self.compute.minimise(loss_d, self.opt_d)

        given = self.drawn_here(n)
        fake = self._make(given)
        loss_g = mean_score_g(self.discriminator(fake, self.told(given.get("label"), fake)))
        self.compute.minimise(loss_g, self.opt_g)
        gamma = self.generator.attention.scale.gamma
        metrics = {"loss_d": loss_d, "loss_g": loss_g, **accuracies(scores[:n], scores[n:]), "attention": gamma}
        return {name: value.detach().clone() for name, value in metrics.items()}

    def _make(self, given: Mapping[str, Tensor]) -> Tensor:
        pictures: Tensor = self.generator(given["noise"], self.told(given.get("label"), given["noise"]))
        return pictures

    def paint(self, given: Mapping[str, Tensor]) -> Tensor:
        """Return pictures (N, C, H, W) in 0..1 of noise and label."""
        return self.shown(self._make(given))

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Noise, and a label where there are some."""
        noise = Input.noise(self.config.latent_dim)
        return (noise, Input.label(self.names)) if self.names else (noise,)

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show the same draws as before, and where three places of some of them look."""
        yield self.samples()
        given = self.here(self.draw(SHOWN, seeded(0)))
        pictures = self.generate(given)
        weights = self.generator.attention_weights(given["noise"], self.told(given.get("label"), given["noise"]))
        side = round(weights.shape[1] ** 0.5)
        asked = [(side * i // 4) * side + side * i // 4 for i in (1, 2, 3)]
        maps = weights[:, asked].reshape(len(weights), -1, side, side)  # (N, 3, side, side)
        maps = F.interpolate(maps / maps.amax(dim=(2, 3), keepdim=True), size=pictures.shape[-1], mode="bilinear")
        shown = torch.cat([pictures[:, None], maps[:, :, None].expand(-1, -1, pictures.shape[1], -1, -1)], dim=1)
        yield Images(0, "attention", to_pixels(shown.flatten(0, 1)), columns=4)
