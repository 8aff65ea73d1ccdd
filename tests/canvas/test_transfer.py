"""A transfer: the books' algorithms against references written here, and every knob."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
import torch

from studio.canvas.backbone import CAFFE
from studio.canvas.optimisers import Adam, Evaluation
from studio.canvas.picture import Source, to_pixels, to_tensor
from studio.canvas.stages import growing_sides
from studio.canvas.tiles import layout, receptive_radius
from studio.canvas.transfer import TransferSession
from studio.canvas.transfer_config import Style, TransferConfig
from studio.canvas.transfer_loss import STYLE_UNIT
from studio.canvas.transfer_presets import PRESETS
from studio.canvas.transfer_targets import at_size
from studio.core.errors import BadConfig, BadInput
from studio.core.events import Finished, Images, Message, Scalars
from studio.core.knobs import fields_of, make
from tests.canvas.fakes import compute, picture, tiny_backbone

BOOK = {
    "scaling": "code",
    "smallest": 4096,
    "size": 64,
    "style_fit": "stretch",
    "pooling": "max",
    "average": 0.0,
    "content_layers": "conv3:1",
    "style_layers": "conv1:1, conv2:1",
}
QUICK = {"size": 64, "smallest": 32, "growth": 2.0, "iterations": 4}


def session(settings=None, *, styles=None, backbone=None, content=None, mask=None):
    config = make(TransferConfig, {**QUICK, **(settings or {})})
    styles = styles or [Style(picture(40, 50, seed=3))]
    return TransferSession(config, backbone or tiny_backbone(), compute(), content or picture(), styles, mask=mask)


def run(made):
    events = list(made.events())
    assert events[-1].status == "done"
    return events


def losses_of(events, name="loss"):
    return [e.values[name][0] for e in events if isinstance(e, Scalars)]


# ---- the books, written a second time


def reference_losses(z, content, style, backbone, weights, scaling):
    """The book's losses of z, float32 (1, 3, H, W) in 0..255 RGB; returns (content, style, tv)."""
    mean = torch.tensor([103.939, 116.779, 123.68], dtype=torch.float32).view(1, 3, 1, 1)

    def look(x):
        return backbone.module(x.flip(1) - mean, ("conv1", "conv2", "conv3"))

    now, kept, wanted = look(z), look(content), look(style)
    area = z.shape[-2] * z.shape[-1]
    total = 0
    for layer in ("conv1", "conv2"):
        f, s = now[layer][0].flatten(1), wanted[layer][0].flatten(1)
        divisor = 4 * 3**2 * area**2 if scaling == "code" else 4 * f.shape[0] ** 2 * f.shape[1] ** 2
        total = total + weights[1] / 2 * ((f @ f.T - s @ s.T) ** 2).sum() / divisor
    a = (z[..., :-1, :-1] - z[..., 1:, :-1]) ** 2
    b = (z[..., :-1, :-1] - z[..., :-1, 1:]) ** 2
    closeness = weights[0] * ((now["conv3"] - kept["conv3"]) ** 2).sum()
    return closeness, total, weights[2] * ((a + b) ** 1.25).sum()


def book(scaling="code", style_size=(48, 64)):
    """A session's parts for the reference: a backbone of its own, content and style in 0..255."""
    content, style = picture(), picture(*style_size, seed=3)
    backbone = tiny_backbone(CAFFE)
    pixels = [to_tensor(p.pixels).contiguous() * 255 for p in (content, style)]
    return content, style, backbone, pixels


@pytest.mark.parametrize("scaling", ["code", "formula"])
def test_first_losses_are_the_books(scaling):
    content, style, network, (c, s) = book()
    weights = (2.5e-8, 1e-6, 1e-6)
    settings = {**BOOK, "scaling": scaling, "content": 2.5e-8, "style": 1e-6, "tv": 1e-6, "start": "style"}
    made = session({**settings, "iterations": 1}, styles=[Style(style)], backbone=tiny_backbone(CAFFE), content=content)
    values = next(e for e in run(made) if isinstance(e, Scalars)).values
    expected = reference_losses(s, c, s, network, weights, scaling)
    assert values["content"][0] == pytest.approx(float(expected[0]), rel=1e-4)
    assert values["style"][0] == pytest.approx(0.0, abs=1e-12)
    assert values["tv"][0] == pytest.approx(float(expected[2]), rel=1e-4)


@pytest.mark.parametrize("scaling", ["code", "formula"])
def test_steps_of_descent_are_the_books(scaling):
    """Chollet 12.3.4: no momentum, rate 100 * 0.96^(t/100), no clipping, from the content."""
    content, style, network, (c, s) = book()
    weights = (2.5e-6, 2e-3, 1e-6) if scaling == "code" else (2.5e-6, 1e-3, 1e-6)
    settings = {**BOOK, "scaling": scaling, "optimizer": "sgd", "rate": 100.0, "decay": 0.96, "iterations": 5}
    settings |= dict(zip(("content", "style", "tv"), weights, strict=True))
    made = session(settings, styles=[Style(style)], backbone=tiny_backbone(CAFFE), content=content)
    events = run(made)
    z, expected = c.clone(), []
    for t in range(5):
        z.requires_grad_()
        loss = sum(reference_losses(z, c, s, network, weights, scaling))
        (slope,) = torch.autograd.grad(loss, z)
        z = (z - 100 * 0.96 ** (t / 100) * slope).detach()
        expected.append(float(loss))
    np.testing.assert_allclose(losses_of(events), expected, rtol=1e-4)
    assert float((z - c).abs().max()) > 0.2
    torch.testing.assert_close(made.picture() * 255, z, rtol=0, atol=2e-3)


def test_lbfgs_is_torchs_driven_directly():
    """Foster ch. 5 with torch's L-BFGS: 1, 100, 20 and up to 20 evaluations per iteration."""
    content, style, network, (c, s) = book()
    weights = (1.0, 100.0, 20.0)
    settings = {**BOOK, "optimizer": "lbfgs", "evaluations": 20, "iterations": 1}
    settings |= dict(zip(("content", "style", "tv"), weights, strict=True))
    made = session(settings, styles=[Style(style)], backbone=tiny_backbone(CAFFE), content=content)
    run(made)
    z = c.clone(memory_format=torch.contiguous_format).requires_grad_()
    direct = torch.optim.LBFGS(
        [z], max_iter=20, max_eval=20, tolerance_grad=0, tolerance_change=0, history_size=10,
        line_search_fn="strong_wolfe",
    )  # fmt: skip

    def closure():
        direct.zero_grad()
        loss = sum(reference_losses(z, c, s, network, weights, "code"))
        loss.backward()
        return loss

    before = float(closure())
    direct.step(closure)
    after = float(closure())
    ours = float(sum(reference_losses(made.picture() * 255, c, s, network, weights, "code")))
    assert after < 0.5 * before
    assert ours == pytest.approx(after, rel=0.02)


def test_relative_losses_are_what_the_text_says():
    """ "mean": each term relative to its target; at the style's own picture the content is |F - P|^2 / |P|^2."""
    content, style = picture(), picture(seed=3)
    made = session({"smallest": 4096, "size": 64, "iterations": 1, "tv": 0.0}, styles=[Style(style)], content=content)
    values = next(e for e in run(made) if isinstance(e, Scalars)).values
    backbone = tiny_backbone().prepared(compute(), "max")
    look = [backbone.features(to_tensor(p.pixels), ("conv1", "conv2")) for p in (content, style)]
    for layer in ("conv1", "conv2"):
        g, a = (f[layer][0].flatten(1) @ f[layer][0].flatten(1).T / f[layer][0, 0].numel() for f in look)
        relative = float((g - a).square().sum() / a.square().sum())
        assert values[f"style {layer}"][0] == pytest.approx(STYLE_UNIT * relative / 2, rel=1e-3)
    assert values["content"][0] == 0.0
    assert values["loss"][0] == pytest.approx(values["style"][0])


# ---- tiles


def masked_session(**settings):
    half = np.zeros((48, 64), np.float32)
    half[:, :30] = 1
    styles = [Style(picture(40, 50, seed=3), mask=half), Style(picture(50, 40, seed=4), 2.0, mask=1 - half)]
    return session({"size": 192, "smallest": 4096, "iterations": 1, **settings}, styles=styles, mask=half)


@pytest.mark.parametrize("offset", [(0, 0), (20, 36)])
def test_tiles_give_the_gradient_of_the_whole_picture(offset):
    made = masked_session()
    made.enter(0)
    x = to_tensor(picture(144, 192, seed=7).pixels)
    weights, loss = made._comparison.weights, made._comparison.loss
    whole, gradient = loss(x, weights, layout((144, 192), 0))
    margin = receptive_radius(made.backbone, weights.layers)
    tiles = layout((144, 192), 48, margin, 4, offset)
    assert len(tiles) > 6
    found, tiled = loss(x, weights, tiles)
    for name in whole:
        assert float(found[name]) == pytest.approx(float(whole[name]), rel=1e-4), name
    assert float((tiled - gradient).norm() / gradient.norm()) < 1e-4


def test_targets_made_in_tiles_are_those_of_the_whole_picture():
    whole, tiled = masked_session(), masked_session(tile=48)
    for made in (whole, tiled):
        made.enter(0)
    a, b = whole._comparison.loss.targets, tiled._comparison.loss.targets
    for layer in a.content:
        torch.testing.assert_close(a.content[layer], b.content[layer], rtol=1e-4, atol=1e-5)
    for one, other in zip(a.styles, b.styles, strict=True):
        for layer in one.grams:
            torch.testing.assert_close(one.grams[layer], other.grams[layer], rtol=1e-4, atol=1e-5)


def test_a_run_in_tiles_ends_like_one_without():
    whole, tiled = (masked_session(iterations=3, optimizer="adam", tile=tile) for tile in (0, 48))
    a, b = losses_of(run(whole)), losses_of(run(tiled))
    np.testing.assert_allclose(a, b, rtol=1e-3)


# ---- knobs

OTHER = {
    "content": 20.0,
    "style": 9.0,
    "tv": 30.0,
    "size": 48,
    "smallest": 40,
    "growth": 1.2,
    "iterations": 6,
    "start": "noise",
    "colours": "linear",
    "style_scale": 0.6,
    "style_fit": "crop",
    "content_layers": "conv2:1",
    "style_layers": "conv1:1, conv3:1",
    "scaling": "formula",
    "tv_power": 0.75,
    "optimizer": "adam",
    "rate": 0.08,
    "decay": 0.05,
    "average": 0.2,
    "pooling": "average",
    "precision": "bf16",
    "seed": 5,
}
ADAM = {"optimizer": "adam"}
BASE = {"rate": ADAM, "decay": ADAM, "seed": {"start": "noise"}, "scaling": {"content": 1e-4, **ADAM}}
ELSEWHERE = {"backbone", "device", "tile", "coherence"}
"""Chosen outside the session; tiles must *not* change the result; coherence is a film's (test_frames)."""


@pytest.mark.parametrize("name", sorted({f.name for f in fields_of(TransferConfig)} - ELSEWHERE - {"precision"}))
def test_every_knob_changes_the_result(name):
    base = {**QUICK, **BASE.get(name, {})}
    value = {**OTHER, "evaluations": 5}[name]
    style = [Style(picture(64, 40, seed=3))]
    with_default, with_other = (session({**base, **extra}, styles=style) for extra in ({}, {name: value}))
    for made in (with_default, with_other):
        run(made)
    one, other = with_default.pixels(), with_other.pixels()
    assert one.shape != other.shape or (one != other).mean() > 0.01


LIVE = sorted(f.name for f in fields_of(TransferConfig) if f.knob.live and f.name not in ELSEWHERE)


@pytest.mark.parametrize("name", LIVE)
def test_every_live_knob_can_be_turned_while_it_runs(name):
    made = session({**QUICK, **BASE.get(name, {}), "iterations": 5})
    plain = session({**QUICK, **BASE.get(name, {}), "iterations": 5})
    made.replay = {7: {name: {**OTHER, "evaluations": 5}[name]}}
    events = run(made)
    run(plain)
    assert not [e for e in events if isinstance(e, Message) and e.level == "warning"]
    one, other = plain.pixels(), made.pixels()
    assert one.shape != other.shape or (one != other).any()


@pytest.mark.parametrize("colours", ["style", "luminance", "histogram", "linear", "only"])
def test_colour_modes(colours):
    made = session({"colours": colours, "iterations": 10})
    run(made)
    result = to_tensor(made.pixels())
    content = at_size(picture().pixels, tuple(result.shape[-2:]), torch.device("cpu"))
    if colours == "luminance":
        inside = ((result > 0.02) & (result < 0.98)).all(1, keepdim=True).expand_as(result)
        chroma = (result - result[:, 1:2]) - (content - content[:, 1:2])
        assert chroma[inside].abs().max() < 0.01
    if colours == "only":
        style = to_tensor(picture(40, 50, seed=3).pixels)
        torch.testing.assert_close(result.mean((2, 3)), style.mean((2, 3)), atol=0.03, rtol=0)
        edges = [(p[..., 1:] - p[..., :-1]).mean(1).flatten() for p in (result, content)]
        assert np.corrcoef(edges[0].numpy(), edges[1].numpy())[0, 1] > 0.9


def test_switching_from_colours_only_to_a_transfer_goes_on():
    made = session({"colours": "only"})
    run(made)
    made.change({"colours": "style"})
    assert made.total_steps > 1
    run(made)


# ---- styles and masks


def test_a_painted_style_acts_where_it_is_painted():
    left = np.zeros((48, 64), np.float32)
    left[:, :24] = 1
    made = session({"content": 0.0, "tv": 0.0, "iterations": 10}, styles=[Style(picture(seed=3), mask=left)])
    run(made)
    content = to_pixels(at_size(picture().pixels, (48, 64), torch.device("cpu"))).astype(int)
    change = np.abs(made.pixels().astype(int) - content).mean((0, 2))
    assert change[:20].mean() > 4 * change[36:].mean()


def test_a_region_of_the_style_is_as_good_as_the_cut_out_part():
    both = np.concatenate([picture(40, 40, seed=3).pixels, picture(40, 40, seed=4).pixels], axis=1)
    region = np.zeros((40, 80), np.float32)
    region[:, :40] = 1
    large = {"size": 384, "smallest": 4096}
    made = session(large, styles=[Style(Source.of(both), region=region)])
    whole = session(large, styles=[Style(Source.of(both))])
    cut = session({**large, "style_scale": 0.5}, styles=[Style(picture(40, 40, seed=3))])
    grams = []
    for s in (made, whole, cut):
        s.enter(0)
        grams.append(s._comparison.loss.targets.styles[0].grams["conv2"])
    assert (grams[0] - grams[2]).norm() < 0.2 * (grams[1] - grams[2]).norm()


def test_weights_of_styles_are_shares():
    styles = [picture(40, 50, seed=3), picture(40, 50, seed=4)]
    ones, twos = (session(styles=[Style(s, w) for s in styles]) for w in (1.0, 2.0))
    alone, zero = session(styles=[Style(styles[0])]), session(styles=[Style(styles[0]), Style(styles[1], 0.0)])
    for made in (ones, twos, alone, zero):
        run(made)
    np.testing.assert_array_equal(ones.pixels(), twos.pixels())
    np.testing.assert_array_equal(alone.pixels(), zero.pixels())
    assert (ones.pixels() != alone.pixels()).any()


def test_a_mask_frees_a_part_from_the_content():
    mask = np.ones((48, 64), np.float32)
    mask[:, :32] = 0
    settings = {"content": 30.0, "start": "noise", "iterations": 8, "optimizer": "adam"}
    free, held = (session(settings, mask=m) for m in (mask, None))
    for made in (free, held):
        run(made)
    difference = np.abs(free.pixels().astype(int) - held.pixels()).mean((0, 2))
    assert difference[:26].mean() > 2 * difference[40:].mean()


def test_styles_replaced_from_another_thread_while_it_runs():
    made, plain = session(), session()
    run(plain)
    other = [Style(picture(40, 50, seed=9), 2.0)]
    for event in made.events():
        if isinstance(event, Scalars) and event.step == 5:
            thread = threading.Thread(target=made.set_styles, args=(other,))
            thread.start()
            thread.join()
    assert made.sources()["style 1"].sha256 == other[0].source.sha256
    assert (made.pixels() != plain.pixels()).any()


def test_style_equal_to_content_begins_without_style_loss():
    made = session({"smallest": 4096, "style_fit": "stretch", "tv": 0.0}, styles=[Style(picture())])
    events = run(made)
    assert losses_of(events, "style")[0] < 1e-8
    assert np.isfinite(losses_of(events)).all()


# ---- what is refused


@pytest.mark.parametrize("weights", [(-1.0,), (0.0,), (0.0, 0.0), (2.0, -1.0), (float("nan"),)])
def test_weights_that_say_nothing_are_refused(weights):
    with pytest.raises(BadConfig, match="weight"):
        session(styles=[Style(picture(seed=i), w) for i, w in enumerate(weights)])


def test_refusals_are_clear():
    zeros = np.zeros((48, 64), np.float32)
    with pytest.raises(BadConfig, match="mask of style 1 is empty"):
        session(styles=[Style(picture(seed=3), mask=zeros)])
    with pytest.raises(BadConfig, match="region of style 1 is empty"):
        session(styles=[Style(picture(seed=3), region=zeros)])
    with pytest.raises(BadInput, match="style 1"):
        session(styles=[Style(picture(seed=3), mask=np.ones((48, 20), np.float32))])
    with pytest.raises(BadConfig, match="no layer"):
        session({"style_layers": "conv9"})
    with pytest.raises(BadConfig, match="whole layers"):
        session({"content_layers": "conv2/3:1"})
    with pytest.raises(BadConfig, match="negative"):
        session({"style_layers": "conv1:1, conv2:-0.5"})
    with pytest.raises(BadConfig, match="too small"):
        session({"size": 3})


def test_a_refused_change_changes_nothing():
    made = session()
    before = made.config
    with pytest.raises(BadConfig):
        made.change({"style_layers": "conv9:1"})
    assert made.config == before
    with pytest.raises(BadConfig):
        made.set_styles([])
    run(made)


# ---- steps, scales, seeds, recipes


def test_the_same_seed_gives_the_same_picture():
    for start in ("noise", "content"):
        one, other = session({"start": start, "seed": 3}), session({"start": start, "seed": 3})
        run(one), run(other)
        np.testing.assert_array_equal(one.pixels(), other.pixels())


def test_a_recipe_with_its_changes_gives_the_same_picture():
    made = session()
    made.replay = {3: {"style": 7.0}}
    run(made)
    recipe = made.recipe()
    again = session(recipe["config"])
    again.replay = {int(step): values for step, values in recipe["changes"].items()}
    run(again)
    np.testing.assert_array_equal(made.pixels(), again.pixels())
    assert again.recipe()["changes"] == recipe["changes"]
    assert recipe["sources"]["style 1"]["sha256"] == picture(40, 50, seed=3).sha256


@pytest.mark.parametrize(("smallest", "largest", "growth"), [(128, 512, 2**0.5), (128, 500, 1.3), (300, 200, 2.0)])
def test_scales_grow_evenly_and_at_most_by_growth(smallest, largest, growth):
    sides = growing_sides(smallest, largest, growth)
    assert sides[-1] == largest
    assert sides[0] == min(smallest, largest)
    assert all(b / a <= growth * 1.01 for a, b in itertools.pairwise(sides))
    if (smallest, largest) == (128, 512):
        assert sides == [128, 181, 256, 362, 512]


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "sgd"])
def test_every_optimiser_goes_down_over_the_scales(optimizer):
    rate = {"sgd": 1.0}.get(optimizer, 0.02)
    made = session({"optimizer": optimizer, "rate": rate, "iterations": 15})
    loss = losses_of(run(made))
    assert loss[14] < loss[0]
    assert loss[-1] < loss[15] < loss[0]


def test_adam_carries_its_moments_to_the_next_scale():
    def slope(x):
        return Evaluation({}, x.sum(), torch.ones_like(x))

    adam, x = Adam(), torch.zeros(1, 3, 4, 4)
    for _ in range(3):
        x, _ = adam.step(x, slope, 0.1)
    adam.resized((8, 6))
    y, _ = adam.step(torch.zeros(1, 3, 8, 6), slope, 0.1)
    torch.testing.assert_close(y, torch.full((1, 3, 8, 6), -0.1))


def test_adam_is_torchs():
    goal = torch.rand(1, 3, 4, 4)
    parameter = torch.zeros(1, 3, 4, 4, requires_grad=True)
    theirs, ours, x = torch.optim.Adam([parameter], lr=0.05, betas=(0.9, 0.99)), Adam(), torch.zeros(1, 3, 4, 4)
    for _ in range(5):
        theirs.zero_grad()
        (parameter - goal).square().sum().backward()
        theirs.step()
        x, _ = ours.step(x, lambda y: Evaluation({}, y.sum(), 2 * (y - goal)), 0.05)
    torch.testing.assert_close(x, parameter.detach())


def test_the_picture_is_the_unbiased_running_mean():
    made = session({"smallest": 4096, "iterations": 3, "average": 0.8})
    seen = []
    for event in made.events():
        if isinstance(event, Scalars):
            seen.append(made._x.clone())
    weights = np.array([0.8**2, 0.8, 1.0])
    expected = sum(float(w) * x for w, x in zip(weights / weights.sum(), seen, strict=True))
    torch.testing.assert_close(made.picture(), expected)


def test_events_and_what_the_inspector_needs():
    made = session()
    assert made.inspect() == {"style": {}, "content": {}}
    events = run(made)
    values = next(e for e in events if isinstance(e, Scalars)).values
    assert {"loss", "content", "style", "tv", "style conv1", "style conv2"} <= set(values)
    found = made.inspect()
    assert found["style"]["conv2"]["present"].shape == found["style"]["conv2"]["target"].shape == (8, 8)
    assert 0 <= found["content"]["conv3"] < 2
    assert isinstance(events[-1], Finished)
    result = next(e for e in events if isinstance(e, Images) and e.name == "result")
    assert result.pixels.shape[1:] == (48, 64, 3)


def test_going_back_and_on():
    made = session()
    run(made)
    made.rewind(3)
    assert made.step == 3
    run(made)


def test_presets_are_settings():
    assert {"chollet", "foster"} <= set(PRESETS)
    for preset in PRESETS.values():
        make(TransferConfig, preset["settings"])
        assert preset["title"]
        assert preset["about"]
