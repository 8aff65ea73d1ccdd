"""Tins are drawn from two numbers, and those can be read back from the picture."""

from __future__ import annotations

import numpy as np
import pytest

from studio.core.errors import BadConfig
from studio.data import tins
from studio.data.open import open_data
from studio.data.options import DataOptions


def test_the_first_tins_of_a_seed_are_the_same_for_every_count():
    few, many = tins.make(5, 32), tins.make(20, 32)
    np.testing.assert_array_equal(few.pixels, many.pixels[:5])
    np.testing.assert_array_equal(few.factors, many.factors[:5])


def test_width_and_height_can_be_measured_in_the_picture():
    factors = np.array([[0.3, 0.5], [0.5, 0.5], [0.3, 0.8]], np.float32)
    dark = tins.render(factors, 128)[:, 0] < 225
    wide = dark.any(1).sum(1) / 128
    np.testing.assert_allclose(wide, factors[:, 1], atol=0.03)
    tall = dark[:, :, 64].sum(1) / 128  # in the middle: the side and the heights of two ellipses' halves
    np.testing.assert_allclose(tall[1] - tall[0], 0.2, atol=0.02)


def test_the_largest_tin_fits():
    (_, height), (_, width) = tins.RANGES
    picture = tins.render(np.array([[height, width]], np.float32), 64)[0, 0]
    assert (picture[0] > 230).all()
    assert (picture[-1] > 230).all()


def test_out_of_range_is_refused():
    for count, size in ((0, 64), (3, 4), (3, 1000)):
        with pytest.raises(BadConfig):
            tins.make(count, size)


def test_the_catalogue_brings_the_factors(tmp_path):
    data = open_data("tins", DataOptions(limit=45, size=16), workspace=tmp_path)
    assert (data.spec.shape, data.spec.train_count, data.columns) == ((1, 16, 16), 45, ("height", "width"))
    assert data.train.table.shape == (45, 2)
