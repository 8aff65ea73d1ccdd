"""The map knows land from sea where the books say so, and points come from land alone."""

from __future__ import annotations

import numpy as np
import pytest

from studio.data import world


@pytest.mark.parametrize(
    ("latitude", "longitude", "land"),
    [
        (40.7306, -73.9352, True),  # New York, the book's anchor
        (11.3493, 142.1996, False),  # in the sea, the book's other anchor
        (48.9, 2.3, True),
        (-25.0, 134.0, True),
        (-10.0, -55.0, True),
        (0.0, -30.0, False),
        (42.0, 51.0, False),  # the Caspian Sea
        (89.0, 0.0, False),
        (0.0, 400.0, False),
    ],
)
def test_known_places(latitude, longitude, land):
    assert world.on_land(np.array([[latitude, longitude]], np.float32))[0] == land


def test_points_lie_on_land_and_repeat():
    points = world.draw(2000, 3)
    assert points.dtype == np.float32
    assert world.on_land(points).mean() > 0.999  # float32 may move a point by a hair
    np.testing.assert_array_equal(points, world.draw(2000, 3))
    assert not np.array_equal(points, world.draw(2000, 4))


def test_points_are_uniform_over_the_land():
    points = world.draw(20_000)
    east = points[:, 1] > 0
    there = world.land()
    share = there[:, there.shape[1] // 2 :].sum() / there.sum()
    assert east.mean() == pytest.approx(share, abs=4 * 0.5 / np.sqrt(20_000))


def test_coverage_and_precision_of_rectangles():
    assert world.coverage(world.SOUTH, world.WEST, world.NORTH, world.EAST) == 1.0
    assert world.precision(world.SOUTH, world.WEST, world.NORTH, world.EAST) == pytest.approx(world.land().mean())
    assert world.precision(15, 5, 25, 15) == 1.0  # inside the Sahara
    assert world.coverage(-10, -40, 0, -36) < 0.01
    assert world.precision(0, 0, 0, 0) == 0.0
