"""What the GAN doctor looks at: gathered from generated pictures, the data, and the run's series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studio.core.spec import DataSet
from studio.data.progress import Progress, silent
from studio.quality.balance import Balance
from studio.quality.coverage import Coverage
from studio.quality.features import FeatureNet
from studio.quality.measures import PRECISION, Compared
from studio.quality.neighbours import Nearest, Repeats, nearest_features, nearest_pixels, repeats, spread
from studio.quality.pictures import Pixels, picked

CLOSE = 256
"""Generated pictures that are compared one by one with the training pictures and with each other."""
FEWEST_HELD_OUT = 32
REFERENCES = 10_000
"""Training pictures among which the nearest in features is looked for."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the doctor looks at; whatever is missing is not judged.

    Attributes:
        count: generated pictures that were looked at closely.
        class_names: of the data.
        coverage: classes among all of the generated pictures; None without a classifier.
        alike: mean feature distance of pairs of generated pictures over that of pairs of real ones.
        alike_pixels: the same with the mean absolute difference of pixels.
        repeats, real_repeats: the birthday test of generated and of as many real pictures.
        nearest: nearest training pictures of the generated ones.
        real_nearest: the same of held-out pictures; None when nothing is held out.
        precision, real_precision: of the generated and of held-out pictures, 0..1.
        balance: from the run's series; None for models without two networks.
        error: why the run failed, or "".
    """

    count: int
    class_names: tuple[str, ...] = ()
    coverage: Coverage | None = None
    alike: float | None = None
    alike_pixels: float | None = None
    repeats: Repeats | None = None
    real_repeats: Repeats | None = None
    nearest: Nearest | None = None
    real_nearest: Nearest | None = None
    precision: float | None = None
    real_precision: float | None = None
    balance: Balance | None = None
    error: str = ""

    @property
    def likeness(self) -> float | None:
        """Precision by that of held-out pictures: 1 is as real as real pictures."""
        if self.precision is None or not self.real_precision:
            return None
        return self.precision / self.real_precision


@dataclass(frozen=True)
class Lookalikes:
    """The nearest training picture of each generated one, in two ways.

    Attributes:
        pixels: by mean absolute difference, uint8 (N, H, W, C).
        features: by feature distance, among `REFERENCES` training pictures, uint8 (N, H, W, C).
    """

    pixels: Pixels
    features: Pixels


def collect(
    fakes: Pixels,
    data: DataSet,
    net: FeatureNet,
    compared: Compared,
    balance: Balance | None = None,
    *,
    error: str = "",
    seed: int = 0,
    progress: Progress = silent,
) -> tuple[Evidence, Lookalikes]:
    """Look closely at the first `CLOSE` generated pictures.

    Args:
        fakes: generated, uint8 (N, H, W, C).
        data: what the model was trained on.
        net: the feature network.
        compared: what `studio.quality.measures.compare` found about `fakes`.
        balance: of the run's series.
        error: why the run failed.
        seed: of the real pictures drawn.
        progress: told often; may raise `Cancelled`.
    """
    close = fakes[:CLOSE]
    real = picked(data.train, len(close), seed + 1)[0]
    held_out = picked(data.val, len(close), seed + 1)[0] if len(data.val) >= FEWEST_HELD_OUT else None
    features, real_features = compared.fake.features[: len(close)], net.look(real).features
    precision = next(figure for figure in compared.figures if figure.key == PRECISION)
    nearest = nearest_pixels(close, data.train, progress=progress)
    evidence = Evidence(
        count=len(close),
        class_names=net.classes,
        coverage=compared.coverage,
        alike=spread(features, "features") / max(spread(real_features, "features"), 1e-12),
        alike_pixels=spread(close, "pixels") / max(spread(real, "pixels"), 1e-12),
        repeats=repeats(close, real),
        real_repeats=repeats(real, real),
        nearest=nearest,
        real_nearest=None if held_out is None else nearest_pixels(held_out, data.train, progress=progress),
        precision=precision.value,
        real_precision=precision.reference,
        balance=balance,
        error=error,
    )
    by_features, _, index = picked(data.train, REFERENCES, seed)
    there = nearest_features(features, net.look(by_features, progress, "Looking at training pictures").features, 1)
    shown = data.train.gather(index[there.index[:, 0]])[0]
    copies = data.train.gather(nearest.index[:, 0])[0]
    return evidence, Lookalikes(np.moveaxis(copies, 1, -1), np.moveaxis(shown, 1, -1))
