"""Strange pictures, masks and recipes: what can be used is used, the rest is refused with a clear message."""

from __future__ import annotations

import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from studio.app.main import main
from studio.canvas.picture import read_source
from studio.core.errors import BadInput
from studio.runs import canvases
from studio.runs.canvas_files import read_recipe, request_of
from studio.runs.canvases import DreamRequest, StyleRequest, TransferRequest
from studio.runs.pictures import KEY, save_png
from tests.canvas.fakes import picture, tiny_backbone

SMALL = {"size": 32, "octaves": 1, "iterations": 1, "jitter": 0, "precision": "fp32"}
PAINT = {"size": 32, "smallest": 32, "iterations": 1, "precision": "fp32"}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    backbone = tiny_backbone()
    monkeypatch.setattr(canvases, "open_backbone", lambda name, workspace, progress=None: backbone)


@pytest.fixture
def plain(tmp_path):
    return save_png(tmp_path / "plain.png", picture(32, 48, 3).pixels)


def colours(height=32, width=48):
    return Image.fromarray(picture(height, width, 4).pixels)


def saved(image, path, **options):
    image.save(path, **options)
    return path


def rotated(folder):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: 48 x 32 is shown as 32 x 48
    return saved(colours(), folder / "rotated.jpg", exif=exif.tobytes())


def with_alpha(folder):
    alpha = np.zeros((32, 48), np.uint8)
    alpha[:, 24:] = 255
    image = colours()
    image.putalpha(Image.fromarray(alpha))
    return saved(image, folder / "alpha.png")


def sixteen_bits(folder):
    ramp = np.linspace(0, 65535, 32 * 48).reshape(32, 48).astype(np.uint16)
    return saved(Image.fromarray(ramp), folder / "deep.png")


def animated(folder):
    frames = [Image.new("RGB", (48, 32), colour) for colour in ("red", "blue")]
    return saved(frames[0], folder / "moving.gif", save_all=True, append_images=frames[1:])


USABLE = {
    "alpha": (with_alpha, (32, 48)),
    "cmyk": (lambda folder: saved(colours().convert("CMYK"), folder / "cmyk.jpg"), (32, 48)),
    "cmyk tiff": (lambda folder: saved(colours().convert("CMYK"), folder / "cmyk.tif"), (32, 48)),
    "16 bits": (sixteen_bits, (32, 48)),
    "grey": (lambda folder: saved(colours().convert("L"), folder / "grey.png"), (32, 48)),
    "one bit": (lambda folder: saved(colours().convert("1"), folder / "bits.png"), (32, 48)),
    "palette": (lambda folder: saved(colours().convert("P"), folder / "palette.png"), (32, 48)),
    "rotated": (rotated, (48, 32)),
    "animated": (animated, (32, 48)),
    "long but not too long": (lambda folder: saved(colours(32, 1000), folder / "long.png"), (32, 1000)),
}


def cut(folder):
    content = saved(colours(200, 200), folder / "whole.png").read_bytes()
    (folder / "cut.png").write_bytes(content[: len(content) // 2])
    return folder / "cut.png"


def cut_jpeg(folder):
    content = saved(colours(200, 200), folder / "whole.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(content[:200])
    return folder / "cut.jpg"


def no_picture(folder):
    (folder / "text.png").write_text("I am a text that calls itself a picture.")
    return folder / "text.png"


def inside(folder):
    (folder / "folder.png").mkdir()
    return folder / "folder.png"


def enormous(folder):
    """A header that promises 30,000 x 30,000 pixels, as a decompression bomb has it."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    written = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    (folder / "enormous.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(written))
    return folder / "enormous.png"


REFUSED = {
    "one pixel": (lambda folder: saved(Image.new("RGB", (1, 1)), folder / "dot.png"), "too small"),
    "a line": (lambda folder: saved(Image.new("RGB", (5000, 1)), folder / "line.png"), "too narrow"),
    "an upright line": (lambda folder: saved(Image.new("RGB", (1, 5000)), folder / "line.png"), "too narrow"),
    "30,000 px wide": (lambda folder: saved(Image.new("L", (30_000, 40)), folder / "wide.png"), "too narrow"),
    "30,000 px square": (enormous, "enormous"),
    "cut off": (cut, "damaged or cut off"),
    "cut off in its header": (cut_jpeg, "damaged or cut off"),
    "not a picture": (no_picture, "not a picture"),
    "empty": (lambda folder: (folder / "empty.png").touch() or folder / "empty.png", "not a picture"),
    "missing": (lambda folder: folder / "missing.png", "does not exist"),
    "a folder": (inside, "folder"),
}


def dreamt(path, tmp_path, **more):
    session = canvases.dream(DreamRequest(picture=path, settings=SMALL, **more), tmp_path)
    return canvases.finish(session)


def painted(content, style, tmp_path, **more):
    styles = [StyleRequest(picture=style, **more)]
    return canvases.finish(canvases.transfer(TransferRequest(content=content, styles=styles, settings=PAINT), tmp_path))


@pytest.mark.parametrize("name", USABLE)
def test_every_kind_of_picture_can_be_dreamt_on_and_painted(name, plain, tmp_path):
    make, size = USABLE[name]
    path = make(tmp_path)
    assert read_source(path).size == size
    expected = (round(32 * size[0] / max(size)), round(32 * size[1] / max(size)))
    if min(expected) >= 4:  # the tiny network sees nothing in less
        assert dreamt(path, tmp_path).shape == (*expected, 3)
        assert painted(path, plain, tmp_path).shape == (*expected, 3)
    assert painted(plain, path, tmp_path).shape == (21, 32, 3)


def test_what_is_transparent_is_white_and_a_film_shows_its_first_frame(tmp_path):
    assert (read_source(with_alpha(tmp_path)).pixels[:, :24] == 255).all()
    assert tuple(read_source(animated(tmp_path)).pixels[0, 0]) == (255, 0, 0)
    ramp = read_source(sixteen_bits(tmp_path)).pixels
    assert (ramp[0, 0, 0], ramp[-1, -1, 0]) == (0, 255)


def test_a_picture_of_30000_pixels_that_is_not_too_narrow_is_read(tmp_path):
    path = saved(Image.new("L", (30_000, 940), 77), tmp_path / "wide.png", compress_level=1)
    source = read_source(path)
    assert source.size == (940, 30_000)
    assert (source.pixels[::100, ::1000] == 77).all()


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_in_every_role(name, plain, tmp_path):
    make, says = REFUSED[name]
    path = make(tmp_path)
    for use in (
        lambda: dreamt(path, tmp_path),
        lambda: dreamt(plain, tmp_path, guide=path),
        lambda: painted(path, plain, tmp_path),
        lambda: painted(plain, path, tmp_path),
    ):
        with pytest.raises(BadInput, match=says) as caught:
            use()
        assert path.name in caught.value.what
        assert caught.value.what_to_do


@pytest.mark.parametrize("command", ["dream", "guide", "content", "style"])
@pytest.mark.parametrize("name", [name for name in REFUSED if name != "a folder"])
def test_the_command_line_says_it_without_a_traceback(name, command, plain, workspace, tmp_path, capfd):
    make, says = REFUSED[name]
    path = make(tmp_path)
    words = {
        "dream": ["dream", path],
        "guide": ["dream", plain, "--guide", path],
        "content": ["transfer", path, plain],
        "style": ["transfer", plain, path],
    }[command]
    out = tmp_path / "made.png"
    assert main([*map(str, words), "--out", str(out), "--json"]) == 1
    told, err = capfd.readouterr()
    document = json.loads(told)
    assert set(document) == {"error", "what_to_do"}
    assert says in document["error"]
    assert "Traceback" not in err
    assert not out.exists()


# ---- masks


@pytest.mark.parametrize("size", [(32, 32), (48, 32), (1, 1), (32, 60)])
def test_masks_of_other_proportions_are_refused_in_every_role(size, plain, tmp_path):
    mask = save_png(tmp_path / "mask.png", np.zeros((*size, 1), np.uint8))
    array = np.zeros(size, np.float32)
    for given in (mask, array):
        for use in (
            lambda m: dreamt(plain, tmp_path, mask=m),
            lambda m: painted(plain, plain, tmp_path, mask=m),
            lambda m: painted(plain, plain, tmp_path, region=m),
            lambda m: canvases.transfer(
                TransferRequest(content=plain, styles=[StyleRequest(picture=plain)], mask=m, settings=PAINT), tmp_path
            ),
        ):
            with pytest.raises(BadInput, match=f"{size[1]} x {size[0]}"):
                use(given)


def test_masks_of_another_size_but_the_same_proportions_fit(plain, tmp_path):
    for size in ((64, 96), (16, 24), (333, 500)):
        mask = save_png(tmp_path / "mask.png", np.full((*size, 1), 255, np.uint8))
        np.testing.assert_array_equal(dreamt(plain, tmp_path, mask=mask), dreamt(plain, tmp_path))


@pytest.mark.parametrize("name", ["cut off", "not a picture", "missing", "30,000 px square"])
def test_masks_that_are_no_pictures_are_refused(name, plain, tmp_path):
    path = REFUSED[name][0](tmp_path)
    with pytest.raises(BadInput, match=path.name):
        dreamt(plain, tmp_path, mask=path)


def test_strange_but_usable_masks_are_read(plain, tmp_path):
    for make in (with_alpha, sixteen_bits, lambda folder: saved(colours().convert("P"), folder / "p.png")):
        assert dreamt(plain, tmp_path, mask=make(tmp_path)).shape == (21, 32, 3)


# ---- recipes


def carrying(folder, text):
    info = PngImagePlugin.PngInfo()
    info.add_itxt(KEY, text)
    content = io.BytesIO()
    colours().save(content, "PNG", pnginfo=info)
    (folder / "recipe.png").write_bytes(content.getvalue())
    return folder / "recipe.png"


def recipe_text(**changes):
    return json.dumps({"kind": "dream", "version": 1, "config": {"start": "noise"}, "sources": {}, **changes})


HOSTILE = {
    "no JSON": "{",
    "deep": "[" * 100_000,
    "huge": recipe_text(config={"layers": "x" * (1 << 20)}),
    "a list": "[1]",
    "later version": recipe_text(version=99),
    "another kind": recipe_text(kind="poem"),
    "settings of a wrong type": recipe_text(config={"octaves": {"a": 1}}),
    "endless octaves": recipe_text(config={"octaves": 10**30}),
    "not a number": '{"kind": "dream", "version": 1, "config": {"step": NaN}}',
    "unknown setting": recipe_text(config={"__class__": "x"}),
    "unknown layer": recipe_text(config={"layers": "nope:1"}),
    "layers that are code": recipe_text(config={"layers": "__import__('os'):1"}),
    "a picture nowhere": recipe_text(sources={"picture": {"path": "/etc/hostname", "sha256": "0" * 64}}),
    "a mask that is none": recipe_text(masks={"mask": "AAAA"}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_recipes_are_refused_by_the_command_line(name, workspace, tmp_path, capfd):
    path = carrying(tmp_path, HOSTILE[name])
    out = tmp_path / "made.png"
    assert main(["dream", "--recipe", str(path), "--out", str(out), "--json"]) == 1
    told, err = capfd.readouterr()
    document = json.loads(told)
    assert set(document) == {"error", "what_to_do"}
    assert len(document["error"]) < 2000
    assert "Traceback" not in err
    assert not out.exists()


def test_the_recipe_these_are_made_of_works(workspace, tmp_path):
    path = carrying(tmp_path, recipe_text(config={**SMALL, "start": "noise"}))
    session = canvases.dream(request_of(read_recipe(path), tmp_path), tmp_path)
    assert canvases.finish(session).shape == (32, 32, 3)


def test_style_equal_to_content_works_and_is_said(plain, tmp_path):
    request = TransferRequest(content=plain, styles=[StyleRequest(picture=plain)], settings=PAINT)
    session = canvases.transfer(request, tmp_path)
    said = []
    made = canvases.finish(session, watch=lambda event: said.append(getattr(event, "text", "")))
    assert any("content picture itself" in text for text in said)
    assert np.isfinite(made).all()
