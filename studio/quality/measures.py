"""Every figure of a set of generated pictures, each with the protocol it depends on.

The real pictures are drawn from the training split, as is usual for these figures. What two sets of real pictures
(held out against training) would get is measured beside it: no generator can be expected to be nearer than that.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from studio.core.spec import DataSet
from studio.data.progress import Progress, silent
from studio.quality import coverage as modes
from studio.quality import distances
from studio.quality.features import FeatureNet, Seen
from studio.quality.inception import NAME, RESIZE, look
from studio.quality.pictures import Pixels, Points, picked

FRECHET, KERNEL, PRECISION, RECALL, SCORE = "frechet", "kernel", "precision", "recall", "class_score"
"""Names of the figures in JSON."""
LABELS = 20_000
"""Training examples from which the classes' shares are taken."""


@dataclass(frozen=True)
class Figure:
    """One number with what it depends on.

    Attributes:
        key: stable name in JSON.
        title: what people call it, with its network.
        value: the number.
        better: "lower" or "higher".
        low, high: 95 % confidence interval, or None.
        std: spread over subsets or splits, or None.
        reference: what held-out real pictures get, or None.
        protocol: everything that another measurement must share to be comparable.
    """

    key: str
    title: str
    value: float
    better: str
    protocol: str
    low: float | None = None
    high: float | None = None
    std: float | None = None
    reference: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


@dataclass(frozen=True)
class Compared:
    """Features of both sides, and what they say.

    Attributes:
        figures: the numbers.
        real, fake: what the network saw.
        coverage: classes among the generated pictures, None without a classifier.
    """

    figures: tuple[Figure, ...]
    real: Seen
    fake: Seen
    coverage: modes.Coverage | None


def compare(
    fakes: Pixels, data: DataSet, net: FeatureNet, seed: int = 0, progress: Progress = silent, *, floor: bool = True
) -> Compared:
    """Measure generated pictures uint8 (N, H, W, C) against a data set.

    Args:
        fakes: generated pictures of the data's shape.
        data: training examples to compare with; as many are drawn as there are generated ones.
        net: the feature network.
        seed: of the drawn examples and of KID's subsets.
        progress: told often; may raise `Cancelled`.
        floor: also measure held-out pictures against the training pictures, for reference.
    """
    real_pixels = picked(data.train, len(fakes), seed)[0]
    real = net.look(real_pixels, progress, "Looking at real pictures")
    fake = net.look(fakes, progress, "Looking at generated pictures")
    held_out = None
    if floor and len(data.val) >= 8:
        held_out = net.look(picked(data.val, len(fakes), seed)[0], progress, "Looking at held-out pictures")
    progress(0, 0, "Comparing")
    protocol = protocol_of(len(real_pixels), len(fakes), net.name, net.resize, seed)
    figures = _figures(real, fake, held_out, protocol, seed)
    spread = None
    if fake.probabilities is not None and (labels := picked(data.train, LABELS, seed)[1]) is not None:
        shares = modes.shares_of(labels, len(net.classes))
        spread = modes.coverage(fake.labels, shares)
    return Compared(tuple(figures), real, fake, spread)


def protocol_of(real: int, fake: int, network: str, resize: str, seed: int) -> str:
    """Say in one line what figures depend on."""
    return f"{real:,} real (training split) and {fake:,} generated; {network}; resize {resize}; seed {seed}"


def _figures(real: Seen, fake: Seen, held_out: Seen | None, protocol: str, seed: int) -> list[Figure]:
    """Return every figure of the generated pictures, with that of held-out real ones beside it."""
    x, y = real.features, fake.features
    kernel, (precision, recall) = distances.kid(x, y, seed=seed), distances.precision_recall(x, y)
    floor = _floor(x, held_out, seed)
    subsets, k = f"{protocol}; {kernel.subsets} subsets of {kernel.size:,}", f"{protocol}; k = {distances.NEIGHBOURS}"
    interval = {"low": kernel.low, "high": kernel.high, "std": kernel.std}
    figures = [
        Figure(FRECHET, "Fréchet distance", distances.frechet(x, y), "lower", protocol, reference=floor.get(FRECHET)),
        Figure(KERNEL, "Kernel distance", kernel.mean, "lower", subsets, reference=floor.get(KERNEL), **interval),
        Figure(PRECISION, "Precision", precision, "higher", k, reference=floor.get(PRECISION)),
        Figure(RECALL, "Recall", recall, "higher", k, reference=floor.get(RECALL)),
    ]
    if fake.probabilities is not None:
        score, std = distances.class_score(fake.probabilities)
        splits = f"{protocol}; {distances.SPLITS} splits"
        figures.append(Figure(SCORE, "Class score", score, "higher", splits, std=std, reference=floor.get(SCORE)))
    return figures


def _floor(real: Points, held_out: Seen | None, seed: int) -> dict[str, float]:
    """Return what held-out pictures get against the training pictures, by figure."""
    if held_out is None:
        return {}
    x, z = real, held_out.features
    precision, recall = distances.precision_recall(x, z)
    found = {FRECHET: distances.frechet(x, z), KERNEL: distances.kid(x, z, seed=seed).mean}
    found |= {PRECISION: precision, RECALL: recall}
    if held_out.probabilities is not None:
        found[SCORE] = distances.class_score(held_out.probabilities)[0]
    return found


def inception_figures(
    real: Pixels, fakes: Pixels, network: nn.Module, seed: int = 0, progress: Progress = silent
) -> list[Figure]:
    """Return FID, KID and IS by torchmetrics, on the features of the Inception that published figures use.

    Args:
        real: training pictures, uint8 (N, H, W, C).
        fakes: as many generated ones.
        network: the `Inception` with Heusel's weights; returns features and logits.
        seed: of KID's subsets and IS's splits.
        progress: told often; may raise `Cancelled`.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.inception import InceptionScore
    from torchmetrics.image.kid import KernelInceptionDistance

    x, _ = look(network, real, progress, "Inception looks at real pictures")
    y, logits = look(network, fakes, progress, "Inception looks at generated pictures")
    whole = min(len(x), len(y))
    size = min(1_000, whole // 2)
    fid = FrechetInceptionDistance(feature=_Given(x.shape[1]))
    kid = KernelInceptionDistance(feature=_Given(x.shape[1]), subsets=50, subset_size=size)
    score = InceptionScore(feature=_Given(logits.shape[1]), splits=min(distances.SPLITS, whole))
    for metric in (fid, kid):
        metric.update(x.double(), real=True)
        metric.update(y.double(), real=False)
    score.update(logits)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        (mean, std), (best, spread) = ([float(v) for v in metric.compute()] for metric in (kid, score))
    error = distances.interval(std, size, whole)
    protocol = protocol_of(len(x), len(y), NAME, RESIZE, seed)
    kid_protocol = f"{protocol}; 50 subsets of {size:,}"
    return [
        Figure("fid", "FID", float(fid.compute()), "lower", protocol),
        Figure("kid", "KID", mean, "lower", kid_protocol, mean - error, mean + error, std),
        Figure("is", "IS", best, "higher", f"{protocol}; {score.splits} splits", std=spread),
    ]


class _Given(nn.Identity):
    """Hands torchmetrics features that were computed already."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.num_features = size
