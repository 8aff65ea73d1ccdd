"""Sheets, and picture files that carry their recipe."""

import errno
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin, features

from studio.core.errors import StoreError
from studio.runs.pictures import KEY, MAX_RECIPE, enlarge, read_recipe, save_gif, save_png, save_webp, sheet

RECIPE = {"recipe": "vae", "seed": 3, "config": {"beta": 0.5, "name": "Ä → ☃"}, "layers": [1, 2]}
SAVERS = {"png": save_png, "gif": save_gif, "webp": save_webp}


def colours(count=3, size=6):
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def save(suffix, folder, recipe=RECIPE):
    pixels = colours()[0] if suffix == "png" else colours()
    path = folder / f"picture.{suffix}"
    if suffix == "png":
        return save_png(path, pixels, recipe)
    return SAVERS[suffix](path, pixels, recipe_json=recipe)


def test_sheet_places_pictures_row_by_row():
    pixels = np.stack([np.full((2, 3, 1), v, np.uint8) for v in (10, 20, 30)])
    made = sheet(pixels, columns=2, pad=1, background=0)[:, :, 0]
    expected = np.zeros((7, 9), np.uint8)
    expected[1:3, 1:4], expected[1:3, 5:8], expected[4:6, 1:4] = 10, 20, 30
    np.testing.assert_array_equal(made, expected)


def test_sheet_without_padding_is_the_picture():
    pixels = colours(1)
    np.testing.assert_array_equal(sheet(pixels, pad=0), pixels[0])
    assert sheet(colours(9), pad=0).shape == (18, 18, 3)


def test_tiny_pictures_are_enlarged_in_whole_pixels():
    pixels = np.array([[[[1], [2]], [[3], [4]]]], np.uint8)
    np.testing.assert_array_equal(enlarge(pixels, 3)[0, :, :, 0], [[1, 1, 2, 2]] * 2 + [[3, 3, 4, 4]] * 2)
    assert enlarge(colours(1, 80), 64).shape == (1, 80, 80, 3)
    assert sheet(colours(4), columns=2, pad=0, smallest=60).shape == (120, 120, 3)


@pytest.mark.parametrize(
    "pixels", [np.zeros((0, 2, 2, 1), np.uint8), np.zeros((1, 2, 2, 1)), np.zeros((2, 2), np.uint8)]
)
def test_what_is_no_sheet(pixels):
    with pytest.raises(ValueError, match="uint8 pictures"):
        sheet(pixels)


@pytest.mark.parametrize("suffix", SAVERS)
def test_recipe_comes_back(suffix, tmp_path):
    if suffix == "webp" and not features.check("webp"):
        pytest.skip("this Pillow has no WebP")
    assert read_recipe(save(suffix, tmp_path)) == RECIPE
    assert read_recipe(save(suffix, tmp_path, json.dumps(RECIPE))) == RECIPE
    assert read_recipe(save(suffix, tmp_path, None)) is None
    assert [p.name for p in tmp_path.iterdir()] == [f"picture.{suffix}"]


def test_long_recipes_survive_the_blocks_of_a_gif(tmp_path):
    recipe = {"words": [f"word {i}" for i in range(5000)]}
    assert read_recipe(save("gif", tmp_path, recipe)) == recipe


def test_png_keeps_its_pixels(tmp_path):
    grey = colours()[0][:, :, :1]
    with Image.open(save_png(tmp_path / "g.png", grey)) as image:
        np.testing.assert_array_equal(np.asarray(image), grey[:, :, 0])
    with Image.open(save("png", tmp_path)) as image:
        np.testing.assert_array_equal(np.asarray(image), colours()[0])


def test_films_loop_with_all_frames(tmp_path):
    with Image.open(save_gif(tmp_path / "f.gif", colours(), fps=10)) as film:
        assert film.n_frames == 3
        assert film.info["loop"] == 0
        assert film.info["duration"] == 100


def test_full_disk_and_forbidden_folder_keep_the_old_file(tmp_path, monkeypatch):
    path = save("png", tmp_path)
    before = path.read_bytes()

    def fails(number):
        def fsync(handle):
            raise OSError(number, "no")

        return fsync

    for number, words in ((errno.ENOSPC, "full"), (errno.EROFS, "permission")):
        monkeypatch.setattr(os, "fsync", fails(number))
        with pytest.raises(StoreError, match=words):
            save_png(path, colours()[1], RECIPE)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(StoreError):
        save_png(tmp_path / "missing" / "a.png", colours()[0])


def test_too_long_recipes_are_refused(tmp_path):
    with pytest.raises(ValueError, match="does not fit"):
        save("png", tmp_path, {"a": "x" * MAX_RECIPE})


def png_with(text, zipped=False):
    info = PngImagePlugin.PngInfo()
    info.add_text(KEY, text, zip=zipped)
    content = io.BytesIO()
    Image.new("L", (1, 1)).save(content, "PNG", pnginfo=info)
    return content.getvalue()


HOSTILE = {
    "not json": png_with("{"),
    "a list": png_with("[1]"),
    "not a number": png_with('{"a": NaN}'),
    "deep": png_with("[" * 100_000),
    "bomb": png_with('{"a": "' + "x" * 40_000_000 + '"}', zipped=True),
    "empty": b"",
    "text": b"GIF89a but not really",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_have_no_recipe(name, tmp_path):
    path = tmp_path / "hostile.png"
    path.write_bytes(HOSTILE[name])
    assert read_recipe(path) is None


def test_what_is_no_file_has_no_recipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "pipe"):
        assert read_recipe(path) is None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), suffix=st.sampled_from(sorted(SAVERS)))
def test_damaged_pictures_never_raise(data, suffix, tmp_path: Path):
    path = tmp_path / f"picture.{suffix}"
    if suffix == "webp" and not features.check("webp"):
        return
    if not (tmp_path / suffix).exists():
        (tmp_path / suffix).write_bytes(save(suffix, tmp_path).read_bytes())
    content = bytearray((tmp_path / suffix).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    found = read_recipe(path)
    assert found is None or isinstance(found, dict)
