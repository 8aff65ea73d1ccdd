"""The networks of StyleGAN: mapping, styles by adaptive instance normalisation, noise per layer.

    w = f(z / rms z)          AdaIN(x, w) = y_s (x - μ(x)) / σ(x) + y_b,   (y_s, y_b) = A w          (per feature map)

Karras 2019, arXiv:1812.04948, section 2 and appendices B and C.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.nn.equalised import EqualConv, EqualDense, PixelNorm
from studio.nn.growing import SLOPE, discriminator_block, discriminator_end

MAPPING_RATE = 0.01
"""The mapping network learns a hundred times more slowly than the rest."""
MEAN_DECAY = 0.995


def mapping_network(size: int, layers: int) -> nn.Sequential:
    """Return f: noise (N, size) -> styles (N, size)."""
    body: list[nn.Module] = [PixelNorm()]
    for _ in range(layers):
        body += [EqualDense(size, size, rate=MAPPING_RATE), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*body)


class Constant(nn.Module):
    """The learnt start of every picture, (N, anything) -> (N, channels, side, side)."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, channels, side, side))

    def forward(self, like: Tensor) -> Tensor:
        """Return one copy per row of `like`."""
        return self.weight.expand(len(like), -1, -1, -1)


class LayerNoise(nn.Module):
    """Adds one noise picture, times a learnt strength per feature map that starts at zero.

    Training draws the picture afresh; in evaluation mode it is a stored one, so that pictures repeat.

    Args:
        channels, side: of the feature maps.
    """

    fixed: Tensor

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.register_buffer("fixed", torch.randn(1, 1, side, side))

    def forward(self, x: Tensor, strength: Tensor) -> Tensor:
        """Return (N, C, H, W) with `strength` (N,) times the noise."""
        fresh = torch.randn(len(x), 1, *x.shape[2:]).to(x.device) if self.training else self.fixed
        return torch.addcmul(x, self.weight.to(x.dtype), (strength.view(-1, 1, 1, 1) * fresh).to(x.dtype))


class AdaIN(nn.Module):
    """Gives each feature map the mean and the standard deviation that a style asks for.

    Args:
        style: numbers of w.
        channels: feature maps.
    """

    def __init__(self, style: int, channels: int) -> None:
        super().__init__()
        self.affine = EqualDense(style, 2 * channels, gain=1.0)
        with torch.no_grad():
            self.affine.bias[:channels] = 1.0  # y_s starts around 1

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Normalise (N, C, H, W) per picture and map, then scale and shift by the styles (N, style)."""
        scale, shift = self.affine(w)[..., None, None].to(x.dtype).chunk(2, dim=1)
        return torch.addcmul(shift, F.instance_norm(x, eps=1e-8), scale)


class StyleLayer(nn.Module):
    """Convolution (twice as large before it, if asked), noise, leaky ReLU, AdaIN.

    Args:
        channels, filters: of input and output.
        style: numbers of w.
        side: of the output.
        body: what makes the feature maps: "constant", "conv", or "enlarge" and convolve.
    """

    def __init__(self, channels: int, filters: int, style: int, side: int, body: str) -> None:
        super().__init__()
        self.side, self.enlarges = side, body == "enlarge"
        self.body = Constant(filters, side) if body == "constant" else EqualConv(channels, filters)
        self.noise, self.adain = LayerNoise(filters, side), AdaIN(style, filters)

    def forward(self, x: Tensor, w: Tensor, strength: Tensor) -> Tensor:
        """Return (N, filters, side, side)."""
        if self.enlarges:
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear")[..., : self.side, : self.side]
        y: Tensor = self.adain(F.leaky_relu(self.noise(self.body(x), strength), SLOPE), w)
        return y


class StyleGenerator(nn.Module):
    """Noise -> styles -> pictures (N, channels, side, side) in about -1..1, two layers per level.

    Args:
        latent: numbers of z and of w.
        mapping_layers: depth of the mapping network.
        channels: of the picture.
        sides: of the levels, from `ladder`.
        widths: feature maps of each level.
    """

    mean_style: Tensor

    def __init__(
        self, latent: int, mapping_layers: int, channels: int, sides: Sequence[int], widths: Sequence[int]
    ) -> None:
        super().__init__()
        self.mapping = mapping_network(latent, mapping_layers)
        self.register_buffer("mean_style", torch.zeros(latent))
        layers = []
        for level, (width, side) in enumerate(zip(widths, sides, strict=True)):
            below = widths[level - 1] if level else width
            layers += [StyleLayer(below, width, latent, side, "enlarge" if level else "constant")]
            layers += [StyleLayer(width, width, latent, side, "conv")]
        self.layers = nn.ModuleList(layers)
        self.colours = EqualConv(widths[-1], channels, 1, gain=1.0)

    def styles(self, z: Tensor) -> Tensor:
        """Return w (N, latent); in training the running mean style follows."""
        w: Tensor = self.mapping(z).float()
        if self.training:
            with torch.no_grad():
                self.mean_style.lerp_(w.mean(dim=0), 1 - MEAN_DECAY)
        return w

    def forward(self, w: Tensor, strength: Tensor) -> Tensor:
        """Return the pictures of a style per layer (N, layers, latent) and noise strengths (N,)."""
        x = w[:, 0]
        for i, layer in enumerate(self.layers):
            x = layer(x, w[:, i], strength)
        picture: Tensor = self.colours(x)
        return picture


def mix(first: Tensor, second: Tensor, crossover: Tensor, layers: int) -> Tensor:
    """Return styles (N, layers, D): of `first` in the layers before the crossover, of `second` from there on.

    Args:
        first: w, (N, D).
        second: w, (N, D).
        crossover: first layer of the second style for each row, (N,); `layers` uses the first style alone.
        layers: number of layers.
    """
    before = torch.arange(layers, device=first.device) < crossover[:, None]  # (N, layers)
    return torch.where(before[..., None], first[:, None], second[:, None])


def style_discriminator(channels: int, sides: Sequence[int], widths: Sequence[int]) -> nn.Sequential:
    """Return ProGAN's discriminator without growth: pictures (N, channels, H, W) -> scores (N, 1)."""
    body: list[nn.Module] = [EqualConv(channels, widths[-1], 1), nn.LeakyReLU(SLOPE)]
    for wide, narrow in pairwise(reversed(widths)):
        body += [discriminator_block(wide, narrow), nn.AvgPool2d(2, ceil_mode=True)]
    return nn.Sequential(*body, discriminator_end(widths[0], sides[0]))


def r1_penalty(scores: Tensor, x: Tensor) -> Tensor:
    """Return E ‖∇D(x)‖² over real pictures, differentiable (Mescheder 2018, arXiv:1801.04406).

    Args:
        scores: D(x), computed from an `x` that requires gradients.
        x: real pictures (N, C, H, W).
    """
    (gradients,) = torch.autograd.grad(scores.float().sum(), x, create_graph=True)
    penalty: Tensor = gradients.float().square().flatten(1).sum(dim=1).mean()
    return penalty
