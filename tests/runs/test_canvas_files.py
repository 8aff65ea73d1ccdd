"""Exports that carry their recipe, copies of sources, and the way from a recipe back to a request."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.canvas.dream_config import DreamConfig
from studio.canvas.picture import Source, read_source
from studio.canvas.transfer_config import TransferConfig
from studio.core.errors import BadConfig, BadInput, StudioError
from studio.core.knobs import to_json
from studio.runs import canvases
from studio.runs.canvas_files import (
    export,
    find_source,
    keep_source,
    kind_of,
    read_recipe,
    request_of,
    settings_in,
)
from studio.runs.canvases import DreamRequest, StyleRequest, TransferRequest
from studio.runs.pictures import save_png
from tests.canvas.fakes import picture, tiny_backbone

SMALL = {"size": 40, "octaves": 2, "iterations": 2, "jitter": 3, "precision": "fp32", "seed": 5}
PAINT = {"size": 40, "smallest": 32, "iterations": 2, "precision": "fp32", "seed": 5}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    backbone = tiny_backbone()
    monkeypatch.setattr(canvases, "open_backbone", lambda name, workspace, progress=None: backbone)


@pytest.fixture
def cat(tmp_path):
    return save_png(tmp_path / "cat.png", picture(48, 64, 1).pixels)


@pytest.fixture
def sun(tmp_path):
    return save_png(tmp_path / "sun.png", picture(40, 40, 2).pixels)


def left_half(height, width):
    mask = np.zeros((height, width), np.float32)
    mask[:, : width // 2] = 1
    return mask


def dreamt(cat, workspace, **more):
    session = canvases.dream(DreamRequest(picture=cat, settings=SMALL, **more), workspace)
    return canvases.finish(session), session.recipe()


def painted(cat, sun, workspace, **more):
    styles = [StyleRequest(picture=sun, weight=2.0, mask=left_half(48, 64)), StyleRequest(picture=cat, weight=0.5)]
    request = TransferRequest(content=cat, styles=styles, settings=PAINT, **more)
    session = canvases.transfer(request, workspace)
    return canvases.finish(session), session.recipe()


# ---- exports


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".PNG"])
def test_every_format_carries_the_recipe(suffix, cat, tmp_path):
    pixels, recipe = dreamt(cat, tmp_path, mask=left_half(48, 64))
    path = export(tmp_path / f"made{suffix}", pixels, recipe)
    assert read_recipe(path) == json.loads(json.dumps(recipe))
    assert read_source(path).size == pixels.shape[:2]
    difference = np.abs(read_source(path).pixels.astype(int) - pixels).mean()
    assert difference == 0 if suffix.lower() in (".png", ".tif", ".tiff") else difference < 6


def test_other_endings_are_refused_with_advice(tmp_path):
    for name in ("made.bmp", "made", "made.gif"):
        with pytest.raises(BadInput, match=r"End it in \.png"):
            export(tmp_path / name, np.zeros((20, 20, 3), np.uint8), {})
    assert list(tmp_path.iterdir()) == []


def test_pictures_larger_than_the_format_say_so(tmp_path):
    with pytest.raises(BadInput, match="Save it as PNG or TIFF"):
        export(tmp_path / "wide.webp", np.zeros((1, 16_384, 3), np.uint8), {})
    with pytest.raises(BadInput, match="Save it as PNG or TIFF"):
        export(tmp_path / "wide.jpg", np.zeros((1, 65_501, 3), np.uint8), {})


def test_pictures_without_a_recipe_say_so(cat, tmp_path):
    with pytest.raises(BadInput, match="carries no recipe"):
        read_recipe(cat)
    with pytest.raises(BadInput, match="does not exist"):
        read_recipe(tmp_path / "nothing.png")
    with pytest.raises(BadInput, match="carries no recipe"):
        read_recipe(save_png(tmp_path / "run.png", picture().pixels, {"run": "20260101-vae"}))


# ---- round trips


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_a_dream_can_be_made_again_from_its_export(suffix, cat, sun, tmp_path):
    changes = {2: {"step": 0.05}}
    pixels, recipe = dreamt(cat, tmp_path, guide=sun, mask=left_half(48, 64), changes=changes)
    request = request_of(read_recipe(export(tmp_path / f"made{suffix}", pixels, recipe)), tmp_path / "workspace")
    assert request.settings == to_json(DreamConfig(**SMALL))
    assert (request.picture, request.guide) == (cat, sun)
    assert request.changes == changes
    np.testing.assert_allclose(request.mask, left_half(30, 40), atol=0.2)  # as the session fitted it, in 8 bits
    session = canvases.dream(request, tmp_path)
    again = canvases.finish(session, steps=request.steps)
    assert np.abs(again.astype(int) - pixels).mean() < 0.05  # 8 bits of mask: exact without one, see below
    assert session.recipe() == recipe
    assert session.notices == []


def test_without_a_mask_the_dream_made_again_is_the_same(cat, tmp_path):
    pixels, recipe = dreamt(cat, tmp_path, changes={1: {"jitter": 0}, 2: {"step": 0.05}})
    request = request_of(json.loads(json.dumps(recipe)), tmp_path)
    np.testing.assert_array_equal(canvases.finish(canvases.dream(request, tmp_path), steps=request.steps), pixels)


def test_a_transfer_can_be_made_again_from_its_export(cat, sun, tmp_path):
    pixels, recipe = painted(cat, sun, tmp_path, mask=left_half(48, 64))
    request = request_of(read_recipe(export(tmp_path / "made.png", pixels, recipe)), tmp_path / "workspace")
    assert request.settings == to_json(TransferConfig(**PAINT))
    assert (request.content, [s.picture for s in request.styles]) == (cat, [sun, cat])
    assert [s.weight for s in request.styles] == [2.0, 0.5]
    np.testing.assert_array_equal(request.styles[0].mask, left_half(48, 64))
    np.testing.assert_array_equal(request.mask, left_half(48, 64))
    assert request.styles[1].mask is None
    session = canvases.transfer(request, tmp_path)
    np.testing.assert_array_equal(canvases.finish(session, steps=request.steps), pixels)
    assert session.recipe() == recipe


def test_a_picture_that_was_stopped_early_is_stopped_there_again(cat, tmp_path):
    session = canvases.dream(DreamRequest(picture=cat, settings=SMALL), tmp_path)
    pixels = canvases.finish(session, steps=3)
    assert (session.step, session.total_steps) == (3, 4)
    request = request_of(session.recipe(), tmp_path)
    assert request.steps == 3
    np.testing.assert_array_equal(canvases.finish(canvases.dream(request, tmp_path), steps=3), pixels)


def test_another_network_than_the_recipes_is_told(cat, tmp_path, monkeypatch):
    _, recipe = dreamt(cat, tmp_path)
    recipe["backbone"]["fingerprint"] = "another"
    session = canvases.dream(request_of(recipe, tmp_path), tmp_path)
    said = []
    canvases.finish(session, watch=lambda event: said.append(getattr(event, "text", "")))
    assert any("another version of Tiny" in text for text in said)


def test_masks_of_narrow_pictures_keep_their_proportions(tmp_path):
    wide = save_png(tmp_path / "wide.png", picture(21, 600, 3).pixels)  # 512 x 17.92 in the recipe
    request = DreamRequest(picture=wide, settings={**SMALL, "size": 0}, mask=left_half(21, 600))
    recipe = canvases.dream(request, tmp_path).recipe()
    assert request_of(recipe, tmp_path).mask.shape == (18, 512)
    again = canvases.dream(request_of(recipe, tmp_path), tmp_path)
    np.testing.assert_allclose(again.masks()["mask"], left_half(21, 600), atol=1)
    assert again.masks()["mask"].shape == (21, 600)


# ---- sources


def test_sources_are_kept_and_found_after_the_original_is_gone(cat, tmp_path):
    workspace, source = tmp_path / "workspace", read_source(cat)
    kept = keep_source(workspace, source)
    assert kept == workspace / "canvas" / "sources" / f"{source.sha256}.png"
    assert kept.read_bytes() == cat.read_bytes()
    stamp = kept.stat().st_mtime_ns
    assert keep_source(workspace, source) == kept
    assert kept.stat().st_mtime_ns == stamp
    entry = {"path": str(cat), "sha256": source.sha256}
    assert find_source(workspace, entry) == cat
    save_png(cat, picture(48, 64, 9).pixels)  # another picture in its place
    assert find_source(workspace, entry) == kept
    cat.unlink()
    assert find_source(workspace, entry) == kept
    kept.unlink()
    with pytest.raises(BadInput, match=r"content \(.*cat\.png\).* missing or changed"):
        find_source(workspace, entry, "content")


def test_pixels_without_a_file_are_kept_as_png(tmp_path):
    source = picture(20, 30)
    kept = keep_source(tmp_path, source)
    np.testing.assert_array_equal(read_source(kept).pixels, source.pixels)
    assert find_source(tmp_path, {"path": "", "sha256": source.sha256}) == kept


def test_a_file_that_changed_after_reading_is_kept_as_its_pixels(cat, tmp_path):
    source = read_source(cat)
    cat.write_bytes(b"something else")
    kept = keep_source(tmp_path / "workspace", source)
    np.testing.assert_array_equal(read_source(kept).pixels, source.pixels)


def test_a_recipe_works_in_a_workspace_that_kept_its_pictures(cat, tmp_path):
    workspace = tmp_path / "workspace"
    pixels, recipe = dreamt(cat, tmp_path)
    keep_source(workspace, read_source(cat))
    cat.unlink()
    np.testing.assert_array_equal(canvases.finish(canvases.dream(request_of(recipe, workspace), workspace)), pixels)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../secret", "//server/share/a.png", "\\\\server\\a.png", "a\0b", ""]
)
def test_no_other_file_is_opened_for_a_recipe(name, tmp_path):
    with pytest.raises(BadInput):
        find_source(tmp_path, {"path": name, "sha256": "0" * 64})


def test_network_paths_are_not_even_asked_for(tmp_path, monkeypatch):
    content = b"x"
    monkeypatch.setattr("pathlib.Path.is_file", lambda self: pytest.fail("the network was asked"))
    for name in ("//server/share/a.png", "\\\\server\\share\\a.png"):
        with pytest.raises(BadInput):
            find_source(tmp_path, {"path": name, "sha256": hashlib.sha256(content).hexdigest()})


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        "cat.png",
        {},
        {"path": 3, "sha256": "0" * 64},
        {"path": "a", "sha256": "*"},
        {"path": "a", "sha256": 5},
    ],
)
def test_malformed_entries_are_refused(entry, tmp_path):
    (tmp_path / "canvas" / "sources").mkdir(parents=True)
    (tmp_path / "canvas" / "sources" / "a.png").write_bytes(b"secret")
    with pytest.raises(BadInput):
        find_source(tmp_path, entry)


# ---- recipes of unknown origin


def png(width, height):
    content = io.BytesIO()
    Image.new("L", (width, height)).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def valid(cat):
    source = read_source(cat)
    entry = {"path": str(cat), "sha256": source.sha256, "height": 48, "width": 64}
    return {
        "kind": "transfer",
        "version": 1,
        "config": {"size": 40},
        "changes": {"3": {"style": 2}},
        "steps": 4,
        "backbone": {"id": "compact", "fingerprint": "f"},
        "sources": {"content": entry, "style 1": entry},
        "styles": [{"role": "style 1", "weight": 1}],
        "masks": {},
    }


WRONG = {
    "no kind": {"kind": None},
    "kind of another type": {"kind": ["dream"]},
    "unknown kind": {"kind": "poem"},
    "no version": {"version": None},
    "later version": {"version": 2},
    "version as text": {"version": "1"},
    "version true": {"version": True},
    "huge version": {"version": 10**400},
    "settings as list": {"config": [1]},
    "unknown setting": {"config": {"colour_of_magic": 8}},
    "setting of another type": {"config": {"size": [40]}},
    "setting out of range": {"config": {"size": 10**9}},
    "no number": {"config": {"style": "nan"}},
    "changes as list": {"changes": [1]},
    "change at no step": {"changes": {"soon": {"style": 2}}},
    "change at a strange digit": {"changes": {"²": {"style": 2}}},
    "change at a huge step": {"changes": {"9" * 5000: {"style": 2}}},
    "change of nothing": {"changes": {"3": 5}},
    "change of an unknown setting": {"changes": {"3": {"x": 5}}},
    "steps as text": {"steps": "all"},
    "steps below zero": {"steps": -1},
    "sources as text": {"sources": "cat.png"},
    "no content": {"sources": {}},
    "styles as text": {"styles": "style 1"},
    "no styles": {"styles": []},
    "too many styles": {"styles": [{"role": "style 1"}] * 1000},
    "style without picture": {"styles": [{"role": "style 2"}]},
    "role of another type": {"styles": [{"role": ["style 1"]}]},
    "weight as text": {"styles": [{"role": "style 1", "weight": "2"}]},
    "weight below zero": {"styles": [{"role": "style 1", "weight": -2}]},
    "weight true": {"styles": [{"role": "style 1", "weight": True}]},
    "masks as list": {"masks": []},
    "mask as number": {"masks": {"mask": 7}},
    "mask that is no base64": {"masks": {"mask": "äöü"}},
    "mask that is no picture": {"masks": {"mask": "aGVsbG8="}},
    "mask that is a bomb": {"masks": {"mask": png(9000, 9000)}},
    "backbone as text": {"backbone": "compact"},
}


def test_the_valid_recipe_is_valid(cat, tmp_path):
    request = request_of(valid(cat), tmp_path)
    assert request.changes == {3: {"style": 2.0}}
    assert settings_in(valid(cat))["size"] == 40


@pytest.mark.parametrize("name", WRONG)
def test_wrong_recipes_are_refused_with_a_message(name, cat, tmp_path):
    with pytest.raises((BadInput, BadConfig)) as caught:
        request_of({**valid(cat), **WRONG[name]}, tmp_path)
    assert len(str(caught.value)) < 1000


def test_a_mask_of_another_picture_is_refused_when_used(cat, tmp_path):
    request = request_of({**valid(cat), "masks": {"mask": png(64, 64)}}, tmp_path)
    with pytest.raises(BadInput, match="64 x 64 for a picture of 64 x 48"):
        canvases.transfer(request, tmp_path)


def test_kinds_and_versions(cat):
    assert kind_of({"kind": "dream", "version": 1}) == "dream"
    with pytest.raises(BadInput, match="Update the studio"):
        kind_of({"kind": "dream", "version": 99})


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_recipes_only_raise_studio_errors(data, cat, tmp_path):
    recipe = json.loads(json.dumps(valid(cat)))
    place = recipe
    for _ in range(data.draw(st.integers(0, 3))):
        inner = [v for v in place.values() if isinstance(v, dict) and v]
        place = data.draw(st.sampled_from(inner)) if inner else place
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(anything)
    with contextlib.suppress(StudioError):
        request_of(recipe, tmp_path)


def test_style_equal_to_content_is_said(cat, tmp_path):
    request = TransferRequest(content=cat, styles=[StyleRequest(picture=cat)], settings=PAINT)
    session = canvases.transfer(request, tmp_path)
    assert "content picture itself" in session.notices[0][0]


def test_a_source_is_known_by_its_full_path(cat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = canvases.dream(DreamRequest(picture=type(cat)("cat.png"), settings=SMALL), tmp_path)
    assert session.recipe()["sources"]["picture"]["path"] == str(cat)
    assert isinstance(session.sources()["picture"], Source)
