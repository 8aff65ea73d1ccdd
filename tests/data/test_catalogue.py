"""The catalogue: what is bundled opens offline, what is on disk is found, what is missing says how to get it."""

import gzip
import struct

import numpy as np
import pytest

from studio.core.errors import BadInput, NotAvailable
from studio.data import catalogue, vision
from studio.data.catalogue import entries, place_of, present
from studio.data.open import open_data
from studio.data.options import DataOptions


def everything(split):
    return split.gather(np.arange(len(split)))


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def put_mnist(folder):
    folder.mkdir(parents=True)
    for name, count in (("train", 10), ("t10k", 4)):
        pixels = np.full((count, 28, 28), count, np.uint8)
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(pixels)))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.arange(count, dtype=np.uint8))))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """`./data` of the folder the tests run in must not be found."""
    monkeypatch.chdir(tmp_path)


def test_names_are_unique_and_complete():
    names = [e.name for e in entries()]
    assert len(set(names)) == len(names)
    assert {"digits", "shapes", *vision.NAMES} <= set(names)
    assert all(e.title and e.licence and e.note for e in entries())


def test_bundled_entries_open_as_described(tmp_path):
    for about in entries():
        if about.bundled and about.kind == "image":
            spec = open_data(about.name, DataOptions(), workspace=tmp_path).spec
            assert (spec.name, spec.shape, len(spec.classes)) == (about.name, about.shape, about.classes)
            assert spec.train_count + spec.val_count == about.count


def test_digits_are_scikit_learn_s(tmp_path):
    data = open_data("digits", DataOptions(val_fraction=0.0), workspace=tmp_path)
    x, y = everything(data.train)
    assert x.shape == (1797, 1, 8, 8)
    assert x.max() == 255
    assert y[:10].tolist() == list(range(10))
    larger = open_data("digits", DataOptions(size=28), workspace=tmp_path)
    assert larger.spec.shape == (1, 28, 28)


def test_shapes_follow_limit_and_size_and_bring_their_factors(tmp_path):
    data = open_data("shapes", DataOptions(limit=90, size=16), workspace=tmp_path)
    assert (data.spec.shape, data.spec.train_count, data.spec.val_count) == ((3, 16, 16), 90, 10)
    assert data.columns[:2] == ("shape", "colour")
    assert data.train.table.shape == (90, len(data.columns))
    np.testing.assert_array_equal(data.train.table[:, 0], everything(data.train)[1])


def test_the_bundled_text_opens(tmp_path):
    assert open_data("fables", DataOptions(), workspace=tmp_path, kind="text").spec.kind == "text"


@pytest.mark.parametrize("name", ["mnist", "cifar10", "celeba", "plays"])
def test_what_is_missing_says_how_to_get_it(tmp_path, name):
    assert not present(name, tmp_path)
    with pytest.raises(NotAvailable, match=f"data get {name}"):
        open_data(name, DataOptions(), workspace=tmp_path)


@pytest.mark.parametrize(
    "where", ["datasets/mnist/MNIST/raw", "datasets/MNIST/raw", "datasets/mnist", "data/MNIST/raw"]
)
def test_mnist_on_disk_is_found_in_the_usual_places(tmp_path, where):
    put_mnist(tmp_path / where)
    assert present("mnist", tmp_path)
    data = open_data("mnist", DataOptions(), workspace=tmp_path)
    assert (data.spec.name, data.spec.train_count, data.spec.val_count) == ("mnist", 10, 4)
    assert data.spec.classes == tuple("0123456789")


def test_download_goes_into_the_workspace_and_only_once(tmp_path, monkeypatch):
    asked = []

    def fetch(name, folder, progress):
        asked.append((name, folder))
        put_mnist(folder / "MNIST" / "raw")

    monkeypatch.setattr(vision, "fetch", fetch)
    for _ in range(2):
        catalogue.download("mnist", tmp_path, None)
    assert asked == [("mnist", tmp_path / "datasets" / "mnist")]
    assert place_of("mnist", tmp_path) == tmp_path / "datasets" / "mnist"
    catalogue.download("digits", tmp_path, None)
    assert len(asked) == 1


def test_a_name_that_does_not_exist_lists_the_others(tmp_path):
    with pytest.raises(BadInput, match="digits"):
        catalogue.download("imagenet", tmp_path, None)
