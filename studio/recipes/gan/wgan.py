"""Wasserstein GAN with weight clipping: a critic in a box measures how far generated pictures are from real ones.

    W = E C(x) - E C(G(z))         L(C) = -W         L(G) = -E C(G(z))         every weight of C in [-c, c]

Arjovsky, Chintala and Bottou 2017, arXiv:1701.07875. Used in: Atienza, Advanced Deep Learning with Keras (2018), 5.1;
Foster, Generative Deep Learning (2019), chapter 4.

The box keeps the critic's slopes bounded, without which W has no upper limit. As in both books the critic is updated
on real and then on generated pictures, apart: in one batch their gradients nearly cancel.

Atienza's listing trains the generated batch with the label of real ones (+1), which teaches the critic nothing; his
text and repository use -1, and so do we. Foster leaves the batch of the generator's update undefined; it is the
critic's. Both clip after every pair of updates; here the weights also start inside the box, and clipping leaves the
running statistics of batch normalisation alone, which the critic never uses while it learns.

What we do differently: one step is one update of the generator; the batch is cut into `critic_steps` parts, one for
each pair of updates of the critic before it (so 5 x 64 = 320 pictures a step).

What to expect: slower than a DCGAN: after 1,000 of the book's 40,000 steps only the first strokes. `wasserstein` (in
units of the clipped critic, comparable only within a run) falls as pictures get better; a third to nine tenths of the
weights sit on the walls of the box (`clipped`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from studio.core.compute import Compute
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.adversarial import mean_score_g
from studio.nn.gan_recipe import ImageGANKnobs, NoiseGAN
from studio.nn.image_gan import image_features, image_generator
from studio.nn.keras import Dense, normal_
from studio.nn.plan import square

FOSTER_D: dict[str, Any] = {"activation": "after"}
FOSTER_G: dict[str, Any] = {"norm": "unit", "momentum": 0.8, "slope": 0.2, "upsampling": "repeat"}
HORSES = {
    "blocks": "foster",
    "g_strides": (2, 2, 2),
    "d_filters": (32, 64, 128, 128),
}


@torch.no_grad()
def clip(network: nn.Module, limit: float) -> Tensor:
    """Move every weight and bias into [-limit, limit]; returns the share of them on the boundary, 0-d."""
    on_boundary, total = [], 0
    for p in network.parameters():
        p.clamp_(-limit, limit)
        on_boundary.append((p.abs() >= limit).sum())
        total += p.numel()
    return torch.stack(on_boundary).sum() / total


@register(
    "wgan", title="WGAN", family="gan", sources="Arjovsky 2017 arXiv:1701.07875; Atienza 5.1; Foster (2019) ch. 4"
)
class WGAN(NoiseGAN):
    """A generator and a critic whose weights are kept in a small box."""

    @dataclass(frozen=True, kw_only=True)
    class Config(ImageGANKnobs):
        """Knobs of the WGAN; g is the generator, d the critic."""

        blocks: Annotated[
            Literal["atienza", "foster"],
            Knob(
                "Networks", help="Atienza's DCGAN, 0..1; or Foster's: repeat and convolve, tanh, kernels N(0, 0.02²)."
            ),
        ] = "atienza"
        g_strides: Annotated[tuple[int, ...], Knob("G: strides", 1, 2, help="Fitted to the picture's size.")] = (
            2,
            2,
            1,
        )
        d_norm: Annotated[bool, Knob("Critic: batch normalisation", help="Breaks a DCGAN, not this.")] = False
        clip: Annotated[float, Knob("Clipping c", 1e-4, 10.0, log=True, live=True, help="0.01 in the paper.")] = 0.01
        critic_steps: Annotated[int, Knob("Critic updates per step", 1, 20, help="Each sees a part of the batch.")] = 5
        lr_d: Annotated[float, Knob("Critic: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 5e-5
        lr_g: Annotated[float, Knob("Generator: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = (
            5e-5
        )

    config: Config
    presets = (
        Preset(
            name="atienza",
            title="MNIST digits",
            source="Atienza 5.1",
            data="mnist",
            training={"steps": 40_000, "batch_size": 320},
            expects="Digits without mode collapse at 40,000 steps (pictures only). G 1,301,505, critic 1,080,577.",
        ),
        Preset(
            name="norm-in-critic",
            title="MNIST, batch norm in the critic",
            source="Atienza 5.1, figure 5.1.5",
            data="mnist",
            config={"d_norm": True},
            training={"steps": 40_000, "batch_size": 320},
            expects="Stays stable, where DCGAN's preset of this name fails.",
        ),
        Preset(
            name="horses",
            title="Horses, 32 px",
            source="Foster (2019), chapter 4",
            data="cifar10",
            config=HORSES,
            training={"steps": 6_000, "batch_size": 640},
            data_options={"only": "horse"},
            shape=(3, 32, 32),
            classes=1,
            expects="Horses in varied poses, brown and shadowed, not perfect. Critic 670,401, generator 884,163.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create critic and generator and their optimisers; the critic starts inside the box."""
        c, (channels, self.size) = self.config, square(spec)
        foster = c.blocks == "foster"
        self.signed, self.noise = foster, "normal" if foster else "uniform"
        generator = image_generator(
            c.latent_dim,
            channels,
            self.size,
            filters=c.g_filters,
            strides=c.g_strides,
            kernel=c.kernel,
            **(FOSTER_G if foster else {}),
        )
        body, features = image_features(
            channels, self.size, filters=c.d_filters, kernel=c.kernel, norm=c.d_norm, **(FOSTER_D if foster else {})
        )
        critic = nn.Sequential(*body, Dense(features, 1))
        for network in (generator, critic):
            if foster:
                normal_(network)
        clip(critic, c.clip)
        self.generator, self.critic = compute.prepare(generator), compute.prepare(critic)
        self.opt_d = compute.rmsprop(self.critic.parameters(), c.lr_d)
        self.opt_g = compute.rmsprop(self.generator.parameters(), c.lr_g)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Update the critic on each part of the batch, real and generated apart, then the generator once."""
        for x in batch.x.chunk(self.config.critic_steps):
            real = self.critic(self.inside(x)).float().mean()
            self.compute.minimise(-real, self.opt_d)
            with torch.no_grad():
                made = self.fakes(len(x))
            fake = self.critic(made).float().mean()
            self.compute.minimise(fake, self.opt_d)
            clipped = clip(self.critic, self.config.clip)
        loss_g = mean_score_g(self.critic(self.fakes(len(x))))
        self.compute.minimise(loss_g, self.opt_g)
        distance = real - fake
        metrics = {"loss_d": -distance, "loss_g": loss_g, "wasserstein": distance, "clipped": clipped}
        return {name: value.detach() for name, value in metrics.items()}
