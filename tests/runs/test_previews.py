"""Stored previews come back as they were shown; what is no preview is none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from studio.core.events import Images
from studio.runs.pictures import read_recipe, save_png
from studio.runs.previews import load, save, title

RECIPE = {"run": "r1", "step": 40}


def shown(count=7, columns=3, channels=3, captions=("cat 90%", "✗ dog 51% (cat)")):
    pixels = np.random.default_rng(0).integers(0, 256, (count, 5, 8, channels), dtype=np.uint8)
    return Images(40, "predictions", pixels, columns, captions)


@pytest.mark.parametrize("columns", [0, 1, 3, 7, 40])
@pytest.mark.parametrize("channels", [1, 3])
def test_comes_back_with_its_captions(tmp_path, columns, channels):
    event = shown(columns=columns, channels=channels)
    found = load(save(tmp_path / "step_0000000040_predictions.png", event, RECIPE))
    np.testing.assert_array_equal(found.pixels, event.pixels)
    assert (found.step, found.name, found.captions) == (40, "predictions", event.captions)
    assert found.columns == {0: 3, 40: 7}.get(columns, columns)


def test_keeps_a_name_that_no_file_could_have(tmp_path):
    event = Images(40, "Constant in z0, -4 to 4", shown().pixels, 3)
    assert title(save(tmp_path / "step_40.png", event, RECIPE)) == "Constant in z0, -4 to 4"
    assert title(save_png(tmp_path / "other.png", np.zeros((9, 9, 3), np.uint8), RECIPE)) == ""


def test_carries_its_recipe_as_before(tmp_path):
    path = save(tmp_path / "p.png", shown(), RECIPE)
    assert {name: read_recipe(path)[name] for name in RECIPE} == RECIPE


@pytest.mark.parametrize(
    "layout",
    [
        None,
        [],
        {"count": 7},
        {"count": 0, "columns": 0, "captions": []},
        {"count": 7, "columns": 9, "captions": []},
        {"count": 7, "columns": 3, "captions": "abc"},
        {"count": 7, "columns": 3, "captions": [1]},
        {"count": 10**9, "columns": 3, "captions": []},
        {"count": "7", "columns": 3, "captions": []},
    ],
)
def test_a_layout_that_does_not_fit_is_no_preview(tmp_path, layout):
    path = save_png(tmp_path / "p.png", np.zeros((23, 32, 3), np.uint8), {**RECIPE, "sheet": layout})
    assert load(path) is None


def test_other_files_are_no_previews(tmp_path):
    plain = save_png(tmp_path / "plain.png", np.zeros((9, 9, 3), np.uint8))
    whole = save(tmp_path / "whole.png", shown(), RECIPE).read_bytes()
    (tmp_path / "torn.png").write_bytes(whole[: len(whole) - 60])
    (tmp_path / "text.png").write_text(json.dumps(RECIPE))
    for path in (plain, tmp_path / "torn.png", tmp_path / "text.png", tmp_path / "missing.png", tmp_path):
        assert load(path) is None
