"""Dreaming: the book's algorithm against an independent reference, and what goes beyond it."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from studio.canvas.ascent import blurred, evened
from studio.canvas.backbone import Backbone
from studio.canvas.backbones.bundled import compact
from studio.canvas.dream import DreamSession
from studio.canvas.dream_config import PRESETS, DreamConfig
from studio.canvas.objective import parse
from studio.canvas.shortage import out_of_memory
from studio.core.errors import BadConfig, BadInput
from studio.core.events import Images, Message, Scalars
from studio.core.knobs import fields_of, make
from tests.canvas.fakes import compute, picture, tiny_backbone

BOOK = {
    "layers": "conv2:1, conv3:1.5",
    "size": 0,
    "octaves": 3,
    "octave_scale": 1.4,
    "iterations": 4,
    "length": 3.0,
    "crop": 2,
    "jitter": 0,
    "max_loss": 0.0,
}
QUICK = {"size": 48, "octaves": 2, "iterations": 3, "step": 0.02}


def session(source=None, led_by=None, mask=None, **settings) -> DreamSession:
    config = make(DreamConfig, {**QUICK, **settings})
    source = picture() if source is None and config.start == "picture" else source
    return DreamSession(config, tiny_backbone(), compute(), source, guide=led_by, mask=mask)


def run(dream: DreamSession) -> torch.Tensor:
    list(dream.events())
    return dream.picture()


# ---- the book, written out again from the formulas of section 12.2


def reference(pixels, steps, weights, *, length, octaves, scale, iterations, max_loss, crop, order):
    """The whole algorithm on the modules of the tiny network, in -1..1 units as the book has it."""
    original = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    height, width = pixels.shape[:2]
    sizes = [(int(height / scale**k), int(width / scale**k)) for k in range(octaves)][::-1]

    def resize(x, size):
        return F.interpolate(x, size, mode="bilinear", align_corners=False)

    def loss_of(y):
        total = 0.0
        for name, module in steps.named_children():
            y = module(y)
            key = name.replace("relu", "conv")
            if name.startswith("relu") and key in weights:
                inner = y[:, :, crop : y.shape[2] - crop, crop : y.shape[3] - crop] if crop else y
                total = total + weights[key] * (inner * inner).mean()
        return total

    dream, shrunken, counts = original.clone(), resize(original, sizes[0]), []
    for size in sizes:
        dream = resize(dream, size)
        lost = resize(original, size) - resize(shrunken, size)
        if order == "before":
            dream = dream + lost
        done = 0
        for _ in range(iterations):
            y = dream.detach().requires_grad_(True)
            loss = loss_of(y)
            (g,) = torch.autograd.grad(loss, y)
            dream = dream + length * g / torch.sqrt((g * g).sum() + 1e-12)
            done += 1
            if max_loss and loss.item() > max_loss:
                break
        counts.append(done)
        if order == "after":
            dream = dream + lost
        shrunken = resize(original, size)
    return dream / 2 + 0.5, counts


def book_loss_limit(source) -> float:
    """A limit that is crossed in the middle of an octave: the losses are of this network's size."""
    losses = [e.values["loss"][0] for e in session(source, **BOOK).events() if isinstance(e, Scalars)]
    return (losses[1] + losses[2]) / 2


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("order", ["after", "before"])
def test_book_mode_is_the_book_s_algorithm(order: str, limited: bool) -> None:
    source = picture(61, 83)
    limit = book_loss_limit(source) if limited else 0.0
    dream = session(source, **{**BOOK, "reinject": order, "max_loss": limit})
    events = list(dream.events())
    network = tiny_backbone().module.steps.requires_grad_(False)
    wanted, counts = reference(
        source.pixels,
        network,
        {"conv2": 1.0, "conv3": 1.5},
        length=3.0,
        octaves=3,
        scale=1.4,
        iterations=4,
        max_loss=limit,
        crop=2,
        order=order,
    )
    assert torch.allclose(dream.picture(), wanted, atol=1e-5)
    assert sum(isinstance(e, Scalars) for e in events) == sum(counts)
    assert (sum(counts) < 12) == limited
    assert dream.step == 12  # an octave that ends early jumps to its end


def test_book_mode_does_not_clip() -> None:
    dream = session(**{**BOOK, "length": 60.0})
    result = run(dream)
    assert float(result.min()) < 0 or float(result.max()) > 1


def test_book_preset_has_the_book_s_numbers() -> None:
    config = make(DreamConfig, PRESETS["chollet"]["settings"])
    assert config.layers == "Mixed_6b:1, Mixed_6c:1.5, Mixed_6d:2, Mixed_6e:2.5"
    assert (config.length, config.octaves, config.octave_scale, config.iterations) == (20, 3, 1.4, 30)
    assert (config.max_loss, config.crop, config.jitter, config.size, config.precision) == (15, 2, 0, 0, "fp32")
    plain = {"smoothing": 0, "laplacian": 0, "tv": 0, "normalise": "step", "optimizer": "ascent", "colour": "free"}
    assert {name: getattr(config, name) for name in plain} == plain
    assert (config.parameters, config.pooling, config.reinject, config.start) == ("pixels", "max", "after", "picture")


@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_are_valid_settings_that_their_network_can_follow(name: str) -> None:
    config = make(DreamConfig, PRESETS[name]["settings"])
    assert PRESETS[name]["title"]
    assert PRESETS[name]["about"]
    if config.backbone == "compact":
        assert parse(config.layers, bundled_network())


@functools.cache
def bundled_network() -> Backbone:
    return compact()


# ---- objectives


def test_a_negative_weight_pushes_away() -> None:
    def last(weight):
        scalars = [e for e in session(layers=f"conv2:{weight}", jitter=0).events() if isinstance(e, Scalars)]
        return abs(scalars[-1].values["conv2"][0]), abs(scalars[3].values["conv2"][0])

    up, start = last(1)
    down, _ = last(-1)
    assert up > start > down


def test_a_class_logit_rises() -> None:
    values = [e.values["logit/2"][0] for e in session(layers="logit/ship:1").events() if isinstance(e, Scalars)]
    assert values[-1] > values[0]


def test_terms_add_up_to_the_loss() -> None:
    event = next(e for e in session(layers="conv1/2:0.5, conv3:2, logit/cat:-1").events() if isinstance(e, Scalars))
    parts = {name: value[0] for name, value in event.values.items()}
    assert parts["loss"] == pytest.approx(sum(v for k, v in parts.items() if k != "loss"), rel=1e-5)
    assert set(parts) == {"conv1/2", "conv3", "logit/0", "loss"}


def test_a_guide_leads_by_the_best_matching_vectors() -> None:
    guide = picture(40, 40, seed=5)
    dream = session(led_by=guide, layers="conv2:2", octaves=1, iterations=1, jitter=0, crop=1, size=0)
    event = next(e for e in dream.events() if isinstance(e, Scalars))
    network = tiny_backbone()
    network.module.requires_grad_(False)
    x, y = (
        network.features(torch.from_numpy(s.pixels.copy()).permute(2, 0, 1)[None].float() / 255, ("conv2",))["conv2"]
        for s in (picture(), guide)
    )
    cells, vectors = x[0, :, 1:-1, 1:-1].flatten(1), y[0].flatten(1)
    best = vectors[:, (cells.t() @ vectors).argmax(1)]
    assert event.values["loss"][0] == pytest.approx(float(2 * (cells * best).mean()), rel=1e-4)


# ---- steps


@pytest.mark.parametrize("height", [48, 96])
def test_a_step_changes_pixels_by_its_root_mean_square_at_every_size(height: int) -> None:
    source = picture(height, height)
    grey = type(source).of((source.pixels // 4 + 96).astype(np.uint8))
    dream = session(grey, size=0, octaves=1, iterations=1, step=0.01)
    before = dream.picture().clone()
    change = run(dream) - before
    assert float(change.square().mean().sqrt()) == pytest.approx(0.01, rel=0.01)


def test_pixels_stay_in_range_beyond_the_book() -> None:
    result = run(session(step=0.3))
    assert float(result.min()) >= 0
    assert float(result.max()) <= 1


def test_the_first_step_of_an_octave_sets_the_scale() -> None:
    """With "octave" the steps grow with the gradient; with "step" they do not."""

    def changes(normalise):
        dream = session(normalise=normalise, octaves=1, iterations=4, jitter=0, size=0, length=1.0)
        states = [dream.picture().clone()]
        for event in dream.events():
            if isinstance(event, Scalars):
                states.append(dream.picture().clone())
        return [float((b - a).norm()) for a, b in itertools.pairwise(states)]

    even, growing = changes("step"), changes("octave")
    assert even == pytest.approx([0.5] * 4, rel=1e-3)
    assert growing[0] == pytest.approx(0.5, rel=1e-3)
    assert growing[-1] != pytest.approx(0.5, rel=1e-3)


def test_blur_is_a_gaussian() -> None:
    impulse = torch.zeros(1, 1, 33, 33)
    impulse[..., 16, 16] = 1
    found = blurred(impulse, 2.0)[0, 0]
    at = torch.arange(33.0) - 16
    wanted = torch.exp(-(at[:, None] ** 2 + at[None] ** 2) / 8)
    assert torch.allclose(found, wanted / wanted.sum(), atol=2e-4)


def test_laplacian_levels_are_each_brought_to_unit_size() -> None:
    """Against a pyramid of one band and a rest written out: binomial kernel, every second cell, bilinear back."""
    torch.manual_seed(0)
    x = torch.randn(1, 1, 12, 16) + 50 * torch.linspace(0, 1, 16)
    row = np.array([1, 4, 6, 4, 1]) / 16
    padded = np.pad(x[0, 0].double().numpy(), 2, mode="edge")
    low = np.array(
        [[(np.outer(row, row) * padded[i : i + 5, j : j + 5]).sum() for j in range(0, 16, 2)] for i in range(0, 12, 2)]
    )
    back = F.interpolate(torch.from_numpy(low)[None, None], (12, 16), mode="bilinear")[0, 0].numpy()
    band = x[0, 0].double().numpy() - back
    rest = low / np.sqrt((low**2).mean())
    wanted = F.interpolate(torch.from_numpy(rest)[None, None], (12, 16), mode="bilinear")[0, 0].numpy()
    wanted += band / np.sqrt((band**2).mean())
    assert np.allclose(evened(x, 1)[0, 0].numpy(), wanted, atol=1e-4)
    assert torch.allclose(evened(1000 * x, 4), evened(x, 4), atol=1e-3)


# ---- masks and colours


def test_the_dream_grows_only_inside_the_mask() -> None:
    mask = np.zeros((48, 64), np.float32)
    mask[:, :32] = 1
    dream = session(size=0, mask=mask)
    run(dream)
    assert np.array_equal(dream.pixels()[:, 34:], picture().pixels[:, 34:])
    assert np.abs(dream.pixels()[:, :30].astype(int) - picture().pixels[:, :30]).mean() > 1


def test_a_mask_can_be_replaced_while_it_works() -> None:
    dream = session(size=0)
    for event in dream.events():
        if isinstance(event, Scalars) and event.step == 1:
            dream.set_mask(np.zeros((48, 64), np.float32))
    assert np.array_equal(dream.pixels(), picture().pixels)


def test_a_mask_of_other_proportions_is_refused() -> None:
    with pytest.raises(BadInput, match="64 x 48"):
        session(size=0, mask=np.ones((64, 48), np.float32))


def test_kept_colours_are_the_picture_s() -> None:
    dream = session(size=0, colour="keep")
    result = dream.finishing(run(dream))
    source = torch.from_numpy(picture().pixels.copy()).permute(2, 0, 1)[None].float() / 255
    for a, b in ((0, 1), (1, 2)):  # differences between channels are chrominance
        assert torch.allclose(result[:, a] - result[:, b], source[:, a] - source[:, b], atol=1e-5)


# ---- every knob, and the same again

CHANGED = {
    "layers": "conv1:1",
    "size": 40,
    "start": "noise",
    "octaves": 1,
    "octave_scale": 1.2,
    "iterations": 5,
    "step": 0.05,
    "length": 2.0,
    "max_loss": 1e-9,
    "crop": 0,
    "reinject": "off",
    "jitter": 3,
    "smoothing": 1.5,
    "laplacian": 3,
    "normalise": "octave",
    "optimizer": "adam",
    "parameters": "fourier",
    "tv": 20.0,
    "colour": "keep",
    "pooling": "average",
    "tile": 16,
    "seed": 1,
    "guide": 0.3,
}
APPLIED_OUTSIDE = {"backbone", "device", "precision"}
"""Used by whoever opens the network and chooses the device (`studio.runs.canvases`)."""
FOR_MEMORY = {"tile"}
"""Changes what is held in memory, and the picture only by rounding: see test_tiles.py."""


@pytest.mark.parametrize("name", [f.name for f in fields_of(DreamConfig) if f.name not in APPLIED_OUTSIDE | FOR_MEMORY])
def test_every_knob_changes_the_picture(name: str) -> None:
    guide = picture(40, 40, seed=5) if name == "guide" else None
    plain, turned = (session(led_by=guide, **values) for values in ({}, {name: CHANGED[name]}))
    run(plain), run(turned)
    a, b = plain.pixels(), turned.pixels()
    assert a.shape != b.shape or np.abs(a.astype(int) - b).max() > 0


@pytest.mark.parametrize("name", [f.name for f in fields_of(DreamConfig) if f.knob.live])
def test_every_live_knob_can_be_turned_while_it_works(name: str) -> None:
    guide = picture(40, 40, seed=5) if name == "guide" else None
    plain, turned = session(led_by=guide), session(led_by=guide)
    run(plain)
    for event in turned.events():
        if isinstance(event, Scalars) and event.step == 1:
            turned.change({name: CHANGED[name]})
    assert turned.finished
    assert turned.total_steps == turned.step
    a, b = plain.pixels(), turned.pixels()
    assert name in FOR_MEMORY or a.shape != b.shape or np.abs(a.astype(int) - b).max() > 0


def test_the_same_seed_gives_the_same_picture_bit_for_bit() -> None:
    settings = {"start": "noise", "parameters": "fourier", "optimizer": "adam", "tile": 16}
    assert torch.equal(run(session(**settings)), run(session(**settings)))
    assert torch.equal(run(session()), run(session()))


def test_a_recipe_gives_the_same_picture() -> None:
    mask = np.ones((48, 64), np.float32)
    mask[:, 40:] = 0
    dream = session(mask=mask, tv=5.0)
    for event in dream.events():
        if isinstance(event, Scalars) and event.step in (1, 4):
            dream.change({"step": 0.03} if event.step == 1 else {"layers": "conv1:1", "iterations": 5})
    recipe = json.loads(json.dumps(dream.recipe()))
    again = DreamSession(make(DreamConfig, recipe["config"]), tiny_backbone(), compute(), picture(), mask=mask)
    again.replay = {int(step): values for step, values in recipe["changes"].items()}
    assert torch.equal(run(again), dream.picture())
    assert again.step == recipe["steps"]
    assert again.changes == dream.changes
    assert again.first_config == dream.first_config
    assert again.config == dream.config


# ---- what does not fit


def test_a_border_larger_than_the_map_is_left_out_less_and_said() -> None:
    dream = session(size=24, octaves=2, crop=16)
    events = list(dream.events())
    assert all(np.isfinite(e.values["loss"][0]) for e in events if isinstance(e, Scalars))
    assert any(isinstance(e, Message) and "border" in e.text for e in events)


def test_octaves_too_small_for_the_network_are_left_out_and_said() -> None:
    dream = session(size=24, octaves=12)
    assert min(dream.stages[0].size) >= tiny_backbone().smallest
    assert any(isinstance(e, Message) and "octaves" in e.text for e in dream.events())


def test_a_picture_too_small_for_the_network_is_refused() -> None:
    network = dataclasses.replace(tiny_backbone(), smallest=75)
    with pytest.raises(BadConfig, match="too small for Tiny"):
        DreamSession(make(DreamConfig, {"size": 64}), network, compute(), picture())


def test_a_layer_that_is_not_there_is_refused_at_once_and_on_the_way() -> None:
    with pytest.raises(BadConfig, match="no layer called"):
        session(layers="conv9:1")
    dream = session()
    with pytest.raises(BadConfig):
        dream.change({"layers": "conv9:1"})
    assert dream.config.layers == ""
    assert not dream.changes
    run(dream)


def test_nothing_to_climb_is_said_and_is_no_number_trouble() -> None:
    events = list(session(layers="conv1:0").events())
    assert any(isinstance(e, Message) and "excites" in e.text for e in events)


def test_from_noise_without_a_picture() -> None:
    for parameters in ("pixels", "decorrelated", "fourier"):
        dream = DreamSession(
            make(DreamConfig, {**QUICK, "start": "noise", "parameters": parameters}), tiny_backbone(), compute(), None
        )
        events = list(dream.events())
        assert dream.pixels().shape == (48, 48, 3)
        assert next(e for e in events if isinstance(e, Images) and e.name == "live")


def test_out_of_memory_is_recognised() -> None:
    assert out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."))
    assert not out_of_memory(RuntimeError("size mismatch"))
