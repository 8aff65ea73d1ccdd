"""`dream` and `transfer`: documents, round trips, films, batches, failures, Ctrl-C; with the bundled network."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.app.main import main
from studio.canvas.picture import read_source
from studio.runs.canvas_files import read_recipe
from studio.runs.pictures import read_recipe as any_recipe
from studio.runs.pictures import save_png
from tests.canvas.fakes import picture

KEYS = {"out", "kind", "seconds", "steps", "loss", "size", "policy", "recipe", "peak_bytes", "status"}
DREAM = ["--size", "40", "--octaves", "1", "--iterations", "2", "--jitter", "2", "--precision", "fp32", "--crop", "0"]
PAINT = ["--size", "40", "--smallest", "40", "--iterations", "2", "--precision", "fp32"]


def studio(capfd, *words):
    """Run a command that must succeed; return its JSON document."""
    code = main([*map(str, words), "--json"])
    out, err = capfd.readouterr()
    assert code == 0, err
    assert out.count("\n") == 1
    return json.loads(out)


def pixels(path):
    return read_source(Path(path)).pixels


@pytest.fixture
def here(workspace, tmp_path):
    """A folder with pictures: cat, sun, sea, and a mask of the left half."""
    for number, name in enumerate(("cat", "sun", "sea")):
        save_png(tmp_path / f"{name}.png", picture(40, 48, number).pixels)
    mask = np.zeros((40, 48, 1), np.uint8)
    mask[:, :24] = 255
    save_png(tmp_path / "left.png", mask)
    return tmp_path


@pytest.fixture
def folders(here):
    for name, inside in (("photos", ("cat", "sun")), ("styles", ("sea", "sun"))):
        (here / name).mkdir()
        for one in inside:
            (here / name / f"{one}.png").write_bytes((here / f"{one}.png").read_bytes())
    return here


# ---- help


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("dream", ["--octave-scale NUMBER", "--film-zoom NUMBER", "--reinject after|before|off", "--guide FILE"]),
        ("transfer", ["--style-scale NUMBER", "--optimizer adam|lbfgs|sgd", "--weights W,W,", "--run RUN"]),
    ],
)
def test_help_lists_the_knobs(command, flags, capfd):
    assert main([command, "--help"]) == 0
    out = capfd.readouterr().out
    assert all(flag in out for flag in flags)


# ---- dream


def test_dream_writes_a_picture_and_a_stable_document(here, capfd):
    document = studio(capfd, "dream", here / "cat.png", "--out", here / "made.jpg", *DREAM)
    assert set(document) == KEYS
    assert (document["kind"], document["status"], document["steps"]) == ("dream", "done", 2)
    assert document["size"] == [33, 40]
    assert document["policy"]["precision"] == "fp32"
    assert document["peak_bytes"] > 10**7
    assert read_recipe(here / "made.jpg") == document["recipe"]
    assert pixels(here / "made.jpg").shape == (33, 40, 3)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".tif", ".webp"])
def test_a_recipe_makes_the_same_dream_again(here, ending, capfd):
    words = ["--guide", here / "sun.png", "--seed", "7", *DREAM]
    studio(capfd, "dream", here / "cat.png", "--out", here / "first.png", *words)
    studio(capfd, "dream", here / "cat.png", "--out", here / f"first{ending}", *words)
    (here / "cat.png").unlink()  # the workspace has kept it
    again = studio(capfd, "dream", "--recipe", here / f"first{ending}", "--out", here / "again.png")
    np.testing.assert_array_equal(pixels(here / "again.png"), pixels(here / "first.png"))
    assert again["recipe"] == read_recipe(here / "first.png") | {"sources": again["recipe"]["sources"]}
    other = studio(capfd, "dream", "--recipe", here / "first.png", "--seed", "8", "--out", here / "other.png")
    assert other["recipe"]["config"]["seed"] == 8
    assert (pixels(here / "other.png") != pixels(here / "first.png")).any()


def test_a_recipe_takes_another_picture(here, capfd):
    studio(capfd, "dream", here / "cat.png", "--out", here / "first.png", *DREAM)
    (here / "cat.png").unlink()
    document = studio(capfd, "dream", here / "sea.png", "--recipe", here / "first.png", "--out", here / "again.png")
    assert Path(document["recipe"]["sources"]["picture"]["path"]).name == "sea.png"
    assert document["recipe"]["config"] == read_recipe(here / "first.png")["config"]


def test_a_mask_keeps_the_rest_as_it_was(here, capfd):
    studio(capfd, "dream", here / "cat.png", "--mask", here / "left.png", "--out", here / "made.png", *DREAM)
    studio(capfd, "dream", here / "cat.png", "--out", here / "free.png", *DREAM)
    masked, free = pixels(here / "made.png").astype(int), pixels(here / "free.png").astype(int)
    before = np.asarray(Image.open(here / "cat.png").resize((40, 33), Image.Resampling.BILINEAR), int)
    assert np.abs(masked[:, 24:] - before[:, 24:]).mean() < 2
    assert np.abs(free[:, 24:] - before[:, 24:]).mean() > np.abs(masked[:, 24:] - before[:, 24:]).mean()


def test_noise_needs_no_picture(here, capfd):
    document = studio(capfd, "dream", "--noise", "--out", here / "noise.png", *DREAM)
    assert document["size"] == [40, 40]
    assert document["recipe"]["sources"] == {}
    studio(capfd, "dream", "--recipe", here / "noise.png", "--out", here / "again.png")
    np.testing.assert_array_equal(pixels(here / "again.png"), pixels(here / "noise.png"))


def test_without_out_it_goes_to_the_workspace_and_replaces_nothing(here, workspace, capfd):
    first = studio(capfd, "dream", here / "cat.png", *DREAM)["out"]
    second = studio(capfd, "dream", here / "cat.png", *DREAM)["out"]
    assert Path(first) == workspace / "canvas" / "exports" / "cat-dream.png"
    assert Path(second) == workspace / "canvas" / "exports" / "cat-dream-2.png"
    assert studio(capfd, "dream", here / "cat.png", "--out", here / "new", *DREAM)["out"] == str(
        here / "new" / "cat-dream.png"
    )


def test_flags_and_set_mean_the_same(here, capfd):
    studio(capfd, "dream", here / "cat.png", "--out", here / "a.png", *DREAM, "--step", "0.03")
    studio(capfd, "dream", here / "cat.png", "--out", here / "b.png", *DREAM, "--set", "step=0.03")
    np.testing.assert_array_equal(pixels(here / "a.png"), pixels(here / "b.png"))


@pytest.mark.parametrize("name", ["film.gif", "film"])
def test_a_film_has_all_its_frames_and_its_recipe(here, name, capfd):
    out = here / name
    words = ["--film", "3", "--film-fps", "10", "--film-iterations", "1", "--out", out]
    document = studio(capfd, "dream", here / "cat.png", *DREAM, *words)
    assert (document["frames"], document["status"]) == (3, "done")
    assert document["recipe"]["film"]["frames"] == 3
    frames = sorted(out.iterdir()) if out.is_dir() else [out]
    if out.is_dir():
        assert len(frames) == 3
    else:
        with Image.open(out) as film:
            assert (film.n_frames, film.info["duration"]) == (3, 100)
    assert any_recipe(frames[0]) == document["recipe"]


def test_surprises_are_a_sheet_and_their_settings_work(here, capfd):
    words = ["--surprise", "2", "--out", here / "sheet.png", "--precision", "fp32", "--size", "40"]
    document = studio(capfd, "dream", here / "cat.png", *words)
    assert document["kind"] == "surprises"
    assert 1 <= len(document["recipes"]) <= 2
    assert any_recipe(here / "sheet.png")["recipes"] == document["recipes"]
    settings = [f"{name}={value}" for name, value in document["recipes"][0].items()]
    small = ["size=40", "octaves=1", "iterations=1", "precision=fp32"]
    studio(capfd, "dream", here / "cat.png", "--out", here / "one.png", "--set", *settings, *small)


def test_people_get_one_line(here, capfd):
    assert main(["dream", str(here / "cat.png"), "--out", str(here / "made.png"), *DREAM]) == 0
    out = capfd.readouterr().out
    assert out.count("\n") == 1
    assert "40 x 33, 2 steps" in out


# ---- transfer


def test_transfer_writes_a_picture_and_a_stable_document(here, capfd):
    words = [here / "cat.png", here / "sun.png", "--out", here / "made.tif", *PAINT]
    document = studio(capfd, "transfer", *words)
    assert set(document) == KEYS
    assert (document["kind"], document["steps"], document["size"]) == ("transfer", 2, [33, 40])
    assert read_recipe(here / "made.tif") == document["recipe"]


def test_weights_and_masks_of_several_styles_come_back_from_the_recipe(here, capfd):
    words = [here / "cat.png", here / "sun.png", here / "sea.png", "--weights", "1,0.25", *PAINT]
    masks = ["--style-mask", here / "left.png", "-", "--style-region", "-", here / "left.png", "--mask"]
    document = studio(capfd, "transfer", *words, "--out", here / "made.png", *masks, here / "left.png")
    assert document["recipe"]["styles"] == [{"role": "style 1", "weight": 1.0}, {"role": "style 2", "weight": 0.25}]
    assert set(document["recipe"]["masks"]) == {"mask", "style 1", "region 2"}
    again = studio(capfd, "transfer", "--recipe", here / "made.png", "--out", here / "again.png")
    np.testing.assert_array_equal(pixels(here / "again.png"), pixels(here / "made.png"))
    assert again["recipe"] == document["recipe"]
    plain = studio(capfd, "transfer", *words[:3], *PAINT, "--out", here / "plain.png")
    assert plain["recipe"]["masks"] == {}
    assert (pixels(here / "plain.png") != pixels(here / "made.png")).any()


def test_style_equal_to_content_is_said_and_works(here, capfd):
    words = ["transfer", here / "cat.png", here / "cat.png", "--out", here / "made.png", *PAINT]
    assert main(list(map(str, words))) == 0
    assert "content picture itself" in capfd.readouterr().err


def test_a_film_is_repainted_frame_by_frame(here, capfd):
    (here / "frames").mkdir()
    for number in range(2):
        save_png(here / "frames" / f"{number}.png", picture(40, 48, number).pixels)
    words = [here / "frames", here / "sun.png", "--film", "--out", here / "film.gif", *PAINT]
    document = studio(capfd, "transfer", *words)
    assert (document["kind"], document["frames"]) == ("transfer", 2)
    with Image.open(here / "film.gif") as film:
        assert film.n_frames == 2
    assert any_recipe(here / "film.gif") == document["recipe"]


# ---- batches


def test_a_folder_of_dreams_goes_on_where_it_was(folders, capfd):
    words = ["dream", folders / "photos", "--out", folders / "out", *DREAM]
    first = studio(capfd, *words)
    assert (first["done"], first["skipped"], first["failed"]) == (["cat.png", "sun.png"], [], [])
    (folders / "out" / "sun.png").unlink()
    second = studio(capfd, *words)
    assert (second["done"], second["skipped"]) == (["sun.png"], ["cat.png"])


def test_a_folder_of_contents_meets_a_folder_of_styles(folders, capfd):
    words = ["transfer", folders / "photos", folders / "styles", "--out", folders / "out", *PAINT]
    names = [f"{content}--{style}.png" for content in ("cat", "sun") for style in ("sea", "sun")]
    assert studio(capfd, *words)["done"] == names
    assert studio(capfd, *words)["skipped"] == names


def test_a_folder_of_contents_meets_styles_together(folders, capfd):
    words = ["transfer", folders / "photos", folders / "sea.png", folders / "sun.png", "--weights", "1,2"]
    document = studio(capfd, *words, "--out", folders / "out", *PAINT)
    assert document["done"] == ["cat--sea+sun.png", "sun--sea+sun.png"]
    recipe = read_recipe(folders / "out" / "cat--sea+sun.png")
    assert [style["weight"] for style in recipe["styles"]] == [1.0, 2.0]


def test_bad_files_are_reported_and_only_all_of_them_fail(folders, capfd):
    (folders / "photos" / "bad.png").write_bytes(b"no picture")
    document = studio(capfd, "dream", folders / "photos", "--out", folders / "out", *DREAM)
    assert [f["name"] for f in document["failed"]] == ["bad.png"]
    assert set(document["failed"][0]) == {"name", "error", "what_to_do"}
    for name in ("cat", "sun"):
        (folders / "photos" / f"{name}.png").unlink()
    assert main(["dream", str(folders / "photos"), "--out", str(folders / "none"), *DREAM]) == 1
    out = capfd.readouterr().out
    assert "Nothing could be made." in out
    assert "bad.png" in out


# ---- failures


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["dream"], "nothing to dream on"),
        (["dream", "no.png"], "no.png"),
        (["dream", "cat.png", "--out", "made.bmp"], ".png"),
        (["dream", "cat.png", "--octaves", "0"], "out of range"),
        (["dream", "cat.png", "--set", "octave=2"], "octaves"),
        (["dream", "cat.png", "--preset", "nope"], "chollet"),
        (["dream", "cat.png", "--layers", "conv9:1"], "conv9"),
        (["dream", "cat.png", "--device", "quantum"], "quantum"),
        (["dream", "cat.png", "--recipe", "cat.png"], "carries no recipe"),
        (["dream", "cat.png", "--recipe", "cat.png", "--preset", "chollet"], "exclude"),
        (["dream", "cat.png", "--film", "2", "--out", "film.png"], "cannot hold a film"),
        (["dream", "cat.png", "--film", "2", "--film-zoom", "7", "--out", "film.gif"], "out of range"),
        (["dream", "cat.png", "sun.png"], "--out FOLDER"),
        (["dream", "empty", "--out", "out"], "no pictures"),
        (["dream", "cat.png", "--surprise", "2", "--out", "sheet.jpg"], "PNG"),
        (["transfer"], "needs a picture and a style"),
        (["transfer", "cat.png"], "needs a picture and a style"),
        (["transfer", "cat.png", "no.png"], "no.png"),
        (["transfer", "cat.png", "sun.png", "--weights", "1,2"], "2 weights"),
        (["transfer", "cat.png", "sun.png", "--weights", "-1"], "weight"),
        (["transfer", "cat.png", "sun.png", "--weights", "nan"], "weight"),
        (["transfer", "cat.png", "sun.png", "--style-mask", "left.png", "left.png"], "more masks"),
        (["transfer", "cat.png", "sun.png", "--run", "nope"], "nope"),
        (["transfer", "cat.png", "--film"], "film"),
    ],
)
def test_failures_are_1_with_a_message_and_no_traceback(words, says, here, capfd, monkeypatch):
    monkeypatch.chdir(here)
    (here / "empty").mkdir()
    assert main([*words, "--json"]) == 1
    out, err = capfd.readouterr()
    document = json.loads(out)
    assert set(document) == {"error", "what_to_do"}
    assert says in f"{document['error']} {document['what_to_do']}"
    assert "Traceback" not in err
    assert not list(here.glob("made*"))


def test_a_recipe_of_the_other_kind_says_which_command(here, capfd):
    studio(capfd, "dream", here / "cat.png", "--out", here / "made.png", *DREAM)
    assert main(["transfer", "--recipe", str(here / "made.png")]) == 1
    assert "generative-studio dream" in capfd.readouterr().err


# ---- Ctrl-C


def interrupt_at(monkeypatch, step):
    """Send SIGINT to this process in a step of a dream or transfer."""
    from studio.canvas.session import Session

    real, count = Session._one_step, 0

    def one_step(session, live):
        nonlocal count
        count += 1
        if count == step:
            signal.raise_signal(signal.SIGINT)
        return real(session, live)

    monkeypatch.setattr(Session, "_one_step", one_step)


def test_control_c_writes_the_picture_so_far(here, capfd, monkeypatch):
    interrupt_at(monkeypatch, 2)
    words = [*DREAM, "--iterations", "50"]
    document = studio(capfd, "dream", here / "cat.png", "--out", here / "made.png", *words)
    assert (document["status"], document["steps"]) == ("stopped", 1)  # the step it fell into is given up, not ended
    again = studio(capfd, "dream", "--recipe", here / "made.png", "--out", here / "again.png")
    assert again["steps"] == 1
    np.testing.assert_array_equal(pixels(here / "again.png"), pixels(here / "made.png"))


def test_control_c_leaves_a_whole_shorter_film(here, capfd, monkeypatch):
    interrupt_at(monkeypatch, 4)
    words = ["--film", "50", "--film-iterations", "1", "--out", here / "film.gif", *DREAM]
    document = studio(capfd, "dream", here / "cat.png", *words)
    assert document["status"] == "stopped"
    assert 1 <= document["frames"] < 50
    with Image.open(here / "film.gif") as film:
        assert getattr(film, "n_frames", 1) == document["frames"]


def test_control_c_ends_a_batch_that_goes_on_later(folders, capfd, monkeypatch):
    interrupt_at(monkeypatch, 3)
    words = ["dream", folders / "photos", "--out", folders / "out", *DREAM]
    first = studio(capfd, *words)
    assert (first["status"], first["done"]) == ("stopped", ["cat.png"])
    second = studio(capfd, *words)
    assert (second["status"], second["done"], second["skipped"]) == ("done", ["sun.png"], ["cat.png"])
