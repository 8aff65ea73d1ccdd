"""Planes and lines of latent points."""

import numpy as np
import pytest

from studio.latent.grid import coordinates, line, plane


def test_rows_run_downwards_and_columns_to_the_right():
    expected = [[-1, 1], [0, 1], [1, 1], [-1, 0], [0, 0], [1, 0], [-1, -1], [0, -1], [1, -1]]
    np.testing.assert_allclose(plane(3, 1.0), expected, atol=1e-7)


@pytest.mark.parametrize(("n", "span"), [(30, 1.0), (30, 4.0)])
def test_the_books_spans(n, span):
    points = plane(n, span)
    assert points.shape == (n * n, 2)
    assert points.dtype == np.float32
    np.testing.assert_allclose([points.min(), points.max()], [-span, span])
    np.testing.assert_allclose(np.unique(np.diff(coordinates(n, span))), 2 * span / (n - 1), rtol=1e-4)


def test_quantiles_are_equal_shares_of_the_normal():
    places = coordinates(5, quantiles=True)
    np.testing.assert_allclose(places, [-2.326348, -0.658838, 0.0, 0.658838, 2.326348], atol=1e-5)
    np.testing.assert_allclose(coordinates(3, (0.025, 0.975), quantiles=True), [-1.959964, 0, 1.959964], atol=1e-5)


def test_plane_around_a_centre_changes_two_axes_only():
    centre = np.array([1, 2, 3, 4], np.float32)
    points = plane(3, 0.5, axes=(3, 1), centre=centre)
    assert (points[:, [0, 2]] == [1, 3]).all()
    np.testing.assert_allclose(points[4], centre)
    np.testing.assert_allclose(points[0, [3, 1]], [3.5, 2.5])
    np.testing.assert_array_equal(centre, [1, 2, 3, 4])


def test_line_and_single_point():
    np.testing.assert_allclose(line(3, 2.0, centre=[5.0]), [[3], [5], [7]])
    np.testing.assert_allclose(plane(1, 4.0), [[0, 0]])
    assert coordinates(0, 1.0).shape == (0,)


@pytest.mark.parametrize("axes", [(0, 0), (0, 2), (-1, 0)])
def test_impossible_axes(axes):
    with pytest.raises(ValueError, match="ax"):
        plane(3, axes=axes, centre=[0.0, 0.0])
