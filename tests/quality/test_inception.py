"""The Inception of FID against torchvision's, whose pooling is changed to FID's for the comparison."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torchvision.models import inception as theirs

from studio.core.errors import BadInput
from studio.quality import inception
from studio.quality.distances import frechet
from studio.quality.measures import inception_figures


@pytest.fixture(scope="module")
def pair():
    """Both networks with the same random weights; small ones keep the activations finite."""
    torch.manual_seed(0)
    reference = theirs.inception_v3(weights=None, num_classes=1008, aux_logits=False, init_weights=False).eval()
    ours = inception.Inception().eval()
    ours.load_state_dict(reference.state_dict())
    return ours, reference


def test_names_and_shapes_are_those_of_the_published_weights(pair):
    ours, reference = pair
    shapes = {name: tensor.shape for name, tensor in reference.state_dict().items()}
    assert {name: tensor.shape for name, tensor in ours.state_dict().items()} == shapes


def test_features_equal_torchvisions_with_fids_pooling(pair, monkeypatch):
    ours, reference = pair
    average = F.avg_pool2d
    x = y = torch.randn(2, 3, 80, 80)
    with torch.no_grad():
        features, logits = ours(x)
        monkeypatch.setattr(F, "avg_pool2d", lambda *a, **how: average(*a, **how, count_include_pad=False))
        for name, block in reference.named_children():
            if name == "Mixed_7c":
                break
            y = block(y)
        monkeypatch.setattr(F, "avg_pool2d", F.max_pool2d)
        expected = reference.Mixed_7c(y).mean(dim=(2, 3))
    assert features.shape == (2, 2048)
    assert torch.allclose(features, expected, rtol=1e-4, atol=1e-5)
    assert torch.allclose(logits, F.linear(expected, reference.fc.weight), rtol=1e-3, atol=1e-4)


def test_weights_are_looked_for_and_never_fetched(pair, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    assert inception.found(tmp_path) is None
    assert "pt_inception-2015-12-05" in inception.missing(tmp_path).what_to_do
    place = tmp_path / "hub" / "checkpoints" / inception.FILES[0]
    place.parent.mkdir(parents=True)
    torch.save(pair[0].state_dict(), place)
    assert inception.found(tmp_path) == place
    assert not inception.load(place).training
    place.write_bytes(b"nothing")
    with pytest.raises(BadInput):
        inception.load(place)


class Stand(torch.nn.Module):
    """Mean colour of sixteen fields as features, ten logits: what torchmetrics does with them is what counts."""

    def forward(self, x):
        features = F.adaptive_avg_pool2d(x[:, :1], 4).flatten(1)
        return features, features[:, :10]


@pytest.mark.filterwarnings("ignore:Metric")
def test_figures_on_inception_are_torchmetrics_and_carry_their_names():
    random = np.random.default_rng(0)
    real, fake = (random.integers(0, high, (40, 8, 8, 1), np.uint8) for high in (256, 128))
    figures = {figure.key: figure for figure in inception_figures(real, fake, Stand(), seed=0)}
    assert [figures[key].title for key in ("fid", "kid", "is")] == ["FID", "KID", "IS"]
    x, y = (inception.look(Stand(), pixels)[0] for pixels in (real, fake))
    assert figures["fid"].value == pytest.approx(frechet(x, y), rel=1e-5)
    assert figures["kid"].low < figures["kid"].value < figures["kid"].high
    assert figures["is"].value >= 1
    assert figures["fid"].protocol == (
        "40 real (training split) and 40 generated; Inception v3 (2015-12-05);"
        " resize to 299 px, bilinear with antialiasing; seed 0"
    )
