"""The policy is measured, explained, remembered, and never tries what the hardware cannot do."""

from __future__ import annotations

import pytest
import torch

from studio.core import policy as pol
from studio.core.compute import Compute, Policy
from studio.core.errors import NotAvailable
from studio.core.training import Training

from .fakes import Tiny, TinyData


@pytest.fixture
def data():
    return TinyData()


def build(compute):
    return Tiny(Tiny.Config(), TinyData().spec, compute)


def choose(data, memory=None, **wish):
    return pol.choose(build, data, Training(batch_size=8), memory=memory, recipe="tiny", config=Tiny.Config(), **wish)


def test_choice_is_explained_with_its_timings(data):
    chosen = choose(data, device="cpu", precision="fp32")
    assert chosen.device == "cpu"
    assert set(chosen.timings) == {"fp32 contiguous", "fp32 channels_last"}
    assert "ms per step" in chosen.reason
    assert Policy(**chosen.to_json()) == chosen


def test_choice_is_remembered(data, tmp_path, monkeypatch):
    memory = tmp_path / "policies.json"
    first = choose(data, memory, device="cpu")
    monkeypatch.setattr(pol, "_time", lambda *a: pytest.fail("measured again"))
    assert choose(data, memory, device="cpu") == first


def test_damaged_memory_is_measured_anew(data, tmp_path):
    memory = tmp_path / "policies.json"
    memory.write_text("{")
    assert choose(data, memory, device="cpu").device == "cpu"


def test_bf16_is_not_tried_without_units(data, monkeypatch):
    monkeypatch.setattr(pol, "has_bf16_units", lambda device: False)
    chosen = choose(data, device="cpu")
    assert not any("bf16" in label for label in chosen.timings)
    assert "no bf16 units" in chosen.reason


def test_bf16_is_tried_with_units(data, monkeypatch):
    tried = []
    monkeypatch.setattr(pol, "has_bf16_units", lambda device: True)
    monkeypatch.setattr(pol, "_time", lambda b, p, *a: tried.append(p) or (1.0 if p.precision == "bf16" else 5.0))
    assert choose(data, device="cpu").precision == "bf16"
    assert len(tried) == 4


def test_compiling_is_tried_when_asked_and_only_there(data, monkeypatch):
    tried = []
    monkeypatch.setattr(pol, "has_bf16_units", lambda device: False)
    monkeypatch.setattr(pol, "_time", lambda b, p, *a: tried.append(p) or (1.0 if p.compiled else 5.0))
    assert not choose(data, device="cpu").compiled
    assert not any(p.compiled for p in tried)
    tried.clear()
    chosen = choose(data, device="cpu", compiling="on")
    assert chosen.compiled
    assert "compiled" in chosen.reason
    assert all(p.compiled for p in tried)


def test_a_combination_that_fails_is_not_chosen(data, monkeypatch):
    monkeypatch.setattr(pol, "_time", lambda b, p, *a: float("inf") if p.channels_last else 5.0)
    assert not choose(data, device="cpu").channels_last


def test_small_gains_are_ignored(data, monkeypatch):
    monkeypatch.setattr(pol, "_time", lambda b, p, *a: 4.95 if p.channels_last else 5.0)
    assert not choose(data, device="cpu").channels_last


def test_missing_device_says_what_there_is():
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(NotAvailable) as caught:
        pol.device_name("cuda")
    assert "cpu" in caught.value.what_to_do


def test_minimise_touches_only_its_own_network():
    compute = Compute(Policy())
    a, b = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)
    opt = compute.sgd(a.parameters(), 0.1)
    before = [p.clone() for p in b.parameters()]
    compute.minimise(b(a(torch.ones(3, 2))).sum(), opt)
    assert all(p.grad is None for p in b.parameters())
    assert all(torch.equal(p, q) for p, q in zip(b.parameters(), before, strict=True))
    assert a.weight.grad is not None


def test_clipping_bounds_the_gradient():
    compute = Compute(Policy())
    compute.clip_norm = 0.5
    net = torch.nn.Linear(3, 1, bias=False)
    opt = compute.sgd(net.parameters(), 1.0)
    before = net.weight.detach().clone()
    compute.minimise(1000 * net(torch.ones(1, 3)).sum(), opt)
    assert (net.weight - before).norm().item() == pytest.approx(0.5, rel=1e-3)
