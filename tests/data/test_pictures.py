"""One file to pixels: every mode, orientation and fit, and whole folders read as classes and splits."""

import contextlib
import io
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.core.errors import BadInput
from studio.data import pictures
from studio.data.pictures import decode, has_colour, is_animated, scan, size_of

RED, GREEN = (255, 0, 0), (0, 255, 0)


def encoded(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def halves(left=RED, right=GREEN, size=(8, 4)):
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


def test_rgb_keeps_its_pixels_and_axes():
    pixels = decode(encoded(halves()))
    assert pixels.shape == (3, 4, 8)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels[:, 0, 0], RED)
    np.testing.assert_array_equal(pixels[:, 3, 7], GREEN)


def test_transparency_is_laid_on_white():
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (255, 0, 0, 128))
    np.testing.assert_allclose(decode(encoded(image))[:, 0].T, [[255, 255, 255], [255, 127, 127]], atol=1)


def test_palette_transparency_is_laid_on_white():
    image = Image.new("P", (2, 1), 0)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    found = decode(encoded(image, transparency=0))
    np.testing.assert_array_equal(found[:, 0].T, [[255, 255, 255], [200, 100, 50]])


def test_sixteen_bits_become_eight():
    values = np.array([[0, 257, 32896, 65535]], np.uint16)
    found = decode(encoded(Image.fromarray(values)))
    np.testing.assert_array_equal(found, [[[0, 1, 128, 255]]])


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0), (0.5, 128), (1.0, 255)])
def test_float_pictures_span_zero_to_one(value, expected):
    image = Image.fromarray(np.array([[0.0, value, 1.0]], np.float32))
    assert decode(encoded(image, "TIFF"))[0, 0, 1] == expected


def test_nan_pixels_are_refused():
    with pytest.raises(BadInput, match=r"odd\.tif.*NaN"):
        decode(encoded(Image.fromarray(np.full((2, 2), np.nan, np.float32)), "TIFF"), name="odd.tif")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "I;16", "F"])
@pytest.mark.parametrize("colour", ["auto", "grey", "colour"])
def test_every_mode_decodes_to_one_or_three_channels(mode, colour):
    image = Image.new(mode, (6, 5))
    found = decode(encoded(image, "TIFF" if mode not in ("LA", "RGBA", "P") else "PNG"), 4, "crop", colour)
    channels = {"grey": 1, "colour": 3}.get(colour, found.shape[0])
    assert found.shape == (channels, 4, 4)
    assert channels in (1, 3)


def test_cmyk_white_stays_white():
    assert (decode(encoded(Image.new("CMYK", (2, 2)), "JPEG")) > 250).all()


def test_the_camera_s_orientation_is_applied_unless_declined():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn clockwise
    content = encoded(halves(size=(16, 8)), exif=exif.tobytes())
    turned = decode(content)
    assert turned.shape == (3, 16, 8)
    np.testing.assert_array_equal(turned[:, 0, 0], RED)
    np.testing.assert_array_equal(turned[:, 15, 0], GREEN)
    assert decode(content, exif=False).shape == (3, 8, 16)
    assert size_of(content) == (16, 8)
    assert size_of(content, exif=False) == (8, 16)


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (4, 4), c) for c in (RED, GREEN)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(decode(content)[:, 0, 0], RED)
    assert is_animated(content)
    assert not is_animated(encoded(frames[0], "GIF"))


def test_crop_takes_the_middle_pad_adds_black_stretch_distorts():
    image = Image.new("RGB", (12, 4), RED)
    image.paste(GREEN, (4, 0, 8, 4))
    content = encoded(image)
    assert (decode(content, 4, "crop") == np.array(GREEN)[:, None, None]).all()
    padded = decode(content, 12, "pad")
    assert padded[:, 0].max() == 0
    np.testing.assert_array_equal(padded[:, 6, 0], RED)
    stretched = decode(content, 12, "stretch")
    np.testing.assert_array_equal(stretched[:, 0, 0], RED)
    np.testing.assert_array_equal(stretched[:, 11, 6], GREEN)


def test_a_large_jpeg_is_reduced_as_well_as_a_png():
    ramp = np.tile(np.linspace(0, 255, 640, dtype=np.uint8), (480, 1))
    image = Image.fromarray(ramp)
    by_jpeg, by_png = (decode(encoded(image, kind), 32).astype(int) for kind in ("JPEG", "PNG"))
    assert np.abs(by_jpeg - by_png).max() <= 4


def test_grey_saved_as_rgb_is_found_to_have_no_colour():
    assert not has_colour(encoded(Image.new("RGB", (9, 9), (77, 77, 77)), "JPEG"))
    assert has_colour(encoded(halves(), "JPEG"))


def test_an_enormous_picture_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 100)
    with pytest.raises(BadInput, match="enormous"):
        decode(encoded(Image.new("L", (20, 20))), name="big.png")


def test_pillow_s_own_bomb_limit_becomes_bad_input(monkeypatch):
    content = encoded(Image.new("L", (200, 200)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(BadInput, match=r"big\.png.*enormous"):
        decode(content, name="big.png")


def test_postscript_is_not_even_tried():
    with pytest.raises(BadInput, match="not a picture"):
        decode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", name="a.eps")


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow complains about the tags we broke
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_mutations_decode_or_are_refused(data):
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"]))
    content = bytearray(encoded(halves(size=(16, 16)), kind))
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(1, len(content)))])
    with contextlib.suppress(BadInput):
        assert decode(cut, 8).shape[1:] == (8, 8)


def write(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encoded(Image.new("L", (4, 4))))


def test_class_folders_become_labels_recursively(tmp_path):
    write(tmp_path, "dog/a.png", "cat/deep/er/b.png", "cat/c.JPG", "dog/.hidden.png", "dog/notes.txt")
    found = scan(tmp_path)
    assert found.files == ("cat/c.JPG", "cat/deep/er/b.png", "dog/a.png")
    assert found.classes == ("cat", "dog")
    assert found.labels.tolist() == [0, 0, 1]
    assert found.held_out is None


def test_train_and_test_folders_become_the_split_below_a_shared_folder(tmp_path):
    write(tmp_path, "set/train/10/a.png", "set/train/9/b.png", "set/test/9/c.png")
    found = scan(tmp_path)
    assert found.classes == ("9", "10")
    assert dict(zip(found.files, found.held_out.tolist(), strict=True))["set/test/9/c.png"]
    assert found.held_out.sum() == 1


def test_a_plain_folder_is_unlabelled(tmp_path):
    write(tmp_path, "only/one/a.png", "only/one/b.png")
    assert scan(tmp_path).labels is None


def test_pictures_beside_class_folders_keep_a_class_of_their_own(tmp_path):
    write(tmp_path, "a.png", "cat/b.png", "dog/c.png")
    assert scan(tmp_path).classes == ("cat", "dog", "(unsorted)")


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights on Windows")
def test_link_loops_end_and_broken_links_are_reported(tmp_path):
    write(tmp_path, "cat/a.png")
    (tmp_path / "cat" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "cat" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "cat" / "self.png").symlink_to(tmp_path / "cat" / "self.png")
    found = scan(tmp_path)
    assert found.files == ("cat/a.png",)
    assert len(found.unreadable) == 2


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(BadInput, match="nowhere"):
        scan(tmp_path / "nowhere")
