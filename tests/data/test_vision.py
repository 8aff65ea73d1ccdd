"""The standard data sets: published addresses, torchvision's layout, readers on small files of the same format."""

import errno
import gzip
import hashlib
import io
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import Cancelled, NotAvailable, StoreError, StudioError
from studio.data import celeba, vision

TYPES = {"u1": 0x08, ">i4": 0x0C}


def idx(array, kind="u1"):
    head = bytes([0, 0, TYPES[kind], array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return gzip.compress(head + array.astype(kind).tobytes())


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def noise(*shape, high=256):
    return np.random.default_rng(0).integers(0, high, shape).astype(np.uint8)


def mnist_like(folder, prefix="MNIST/raw"):
    for part, count in (("train", 12), ("t10k", 5)):
        put(folder / prefix / f"{part}-images-idx3-ubyte.gz", idx(noise(count, 28, 28)))
        put(folder / prefix / f"{part}-labels-idx1-ubyte.gz", idx(np.arange(count) % 10))


def cifar(folder, name):
    file, _, label_bytes, names = vision._CIFAR[name]
    record = lambda n: np.concatenate([noise(n, label_bytes, high=10), noise(n, 3072)], axis=1).tobytes()  # noqa: E731
    members = {"data_batch_2.bin": record(3), "data_batch_1.bin": record(4), "test_batch.bin": record(2)}
    if name == "cifar100":
        members = {"train.bin": record(7), "test.bin": record(2)}
    members[names] = "\n".join(f"class{i}" for i in range(10)).encode()
    with tarfile.open(folder / file, "w:gz") as tar:
        for key, data in members.items():
            info = tarfile.TarInfo(f"batches/{key}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize("name", vision.NAMES)
def test_every_name_has_published_addresses_and_hashes(name):
    pytest.importorskip("torchvision")
    for remote in vision.remotes(name):
        assert all(url.startswith(("http://", "https://")) for url in remote.urls)
        assert len(bytes.fromhex(remote.md5)) == 16
        assert not remote.target.startswith("/")


@pytest.mark.parametrize("name", vision.NAMES)
def test_nothing_is_present_in_an_empty_folder(name, tmp_path):
    assert not vision.present(name, tmp_path)
    with pytest.raises(NotAvailable, match=name):
        vision.load(name, tmp_path) if name != "celeba" else celeba.faces(tmp_path)


def test_an_unknown_name_is_refused(tmp_path):
    with pytest.raises(NotAvailable, match="mnist"):
        vision.present("imagenet", tmp_path)


@pytest.mark.parametrize("packed", [True, False])
def test_mnist_files_are_found_packed_and_unpacked(tmp_path, packed):
    mnist_like(tmp_path)
    if not packed:
        for path in list((tmp_path / "MNIST/raw").iterdir()):
            path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
            path.unlink()
    assert vision.present("mnist", tmp_path)
    loaded = vision.load("mnist", tmp_path)
    assert loaded.train.shape == (12, 1, 28, 28)
    np.testing.assert_array_equal(loaded.train[:, 0], noise(12, 28, 28))
    np.testing.assert_array_equal(loaded.test_labels, np.arange(5))
    assert loaded.classes == tuple("0123456789")


def test_emnist_letters_stand_upright_and_qmnist_labels_are_digits(tmp_path):
    for part in ("train", "test"):
        put(tmp_path / f"EMNIST/raw/emnist-balanced-{part}-images-idx3-ubyte", gzip.decompress(idx(noise(4, 28, 28))))
        put(tmp_path / f"EMNIST/raw/emnist-balanced-{part}-labels-idx1-ubyte.gz", idx(np.array([0, 10, 36, 46])))
        put(tmp_path / f"QMNIST/raw/qmnist-{part}-images-idx3-ubyte.gz", idx(noise(4, 28, 28)))
        put(tmp_path / f"QMNIST/raw/qmnist-{part}-labels-idx2-int.gz", idx(np.array([[7, 300, 1, 2]] * 4), ">i4"))
    emnist = vision.load("emnist", tmp_path)
    np.testing.assert_array_equal(emnist.train[:, 0], noise(4, 28, 28).transpose(0, 2, 1))
    assert [emnist.classes[i] for i in emnist.train_labels] == ["0", "A", "a", "t"]
    np.testing.assert_array_equal(vision.load("qmnist", tmp_path).train_labels, [7, 7, 7, 7])


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_cifar_binary_records_are_read_in_order(tmp_path, name):
    cifar(tmp_path, name)
    loaded = vision.load(name, tmp_path)
    assert loaded.train.shape == (7, 3, 32, 32)
    assert loaded.test.shape == (2, 3, 32, 32)
    assert loaded.classes[3] == "class3"
    first = 4 if name == "cifar10" else 7
    np.testing.assert_array_equal(loaded.train[:first].reshape(first, -1), noise(first, 3072))


def test_svhn_zero_is_stored_as_ten(tmp_path):
    from scipy.io import savemat

    for file in ("train_32x32.mat", "test_32x32.mat"):
        savemat(tmp_path / file, {"X": noise(32, 32, 3, 4), "y": np.array([[1], [9], [10], [2]], np.uint8)})
    loaded = vision.load("svhn", tmp_path)
    np.testing.assert_array_equal(loaded.train_labels, [1, 9, 0, 2])
    np.testing.assert_array_equal(loaded.train[1], noise(32, 32, 3, 4)[..., 1].transpose(2, 0, 1))


@pytest.mark.parametrize("name", ["mnist", "cifar10", "svhn"])
def test_damaged_files_are_refused_by_name(tmp_path, name):
    mnist_like(tmp_path)
    cifar(tmp_path, "cifar10")
    for file in ("train_32x32.mat", "test_32x32.mat"):
        put(tmp_path / file, b"MATLAB 5.0 MAT-file, Platform: posix" + bytes(200))
    for path in tmp_path.rglob("*.*z"):
        path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(StudioError, match=str(tmp_path)):
        vision.load(name, tmp_path)


def celeba_archive():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index in range(1, 5):
            picture = io.BytesIO()
            Image.fromarray(noise(218, 178, 3)).save(picture, "JPEG")
            archive.writestr(f"img_align_celeba/{index:06d}.jpg", picture.getvalue())
        archive.writestr("../escaped.jpg", b"x")
        archive.writestr("img_align_celeba/../../escaped.jpg", b"x")
    return buffer.getvalue()


CELEBA = {
    "img_align_celeba.zip": celeba_archive(),
    "list_attr_celeba.txt": b"4\nBald Smiling \n" + b"".join(b"%06d.jpg -1  1\n" % i for i in range(1, 5)),
    "list_eval_partition.txt": b"".join(b"%06d.jpg %d\n" % (i, i // 2) for i in range(1, 5)),
}


def serve(monkeypatch, contents):
    """Let the downloader write prepared bytes: the network itself is tested in test_download.py."""
    monkeypatch.setattr(
        vision,
        "remotes",
        lambda name: tuple(vision.Remote((key,), key, hashlib.md5(v).hexdigest()) for key, v in contents.items()),
    )
    monkeypatch.setattr(vision, "fetch_file", lambda urls, target, md5, progress: put(target, contents[urls[0]]))


def test_celeba_is_unpacked_safely_and_listed_with_attributes(tmp_path, monkeypatch):
    serve(monkeypatch, {f"celeba/{name}": data for name, data in CELEBA.items()})
    seen = []
    root = tmp_path / "root"
    vision.fetch("celeba", root, lambda *a: seen.append(a))
    assert vision.present("celeba", root)
    assert seen[-1][:2] == (4, 4)
    assert not list(tmp_path.rglob("escaped.jpg"))
    faces = celeba.faces(root)
    assert [path.name for path in faces.files] == [f"{i:06d}.jpg" for i in range(1, 5)]
    assert all(path.is_file() for path in faces.files)
    np.testing.assert_array_equal(faces.attributes, [[0, 1]] * 4)
    np.testing.assert_array_equal(faces.split, [0, 1, 1, 2])
    assert faces.names == ("Bald", "Smiling")


def test_a_disk_that_fills_up_while_unpacking_is_said(tmp_path, monkeypatch):
    serve(monkeypatch, {f"celeba/{name}": data for name, data in CELEBA.items()})

    def full(source, sink):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(celeba.shutil, "copyfileobj", full)
    with pytest.raises(StoreError, match="full"):
        vision.fetch("celeba", tmp_path)
    assert not celeba.present(tmp_path)


def test_cancelled_unpacking_goes_on_where_it_stopped(tmp_path, monkeypatch):
    serve(monkeypatch, {f"celeba/{name}": data for name, data in CELEBA.items()})

    def cancel(done, total, what):
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        vision.fetch("celeba", tmp_path, cancel)
    assert not celeba.present(tmp_path)
    vision.fetch("celeba", tmp_path)
    assert len(celeba.faces(tmp_path).files) == 4


def test_emnist_takes_only_the_balanced_files_out_of_the_archive(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part in ("train", "test"):
            archive.writestr(f"gzip/emnist-balanced-{part}-images-idx3-ubyte.gz", idx(noise(3, 28, 28)))
            archive.writestr(f"gzip/emnist-balanced-{part}-labels-idx1-ubyte.gz", idx(np.arange(3)))
        archive.writestr("gzip/emnist-letters-train-images-idx3-ubyte.gz", b"not wanted")
    serve(monkeypatch, {"EMNIST/raw/gzip.zip": buffer.getvalue()})
    vision.fetch("emnist", tmp_path)
    assert vision.present("emnist", tmp_path)
    assert len(vision.load("emnist", tmp_path).train) == 3
    assert not list(tmp_path.rglob("*letters*"))
