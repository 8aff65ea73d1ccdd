"""Thumbnails climb their own channel, are kept, come back, and survive a damaged cache."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from studio.canvas import atlas
from studio.canvas.atlas import cached, dead_leaves, strengths, thumbnails
from studio.canvas.picture import Source, to_tensor
from studio.core.errors import BadConfig
from tests.canvas.fakes import compute, picture, tiny_backbone

QUICK = {"side": 16, "steps": 12}


def made(workspace=None, channels=None, **more) -> dict[int, np.ndarray]:
    found = {}
    for some in thumbnails(tiny_backbone(), "conv2", workspace, channels, compute=compute(), **{**QUICK, **more}):
        found.update(some)
    return found


def activations(pixels: np.ndarray) -> np.ndarray:
    """Mean of each channel of conv2, (8,)."""
    with torch.no_grad():
        return tiny_backbone().features(to_tensor(pixels), ("conv2",))["conv2"][0].mean(dim=(1, 2)).numpy()


def test_each_thumbnail_excites_its_own_channel_more_than_the_others_do():
    found = made(steps=100)
    assert sorted(found) == list(range(8))
    assert all(pixels.shape == (16, 16, 3) and pixels.dtype == np.uint8 for pixels in found.values())
    table = np.array([activations(found[row]) for row in range(8)])
    alive = table.max(axis=0) > 0.15  # a random network has a channel that hardly anything excites
    assert alive.sum() >= 7
    assert (table.diagonal() > 1.2 * table.mean(axis=0))[alive].all()


def test_a_class_has_a_thumbnail_too():
    found = dict(next(thumbnails(tiny_backbone(), "logit", compute=compute(), side=16, steps=60)))
    logits = [mean_class(found[row]) for row in range(3)]
    assert [int(np.argmax([row[k] for row in logits])) for k in range(3)] == [0, 1, 2]


def mean_class(pixels: np.ndarray) -> list[float]:
    backbone = tiny_backbone().prepared(compute())
    with torch.no_grad():
        return backbone.features(to_tensor(pixels), ("logit",))["logit"][0].tolist()


def test_a_channel_that_is_silent_on_grey_is_woken():
    """A bias far below zero: a ReLU gives no gradient at the start, yet the picture changes."""
    backbone = tiny_backbone()
    convolution = next(m for m in backbone.module.modules() if isinstance(m, nn.Conv2d) and m.out_channels == 8)
    grey = torch.full((1, 3, 28, 28), 0.5)
    with torch.no_grad():
        convolution.bias -= 0.5
        assert float(backbone.features(grey, ("conv2",))["conv2"].max()) == 0
    found = next(thumbnails(backbone, "conv2", compute=compute(), **QUICK))
    assert all(pixels.std() > 8 for pixels in found.values())


def test_thumbnails_do_not_depend_on_the_batch():
    together, alone = made(channels=[1, 5]), made(channels=[5], batch=1)
    assert np.abs(together[5].astype(int) - alone[5]).max() <= 2


def test_they_are_kept_and_come_first_the_next_time(tmp_path, monkeypatch):
    first = made(tmp_path, channels=[3, 1])
    assert sorted(cached(tiny_backbone(), "conv2", tmp_path, **QUICK)) == [1, 3]
    again = thumbnails(tiny_backbone(), "conv2", tmp_path, compute=compute(), batch=2, **QUICK)
    ready = next(again)
    assert sorted(ready) == [1, 3]
    np.testing.assert_array_equal(ready[3], first[3])
    assert list(next(again)) == [0, 2]
    again.close()
    assert sorted(cached(tiny_backbone(), "conv2", tmp_path, **QUICK)) == [0, 1, 2, 3]
    monkeypatch.setattr(atlas, "_Maker", lambda *_: pytest.fail("made again"))
    assert sorted(made(tmp_path, channels=[0, 1])) == [0, 1]


def test_other_settings_or_networks_have_other_thumbnails(tmp_path):
    made(tmp_path, channels=[0])
    assert cached(tiny_backbone(), "conv3", tmp_path, **QUICK) == {}
    other = tiny_backbone()
    other.fingerprint = "another/one"
    assert cached(other, "conv2", tmp_path, **QUICK) == {}
    assert cached(tiny_backbone(), "conv2", tmp_path, side=16, steps=99) == {}


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "pickled", "other arrays", "wrong shape"])
def test_a_damaged_cache_is_thrown_away(tmp_path, damage):
    made(tmp_path, channels=[0, 1])
    (path,) = (tmp_path / "cache" / "atlas").iterdir()
    about = np.array([atlas.VERSION, 16, 12])
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage == "pickled":
        np.savez(path, about=about, channels=np.array([0], np.int32), pixels=np.array([{"a": 1}], object))
    elif damage == "other arrays":
        np.savez(path, about=about)
    elif damage == "wrong shape":
        np.savez(path, about=about, channels=np.zeros(2, np.int32), pixels=np.zeros((1, 16, 16, 3), np.uint8))
    else:
        path.write_bytes(b"" if damage == "empty" else b"hello")
    assert cached(tiny_backbone(), "conv2", tmp_path, **QUICK) == {}
    assert not path.exists()
    assert sorted(made(tmp_path, channels=[0])) == [0]


def test_unknown_layers_and_channels_are_refused():
    with pytest.raises(BadConfig, match="conv9"):
        next(thumbnails(tiny_backbone(), "conv9", compute=compute()))
    with pytest.raises(BadConfig, match="0 to 7"):
        next(thumbnails(tiny_backbone(), "conv2", channels=[8], compute=compute()))


# ---- strengths


def test_strengths_are_activations_over_the_usual():
    """Against a reference written out: mean over dead leaves, at least a tenth of the layer's mean."""
    backbone = tiny_backbone()
    source = picture(200, 320)
    found = strengths(backbone, source, "conv2", compute=compute())
    usual = np.mean([activations(dead_leaves(seed)) for seed in range(atlas.LEAVES)], axis=0)
    expected = activations(source.pixels) / np.maximum(usual, 0.1 * usual.mean())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_what_a_channel_likes_makes_it_fire():
    found = made(steps=40, side=48)
    fires = [
        strengths(tiny_backbone(), Source.of(found[c]), "conv2", compute=compute())[c]
        for c in range(8)
        if activations(found[c])[c] > 0.02
    ]
    assert np.median(fires) > 1.2


def test_classes_are_compared_by_their_probabilities():
    found = strengths(tiny_backbone(), picture(), "logit", compute=compute())
    assert found.shape == (3,)
    assert (found > 0).all()


def test_dead_leaves_are_the_same_each_time_and_have_no_scale():
    """The spectrum falls about as that of photographs: power near 1 / f^2."""
    np.testing.assert_array_equal(dead_leaves(1), dead_leaves(1))
    assert not np.array_equal(dead_leaves(1), dead_leaves(2))
    slopes = []
    for seed in range(6):
        power = np.abs(np.fft.fft2(dead_leaves(seed).mean(axis=2))) ** 2
        frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256)))
        middle = (frequency > 0.02) & (frequency < 0.2)
        slopes.append(np.polyfit(np.log(frequency[middle]), np.log(power[middle]), 1)[0])
    assert -3.5 < np.mean(slopes) < -1.8
