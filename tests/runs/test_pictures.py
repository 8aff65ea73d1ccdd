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
from studio.runs.pictures import (
    KEY,
    MAX_RECIPE,
    enlarge,
    read_recipe,
    save_gif,
    save_jpeg,
    save_png,
    save_tiff,
    save_webp,
    sheet,
)

RECIPE = {"recipe": "vae", "seed": 3, "config": {"beta": 0.5, "name": "Ä → ☃"}, "layers": [1, 2]}
SAVERS = {"png": save_png, "jpg": save_jpeg, "tif": save_tiff, "gif": save_gif, "webp": save_webp}
STILLS = ("png", "jpg", "tif")


def colours(count=3, size=6):
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def save(suffix, folder, recipe=RECIPE):
    pixels = colours()[0] if suffix in STILLS else colours()
    return SAVERS[suffix](folder / f"picture.{suffix}", pixels, recipe_json=recipe)


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


@pytest.mark.parametrize("suffix", SAVERS)
@pytest.mark.parametrize("words", [5000, 60_000])
def test_long_recipes_survive_the_blocks_of_a_format(suffix, words, tmp_path):
    recipe = {"words": [f"word {i}" for i in range(words)]}  # 60,000 words: 0.9 MB, 15 segments of a JPEG
    assert read_recipe(save(suffix, tmp_path, recipe)) == recipe


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_lossless_formats_keep_their_pixels(suffix, tmp_path):
    grey = colours()[0][:, :, :1]
    with Image.open(SAVERS[suffix](tmp_path / f"g.{suffix}", grey, RECIPE)) as image:
        np.testing.assert_array_equal(np.asarray(image), grey[:, :, 0])
    with Image.open(save(suffix, tmp_path)) as image:
        np.testing.assert_array_equal(np.asarray(image), colours()[0])


def test_jpeg_keeps_colour_at_full_resolution(tmp_path):
    ramp = np.linspace(0, 255, 32).astype(np.uint8)
    pixels = np.stack([np.tile(ramp, (32, 1)), np.full((32, 32), 128, np.uint8), np.tile(ramp[:, None], 32)], axis=2)
    with Image.open(save_jpeg(tmp_path / "a.jpg", pixels, RECIPE)) as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # no channel is subsampled
        assert image.info["jfif"]  # the JFIF segment is still the first
        assert np.abs(np.asarray(image, int) - pixels).max() <= 6
    with Image.open(save_jpeg(tmp_path / "g.jpg", pixels[:, :, :1], RECIPE)) as image:
        assert image.mode == "L"


def test_a_comment_of_somebody_else_is_left_aside(tmp_path):
    content = save("jpg", tmp_path).read_bytes()
    theirs = b"\xff\xfe\x00\x0ehello there."
    (tmp_path / "both.jpg").write_bytes(content[:20] + theirs + content[20:])
    assert read_recipe(tmp_path / "both.jpg") == RECIPE
    plain = save("jpg", tmp_path, None).read_bytes()
    (tmp_path / "theirs.jpg").write_bytes(plain[:20] + theirs + plain[20:])
    assert read_recipe(tmp_path / "theirs.jpg") is None


def tiff_with(description):
    content = io.BytesIO()
    Image.new("L", (1, 1)).save(content, "TIFF", description=description)
    return content.getvalue()


def jpeg_with(*comments):
    content = io.BytesIO()
    Image.new("L", (8, 8)).save(content, "JPEG")
    made = content.getvalue()
    segments = b"".join(b"\xff\xfe" + (len(c) + 2).to_bytes(2, "big") + c for c in comments)
    return made[:20] + segments + made[20:]


BEGIN = f'{{"{KEY}": '.encode()
HOSTILE_METADATA = {
    "a list in a tiff": tiff_with(f'{{"{KEY}": [1]}}'),
    "deep tiff": tiff_with(f'{{"{KEY}": ' + "[" * 50_000),
    "long tiff": tiff_with(f'{{"{KEY}": {{"a": "' + "x" * (1 << 20) + '"}}'),
    "deep jpeg": jpeg_with(BEGIN + b"[" * 50_000),
    "long jpeg": jpeg_with(BEGIN + b'{"a": "', *[b"x" * 60_000] * 20, b'"}}'),
    "torn jpeg": jpeg_with(BEGIN + b'{"a": "'),
    "bytes in a jpeg": jpeg_with(BEGIN + b'{"a": "\xff\x00"}}'),
    "two recipes": jpeg_with(BEGIN + b'{"a": 1}}', BEGIN + b'{"a": 2}}'),
    "not a number in a jpeg": jpeg_with(BEGIN + b'{"a": NaN}}'),
}


@pytest.mark.parametrize("name", HOSTILE_METADATA)
def test_hostile_metadata_is_no_recipe(name, tmp_path):
    path = tmp_path / "hostile.jpg"
    path.write_bytes(HOSTILE_METADATA[name])
    assert read_recipe(path) is None


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
