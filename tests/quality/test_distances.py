"""Distances against closed forms and against torchmetrics' and scikit-learn's own implementations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import poly_mmd

from studio.core.errors import BadInput
from studio.quality.distances import class_score, frechet, kid, mmd2, precision_recall


def normal(count, mean, deviation, seed=0):
    """Points with exactly this mean and these standard deviations, uncorrelated."""
    x = np.random.default_rng(seed).normal(size=(count, len(mean)))
    x -= x.mean(0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T
    return x * deviation + mean


def test_frechet_of_gaussians_has_a_closed_form():
    # commuting covariances: sum of squared differences of means and of standard deviations
    a, b = normal(200, [0, 0, 0], [1, 2, 3]), normal(150, [1, -2, 0.5], [2, 2, 0.5], 1)
    assert frechet(a, b) == pytest.approx(1 + 4 + 0.25 + 1 + 0 + 6.25, rel=1e-9)


def test_frechet_equals_torchmetrics_on_the_same_features():
    random = np.random.default_rng(3)
    a = random.normal(size=(300, 8)) @ random.normal(size=(8, 8))
    b = random.normal(size=(240, 8)) @ random.normal(size=(8, 8)) + 0.3

    class Same(torch.nn.Identity):
        num_features = 8

    metric = FrechetInceptionDistance(feature=Same()).set_dtype(torch.float64)
    metric.update(torch.from_numpy(a), real=True)
    metric.update(torch.from_numpy(b), real=False)
    assert frechet(a, b) == pytest.approx(float(metric.compute()), rel=1e-6)


def test_frechet_is_zero_for_equal_sets_symmetric_and_stable_with_fewer_pictures_than_features():
    x, y = np.random.default_rng(0).normal(size=(2, 5, 40))
    assert frechet(x, x) == pytest.approx(0, abs=1e-9)
    assert frechet(x, y) == pytest.approx(frechet(y, x), rel=1e-6)
    assert frechet(np.ones((4, 3)), np.ones((4, 3))) == 0
    assert frechet(np.zeros((4, 1)), np.full((4, 1), 2.0)) == pytest.approx(4)


def test_mmd_equals_torchmetrics():
    a, b = np.random.default_rng(1).normal(size=(2, 50, 6))
    expected = poly_mmd(torch.from_numpy(a), torch.from_numpy(b))
    assert mmd2(a, b) == pytest.approx(float(expected), rel=1e-9)


def cubic_mmd2(mean, deviation):
    """(xy + 1)³ = 1 + 3xy + 3x²y² + x³y³: squared differences of the first three moments, against N(0, 1)."""
    first, second = mean, mean**2 + deviation**2
    third = mean**3 + 3 * mean * deviation**2
    return 3 * first**2 + 3 * (second - 1) ** 2 + third**2


def test_kernel_distance_and_its_interval_find_the_true_value():
    truth = cubic_mmd2(0.5, 1.2)
    hits, means = 0, []
    for seed in range(40):
        random = np.random.default_rng(seed)
        x, y = random.normal(size=(600, 1)), random.normal(0.5, 1.2, size=(600, 1))
        found = kid(x, y, subsets=40, size=150, seed=seed)
        hits += found.low <= truth <= found.high
        means.append(found.mean)
    assert np.mean(means) == pytest.approx(truth, rel=0.1)
    assert hits >= 34  # of 40; 95 % promised, binomial: fewer than 34 in one of 60


def test_kernel_distance_of_equal_distributions_is_about_zero():
    x, y = np.random.default_rng(2).normal(size=(2, 400, 16))
    found = kid(x, y, size=100)
    assert found.low < 0.05
    assert abs(found.mean) < 0.02
    assert kid(x, y, size=100) == found  # seeded


def test_class_score_of_known_tables():
    sure = np.eye(4)[np.arange(40) % 4]
    assert class_score(sure)[0] == pytest.approx(4)
    assert class_score(np.full((40, 4), 0.25))[0] == pytest.approx(1)
    assert class_score(np.eye(4)[np.zeros(40, int)])[0] == pytest.approx(1)


def test_precision_and_recall_equal_scikit_learns_neighbours():
    random = np.random.default_rng(5)
    real, fake = random.normal(size=(120, 3)), random.normal(0.7, 0.6, size=(90, 3))

    def inside(manifold, points):
        radii = NearestNeighbors(n_neighbors=4).fit(manifold).kneighbors(manifold)[0][:, 3]
        distance = np.linalg.norm(points[:, None] - manifold[None], axis=2)
        return (distance <= radii[None] + 1e-6).any(axis=1).mean()

    precision, recall = precision_recall(real, fake)
    assert precision == pytest.approx(inside(real, fake), abs=0.012)  # float32 on one side
    assert recall == pytest.approx(inside(fake, real), abs=0.012)


def test_a_few_real_pictures_are_precise_but_recall_little():
    real = np.random.default_rng(0).normal(size=(400, 2))
    precision, recall = precision_recall(real, np.repeat(real[:4], 25, axis=0))
    assert precision == 1
    assert recall < 0.05


@pytest.mark.parametrize("bad", [np.ones((1, 2)), np.full((5, 2), np.nan)])
def test_what_cannot_be_compared_is_explained(bad):
    with pytest.raises(BadInput):
        frechet(np.zeros((5, 2)), bad)
    with pytest.raises(BadInput):
        kid(np.zeros((3, 2)), np.zeros((3, 2)))
