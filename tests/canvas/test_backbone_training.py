"""The script that trains the bundled backbone: folding, attack, textures; and the file that it wrote."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from studio.canvas.compact import CompactNet
from studio.core.resources import resource

SCRIPTS = Path(__file__).resolve().parents[2] / "packaging" / "backbone"


@pytest.fixture(scope="module")
def script():
    """The training script as a module."""
    spec = importlib.util.spec_from_file_location("train_backbone", SCRIPTS / "train.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["train_backbone"] = module
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(SCRIPTS))


def small_net():
    torch.manual_seed(0)
    net = CompactNet(5, ((4, 6), (8,)), normalised=True)
    for module in net.modules():  # statistics as after training, so that folding has something to fold
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 2)
            module.bias.data.uniform_(-1, 1)
    return net.eval()


def test_the_folded_network_answers_like_the_trained_one(script):
    net = small_net()
    plain = CompactNet(5, ((4, 6), (8,))).eval()
    plain.load_state_dict({name: tensor.float() for name, tensor in script.folded(net).items()})
    x = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(plain(x), net(x), atol=2e-2, rtol=2e-2)  # half precision in between


def test_the_attack_stays_within_its_length_and_raises_the_loss(script):
    net, rng = small_net(), torch.Generator().manual_seed(0)
    x, y = torch.rand(8, 3, 16, 16), torch.arange(8) % 5
    moved = script.attacked(net, x, y, 0.5, rng)
    assert (moved - x).flatten(1).norm(dim=1).max() <= 0.5 + 1e-5
    assert moved.min() >= 0
    assert moved.max() <= 1
    with torch.no_grad():
        before, after = (F.cross_entropy(net(script.standardised(v)), y) for v in (x, moved))
    assert after > before


def test_every_texture_is_seeded_and_of_its_own_kind(script):
    for kind in script.TEXTURES:
        a, again = (script.texture(kind, 24, np.random.default_rng(3)) for _ in range(2))
        other = script.texture(kind, 24, np.random.default_rng(4))
        assert a.shape == (3, 24, 24)
        assert a.dtype == np.uint8
        assert np.array_equal(a, again)
        assert not np.array_equal(a, other)
        assert a.std() > 3


def test_the_shipped_file_is_small():
    assert resource("backbones/compact.safetensors").stat().st_size <= 12 * 2**20
