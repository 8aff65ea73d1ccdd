"""Deep convolutional GAN: a generator learns to make pictures that a discriminator takes for real.

    L(D) = -E log D(x) - E log(1 - D(G(z)))        L(G) = -E log D(G(z))            (non-saturating)

Goodfellow 2014, arXiv:1406.2661; Radford 2016, arXiv:1511.06434. Used in: Atienza, Advanced Deep Learning with Keras
(2018), 4.2; Chollet, Deep Learning with Python (2021), 12.5; Foster, Generative Deep Learning (2019), chapter 4.

What we do differently: losses on logits; layer lists stretched to the picture's size (`nn/plan.py`). Foster updates
the discriminator on real and generated pictures in turn, we use one joint batch as the other two books do. Atienza's
generator makes the discriminator's fakes with running statistics: `fakes_in_eval`. Chollet calls fakes 1 and real
pictures 0 and adds noise to both labels; `label_noise` is his, with sides swapped (it pushes targets to
-noise and 1 - noise here), which gives the same losses with the sign of every logit turned.

What to expect: MNIST strokes after 1,000 steps, readable digits after 5,000; the discriminator's loss settles near
0.5, the generator's near 1. On 64 px faces, something to look at after 20 epochs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

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


def enlarge(channels: int, filters: int, stride: int, c: DCGAN.Config) -> list[nn.Module]:
    """Return a layer that makes pictures `stride` times larger: a transposed convolution, or repeat and convolve."""
    if c.upsampling == "transposed":
        return [ConvTranspose(channels, filters, c.kernel, stride)]
    repeat: list[nn.Module] = [nn.Upsample(scale_factor=stride)] if stride > 1 else []
    return [*repeat, Conv(channels, filters, c.kernel)]


def make_generator(channels: int, size: int, c: DCGAN.Config) -> nn.Sequential:
    """Return the network z (N, D) -> pictures before sigmoid or tanh, (N, C, H, W).

    Without batch normalisation nothing follows the Dense layer (Chollet).
    """
    strides = (*c.g_strides, *[2] * len(c.g_filters))[: len(c.g_filters)]
    layers, bottom = plan(size, c.g_filters[::-1], strides[::-1])  # from the picture down
    units = c.g_base * bottom * bottom
    body: list[nn.Module] = [Dense(c.latent_dim, units)]
    body += [batch_norm_units(units, c.g_momentum)] if c.g_norm == "unit" else []
    body += [nn.Unflatten(1, (c.g_base, bottom, bottom))]
    body += [batch_norm(c.g_base, c.g_momentum)] if c.g_norm == "channel" else []
    body += [nn.LeakyReLU(c.g_slope)] if c.g_norm != "none" else []
    width = c.g_base
    for filters, stride in reversed(layers):
        body += enlarge(width, filters, stride, c)
        body += [batch_norm(filters, c.g_momentum)] if c.g_norm != "none" else []
        body += [nn.LeakyReLU(c.g_slope)]
        width = filters
    return nn.Sequential(*body, *enlarge(width, channels, 1, replace(c, kernel=5)))


def make_discriminator(channels: int, size: int, c: DCGAN.Config) -> nn.Sequential:
    """Return the network (N, C, H, W) -> logit (N, 1), positive for real."""
    layers, bottom = plan(size, c.d_filters, c.d_strides)
    body: list[nn.Module] = []
    for filters, stride in layers:
        conv, slope = Conv(channels, filters, c.kernel, stride), nn.LeakyReLU(c.d_slope)
        body += [slope, conv] if c.d_activation == "before" else [conv, slope]
        body += [nn.Dropout(c.d_dropout)] if c.d_dropout and c.d_dropout_at == "each layer" else []
        channels = filters
    body += [nn.Flatten()]
    body += [nn.Dropout(c.d_dropout)] if c.d_dropout and c.d_dropout_at == "the end" else []
    return nn.Sequential(*body, Dense(channels * bottom * bottom, 1))


CHOLLET = {
    "latent_dim": 128,
    "noise": "normal",
    "kernel": 4,
    "g_filters": (128, 256, 512),
    "g_strides": (2, 2, 2),
    "g_norm": "none",
    "g_slope": 0.2,
    "d_filters": (64, 128, 128),
    "d_strides": (2, 2, 2),
    "d_activation": "after",
    "d_dropout": 0.2,
    "label_noise": 0.05,
    "optimiser": "adam",
    "lr_d": 1e-4,
}
FOSTER = {
    "noise": "normal",
    "output": "tanh",
    "g_base": 64,
    "g_filters": (128, 64, 64),
    "g_norm": "unit",
    "g_momentum": 0.9,
    "upsampling": "repeat",
    "d_filters": (64, 64, 128, 128),
    "d_activation": "after",
    "d_slope": 0.0,
    "d_dropout": 0.4,
    "d_dropout_at": "each layer",
    "init": "normal",
    "lr_d": 8e-4,
    "lr_g": 4e-4,
}


@register(
    "dcgan",
    title="DCGAN",
    family="gan",
    sources="Radford 2016 arXiv:1511.06434; Atienza 4.2; Chollet 12.5; Foster (2019) ch. 4",
)
class DCGAN(Recipe, Samples, Decodes):
    """A convolutional generator and discriminator."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the GAN; g is the generator, d the discriminator."""

        latent_dim: Annotated[int, Knob("Latent size", 1, 1024, log=True, help="Numbers a picture is made from.")] = 100
        noise: Annotated[Literal["uniform", "normal"], Knob("Noise", help="z ~ U[-1, 1] or N(0, 1).")] = "uniform"
        kernel: Annotated[int, Knob("Kernel", 3, 7, help="A multiple of the stride avoids checkerboards.")] = 5
        output: Annotated[Literal["sigmoid", "tanh"], Knob("Output", help="tanh: pictures are -1..1 inside.")] = (
            "sigmoid"
        )
        g_base: Annotated[int, Knob("G: first width", 1, 4096, help="Channels after the Dense layer.")] = 128
        g_filters: Annotated[tuple[int, ...], Knob("G: filters", 1, 4096)] = (128, 64, 32)
        g_strides: Annotated[tuple[int, ...], Knob("G: strides", 1, 2, help="Fitted to the picture's size.")] = (
            2,
            2,
            1,
        )
        g_norm: Annotated[
            Literal["channel", "unit", "none"],
            Knob("G: batch normalisation", help="After the Dense layer: per channel, or per unit."),
        ] = "channel"
        g_momentum: Annotated[float, Knob("G: norm momentum", 0.0, 0.999, help="Share of old statistics kept.")] = 0.99
        g_slope: Annotated[float, Knob("G: negative slope", 0.0, 1.0, help="0 is ReLU.")] = 0.0
        upsampling: Annotated[Literal["transposed", "repeat"], Knob("G: enlarging", help="Or repeat and convolve.")] = (
            "transposed"
        )
        d_filters: Annotated[tuple[int, ...], Knob("D: filters", 1, 4096)] = (32, 64, 128, 256)
        d_strides: Annotated[tuple[int, ...], Knob("D: strides", 1, 2, help="Fitted to the picture's size.")] = (
            2,
            2,
            2,
            1,
        )
        d_slope: Annotated[float, Knob("D: negative slope", 0.0, 1.0, help="0 is ReLU.")] = 0.2
        d_activation: Annotated[
            Literal["before", "after"], Knob("D: activation", help="Before or after each convolution.")
        ] = "before"
        d_dropout: Annotated[float, Knob("D: dropout", 0.0, 0.95)] = 0.0
        d_dropout_at: Annotated[Literal["the end", "each layer"], Knob("D: dropout at")] = "the end"
        label_noise: Annotated[
            float, Knob("Label noise", 0.0, 0.5, live=True, help="Targets are moved down by up to this much.")
        ] = 0.0
        fakes_in_eval: Annotated[
            bool, Knob("Fakes from running statistics", group="Advanced", help="Keras' predict() for the D step.")
        ] = False
        init: Annotated[Literal["glorot", "normal"], Knob("Initialisation", group="Advanced", help="normal: 0.02.")] = (
            "glorot"
        )
        optimiser: Annotated[Literal["rmsprop", "adam"], Knob("Optimiser", group="Optimiser")] = "rmsprop"
        beta1: Annotated[float, Knob("Adam's β₁", 0.0, 0.999, group="Optimiser", help="0.5 in the DCGAN paper.")] = 0.9
        lr_d: Annotated[float, Knob("D: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 2e-4
        lr_g: Annotated[float, Knob("G: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 1e-4

    config: Config
    best_metric = ""  # no held-out number says which GAN is better
    presets = (
        Preset(
            name="atienza",
            title="MNIST digits",
            source="Atienza 4.2",
            data="mnist",
            training={"steps": 40_000, "batch_size": 64, "schedule": "time", "decay": 6e-8},
            expects="Readable digits by 5,000 steps; D near 0.5 and G near 1.0 at 40,000. G 1,301,505, D 1,080,577.",
        ),
        Preset(
            name="chollet",
            title="Faces, 64 px",
            source="Chollet 12.5",
            data="celeba",
            config=CHOLLET,
            training={"epochs": 100, "batch_size": 32},
            data_options={"size": 64, "colour": "colour"},
            shape=(3, 64, 64),
            classes=0,
            expects="Interesting after epoch 20, faces at about epoch 30. G 3,979,651, D 404,801.",
        ),
        Preset(
            name="foster",
            title="Drawings, 28 px",
            source="Foster (2019), chapter 4",
            data="mnist",
            config=FOSTER,
            training={"steps": 6_000, "batch_size": 64},
            expects="The book draws Quick, Draw! camels (give the file as data). G 844,161, D 720,833.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks and their optimisers."""
        c, (channels, self.size) = self.config, square(spec)
        generator, discriminator = make_generator(channels, self.size, c), make_discriminator(channels, self.size, c)
        if c.init == "normal":
            normal_(generator)
            normal_(discriminator)
        self.generator, self.discriminator = compute.prepare(generator), compute.prepare(discriminator)
        self.opt_d = self._optimizer(discriminator, c.lr_d)
        self.opt_g = self._optimizer(generator, c.lr_g)

    def _optimizer(self, network: nn.Module, lr: float) -> Optimizer:
        if self.config.optimiser == "adam":
            return self.compute.adam(network.parameters(), lr, (self.config.beta1, 0.999))
        return self.compute.rmsprop(network.parameters(), lr)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach the discriminator on one joint batch, then the generator through it."""
        n, real = len(batch), self._inside(batch.x)
        scores = self.discriminator(torch.cat([real, self._fakes(n)])).float()  # (2N, 1)
        targets = torch.cat([torch.ones(n, 1), torch.zeros(n, 1)]) - self.config.label_noise * torch.rand(2 * n, 1)
        loss_d = F.binary_cross_entropy_with_logits(scores, targets.to(scores.device))
        self.compute.minimise(loss_d, self.opt_d)

        scores_g = self.discriminator(self._make(self._noise(max(n, 2)))).float()
        loss_g = F.softplus(-scores_g).mean()  # -log sigmoid: cross-entropy against "real"
        self.compute.minimise(loss_g, self.opt_g)
        accuracy_real, accuracy_fake = (scores[:n] > 0).float().mean(), (scores[n:] < 0).float().mean()
        metrics = {"loss_d": loss_d, "loss_g": loss_g, "acc_real": accuracy_real, "acc_fake": accuracy_fake}
        return {name: value.detach() for name, value in metrics.items()}

    @torch.no_grad()
    def _fakes(self, n: int) -> Tensor:
        """Return generated pictures for the discriminator; no gradient reaches the generator."""
        training = self.generator.training
        self.generator.train(training and not self.config.fakes_in_eval)
        fakes = self._make(self._noise(max(n, 2)))[:n]  # batch normalisation needs at least two
        self.generator.train(training)
        return fakes

    def _noise(self, n: int, generator: Generator | None = None) -> Tensor:
        size = (n, self.config.latent_dim)
        uniform = self.config.noise == "uniform"
        z = torch.rand(size, generator=generator) * 2 - 1 if uniform else torch.randn(size, generator=generator)
        return z.to(self.compute.device)

    def _make(self, z: Tensor) -> Tensor:
        """Return pictures in the range the discriminator sees: 0..1, or -1..1 with tanh."""
        x = crop(self.generator(z), self.size)
        return x.tanh() if self.config.output == "tanh" else x.sigmoid()

    def _inside(self, x: Tensor) -> Tensor:
        return x * 2 - 1 if self.config.output == "tanh" else x

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show what the same 36 latent points have become."""
        yield Images(0, "samples", to_pixels(self.sample(36, seeded(0))), columns=6)

    @property
    def latent_size(self) -> int:
        """Number of latent dimensions."""
        return self.config.latent_dim

    def prior(self, n: int, generator: Generator) -> Tensor:
        """Draw noise as in training, (N, D)."""
        return self._noise(n, generator)

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) in 0..1."""
        x = self._make(z).float()
        return (x + 1) / 2 if self.config.output == "tanh" else x

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return new pictures (N, C, H, W)."""
        return self.decode(self.prior(n, generator))
