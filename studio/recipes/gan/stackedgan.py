"""StackedGAN: a classifier is turned upside down, layer by layer, each layer with a noise of its own.

    encoder      x -> E0 -> f1 (256 features) -> E1 -> label
    generators   x <- G0(f1, z0)      f1 <- G1(label, z1)
    L(Gi) = w1 · adversarial + w2 · ‖Ei(Gi(f, zi)) - f‖² + w3 · ‖Qi(Gi(f, zi)) - zi‖²

First the encoder learns to classify and is then frozen (phase "encoder"); then each generator learns to invert its
part against a discriminator Di with a second head Qi ("gans"). The conditional term keeps Gi from ignoring what it
shall invert (for the label it is a cross-entropy), the entropy term from ignoring its noise.

Huang 2017, arXiv:1612.04357. Used in: Atienza, Advanced Deep Learning with Keras (2018), 6.2.

What we do differently: the run's `steps` count for the GANs; the encoder gets 9,380 more per 40,000 (the book's 10
epochs). Q learns from fakes only: the book asks it for their noise on real examples, too, where it cannot be read.
Entropy weights (10 for pictures, 1 for features) and z ~ N(0, 0.5²) are those of its code, not of its prose. G0
learns from real features and meets G1's only when sampling; `joint` closes that gap, as the paper's last stage does.

What to expect: on MNIST, after 5,000 steps, an independent classifier gives 98.8 % of the samples the asked label. With
noise 0, the slider of z0 changes the thickness of strokes and that of z1 their tilt, as in the book's figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from studio.core.capabilities import Classifies, Input
from studio.core.compute import Compute
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.adversarial import one_hot
from studio.nn.classification import accuracy
from studio.nn.conditioned_gan import ConditionedGAN
from studio.nn.feature_gan import feature_body, feature_encoder, feature_generator, fool, judge, noise_reader
from studio.nn.image_gan import D_FILTERS, G_FILTERS, image_features, image_generator
from studio.nn.keras import Dense
from studio.nn.pictures import answers, crop, to_pixels
from studio.nn.plan import square

LEVELS = (
    Input(name="level1", title="Constant in z1", kind="amount", low=-1.0, high=1.0, help="Became tilt on MNIST."),
    Input(name="level0", title="Constant in z0", kind="amount", low=-4.0, high=4.0, help="Became thickness on MNIST."),
)
SPREAD = Input(name="spread", title="Noise", kind="amount", low=0.0, high=1.0, default=1.0, help="0: constants only.")


@register("stackedgan", title="StackedGAN", family="gan", sources="Huang 2017 arXiv:1612.04357; Atienza 6.2")
class StackedGAN(ConditionedGAN, Classifies):
    """A classifier and two generators that invert it."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the StackedGAN; level 0 makes pictures, level 1 features."""

        latent_dim: Annotated[int, Knob("Noise per level", 1, 1024, log=True)] = 50
        noise_std: Annotated[float, Knob("Spread of the noise", 0.01, 2.0, help="z ~ N(0, σ²).")] = 0.5
        features: Annotated[int, Knob("Features", 1, 4096, help="Between the levels.")] = 256
        e_filters: Annotated[tuple[int, ...], Knob("Encoder: filters", 1, 1024)] = (64, 64)
        g1_units: Annotated[tuple[int, ...], Knob("G1: units", 1, 4096)] = (512, 512)
        d1_units: Annotated[tuple[int, ...], Knob("D1: units", 1, 4096)] = (256, 256)
        g0_filters: Annotated[tuple[int, ...], Knob("G0: filters", 1, 2048)] = G_FILTERS
        d0_filters: Annotated[tuple[int, ...], Knob("D0: filters", 1, 2048)] = D_FILTERS
        conditional: Annotated[float, Knob("Conditional weight", 0.0, 100.0, live=True)] = 1.0
        entropy0: Annotated[float, Knob("Entropy weight, pictures", 0.0, 100.0, live=True)] = 10.0
        entropy1: Annotated[float, Knob("Entropy weight, features", 0.0, 100.0, live=True)] = 1.0
        joint: Annotated[
            float, Knob("Joint training", 0.0, 1.0, live=True, help="Share of G0's features that come from G1.")
        ] = 0.0
        lr_e: Annotated[float, Knob("Encoder: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 1e-3
        lr_d: Annotated[float, Knob("D: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 2e-4
        lr_g: Annotated[float, Knob("G: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 1e-4

    config: Config
    needs_labels = True
    phases, phase_shares = ("encoder", "gans"), (9_380 / 40_000, 1.0)
    presets = (
        Preset(
            name="atienza",
            title="MNIST digits on two levels",
            source="Atienza 6.2",
            data="mnist",
            training={"steps": 40_000, "batch_size": 64, "schedule": "time", "decay": 6e-8},
            expects="z0 is thickness, z1 tilt (figures after 10,000 steps). G0 2,593,537, G1 429,312, D0 1,285,427.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create encoder, generators and discriminators with their Q heads, and three optimisers."""
        c, (channels, self.size) = self.config, square(spec)
        self.classes, z = len(spec.classes), c.latent_dim
        self.enc0 = compute.prepare(feature_encoder(channels, self.size, c.e_filters, c.features))
        self.enc1 = compute.prepare(Dense(c.features, self.classes))
        self.gen1 = compute.prepare(feature_generator(self.classes + z, c.g1_units, c.features))
        self.gen0 = compute.prepare(image_generator(c.features + z, channels, self.size, filters=c.g0_filters))
        self.dis1 = compute.prepare(noise_reader(*feature_body(c.features, c.d1_units), z))
        self.dis0 = compute.prepare(noise_reader(*image_features(channels, self.size, filters=c.d0_filters), z))
        self.opt_e = compute.adam([*self.enc0.parameters(), *self.enc1.parameters()], c.lr_e)
        self.opt_d = compute.rmsprop([*self.dis1.parameters(), *self.dis0.parameters()], c.lr_d)
        self.opt_g = compute.rmsprop([*self.gen1.parameters(), *self.gen0.parameters()], c.lr_g)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach the encoder; in the second phase both discriminators, then both generators."""
        assert batch.y is not None  # the engine refuses unlabelled data
        if self.phase == "encoder":
            metrics = self._classified(batch.x, batch.y)
            self.compute.minimise(metrics["loss_e"], self.opt_e)
        else:
            copies = max(1, 3 - len(batch))  # batch normalisation needs at least two
            x, y = batch.x.repeat(copies, 1, 1, 1), batch.y.repeat(copies)
            with torch.no_grad():
                features = self.enc0(x)
            metrics = {**self._teach_discriminators(x, y, features), **self._teach_generators(y, features)}
        return {name: value.detach() for name, value in metrics.items()}

    def _classified(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        logits = self.enc1(self.enc0(x)).float()
        return {"loss_e": F.cross_entropy(logits, y), "accuracy": accuracy(logits, y)}

    def _teach_discriminators(self, x: Tensor, y: Tensor, features: Tensor) -> dict[str, Tensor]:
        """Update D and Q of both levels, which do not touch each other."""
        c, given = self.config, self.drawn_here(len(x))
        with torch.no_grad():
            made1 = self._features(y, given["z1"])
            made0 = self._pictures(self._mixed(features, made1), given["z0"])
        loss1, sides1 = judge(self.dis1, features, made1, given["z1"], c.entropy1)
        loss0, sides0 = judge(self.dis0, x, made0, given["z0"], c.entropy0)
        self.compute.minimise(loss1 + loss0, self.opt_d)
        return {"loss_d": loss1 + loss0, "loss_d1": loss1, **sides0, **{f"{k}_1": v for k, v in sides1.items()}}

    def _teach_generators(self, y: Tensor, features: Tensor) -> dict[str, Tensor]:
        """Update both generators: fool D, let Q read the noise, be recognised by the encoder."""
        c, given = self.config, self.drawn_here(len(y))
        made1 = self._features(y, given["z1"])
        above = self._mixed(features, made1)
        made0 = self._pictures(above, given["z0"])
        fooled1, error_z1 = fool(self.dis1, made1, given["z1"], c.entropy1)
        fooled0, error_z0 = fool(self.dis0, made0, given["z0"], c.entropy0)
        error_features, labels = F.mse_loss(self.enc0(made0).float(), above.float()), self.enc1(made1).float()
        loss_g1 = fooled1 + c.conditional * F.cross_entropy(labels, y)
        loss_g = loss_g1 + fooled0 + c.conditional * error_features
        self.compute.minimise(loss_g, self.opt_g)
        told = {"error_features": error_features, "error_z1": error_z1, "error_z0": error_z0}
        return {"loss_g": loss_g, "loss_g1": loss_g1, "label_accuracy": accuracy(labels, y), **told}

    def draw_numbers(self, wanted: Input, n: int, generator: Generator | None) -> Tensor:
        """Draw noise ~ N(0, σ²)."""
        return self.config.noise_std * super().draw_numbers(wanted, n, generator)

    def _features(self, y: Tensor, z1: Tensor) -> Tensor:
        features: Tensor = self.gen1(torch.cat([one_hot(y, self.classes), z1], dim=1))
        return features

    def _mixed(self, real: Tensor, made: Tensor) -> Tensor:
        """Return real features, a share `joint` of the rows replaced by generated ones."""
        return torch.where((torch.rand(len(real), 1) < self.config.joint).to(real.device), made, real)

    def _pictures(self, features: Tensor, z0: Tensor) -> Tensor:
        return crop(self.gen0(torch.cat([features, z0], dim=1)), self.size).sigmoid()

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the encoder's cross-entropy (nats) and accuracy, as long as it learns."""
        assert batch.y is not None
        return self._classified(batch.x, batch.y) if self.phase == "encoder" else {}

    def paint(self, given: Mapping[str, Tensor]) -> Tensor:
        """Return pictures (N, C, H, W) in 0..1: label -> features -> picture."""
        z1, z0 = (given["spread"][:, None] * given[f"z{i}"] + given[f"level{i}"][:, None] for i in (1, 0))
        return self._pictures(self._features(given["label"], z1), z0)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Label, both noises, how much of them is used, and a constant added to each: the book's sweeps."""
        noise = (Input.noise(self.config.latent_dim, f"z{i}", f"Noise of level {i}") for i in (1, 0))
        return Input.label(self.spec.classes), *noise, SPREAD, *LEVELS

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show what the encoder answers; later the same samples as before, and both levels swept for each class."""
        if self.phase == "encoder" and batch.y is not None:
            captions = answers(self.classify(batch.x[:32]), batch.y[:32], self.spec.classes)
            yield Images(0, "predictions", to_pixels(batch.x[:32]), columns=8, captions=captions)
            return
        yield self.samples()
        for level in LEVELS:
            yield self.sweep(level.name, spread=0.0)

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """Return the encoder's class probabilities (N, K)."""
        logits: Tensor = self.enc1(self.enc0(x))
        return logits.float().softmax(dim=1)
