"""Deep convolutional GAN: a generator learns to make pictures that a discriminator takes for real.

    L(D) = -½ E log D(x) - ½ E log(1 - D(G(z)))        L(G) = -E log D(G(z))            (non-saturating)

Goodfellow 2014, arXiv:1406.2661; Radford 2016, arXiv:1511.06434. Used in: Atienza, Advanced Deep Learning with Keras
(2018), 4.2; Chollet, Deep Learning with Python (2021), 12.5. Foster's is the recipe `camel-gan`.

What we do differently: losses on logits; layer lists stretched to the picture's size (`nn/plan.py`). Atienza's
generator makes the discriminator's fakes with running statistics: `fakes_in_eval`. Chollet calls fakes 1 and real
pictures 0 and adds noise to both labels; `label_noise` is his, with sides swapped (it pushes targets to
-noise and 1 - noise here), which gives the same losses with the sign of every logit turned.

What to expect: MNIST strokes after 1,000 steps, after 5,000 (15 minutes on two busy cores) all ten digits; the
discriminator's loss settles near 0.5, the generator's near 1. On 64 px faces, something to look at after 20 epochs.
Atienza 4.2 warns that small changes break it; the presets `norm-in-d` and `late-strides` are there to see it happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from studio.core.compute import Compute
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Retired
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.adversarial import accuracies, cross_entropy_g
from studio.nn.dropout import Dropout
from studio.nn.gan_recipe import ImageGANKnobs, NoiseGAN
from studio.nn.image_gan import image_features, image_generator
from studio.nn.keras import Dense
from studio.nn.plan import square

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
CAMEL = "Foster's networks are the recipe camel-gan, which has this knob: train one with it."
ATIENZA = {"steps": 40_000, "batch_size": 64, "schedule": "time", "decay": 6e-8}


def digits(name: str, title: str, expects: str, **config: Any) -> Preset:
    """Return Atienza's experiment on MNIST with some knobs changed."""
    source = "Atienza 4.2"
    return Preset(name=name, title=title, source=source, data="mnist", config=config, training=ATIENZA, expects=expects)


@register(
    "dcgan", title="DCGAN", family="gan", sources="Radford 2016 arXiv:1511.06434; Atienza 4.2; Chollet (2021) 12.5"
)
class DCGAN(NoiseGAN):
    """A convolutional generator and discriminator."""

    @dataclass(frozen=True, kw_only=True)
    class Config(ImageGANKnobs):
        """Knobs of the GAN; g is the generator, d the discriminator."""

        noise: Annotated[Literal["uniform", "normal"], Knob("Noise", help="z ~ U[-1, 1] or N(0, 1).")] = "uniform"
        output: Annotated[Literal["sigmoid", "tanh"], Knob("Output", help="tanh: pictures are -1..1 inside.")] = (
            "sigmoid"
        )
        g_base: Annotated[int, Knob("G: first width", 1, 4096, help="Channels after the Dense layer.")] = 128
        g_strides: Annotated[tuple[int, ...], Knob("G: strides", 1, 2, help="Fitted to the picture's size.")] = (
            2,
            2,
            1,
        )
        g_norm: Annotated[Literal["channel", "none"], Knob("G: batch normalisation")] = "channel"
        g_slope: Annotated[float, Knob("G: negative slope", 0.0, 1.0, help="0 is ReLU.")] = 0.0
        d_strides: Annotated[tuple[int, ...], Knob("D: strides", 1, 2, help="Fitted to the picture's size.")] = (
            2,
            2,
            2,
            1,
        )
        d_norm: Annotated[bool, Knob("D: batch normalisation", help="The book's generator fails against it.")] = False
        d_activation: Annotated[
            Literal["before", "after"], Knob("D: activation", help="Before or after each convolution.")
        ] = "before"
        d_dropout: Annotated[float, Knob("D: dropout", 0.0, 0.95, help="Before the last layer.")] = 0.0
        label_noise: Annotated[
            float, Knob("Label noise", 0.0, 0.5, live=True, help="Targets are moved down by up to this much.")
        ] = 0.0
        fakes_in_eval: Annotated[
            bool, Knob("Fakes from running statistics", group="Advanced", help="Keras' predict() for the D step.")
        ] = False
        optimiser: Annotated[Literal["rmsprop", "adam"], Knob("Optimiser", group="Optimiser")] = "rmsprop"
        beta1: Annotated[float, Knob("Adam's β₁", 0.0, 0.999, group="Optimiser", help="0.5 in the DCGAN paper.")] = 0.9

    config: Config
    retired: ClassVar = {
        "g_momentum": Retired(0.99, CAMEL),
        "upsampling": Retired("transposed", CAMEL),
        "d_slope": Retired(0.2, CAMEL),
        "d_dropout_at": Retired("the end", "In the recipe camel-gan dropout follows every layer: train one with it."),
        "init": Retired("glorot", "In the recipe camel-gan kernels start from N(0, 0.02²): train one with it."),
    }
    presets = (
        digits(
            "atienza",
            "MNIST digits",
            "Readable digits by 5,000 steps; D near 0.5 and G near 1.0 at 40,000. G 1,301,505, D 1,080,577.",
        ),
        Preset(
            name="chollet",
            title="Faces, 64 px",
            source="Chollet (2021) 12.5",
            data="celeba",
            config=CHOLLET,
            training={"epochs": 100, "batch_size": 32},
            data_options={"size": 64, "colour": "colour"},
            shape=(3, 64, 64),
            classes=0,
            expects="Interesting after epoch 20, faces at about epoch 30. G 3,979,651, D 404,801.",
        ),
        digits("narrow-d", "D ends at 128", "Works; 256 looks better.", d_filters=(32, 64, 128, 128)),
        digits("equal-rates", "G as fast as D", "Half of D's rate is said to be more stable.", lr_g=2e-4),
        digits("norm-in-d", "Fragile: batch norm in D", "The book: fails to converge.", d_norm=True),
        digits("late-strides", "Fragile: G enlarges late", "The book: fails to converge.", g_strides=(1, 2, 2)),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks and their optimisers."""
        c, (channels, self.size) = self.config, square(spec)
        self.signed, self.noise = c.output == "tanh", c.noise
        generator = image_generator(
            c.latent_dim,
            channels,
            self.size,
            filters=c.g_filters,
            strides=c.g_strides,
            base=c.g_base,
            kernel=c.kernel,
            norm=c.g_norm,
            slope=c.g_slope,
        )
        body, features = image_features(
            channels,
            self.size,
            filters=c.d_filters,
            strides=c.d_strides,
            kernel=c.kernel,
            activation=c.d_activation,
            norm=c.d_norm,
        )
        dropout = [Dropout(c.d_dropout)] if c.d_dropout else []
        self.generator = compute.prepare(generator)
        self.discriminator = compute.prepare(nn.Sequential(*body, *dropout, Dense(features, 1)))
        self.opt_d = self._optimizer(self.discriminator, c.lr_d)
        self.opt_g = self._optimizer(self.generator, c.lr_g)

    def _optimizer(self, network: nn.Module, lr: float) -> Optimizer:
        if self.config.optimiser == "adam":
            return self.compute.adam(network.parameters(), lr, (self.config.beta1, 0.999))
        return self.compute.rmsprop(network.parameters(), lr)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach the discriminator on one joint batch, then the generator through it."""
        n, real = len(batch), self.inside(batch.x)
        scores = self.discriminator(torch.cat([real, self._fakes_to_judge(n)])).float()  # (2N, 1)
        targets = torch.cat([torch.ones(n, 1), torch.zeros(n, 1)]) - self.config.label_noise * torch.rand(2 * n, 1)
        loss_d = F.binary_cross_entropy_with_logits(scores, targets.to(scores.device))
        self.compute.minimise(loss_d, self.opt_d)

        loss_g = cross_entropy_g(self.discriminator(self.make(self.z(max(n, 2)))))
        self.compute.minimise(loss_g, self.opt_g)
        metrics = {"loss_d": loss_d, "loss_g": loss_g, **accuracies(scores[:n], scores[n:])}
        return {name: value.detach() for name, value in metrics.items()}

    @torch.no_grad()
    def _fakes_to_judge(self, n: int) -> Tensor:
        """Return generated pictures for the discriminator; no gradient reaches the generator."""
        training = self.generator.training
        self.generator.train(training and not self.config.fakes_in_eval)
        fakes = self.fakes(n)
        self.generator.train(training)
        return fakes
