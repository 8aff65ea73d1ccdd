"""Translating with trained models: held-out examples, one picture, a folder; and the same as a command."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from studio.app.main import main
from studio.core.control import Control
from studio.core.errors import BadInput, Cancelled, StudioError
from studio.core.store import Store
from studio.runs import pictures, translate
from studio.runs.request import Request
from studio.runs.trained import TrainedModel
from studio.runs.training import start
from studio.runs.translate import How

TINY = {
    "filters": "4,4",
    "d_filters": "4,4",
    "steps": 2,
    "batch_size": 8,
    "preview_seconds": 100.0,
}
RUNS = {
    "fruit": ("cyclegan", "fruit", {"size": 16, "limit": 40, "pool": 0}),
    "grey": ("cyclegan", "fruit", {"size": 16, "limit": 40, "domains": "grey-colour", "pool": 0}),
    "edges": ("pix2pix", "fruit", {"size": 16, "limit": 40}),
    "vae": ("vae", "digits", {"limit": 40}),
}


def write(path, colour, size=(20, 20)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A workspace with a trained run of each kind."""
    folder = tmp_path_factory.mktemp("translate")
    pairs = folder / "pairs"
    for i in range(6):
        write(pairs / "A" / f"{i}.png", (20 * i, 0, 0))
        write(pairs / "B" / f"{i}.png", (20 * i, 255, 0))
    store, ids = Store(folder / "work"), {}
    wanted = {**RUNS, "pairs": ("pix2pix", str(pairs), {"task": "pairs", "pairs": True, "size": 16})}
    for name, (recipe, data, settings) in wanted.items():
        known = {"filters": "8,8", "hidden": 8, "steps": 2, "batch_size": 8} if recipe == "vae" else TINY
        run = start(store, Request(recipe=recipe, data=data, settings={**known, **settings}, precision="fp32"))
        list(run.events())
        ids[name] = run.id
    yield store, ids
    store.close()


@pytest.fixture
def model(work):
    store, ids = work
    return lambda name: TrainedModel.open(store, ids[name])


def test_held_out_examples_are_of_the_source_domain_and_come_back(model):
    found, fruit = translate.held_out(model("fruit"), 3), model("fruit")
    assert found.source.shape == found.made.shape == found.back.shape == (len(found), 16, 16, 3)
    assert len(found) > 0
    x, y = fruit.data().val.gather(np.arange(len(fruit.data().val)))
    apples = {picture.tobytes() for picture in np.moveaxis(x[y == 0], 1, -1)}
    assert all(picture.tobytes() in apples for picture in found.source)
    assert found.target is None
    assert found.target_error is None
    gap = np.abs(found.back.astype(float) - found.source.astype(float)).mean(axis=(1, 2, 3)) / 255
    np.testing.assert_allclose(found.cycle_error, gap, atol=1e-6)


def test_backwards_begins_with_the_other_domain(model):
    fruit = model("fruit")
    found = translate.held_out(fruit, 2, How(backwards=True))
    x, y = fruit.data().val.gather(np.arange(len(fruit.data().val)))
    oranges = {picture.tobytes() for picture in np.moveaxis(x[y == 1], 1, -1)}
    assert all(picture.tobytes() in oranges for picture in found.source)
    assert [d.name for d in translate.domains(fruit, True)] == ["oranges", "apples"]


def test_known_targets_give_an_error(model):
    found = translate.held_out(model("grey"), 3)
    assert found.source.shape[-1] == 1
    assert found.made.shape[-1] == found.target.shape[-1] == 3
    assert (found.target_error > 0).all()
    assert translate.held_out(model("edges"), 2).back is None


def test_a_picture_file_is_fitted_to_the_model(model, tmp_path):
    path = write(tmp_path / "wide.png", (200, 30, 30), (70, 40))
    grey = model("grey")
    found = translate.of_file(grey, path, How())
    assert found.source.shape == (1, 16, 16, 1)
    assert (found.target == (200, 30, 30)).all()
    back = translate.of_file(grey, path, How(backwards=True))
    assert (back.source == (200, 30, 30)).all()
    assert back.made.shape == (1, 16, 16, 1)
    assert back.target is None


def test_a_drawing_can_be_given_as_it_is(model, tmp_path):
    drawing = np.full((16, 16), 255, np.uint8)
    drawing[8] = 0
    Image.fromarray(drawing).save(tmp_path / "drawing.png")
    found = translate.of_file(model("edges"), tmp_path / "drawing.png", How(ready=True))
    assert np.array_equal(found.source[0, ..., 0], drawing)
    assert found.target is None


def test_a_model_of_pairs_takes_half_a_pair_or_one_picture(model, tmp_path):
    wide = np.zeros((16, 32, 3), np.uint8)
    wide[:, 16:] = 99
    Image.fromarray(wide).save(tmp_path / "pair.png")
    both = translate.of_file(model("pairs"), tmp_path / "pair.png", How())
    assert both.source.shape == both.made.shape == (1, 16, 16, 3)
    assert not both.source.any()
    assert (both.target == 99).all()
    alone = translate.of_file(model("pairs"), write(tmp_path / "one.png", (7, 7, 7)), How())
    assert (alone.source == 7).all()
    assert alone.target is None


def test_what_cannot_be_translated_is_said(model, tmp_path):
    with pytest.raises(StudioError, match="cannot do that"):
        translate.held_out(model("vae"), 1)
    with pytest.raises(BadInput, match="only translates one way"):
        translate.held_out(model("edges"), 1, How(backwards=True))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match="broken"):
        translate.of_file(model("fruit"), tmp_path / "broken.png", How())


def test_sheets_lay_the_parts_side_by_side(model, tmp_path):
    fruit = model("fruit")
    found = translate.held_out(fruit, 2)
    pixels, columns = translate.sheet(found)
    assert columns == 3
    assert np.array_equal(pixels[0], found.source[0])
    assert np.array_equal(pixels[1], found.made[0])
    assert np.array_equal(pixels[2], found.back[0])
    path = translate.save_sheet(fruit, tmp_path / "sheet.png", found, How())
    recipe = pictures.read_recipe(path)
    assert recipe["run"] == fruit.record.id
    assert recipe["cycle_error"] == pytest.approx(float(found.cycle_error.mean()), abs=1e-4)


# ---- folders


@pytest.fixture
def photos(tmp_path):
    return [write(tmp_path / "photos" / f"{i}.png", (40 * i, 10, 10)) for i in range(4)]


def test_a_folder_goes_on_where_it_was(model, photos, tmp_path):
    fruit, out = model("fruit"), tmp_path / "out"

    def impatient(done, total, what):
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        translate.folder(fruit, photos, out, How(), impatient)
    assert sorted(p.name for p in out.iterdir()) == ["0.png", "1.png"]
    before = (out / "0.png").stat().st_mtime_ns
    report = translate.folder(fruit, photos, out, How())
    assert (report.done, report.skipped) == (("2.png", "3.png"), ("0.png", "1.png"))
    assert (out / "0.png").stat().st_mtime_ns == before
    again = translate.folder(fruit, photos, out, How(backwards=True))
    assert len(again.done) == 4  # asked for something else: made anew


def test_a_folder_does_not_pay_for_the_way_back(model, photos, tmp_path, monkeypatch):
    fruit, asked = model("fruit"), []
    forth = fruit.translate
    monkeypatch.setattr(fruit, "translate", lambda x, backwards=False: asked.append(backwards) or forth(x, backwards))
    translate.folder(fruit, photos, tmp_path / "out", How())
    assert asked == [False] * len(photos)


def test_a_stopped_folder_says_so(model, photos, tmp_path):
    control = Control()
    control.stop()
    report = translate.folder(model("fruit"), photos, tmp_path / "out", How(), control=control)
    assert report.stopped
    assert report.done == ()


def test_files_of_others_and_bad_pictures_are_left_alone(model, photos, tmp_path):
    out = tmp_path / "out"
    mine = write(out / "1.png", (1, 2, 3))
    content = mine.read_bytes()
    photos[2].write_bytes(b"broken")
    report = translate.folder(model("fruit"), photos, out, How())
    assert report.done == ("0.png", "3.png")
    assert [failure.name for failure in report.failed] == ["1.png", "2.png"]
    assert mine.read_bytes() == content
    with pytest.raises(BadInput, match="folder of the sources"):
        translate.folder(model("fruit"), photos, photos[0].parent, How())


# ---- the command


def run(capfd, work, *words):
    code = main(["translate", *words, "--workspace", str(work[0].workspace), "--json"])
    return code, json.loads(capfd.readouterr().out)


def test_command_writes_a_sheet_with_errors(capfd, work, tmp_path):
    code, document = run(capfd, work, work[1]["grey"], "--out", str(tmp_path / "sheet.png"), "--n", "2")
    assert code == 0
    assert (document["from"], document["to"], document["count"]) == ("grey", "colour", 2)
    assert 0 < document["target_error"] < 1
    assert (tmp_path / "sheet.png").is_file()


def test_command_translates_a_picture_and_a_folder(capfd, work, photos, tmp_path):
    one = tmp_path / "one.png"
    code, document = run(capfd, work, work[1]["fruit"], str(photos[0]), "--backwards", "--out", str(one))
    assert code == 0
    assert (document["from"], document["to"]) == ("oranges", "apples")
    with Image.open(one) as made:
        assert made.size == (16, 16)
    code, document = run(capfd, work, work[1]["fruit"], str(photos[0].parent), "--out", str(tmp_path / "many"))
    assert code == 0
    assert document["done"] == [f"{i}.png" for i in range(4)]


def test_command_refuses_what_has_no_effect(capfd, work, tmp_path):
    code, document = run(capfd, work, work[1]["fruit"], "--amount", "0.5", "--out", str(tmp_path / "x.png"))
    assert code == 1
    assert "no effect on CycleGAN" in document["error"]
