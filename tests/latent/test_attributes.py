"""Directions with a meaning are found where they were put."""

from __future__ import annotations

import numpy as np
import pytest

from studio.latent.attributes import by_class, directions


@pytest.fixture
def cloud():
    """Points whose first axis is an attribute, whose second follows a number, whose third is noise."""
    rng = np.random.default_rng(0)
    has, size = rng.integers(0, 2, 4000), rng.uniform(0, 1, 4000)
    z = np.column_stack([2.0 * has, 4.0 * size, rng.normal(size=4000)]).astype(np.float32)
    z += 0.1 * rng.normal(size=z.shape).astype(np.float32)
    return z, np.column_stack([has, size]).astype(np.float32)


def test_a_yes_or_no_attribute_points_from_without_to_with(cloud) -> None:
    z, table = cloud
    found = directions(z, table, ("smiling", "size"))
    assert found.vectors[0] == pytest.approx([2.0, 0.0, 0.0], abs=0.1)
    assert found.unit("smiling") == pytest.approx([1.0, 0.0, 0.0], abs=0.06)
    assert found.counts[0].sum() == 4000
    assert found.counts[0, 0] == table[:, 0].sum()


def test_a_number_points_from_its_lower_to_its_upper_half(cloud) -> None:
    z, table = cloud
    found = directions(z, table, ("smiling", "size"))
    assert found.vectors[1] == pytest.approx([0.0, 2.0, 0.0], abs=0.12)  # means of the halves are half the range apart
    assert abs(int(found.counts[1, 0]) - 2000) <= 1


def test_attributes_that_few_examples_have_are_left_out(cloud) -> None:
    z, table = cloud
    rare = np.zeros(len(z), np.float32)
    rare[:3] = 1
    found = directions(z, np.column_stack([table, rare, np.ones(len(z))]), ("a", "b", "rare", "always"))
    assert found.names == ("a", "b")
    with pytest.raises(KeyError):
        found.unit("rare")


def test_classes_are_attributes_too() -> None:
    table = by_class(np.array([2, 0, 2]), 3)
    assert table.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1]]
    assert directions(np.zeros((3, 2), np.float32), table, ("a", "b", "c")).names == ()
