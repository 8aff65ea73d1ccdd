"""Films are read from anywhere, written with their recipe, and an endless zoom moves as its knobs say."""

from __future__ import annotations

import json
import sys
import types

import numpy as np
import pytest
from PIL import Image

from studio.canvas import film, video
from studio.canvas.dream import DreamSession
from studio.canvas.dream_config import DreamConfig
from studio.canvas.film import ZoomConfig, count_frames, moved, read_frames, zoom
from studio.core.control import Control
from studio.core.errors import BadInput, NotAvailable, StoreError
from studio.core.knobs import make
from studio.runs import films
from studio.runs.films import read_film_recipe, write_film
from tests.canvas.fakes import compute, picture, tiny_backbone


def pictures(count: int = 4, height: int = 24, width: int = 32) -> list[np.ndarray]:
    """Each a flat colour of its own with a bright square that moves."""
    made = []
    for number in range(count):
        frame = np.full((height, width, 3), 40 * number, np.uint8)
        frame[4:12, 4 + 2 * number : 12 + 2 * number] = (250, 20, 90)
        made.append(frame)
    return made


def dreaming(**settings) -> DreamSession:
    config = make(DreamConfig, {"size": 0, "octaves": 2, "iterations": 2, "jitter": 2, **settings})
    return DreamSession(config, tiny_backbone(), compute(), picture(47, 64))


# ---- the endless zoom


def test_the_first_frame_is_the_whole_dream_and_all_have_one_even_size():
    frames = list(zoom(dreaming(), ZoomConfig(frames=4, iterations=1)))
    alone = dreaming()
    for _ in alone.events():
        pass
    np.testing.assert_array_equal(frames[0], alone.pixels()[:46])
    assert [frame.shape for frame in frames] == [(46, 64, 3)] * 4
    assert all(frame.dtype == np.uint8 for frame in frames)


def test_a_zoom_is_the_same_twice_and_each_later_frame_dreams_on_the_moved_one():
    settings = ZoomConfig(frames=3, zoom=1.05, iterations=2)
    first, second = list(zoom(dreaming(), settings)), list(zoom(dreaming(), settings))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    enlarged = moved(first[0], settings).astype(float)
    change = np.abs(first[1] - enlarged).mean()
    assert 0 < change < np.abs(first[1].astype(float) - first[0]).mean() + 20
    assert change > 0.5  # it dreamt


def test_stopping_ends_the_film_between_two_frames():
    control = Control()
    frames = []
    for frame in zoom(dreaming(), ZoomConfig(frames=50, iterations=1), control):
        frames.append(frame)
        if len(frames) == 2:
            control.stop()
    assert len(frames) == 2


def test_progress_counts_to_the_last_frame():
    told = []
    list(zoom(dreaming(), ZoomConfig(frames=3, iterations=1), progress=lambda *what: told.append(what[:2])))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_moving_by_nothing_changes_nothing():
    frame = picture().pixels
    np.testing.assert_array_equal(moved(frame, ZoomConfig(zoom=1.0)), frame)


def test_doubling_shows_the_middle_half():
    """Zoom beyond the knob's range shows the geometry: the middle of the frame fills it."""
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[16:48, 16:48] = 200
    np.testing.assert_allclose(moved(frame, ZoomConfig(zoom=2.0))[4:-4, 4:-4], 200, atol=1)


def test_shift_moves_right_and_down_in_shares_of_the_frame():
    frame = picture(40, 60).pixels
    shifted = moved(frame, ZoomConfig(zoom=1.0, shift_x=0.1, shift_y=0.05))
    np.testing.assert_allclose(shifted[2:, 6:].astype(int), frame[:-2, :-6], atol=1)


@pytest.mark.parametrize("shape", [(32, 32), (32, 64)])
def test_a_turn_goes_against_the_clock_and_keeps_shapes(shape):
    """A quarter turn of a square frame is numpy's; in an oblong one a disc stays round."""
    if shape[0] == shape[1]:
        frame = picture(*shape).pixels
        turned = moved(frame, ZoomConfig(zoom=1.0, rotate=90.0))
        np.testing.assert_allclose(turned.astype(int), np.rot90(frame).astype(int), atol=1)
        return
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    inside = (rows - 15.5) ** 2 + (columns - 31.5) ** 2 < 100
    frame = np.where(inside[..., None], 255, 0).astype(np.uint8).repeat(3, axis=2)
    turned = moved(frame, ZoomConfig(zoom=1.0, rotate=10.0))
    assert (np.abs(turned.astype(int) - frame) > 128).mean() < 0.01


# ---- reading


def test_a_folder_is_read_in_natural_order_at_the_size_of_the_first(tmp_path):
    for number, name in enumerate(["2.png", "10.png", "1.png"]):
        Image.new("RGB", (20 + number, 10 + number), (50 * number, 0, 0)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    frames, fps = read_frames(tmp_path)
    found = list(frames)
    assert fps == film.FOLDER_FPS
    assert count_frames(tmp_path) == 3
    assert [frame[0, 0, 0] for frame in found] == [100, 0, 50]
    assert {frame.shape for frame in found} == {(12, 22, 3)}


@pytest.mark.parametrize(("suffix", "exact"), [("gif", False), ("webp", False), ("png", True)])
def test_animations_are_read_as_they_are_shown(tmp_path, suffix, exact):
    path, frames = tmp_path / f"film.{suffix}", pictures()
    images = [Image.fromarray(frame) for frame in frames]
    options = {"quality": 100} if suffix == "webp" else {}
    images[0].save(path, save_all=True, append_images=images[1:], duration=50, loop=0, **options)
    found, fps = read_frames(path)
    assert fps == pytest.approx(20)
    assert count_frames(path) == 4
    for a, b in zip(found, frames, strict=True):
        assert a.flags["C_CONTIGUOUS"]
        assert np.abs(a.astype(int) - b).mean() < (0.01 if exact else 12)


def test_what_is_no_film_is_refused_by_name(tmp_path):
    still = tmp_path / "still.png"
    Image.new("RGB", (8, 8)).save(still)
    with pytest.raises(BadInput, match=r"still\.png is a single picture"):
        read_frames(still)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(BadInput, match="holds no pictures"):
        read_frames(empty)
    with pytest.raises(BadInput, match="does not exist"):
        read_frames(tmp_path / "missing.gif")
    noise = tmp_path / "noise.gif"
    noise.write_bytes(b"GIF89a" + bytes(range(200)))
    with pytest.raises(BadInput, match=r"noise\.gif"):
        list(read_frames(noise)[0])


def test_a_film_that_is_cut_off_says_so_and_names_the_file(tmp_path):
    path = write_film(tmp_path / "film.webp", pictures(6), 10)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadInput, match=r"film\.webp"):
        list(read_frames(path)[0])


def test_odd_pauses_fall_back_to_a_usual_rate(tmp_path):
    images = [Image.fromarray(frame) for frame in pictures()]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:], duration=0)
    assert read_frames(tmp_path / "a.gif")[1] == film.FOLDER_FPS


# ---- writing

RECIPE = {"kind": "dream", "config": {"layers": "conv1:1; a=b # c \\ \n"}, "masks": {"mask": "A" * 200_000}}


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "folder"])
def test_a_film_comes_back_with_its_recipe(tmp_path, name):
    told = []
    path = write_film(tmp_path / "new" / name, iter(pictures()), 20, RECIPE, lambda *what: told.append(what))
    assert read_film_recipe(path) == RECIPE
    assert [what[0] for what in told] == [1, 2, 3, 4]
    frames, fps = read_frames(path)
    assert fps == pytest.approx(20 if path.is_file() else film.FOLDER_FPS)
    assert len(list(frames)) == 4


def test_a_folder_keeps_every_pixel(tmp_path):
    write_film(tmp_path / "folder", pictures(), 20)
    for a, b in zip(read_frames(tmp_path / "folder")[0], pictures(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert read_film_recipe(tmp_path / "folder") is None


def test_writing_refuses_what_it_cannot(tmp_path, monkeypatch):
    with pytest.raises(BadInput, match=r"\.avi"):
        write_film(tmp_path / "film.avi", pictures(), 10)
    with pytest.raises(BadInput, match="no frame"):
        write_film(tmp_path / "film.gif", iter([]), 10)
    with pytest.raises(BadInput, match="Frame 2 has another size"):
        write_film(tmp_path / "film.gif", [*pictures(1), *pictures(1, 30, 30)], 10)
    monkeypatch.setattr(films, "MOST_BYTES", 3 * 24 * 32 * 3)
    with pytest.raises(NotAvailable, match="too many for a gif"):
        write_film(tmp_path / "film.gif", pictures(), 10)
    assert list(tmp_path.iterdir()) == []


# ---- video, with a program that stands in for ffmpeg

FAKE = '''#!{python}
"""Speaks ffmpeg's language for raw video: stores frames and metadata, gives them back."""
import pathlib, sys
arguments = sys.argv[1:]
if "-s" in arguments:
    width, height = map(int, arguments[arguments.index("-s") + 1].split("x"))
    about = arguments[arguments.index("ffmetadata") + 2] if "ffmetadata" in arguments else None
    text = pathlib.Path(about).read_text(encoding="utf-8") if about else ""
    frames = sys.stdin.buffer.read()
    header = f"FAKE {{width}} {{height}} {{arguments[arguments.index('-r') + 1]}} {{len(text.encode())}}\\n"
    pathlib.Path(arguments[-1]).write_bytes(header.encode() + text.encode() + frames)
    sys.exit(0)
content = pathlib.Path(arguments[arguments.index("-i") + 1]).read_bytes()
head, _, rest = content.partition(b"\\n")
if not head.startswith(b"FAKE"):
    sys.stderr.write("moov atom not found")
    sys.exit(1)
_, width, height, fps, length = head.decode().split()
text, frames = rest[: int(length)], rest[int(length) :]
if "ffmetadata" in arguments:
    sys.stdout.buffer.write(text)
elif "yuv4mpegpipe" in arguments:
    sys.stdout.write(f"YUV4MPEG2 W{{width}} H{{height}} F{{fps}}:1 Ip A1:1 C444\\nFRAME\\n")
else:
    sys.stdout.buffer.write(frames)
'''


@pytest.fixture
def program(tmp_path, monkeypatch):
    path = tmp_path / "ffmpeg"
    path.write_text(FAKE.format(python=sys.executable))
    path.chmod(0o755)
    module = types.SimpleNamespace(get_ffmpeg_exe=lambda: str(path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", module)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_a_video_goes_through_ffmpeg_and_back(tmp_path, program):
    path = write_film(tmp_path / "film.mp4", iter(pictures()), 25, RECIPE)
    assert read_film_recipe(path) == RECIPE
    frames, fps = read_frames(path)
    assert fps == 25
    for a, b in zip(frames, pictures(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert count_frames(path) == 0  # not known before the end
    assert read_film_recipe(write_film(tmp_path / "plain.mp4", pictures(), 25)) is None


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_a_damaged_video_says_so(tmp_path, program):
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(BadInput, match=r"broken\.mp4 is damaged") as caught:
        read_frames(path)
    assert "moov" in caught.value.details
    whole = write_film(tmp_path / "whole.mp4", pictures(), 25)
    whole.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(BadInput, match=r"whole\.mp4"):
        list(read_frames(whole)[0])


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_a_failed_video_leaves_no_file_and_the_older_one(tmp_path, program):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"older")
    with pytest.raises(BadInput, match="Frame 2"):
        write_film(path, [*pictures(1), *pictures(1, 30, 30)], 10)
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.stderr.write('no space')\nsys.exit(1)\n")
    with pytest.raises(StoreError, match="could not write") as caught:
        write_film(path, pictures(), 10)
    assert "no space" in caught.value.details
    assert path.read_bytes() == b"older"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ffmpeg", "film.mp4"]


def test_without_ffmpeg_a_person_learns_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setattr(video.shutil, "which", lambda name: None)
    (tmp_path / "film.mp4").write_bytes(b"x")
    for work in (
        lambda: read_frames(tmp_path / "film.mp4"),
        lambda: write_film(tmp_path / "new.mp4", pictures(), 10),
    ):
        with pytest.raises(NotAvailable, match=r"generative-studio\[video\]"):
            work()


def test_the_command_makes_even_sides_a_constant_rate_and_standard_colours(tmp_path):
    command = video.encode_command("ffmpeg", tmp_path / "a.mp4", (47, 63), 12.5, tmp_path / "about.txt")
    line = " ".join(command)
    assert "-s 63x47 -r 12.5 -i -" in line
    assert "crop=trunc(iw/2)*2:trunc(ih/2)*2" in line
    assert "-pix_fmt yuv420p" in line
    assert "-map_metadata 1" in line
    assert command[-1] == str(tmp_path / "a.mp4")
    assert "-map_metadata" not in video.encode_command("ffmpeg", tmp_path / "a.mp4", (4, 4), 1)


def test_metadata_escapes_what_ffmpeg_reads_as_its_own():
    text = video.metadata_text(json.dumps({"a": "x=1;#\\"}))
    assert text.startswith(";FFMETADATA1\ncomment=")
    assert "x\\=1\\;\\#\\\\\\\\" in text
