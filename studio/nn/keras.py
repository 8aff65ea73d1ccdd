"""Layers with Keras' arithmetic and initialisation, so that the books' tables and curves can be reproduced.

What differs from PyTorch's own layers:
    * Dense and convolution kernels start Glorot uniform, biases start at zero.
    * "same" padding gives ceil(size / stride) places for every size; a transposed convolution gives exactly
      `stride` times the input.
    * BatchNorm keeps 0.99 of the old statistics and adds 1e-3 to the variance; LeakyReLU's slope is 0.3.

Where "same" padding cannot be symmetric (odd kernels at stride 2), TensorFlow puts the extra zero at the bottom and
the right. A copy of the input for that costs up to half of a layer's time on a CPU, so by default the extra zero
goes to the top and the left: the same layer seen upside down. Turn the pictures and the kernels by 180 degrees and
the results are TensorFlow's, number for number (a test); starting from Glorot's symmetric draws nothing is lost.
`exact=True` gives TensorFlow's own alignment for weights that come from Keras.

Sources: Keras 2 defaults as the books use them; TensorFlow's `nn.convolution` notes on padding.
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

BATCH_NORM_MOMENTUM = 0.99
"""Keras' default: the share of the old running statistics that survives a step."""
TRUNCATED = 0.87962566103423978
"""Standard deviation of N(0, 1) cut at -2 and 2."""


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return TensorFlow's zero padding (before, after) of one axis for `padding="same"`.

    The output has ceil(size / stride) places; an odd total puts the extra zero after the data.
    """
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def glorot_(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Fill a layer like Keras: weights U(-a, a) with a = sqrt(6 / (fan_in + fan_out)), bias zero."""
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def he_normal_(module: nn.Module) -> None:
    """Refill every kernel below `module` like Keras' "he_normal": N(0, 2 / fan_in), cut at two deviations.

    He 2015, arXiv:1502.01852. Keras draws wider, so that the deviation is right after the cut. Biases are left alone.
    """
    for weight in kernels(module):
        fan_in, _ = nn.init._calculate_fan_in_and_fan_out(weight)
        deviation = math.sqrt(2 / fan_in) / TRUNCATED
        nn.init.trunc_normal_(weight, 0.0, deviation, -2 * deviation, 2 * deviation)


def normal_(module: nn.Module, std: float = 0.02) -> None:
    """Refill every kernel below `module` from N(0, std²), as the DCGAN paper does; biases are left alone."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, std)


class Dense(nn.Linear):
    """`Dense`: (…, in) -> (…, out), Glorot uniform, zero bias, no activation."""

    def reset_parameters(self) -> None:
        """Initialise as Keras does."""
        glorot_(self)


class Conv(nn.Conv2d):
    """`Conv2D`: (N, C, H, W) -> (N, filters, ceil(H / stride), ceil(W / stride)) with "same" padding.

    Args:
        channels: input channels.
        filters: output channels.
        kernel: side of the square kernel.
        stride: step in both directions.
        same: "same" padding; otherwise none ("valid").
        exact: TensorFlow's own alignment, for imported weights; see the module's docstring.
    """

    def __init__(
        self, channels: int, filters: int, kernel: int = 3, stride: int = 1, *, same: bool = True, exact: bool = False
    ) -> None:
        super().__init__(channels, filters, kernel, stride)
        self.same = same
        self.exact = exact or (stride == 1 and kernel % 2 == 0)  # no symmetric padding keeps the size there

    def reset_parameters(self) -> None:
        """Initialise as Keras does."""
        glorot_(self)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; only an exact asymmetric padding costs a copy of the input."""
        if not self.same:
            return F.conv2d(x, self.weight, self.bias, self.stride)
        top, bottom = same_padding(x.shape[-2], self.kernel_size[0], self.stride[0])
        left, right = same_padding(x.shape[-1], self.kernel_size[1], self.stride[1])
        if self.exact and (top, left) != (bottom, right):
            return F.conv2d(F.pad(x, (left, right, top, bottom)), self.weight, self.bias, self.stride)
        return F.conv2d(x, self.weight, self.bias, self.stride, (bottom, right))


class ConvTranspose(nn.ConvTranspose2d):
    """`Conv2DTranspose(padding="same")`: (N, C, H, W) -> (N, filters, stride·H, stride·W).

    It is the gradient of `Conv`, so the full result is cut where `Conv` pads: TensorFlow's k3 s2 drops the last
    row and column, k5 s2 one before and two after.

    Args:
        channels: input channels.
        filters: output channels.
        kernel: side of the square kernel.
        stride: enlargement in both directions.
        exact: TensorFlow's own alignment, for imported weights; see the module's docstring.
    """

    def __init__(self, channels: int, filters: int, kernel: int = 3, stride: int = 1, *, exact: bool = False) -> None:
        before, after = same_padding(stride * kernel, kernel, stride)  # the same for every multiple of the stride
        exact = exact or (stride == 1 and kernel % 2 == 0)
        padding = before if exact else after
        extra = max(stride - kernel, 0) if exact else stride - kernel + 2 * after
        super().__init__(channels, filters, kernel, stride, padding, output_padding=extra)
        self.cut = after - before if exact else 0
        """Rows and columns dropped at the bottom and the right."""

    def reset_parameters(self) -> None:
        """Initialise as Keras does."""
        glorot_(self)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Enlarge by `stride`; `output_size` is torch's argument for ambiguous sizes and must stay None."""
        y = super().forward(x, output_size)
        return y[..., : -self.cut, : -self.cut] if self.cut else y


def batch_norm(channels: int, momentum: float = BATCH_NORM_MOMENTUM, eps: float = 1e-3) -> nn.BatchNorm2d:
    """Return `BatchNormalization` over the channels of pictures.

    Args:
        channels: number of feature maps.
        momentum: Keras' meaning: the share of the old statistics that is kept (torch's is 1 minus this).
        eps: added to the variance.
    """
    return nn.BatchNorm2d(channels, eps=eps, momentum=1.0 - momentum)


def batch_norm_units(units: int, momentum: float = BATCH_NORM_MOMENTUM, eps: float = 1e-3) -> nn.BatchNorm1d:
    """Return `BatchNormalization` after a Dense layer: one mean and variance per unit; see `batch_norm`."""
    return nn.BatchNorm1d(units, eps=eps, momentum=1.0 - momentum)


def activation(name: str) -> nn.Module:
    """Return the activation module: "relu", "leaky" (Keras' slope 0.3), "tanh", "sigmoid" or "linear"."""
    modules: dict[str, nn.Module] = {
        "relu": nn.ReLU(),
        "leaky": nn.LeakyReLU(0.3),
        "tanh": nn.Tanh(),
        "sigmoid": nn.Sigmoid(),
        "linear": nn.Identity(),
    }
    return modules[name]


def kernels(module: nn.Module) -> list[Tensor]:
    """Return the weights that Keras' kernel regularisers see: of Dense and convolutions, never biases or norms."""
    layers = (m for m in module.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d))
    return [layer.weight for layer in layers]
