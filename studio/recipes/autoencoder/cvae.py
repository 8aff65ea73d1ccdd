"""Conditional VAE: the label is told to both halves, so that the code only has to say how, not what.

    log p(x|c) ≥ E_q(z|x,c) log p(x|z, c) - β · KL(q(z|x, c) ‖ p(z|c)),   p(z|c) = N(0, I)
    encoder: [x, Dense(one-hot c) as a picture] → μ, log σ²        decoder: [z, one-hot c] → x̃

Sohn 2015, "Learning structured output representation using deep conditional generative models" (NIPS); β as in Higgins
2017. Used in: Atienza, Advanced Deep Learning with Keras (2018), 8.2 (β = 1) and 8.3 (β-CVAE, the same networks).

What we do differently: layer lists are stretched to other sizes; with colours the label still adds one channel. The
book's β values were lost in print; 7 stands on its command line, 9 and 10 in its companion's captions. `kl_z1`,
`kl_z2`, … show a dimension that a large β mutes.

What to expect: on MNIST the labels overlap in one central blob and every digit has its own sheet of styles: tilt,
width and stroke; quality falls off far from the centre, where the prior never drew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from studio.core.capabilities import Conditioned, Input, Samples
from studio.core.compute import Compute
from studio.core.compute import generator as seeded
from studio.core.events import Embedding, Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.autoencoders import Unit, encoder_body, make_decoder
from studio.nn.keras import Dense
from studio.nn.pictures import crop, in_pairs, to_pixels
from studio.nn.plan import plan, square
from studio.nn.variational import Posterior, kl_by_dimension, reparameterise, weighted_bound
from studio.nn.variational_recipe import BoundRecipe, HiddenVAEKnobs

MNIST: dict[str, Any] = {"data": "mnist", "training": {"epochs": 30, "batch_size": 128}}


class LabelledEncoder(nn.Module):
    """(x, one-hot label) -> mean and log variance: the label becomes one more channel."""

    def __init__(self, classes: int, size: int, posterior: Posterior) -> None:
        super().__init__()
        self.label = nn.Sequential(Dense(classes, size * size), nn.Unflatten(1, (1, size, size)))
        self.posterior = posterior

    def forward(self, x: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """Return (mean, log variance), each (N, D)."""
        found: tuple[Tensor, Tensor] = self.posterior(torch.cat([x, self.label(label).to(x.dtype)], dim=1))
        return found


@register("cvae", title="Conditional VAE", family="autoencoder", sources="Sohn 2015 (NIPS); Atienza 8.2, 8.3")
class CVAE(BoundRecipe, Conditioned, Samples):
    """A VAE that is told the label."""

    @dataclass(frozen=True, kw_only=True)
    class Config(HiddenVAEKnobs):
        """Knobs of the conditional VAE."""

        latent_dim: Annotated[int, Knob("Code size", 1, 64, log=True, help="Numbers beside the label.")] = 2

    config: Config
    needs_labels = True
    presets = (
        Preset(
            name="atienza",
            title="A digit and two numbers",
            source="Atienza 8.2",
            expects="Labels overlap in one blob; width and tilt along the axes, entangled. 174,437 parameters.",
            **MNIST,
        ),
        Preset(
            name="beta-7",
            title="β = 7: tilt apart from width",
            source="Atienza 8.3",
            config={"beta": 7.0},
            expects="One axis tilts, the other widens, nearly independently. 174,437 parameters.",
            **MNIST,
        ),
        Preset(
            name="beta-9",
            title="β = 9: the book's best",
            source="Atienza 8.3",
            config={"beta": 9.0},
            expects="As β = 7, the cloud tighter still (figure 8.3.1).",
            **MNIST,
        ),
        Preset(
            name="beta-10",
            title="β = 10: one number muted",
            source="Atienza 8.3",
            config={"beta": 10.0},
            expects="The means shrink to a line, one number does nothing (figure 8.3.2); depends on the seed.",
            **MNIST,
        ),
        Preset(
            name="digits",
            title="The bundled digits in two minutes",
            source="ours",
            data="digits",
            training={"epochs": 60, "batch_size": 64},
            data_options={"size": 28},
            expects="Every digit on demand, blurred; 174,437 parameters.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks and the optimiser."""
        c, (channels, self.size) = self.config, square(spec)
        self.classes = len(spec.classes)
        layers, bottom = plan(self.size, c.filters, ())
        body, width = encoder_body(channels + 1, layers, bottom, Unit(), c.hidden)
        posterior = Posterior(body, width, c.latent_dim)
        self.encoder = compute.prepare(LabelledEncoder(self.classes, self.size, posterior))
        inputs = c.latent_dim + self.classes
        self.decoder = compute.prepare(make_decoder(inputs, channels, layers, bottom, Unit(), relu=True))
        self.opt = compute.rmsprop([*self.encoder.parameters(), *self.decoder.parameters()], lr=c.lr)

    def terms(self, batch: Batch, noise: Tensor) -> dict[str, Tensor]:
        """Return the bound given the labels, with its parts, and what each dimension carries."""
        c, x, label = self.config, batch.x, self._one_hot(batch.y)
        mean, log_var = self.encoder(x, label)  # (N, D) each
        logits = self._logits(reparameterise(mean, log_var, noise), label)  # (N, C, H, W)
        terms = weighted_bound(logits, x, mean, log_var, loss=c.loss, weight=0.0, beta=c.beta)
        return {**terms, **kl_by_dimension(mean, log_var)}

    def _one_hot(self, label: Tensor | None) -> Tensor:
        assert label is not None, "needs_labels is set"
        return F.one_hot(label, self.classes).float()

    def _logits(self, z: Tensor, label: Tensor) -> Tensor:
        return crop(self.decoder(torch.cat([z, label], dim=1)), self.size).float()

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show reconstructions, each label with the same eight codes, and where the codes lie."""
        x, label = batch.x, self._one_hot(batch.y)
        mean, _ = self.encoder(x, label)
        made = self._logits(mean[:32], label[:32]).sigmoid()
        yield Images(0, "reconstructions", to_pixels(in_pairs(x[:32], made)), columns=8)
        z = torch.randn(8, self.config.latent_dim, generator=seeded(0)).repeat(self.classes, 1)
        asked = torch.arange(self.classes).repeat_interleave(8)
        yield Images(0, "by label", to_pixels(self.generate({"label": asked, "code": z})), columns=8)
        yield Embedding(0, "latent", mean.cpu().numpy(), None if batch.y is None else batch.y.cpu().numpy())

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The class, and how it is drawn."""
        size = self.config.latent_dim
        return (
            Input.label(self.spec.classes),
            Input(name="code", title="Code", kind="code", size=size, low=-3.0, high=3.0, help="How it is drawn."),
        )

    def draw(self, n: int, generator: Generator) -> dict[str, Tensor]:
        """Return labels, each as likely, and codes of N(0, I)."""
        label = torch.randint(self.classes, (n,), generator=generator)
        return {"label": label, "code": torch.randn(n, self.config.latent_dim, generator=generator)}

    @torch.no_grad()
    def generate(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the pictures (N, C, H, W) of labels and codes."""
        device = self.compute.device
        return self._logits(inputs["code"].to(device), self._one_hot(inputs["label"].to(device))).sigmoid()

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return pictures of random labels (N, C, H, W)."""
        return self.generate(self.draw(n, generator))
