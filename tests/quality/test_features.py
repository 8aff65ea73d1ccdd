"""The feature network: how well it sees, its name, its cache; the backbone for data without labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from studio.core.errors import Cancelled
from studio.quality import features
from studio.quality.features import SmallNet, feature_net


def test_the_small_network_knows_the_digits_and_says_how_well(net, world):
    assert net.accuracy > 0.95
    assert net.name == f"CNN-64 trained on digits, {100 * net.accuracy:.1f} % held out"
    assert (net.look(world.unseen).labels == world.unseen_labels).mean() > 0.95


def test_it_is_trained_once_and_leaves_the_random_state_alone(world, net, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "FEWEST_STEPS", 3)
    monkeypatch.setattr(features, "MOST_STEPS", 3)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = feature_net(world.data, tmp_path)
    assert torch.equal(torch.get_rng_state(), before)
    monkeypatch.setattr(features, "train", None)  # calling it again would fail
    again = feature_net(world.data, tmp_path)
    assert again.name == first.name
    assert np.allclose(again.look(world.unseen[:5]).features, first.look(world.unseen[:5]).features, atol=1e-5)


def test_a_damaged_cache_is_trained_again(world, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "FEWEST_STEPS", 3)
    monkeypatch.setattr(features, "MOST_STEPS", 3)
    feature_net(world.data, tmp_path)
    [path] = (tmp_path / "cache" / "features").glob("*.safetensors")
    path.write_bytes(b"\0" * 40)
    assert feature_net(world.data, tmp_path).accuracy is not None
    assert path.stat().st_size > 40


def test_training_can_be_cancelled_and_leaves_nothing(world, tmp_path):
    def cancel(*_):
        raise Cancelled

    with pytest.raises(Cancelled):
        feature_net(world.data, tmp_path, cancel)
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 28), (3, 64, 48), (1, 256, 256), (1, 5, 5)])
def test_the_small_network_takes_any_size(shape):
    seen, logits = SmallNet(shape, 3).eval()(torch.rand(2, *shape))
    assert seen.shape == (2, 64)
    assert logits.shape == (2, 3)


@pytest.mark.parametrize("shape", [(8, 8, 1), (40, 40, 3)])
def test_data_without_labels_is_seen_through_the_bundled_backbone(world, tmp_path, shape):
    unlabelled = replace(world.data, spec=replace(world.data.spec, classes=()))
    net = feature_net(unlabelled, tmp_path)
    assert net.name == "Studio compact, trained on CIFAR-10"
    assert net.accuracy is None
    seen = net.look(np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8))
    assert seen.probabilities is None
    assert seen.features.shape == (3, 384)
    assert np.isfinite(seen.features).all()
