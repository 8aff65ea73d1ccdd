"""The convolutional halves that every autoencoder of the books is made of, and what "rebuilt well" may mean.

Used by the recipes of the family `autoencoder`; layer lists come from `studio.nn.plan`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from studio.nn.dropout import Dropout
from studio.nn.keras import Conv, ConvTranspose, Dense, activation, batch_norm

Layers = Sequence[tuple[int, int]]
"""(filters, stride) of each convolution, from the picture to the code."""
Loss = Literal["mse", "bce", "mae", "ssim"]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What follows a convolution: batch normalisation, activation, dropout.

    Attributes:
        activation: "relu" or "leaky" (slope 0.3).
        norm: whether there is batch normalisation, before the activation.
        dropout: share of values that is dropped, after it; 0 adds no layer.
    """

    activation: str = "relu"
    norm: bool = False
    dropout: float = 0.0

    def after(self, layer: nn.Module, width: int) -> list[nn.Module]:
        """Return a convolution of `width` filters with what follows it."""
        norm: list[nn.Module] = [batch_norm(width)] if self.norm else []
        return [layer, *norm, activation(self.activation), *([Dropout(self.dropout)] if self.dropout else [])]


def encoder_layers(channels: int, layers: Layers, unit: Unit) -> list[nn.Module]:
    """Return strided convolutions and a Flatten: (N, C, H, W) -> (N, last width · bottom²)."""
    body: list[nn.Module] = []
    for filters, stride in layers:
        body += unit.after(Conv(channels, filters, 3, stride), filters)
        channels = filters
    return [*body, nn.Flatten()]


def encoder_body(channels: int, layers: Layers, bottom: int, unit: Unit, hidden: int = 0) -> tuple[nn.Sequential, int]:
    """Return an encoder without its last layer, (N, C, H, W) -> (N, width), and the width.

    Args:
        channels: of what it sees.
        layers: (filters, stride) of each convolution, from `nn.plan`.
        bottom: side of the last feature map.
        unit: what follows each convolution.
        hidden: units of a dense ReLU layer after them; 0 is none.
    """
    width = layers[-1][0] * bottom * bottom
    dense: list[nn.Module] = [Dense(width, hidden), nn.ReLU()] if hidden else []
    return nn.Sequential(*encoder_layers(channels, layers, unit), *dense), hidden or width


def make_decoder(
    inputs: int, channels: int, layers: Layers, bottom: int, unit: Unit, *, head: bool = True, relu: bool = False
) -> nn.Sequential:
    """Return the encoder in reverse: (N, inputs) -> logits (N, channels, H, W).

    Args:
        inputs: numbers that are decoded.
        channels: of the picture.
        layers: the encoder's convolutions.
        bottom: side of the smallest feature map.
        unit: what follows each transposed convolution but the last.
        head: each layer keeps its width and one more convolution makes the picture (Atienza, Chollet); without,
            each layer goes to the width of the one before it, the last to the picture (Foster).
        relu: a ReLU after the Dense layer.
    """
    width = layers[-1][0]
    body: list[nn.Module] = [Dense(inputs, width * bottom * bottom), *([nn.ReLU()] if relu else [])]
    body += [nn.Unflatten(1, (width, bottom, bottom))]
    filters = [f for f, _ in layers] if head else [channels, *(f for f, _ in layers[:-1])]
    for i in reversed(range(len(layers))):
        layer = ConvTranspose(width, filters[i], 3, layers[i][1])
        body += unit.after(layer, filters[i]) if head or i else [layer]
        width = filters[i]
    return nn.Sequential(*body, *([ConvTranspose(width, channels, 3)] if head else []))


def make_encoder(channels: int, layers: Layers, bottom: int, latent: int, unit: Unit) -> nn.Sequential:
    """Return the network (N, C, H, W) -> z (N, D): strided convolutions and a linear Dense."""
    return nn.Sequential(*encoder_layers(channels, layers, unit), Dense(layers[-1][0] * bottom * bottom, latent))


def reconstruction_error(logits: Tensor, x: Tensor, loss: str) -> Tensor:
    """Return how far sigmoid(logits) is from x, 0-d, a mean over pictures, channels and pixels.

    Args:
        logits: float32 (N, C, H, W).
        x: what they should be, float32 in 0..1.
        loss: "bce" -x log x̃ - (1 - x) log(1 - x̃); "mse" (x - x̃)²; "mae" |x - x̃|; "ssim" 1 - SSIM(x, x̃).
    """
    if loss == "bce":
        return F.binary_cross_entropy_with_logits(logits, x)
    if loss == "mae":
        return F.l1_loss(logits.sigmoid(), x)
    if loss == "ssim":
        return 1.0 - structural_similarity(logits.sigmoid(), x).mean()
    return F.mse_loss(logits.sigmoid(), x)


def structural_similarity(x: Tensor, y: Tensor, window: int = 7) -> Tensor:
    """Return the mean structural similarity of pairs of pictures, (N,), 1 for equal ones.

    SSIM = (2 μx μy + c1)(2 σxy + c2) / ((μx² + μy² + c1)(σx² + σy² + c2)),  c1 = 0.01², c2 = 0.03²

    Wang 2004, "Image quality assessment", eq. 13, with a uniform window (its section III-C starts from one): an
    average keeps float32 under bf16 autocast, which a convolution with the paper's Gaussian would not.

    Args:
        x: float32 (N, C, H, W) in 0..1.
        y: the other picture of each pair.
        window: side of the window in pixels; smaller for smaller pictures.
    """
    window = min(window, *x.shape[-2:])
    mean_x, mean_y, square_x, square_y, product = (
        F.avg_pool2d(v, window, stride=1) for v in (x, y, x.square(), y.square(), x * y)
    )
    spread = square_x - mean_x.square() + square_y - mean_y.square()
    shared = product - mean_x * mean_y
    top = (2 * mean_x * mean_y + 0.01**2) * (2 * shared + 0.03**2)
    bottom = (mean_x.square() + mean_y.square() + 0.01**2) * (spread + 0.03**2)
    return (top / bottom).mean(dim=(1, 2, 3))


class CodeCloud(nn.Module):
    """Running mean and covariance of latent codes: the Gaussian that stands in for a prior."""

    mean: Tensor  # (D,)
    second: Tensor  # (D, D), running E[z zᵀ]
    updates: Tensor  # ()

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(latent))
        self.register_buffer("second", torch.eye(latent))
        self.register_buffer("updates", torch.zeros(()))

    @torch.no_grad()
    def update(self, z: Tensor) -> None:
        """Take in a batch of codes (N, D): a plain average first, then a memory of a hundred batches.

        To be called outside autocast: a covariance in bf16 has no use.
        """
        z = z.detach().float()
        self.updates.add_(1.0)
        rate = (1.0 / self.updates).clamp(min=0.01)
        self.mean.lerp_(z.mean(dim=0), rate)
        self.second.lerp_(z.T @ z / len(z), rate)

    @torch.no_grad()
    def sample(self, n: int, generator: Generator) -> Tensor:
        """Draw codes (N, D) on the CPU."""
        mean, second = self.mean.cpu().double(), self.second.cpu().double()
        values, axes = torch.linalg.eigh(second - mean.outer(mean))
        noise = torch.randn(n, len(mean), generator=generator, dtype=torch.float64)
        z: Tensor = mean + (noise * values.clamp(min=0.0).sqrt()) @ axes.T
        return z.float()
