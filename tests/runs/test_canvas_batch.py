"""Batches: what they name, what they skip, and that an interrupted one ends like an unbroken one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from studio.canvas.dream import DreamSession
from studio.core.control import Control
from studio.core.errors import BadConfig, BadInput, Cancelled, StoreError
from studio.runs import canvas_batch, canvases
from studio.runs.canvas_batch import MANIFEST, run
from studio.runs.canvas_files import read_recipe
from studio.runs.canvas_items import dream_items, pictures_in, transfer_items, unique_names
from studio.runs.canvases import DreamRequest, StyleRequest
from studio.runs.pictures import save_png
from tests.canvas.fakes import picture, tiny_backbone

SMALL = {"size": 32, "octaves": 1, "iterations": 2, "jitter": 2, "precision": "fp32"}
PAINT = {"size": 32, "smallest": 32, "iterations": 2, "precision": "fp32"}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    backbone = tiny_backbone()
    monkeypatch.setattr(canvases, "open_backbone", lambda name, workspace, progress=None: backbone)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate(("ant", "bee", "cow")):
        save_png(folder / f"{name}.png", picture(32, 40, number).pixels)
    return folder


def batch(photos, out, control=None, progress=None, **settings):
    items = dream_items(pictures_in([photos]), DreamRequest(settings={**SMALL, **settings}))
    return run(items, out, out.parent / "workspace", control=control, progress=progress)


def contents(out):
    return {path.name: path.read_bytes() for path in out.iterdir() if path.name != MANIFEST}


def keys(out):
    files = json.loads((out / MANIFEST).read_text())["files"]
    return {name: (entry["key"], entry["sha256"]) for name, entry in files.items()}


def test_a_folder_becomes_a_folder_with_a_manifest(photos, tmp_path):
    seen = []
    report = batch(photos, tmp_path / "out", progress=lambda done, total, what: seen.append((done, total)))
    assert report.done == ("ant.png", "bee.png", "cow.png")
    assert (report.skipped, report.failed, report.stopped) == ((), (), False)
    assert sorted(contents(tmp_path / "out")) == ["ant.png", "bee.png", "cow.png"]
    recipe = read_recipe(tmp_path / "out" / "bee.png")
    assert recipe["sources"]["picture"]["path"] == str(photos / "bee.png")
    assert seen == sorted(seen)
    assert seen[-1] == (300, 300)
    assert set(keys(tmp_path / "out")) == {"ant.png", "bee.png", "cow.png"}


def test_a_second_call_does_nothing(photos, tmp_path):
    batch(photos, tmp_path / "out")
    stamps = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("*.png")}
    report = batch(photos, tmp_path / "out")
    assert report.skipped == ("ant.png", "bee.png", "cow.png")
    assert report.done == ()
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("*.png")} == stamps


def test_what_changed_or_is_damaged_is_made_again(photos, tmp_path):
    out = tmp_path / "out"
    batch(photos, out)
    whole = contents(out)
    (out / "ant.png").write_bytes(whole["ant.png"][:100])
    (out / "cow.png").unlink()
    assert batch(photos, out).done == ("ant.png", "cow.png")
    assert contents(out) == whole
    save_png(photos / "bee.png", picture(32, 40, 9).pixels)
    assert batch(photos, out).done == ("bee.png",)
    assert batch(photos, out, step=0.03).done == ("ant.png", "bee.png", "cow.png")
    assert batch(photos, out, step=0.03).done == ()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 3}', '{"files": {"ant.png": 3}}', None])
def test_without_a_readable_manifest_all_is_made_again(text, photos, tmp_path):
    out = tmp_path / "out"
    batch(photos, out)
    whole = contents(out)
    (out / MANIFEST).unlink()
    if text is not None:
        (out / MANIFEST).write_text(text)
    assert len(batch(photos, out).done) == 3
    assert contents(out) == whole


@pytest.mark.parametrize("at", range(1, 6))
def test_stopped_and_continued_ends_like_an_unbroken_batch(at, photos, tmp_path, monkeypatch):
    batch(photos, tmp_path / "whole")
    control, real, steps = Control(), DreamSession.advance, 0

    def advance(session):
        nonlocal steps
        steps += 1
        if steps == at:  # of six: two steps for each picture
            control.stop()
        return real(session)

    monkeypatch.setattr(DreamSession, "advance", advance)
    first = batch(photos, tmp_path / "out", control)
    assert first.stopped
    assert len(first.done) == at // 2  # a stop in the last step of a picture lets it be
    assert set(contents(tmp_path / "out")) == set(first.done)  # nothing half made
    second = batch(photos, tmp_path / "out")
    assert second.skipped == first.done
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert keys(tmp_path / "out") == keys(tmp_path / "whole")


@pytest.mark.parametrize("where", ["before the picture", "after the picture", "after the manifest"])
def test_killed_anywhere_and_continued_ends_like_an_unbroken_batch(where, photos, tmp_path, monkeypatch):
    class KilledError(BaseException):
        """Nothing in the batch may catch a death."""

    batch(photos, tmp_path / "whole")
    name = "export" if where != "after the manifest" else "write_json"
    module = canvas_batch.canvas_files if name == "export" else canvas_batch
    real, calls = getattr(module, name), 0

    def dying(*args):
        nonlocal calls
        calls += 1
        if calls == 2 and where == "before the picture":
            raise KilledError
        made = real(*args)
        if calls == 2:
            raise KilledError
        return made

    monkeypatch.setattr(module, name, dying)
    with pytest.raises(KilledError):
        batch(photos, tmp_path / "out")
    monkeypatch.setattr(module, name, real)
    batch(photos, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert keys(tmp_path / "out") == keys(tmp_path / "whole")


def test_cancelling_through_progress_keeps_what_is_done(photos, tmp_path):
    def cancel(done, total, what):
        if done >= 100:
            raise Cancelled

    with pytest.raises(Cancelled):
        batch(photos, tmp_path / "out", progress=cancel)
    assert list(contents(tmp_path / "out")) == ["ant.png"]
    assert batch(photos, tmp_path / "out").skipped == ("ant.png",)


def test_one_bad_file_does_not_stop_the_rest(photos, tmp_path):
    (photos / "bad.png").write_bytes((photos / "ant.png").read_bytes()[:60])
    (photos / "tiny.png").write_bytes(save_png(tmp_path / "t.png", np.zeros((1, 1, 3), np.uint8)).read_bytes())
    report = batch(photos, tmp_path / "out")
    assert report.done == ("ant.png", "bee.png", "cow.png")
    assert [(f.name, type(f.error)) for f in report.failed] == [("bad.png", BadInput), ("tiny.png", BadInput)]
    assert "damaged" in report.failed[0].error.what
    failed = json.loads((tmp_path / "out" / MANIFEST).read_text())["failed"]
    assert set(failed) == {"bad.png", "tiny.png"}


def test_wrong_settings_stop_the_batch_before_it_begins(photos, tmp_path):
    with pytest.raises(BadConfig):
        batch(photos, tmp_path / "out", octaves=0)


def test_a_full_disk_stops_the_batch_and_keeps_what_is_there(photos, tmp_path, monkeypatch):
    batch(photos, tmp_path / "out")
    whole = contents(tmp_path / "out")

    def full(*args):
        raise StoreError("The disk is full.")

    monkeypatch.setattr(canvas_batch.canvas_files, "export", full)
    with pytest.raises(StoreError):
        batch(photos, tmp_path / "out", step=0.03)
    assert contents(tmp_path / "out") == whole


def test_files_of_others_are_not_replaced(photos, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    mine = save_png(out / "bee.png", picture(20, 20).pixels)
    before = mine.read_bytes()
    report = batch(photos, out)
    assert report.done == ("ant.png", "cow.png")
    assert "not made by a batch" in report.failed[0].error.what
    assert mine.read_bytes() == before


def test_results_never_lie_among_their_sources(photos, tmp_path):
    with pytest.raises(BadInput, match="folder of the sources"):
        batch(photos, photos)
    assert not (photos / MANIFEST).exists()


def test_every_content_meets_every_style(photos, tmp_path):
    styles = tmp_path / "styles"
    styles.mkdir()
    for number, name in enumerate(("sun", "sea")):
        save_png(styles / f"{name}.png", picture(32, 32, 20 + number).pixels)
    mixes = {path.stem: (StyleRequest(picture=path),) for path in pictures_in([styles])}
    items = transfer_items(pictures_in([photos])[:2], mixes, {"settings": PAINT})
    report = run(items, tmp_path / "out", tmp_path / "workspace")
    assert report.done == ("ant--sea.png", "ant--sun.png", "bee--sea.png", "bee--sun.png")
    recipe = read_recipe(tmp_path / "out" / "bee--sea.png")
    assert {role: Path(s["path"]).name for role, s in recipe["sources"].items()} == {
        "content": "bee.png",
        "style 1": "sea.png",
    }
    save_png(styles / "sea.png", picture(32, 32, 30).pixels)
    again = run(items, tmp_path / "out", tmp_path / "workspace")
    assert again.done == ("ant--sea.png", "bee--sea.png")
    assert again.skipped == ("ant--sun.png", "bee--sun.png")


def test_weights_and_masks_count_as_changes(photos, tmp_path):
    content, style, other = pictures_in([photos])
    mask = np.ones((32, 40), np.float32)

    def made(weight=1.0, mask=None):
        mixes = {"mix": (StyleRequest(picture=style, weight=weight), StyleRequest(picture=other, mask=mask))}
        items = transfer_items([content], mixes, {"settings": PAINT})
        return len(run(items, tmp_path / "out", tmp_path / "workspace").done)

    assert [made(), made(), made(2.0), made(2.0), made(2.0, mask), made(2.0, mask)] == [1, 0, 1, 0, 1, 0]


def test_names_are_unique():
    paths = [Path("a/cat.png"), Path("a/cat.jpg"), Path("b/cat.png"), Path("dog.png")]
    assert unique_names(paths) == ["cat-png", "cat-jpg", "cat-png-2", "dog"]
    assert unique_names(paths[:1]) == ["cat"]
    awkward = [Path("a/x.png"), Path("b/x.png"), Path("x-png-2.jpg"), Path("c/x-png-2.jpg"), Path("d/x.jpg")]
    assert len(set(unique_names(awkward))) == len(awkward)


def test_folders_are_listed_without_what_is_no_picture(photos, tmp_path):
    (photos / "notes.txt").write_text("x")
    (photos / ".hidden.png").write_bytes(b"x")
    (photos / "deeper").mkdir()
    assert [p.name for p in pictures_in([photos])] == ["ant.png", "bee.png", "cow.png"]
    assert pictures_in([photos / "bee.png", photos]) == [photos / n for n in ("bee.png", "ant.png", "cow.png")]
    with pytest.raises(BadInput, match="no pictures"):
        pictures_in([photos / "deeper"])
    with pytest.raises(BadInput, match="does not exist"):
        pictures_in([tmp_path / "nothing"])


def test_too_many_pairs_are_refused():
    with pytest.raises(BadInput, match="too many"):
        transfer_items([Path("a.png")] * 1000, {str(i): () for i in range(1000)}, {})
