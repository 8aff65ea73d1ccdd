"""The data-set doctor: each kind of problem is found and named, fixes are remembered, sources stay as they are."""

import gzip
import json
import os
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import BadConfig, BadInput, Cancelled, NotAvailable
from studio.data import doctor, fixes
from studio.data.doctor import check
from studio.data.open import open_data
from studio.data.options import DataOptions
from tests.data.hostile import idx, npz, picture, tarred, with_orientation, zipped


@pytest.fixture
def folder(tmp_path):
    """Two classes of twelve good pictures each."""
    root = tmp_path / "pictures"
    for i in range(24):
        put(root / ("cats" if i % 2 else "dogs") / f"{i:02d}.png", picture(seed=i))
    return root


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def found(report, kind):
    """Return the problems of one kind."""
    return [p for p in report.problems if p.kind == kind]


def state(root):
    """Return every file with its content and time."""
    return {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in sorted(root.rglob("*")) if p.is_file()}


def test_a_good_folder_is_in_order(folder, workspace):
    report = check(folder, workspace)
    assert report.ok
    assert (report.kind, report.count, report.problems, report.fixes) == ("folder", 24, (), ())
    assert report.facts["classes"] == {"cats": 12, "dogs": 12}
    assert report.summary == "24 usable pictures. No problem found."


def test_no_such_path_is_the_only_error(tmp_path, workspace):
    with pytest.raises(BadInput, match="nothing-here"):
        check(tmp_path / "nothing-here", workspace)
    with pytest.raises(BadInput):
        check("nul\0name", workspace)


def test_every_kind_of_bad_picture_is_told_apart(folder, workspace):
    put(folder / "cats/cut.jpg", picture("jpg", size=(64, 64))[:-2000])
    put(folder / "cats/page.png", b"<html>404 Not Found</html>")
    put(folder / "cats/none.png", b"")
    damaged = bytearray(picture("png"))
    damaged[-30:-20] = bytes(10)
    put(folder / "dogs/broken.png", bytes(damaged))
    put(folder / "dogs/header.png", picture("png")[:20])
    head = picture("bmp")
    put(folder / "dogs/wide.bmp", head[:18] + (30_000).to_bytes(4, "little") * 2 + head[26:])
    report = check(folder, workspace)
    where = {p.path: p.kind for p in report.problems}
    assert where["cats/cut.jpg"] == "truncated"
    assert where["cats/page.png"] == "not-a-picture"
    assert where["cats/none.png"] == "empty"
    assert where["dogs/broken.png"] in {"damaged", "truncated"}
    assert where["dogs/header.png"] in {"damaged", "truncated"}
    assert where["dogs/wide.bmp"] == "enormous"
    assert not report.ok
    assert report.count == 24
    assert [(f.id, f.count) for f in report.fixes] == [("skip-damaged", 6)]
    assert all(p.path in p.message for p in report.problems if p.kind != "mixed-sizes")


def test_duplicates_by_bytes_and_by_pixels_and_across_classes(folder, workspace):
    shutil.copy(folder / "cats/01.png", folder / "cats/copy.png")
    shutil.copy(folder / "cats/01.png", folder / "dogs/copy.png")
    Image.open(folder / "dogs/02.png").save(folder / "dogs/other.bmp")
    report = check(folder, workspace)
    assert [p.path for p in found(report, "duplicate")] == ["cats/copy.png", "dogs/copy.png"]
    assert "another class (dogs and cats)" in found(report, "duplicate")[1].message
    assert [p.path for p in found(report, "look-alike")] == ["dogs/other.bmp"]
    assert {f.id: f.count for f in report.fixes} == {"drop-duplicates": 2, "skip-look-alikes": 1}


def test_tiny_and_empty_classes(folder, workspace):
    put(folder / "birds/1.png", picture(seed=90))
    put(folder / "fish/1.png", b"damaged")
    (folder / "snakes").mkdir()
    report = check(folder, workspace)
    assert {p.path: p.message for p in found(report, "tiny-class")} == {
        "birds": "The class birds has only 1 usable example; the largest has 12.",
        "fish": "The class fish has no usable example; the largest has 12.",
    }
    assert [p.path for p in found(report, "empty")] == ["snakes"]
    assert {f.id: set(f.files) for f in report.fixes}["skip-tiny-classes"] == {"birds", "fish"}


def test_what_the_studio_handles_by_itself_is_noted_and_still_in_order(folder, workspace):
    put(folder / "cats/moving.gif", picture("gif"))
    put(folder / "cats/turned.jpg", with_orientation(6))
    put(folder / "notes.txt", b"hello")
    Image.new("L", (40, 30)).save(folder / "dogs/grey.png")
    report = check(folder, workspace)
    assert report.ok
    assert set(report.counts) == {"animated", "exif", "mixed-sizes", "mixed-modes", "other"}
    assert "24 x 18" in found(report, "mixed-sizes")[0].message
    assert {f.id for f in report.fixes} == {"ignore-exif", "skip-animated"}


def test_links_pipes_and_loops_are_reported_and_never_opened(folder, workspace):
    (folder / "cats/again").symlink_to(folder)
    (folder / "cats/self.png").symlink_to(folder / "cats/self.png")
    (folder / "cats/gone.png").symlink_to("/nowhere")
    os.mkfifo(folder / "cats/pipe.png")
    report = check(folder, workspace)
    assert {p.path: p.kind for p in report.problems} == {
        "cats/again": "loop",
        "cats/self.png": "loop",
        "cats/gone.png": "link",
        "cats/pipe.png": "special",
    }
    assert report.count == 24


def test_a_folder_that_cannot_be_listed_is_reported(folder, workspace, monkeypatch):
    """Simulated, because the permission bits do not stop an administrator, who may run the tests."""
    real = os.scandir

    def refuse(path="."):
        if str(path).endswith("dogs"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = check(folder, workspace)
    assert [p.path for p in found(report, "unreadable")] == ["dogs"]
    assert report.count == 12


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="an administrator may read everything")
def test_a_file_without_permission_is_reported(folder, workspace):
    (folder / "cats/01.png").chmod(0)
    assert [p.path for p in found(check(folder, workspace), "unreadable")] == ["cats/01.png"]


def test_many_problems_are_listed_up_to_a_limit_and_counted(folder, workspace):
    for i in range(50):
        put(folder / f"cats/bad{i:02d}.png", b"bad")
    report = check(folder, workspace)
    listed = found(report, "not-a-picture")
    assert len(listed) == 21
    assert listed[-1].message == "… and 30 more: not pictures."
    assert report.counts["not-a-picture"] == 50
    assert report.fixes[0].count == len(report.fixes[0].files) == 50
    assert len(report.examples["not-a-picture"]) == 5


def test_the_report_is_plain_json_with_the_promised_keys(folder, workspace):
    put(folder / "cats/line\nbreak \udcff.png", b"bad")
    document = json.loads(json.dumps(check(folder, workspace).to_json()))
    assert {"ok", "kind", "count", "problems", "fixes"} <= set(document)
    assert document["problems"][0]["path"] == "cats/line\\nbreak \\udcff.png"
    assert document["fixes"][0]["id"] == "skip-damaged"


@pytest.mark.parametrize("pack", ["zip", "tar"])
def test_archives_are_looked_into(tmp_path, workspace, pack):
    members = {f"{c}/{i}.png": picture(seed=100 * ord(c) + i) for c in "ab" for i in range(10)}
    members["a/copy.png"], members["b/cut.png"] = members["a/1.png"], members["b/1.png"][:200]
    put(tmp_path / f"data.{pack}", zipped(members) if pack == "zip" else tarred(members))
    report = check(tmp_path / f"data.{pack}", workspace)
    assert report.kind == "archive"
    assert {p.path: p.kind for p in report.problems} == {"a/copy.png": "duplicate", "b/cut.png": "truncated"}
    assert report.count == 21


def test_a_tar_cut_between_members_and_an_escaping_zip(tmp_path, workspace):
    whole = tarred({f"a/{i}.png": picture(seed=i) for i in range(3)})
    put(tmp_path / "cut.tar", whole[: whole.index(b"a/2.png")])
    assert [p.kind for p in check(tmp_path / "cut.tar", workspace).problems] == ["truncated"]
    put(tmp_path / "out.zip", zipped({"../../evil.png": picture()}))
    report = check(tmp_path / "out.zip", workspace)
    assert [p.kind for p in report.problems] == ["escape"]
    assert "evil.png" in report.problems[0].message


def test_idx_labels_must_fit(tmp_path, workspace):
    pixels, labels = np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8), np.arange(12, dtype=np.uint8)
    put(tmp_path / "train-images-idx3-ubyte", idx(pixels))
    put(tmp_path / "train-labels-idx1-ubyte.gz", gzip.compress(idx(labels)))
    report = check(tmp_path, workspace)
    assert (report.ok, report.kind, report.count) == (True, "idx-folder", 12)
    put(tmp_path / "train-labels-idx1-ubyte.gz", gzip.compress(idx(labels[:7])))
    report = check(tmp_path, workspace)
    assert [p.kind for p in report.problems] == ["count"]
    assert "12 pictures but labels of shape (7,)" in report.problems[0].message


@pytest.mark.parametrize(
    ("arrays", "kind"),
    [
        ({"x": np.full((9, 8, 8), np.nan, np.float32)}, "values"),
        ({"x": np.where(np.arange(576).reshape(9, 8, 8) == 200, np.inf, 0.5)}, "values"),
        ({"x": np.arange(576.0).reshape(9, 8, 8) - 400}, "values"),
        ({"x": np.zeros((9, 8, 8), np.complex64)}, "values"),
        ({"x": np.arange(9)}, "shape"),
        ({"x_train": np.eye(9)[None].repeat(9, 0), "x_test": np.eye(7)[None].repeat(9, 0)}, "shape"),
        ({"x": np.eye(9)[None].repeat(9, 0), "y": np.arange(8)}, "count"),
        ({"x_train": np.eye(9)[None].repeat(9, 0), "y_train": np.arange(9) / 0.7}, "labels"),
        ({"weights": np.eye(9), "bias": np.eye(9)}, "shape"),
        ({"x": np.array([{}], object)}, "pickle"),
    ],
)
def test_arrays_that_are_no_pictures(tmp_path, workspace, arrays, kind):
    put(tmp_path / "data.npz", npz(**arrays))
    report = check(tmp_path / "data.npz", workspace)
    assert not report.ok
    assert [p.kind for p in report.problems] == [kind]
    assert "data.npz" in report.problems[0].message


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"caf\xe9 " * 100, "encoding"), (b"fox\0" * 100, "encoding"), (b"fox", "short"), (b" \n" * 50, "short")],
)
def test_texts(tmp_path, workspace, content, kind):
    put(tmp_path / "story.txt", content)
    report = check(tmp_path / "story.txt", workspace)
    assert [p.kind for p in report.problems] == [kind]


def test_a_folder_of_texts(tmp_path, workspace):
    put(tmp_path / "texts/a.txt", "Der Löwe".encode())
    put(tmp_path / "texts/b.txt", "Der Bär".encode("latin-1"))
    report = check(tmp_path / "texts", workspace)
    assert (report.kind, report.count) == ("text", 8)
    assert [p.path.endswith("b.txt") for p in found(report, "encoding")] == [True]


def test_fixes_are_remembered_and_the_source_is_untouched(folder, workspace):
    put(folder / "cats/bad.png", b"bad")
    shutil.copy(folder / "cats/01.png", folder / "cats/copy.png")
    put(folder / "birds/1.png", picture(seed=90))
    put(folder / "cats/moving.gif", picture("gif", size=(30, 30)))
    put(folder / "cats/turned.jpg", with_orientation(6))
    before = state(folder)
    report = check(folder, workspace)
    chosen = doctor.apply(folder, [f.id for f in report.fixes], workspace, report)
    assert chosen == fixes.load(folder, workspace)
    assert chosen.skip == {"cats/bad.png"}
    assert chosen.skip_classes == {"birds"}
    assert (chosen.drop_duplicates, chosen.exif, chosen.animated) == (True, False, "skip")
    after = check(folder, workspace)
    assert after.ok
    assert set(after.counts) == {"mixed-sizes"}
    assert after.count == 25
    assert "2 files are left out by fixes chosen earlier" in after.summary
    assert state(folder) == before
    doctor.forget(folder, workspace)
    assert check(folder, workspace).counts == report.counts


def test_fixes_add_up_and_unknown_ones_are_refused(folder, workspace):
    put(folder / "cats/bad.png", b"bad")
    doctor.apply(folder, ["skip-damaged"], workspace)
    put(folder / "dogs/worse.png", b"worse")
    assert doctor.apply(folder, ["skip-damaged"], workspace).skip == {"cats/bad.png", "dogs/worse.png"}
    with pytest.raises(BadConfig, match="paint-it-red"):
        doctor.apply(folder, ["paint-it-red"], workspace)


def test_progress_counts_up_and_cancels_at_once(folder, workspace):
    seen = []
    check(folder, workspace, lambda *a: seen.append(a))
    assert [d for d, t, what in seen if what == "Decoding pictures"] == list(range(1, 25))
    calls = []

    def cancel(done, total, what):
        calls.append(done)
        if len(calls) == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        check(folder, workspace, cancel)
    assert len(calls) == 5


def test_a_zip_member_with_a_wrong_checksum_is_named(tmp_path, workspace):
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(4):
            archive.writestr(f"a/{i}.png", picture(seed=i))
    data = bytearray(path.read_bytes())
    data[data.index(b"a/2.png") + 200] ^= 255
    path.write_bytes(data)
    report = check(path, workspace)
    assert [p.path for p in report.problems] == ["a/2.png"]
    assert report.count == 3


def test_names_of_the_catalogue_are_known(workspace):
    report = check("digits", workspace)
    assert (report.ok, report.kind, report.count) == (True, "catalogue", 1797)
    with pytest.raises(NotAvailable, match="CelebA"):
        check("celeba", workspace)


def test_what_is_in_order_opens_and_what_opens_honours_the_fixes(folder, workspace):
    put(folder / "cats/bad.png", b"bad")
    shutil.copy(folder / "cats/01.png", folder / "dogs/copy.png")
    doctor.apply(folder, ["skip-damaged", "drop-duplicates"], workspace)
    opened = open_data(str(folder), DataOptions(val_fraction=0.25), workspace=workspace)
    assert opened.spec.train_count + opened.spec.val_count == check(folder, workspace).count == 24
