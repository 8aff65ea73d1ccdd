"""Shapes show the factors that they claim, are the same for a seed, and blend at their edges."""

import numpy as np
import pytest

from studio.core.errors import BadConfig, Cancelled
from studio.data import shapes

GROUND = np.array([21, 23, 28])


def covered(pixels):
    """Return bool (N, S, S): where the picture differs clearly from the ground."""
    return np.abs(pixels.astype(int) - GROUND[:, None, None]).max(axis=1) > 40


def test_a_seed_fixes_every_picture_whatever_the_count():
    few, many, other = shapes.make(20, 24, seed=3), shapes.make(500, 24, seed=3), shapes.make(20, 24, seed=4)
    np.testing.assert_array_equal(few.pixels, many.pixels[:20])
    np.testing.assert_array_equal(few.factors, many.factors[:20])
    assert not np.array_equal(few.pixels, other.pixels)


def test_layout_and_ranges():
    made = shapes.make(2000, 16, seed=0)
    assert made.pixels.shape == (2000, 3, 16, 16)
    assert made.pixels.dtype == np.uint8
    np.testing.assert_array_equal(made.labels, made.factors[:, 0])
    assert set(made.labels) == set(range(len(made.classes)))
    assert set(made.factors[:, 1]) == set(range(len(shapes.COLOURS)))


def test_position_and_size_are_where_the_factors_say():
    made = shapes.make(400, 64, seed=1)
    circles = made.labels == shapes.SHAPES.index("circle")
    where, factors = covered(made.pixels[circles]), made.factors[circles]
    rows, columns = np.indices((64, 64)) + 0.5
    area = where.sum(axis=(1, 2))
    np.testing.assert_allclose((where * columns).sum(axis=(1, 2)) / area / 64, factors[:, 3], atol=0.01)
    np.testing.assert_allclose((where * rows).sum(axis=(1, 2)) / area / 64, factors[:, 4], atol=0.01)
    np.testing.assert_allclose(np.sqrt(area / np.pi) / 64, factors[:, 2], atol=0.02)


def test_colour_is_the_named_one_in_the_middle_of_a_circle():
    one = np.array([[0, 4, 0.3, 0.5, 0.5, 0]], np.float32)
    blue = shapes.render(one, 32)[0, :, 16, 16]
    assert tuple(blue) == (0, 114, 178)


@pytest.mark.parametrize("name", ["square", "triangle", "star", "cross"])
def test_rotation_turns_the_picture_and_its_period_brings_it_back(name):
    index = shapes.SHAPES.index(name)
    period = {"square": 90, "triangle": 120, "star": 72, "cross": 90}[name]
    turned = [shapes.render(np.array([[index, 0, 0.35, 0.5, 0.5, a]], np.float32), 64) for a in (0, period / 2, period)]
    assert covered(turned[0]).sum() != 0
    assert (covered(turned[0]) ^ covered(turned[1])).sum() > 50
    assert np.abs(turned[0].astype(int) - turned[2]).max() <= 2


def test_no_shape_leaves_the_picture():
    made = shapes.make(3000, 32, seed=5)
    edge = np.ones((32, 32), bool)
    edge[1:-1, 1:-1] = False
    fully = np.abs(made.pixels.astype(int) - GROUND[:, None, None]).max(axis=1) > 230
    assert not (fully & edge).any()


def test_edges_are_blended():
    made = shapes.make(50, 32, seed=6)
    strength = np.abs(made.pixels.astype(int) - GROUND[:, None, None]).max(axis=1)
    partial = (strength > 5) & (strength < strength.max(axis=(1, 2), keepdims=True) * 0.9)
    assert partial.any(axis=(1, 2)).all()


def test_progress_can_cancel():
    def cancel(done, total, what):
        raise Cancelled

    with pytest.raises(Cancelled):
        shapes.make(100, 32, progress=cancel)


@pytest.mark.parametrize(("count", "size"), [(0, 32), (-1, 32), (5, 4), (5, 65)])
def test_impossible_wishes_are_refused(count, size):
    with pytest.raises(BadConfig):
        shapes.make(count, size)
