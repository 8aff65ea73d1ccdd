"""Pairs: two folders with equal names, two pictures in one file, and the layout of CycleGAN's data sets."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from studio.core.compute import generator
from studio.core.errors import BadConfig, BadInput
from studio.data.augment import augmentation
from studio.data.open import open_data
from studio.data.options import DataOptions
from studio.data.scan import scan


@pytest.fixture
def opened(tmp_path_factory):
    workspace = tmp_path_factory.mktemp("workspace")
    return lambda source, **options: open_data(str(source), DataOptions(**options), workspace=workspace)


def write(path, colour, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def halves(split):
    x, _ = split.gather(np.arange(len(split)))
    side = x.shape[2]
    return x[..., :side], x[..., side:]


@pytest.fixture
def two_folders(tmp_path):
    for i in range(10):
        write(tmp_path / "set" / "maps" / f"{i}.png", (20 * i, 0, 0))
        write(tmp_path / "set" / "photos" / f"{i}.bmp", (20 * i, 255, 0), (16, 16))
    return tmp_path / "set"


def test_two_folders_are_joined_by_name(opened, two_folders):
    data = opened(two_folders, pairs=True)
    assert data.spec.shape == (3, 8, 16)
    assert data.spec.classes == ()
    assert (data.spec.train_count, data.spec.val_count) == (9, 1)
    left, right = halves(data.train)
    assert np.array_equal(left[:, 0], right[:, 0])  # red says which pair it is
    assert (left[:, 1] == 0).all()
    assert (right[:, 1] == 255).all()


def test_size_is_the_side_of_one_half(opened, two_folders):
    assert opened(two_folders, pairs=True, size=12).spec.shape == (3, 12, 24)


def test_files_with_both_pictures_stay_together(opened, tmp_path):
    for i in range(4):
        wide = np.zeros((10, 20, 3), np.uint8)
        wide[:, 10:, 2] = 200
        wide[..., 0] = 50 * i
        (tmp_path / "train").mkdir(exist_ok=True)
        Image.fromarray(wide).save(tmp_path / "train" / f"{i}.png")
    data = opened(tmp_path / "train", pairs=True, size=6, val_fraction=0.25)
    left, right = halves(data.train)
    assert left.shape == (3, 3, 6, 6)
    assert (left[:, 2] == 0).all()  # halves are fitted one by one: nothing bleeds over the seam
    assert (right[:, 2] == 200).all()
    assert np.array_equal(left[:, 0], right[:, 0])


def test_their_own_test_folder_is_held_out(opened, tmp_path):
    for part, count in (("train", 3), ("test", 2)):
        for i in range(count):
            write(tmp_path / "A" / part / f"{i}.png", (10 * i, 0, 0))
            write(tmp_path / "B" / part / f"{i}.png", (10 * i, 255, 0))
    data = opened(tmp_path, pairs=True)
    assert (data.spec.train_count, data.spec.val_count) == (3, 2)


def test_pairs_in_an_archive(opened, two_folders, tmp_path):
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(two_folders.rglob("*.*")):
            archive.write(file, file.relative_to(two_folders.parent))
    left, right = halves(opened(path, pairs=True).train)
    assert np.array_equal(left[:, 0], right[:, 0])


def test_names_without_partner_are_named(opened, two_folders):
    (two_folders / "photos" / "3.bmp").rename(two_folders / "photos" / "three.bmp")
    with pytest.raises(BadInput) as caught:
        opened(two_folders, pairs=True)
    assert "2 of 20 pictures" in caught.value.what
    assert "maps/3.png" in caught.value.what
    assert "photos/three.bmp" in caught.value.what
    assert "'maps' and 'photos'" in caught.value.what_to_do


def test_ordinary_pictures_are_no_pairs(opened, tmp_path):
    write(tmp_path / "a" / "x.png", (1, 2, 3), (20, 15))
    with pytest.raises(BadInput, match=r"x\.png is no pair: 20 x 15 px"):
        opened(tmp_path / "a", pairs=True)
    with pytest.raises(BadConfig, match="digits holds no pairs"):
        opened("digits", pairs=True)
    with pytest.raises(BadConfig, match="holds no pairs"):
        opened(tmp_path / "a" / "x.png", pairs=True)


def test_a_damaged_half_drops_the_pair(opened, two_folders):
    (two_folders / "photos" / "5.bmp").write_bytes(b"BMnot a picture")
    data = opened(two_folders, pairs=True, val_fraction=0.0)
    assert data.spec.train_count == 9
    assert "photos/5.bmp" in data.messages[0]


def test_mirroring_moves_both_halves_alike():
    x = torch.zeros(8, 1, 4, 8)
    x[..., 0] = 1.0  # a line at the left of both halves
    x[..., 4] = 1.0
    change = augmentation(DataOptions(flip=True, pairs=True))
    assert change is not None
    made = change(x, generator(0))
    lines = made[:, 0, 0]
    assert torch.equal(lines[:, :4], lines[:, 4:])
    assert {int(row[:4].argmax()) for row in lines} == {0, 3}


@pytest.mark.parametrize("held_out", [True, False])
def test_train_a_and_train_b_are_two_classes(tmp_path, held_out):
    names = ("trainA", "trainB", "testA", "testB") if held_out else ("trainA", "trainB")
    for name in names:
        write(tmp_path / "apple2orange" / name / "1.png", (0, 0, 0))
    found = scan(tmp_path)
    assert found.classes == ("A", "B")
    by_name = dict(zip(found.files, found.labels.tolist(), strict=True))
    assert by_name["apple2orange/trainA/1.png"] == 0
    assert by_name["apple2orange/trainB/1.png"] == 1
    if held_out:
        kept = dict(zip(found.files, found.held_out.tolist(), strict=True))
        assert kept == {f"apple2orange/{name}/1.png": name.startswith("test") for name in names}
    else:
        assert found.held_out is None
