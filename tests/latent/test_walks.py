"""Paths between latent points."""

import numpy as np
import pytest

from studio.latent.walks import circle, lerp, path, slerp

HALF = np.sqrt(0.5)


def test_lerp_and_slerp_of_perpendicular_unit_vectors():
    a, b = [1.0, 0.0], [0.0, 1.0]
    np.testing.assert_allclose(lerp(a, b, [0, 0.5, 1]), [[1, 0], [0.5, 0.5], [0, 1]])
    np.testing.assert_allclose(slerp(a, b, [0, 0.5, 1]), [[1, 0], [HALF, HALF], [0, 1]], atol=1e-7)
    third = [np.cos(np.pi / 6), np.sin(np.pi / 6)]
    np.testing.assert_allclose(slerp(a, b, 1 / 3), [third], atol=1e-7)


def test_slerp_keeps_the_length_where_lerp_shrinks():
    a, b = np.random.default_rng(0).standard_normal((2, 64))
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    t = np.linspace(0, 1, 9)
    np.testing.assert_allclose(np.linalg.norm(slerp(a, b, t), axis=1), np.linalg.norm(a), rtol=1e-5)
    assert np.linalg.norm(lerp(a, b, 0.5)) < 0.9 * np.linalg.norm(a)


@pytest.mark.parametrize("b", [[2.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
def test_slerp_without_a_great_circle_is_a_straight_line(b):
    t = [0.0, 0.25, 1.0]
    np.testing.assert_allclose(slerp([1.0, 0.0], b, t), lerp([1.0, 0.0], b, t))


def test_open_path_visits_the_key_points():
    keys = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    walk = path(keys, 21)
    assert walk.shape == (21, 3)
    assert walk.dtype == np.float32
    np.testing.assert_allclose(walk[[0, 10, 20]], keys, atol=1e-6)


def test_loop_comes_back_without_repeating_its_first_frame():
    keys = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    walk = path(keys, 8, loop=True, how="lerp")
    expected = [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [0.5, 1], [0, 1], [0, 0.5]]
    np.testing.assert_allclose(walk, expected, atol=1e-6)


def test_constant_speed_makes_equal_steps():
    keys = np.array([[0, 0], [1, 0], [10, 0]], np.float32)
    uneven = np.linalg.norm(np.diff(path(keys, 11, how="lerp"), axis=0), axis=1)
    even = np.linalg.norm(np.diff(path(keys, 11, how="lerp", constant_speed=True), axis=0), axis=1)
    np.testing.assert_allclose(uneven[[0, -1]], [0.2, 1.8], rtol=1e-5)
    np.testing.assert_allclose(even, 1.0, rtol=1e-4)


def test_degenerate_paths():
    np.testing.assert_array_equal(path([[1.0, 2.0]], 3, loop=True), [[1, 2]] * 3)
    np.testing.assert_array_equal(path([[1.0, 2.0]] * 2, 3, constant_speed=True), [[1, 2]] * 3)
    assert path([[1.0, 2.0], [3.0, 4.0]], 0).shape == (0, 2)
    with pytest.raises(ValueError, match="key points"):
        path(np.empty((0, 2)), 3)


def test_circle_is_closed_and_starts_at_a():
    loop = circle([1.0, 0.0], [0.0, 1.0], 4)
    np.testing.assert_allclose(loop, [[1, 0], [0, 1], [-1, 0], [0, -1]], atol=1e-6)
