"""Classes covered, entropy, agreement, and the chances behind them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from studio.quality.chance import at_least, at_most
from studio.quality.coverage import agreement, coverage, entropy, shares_of, wilson


def test_everything_is_covered_in_equal_shares():
    found = coverage(np.arange(100) % 10, np.full(10, 0.1))
    assert (found.covered, found.missing) == (10, ())
    assert found.entropy == pytest.approx(1)
    assert found.largest_share == pytest.approx(0.1)


def test_a_class_that_hardly_comes_is_missing_relative_to_its_share():
    predicted = np.repeat([0, 1, 2], [980, 5, 15])
    found = coverage(predicted, np.array([0.8, 0.1, 0.1]))
    assert found.missing == (1,)  # 0.5 % of 10 %; class 2 comes at 15 % of its share
    assert found.covered == 2
    assert found.largest == 0


def test_a_class_that_is_not_in_the_data_is_not_missed():
    found = coverage(np.zeros(10, np.int64), np.array([1.0, 0.0]))
    assert (found.covered, found.missing, found.entropy) == (1, (), 1.0)


def test_entropy_and_shares():
    assert entropy(np.array([0.5, 0.5])) == pytest.approx(np.log(2))
    assert entropy(np.array([1.0, 0.0])) == 0
    assert shares_of(np.array([0, 0, 2]), 3) == pytest.approx([2 / 3, 0, 1 / 3])


def test_agreement_counts_what_was_asked_for():
    asked, seen = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    found = agreement(asked, seen, 3)
    assert found.share == 0.75
    assert found.by_class[:2] == pytest.approx([0.5, 1])
    assert np.isnan(found.by_class[2])
    assert found.confusion.tolist() == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert found.low < 0.75 < found.high


@pytest.mark.parametrize(("hits", "count"), [(0, 20), (7, 20), (20, 20), (970, 1000)])
def test_interval_equals_scipys(hits, count):
    expected = stats.binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson(hits, count) == pytest.approx((expected.low, expected.high), abs=1e-4)


@pytest.mark.parametrize(("hits", "count", "share"), [(0, 300, 0.1), (12, 300, 0.1), (60, 256, 0.02), (256, 256, 0.5)])
def test_tails_equal_scipys(hits, count, share):
    assert at_most(hits, count, share) == pytest.approx(stats.binom.cdf(hits, count, share), rel=1e-6)
    assert at_least(hits, count, share) == pytest.approx(stats.binom.sf(hits - 1, count, share), rel=1e-6)
