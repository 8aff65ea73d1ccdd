"""Nearest pictures, copies, equal pairs and spreads, on pictures whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from studio.data.splits import ArraySplit
from studio.quality.neighbours import nearest_features, nearest_pixels, repeats, spread


def noise(count, seed=0, side=6):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 1), np.uint8)


def split_of(pixels):
    return ArraySplit(np.ascontiguousarray(np.moveaxis(pixels, -1, 1)), np.arange(len(pixels)))


def test_nearest_pixels_equal_scikit_learns():
    train, query = noise(500), noise(20, 1)
    found = nearest_pixels(query, split_of(train), k=3)
    search = NearestNeighbors(n_neighbors=3, metric="manhattan").fit(train.reshape(500, -1).astype(float))
    distance, index = search.kneighbors(query.reshape(20, -1).astype(float))
    assert (found.index[:, 0] == index[:, 0]).all()
    assert found.distance == pytest.approx(distance / (36 * 255), rel=1e-5)


def test_nearest_features_equal_scikit_learns():
    random = np.random.default_rng(0)
    there, query = random.normal(size=(300, 5)).astype(np.float32), random.normal(size=(9, 5)).astype(np.float32)
    found = nearest_features(query, there, 2)
    distance, index = NearestNeighbors(n_neighbors=2).fit(there).kneighbors(query)
    assert (found.index == index).all()
    assert found.distance == pytest.approx(distance, rel=1e-4)


def test_a_picture_of_the_training_set_is_a_copy_and_a_new_one_is_not():
    train = noise(400)
    query = np.concatenate([train[7:9], noise(6, 1)])
    found = nearest_pixels(query, split_of(train))
    assert found.copies.tolist() == [0, 1]
    assert found.index[:2, 0].tolist() == [7, 8]
    assert found.distance[:2, 0].tolist() == [0, 0]


def test_a_tiny_training_set_is_no_trouble():
    found = nearest_pixels(noise(3, 1), split_of(noise(2)))
    assert found.index.shape == (3, 2)


def test_the_birthday_test_finds_how_many_pictures_there_are():
    known = noise(40, 2)
    drawn = known[np.random.default_rng(0).integers(0, 40, 200)]
    found = repeats(drawn, noise(200, 3))
    assert found.support == pytest.approx(40, rel=0.25)
    assert not found.bound
    assert all((drawn[a] == drawn[b]).all() for a, b in found.pairs)


def test_without_a_pair_the_support_is_a_lower_bound():
    found = repeats(noise(50, 4), noise(50, 5))
    assert found.bound
    assert len(found.pairs) == 0
    assert found.support == pytest.approx(50 * 49 / 2 / 3)


def test_spread_is_the_mean_over_all_pairs():
    points = np.array([[0, 0], [3, 4], [6, 8]], np.float32)
    assert spread(points, "features") == pytest.approx((5 + 5 + 10) / 3)
    pictures = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1)
    assert spread(pictures, "pixels") == pytest.approx(1)
