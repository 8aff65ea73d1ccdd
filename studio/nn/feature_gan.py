"""The networks around a layer of features: a classifier cut in two, a GAN that makes such features, its losses.

Atienza, Advanced Deep Learning with Keras (2018), 6.2 (StackedGAN).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.nn.adversarial import accuracies, cross_entropy_d, cross_entropy_g
from studio.nn.image_gan import Headed
from studio.nn.keras import Conv, Dense, batch_norm_units
from studio.nn.plan import LARGEST


def feature_encoder(channels: int, size: int, filters: Sequence[int], features: int) -> nn.Sequential:
    """Return the lower part of a classifier, (N, channels, size, size) -> (N, features) after ReLU.

    Each convolution is followed by a pooling; the last width is repeated until at most 8 x 8 places are left.
    """
    layers: list[nn.Module] = []
    widths = list(filters)
    while widths or size > LARGEST:
        width = widths.pop(0) if widths else filters[-1]
        layers += [Conv(channels, width, 3), nn.ReLU()]
        if size > 1:
            layers, size = [*layers, nn.MaxPool2d(2)], size // 2
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), Dense(channels * size * size, features), nn.ReLU())


def feature_generator(inputs: int, units: Sequence[int], features: int) -> nn.Sequential:
    """Return the network (N, inputs) -> (N, features) after ReLU; normalisation follows each hidden layer."""
    layers: list[nn.Module] = []
    for width in units:
        layers += [Dense(inputs, width), nn.ReLU(), batch_norm_units(width)]
        inputs = width
    return nn.Sequential(*layers, Dense(inputs, features), nn.ReLU())


def feature_body(inputs: int, units: Sequence[int]) -> tuple[nn.Sequential, int]:
    """Return a discriminator's body on features (N, inputs) -> (N, units[-1]), and its width."""
    layers: list[nn.Module] = []
    for width in units:
        layers += [Dense(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers), inputs


def noise_reader(body: nn.Module, features: int, noise: int) -> Headed:
    """Return a discriminator with a Q head: x -> (logit (N, 1), estimate of the noise in -1..1 (N, noise))."""
    return Headed(body, Dense(features, 1), nn.Sequential(Dense(features, noise), nn.Tanh()))


def judge(network: Headed, real: Tensor, made: Tensor, z: Tensor, entropy: float) -> tuple[Tensor, dict[str, Tensor]]:
    """Return a level's discriminator loss on one joint batch, and its accuracies.

    L(D) = ½ (BCE on real + BCE on made) + ½ w₃ E (Q(made) - z)²; Q has nothing to read off real examples, and the ½
    is that of a mean over the joint batch.
    """
    n = len(real)
    scores, read = network(torch.cat([real, made]))
    loss = cross_entropy_d(scores[:n], scores[n:]) + 0.5 * entropy * F.mse_loss(read[n:].float(), z)
    return loss, accuracies(scores[:n], scores[n:])


def fool(network: Headed, made: Tensor, z: Tensor, entropy: float) -> tuple[Tensor, Tensor]:
    """Return the part of a level's generator loss that goes through D and Q, and Q's error.

    L(G) = BCE(D(made), real) + w₃ E (Q(made) - z)² + the conditional term.
    """
    scores, read = network(made)
    error = F.mse_loss(read.float(), z)
    return cross_entropy_g(scores) + entropy * error, error
