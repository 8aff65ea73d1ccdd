"""WGAN with gradient penalty: a critic measures how far generated pictures are from real ones.

    x̂ = α x + (1 - α) G(z),  α ~ U(0, 1) per picture
    L(C) = E C(G(z)) - E C(x) + λ E (‖∇C(x̂)‖₂ - 1)²        L(G) = -E C(G(z))

Gulrajani 2017, arXiv:1704.00028. Used in: Foster, Generative Deep Learning (2019), chapter 4, faces.

What we do differently: one step is one update of the generator; the batch is cut into `critic_steps` parts, one for
each update of the critic before it (so 5 x 64 = 320 pictures a step). Layer lists are stretched to other sizes.

What to expect: faces after 3,000 steps, no mode collapse; `wasserstein` falls slowly as pictures get better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Generator, Tensor, nn

from studio.core.capabilities import Decodes, Samples
from studio.core.compute import Compute
from studio.core.compute import generator as seeded
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Recipe
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.keras import Conv, ConvTranspose, Dense, batch_norm, batch_norm_units, normal_
from studio.nn.pictures import crop, to_pixels
from studio.nn.plan import plan, square


@register("wgan-gp", title="WGAN-GP", family="gan", sources="Gulrajani 2017 arXiv:1704.00028; Foster (2019) ch. 4")
class WGANGP(Recipe, Samples, Decodes):
    """A generator and a critic held to slopes of one."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the WGAN-GP."""

        latent_dim: Annotated[int, Knob("Latent size", 1, 1024, log=True)] = 100
        filters: Annotated[
            tuple[int, ...], Knob("Filters", 1, 2048, help="Of the critic; the generator mirrors them.")
        ] = (
            64,
            128,
            256,
            512,
        )
        kernel: Annotated[int, Knob("Kernel", 3, 7)] = 5
        penalty: Annotated[float, Knob("Gradient penalty λ", 0.0, 1000.0, live=True, help="10 in the paper.")] = 10.0
        critic_steps: Annotated[int, Knob("Critic updates per step", 1, 20, help="Each sees a part of the batch.")] = 5
        beta1: Annotated[float, Knob("Adam's β₁", 0.0, 0.999, group="Optimiser")] = 0.5
        lr_d: Annotated[float, Knob("Critic: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 2e-4
        lr_g: Annotated[float, Knob("Generator: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = (
            2e-4
        )

    config: Config
    best_metric = ""  # no held-out number says which generator is better
    presets = (
        Preset(
            name="foster",
            title="Faces, 64 px",
            source="Foster (2019), chapter 4",
            data="celeba",
            training={"steps": 6_000, "batch_size": 320},
            data_options={"size": 64, "colour": "colour", "fit": "stretch"},
            shape=(3, 64, 64),
            classes=0,
            expects="Uncurated faces after 3,000 steps. Critic 4,314,753, generator 5,168,003.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create critic and generator, kernels N(0, 0.02²), and their optimisers."""
        c, (channels, self.size) = self.config, square(spec)
        layers, bottom = plan(self.size, c.filters, ())
        width, flat = channels, layers[-1][0] * bottom * bottom
        critic: list[nn.Module] = []
        for filters, stride in layers:
            critic += [Conv(width, filters, c.kernel, stride), nn.LeakyReLU(0.2)]
            width = filters
        critic += [nn.Flatten(), Dense(flat, 1)]
        generator: list[nn.Module] = [Dense(c.latent_dim, flat), batch_norm_units(flat, 0.9)]
        generator += [nn.Unflatten(1, (width, bottom, bottom)), nn.LeakyReLU(0.2)]
        outputs = [channels, *(filters for filters, _ in layers)]
        for i in reversed(range(len(layers))):
            generator += [ConvTranspose(width, outputs[i], c.kernel, layers[i][1])]
            generator += [batch_norm(outputs[i], 0.9), nn.LeakyReLU(0.2)] if i else [nn.Tanh()]
            width = outputs[i]
        self.critic, self.generator = nn.Sequential(*critic), nn.Sequential(*generator)
        for network in (self.critic, self.generator):
            normal_(network)
            compute.prepare(network)
        self.opt_d = compute.adam(self.critic.parameters(), c.lr_d, (c.beta1, 0.9))
        self.opt_g = compute.adam(self.generator.parameters(), c.lr_g, (c.beta1, 0.9))

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Update the critic on each part of the batch, then the generator once."""
        for x in batch.x.chunk(self.config.critic_steps):
            real, fake = x * 2 - 1, self._fakes(len(x)).detach()
            distance = self.critic(real).float().mean() - self.critic(fake).float().mean()
            slope = self._slope_error(real, fake)
            loss_d = self.config.penalty * slope - distance
            self.compute.minimise(loss_d, self.opt_d)
        loss_g = -self.critic(self._fakes(len(x))).float().mean()
        self.compute.minimise(loss_g, self.opt_g)
        metrics = {"loss_d": loss_d, "loss_g": loss_g, "wasserstein": distance, "slope_error": slope}
        return {name: value.detach() for name, value in metrics.items()}

    def _slope_error(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E (‖∇C(x̂)‖₂ - 1)², with one mixing weight and one norm per picture."""
        alpha = torch.rand(len(real), 1, 1, 1).to(real.device)
        mixed = torch.lerp(fake, real, alpha).requires_grad_()
        scores = self.critic(mixed).float().sum()
        (slopes,) = torch.autograd.grad(scores, mixed, create_graph=True)
        error: Tensor = (slopes.float().flatten(1).norm(dim=1) - 1.0).square().mean()
        return error

    def _fakes(self, n: int) -> Tensor:
        """Return generated pictures in -1..1; batch normalisation needs at least two."""
        z = torch.randn(max(n, 2), self.config.latent_dim).to(self.compute.device)
        return crop(self.generator(z), self.size)[:n]

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show what the same 36 latent points have become."""
        yield Images(0, "samples", to_pixels(self.sample(36, seeded(0))), columns=6)

    @property
    def latent_size(self) -> int:
        """Number of latent dimensions."""
        return self.config.latent_dim

    def prior(self, n: int, generator: Generator) -> Tensor:
        """Draw z ~ N(0, I), (N, D)."""
        return torch.randn(n, self.config.latent_dim, generator=generator).to(self.compute.device)

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) in 0..1."""
        return (crop(self.generator(z), self.size).float() + 1) / 2

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return new pictures (N, C, H, W)."""
        return self.decode(self.prior(n, generator))
