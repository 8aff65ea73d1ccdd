"""The image transformation network of feed-forward style transfer (Johnson 2016, arXiv:1603.08155, supplement).

With instance normalisation (Ulyanov 2017, arXiv:1701.02096), and nearest-neighbour upsampling instead of transposed
convolutions, which leave checkerboards (Odena 2016).
"""

from __future__ import annotations

import itertools

from torch import Tensor, nn
from torch.nn import functional as F


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return reflection padding, a convolution and instance normalisation."""
    return nn.Sequential(
        nn.ReflectionPad2d(kernel // 2),
        nn.Conv2d(inputs, outputs, kernel, stride),
        nn.InstanceNorm2d(outputs, affine=True),
    )


class Residual(nn.Module):
    """x + conv(relu(conv(x))), (N, C, H, W) as it was."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(channels, channels, 3), nn.ReLU(), conv(channels, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Add what two convolutions find."""
        out: Tensor = x + self.body(x)
        return out


def make_painter(channels: int, filters: tuple[int, ...], blocks: int) -> nn.Sequential:
    """Return the network (N, C, H, W) in 0..1 -> the same in 0..1; H and W divisible by 2^(len(filters) - 1)."""
    layers: list[nn.Module] = [conv(channels, filters[0], 9), nn.ReLU()]
    for a, b in itertools.pairwise(filters):
        layers += [conv(a, b, 3, 2), nn.ReLU()]
    layers += [Residual(filters[-1]) for _ in range(blocks)]
    for a, b in itertools.pairwise(filters[::-1]):
        layers += [nn.Upsample(scale_factor=2), conv(a, b, 3), nn.ReLU()]
    return nn.Sequential(*layers, nn.ReflectionPad2d(4), nn.Conv2d(filters[0], channels, 9), nn.Sigmoid())


def paint(painter: nn.Module, x: Tensor, block: int) -> Tensor:
    """Run a painter on pictures (N, C, H, W) of any size: padded to a multiple of `block`, and cut back; float32."""
    height, width = x.shape[-2:]
    padded = F.pad(x, (0, -width % block, 0, -height % block), mode="replicate")
    y: Tensor = painter(padded).float()
    return y[..., :height, :width]
