"""Dropout: as many zeros as asked, nothing changed on average, gradients as torch's, seeded."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from studio.nn.dropout import Dropout, dropout

SHAPES = ((7,), (64, 3, 5, 9), (1, 1), (0, 4))


@pytest.mark.parametrize("p", [0.1, 0.4, 0.5, 0.95])
def test_as_many_zeros_as_asked_and_the_rest_scaled(p):
    torch.manual_seed(0)
    n = 400_000
    y = dropout(torch.ones(n), p)
    zeros = int((y == 0).sum())
    assert abs(zeros - p * n) < 5 * (n * p * (1 - p)) ** 0.5  # five deviations of the binomial
    torch.testing.assert_close(y[y != 0].unique(), torch.tensor([1 / (1 - p)]), rtol=1e-3, atol=0)
    assert float(y.mean()) == pytest.approx(1.0, abs=5 * (p / (1 - p) / n) ** 0.5)


def test_neighbours_are_independent():
    """Four coins come of one draw: they must not know of each other."""
    torch.manual_seed(0)
    coins = (dropout(torch.ones(400_000), 0.4) == 0).float().view(-1, 4)
    correlation = torch.corrcoef(coins.T) - torch.eye(4)
    assert correlation.abs().max() < 5 / 100_000**0.5


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_keeps_shape_type_and_memory_format(shape, dtype):
    x = torch.ones(shape, dtype=dtype)
    assert (dropout(x, 0.5).shape, dropout(x, 0.5).dtype) == (x.shape, dtype)
    if len(shape) == 4:
        y = dropout(x.to(memory_format=torch.channels_last), 0.5)
        assert y.is_contiguous(memory_format=torch.channels_last)


def test_takes_a_slice_with_gaps():
    x = torch.arange(24.0).view(4, 3, 2)[:, 1]
    y = dropout(x, 0.5)
    assert bool(((y == 0) | (y == 2 * x)).all())


def test_gradients_pass_where_numbers_do_to_the_second_order():
    torch.manual_seed(1)
    x = torch.rand(500, dtype=torch.float64, requires_grad=True)
    y = dropout(x, 0.25) ** 2
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    scale = y.detach().sqrt() / x.detach()  # 0 or 4/3
    torch.testing.assert_close(first.detach(), 2 * scale**2 * x.detach())
    torch.testing.assert_close(second, 2 * scale**2)


def test_seeded_and_different_every_time():
    torch.manual_seed(3)
    first, second = dropout(torch.ones(1_000), 0.5), dropout(torch.ones(1_000), 0.5)
    torch.manual_seed(3)
    assert torch.equal(dropout(torch.ones(1_000), 0.5), first)
    assert not torch.equal(first, second)


def test_evaluation_zero_and_one_are_torchs():
    x = torch.rand(50)
    assert Dropout(0.5).eval()(x) is x
    assert torch.equal(Dropout(0.0)(x), x)
    assert torch.equal(Dropout(1.0)(x), torch.zeros(50))
    assert isinstance(Dropout(0.3), nn.Dropout)
