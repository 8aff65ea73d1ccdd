"""How far generated pictures are from real ones, in the features of a network; each number is what its formula gives.

    Fréchet      ‖μ - μ'‖² + tr(Σ + Σ' - 2 (Σ Σ')^½)                    Heusel 2017, arXiv:1706.08500, eq. 6
    KID          unbiased MMD² with k(x, y) = (xᵀy / D + 1)³            Bińkowski 2018, arXiv:1801.01401
    class score  exp E_x KL(p(y|x) ‖ p(y))                             Salimans 2016, arXiv:1606.03498
    precision    share of generated pictures inside the real manifold  Kynkäänniemi 2019, arXiv:1904.06991, eq. 2
    recall       share of real pictures inside the generated manifold

A Fréchet distance is only called FID, and a class score IS, when Inception v3 is the network
(`studio.quality.inception`). All are computed in float64, except neighbour distances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from studio.core.errors import BadInput

Matrix = NDArray[np.float64]
SPLITS = 10
NEIGHBOURS = 3
"""Kynkäänniemi's k: the ball around a picture reaches its third neighbour."""
CHUNK = 1_000


def _pair(real: ArrayLike, fake: ArrayLike) -> tuple[Matrix, Matrix]:
    """Return both sets of features as float64 (N, D), checked."""
    x, y = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise BadInput("Two sets of at least two pictures are needed.", "Measure more pictures.")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadInput("The features hold values that are not finite.", "Look at the pictures: the model is broken.")
    return x, y


def frechet(real: ArrayLike, fake: ArrayLike) -> float:
    """Return the Fréchet distance between Gaussians fitted to two sets of features (N, D), (M, D); at least 0.

    tr (Σ Σ')^½ is taken as the trace of the root of the symmetric Σ^½ Σ' Σ^½: its eigenvalues are real, so that
    singular covariances (fewer pictures than features) need no small number added.

    Raises:
        BadInput: fewer than two pictures on a side, or features that are not finite.
    """
    x, y = _pair(real, fake)
    a, b = (np.atleast_2d(np.cov(v, rowvar=False)) for v in (x, y))
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    mixed = np.sqrt(np.linalg.eigvalsh(root @ b @ root).clip(0)).sum()
    return float(max(0.0, np.square(x.mean(0) - y.mean(0)).sum() + np.trace(a) + np.trace(b) - 2 * mixed))


@dataclass(frozen=True)
class Kid:
    """Kernel distance over random subsets.

    Attributes:
        mean: of the subsets' unbiased estimates; may fall below 0 when the sets are alike.
        std: of the subsets' estimates.
        low, high: 95 % confidence interval of the mean.
        subsets, size: how many subsets of how many pictures.
    """

    mean: float
    std: float
    low: float
    high: float
    subsets: int
    size: int


def kid(real: ArrayLike, fake: ArrayLike, subsets: int = 50, size: int = 1_000, seed: int = 0) -> Kid:
    """Return the kernel distance between two sets of features (N, D), (M, D), with its uncertainty.

    Subsets are drawn without replacement. Their spread s tells the error of the whole by subsampling (Politis and
    Romano 1994): a subset of m out of n varies with V (1/m - 1/n), the whole with V / n, hence s √(m / (n - m)).
    Subsets hold at most half of the smaller set, so that this is defined.

    Raises:
        BadInput: fewer than four pictures on a side, or features that are not finite.
    """
    x, y = _pair(real, fake)
    whole = min(len(x), len(y))
    size = min(size, whole // 2)
    if size < 2:
        raise BadInput("A kernel distance needs at least four pictures on each side.", "Measure more pictures.")
    random = np.random.default_rng(seed)
    found = [
        mmd2(x[random.choice(len(x), size, replace=False)], y[random.choice(len(y), size, replace=False)])
        for _ in range(subsets)
    ]
    mean, std = float(np.mean(found)), float(np.std(found))
    error = interval(std, size, whole)
    return Kid(mean, std, mean - error, mean + error, subsets, size)


def interval(std: float, size: int, whole: int) -> float:
    """Return half the width of KID's 95 % interval: subsets of `size` out of `whole` pictures spread by `std`."""
    return float(1.96 * std * np.sqrt(size / (whole - size)))


def mmd2(x: Matrix, y: Matrix) -> float:
    """Return the unbiased MMD² of two equally large sets (m, D) under the cubic kernel."""
    m, d = x.shape
    products = (a @ b.T / d + 1 for a, b in ((x, x), (y, y), (x, y)))
    xx, yy, xy = (k * k * k for k in products)  # many times faster than ** 3
    within = (xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(within - 2 * xy.mean())


def class_score(probabilities: ArrayLike, splits: int = SPLITS) -> tuple[float, float]:
    """Return mean and standard deviation over `splits` parts of exp E KL(p(y|x) ‖ p(y)); 1 to K, more is better.

    Args:
        probabilities: (N, K), rows that sum to 1.
        splits: parts the pictures are cut into, in their order.
    """
    p = np.asarray(probabilities, np.float64)
    scores = []
    for part in np.array_split(p, min(splits, len(p))):
        marginal = part.mean(axis=0, keepdims=True)
        ratio = np.log(part.clip(1e-16)) - np.log(marginal.clip(1e-16))
        scores.append(np.exp((part * ratio).sum(axis=1).mean()))
    return float(np.mean(scores)), float(np.std(scores))


def precision_recall(real: ArrayLike, fake: ArrayLike, k: int = NEIGHBOURS) -> tuple[float, float]:
    """Return precision (are generated pictures realistic) and recall (is everything real generated), 0..1.

    A manifold is the union of balls around its pictures that reach their k-th nearest neighbours.

    Raises:
        BadInput: not more than k pictures on a side, or features that are not finite.
    """
    x, y = (torch.from_numpy(v).float() for v in _pair(real, fake))
    if min(len(x), len(y)) <= k:
        raise BadInput(f"Precision and recall need more than {k} pictures on each side.", "Measure more pictures.")
    return _inside(x, y, k), _inside(y, x, k)


def _inside(manifold: torch.Tensor, points: torch.Tensor, k: int) -> float:
    """Return the share of points (M, D) that lie in a ball of the manifold (N, D)."""
    # k + 1, because a picture is its own nearest neighbour
    radii = torch.cat([torch.cdist(part, manifold).kthvalue(k + 1).values for part in torch.split(manifold, CHUNK)])
    inside = [(torch.cdist(part, manifold) <= radii).any(dim=1) for part in torch.split(points, CHUNK)]
    return float(torch.cat(inside).float().mean())
