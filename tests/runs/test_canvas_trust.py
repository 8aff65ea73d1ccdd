"""What a stranger's recipe may name, and recipes too large for a picture."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio.canvas.backbones import is_known
from studio.canvas.backbones.shelf import Chosen, remember
from studio.canvas.masks import mask_text
from studio.core.errors import BadInput
from studio.runs import pictures
from studio.runs.canvas_files import export, read_recipe, request_of

RECIPE = {"kind": "dream", "version": 1, "steps": 1, "config": {}, "changes": {}, "sources": {}, "masks": {}}


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "file:/x/weights.safetensors", "vgg19=/x.pth", "\\\\host\\share\\x.pth"]
)
def test_a_recipe_may_not_name_weights_that_were_never_chosen(tmp_path, name):
    for recipe in (
        {**RECIPE, "config": {"backbone": name}},
        {**RECIPE, "config": {}, "changes": {"3": {"backbone": name}}},
    ):
        with pytest.raises(BadInput, match="never opened here"):
            request_of(recipe, tmp_path)


def test_a_chosen_file_may_be_named(tmp_path):
    path = tmp_path / "mine.safetensors"
    save_file({"x": np.zeros(1)}, path)
    assert not is_known(str(path), tmp_path)
    remember(tmp_path, Chosen(f"file:{path}", "mine", str(path)))
    assert is_known(str(path), tmp_path)
    assert is_known(f"file:{path}", tmp_path)
    assert request_of({**RECIPE, "config": {"backbone": str(path)}}, tmp_path).settings["backbone"] == str(path)


@pytest.mark.parametrize("name", ["compact", "vgg19", "run:vae-1234", "random:vgg19"])
def test_names_that_are_no_files_are_known(tmp_path, name):
    assert is_known(name, tmp_path)


def test_masks_too_detailed_for_a_picture_become_coarser(tmp_path):
    noise = np.random.default_rng(0).random((512, 512)).astype(np.float32)
    masks = {f"style {n}": mask_text(noise) for n in range(1, 8)}
    assert sum(map(len, masks.values())) > pictures.MAX_RECIPE
    export(tmp_path / "a.png", np.zeros((8, 8, 3), np.uint8), {**RECIPE, "kind": "transfer", "masks": masks})
    assert set(read_recipe(tmp_path / "a.png")["masks"]) == set(masks)
