"""The drawn domains: repeatable, of two kinds, and what their tables say."""

from __future__ import annotations

import numpy as np
import pytest

from studio.data import fruit, street
from studio.data.open import open_data
from studio.data.options import DataOptions


@pytest.fixture(scope="module")
def plain_and_street(tmp_path_factory):
    return open_data("street-digits", DataOptions(limit=900), workspace=tmp_path_factory.mktemp("workspace"))


def everything(split):
    return split.gather(np.arange(len(split)))


def test_two_classes_of_equal_size(plain_and_street):
    spec = plain_and_street.spec
    assert spec.shape == (3, 32, 32)
    assert spec.classes == ("digits", "street")
    assert (spec.train_count, spec.val_count) == (900, 100)
    labels = np.concatenate([everything(s)[1] for s in (plain_and_street.train, plain_and_street.val)])
    assert np.bincount(labels).tolist() == [500, 500]


def test_plain_digits_are_white_on_black_and_street_numbers_coloured(plain_and_street):
    x, y = everything(plain_and_street.train)
    plain, seen = x[y == 0].astype(int), x[y == 1].astype(int)
    assert (plain.max(axis=1) == plain.min(axis=1)).all()
    assert np.median(plain, axis=(1, 2, 3)).max() == 0
    assert plain.max(axis=(1, 2, 3)).min() > 200
    assert (seen.max(axis=1) - seen.min(axis=1)).mean() > 10
    assert np.median(seen, axis=(1, 2, 3)).std() > 30  # light and dark walls


def test_the_table_holds_the_digit(plain_and_street):
    digits = plain_and_street.train.table
    assert plain_and_street.columns == ("digit",)
    assert digits.shape == (900, 1)
    assert set(np.unique(digits)) == set(range(10))


def test_digits_of_one_value_look_alike(plain_and_street):
    x, y = everything(plain_and_street.train)
    digit = plain_and_street.train.table[:, 0]
    zeros, ones = (x[(y == 0) & (digit == d)].mean(axis=0) for d in (0, 1))
    assert zeros[:, 16, 16].mean() + 60 < ones[:, 16, 16].mean()  # a nought is hollow


def test_the_first_pictures_do_not_depend_on_the_count(tmp_path):
    originals, values, origin = street.handwritten(tmp_path)
    assert origin == "digits"
    assert len(originals) == len(values) == 1797
    few = np.concatenate([pixels for pixels, _ in street.blocks(10, originals, 0)])
    many = np.concatenate([pixels for pixels, _ in street.blocks(1_200, originals, 0)])
    assert many.shape == (1_200, 3, 32, 32)
    assert np.array_equal(many[:10], few)
    other = np.concatenate([pixels for pixels, _ in street.blocks(10, originals, 1)])
    assert not np.array_equal(few, other)


def test_apples_and_oranges_differ_in_the_fruit(tmp_path):
    found = open_data("fruit", DataOptions(limit=90, size=32), workspace=tmp_path)
    assert found.spec.classes == ("apples", "oranges")
    assert found.spec.shape == (3, 32, 32)
    again = open_data("fruit", DataOptions(limit=90, size=32), workspace=tmp_path)
    assert again.spec.fingerprint == found.spec.fingerprint
    x, y = everything(found.train)
    saturated = x.max(axis=1).astype(int) - x.min(axis=1) > 110
    red, green, _ = np.moveaxis(x.astype(float), 1, 0)
    ratio = np.array([(green[i] / (red[i] + 1))[saturated[i]].mean() for i in range(len(x)) if saturated[i].any()])
    kind = y[saturated.any(axis=(1, 2))]
    assert ratio[kind == 1].std() < 0.1  # every orange has one colour, apples are red and green
    assert ratio[kind == 0].std() > 0.2


def test_fruit_in_any_size(tmp_path):
    for size in (16, 48):
        pixels, numbers = next(fruit.blocks(3, size, 0))
        assert pixels.shape == (3, 3, size, size)
        assert numbers.tolist() == [0, 1, 2]
