"""Pictures as pixels, decorrelated colours, Fourier terms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from studio.canvas.ascent import Moments
from studio.canvas.parameters import COLOURS, KINDS, Fourier

SIZES = ((24, 32), (23, 31), (17, 40))


def a_picture(size: tuple[int, int] = (24, 32), seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return 0.1 + 0.8 * torch.rand(1, 3, *size, generator=draw)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", list(KINDS))
def test_decoding_what_was_encoded_gives_the_picture_back(kind: str, size: tuple[int, int]) -> None:
    picture = a_picture(size)
    assert torch.allclose(KINDS[kind](picture).picture(), picture, atol=1e-5)


@pytest.mark.parametrize("kind", list(KINDS))
def test_climbing_changes_pixels_by_what_is_asked_and_uphill(kind: str) -> None:
    torch.manual_seed(1)
    gradient = torch.randn(1, 3, 24, 32)
    change = 1e-3 * gradient / gradient.square().mean().sqrt()
    canvas = KINDS[kind](a_picture())
    before = canvas.picture().clone()
    canvas.climb(change)
    moved = canvas.picture() - before
    assert float(moved.square().mean().sqrt()) == pytest.approx(1e-3, rel=0.02)
    assert float((moved * gradient).sum()) > 0


@pytest.mark.parametrize("kind", list(KINDS))
def test_pulled_and_pushed_are_adjoint(kind: str) -> None:
    torch.manual_seed(2)
    canvas = KINDS[kind](a_picture())
    direction, gradient = torch.randn_like(canvas.values), torch.randn(1, 3, 24, 32)
    left = float((canvas.pushed(direction) * gradient).sum())
    assert left == pytest.approx(float((direction * canvas.pulled(gradient)).sum()), rel=1e-3)


@pytest.mark.parametrize("kind", list(KINDS))
def test_gain_is_the_change_of_pixels_for_unit_values(kind: str) -> None:
    canvas = KINDS[kind](a_picture((48, 48)))
    torch.manual_seed(3)
    changes = [float(canvas.pushed(torch.randn_like(canvas.values)).square().mean().sqrt()) for _ in range(40)]
    assert canvas.gain() == pytest.approx(float(np.mean(changes)), rel=0.35)


def test_colours_are_uncorrelated_directions() -> None:
    """Columns are eigenvectors times deviations of one covariance: orthogonal, the first the longest, about grey."""
    matrix = np.array(COLOURS)
    products = matrix.T @ matrix
    assert np.abs(products - np.diag(np.diag(products))).max() < 2e-3
    assert products[0, 0] == pytest.approx(1, abs=2e-3)
    assert products[0, 0] > products[1, 1] > products[2, 2]


def test_fourier_values_prefer_coarse_structure() -> None:
    """White noise in values is a picture whose amplitude falls as one over the frequency."""
    size = (64, 64)
    canvas = Fourier(torch.full((1, 3, *size), 0.5))
    draw = torch.Generator().manual_seed(0)
    total = torch.zeros(64, 33)
    for _ in range(50):
        change = canvas.pushed(torch.randn(canvas.values.shape, generator=draw))
        total += torch.fft.rfft2(change).abs().square().sum((0, 1))
    amplitude = total.sqrt()
    assert float(amplitude[0, 4] / amplitude[0, 16]) == pytest.approx(4, rel=0.25)
    assert float(amplitude[4, 0] / amplitude[16, 0]) == pytest.approx(4, rel=0.25)


def test_a_fourier_picture_cannot_leave_its_range() -> None:
    canvas = Fourier(torch.rand(1, 3, 16, 16))
    canvas.values = canvas.values * 100
    picture = canvas.picture()
    assert float(picture.min()) >= 0
    assert float(picture.max()) <= 1


def test_adam_s_direction_is_torch_s() -> None:
    torch.manual_seed(0)
    gradients = torch.randn(5, 7)
    x = torch.zeros(7, requires_grad=True)
    theirs = torch.optim.Adam([x], lr=1.0, maximize=True)
    ours, moments = torch.zeros(7), Moments()
    for gradient in gradients:
        x.grad = gradient.clone()
        theirs.step()
        ours = ours + moments.direction(gradient)
    assert torch.allclose(ours, x.detach(), atol=1e-5)
