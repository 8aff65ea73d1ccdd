"""What metric series tell: swings against noise, certainty, gradients, broken values."""

from __future__ import annotations

import numpy as np
import pytest

from studio.quality.balance import balance, swing
from studio.quality.doctor import SWING_SHARE

STEPS = np.arange(1, 1025)


def wandering(seed, count=1024, memory=0.97):
    random, y = np.random.default_rng(seed), np.zeros(count)
    for i in range(1, count):
        y[i] = memory * y[i - 1] + random.normal()
    return y


def series(**values):
    return {name: (STEPS[: len(v)], np.asarray(v, float)) for name, v in values.items()}


@pytest.mark.parametrize("seed", range(10))
def test_noise_does_not_swing(seed):
    white = np.random.default_rng(seed).normal(size=1024)
    for values in (white, wandering(seed), wandering(seed, memory=0.8), white.cumsum(), white + STEPS / 100):
        assert swing(STEPS, 1 + values).share < SWING_SHARE


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("period", [12, 50, 110])
def test_a_swing_is_found_with_its_period_under_noise_and_a_trend(seed, period):
    random = np.random.default_rng(seed)
    values = 2 + np.sin(2 * np.pi * STEPS / period) + 0.5 * random.normal(size=1024) + STEPS / 500
    found = swing(STEPS * 10, values)  # points every ten steps
    assert found.share > SWING_SHARE
    assert found.period == pytest.approx(period * 10, rel=0.12)


def test_a_constant_series_does_not_swing():
    assert swing(STEPS, np.full(1024, 0.7)).share == 0


def test_certainty_gradients_and_means_are_of_the_newest_part():
    loud, quiet = np.full(512, 1.0), np.full(512, 1e-4)
    found = balance(
        series(
            loss_d=np.ones(1024),
            loss_g=np.ones(1024),
            acc_real=np.ones(1024),
            acc_fake=np.r_[np.zeros(256), np.ones(768)],
            grad_norm_g=np.r_[loud, quiet],
        )
    )
    assert found.certain == pytest.approx(0.75)
    assert found.acc_fake == pytest.approx(0.75)
    assert found.grad_g_kept == pytest.approx(1e-4)
    assert found.grad_d is None
    assert found.broken_at is None


def test_the_first_broken_step_is_told():
    values = np.ones(200)
    values[120:] = np.nan
    found = balance(series(loss_d=values, loss_g=np.ones(200)))
    assert found.broken_at == 121
    assert np.isfinite(found.swings["loss_d"].share)


def test_what_is_no_gan_or_has_hardly_begun_is_not_judged():
    assert balance(series(loss=np.ones(500))) is None
    assert balance(series(loss_d=np.ones(10), loss_g=np.ones(10))) is None
