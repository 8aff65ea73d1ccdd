"""StyleGAN: noise becomes a style, and a style says at every layer how strong each feature is.

    w = f(z)          AdaIN(x, w) = y_s (x - μ(x)) / σ(x) + y_b          picture = g(constant; w per layer; noise)
    L(D) = E softplus(D(G(z))) + E softplus(-D(x)) + γ/2 E ‖∇D(x)‖²          L(G) = E softplus(-D(G(z)))

A mapping network f that learns slowly turns z into w, which is less entangled; the synthesis network starts from a
constant and gets w by adaptive instance normalisation and a fresh noise picture at each layer. In training most
pictures change from one style to another at a random layer (mixing regularisation), so that layers do not rely on each
other: early layers take shape and pose, late ones colour. Truncation moves w towards its running mean: w̄ + ψ (w - w̄).

Karras 2019, arXiv:1812.04948. Used in: Foster, Generative Deep Learning (2019), chapter 9 (as a survey).

What we do differently: narrow networks at a fixed size (see ProGAN for growth); a crossover per picture, not per
batch; truncation at all layers; R1 with γ = 1 for small pictures. The preset `paper` has the paper's widths and γ.

What to expect: strokes on MNIST after 150 steps of a narrow network; no long run was judged yet. The preview "mixing"
has sources A in the first column and B in the first row: shape of A, look of B.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import torch
from torch import Generator, Tensor

from studio.core.capabilities import Decodes, Input
from studio.core.compute import Compute
from studio.core.compute import generator as seeded
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.adversarial import accuracies, cross_entropy_d, cross_entropy_g
from studio.nn.conditioned_gan import ConditionedGAN
from studio.nn.equalised import ladder
from studio.nn.pictures import to_pixels
from studio.nn.plan import square
from studio.nn.stylegan_blocks import StyleGenerator, mix, r1_penalty, style_discriminator
from studio.nn.truncation import truncate_style

BETAS, EPSILON = (0.0, 0.99), 1e-8
"""Of Adam, in the paper."""
PSI = Input(name="psi", title="Truncation ψ", kind="amount", low=0.0, high=1.5, default=1.0, help="0: mean style.")
STRENGTH = Input(name="strength", title="Detail noise", kind="amount", low=0.0, high=2.0, default=1.0)
SOURCES = 5
"""Of styles A and of styles B in the preview."""


@register("stylegan", title="StyleGAN", family="gan", sources="Karras 2019 arXiv:1812.04948; Foster (2019) ch. 9")
class StyleGAN(ConditionedGAN, Decodes):
    """A generator whose layers are told a style each."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the StyleGAN."""

        latent_dim: Annotated[int, Knob("Latent size", 1, 1024, log=True, help="Of z and of w.")] = 128
        mapping_layers: Annotated[int, Knob("Mapping layers", 1, 16)] = 8
        filters: Annotated[
            tuple[int, ...], Knob("Filters", 1, 1024, help="Of each level, smallest first; the last one repeats.")
        ] = (128, 128, 64, 32)
        mixing: Annotated[float, Knob("Style mixing", 0.0, 1.0, live=True, help="Share with two styles.")] = 0.9
        r1: Annotated[float, Knob("R1 penalty γ", 0.0, 100.0, live=True, help="10 in the paper.")] = 1.0
        lr_d: Annotated[float, Knob("D: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 2e-3
        lr_g: Annotated[float, Knob("G: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 2e-3

    config: Config
    signed = True
    presets = (
        Preset(
            name="digits",
            title="MNIST digits",
            source="After Karras 2019, made small",
            data="mnist",
            training={"steps": 10_000, "batch_size": 32, "ema": 0.999},
            expects="Not in a book: digits after 1,500 steps; mixing keeps the digit of A and takes strokes of B.",
        ),
        Preset(
            name="small",
            title="CIFAR-10",
            source="After Karras 2019, made small",
            data="cifar10",
            training={"steps": 50_000, "batch_size": 32, "ema": 0.999},
            data_options={"flip": True},
            shape=(3, 32, 32),
            expects="Not in a book: coloured scenes after 10,000 steps.",
        ),
        Preset(
            name="paper",
            title="Faces, 256 px, the paper's widths",
            source="Karras 2019; Foster (2019), figures 9-13 and 9-14",
            data="celeba",
            config={"latent_dim": 512, "filters": (512, 512, 512, 512, 256, 128, 64), "r1": 10.0},
            training={"steps": 800_000, "batch_size": 32, "ema": 0.999},
            data_options={"size": 256, "colour": "colour", "flip": True},
            shape=(3, 256, 256),
            classes=0,
            expects="Faces; FID 5.06 on CelebA-HQ and 4.40 on FFHQ at 1024 px in the paper, a week on 8 GPUs.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks and their optimisers."""
        c, (channels, size) = self.config, square(spec)
        sides = ladder(size)
        widths = [c.filters[min(i, len(c.filters) - 1)] for i in range(len(sides))]
        self.layers = 2 * len(sides)
        self.generator = compute.prepare(StyleGenerator(c.latent_dim, c.mapping_layers, channels, sides, widths))
        self.discriminator = compute.prepare(style_discriminator(channels, sides, widths))
        self.opt_d = compute.adam(self.discriminator.parameters(), c.lr_d, BETAS, EPSILON)
        self.opt_g = compute.adam(self.generator.parameters(), c.lr_g, BETAS, EPSILON)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach the discriminator with an R1 penalty, then the generator."""
        real = self.inside(batch.x).requires_grad_()
        with torch.no_grad():
            fake = self._make(self._mixed(len(batch)))
        scores, fooled = self.discriminator(real), self.discriminator(fake)
        penalty = r1_penalty(scores, real)
        loss_d = 2 * cross_entropy_d(scores, fooled) + 0.5 * self.config.r1 * penalty  # a sum of the halves
        self.compute.minimise(loss_d, self.opt_d)

        loss_g = cross_entropy_g(self.discriminator(self._make(self._mixed(len(batch)))))
        self.compute.minimise(loss_g, self.opt_g)
        metrics = {"loss_d": loss_d, "loss_g": loss_g, **accuracies(scores, fooled), "r1": penalty}
        return {name: value.detach() for name, value in metrics.items()}

    def _mixed(self, n: int) -> dict[str, Tensor]:
        """Return training inputs: a share `mixing` of the rows changes style at a layer drawn evenly."""
        given, some = self.draw(n), torch.rand(n) < self.config.mixing
        given["crossover"] = torch.where(some, torch.randint(1, self.layers, (n,)).float(), given["crossover"])
        return self.here(given)

    def _make(self, given: Mapping[str, Tensor]) -> Tensor:
        """Return pictures in about -1..1."""
        first, second = self.generator.styles(given["noise"]), self.generator.styles(given["style"])
        w = truncate_style(mix(first, second, given["crossover"], self.layers), self.generator.mean_style, given["psi"])
        pictures: Tensor = self.generator(w, given["strength"])
        return pictures

    def paint(self, given: Mapping[str, Tensor]) -> Tensor:
        """Return pictures (N, C, H, W); the last layer is linear, so what leaves 0..1 is cut."""
        return self.shown(self._make(given)).clamp(0.0, 1.0)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Two noises, the layer where the second takes over, ψ and the strength of the layers' noise."""
        size, last = self.config.latent_dim, float(self.layers)
        noise, style = Input.noise(size), Input.noise(size, "style", "Style to mix")
        what = f"From this layer on, the style to mix; {self.layers}: never."
        cross = Input(name="crossover", title="Crossover", kind="amount", low=0.0, high=last, step=1.0, help=what)
        return (noise, style, replace(cross, default=last), PSI, STRENGTH)

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show the same draws as before, and the styles of columns mixed into rows at half of the layers."""
        yield self.samples()
        k = SOURCES + 1
        given = self.draw(k * k, seeded(1))
        a, b = given["noise"][:k], given["style"][:k]
        given["noise"], given["style"] = a.repeat_interleave(k, dim=0), b.repeat(k, 1)
        row, column = torch.arange(k).repeat_interleave(k), torch.arange(k).repeat(k)
        given["crossover"] = torch.full((k * k,), float(self.layers // 2))
        given["crossover"][column == 0], given["crossover"][row == 0] = float(self.layers), 0.0
        pictures = self.generate(given)
        pictures[0] = 0.0  # the corner is no source
        yield Images(0, "mixing", to_pixels(pictures), columns=k)

    @property
    def latent_size(self) -> int:
        """Number of latent dimensions (of z)."""
        return self.config.latent_dim

    def prior(self, n: int, generator: Generator) -> Tensor:
        """Draw z ~ N(0, I), (N, D)."""
        return torch.randn(n, self.config.latent_dim, generator=generator).to(self.compute.device)

    def decode(self, z: Tensor) -> Tensor:
        """Return the pictures (N, C, H, W) of one style each."""
        return self.generate({**self.draw(len(z), seeded(0)), "noise": z})
