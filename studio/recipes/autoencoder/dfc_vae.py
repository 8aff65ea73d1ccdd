"""Deep-feature-consistent VAE: reconstructions are judged by a network's eye instead of pixel by pixel.

    L = w Σ_l ‖φ_l(x̃) - φ_l(x)‖² / ‖φ_l(x)‖²  +  p · mean (x̃ - x)²  +  β · KL(q(z|x) ‖ N(0, I))

φ_l are features of a frozen network (`studio.canvas`). A pixel error forgives blur and punishes a hair that lies one
pixel aside; features do the opposite.

Hou 2017, "Deep feature consistent variational autoencoder" (WACV), arXiv:1610.00291: four 4x4 convolutions of stride 2
with batch normalisation, 100 dimensions, a decoder that enlarges by repetition before 3x3 convolutions with replicated
borders (no checkerboards), VGG19's relu1_1, relu2_1 and relu3_1, α = 1 for KL and 0.5 for the features. Named in
Foster, Generative Deep Learning (2019), chapter 3, as the inspiration of its face experiments, without a description.

What we do differently: the loss network is the studio's own compact one (any backbone can be named, VGG19 too), and
distances are relative to the features' own energy, so that weights carry over between networks; a small pixel term
keeps the colours, which features of our small network do not hold.

What to expect: hair, mouths and edges sharper than `vae` on the same faces, with a little texture where it is smooth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.canvas.backbones import open_backbone
from studio.canvas.objective import parse
from studio.core.compute import Compute
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.core.store import default_workspace
from studio.nn.autoencoders import Layers
from studio.nn.keras import Conv, Dense, batch_norm
from studio.nn.plan import plan, square
from studio.nn.variational import Posterior, gaussian_kl, kl_by_dimension, reparameterise
from studio.nn.variational_recipe import Variational


def make_body(channels: int, layers: Layers) -> nn.Sequential:
    """Return 4x4 convolutions with batch normalisation: (N, C, H, W) -> (N, last width · bottom²)."""
    body: list[nn.Module] = []
    for filters, stride in layers:
        body += [Conv(channels, filters, 4, stride), batch_norm(filters, 0.9), nn.LeakyReLU(0.2)]
        channels = filters
    return nn.Sequential(*body, nn.Flatten())


def make_decoder(latent: int, channels: int, layers: Layers, bottom: int) -> nn.Sequential:
    """Return the network z (N, D) -> logits (N, C, H, W): repeat pixels, then convolve."""
    width = layers[-1][0]
    body: list[nn.Module] = [Dense(latent, width * bottom * bottom), nn.Unflatten(1, (width, bottom, bottom))]
    filters = [channels, *(f for f, _ in layers[:-1])]
    for i in reversed(range(len(layers))):
        body += [nn.Upsample(scale_factor=layers[i][1]), nn.ReplicationPad2d(1)]
        body += [Conv(width, filters[i], 3, same=False)]
        body += [batch_norm(filters[i], 0.9), nn.LeakyReLU(0.2)] if i else []
        width = filters[i]
    return nn.Sequential(*body)


@register(
    "dfc-vae",
    title="Deep-feature-consistent VAE",
    family="autoencoder",
    sources="Hou 2017 arXiv:1610.00291; Foster (2019) ch. 3",
)
class DFCVAE(Variational):
    """A VAE with a perceptual loss."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the deep-feature-consistent VAE."""

        latent_dim: Annotated[int, Knob("Latent size", 1, 4096, log=True, help="Numbers that describe a picture.")] = (
            100
        )
        filters: Annotated[tuple[int, ...], Knob("Filters", 1, 2048, help="Encoder widths; each halves the size.")] = (
            32,
            64,
            128,
            256,
        )
        backbone: Annotated[str, Knob("Loss network", help="See `generative-studio backbones list`.")] = "compact"
        layers: Annotated[str, Knob("Its layers", help="Such as conv1_1:1, conv2_1:1; empty takes its own.")] = ""
        beta: Annotated[float, Knob("β (weight of KL)", 0.0, 1000.0, live=True, group="Training")] = 1.0
        features: Annotated[float, Knob("Weight of features", 0.0, 1e6, live=True, group="Training")] = 200.0
        pixels: Annotated[float, Knob("Weight of pixels", 0.0, 1e6, live=True, group="Training")] = 1000.0
        lr: Annotated[float, Knob("Learning rate", 1e-6, 1.0, log=True, live=True, group="Optimiser")] = 5e-4

    config: Config
    presets = (
        Preset(
            name="hou",
            title="Faces, 64 px, 100 dimensions",
            source="Hou 2017; named in Foster (2019), chapter 3",
            data="celeba",
            training={"epochs": 5, "batch_size": 64, "schedule": "step", "decay": 0.5, "decay_epochs": 1},
            data_options={"size": 64, "colour": "colour", "fit": "crop"},
            shape=(3, 64, 64),
            classes=0,
            expects="Clearer faces than a pixel loss gives, above all hair and mouths; no figure is comparable.",
        ),
        Preset(
            name="cifar10",
            title="Small photographs",
            source="ours",
            data="cifar10",
            training={"epochs": 10, "batch_size": 64},
            shape=(3, 32, 32),
            expects="Edges and textures that `vae` smears; no figure is published.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks, the frozen loss network and the optimiser."""
        c, (channels, self.size) = self.config, square(spec)
        layers, bottom = plan(self.size, c.filters, ())
        width = layers[-1][0] * bottom * bottom
        self.encoder = compute.prepare(Posterior(make_body(channels, layers), width, c.latent_dim))
        self.decoder = compute.prepare(make_decoder(c.latent_dim, channels, layers, bottom))
        found = open_backbone(c.backbone, default_workspace())
        self._eyes = (found.prepared(compute),)  # in a tuple: it is neither trained nor saved
        self._seen = parse(c.layers or found.style, found)
        self.opt = compute.adam([*self.encoder.parameters(), *self.decoder.parameters()], lr=c.lr)

    def terms(self, batch: Batch, noise: Tensor) -> dict[str, Tensor]:
        """Return L with its parts."""
        c, x = self.config, batch.x
        mean, log_var = self.encoder(x)  # (N, D) each
        made = self.logits(reparameterise(mean, log_var, noise)).sigmoid()  # (N, C, H, W)
        with self.compute.full_precision():
            features = self._distance(made, x)
        pixels, kl = F.mse_loss(made, x), gaussian_kl(mean, log_var).mean()
        loss = c.features * features + c.pixels * pixels + c.beta * kl
        return {"loss": loss, "features": features, "mse": pixels, "kl": kl, **kl_by_dimension(mean, log_var)}

    def _distance(self, made: Tensor, x: Tensor) -> Tensor:
        """Return the weighted mean over layers of ‖φ(made) - φ(x)‖² / ‖φ(x)‖², 0-d."""
        with torch.no_grad():
            wanted = self._features(x)
        found = self._features(made)
        total = sum(term.weight for term in self._seen)
        parts = [
            term.weight
            * (found[term.layer] - wanted[term.layer]).square().mean()
            / wanted[term.layer].square().mean().clamp(min=1e-8)
            for term in self._seen
        ]
        return torch.stack(parts).sum() / total

    def _features(self, x: Tensor) -> Mapping[str, Tensor]:
        """Return float32 features; small pictures are enlarged to what the network needs."""
        eyes, x = self._eyes[0], x.expand(-1, 3, -1, -1)
        if x.shape[-1] < eyes.smallest:
            x = F.interpolate(x, (eyes.smallest, eyes.smallest), mode="bilinear", align_corners=False)
        return {k: v.float() for k, v in eyes.features(x, {term.layer for term in self._seen}).items()}
