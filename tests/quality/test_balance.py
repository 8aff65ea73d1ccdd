"""What metric series tell: swings against noise, certainty, gradients, broken values."""

from __future__ import annotations

import numpy as np
import pytest

from studio.quality.balance import balance, strongest_swing, swing
from studio.quality.critic import critic
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


@pytest.mark.parametrize("period", [900, 2_500, 4_000])
def test_slow_swings_of_a_long_run_are_found(period):
    random, at = np.random.default_rng(0), np.arange(1, 40_001)
    beginning = 5 * np.exp(-at / 1_000)
    values = 2 + beginning + 0.5 * np.sin(2 * np.pi * at / period) + 0.5 * random.normal(size=len(at))
    found = strongest_swing(at, values)
    assert found.share > SWING_SHARE
    assert found.period == pytest.approx(period, rel=0.12)


@pytest.mark.parametrize("seed", range(4))
def test_a_long_noisy_run_does_not_swing(seed):
    random, at = np.random.default_rng(seed), np.arange(1, 20_001)
    white = random.normal(size=len(at))
    for values in (white, wandering(seed, len(at)), wandering(seed, len(at), memory=0.999), white + at / 1_000):
        assert strongest_swing(at, 2 + 5 * np.exp(-at / 500) + values).share < SWING_SHARE


def test_a_critic_is_judged_by_its_distance():
    at, random = np.arange(1, 2001), np.random.default_rng(0)
    noise = 1 + 0.1 * random.normal(size=2000)
    falling, growing = critic(at, 3000 / (at + 500) * noise, None), critic(at, at / 100 * noise, np.full(2000, 0.7))
    assert falling.grown == 1
    assert falling.clipped is None
    assert growing.grown == pytest.approx(1875 / 1125, rel=0.05)  # the middles of the last and the first part
    assert growing.clipped == pytest.approx(0.7)
    assert growing.since == 1001
    assert critic(at, 5 * noise, None).grown == 1  # noise neither grows nor falls
    assert critic(at[:100], at[:100] / 1.0, None) is None  # the beginning of a run
