"""Opening what people have: known answers for every kind of source, stable splits, honest fingerprints."""

import gzip
import io
import os
import struct
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.core.errors import BadConfig, BadInput
from studio.data import fixes
from studio.data.fixes import Fixes
from studio.data.open import open_data
from studio.data.options import DataOptions
from studio.data.splits import Listing, choose, keys_of

SHARED = Path(__file__).parents[3] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the data folder beside the project is not there")


@pytest.fixture
def opened(tmp_path):
    def open_it(source, **options):
        return open_data(str(source), DataOptions(**options), workspace=tmp_path / "workspace")

    return open_it


def everything(split):
    return split.gather(np.arange(len(split)))


def picture(value, size=(6, 6), mode="L"):
    out = io.BytesIO()
    Image.new(mode, size, value).save(out, "PNG")
    return out.getvalue()


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


CLASSED = {
    **{f"cat/{i}.png": picture(i) for i in range(10)},
    **{f"dog/{i}.png": picture(100 + i) for i in range(10)},
}
SPLIT = {
    "pack/train/a/1.png": picture(1),
    "pack/train/b/2.png": picture(2),
    "pack/test/a/3.png": picture(3),
    "pack/readme.txt": b"hello",
    "__MACOSX/pack/train/a/._1.png": b"junk",
}


def test_class_folders_give_labelled_pixels(opened, tmp_path):
    data = opened(write(tmp_path / "pets", CLASSED))
    assert (data.spec.name, data.spec.shape, data.spec.classes) == ("pets", (1, 6, 6), ("cat", "dog"))
    assert (data.spec.train_count, data.spec.val_count) == (18, 2)
    for split in (data.train, data.val):
        x, y = everything(split)
        assert x.dtype == np.uint8
        assert y.dtype == np.int64
        np.testing.assert_array_equal(y, x[:, 0, 0, 0] >= 100)


@pytest.mark.parametrize("kind", ["folder", "zip", "tar.gz"])
def test_train_and_test_folders_in_folders_and_archives(opened, tmp_path, kind):
    path = write(tmp_path / "set", SPLIT)
    if kind == "zip":
        path = tmp_path / "set.zip"
        with zipfile.ZipFile(path, "w") as out:
            for name, content in SPLIT.items():
                out.writestr(name, content)
    elif kind == "tar.gz":
        path = tmp_path / "set.tar.gz"
        with tarfile.open(path, "w:gz") as out:
            out.add(tmp_path / "set", "")
    for _ in range(2):  # cold, then from the cache
        data = opened(path)
        assert data.spec.name == "set"
        assert sorted(everything(data.train)[0][:, 0, 0, 0].tolist()) == [1, 2]
        x, y = everything(data.val)
        assert (x[0, 0, 0, 0], data.spec.classes[y[0]]) == (3, "a")


def mnist_like(folder, packed=True):
    folder.mkdir()
    pixels = np.arange(12 * 25, dtype=np.int64).astype(np.uint8).reshape(12, 5, 5)
    labels = np.arange(12, dtype=np.uint8) % 10
    for name, rows in (("train", slice(0, 10)), ("t10k", slice(10, 12))):
        for what, array, dims in (("images", pixels, 3), ("labels", labels, 1)):
            content = idx(array[rows])
            path = folder / f"{name}-{what}-idx{dims}-ubyte{'.gz' if packed else ''}"
            path.write_bytes(gzip.compress(content) if packed else content)
    return pixels, labels


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_of_idx_files_is_train_and_held_out(opened, tmp_path, packed):
    pixels, labels = mnist_like(tmp_path / "mine", packed)
    data = opened(tmp_path / "mine")
    assert data.spec.name == "mine"
    assert data.spec.classes == tuple("0123456789")
    x, y = everything(data.train)
    np.testing.assert_array_equal(x[:, 0], pixels[:10])
    np.testing.assert_array_equal(y, labels[:10])
    np.testing.assert_array_equal(everything(data.val)[0][:, 0], pixels[10:])


def test_one_idx_file_finds_its_labels(opened, tmp_path):
    mnist_like(tmp_path / "mine")
    data = opened(tmp_path / "mine" / "train-images-idx3-ubyte.gz")
    assert (data.spec.train_count, data.spec.val_count, len(data.spec.classes)) == (9, 1, 10)
    with pytest.raises(BadInput, match="numbers, not pictures"):
        opened(tmp_path / "mine" / "train-labels-idx1-ubyte.gz")


def test_quick_draw_rows_are_squares(opened, tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, (20, 784), dtype=np.uint8)
    np.save(tmp_path / "camel.npy", rows)
    data = opened(tmp_path / "camel.npy", val_fraction=0.0)
    assert (data.spec.name, data.spec.shape, data.spec.classes) == ("camel", (1, 28, 28), ())
    x, y = everything(data.train)
    np.testing.assert_array_equal(x.reshape(20, 784), rows)
    assert y is None


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([0.0, 0.5, 1.0], np.float32), [0, 128, 255]),
        (np.array([0.0, 127.6, 255.0]), [0, 128, 255]),
        (np.array([False, True, True]), [0, 255, 255]),
        (np.array([0, 257, 65535], np.uint16), [0, 1, 255]),
        (np.array([0, 7, 255], np.int64), [0, 7, 255]),
    ],
)
def test_values_of_every_range_become_bytes(opened, tmp_path, array, expected):
    np.save(tmp_path / "a.npy", np.repeat(array, 16).reshape(3, 4, 4))
    assert everything(opened(tmp_path / "a.npy", val_fraction=0.0).train)[0][:, 0, 0, 0].tolist() == expected


@pytest.mark.parametrize("last", [False, True])
def test_channels_are_found_first_or_last(opened, tmp_path, last):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 3, 7, 8), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x_train=pixels.transpose(0, 2, 3, 1) if last else pixels, x_test=pixels[:2])
    if last:
        np.savez(tmp_path / "a.npz", images=pixels.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(everything(opened(tmp_path / "a.npz", val_fraction=0.0).train)[0], pixels)


@pytest.mark.parametrize(
    "labels", [np.array([5, 7, 5, 9]), np.array(["five", "seven", "five", "nine"]), np.eye(3)[[0, 1, 0, 2]]]
)
def test_labels_of_every_kind(opened, tmp_path, labels):
    pixels = np.zeros((4, 4, 4), np.uint8)
    np.savez(tmp_path / "a.npz", x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    data = opened(tmp_path / "a.npz")
    order = everything(data.train)[1]
    named = [data.spec.classes[i] for i in order]
    assert named in (["5", "7", "5", "9"], ["five", "seven", "five", "nine"], ["0", "1", "0", "2"])
    np.testing.assert_array_equal(order, everything(data.val)[1])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.full((2, 4, 4), np.nan)}, "NaN"),
        ({"x": np.full((2, 4, 4), -1.0)}, "from -1 to -1"),
        ({"x": np.zeros(7)}, "holds no pictures"),
        ({"x": np.zeros((2, 7))}, "cannot be read as pictures"),
        ({"x": np.zeros((0, 4, 4))}, "holds no pictures"),
        ({"x": np.zeros((2, 4, 4)), "y": np.zeros(3)}, "labels of shape"),
        ({"x": np.zeros((2, 4, 4)), "y": np.array([0.5, 1])}, "whole numbers"),
        ({"weights": np.zeros((2, 4, 4)), "bias": np.zeros(2)}, "no array called"),
        ({"x_train": np.zeros((2, 4, 4)), "x_test": np.zeros((2, 5, 5))}, "equal in size"),
    ],
)
def test_arrays_that_make_no_sense_are_refused(opened, tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(BadInput) as refused:
        opened(tmp_path / "a.npz")
    assert message in str(refused.value)


def test_one_picture_gives_its_own_cut_outs(opened, tmp_path):
    values = np.arange(40 * 50, dtype=np.int64).astype(np.uint8).reshape(40, 50)
    Image.fromarray(values).save(tmp_path / "a.png")
    data = opened(tmp_path / "a.png", size=8, limit=30)
    x, y = everything(data.train)
    assert x.shape == (30, 1, 8, 8)
    assert y is None
    windows = np.lib.stride_tricks.sliding_window_view(values, (8, 8)).reshape(-1, 64)
    assert {row.tobytes() for row in x.reshape(30, 64)} <= {row.tobytes() for row in windows}
    assert opened(tmp_path / "a.png", size=64).spec.shape == (1, 64, 64)


def test_colour_and_size_options(opened, tmp_path):
    folder = write(tmp_path / "a", {"1.png": picture((255, 0, 0), (9, 5), "RGB"), "2.png": picture(7, (3, 3))})
    assert opened(folder, size=4).spec.shape == (3, 4, 4)
    grey = opened(folder, size=4, colour="grey", val_fraction=0.0)
    assert sorted(everything(grey.train)[0][:, 0, 0, 0].tolist()) == [7, 76]  # 0.299 of 255
    mixed = opened(folder)
    assert mixed.spec.shape == (3, 64, 64)
    assert "different sizes" in mixed.messages[0]


def test_damaged_pictures_are_left_out_and_counted(opened, tmp_path):
    folder = write(tmp_path / "a", {**CLASSED, "cat/bad.png": b"\x89PNG junk", "dog/cut.png": picture(1)[:40]})
    data = opened(folder)
    assert data.spec.train_count + data.spec.val_count == 20
    assert "2 pictures were" in data.messages[0]
    assert "cat/bad.png" in data.messages[0]
    only_bad = write(tmp_path / "b", {"x.png": b"junk"})
    with pytest.raises(BadInput, match="None of the pictures"):
        opened(only_bad)


def test_chosen_fixes_are_honoured(opened, tmp_path):
    folder = write(tmp_path / "a", {**CLASSED, "cat/copy.png": CLASSED["cat/0.png"]})
    before = opened(folder)
    chosen = Fixes(skip=frozenset({"cat/1.png"}), drop_duplicates=True)
    fixes.save(folder, chosen, tmp_path / "workspace")
    assert fixes.load(folder, tmp_path / "workspace") == chosen
    after = opened(folder)
    assert after.spec.train_count + after.spec.val_count == 19
    assert after.spec.fingerprint != before.spec.fingerprint
    fixes.save(folder, Fixes(skip_classes=frozenset({"cat"})), tmp_path / "workspace")
    assert opened(folder).spec.classes == ("dog",)
    fixes.save(folder, Fixes(), tmp_path / "workspace")
    assert opened(folder).spec.fingerprint == before.spec.fingerprint


def test_a_text_file_is_a_text(opened, tmp_path):
    (tmp_path / "a.txt").write_text("the fox saw the crow and the crow saw the fox . " * 40)
    assert opened(tmp_path / "a.txt", window=4).spec.kind == "text"


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF\2\1\1\0\0\0\0", b"\0\0\x08\x03\0\0", b"PK\3\4 broken", b"\x1f\x8bxx"]
)
def test_files_that_cannot_be_used_are_named(opened, tmp_path, content):
    path = tmp_path / "strange.bin"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"strange\.bin"):
        opened(path)


def test_unknown_names_suggest_the_nearest(opened):
    with pytest.raises(BadInput, match="Did you mean mnist"):
        opened("mnits")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes exist on POSIX systems only")
def test_a_pipe_does_not_hang(opened, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(BadInput, match="neither a file nor a folder"):
        opened(tmp_path / "pipe.png")


# Splits


counts = st.integers(2, 300)
fractions = st.floats(0.0, 0.9)


@settings(max_examples=60, deadline=None)
@given(counts, fractions, st.integers(0, 50))
def test_splits_are_disjoint_complete_and_repeatable(count, fraction, limit):
    listing = Listing(keys_of(count), None, None, ())
    options = DataOptions(val_fraction=fraction, limit=limit)
    chosen, again = choose(listing, options), choose(listing, options)
    np.testing.assert_array_equal(chosen.train, again.train)
    assert not set(chosen.train) & set(chosen.val)
    if limit:
        assert len(chosen.train) <= limit
    else:
        assert len(chosen.train) + len(chosen.val) == count
        assert abs(len(chosen.val) - count * fraction) <= 1
    assert len(chosen.train) > 0


@settings(max_examples=40, deadline=None)
@given(st.sets(st.text(min_size=1, max_size=8), min_size=20, max_size=80), st.randoms())
def test_the_split_depends_on_names_not_on_order_or_on_new_files(names, random):
    names = sorted(names)
    shuffled = names[:]
    random.shuffle(shuffled)

    def held_out(listed):
        chosen = choose(Listing(keys_of(listed), None, None, ()), DataOptions(val_fraction=0.25))
        return {listed[i] for i in chosen.val}

    assert held_out(names) == held_out(shuffled)
    assert len(held_out(names) - held_out([*names, "one more"])) <= 1


def test_only_keeps_and_renumbers_classes(opened):
    data = opened("digits", only="7, 3")
    assert data.spec.classes == ("3", "7")
    labels = everything(data.train)[1]
    assert set(labels.tolist()) == {0, 1}
    whole = opened("digits")
    x, y = everything(whole.train)
    threes = {p.tobytes() for p in x[y == 3]} | {p.tobytes() for p in everything(whole.val)[0]}
    assert {p.tobytes() for p in everything(data.train)[0][labels == 0]} <= threes
    with pytest.raises(BadConfig, match="no class"):
        opened("digits", only="3,77")


def test_limit_is_a_subset_of_the_training_examples(opened):
    whole, part = opened("digits"), opened("digits", limit=100)
    assert (part.spec.train_count, part.spec.val_count) == (100, 11)
    known = {p.tobytes() for p in everything(whole.train)[0]}
    assert {p.tobytes() for p in everything(part.train)[0]} <= known


@pytest.mark.parametrize(
    "change",
    [
        {"size": 16},
        {"colour": "colour"},
        {"val_fraction": 0.2},
        {"limit": 50},
        {"only": "1,2"},
        {"flip": True},
        {"shift": 0.1},
        {"rotate": 5.0},
    ],
)
def test_fingerprints_cover_every_option(opened, change):
    plain = opened("digits").spec.fingerprint
    assert opened("digits").spec.fingerprint == plain
    assert opened("digits", **change).spec.fingerprint != plain


def test_fit_changes_the_fingerprint_where_it_changes_pixels(opened, tmp_path):
    gradient = np.tile(np.arange(0, 120, 10, dtype=np.uint8), (4, 1))
    folder = tmp_path / "a"
    folder.mkdir()
    for i in range(3):
        Image.fromarray(gradient + i).save(folder / f"{i}.png")
    assert len({opened(folder, size=4, fit=f).spec.fingerprint for f in ("crop", "pad", "stretch")}) == 3


def test_the_fingerprint_survives_a_move_and_notices_an_edit(opened, tmp_path):
    folder = write(tmp_path / "a", CLASSED)
    before = opened(folder).spec.fingerprint
    moved = folder.rename(tmp_path / "b")
    assert opened(moved).spec.fingerprint == before
    write(moved, {"cat/3.png": picture(55)})
    assert opened(moved).spec.fingerprint != before


# Real data


@needs_shared
@pytest.mark.shared_data
def test_mnist_is_read_as_published(opened):
    data = opened(SHARED / "mnist")
    assert (data.spec.train_count, data.spec.val_count, data.spec.shape) == (60_000, 10_000, (1, 28, 28))
    assert data.spec.classes == tuple("0123456789")
    x, y = everything(data.train)
    assert y[:5].tolist() == [5, 0, 4, 1, 9]
    assert x.mean() / 255 == pytest.approx(0.1307, abs=1e-4)  # the mean every MNIST example normalises with


@needs_shared
@pytest.mark.shared_data
def test_a_trial_on_the_large_zip_is_quick_the_second_time(opened):
    options = {"limit": 64, "only": "cat,dog", "size": 16}
    opened(SHARED / "cifar10.zip", **options)
    start = time.perf_counter()
    data = opened(SHARED / "cifar10.zip", **options)
    assert time.perf_counter() - start < 3
    assert (data.spec.classes, data.spec.shape, data.spec.train_count) == (("cat", "dog"), (3, 16, 16), 64)


@needs_shared
@pytest.mark.shared_data
def test_the_pickled_npz_is_refused(opened):
    with pytest.raises(BadInput, match="pickled"):
        opened(SHARED / "chorales" / "Jsb16thSeparated.npz")
