"""The standard picture data sets, from the addresses and hashes that torchvision publishes.

torchvision (the only import of it in the project) says where the files are; our own downloader fetches them with
progress, resume, hash and cancel into torchvision's folder layout, so files that are already there are used and
other programs find ours. Reading needs no torchvision: idx, CIFAR's binary version and MATLAB matrices are plain
numbers. CIFAR's better-known "python" version holds pickles and is never touched.
"""

from __future__ import annotations

import re
import string
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadInput, NotAvailable
from studio.data import celeba
from studio.data.arrays import read_idx
from studio.data.download import fetch as fetch_file
from studio.data.progress import Progress

NAMES = ("mnist", "fashion-mnist", "kmnist", "emnist", "qmnist", "cifar10", "cifar100", "svhn", "celeba")

_DIGITS = tuple(string.digits)
_EMNIST_BALANCED = tuple(string.digits + string.ascii_uppercase + "abdefghnqrt")
"""47 classes: lower-case letters that look like their capital are merged with it (Cohen et al. 2017)."""
_FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
_KUZUSHIJI = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
_PLAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@dataclass(frozen=True)
class Remote:
    """One file to fetch: mirrors, where it goes inside the folder, and its MD5."""

    urls: tuple[str, ...]
    target: str
    md5: str


@dataclass(frozen=True)
class Loaded:
    """A whole data set in memory.

    Attributes:
        train: uint8 (N, C, H, W); test: the published test set, same layout.
        train_labels: int64 (N,), index into `classes`; test_labels: the same for `test`.
    """

    train: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class _Idx:
    """A data set of the MNIST family: torchvision's class, the four files, and the class names."""

    torchvision: str
    files: tuple[str, ...]
    classes: tuple[str, ...]
    transposed: bool = False


_IDX = {
    "mnist": _Idx("MNIST", _PLAIN, _DIGITS),
    "fashion-mnist": _Idx("FashionMNIST", _PLAIN, _FASHION),
    "kmnist": _Idx("KMNIST", _PLAIN, _KUZUSHIJI),
    "emnist": _Idx(
        "EMNIST",
        tuple(
            f"emnist-balanced-{s}-{k}" for s in ("train", "test") for k in ("images-idx3-ubyte", "labels-idx1-ubyte")
        ),
        _EMNIST_BALANCED,
        transposed=True,  # NIST stored columns first
    ),
    "qmnist": _Idx(
        "QMNIST",
        tuple(f"qmnist-{s}-{k}" for s in ("train", "test") for k in ("images-idx3-ubyte", "labels-idx2-int")),
        _DIGITS,
    ),
}
_CIFAR = {  # file, its MD5 as published at https://www.cs.toronto.edu/~kriz/cifar.html, label bytes, names' member
    "cifar10": ("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", 1, "batches.meta.txt"),
    "cifar100": ("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8", 2, "fine_label_names.txt"),
}
_SVHN = ("train_32x32.mat", "test_32x32.mat")
_DRIVE = "https://drive.usercontent.google.com/download?id={}&export=download&confirm=t"


def fetch(name: str, folder: Path, progress: Progress | None = None) -> None:
    """Download a data set into torchvision's layout below `folder`; files already there and whole are kept.

    Args:
        name: one of `NAMES`.
        folder: the root that torchvision calls `root`.
        progress: called with (bytes done, bytes in all, file name); may raise `Cancelled`, a later call goes on.

    Raises:
        NotAvailable: unknown name, or no connection.
        BadInput: a server sent something else than the published file.
        StoreError: the disk is full or read-only.
    """
    for remote in remotes(name):
        fetch_file(remote.urls, folder / remote.target, md5=remote.md5, progress=progress)
    if name == "emnist":
        _extract_balanced(folder / "EMNIST/raw", progress)
    elif name == "celeba":
        celeba.unpack(folder, progress)


def present(name: str, folder: Path) -> bool:
    """Tell whether every file that `load` needs is below `folder`; quick, and without torchvision."""
    _known(name)
    if name in _IDX:
        raw = folder / _IDX[name].torchvision / "raw"
        return all(_stored(raw, file) for file in _IDX[name].files)
    if name in _CIFAR:
        return (folder / _CIFAR[name][0]).is_file()
    if name == "svhn":
        return all((folder / file).is_file() for file in _SVHN)
    return celeba.present(folder)


def load(name: str, folder: Path) -> Loaded:
    """Read a data set other than CelebA (see `studio.data.celeba.faces`) into memory; nothing is downloaded.

    Raises:
        NotAvailable: it is not below `folder`.
        BadInput: a file is damaged.
    """
    if name == "celeba" or not present(name, folder):
        raise NotAvailable(f"{name} is not in {folder}.", f"Download it first: generative-studio data get {name}.")
    if name in _IDX:
        return _load_idx(folder, _IDX[name])
    return _load_cifar(folder, name) if name in _CIFAR else _load_svhn(folder)


def remotes(name: str) -> tuple[Remote, ...]:
    """Return what `fetch` downloads; the addresses and hashes are those of the installed torchvision."""
    _known(name)
    from torchvision import datasets  # 2.6 s: only when something is to be downloaded

    if name in _CIFAR:
        file, md5, _, _ = _CIFAR[name]
        published = datasets.CIFAR10 if name == "cifar10" else datasets.CIFAR100
        return (Remote((published.url.rsplit("/", 1)[0] + "/" + file,), file, md5),)
    if name == "svhn":
        return tuple(
            Remote((url,), file, md5) for url, file, md5 in map(datasets.SVHN.split_list.get, ("train", "test"))
        )
    if name == "celeba":
        listed = datasets.CelebA.file_list
        return tuple(Remote((_DRIVE.format(i),), f"celeba/{f}", md5) for i, md5, f in listed if f in celeba.FILES)
    kind = _IDX[name].torchvision
    published = getattr(datasets, kind)
    if name == "emnist":
        return (Remote((published.url,), "EMNIST/raw/gzip.zip", published.md5),)
    if name == "qmnist":
        listed = published.resources["train"] + published.resources["test"]
        return tuple(Remote((url,), f"QMNIST/raw/{url.rsplit('/', 1)[1]}", md5) for url, md5 in listed)
    return tuple(
        Remote(tuple(mirror + file for mirror in published.mirrors), f"{kind}/raw/{file}", md5)
        for file, md5 in published.resources
    )


def _known(name: str) -> None:
    """Refuse a name that is not ours."""
    if name not in NAMES:
        raise NotAvailable(f"There is no data set called {name}.", f"Known are {', '.join(NAMES)}.")


def _stored(raw: Path, file: str) -> Path | None:
    """Find an idx file, unpacked as torchvision leaves it or packed as it was sent."""
    return next((p for p in (raw / file, raw / f"{file}.gz") if p.is_file()), None)


def _load_idx(folder: Path, family: _Idx) -> Loaded:
    """Read the four files of the MNIST family."""
    raw = folder / family.torchvision / "raw"
    images, labels, test_images, test_labels = (read_idx(_stored(raw, f) or raw / f) for f in family.files)
    sets = []
    for stored, target in ((images, labels), (test_images, test_labels)):
        if stored.ndim != 3 or stored.dtype != np.uint8 or len(stored) != len(target):
            raise BadInput(
                f"{raw} holds {stored.shape} pictures for {target.shape} labels.",
                "Delete the folder and download again.",
            )
        pixels = stored.transpose(0, 2, 1) if family.transposed else stored
        # QMNIST's labels are rows of eight numbers; the first is the digit
        sets += [np.ascontiguousarray(pixels[:, None]), target.reshape(len(target), -1)[:, 0].astype(np.int64)]
    return Loaded(*_in_range(raw, sets, family.classes), family.classes)


def _in_range(
    where: Path, sets: list[NDArray[np.generic]], classes: tuple[str, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """Refuse labels without a class name."""
    train, train_labels, test, test_labels = sets
    for labels in (train_labels.astype(np.int64), test_labels.astype(np.int64)):
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(classes):
            raise BadInput(f"{where} holds labels from {labels.min()} to {labels.max()} for {len(classes)} classes.")
    return (
        train.astype(np.uint8, copy=False),
        train_labels.astype(np.int64, copy=False),
        test.astype(np.uint8, copy=False),
        test_labels.astype(np.int64, copy=False),
    )


def _load_cifar(folder: Path, name: str) -> Loaded:
    """Read CIFAR's binary version: records of 1 or 2 label bytes and 3 x 32 x 32 pixels, straight from the archive."""
    file, _, label_bytes, names_member = _CIFAR[name]
    path, members = folder / file, {}
    try:
        with tarfile.open(path) as tar:
            for info in tar:
                if info.isreg() and info.size < 200_000_000 and (stream := tar.extractfile(info)):
                    members[PurePosixPath(info.name).name] = stream.read()
        classes = tuple(members[names_member].decode("ascii").split())
        train = [members[key] for key in sorted(members) if re.fullmatch(r"(data_batch_\d+|train)\.bin", key)]
        test = [members[key] for key in members if re.fullmatch(r"test(_batch)?\.bin", key)]
        records = [np.frombuffer(b"".join(part), np.uint8).reshape(-1, label_bytes + 3072) for part in (train, test)]
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError) as error:
        raise BadInput(f"{path} is damaged ({error}).", "Delete it and download it again.") from error
    sets: list[NDArray[np.generic]] = []
    for part in records:
        sets += [part[:, label_bytes:].reshape(-1, 3, 32, 32), part[:, label_bytes - 1].astype(np.int64)]
    return Loaded(*_in_range(path, sets, classes), classes)


def _load_svhn(folder: Path) -> Loaded:
    """Read the two MATLAB matrices: X (32, 32, 3, N) and y (N, 1), where the label 10 means zero."""
    from scipy.io import loadmat  # comes with scikit-learn

    sets: list[NDArray[np.generic]] = []
    for file in _SVHN:
        try:
            matrices = loadmat(folder / file, variable_names=("X", "y"))
            pixels, labels = matrices["X"], matrices["y"].reshape(-1).astype(np.int64) % 10
        except Exception as error:  # scipy raises nearly anything for a damaged matrix
            raise BadInput(f"{folder / file} is damaged ({error}).", "Delete it and download it again.") from error
        if pixels.ndim != 4 or pixels.shape[3] != len(labels):
            raise BadInput(f"{folder / file} holds {pixels.shape} pictures for {len(labels)} labels.")
        sets += [np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)), labels]
    return Loaded(*_in_range(folder, sets, _DIGITS), _DIGITS)


def _extract_balanced(raw: Path, progress: Progress | None) -> None:
    """Take the four files of the balanced split out of EMNIST's archive (its hash was checked)."""
    for file in _IDX["emnist"].files:
        celeba.extract(raw / "gzip.zip", lambda n, f=file: n == f"gzip/{f}.gz", raw, progress)  # type: ignore[misc]
