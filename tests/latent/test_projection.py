"""Latent points on the plane."""

import builtins

import numpy as np
import pytest

from studio.core.errors import BadInput, Cancelled, NotAvailable
from studio.latent import projection
from studio.latent.projection import fit, project


@pytest.fixture
def clusters():
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((3, 8)) * 10
    return (centres[:, None] + rng.standard_normal((3, 30, 8))).reshape(-1, 8).astype(np.float32)


def test_one_and_two_dimensions_stay_as_they_are():
    points = np.array([[1, 2], [3, 4]], np.float32)
    flat = fit(points, "tsne")
    np.testing.assert_array_equal(flat.xy, points)
    np.testing.assert_array_equal(flat.inverse(points), points)
    single = fit(points[:, :1])
    np.testing.assert_array_equal(single.xy, [[1, 0], [3, 0]])
    np.testing.assert_array_equal(single.inverse([[7, 9]]), [[7]])


def test_pca_finds_the_plane_and_comes_back():
    rng = np.random.default_rng(1)
    basis = np.linalg.qr(rng.standard_normal((6, 2)))[0].T
    points = (rng.standard_normal((50, 2)) * [5, 1] @ basis + 3).astype(np.float32)
    flat = fit(points, "pca")
    assert flat.invertible
    np.testing.assert_allclose(flat.inverse(flat.xy), points, atol=1e-4)
    np.testing.assert_allclose(flat.place(points), flat.xy, atol=1e-4)
    assert flat.xy[:, 0].std() > flat.xy[:, 1].std()
    np.testing.assert_allclose(flat.xy.mean(axis=0), 0, atol=1e-5)
    assert "100%" in flat.note


def test_pca_signs_do_not_depend_on_the_order_of_points(clusters):
    turned = fit(clusters[::-1], "pca").xy[::-1]
    np.testing.assert_allclose(fit(clusters, "pca").xy, turned, atol=1e-3)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_points(count):
    points = np.arange(count * 4, dtype=np.float32).reshape(count, 4)
    for method in ("pca", "tsne", "umap"):
        assert project(points, method).shape == (count, 2)
    assert np.isfinite(project(points)).all()


def test_tsne_is_seeded_and_separates_clusters(clusters):
    first, again = fit(clusters, "tsne", seed=3), fit(clusters, "tsne", seed=3)
    np.testing.assert_array_equal(first.xy, again.xy)
    assert not first.invertible
    assert first.inverse(first.xy) is None
    groups = first.xy.reshape(3, 30, 2)
    middle = groups.mean(axis=1)
    spread = np.linalg.norm(groups - middle[:, None], axis=2).mean()
    assert np.linalg.norm(middle[0] - middle[1]) > 2 * spread


def test_large_sets_are_fitted_to_a_part_and_say_so(clusters, monkeypatch):
    monkeypatch.setattr(projection, "MAX_TSNE", 60)
    flat = fit(clusters, "tsne")
    assert flat.xy.shape == (90, 2)
    assert np.isfinite(flat.xy).all()
    assert "60 of 90" in flat.note


def test_progress_may_cancel(clusters):
    def stop(done, total, what):
        raise Cancelled

    with pytest.raises(Cancelled):
        fit(clusters, "tsne", progress=stop)


def test_missing_umap_names_the_extra(clusters, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.partition(".")[0] == "umap":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NotAvailable, match="umap"):
        fit(clusters, "umap")


@pytest.mark.parametrize("points", [np.full((3, 3), np.nan), np.zeros(3), np.zeros((3, 0))])
def test_what_cannot_be_shown(points):
    with pytest.raises(BadInput):
        fit(points)
