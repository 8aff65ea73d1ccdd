"""How a GAN's two networks get on, read from its metric series: who wins, whether they swing, whether gradients live.

What recipes report: `acc_real` and `acc_fake` (share the discriminator judges right), or a critic's `wasserstein` and
`clipped` (`critic.py`), `loss_d`, `loss_g`; the engine adds `grad_norm_d` and `grad_norm_g`. What is missing is left
out of the judgement. Only the newest part of a run is judged; for swings, which may be slow, nearly all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.quality.critic import Critic, critic

Series = Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]
"""Metric name -> steps int64 (n,), values float64 (n,)."""
WINDOW, FEWEST = 2_048, 64
"""Points that are judged: the newest, at most and at least."""
CYCLES = 8
"""A swing is only believed after this many: a loss that wanders makes a few slow ones too."""
FASTEST = 4.0
"""Points; what goes faster is the noise of single batches."""
COARSER = 4
"""Points that are averaged into one to look for swings so much slower."""
SETTLED = 0.25
"""Share of a run at its beginning that is left out when slow swings are looked for: losses find their level then."""
BAND = 2
"""Neighbouring frequencies that belong to one swing, whose period is never quite constant."""


@dataclass(frozen=True)
class Swing:
    """The strongest regular swing of a series.

    Attributes:
        share: part of the variance (without trend) within a narrow band of frequencies, 0..1.
        period: in steps.
        size: standard deviation of the series over the size of its mean.
    """

    share: float
    period: float
    size: float


@dataclass(frozen=True)
class Balance:
    """The newest part of a run.

    Attributes:
        first, last: steps it covers.
        acc_real, acc_fake: means, 0..1; None when the recipe does not report them.
        certain: share of the points at which the discriminator judges at least 99 % of both sides right; None likewise.
        grad_d, grad_g: median gradient norms; None when missing.
        grad_g_kept: the generator's median gradient norm over the one at the beginning of the run; None likewise.
        swings: loss name -> its strongest swing.
        critic: how a Wasserstein critic fares; None for a discriminator.
        broken_at: first step with a value that is not finite; None when there is none.
    """

    first: int
    last: int
    acc_real: float | None
    acc_fake: float | None
    certain: float | None
    grad_d: float | None
    grad_g: float | None
    grad_g_kept: float | None
    swings: Mapping[str, Swing]
    critic: Critic | None
    broken_at: int | None


def balance(series: Series) -> Balance | None:
    """Judge the metric series of a GAN; None when it reports no loss of two networks, or too few points."""
    losses = [name for name in ("loss_d", "loss_g") if name in series]
    if len(losses) < 2 or min(len(series[name][0]) for name in losses) < FEWEST:
        return None
    steps = series["loss_g"][0][-WINDOW:]
    real, fake = _newest(series, "acc_real"), _newest(series, "acc_fake")
    certain = None
    if real is not None and fake is not None and len(real) == len(fake):
        certain = float(((real >= 0.99) & (fake >= 0.99)).mean())
    return Balance(
        first=int(steps[0]),
        last=int(steps[-1]),
        acc_real=_mean(real),
        acc_fake=_mean(fake),
        certain=certain,
        grad_d=_median(_newest(series, "grad_norm_d")),
        grad_g=_median(_newest(series, "grad_norm_g")),
        grad_g_kept=_kept(series),
        swings={name: strongest_swing(*series[name]) for name in losses},
        critic=_critic(series),
        broken_at=_broken(series),
    )


def strongest_swing(steps: NDArray[np.int64], values: NDArray[np.float64]) -> Swing:
    """Return the strongest swing of a series, quick or slow.

    A window of points shows swings of at least `CYCLES` cycles within it. Longer runs are looked at again through
    windows four times as long, in which four points are averaged into one, until the whole run has been seen.
    """
    found = [swing(steps[-WINDOW:], values[-WINDOW:])]
    settled = round(SETTLED * len(values))
    at, coarse = steps[settled:].astype(np.float64), values[settled:]
    while len(coarse) > WINDOW:
        at, coarse = _coarser(at), _coarser(coarse)
        if len(coarse) >= FEWEST:
            found.append(swing(at[-WINDOW:], coarse[-WINDOW:]))
    return max(found, key=lambda s: s.share)


def _coarser(series: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of `COARSER` neighbours, of the newest points; a block of nothing finite stays so."""
    blocks = series[len(series) % COARSER :].reshape(-1, COARSER)
    finite = np.isfinite(blocks)
    sums, counts = np.where(finite, blocks, 0.0).sum(1), finite.sum(1)
    return np.where(counts, sums / np.maximum(counts, 1), np.nan)


def swing(steps: NDArray[np.int64] | NDArray[np.float64], values: NDArray[np.float64]) -> Swing:
    """Return the strongest regular swing of a series of at least 64 points.

    The periodogram of the detrended series, without the slowest frequencies (a trend) and the fastest half (noise of
    batches): the share of the whole variance that lies within two frequencies of its peak. A pure swing gives 1; white
    noise and wandering noise stay far below (see the tests).
    """
    y = np.where(np.isfinite(values), values, np.nanmedian(values[np.isfinite(values)]) if len(values) else 0.0)
    at = np.arange(len(y))
    flat = y - np.polyval(np.polyfit(at, y, 1), at)
    size = float(flat.std() / max(abs(y.mean()), 1e-12))
    power = np.abs(np.fft.rfft(flat * np.hanning(len(flat)))) ** 2
    highest = int(len(y) / FASTEST)
    total = power[1:].sum()
    if total <= 1e-20 * max(1.0, float(np.square(y).sum())):  # constant
        return Swing(0.0, 0.0, size)
    peak = CYCLES + int(power[CYCLES : highest + 1].argmax())
    share = power[max(CYCLES, peak - BAND) : peak + BAND + 1].sum() / total
    spacing = (steps[-1] - steps[0]) / max(len(steps) - 1, 1)
    return Swing(float(share), float(len(y) / peak * spacing), size)


def _newest(series: Series, name: str) -> NDArray[np.float64] | None:
    values = series[name][1][-WINDOW:] if name in series else np.empty(0)
    return values[np.isfinite(values)] if len(values) >= FEWEST else None


def _mean(values: NDArray[np.float64] | None) -> float | None:
    return None if values is None or not len(values) else float(values.mean())


def _median(values: NDArray[np.float64] | None) -> float | None:
    return None if values is None or not len(values) else float(np.median(values))


def _kept(series: Series) -> float | None:
    """Return the generator's gradient norm now by that of the first tenth of the run."""
    values = series["grad_norm_g"][1] if "grad_norm_g" in series else np.empty(0)
    if len(values) < 2 * FEWEST:
        return None
    early = np.nanmedian(values[: max(len(values) // 10, 8)])
    return float(np.nanmedian(values[-min(WINDOW, len(values) // 4) :]) / max(early, 1e-30))


def _critic(series: Series) -> Critic | None:
    if "wasserstein" not in series:
        return None
    return critic(*series["wasserstein"], series["clipped"][1] if "clipped" in series else None)


def _broken(series: Series) -> int | None:
    bad = [int(steps[~np.isfinite(values)][0]) for steps, values in series.values() if not np.isfinite(values).all()]
    return min(bad, default=None)
