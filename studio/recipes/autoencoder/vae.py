"""Variational autoencoder: a picture becomes a small Gaussian, so that the space between codes means something.

    q(z|x) = N(μ(x), diag exp(log σ²(x))),   z = μ + exp(½ log σ²) ε,   ε ~ N(0, I)
    KL = -½ Σ_j (1 + log σ_j² - μ_j² - exp(log σ_j²))                     summed over latent dimensions
    L  = w · R + β · KL,    R = mean over pixels of BCE(x, x̃) or (x - x̃)²  averaged over the batch

Kingma & Welling 2014, arXiv:1312.6114. Used in: Foster, Generative Deep Learning (2019), chapter 3 (MSE, w = 1000 for
digits, 10,000 for faces); Chollet, Deep Learning with Python (2021), 12.4 (BCE summed, KL averaged over the two
dimensions: β = ½); Atienza, Advanced Deep Learning with Keras (2018), 8.1 (BCE or MSE times 784, β = 1).

`elbo` is the bound on -log p(x) in nats per picture (lower is better), whatever w and β are. BCE: a Bernoulli
decoder, Σ BCE + KL. MSE: a Gaussian decoder with the variance that w implies, σ² = P / 2w for P values per picture.

What we do differently: the layer list is stretched to the picture's size (`nn/plan.py`); Foster prints the KL
formula without its minus sign and Chollet's β is an average in disguise: both are spelt out above. CelebA's forty
attributes come with the data; Explore finds their directions in the space of faces (Foster's latent arithmetic).

What to expect: MNIST with two dimensions reaches an `elbo` near 150 nats in 30 epochs (minutes on a laptop).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from torch import Tensor

from studio.core.compute import Compute
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Retired
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.autoencoders import Unit, encoder_body, make_decoder
from studio.nn.plan import plan, square
from studio.nn.variational import Posterior, reparameterise, weighted_bound
from studio.nn.variational_recipe import Variational

FOSTER = {"filters": (32, 64, 64, 64), "head": False, "activation": "leaky", "hidden": 0, "loss": "mse", "lr": 5e-4}
FACES = {"strides": (2, 2, 2, 2), "latent_dim": 200, "r_loss_factor": 10_000.0, "norm": True, "dropout": 0.25}


@register(
    "vae",
    title="Variational autoencoder",
    family="autoencoder",
    sources="Kingma 2014 arXiv:1312.6114; Foster (2019) ch. 3; Chollet 12.4; Atienza 8.1",
)
class VAE(Variational):
    """A convolutional variational autoencoder."""

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
    retired: ClassVar = {"network": Retired("conv", "Dense networks are the recipe vae-mlp: train one with it.")}
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
        layers, bottom = plan(self.size, c.filters, c.strides)
        unit = Unit(activation=c.activation, norm=c.norm, dropout=c.dropout)
        body, width = encoder_body(channels, layers, bottom, unit, c.hidden)
        decoder = make_decoder(c.latent_dim, channels, layers, bottom, unit, head=c.head, relu=c.hidden > 0)
        self.encoder = compute.prepare(Posterior(body, width, c.latent_dim))
        self.decoder = compute.prepare(decoder)
        maker = compute.adam if c.optimiser == "adam" else compute.rmsprop
        self.opt = maker([*self.encoder.parameters(), *self.decoder.parameters()], lr=c.lr)

    def terms(self, batch: Batch, noise: Tensor) -> dict[str, Tensor]:
        """Return L = w · R + β · KL with its parts, and the bound."""
        c, x = self.config, batch.x
        mean, log_var = self.encoder(x)  # (N, D) each
        z = reparameterise(mean, log_var, noise)  # (N, D)
        return weighted_bound(self.logits(z), x, mean, log_var, loss=c.loss, weight=c.r_loss_factor, beta=c.beta)
