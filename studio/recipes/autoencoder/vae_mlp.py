"""Dense variational autoencoder: the smallest VAE there is, one hidden layer on each side of the code.

    x (P) → 512 ReLU → μ, log σ² (D),   z = μ + exp(½ log σ²) ε,   z → 512 ReLU → P sigmoid
    L = Σ_pixels BCE(x, x̃) + β · KL(q(z|x) ‖ N(0, I))

Kingma & Welling 2014, arXiv:1312.6114 (their own networks are of this kind). Used in: Atienza, Advanced Deep Learning
with Keras (2018), 8.1 (784-512-2-512-784, Adam, 50 epochs of batch 128).

What we do differently: nothing but the picture's size, which may be any; the convolutional one is `vae`.

What to expect: MNIST forms clusters by digit in the plane with fast changes in its centre; the bundled digits, enlarged
to 28 pixels, do so within half a minute on a laptop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from torch import Tensor, nn

from studio.core.compute import Compute
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.keras import Dense
from studio.nn.plan import square
from studio.nn.variational import Posterior, reparameterise, weighted_bound
from studio.nn.variational_recipe import Variational


@register("vae-mlp", title="Dense VAE", family="autoencoder", sources="Kingma 2014 arXiv:1312.6114; Atienza 8.1")
class VAEMLP(Variational):
    """A variational autoencoder of Dense layers."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the dense VAE."""

        latent_dim: Annotated[int, Knob("Latent size", 1, 4096, log=True, help="Numbers that describe a picture.")] = 2
        hidden: Annotated[int, Knob("Hidden units", 1, 8192, help="Of the one layer on each side.")] = 512
        beta: Annotated[
            float,
            Knob("β (weight of KL)", 0.0, 1000.0, live=True, help="1 is the bound itself; more orders the space."),
        ] = 1.0
        loss: Annotated[Literal["bce", "mse"], Knob("Reconstruction", help="Bernoulli or Gaussian decoder.")] = "bce"
        lr: Annotated[float, Knob("Learning rate", 1e-6, 1.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    presets = (
        Preset(
            name="atienza-mlp",
            title="Two dimensions, dense",
            source="Atienza 8.1",
            data="mnist",
            training={"epochs": 50, "batch_size": 128},
            expects="Clusters by digit, fast changes in the centre; 807,700 parameters.",
        ),
        Preset(
            name="demo",
            title="The bundled digits in half a minute",
            source="ours",
            data="digits",
            training={"epochs": 100, "batch_size": 64},
            data_options={"size": 28},
            expects="Ten clusters in the plane that melt into each other; 807,700 parameters, 2,600 quick steps.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks and the optimiser."""
        c, (channels, self.size) = self.config, square(spec)
        values = channels * self.size * self.size
        body = nn.Sequential(nn.Flatten(), Dense(values, c.hidden), nn.ReLU())
        decoder = [Dense(c.latent_dim, c.hidden), nn.ReLU(), Dense(c.hidden, values)]
        self.encoder = compute.prepare(Posterior(body, c.hidden, c.latent_dim))
        self.decoder = compute.prepare(nn.Sequential(*decoder, nn.Unflatten(1, (channels, self.size, self.size))))
        self.opt = compute.adam([*self.encoder.parameters(), *self.decoder.parameters()], lr=c.lr)

    def terms(self, batch: Batch, noise: Tensor) -> dict[str, Tensor]:
        """Return L = Σ error + β · KL with its parts, and the bound."""
        c, x = self.config, batch.x
        mean, log_var = self.encoder(x)  # (N, D) each
        z = reparameterise(mean, log_var, noise)  # (N, D)
        return weighted_bound(self.logits(z), x, mean, log_var, loss=c.loss, weight=0.0, beta=c.beta)
