"""`transfer --run`: trained models paint pictures, folders and films from the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from studio.app.main import main
from studio.runs.pictures import read_recipe, save_png
from tests.canvas.fakes import picture

KEYS = {"out", "kind", "seconds", "steps", "loss", "size", "policy", "recipe", "peak_bytes", "status"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A workspace with a fast-style, an adain and a vae run of one step each."""
    from studio.core.store import Store
    from studio.runs.request import Request
    from studio.runs.training import start

    folder = tmp_path_factory.mktemp("stylise")
    style = str(save_png(folder / "style.png", picture(32, 32, 1).pixels))
    short = {"steps": 1, "limit": 8, "batch_size": 2, "size": 16}
    wanted = {
        "fast-style": {"style": style, "style_size": 32, "filters": (4, 8), "blocks": 1, **short},
        "adain": {"filters": (8, 8, 4), **short},
        "vae": {"filters": (4, 8), "hidden": 8, **short},
    }
    store, runs = Store(folder / "workspace"), {}
    for name, settings in wanted.items():
        request = Request(recipe=name, data="shapes", settings=settings, precision="fp32", compile="off")
        run = start(store, request)
        for _ in run.events():
            pass
        runs[name] = run.record.id
    store.close()
    return folder, runs


@pytest.fixture
def here(trained, monkeypatch, tmp_path):
    folder, runs = trained
    monkeypatch.setenv("GENERATIVE_STUDIO_WORKSPACE", str(folder / "workspace"))
    save_png(tmp_path / "cat.png", picture(40, 48, 2).pixels)
    save_png(tmp_path / "sun.png", picture(36, 36, 3).pixels)
    return tmp_path, runs


def studio(capfd, *words):
    code = main(["transfer", *map(str, words), "--json"])
    out, err = capfd.readouterr()
    assert code == 0, err
    return json.loads(out)


def test_a_trained_style_paints_a_picture(here, capfd):
    folder, runs = here
    words = [folder / "cat.png", "--run", runs["fast-style"]]
    document = studio(capfd, *words, "--out", folder / "made.png")
    assert set(document) == KEYS
    assert (document["kind"], document["size"]) == ("stylise", [40, 48])
    assert read_recipe(folder / "made.png")["run"] == runs["fast-style"]
    small = studio(capfd, *words, "--size", "24", "--out", folder / "small.png")
    assert small["size"] == [20, 24]
    studio(capfd, *words, "--strength", "0", "--out", folder / "same.png")
    with Image.open(folder / "same.png") as same, Image.open(folder / "cat.png") as cat:
        assert np.abs(np.asarray(same, int) - np.asarray(cat, int)).max() <= 1


def test_a_model_for_any_style_takes_the_last_picture_as_style(here, capfd):
    folder, runs = here
    document = studio(
        capfd, folder / "cat.png", folder / "sun.png", "--run", runs["adain"], "--out", folder / "made.png"
    )
    assert document["size"] == [40, 48]
    assert document["recipe"]["style"].endswith("sun.png")


def test_folders_and_films_are_painted(here, capfd):
    folder, runs = here
    (folder / "frames").mkdir()
    for number in range(2):
        save_png(folder / "frames" / f"{number}.png", picture(40, 48, number).pixels)
    words = [folder / "frames", "--run", runs["fast-style"]]
    many = studio(capfd, *words, "--out", folder / "out")
    assert many["done"] == ["0.png", "1.png"]
    film = studio(capfd, *words, "--film", "--out", folder / "film.gif")
    assert film["frames"] == 2
    assert read_recipe(folder / "film.gif")["run"] == runs["fast-style"]


def test_what_cannot_be_painted_is_said(here, capfd):
    folder, runs = here
    cat = str(folder / "cat.png")
    for words, says in (
        ([cat, "--run", runs["vae"]], "cannot"),
        ([cat, "--run", runs["adain"]], "CONTENT STYLE"),
        (["--run", runs["fast-style"]], "nothing to paint"),
        ([cat, "--run", runs["fast-style"], "--iterations", "5"], "no effect"),
        ([cat, "--run", runs["fast-style"], "--size", "big"], "size"),
        ([str(folder / "no.png"), "--run", runs["fast-style"]], "no.png"),
    ):
        assert main(["transfer", *words, "--out", str(folder / "made.png"), "--json"]) == 1
        out, err = capfd.readouterr()
        document = json.loads(out)
        assert says in f"{document['error']} {document['what_to_do']}", document
        assert "Traceback" not in err
