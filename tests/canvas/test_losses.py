"""Losses of a transfer against numpy, and their gradients against differences and torch's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from studio.canvas import losses


def features(dtype=torch.float32, *, channels=5, size=(6, 7), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((1, channels, *size), generator=generator).to(dtype)


def test_gram_is_the_sum_of_outer_products():
    f = features()
    expected = np.zeros((5, 5))
    values = f[0].numpy().astype(np.float64)
    for row in range(6):
        for column in range(7):
            expected += np.outer(values[:, row, column], values[:, row, column])
    np.testing.assert_allclose(losses.gram(f).numpy(), expected, rtol=1e-5, atol=1e-5)


def test_gram_does_not_depend_on_the_memory_format():
    f = features()
    torch.testing.assert_close(losses.gram(f), losses.gram(f.to(memory_format=torch.channels_last)))


def test_masked_gram_counts_positions_by_their_weight():
    f = features()
    weight = torch.rand(1, 1, 6, 7, generator=torch.Generator().manual_seed(1))
    values, w = f[0].flatten(1).numpy().astype(np.float64), weight.flatten().numpy()
    np.testing.assert_allclose(losses.gram(f, weight).numpy(), (values * w) @ values.T, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("positions", [(40, 50), (16, 64), (10, 10)])
@pytest.mark.bf16
def test_half_precision_gram_is_within_two_per_mille(positions):
    f = features(torch.bfloat16, channels=16, size=positions).relu().to(memory_format=torch.channels_last)
    exact = f[0].flatten(1).double()
    exact = exact @ exact.T
    assert (losses.gram(f).double() - exact).norm() / exact.norm() < 2e-3


@pytest.mark.parametrize("masked", [False, True])
def test_gram_gradient_is_that_of_autograd(masked):
    f = features().requires_grad_()
    weight = torch.rand(1, 1, 6, 7) if masked else None
    target = losses.gram(features(seed=2))
    value = f if weight is None else f * weight.sqrt()
    flat = value[0].flatten(1)
    (flat @ flat.T - target).square().sum().backward()
    slope = 2 * (losses.gram(f.detach(), weight) - target)
    torch.testing.assert_close(losses.gram_gradient(f.detach(), slope, weight), f.grad, rtol=1e-4, atol=1e-3)


def test_content_is_a_sum_without_half_or_mean():
    f, target = features(), features(seed=1)
    loss, gradient = losses.content(f, target)
    np.testing.assert_allclose(float(loss), np.square(f.numpy() - target.numpy()).sum(), rtol=1e-5)
    torch.testing.assert_close(gradient, 2 * (f - target))


def test_masked_content_leaves_out_what_is_not_painted():
    f, target = features(), features(seed=1)
    weight = torch.zeros(1, 1, 6, 7)
    weight[..., :3, :] = 0.5
    loss, gradient = losses.content(f, target, weight)
    np.testing.assert_allclose(float(loss), 0.5 * np.square((f - target).numpy()[:, :, :3]).sum(), rtol=1e-5)
    assert not gradient[..., 3:, :].any()


@pytest.mark.parametrize("power", [0.5, 1.0, 1.25, 2.0])
def test_total_variation_is_the_books(power):
    x = torch.rand(1, 3, 5, 6, generator=torch.Generator().manual_seed(0)) * 255
    picture, expected = x[0].numpy().astype(np.float64), 0.0
    for channel in picture:
        for row in range(4):
            for column in range(5):
                a = (channel[row, column] - channel[row + 1, column]) ** 2
                b = (channel[row, column] - channel[row, column + 1]) ** 2
                expected += (a + b) ** power
    assert float(losses.total_variation(x, power)[0]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("power", [0.5, 1.25])
def test_total_variation_gradient_is_that_of_autograd(power):
    x = torch.rand(1, 3, 5, 6, dtype=torch.float64, requires_grad=True)
    down, right = x[..., :-1, :-1] - x[..., 1:, :-1], x[..., :-1, :-1] - x[..., :-1, 1:]
    (down.square() + right.square()).pow(power).sum().backward()
    torch.testing.assert_close(losses.total_variation(x.detach(), power)[1], x.grad)


def test_a_flat_picture_has_a_finite_gradient_at_any_power():
    loss, gradient = losses.total_variation(torch.full((1, 3, 4, 4), 0.5), 0.5)
    assert torch.isfinite(loss)
    assert torch.isfinite(gradient).all()
