"""Latent points on a flat screen: as they are, by principal components, t-SNE or UMAP.

Sources: PCA by singular values (Hotelling 1933); t-SNE (van der Maaten and Hinton 2008, Barnes-Hut as in scikit-learn);
UMAP (McInnes 2018, arXiv:1802.03426), an optional extra.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from studio.core.errors import BadInput, NotAvailable
from studio.data.progress import Progress, silent

Method = Literal["identity", "pca", "tsne", "umap"]

MAX_TSNE = 5_000
FEWEST_TSNE = 10
"""Fewer points have no neighbourhoods worth the name."""
NEIGHBOURS = 3


@dataclass(frozen=True)
class Projection:
    """Points on the plane, and the way back where there is one.

    Attributes:
        xy: float32 (N, 2), one row for each point.
        method: what was done, which may be simpler than what was asked for.
        note: something the person should know, or empty.
        mean: float32 (D,), the point at the origin of the plane; None when there is no way back.
        axes: float32 (2, D) or (1, D), orthonormal directions of x and y.
    """

    xy: NDArray[np.float32]
    method: Method
    note: str = ""
    mean: NDArray[np.float32] | None = None
    axes: NDArray[np.float32] | None = None

    @property
    def invertible(self) -> bool:
        """Whether a place on the plane stands for a latent point."""
        return self.axes is not None

    def inverse(self, xy: ArrayLike) -> NDArray[np.float32] | None:
        """Return the latent points float32 (M, D) of places (M, 2); for PCA those in its plane.

        None when the method has no way back (t-SNE, UMAP).
        """
        if self.axes is None or self.mean is None:
            return None
        places = np.asarray(xy, np.float32).reshape(-1, 2)
        return self.mean + places[:, : len(self.axes)] @ self.axes

    def place(self, z: ArrayLike) -> NDArray[np.float32] | None:
        """Return the places float32 (M, 2) of other latent points (M, D), or None (t-SNE, UMAP)."""
        if self.axes is None or self.mean is None:
            return None
        flat = (np.asarray(z, np.float32) - self.mean) @ self.axes.T
        return np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))


def fit(
    points: ArrayLike, method: Method | Literal["auto"] = "auto", seed: int = 0, progress: Progress | None = None
) -> Projection:
    """Flatten latent points.

    Args:
        points: float (N, D). One and two dimensions are shown as they are, whatever the method.
        method: "auto" is "pca" above two dimensions.
        seed: of t-SNE and UMAP.
        progress: called as (done, total, what) before and after the long parts; may raise Cancelled.

    Raises:
        BadInput: the points are not a table of finite numbers.
        NotAvailable: UMAP is not installed.
    """
    z = np.asarray(points, np.float32)
    if z.ndim != 2 or not z.shape[1]:
        raise BadInput(f"Latent points of shape {z.shape} cannot be shown.", "They must be a table (points, size).")
    if not np.isfinite(z).all():
        raise BadInput("Some latent points are not finite.", "Choose an earlier checkpoint of the run.")
    if z.shape[1] <= 2:
        return _identity(z)
    if method in ("tsne", "umap") and len(z) < FEWEST_TSNE:
        flat = _pca(z)
        return Projection(flat.xy, "pca", f"{len(z)} points are too few; shown by PCA.", flat.mean, flat.axes)
    if method == "tsne":
        return _tsne(z, seed, progress or silent)
    if method == "umap":
        return _umap(z, seed, progress or silent)
    return _pca(z)


def project(
    points: ArrayLike, method: Method | Literal["auto"] = "auto", seed: int = 0, progress: Progress | None = None
) -> NDArray[np.float32]:
    """Return only the places of `fit`, float32 (N, 2)."""
    return fit(points, method, seed, progress).xy


def _identity(z: NDArray[np.float32]) -> Projection:
    size = z.shape[1]
    xy = np.pad(z, ((0, 0), (0, 2 - size)))
    return Projection(xy, "identity", "", np.zeros(size, np.float32), np.eye(size, dtype=np.float32))


def _pca(z: NDArray[np.float32]) -> Projection:
    """Project on the two directions of largest variance, each pointing where its largest component is positive."""
    if not len(z):
        return Projection(np.empty((0, 2), np.float32), "pca")
    mean = z.mean(axis=0, dtype=np.float64)
    _, values, directions = np.linalg.svd(z - mean, full_matrices=False)
    axes = directions[:2]  # (2, D); a single point has one direction only
    if len(axes) < 2:
        axes = np.stack([axes[0], _perpendicular(axes[0])])
    largest = np.abs(axes).argmax(axis=1)
    axes = axes * np.where(axes[[0, 1], largest] < 0, -1.0, 1.0)[:, None]
    shown = float((values[:2] ** 2).sum() / max((values**2).sum(), 1e-30))
    xy = ((z - mean) @ axes.T).astype(np.float32)
    note = f"These two directions hold {shown:.0%} of the variance."
    return Projection(xy, "pca", note, mean.astype(np.float32), axes.astype(np.float32))


def _perpendicular(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    other = np.zeros_like(direction)
    other[np.abs(direction).argmin()] = 1.0
    other -= (other @ direction) * direction
    result: NDArray[np.float64] = other / np.linalg.norm(other)
    return result


def _tsne(z: NDArray[np.float32], seed: int, progress: Progress) -> Projection:
    from sklearn.manifold import TSNE

    chosen = np.arange(len(z))
    if len(z) > MAX_TSNE:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(z))[:MAX_TSNE])
    progress(0, 1, "t-SNE")
    perplexity = min(30.0, (len(chosen) - 1) / 3)
    model = TSNE(n_components=2, perplexity=perplexity, init="pca", random_state=seed)
    flat = np.asarray(model.fit_transform(z[chosen]), np.float32)
    note = ""
    if len(chosen) < len(z):
        flat = _fill(z, chosen, flat)
        note = f"Fitted to {MAX_TSNE:,} of {len(z):,} points; the others stand between their nearest neighbours."
    progress(1, 1, "t-SNE")
    return Projection(flat, "tsne", note)


def _fill(z: NDArray[np.float32], chosen: NDArray[np.int64], flat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Place every point at the mean of its nearest fitted neighbours, weighted by closeness; fitted ones stay."""
    from sklearn.neighbors import NearestNeighbors

    distance, neighbour = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(z[chosen]).kneighbors(z)
    weight = 1.0 / (distance + 1e-9)
    xy = (flat[neighbour] * (weight / weight.sum(axis=1, keepdims=True))[..., None]).sum(axis=1).astype(np.float32)
    xy[chosen] = flat
    return np.asarray(xy, np.float32)


def _umap(z: NDArray[np.float32], seed: int, progress: Progress) -> Projection:
    try:
        from umap import UMAP
    except ImportError as error:
        what_to_do = 'Install it with: pip install "generative-studio[umap]", or use t-SNE.'
        raise NotAvailable("UMAP is not installed.", what_to_do) from error
    progress(0, 1, "UMAP")
    model: Any = UMAP(n_components=2, n_neighbors=min(15, len(z) - 1), random_state=seed)
    flat = np.asarray(model.fit_transform(z), np.float32)
    progress(1, 1, "UMAP")
    return Projection(flat, "umap")
