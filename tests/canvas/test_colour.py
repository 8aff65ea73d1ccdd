"""Colours moved from picture to picture."""

from __future__ import annotations

import numpy as np
import torch

from studio.canvas import colour
from studio.canvas.picture import to_tensor
from tests.canvas.fakes import picture


def pictures():
    return to_tensor(picture(seed=1).pixels), to_tensor(picture(40, 50, seed=2).pixels)


def moments(x):
    flat = x[0].flatten(1).double().numpy()
    return flat.mean(axis=1), np.cov(flat)


def test_linear_matching_gives_mean_and_covariance():
    x, reference = pictures()
    mean, cov = moments(colour.match_linear(x, reference))
    wanted_mean, wanted_cov = moments(reference)
    np.testing.assert_allclose(mean, wanted_mean, atol=1e-5)
    np.testing.assert_allclose(cov, wanted_cov, atol=5e-5)


def test_linear_matching_is_the_symmetric_map():
    """Twice the spread without turning: the map is 2 times the identity."""
    x, _ = pictures()
    wider = (x - 0.5) * 2 + 0.5
    torch.testing.assert_close(colour.match_linear(x, wider), wider, atol=2e-3, rtol=0)


def test_histogram_matching_gives_the_quantiles_along_each_axis():
    x, reference = pictures()
    basis = colour.OPPONENT
    levels = np.linspace(0.02, 0.98, 25)
    made, wanted = (basis @ p[0].flatten(1).double().numpy() for p in (colour.match_histogram(x, reference), reference))
    for axis in range(3):
        np.testing.assert_allclose(np.quantile(made[axis], levels), np.quantile(wanted[axis], levels), atol=0.01)


def test_histogram_matching_keeps_equal_colours_equal():
    x, reference = pictures()
    x[..., :20, :20] = 0.4
    patch = colour.match_histogram(x, reference)[..., :20, :20]
    assert float(patch.std((2, 3)).max()) < 1e-6


def test_the_opponent_axes_are_orthonormal():
    np.testing.assert_allclose(colour.OPPONENT @ colour.OPPONENT.T, np.eye(3), atol=1e-12)


def test_a_picture_matched_with_itself_stays_as_it_is():
    x, _ = pictures()
    for match in (colour.match_linear, colour.match_histogram, colour.recoloured):
        torch.testing.assert_close(match(x, x), x, atol=2e-3, rtol=0)


def test_luminance_replaced_keeps_the_chroma():
    x, bright = pictures()
    bright = bright[..., :40, :50]
    x = x[..., :40, :50]
    made = colour.with_luminance(x, bright)
    torch.testing.assert_close(colour.luminance(made), colour.luminance(bright), atol=1e-5, rtol=0)
    torch.testing.assert_close(made - made[:, :1], x - x[:, :1], atol=1e-5, rtol=0)


def test_luminance_matched_has_mean_and_spread_of_the_reference():
    x, reference = pictures()
    made, wanted = colour.match_luminance(x, reference), colour.luminance(reference)
    torch.testing.assert_close(made[:, 0], made[:, 2])
    assert float(made[:, :1].mean() - wanted.mean()) < 1e-5
    assert abs(float(made[:, :1].std() / wanted.std()) - 1) < 1e-4


def test_grey_and_flat_pictures_stay_finite():
    x, reference = pictures()
    flat = torch.full_like(x, 0.5)
    matches = (colour.match_linear, colour.match_histogram, colour.match_luminance, colour.recoloured)
    for match in matches:
        assert torch.isfinite(match(flat, reference)).all()
        assert torch.isfinite(match(x, flat)).all()
