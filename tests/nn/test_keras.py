"""Known answers for the Keras-parity layers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from studio.nn.keras import (
    Conv,
    ConvTranspose,
    Dense,
    activation,
    batch_norm,
    batch_norm_units,
    he_normal_,
    kernels,
    normal_,
    same_padding,
)

TENSORFLOW = [
    ((28, 3, 2), (0, 1)),
    ((28, 5, 2), (1, 2)),
    ((28, 4, 2), (1, 1)),
    ((7, 5, 2), (2, 2)),
    ((7, 3, 2), (1, 1)),
    ((7, 4, 2), (1, 2)),
    ((28, 3, 1), (1, 1)),
    ((28, 4, 1), (1, 2)),
    ((8, 1, 2), (0, 0)),
]


@pytest.mark.parametrize(("arguments", "padding"), TENSORFLOW)
def test_same_padding_is_tensorflows(arguments: tuple[int, int, int], padding: tuple[int, int]) -> None:
    assert same_padding(*arguments) == padding


def tensorflow_conv(x: np.ndarray, w: np.ndarray, stride: int) -> np.ndarray:
    """Convolve one channel by the definition: out[i, j] = Σ w[a, b] x[s·i + a - before, s·j + b - before]."""
    size, kernel = x.shape[0], w.shape[0]
    out = -(-size // stride)
    before = max((out - 1) * stride + kernel - size, 0) // 2
    y = np.zeros((out, out))
    for i, j in np.ndindex(out, out):
        for a, b in np.ndindex(kernel, kernel):
            row, column = stride * i + a - before, stride * j + b - before
            if 0 <= row < size and 0 <= column < size:
                y[i, j] += w[a, b] * x[row, column]
    return y


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("size", [6, 7, 8])
def test_exact_convolution_follows_the_definition(size: int, kernel: int, stride: int) -> None:
    conv = Conv(1, 1, kernel, stride, exact=True)
    x = torch.randn(1, 1, size, size)
    expected = tensorflow_conv(x[0, 0].numpy(), conv.weight[0, 0].detach().numpy(), stride)
    assert np.allclose(conv(x)[0, 0].detach().numpy(), expected, atol=1e-5)


def upside_down(x: torch.Tensor) -> torch.Tensor:
    return x.flip(-1, -2)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 1), (3, 2), (4, 2), (5, 2), (7, 2)])
@pytest.mark.parametrize("size", [6, 7, 8, 25])
def test_fast_layers_are_the_exact_ones_upside_down(size: int, kernel: int, stride: int) -> None:
    pairs = [
        (Conv(2, 3, kernel, stride), Conv(2, 3, kernel, stride, exact=True)),
        (ConvTranspose(2, 3, kernel, stride), ConvTranspose(2, 3, kernel, stride, exact=True)),
    ]
    x = torch.randn(2, 2, size, size)
    for fast, exact in pairs:
        exact.weight.data = upside_down(fast.weight.data)
        assert torch.allclose(upside_down(exact(upside_down(x))), fast(x), atol=1e-5)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (4, 2), (5, 1), (5, 2), (4, 1), (2, 2)])
def test_transposed_convolution_is_the_gradient_of_the_convolution(kernel: int, stride: int, exact: bool) -> None:
    conv, transposed = Conv(2, 3, kernel, stride, exact=exact), ConvTranspose(3, 2, kernel, stride, exact=exact)
    transposed.weight.data = conv.weight.data
    small = torch.randn(1, 3, 5, 5)
    x = torch.randn(1, 2, 5 * stride, 5 * stride, requires_grad=True)
    (gradient,) = torch.autograd.grad((conv(x) * small).sum(), x)
    assert torch.allclose(transposed(small), gradient, atol=1e-5)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("size", [1, 4, 7, 12, 25])
def test_sizes_halve_rounding_up_and_double_exactly(size: int, kernel: int, exact: bool) -> None:
    x = torch.zeros(1, 1, size, size)
    assert Conv(1, 1, kernel, 1, exact=exact)(x).shape[-2:] == (size, size)
    assert Conv(1, 1, kernel, 2, exact=exact)(x).shape[-2:] == (-(-size // 2),) * 2
    assert ConvTranspose(1, 1, kernel, 2, exact=exact)(x).shape[-2:] == (2 * size, 2 * size)


def test_valid_convolution_adds_no_zeros() -> None:
    assert Conv(1, 1, 3, same=False)(torch.zeros(1, 1, 28, 28)).shape[-1] == 26


@pytest.mark.parametrize(
    ("layer", "fan_in", "fan_out"),
    [(Dense(300, 200), 300, 200), (Conv(8, 16, 5), 25 * 8, 25 * 16), (ConvTranspose(16, 8, 3, 2), 9 * 16, 9 * 8)],
    ids=["dense", "conv", "transposed"],
)
def test_kernels_start_glorot_uniform_and_biases_at_zero(layer: nn.Module, fan_in: int, fan_out: int) -> None:
    bound = math.sqrt(6 / (fan_in + fan_out))
    weight = layer.weight.detach()
    assert weight.abs().max() <= bound
    assert weight.abs().max() > 0.95 * bound
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.1)
    assert (layer.bias == 0).all()


def test_normal_refills_kernels_only() -> None:
    network = nn.Sequential(Conv(8, 32, 5), batch_norm(32), Dense(100, 100))
    normal_(network, 0.02)
    assert network[0].weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert (network[1].weight == 1).all()
    assert (network[2].bias == 0).all()


@pytest.mark.parametrize("keras", [0.99, 0.9])
def test_batch_norm_keeps_keras_share_of_the_old_statistics(keras: float) -> None:
    norm = batch_norm(1, keras)
    norm(torch.full((4, 1, 2, 2), 10.0))
    assert norm.running_mean.item() == pytest.approx(10 * (1 - keras))
    assert batch_norm_units(1, keras).momentum == norm.momentum


def test_batch_norm_adds_a_thousandth_to_the_variance() -> None:
    x = torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1) * 0.01
    assert batch_norm(1)(x)[1].item() == pytest.approx(0.01 / math.sqrt(0.01**2 + 1e-3), rel=1e-4)


@pytest.mark.parametrize(
    ("name", "at_minus_two"), [("relu", 0.0), ("leaky", -0.6), ("tanh", math.tanh(-2)), ("linear", -2.0)]
)
def test_activations(name: str, at_minus_two: float) -> None:
    assert activation(name)(torch.tensor(-2.0)).item() == pytest.approx(at_minus_two)


def test_kernels_are_neither_biases_nor_norms() -> None:
    network = nn.Sequential(Conv(1, 1, 1), batch_norm(1), Dense(2, 1))
    assert [id(w) for w in kernels(network)] == [id(network[0].weight), id(network[2].weight)]


def test_he_normal_has_its_deviation_after_the_cut() -> None:
    torch.manual_seed(0)
    layer = Conv(32, 256, 3)
    he_normal_(layer)
    deviation = math.sqrt(2 / (32 * 9))
    assert layer.weight.std().item() == pytest.approx(deviation, rel=0.01)
    assert layer.weight.abs().max().item() <= 2 * deviation / 0.879
    assert not layer.bias.any()
