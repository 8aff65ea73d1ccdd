"""Variational autoencoder: a picture becomes a small Gaussian, so that the space between codes means something.

    q(z|x) = N(μ(x), diag exp(log σ²(x))),   z = μ + exp(½ log σ²) ε,   ε ~ N(0, I)
    KL = -½ Σ_j (1 + log σ_j² - μ_j² - exp(log σ_j²))                     summed over latent dimensions
    L  = w · R + β · KL,    R = mean over pixels of BCE(x, x̃) or (x - x̃)²  averaged over the batch

Kingma & Welling 2014, arXiv:1312.6114. Used in: Foster, Generative Deep Learning (2019), chapter 3 (MSE, w = 1000 for
digits, 10,000 for faces); Chollet, Deep Learning with Python (2021), 12.4 (BCE summed, KL averaged over the two
dimensions: β = ½); Atienza, Advanced Deep Learning with Keras (2018), 8.1 (BCE or MSE times 784, β = 1; dense and
convolutional).

`elbo` is the bound on -log p(x) in nats per picture (lower is better), whatever w and β are. BCE: a Bernoulli
decoder, Σ BCE + KL. MSE: a Gaussian decoder with the variance that w implies, σ² = P / 2w for P values per picture.

What we do differently: the layer list is stretched to the picture's size (`nn/plan.py`); Foster prints the KL
formula without its minus sign and Chollet's β is an average in disguise: both are spelt out above.

What to expect: MNIST with two dimensions reaches an `elbo` near 150 nats in 30 epochs (minutes on a laptop).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from studio.core.capabilities import Decodes, Encodes, Reconstructs, Samples
from studio.core.compute import Compute
from studio.core.compute import generator as seeded
from studio.core.events import Embedding, Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Recipe
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.keras import Conv, ConvTranspose, Dense, activation, batch_norm
from studio.nn.pictures import crop, in_pairs, to_pixels
from studio.nn.plan import plan, square


def gaussian_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """Return KL(N(mean, exp(log_var)) || N(0, I)) in nats, (N,) from (N, D); never negative."""
    return -0.5 * (1.0 + log_var - mean.square() - log_var.exp()).sum(dim=1)


def unit(layer: nn.Module, width: int, c: VAE.Config) -> list[nn.Module]:
    """Return a convolution with what follows it: normalisation, activation, dropout."""
    norm: list[nn.Module] = [batch_norm(width)] if c.norm else []
    return [layer, *norm, activation(c.activation), *([nn.Dropout(c.dropout)] if c.dropout else [])]


class Encoder(nn.Module):
    """Pictures (N, C, H, W) -> mean and log variance of q(z|x), each (N, D)."""

    def __init__(self, channels: int, size: int, c: VAE.Config) -> None:
        super().__init__()
        body: list[nn.Module] = []
        layers, bottom = plan(size, c.filters, c.strides) if c.network == "conv" else ([], size)
        for filters, stride in layers:
            body += unit(Conv(channels, filters, 3, stride), filters, c)
            channels = filters
        width = channels * bottom * bottom
        body += [nn.Flatten(), *([Dense(width, c.hidden), nn.ReLU()] if c.hidden else [])]
        self.body = nn.Sequential(*body)
        self.mean = Dense(c.hidden or width, c.latent_dim)
        self.log_var = Dense(c.hidden or width, c.latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return (mean, log variance)."""
        h = self.body(x)
        return self.mean(h).float(), self.log_var(h).float()


def make_decoder(channels: int, size: int, c: VAE.Config) -> nn.Sequential:
    """Return the network z (N, D) -> logits (N, C, H, W): the encoder in reverse (see `Config.head`)."""
    if c.network == "mlp":
        hidden = [Dense(c.latent_dim, c.hidden), nn.ReLU()] if c.hidden else []
        last = Dense(c.hidden or c.latent_dim, channels * size * size)
        return nn.Sequential(*hidden, last, nn.Unflatten(1, (channels, size, size)))
    layers, bottom = plan(size, c.filters, c.strides)
    width = layers[-1][0]
    body: list[nn.Module] = [Dense(c.latent_dim, width * bottom * bottom), *([nn.ReLU()] if c.hidden else [])]
    body += [nn.Unflatten(1, (width, bottom, bottom))]
    filters = [f for f, _ in layers] if c.head else [channels, *(f for f, _ in layers[:-1])]
    for i in reversed(range(len(layers))):
        layer = ConvTranspose(width, filters[i], 3, layers[i][1])
        body += unit(layer, filters[i], c) if c.head or i else [layer]
        width = filters[i]
    return nn.Sequential(*body, *([ConvTranspose(width, channels, 3)] if c.head else []))


FOSTER = {"filters": (32, 64, 64, 64), "head": False, "activation": "leaky", "hidden": 0, "loss": "mse", "lr": 5e-4}
FACES = {"strides": (2, 2, 2, 2), "latent_dim": 200, "r_loss_factor": 10_000.0, "norm": True, "dropout": 0.25}


@register(
    "vae",
    title="Variational autoencoder",
    family="autoencoder",
    sources="Kingma 2014 arXiv:1312.6114; Foster (2019) ch. 3; Chollet 12.4; Atienza 8.1",
)
class VAE(Recipe, Encodes, Decodes, Reconstructs, Samples):
    """A variational autoencoder, convolutional or dense."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the VAE."""

        latent_dim: Annotated[int, Knob("Latent size", 1, 4096, log=True, help="Numbers that describe a picture.")] = 2
        beta: Annotated[
            float,
            Knob("β (weight of KL)", 0.0, 1000.0, live=True, help="1 is the bound itself; more orders the space."),
        ] = 1.0
        loss: Annotated[Literal["bce", "mse"], Knob("Reconstruction", help="Bernoulli or Gaussian decoder.")] = "bce"
        r_loss_factor: Annotated[
            float, Knob("Reconstruction weight", 0.0, 1e7, help="Times the mean over pixels; 0 takes their sum.")
        ] = 0.0
        network: Annotated[Literal["conv", "mlp"], Knob("Network", help="Convolutions, or one dense layer.")] = "conv"
        filters: Annotated[tuple[int, ...], Knob("Filters", 1, 2048, help="Encoder widths.")] = (32, 64)
        strides: Annotated[
            tuple[int, ...], Knob("Strides", 1, 2, help="Fitted to the picture's size; missing ones are 2.")
        ] = (2, 2)
        hidden: Annotated[int, Knob("Hidden units", 0, 8192, help="Dense ReLU layer beside the code; 0 is none.")] = 16
        head: Annotated[bool, Knob("Output layer of its own", help="Foster's decoder mirrors the encoder instead.")] = (
            True
        )
        activation: Annotated[Literal["relu", "leaky"], Knob("Activation", help="leaky: slope 0.3.")] = "relu"
        norm: Annotated[bool, Knob("Batch normalisation")] = False
        dropout: Annotated[float, Knob("Dropout", 0.0, 0.95, help="After each convolution.")] = 0.0
        optimiser: Annotated[Literal["adam", "rmsprop"], Knob("Optimiser", group="Optimiser")] = "adam"
        lr: Annotated[float, Knob("Learning rate", 1e-6, 1.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    presets = (
        Preset(
            name="atienza-cnn",
            title="Two dimensions, convolutional",
            source="Atienza 8.1",
            data="mnist",
            config={"optimiser": "rmsprop"},
            training={"epochs": 30, "batch_size": 128},
            expects="Fewer ambiguous digits than the dense one with a sixth of its parameters (134,165).",
        ),
        Preset(
            name="demo",
            title="The bundled digits in half a minute",
            source="ours",
            data="digits",
            config={"network": "mlp", "hidden": 512},
            training={"epochs": 100, "batch_size": 64},
            data_options={"size": 28},
            expects="Ten clusters in the plane that melt into each other; 807,700 parameters, 2,600 quick steps.",
        ),
        Preset(
            name="atienza-mlp",
            title="Two dimensions, dense",
            source="Atienza 8.1",
            data="mnist",
            config={"network": "mlp", "hidden": 512},
            training={"epochs": 50, "batch_size": 128},
            expects="Clusters by digit, fast changes in the centre; 807,700 parameters.",
        ),
        Preset(
            name="chollet",
            title="Two dimensions, β = ½",
            source="Chollet 12.4",
            data="mnist",
            config={"beta": 0.5},
            training={"epochs": 30, "batch_size": 128},
            expects="Digits morph smoothly over -1..1 on both axes; 69,076 + 65,089 parameters.",
        ),
        Preset(
            name="foster-digits",
            title="Two dimensions, squared error times 1000",
            source="Foster (2019), chapter 3",
            data="mnist",
            config={**FOSTER, "strides": (1, 2, 2, 1), "r_loss_factor": 1000.0},
            training={"epochs": 200, "batch_size": 32},
            expects="Near-equal areas per digit once mapped through the normal distribution; 207,237 parameters.",
        ),
        Preset(
            name="foster-faces",
            title="Faces, 128 px, 200 dimensions",
            source="Foster (2019), chapter 3",
            data="celeba",
            config={**FOSTER, **FACES},
            training={"epochs": 200, "batch_size": 32},
            data_options={"size": 128, "colour": "colour", "fit": "stretch"},
            shape=(3, 128, 128),
            classes=0,
            expects="Novel faces after about 5 epochs; 1,732,944 + 917,123 parameters.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks and the optimiser."""
        c, (channels, self.size) = self.config, square(spec)
        self.values = channels * self.size * self.size
        self.weight = c.r_loss_factor or float(self.values)
        self.encoder = compute.prepare(Encoder(channels, self.size, c))
        self.decoder = compute.prepare(make_decoder(channels, self.size, c))
        maker = compute.adam if c.optimiser == "adam" else compute.rmsprop
        self.opt = maker([*self.encoder.parameters(), *self.decoder.parameters()], lr=c.lr)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Do one step on the weighted bound, with one draw of z per picture."""
        metrics = self._metrics(batch.x, torch.randn(len(batch), self.config.latent_dim))
        self.compute.minimise(metrics["loss"], self.opt)
        return {name: value.detach() for name, value in metrics.items()}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the same metrics with a fixed draw of noise."""
        return self._metrics(batch.x, torch.randn(len(batch), self.config.latent_dim, generator=seeded(0)))

    def _metrics(self, x: Tensor, noise: Tensor) -> dict[str, Tensor]:
        mean, log_var = self.encoder(x)  # (N, D) each
        z = mean + (0.5 * log_var).exp() * noise.to(mean.device)
        logits = self._logits(z)  # (N, C, H, W)
        if self.config.loss == "bce":
            error = F.binary_cross_entropy_with_logits(logits, x)
        else:
            error = F.mse_loss(logits.sigmoid(), x)
        kl = gaussian_kl(mean, log_var).mean()
        reconstruction = self.weight * error
        loss = reconstruction + self.config.beta * kl
        return {"loss": loss, "reconstruction": reconstruction, "kl": kl, "elbo": self._nll(error) + kl}

    def _nll(self, error: Tensor) -> Tensor:
        """Return the mean of -log p(x|z) in nats from the mean error per value."""
        if self.config.loss == "bce":
            return self.values * error
        variance = self.values / (2.0 * self.weight)
        return self.values * (error / (2.0 * variance) + 0.5 * math.log(2.0 * math.pi * variance))

    def _logits(self, z: Tensor) -> Tensor:
        return crop(self.decoder(z), self.size).float()

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show originals beside reconstructions, samples (or the plane), and where the codes lie."""
        x = batch.x[:32]
        yield Images(0, "reconstructions", to_pixels(in_pairs(x, self.reconstruct(x))), columns=8)
        if self.config.latent_dim == 2:
            yield Images(0, "plane", to_pixels(self.decode(self._plane(10))), columns=10)
        else:
            yield Images(0, "samples", to_pixels(self.sample(32, seeded(0))), columns=8)
        labels = None if batch.y is None else batch.y.cpu().numpy()
        yield Embedding(0, "latent", self.encode(batch.x).cpu().numpy(), labels)

    def _plane(self, n: int) -> Tensor:
        """Return (n², 2) points at equal steps of the normal's distribution, first axis to the right, second up."""
        steps = torch.special.ndtri(torch.linspace(0.02, 0.98, n))
        up, right = torch.meshgrid(steps.flip(0), steps, indexing="ij")
        return torch.stack([right, up], dim=-1).view(-1, 2).to(self.compute.device)

    @property
    def latent_size(self) -> int:
        """Number of latent dimensions."""
        return self.config.latent_dim

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        """Return the means (N, D) of q(z|x)."""
        mean: Tensor = self.encoder(x)[0]
        return mean

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) in 0..1."""
        return self._logits(z).sigmoid()

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return the VAE's version of pictures, through the means."""
        return self.decode(self.encode(x))

    def prior(self, n: int, generator: Generator) -> Tensor:
        """Draw z ~ N(0, I), (N, D)."""
        return torch.randn(n, self.config.latent_dim, generator=generator).to(self.compute.device)

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return new pictures (N, C, H, W)."""
        return self.decode(self.prior(n, generator))
