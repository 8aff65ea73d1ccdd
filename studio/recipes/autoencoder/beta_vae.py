"""β-VAE: a VAE that pays more for every nat in its code, so that each dimension learns one thing, or nothing.

    L = -E_q log p(x|z) + β · KL(q(z|x) ‖ N(0, I)),   β > 1;   KL = Σ_j KL_j

Higgins 2017, "beta-VAE: Learning basic visual concepts with a constrained variational framework" (ICLR). Used in:
Atienza, Advanced Deep Learning with Keras (2018), 8.3, on the networks of his VAE-CNN and, with labels, of his CVAE
(here: `cvae`, presets `beta-7` to `beta-10`).

β trades sharpness for independence. Too much of it mutes dimensions: KL_j falls to zero and the decoder ignores z_j.
That is what the curves `kl_z1`, `kl_z2`, … and the traversals show; `active` counts the dimensions above 0.1 nats.

What we do differently: Atienza's prose lost its values of β; his companion material labels the figures 9 and 10, and
his command line shows 7: all are presets, together with plain β = 1. Where the collapse begins moves with the seed.

What to expect: on MNIST with two dimensions β = 7 to 9 tilts and widens digits nearly independently; around 10 one
of the two may fall silent. On the drawn shapes with ten dimensions, place, size and colour take a dimension each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor

from studio.core.compute import Compute
from studio.core.events import Event
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.autoencoders import Unit, encoder_body, make_decoder
from studio.nn.plan import plan, square
from studio.nn.variational import (
    Posterior,
    gaussian_kl_terms,
    kl_by_dimension,
    reparameterise,
    weighted_bound,
)
from studio.nn.variational_recipe import HiddenVAEKnobs, Variational

ACTIVE = 0.1
"""Nats that a dimension must carry on average to count as used."""
MNIST: dict[str, Any] = {"data": "mnist", "source": "Atienza 8.3", "training": {"epochs": 30, "batch_size": 128}}


@register("beta-vae", title="β-VAE", family="autoencoder", sources="Higgins 2017 (ICLR); Atienza 8.3")
class BetaVAE(Variational):
    """A convolutional VAE with a heavier price on its code."""

    @dataclass(frozen=True, kw_only=True)
    class Config(HiddenVAEKnobs):
        """Knobs of the β-VAE."""

        beta: Annotated[
            float, Knob("β (weight of KL)", 0.0, 1000.0, live=True, help="1 is a plain VAE; too much mutes dimensions.")
        ] = 7.0

    config: Config
    presets = (
        Preset(
            name="beta-7",
            title="β = 7: disentangled",
            expects="Tilt and width nearly independent, the cloud tighter than a VAE's; 134,165 parameters.",
            **MNIST,
        ),
        Preset(
            name="plain",
            title="β = 1: the VAE itself",
            config={"beta": 1.0},
            expects="The same networks as a plain VAE, to compare with; 134,165 parameters.",
            **MNIST,
        ),
        Preset(
            name="beta-9",
            title="β = 9: disentangled, blurrier",
            config={"beta": 9.0},
            expects="One axis tilts, the other widens (figure 8.3.1); 134,165 parameters.",
            **MNIST,
        ),
        Preset(
            name="beta-10",
            title="β = 10: one dimension muted",
            config={"beta": 10.0},
            expects="The means shrink to a line, one KL goes to zero (figure 8.3.2); depends on the seed.",
            **MNIST,
        ),
        Preset(
            name="shapes",
            title="Drawn shapes with known factors",
            source="Higgins 2017, in small",
            data="shapes",
            config={"beta": 4.0, "latent_dim": 10, "filters": (32, 32, 64), "hidden": 256},
            training={"epochs": 20, "batch_size": 64},
            shape=(3, 32, 32),
            classes=6,
            expects="Place and size get dimensions of their own, several stay muted; no figure is published for it.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks and the optimiser."""
        c, (channels, self.size) = self.config, square(spec)
        layers, bottom = plan(self.size, c.filters, ())
        body, width = encoder_body(channels, layers, bottom, Unit(), c.hidden)
        self.encoder = compute.prepare(Posterior(body, width, c.latent_dim))
        self.decoder = compute.prepare(make_decoder(c.latent_dim, channels, layers, bottom, Unit(), relu=True))
        self.opt = compute.rmsprop([*self.encoder.parameters(), *self.decoder.parameters()], lr=c.lr)

    def terms(self, batch: Batch, noise: Tensor) -> dict[str, Tensor]:
        """Return the objective with its parts, the bound, and what each dimension carries."""
        c, x = self.config, batch.x
        mean, log_var = self.encoder(x)  # (N, D) each
        z = reparameterise(mean, log_var, noise)  # (N, D)
        terms = weighted_bound(self.logits(z), x, mean, log_var, loss=c.loss, weight=0.0, beta=c.beta)
        active = (gaussian_kl_terms(mean, log_var).mean(dim=0) > ACTIVE).sum().float()
        return {**terms, "active": active, **kl_by_dimension(mean, log_var)}

    @torch.no_grad()
    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show what every VAE shows, and each dimension turned by itself."""
        yield from super().preview(batch)
        yield self.traversals(batch.x)
