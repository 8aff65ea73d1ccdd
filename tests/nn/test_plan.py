"""Layer lists fit every picture size; pictures become pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from studio.nn.pictures import answers, crop, in_pairs, to_pixels
from studio.nn.plan import plan


@pytest.mark.parametrize(
    ("size", "strides", "bottom"),
    [(28, (2, 2), 7), (28, (1, 2, 2, 1), 7), (128, (2, 2, 2, 2), 8), (64, (2, 2, 2), 8), (28, (2, 2, 2, 1), 4)],
)
def test_the_books_sizes_keep_the_books_layers(size: int, strides: tuple[int, ...], bottom: int) -> None:
    filters = tuple(range(10, 10 + len(strides)))
    assert plan(size, filters, strides) == (list(zip(filters, strides, strict=True)), bottom)


def test_large_pictures_get_more_strided_layers_of_the_last_width() -> None:
    assert plan(64, (32, 64), (2, 2)) == ([(32, 2), (64, 2), (64, 2)], 8)


def test_small_pictures_are_not_strided_away() -> None:
    assert plan(8, (32, 64, 64), (2, 2, 2)) == ([(32, 2), (64, 1), (64, 1)], 4)


def test_missing_strides_are_two() -> None:
    assert plan(32, (8, 8), ()) == ([(8, 2), (8, 2)], 8)


@pytest.mark.parametrize("size", range(8, 257))
def test_the_bottom_is_small_and_doubling_covers_the_picture(size: int) -> None:
    layers, bottom = plan(size, (32, 64), (2, 2))
    assert 3 <= bottom <= 8
    assert bottom * np.prod([stride for _, stride in layers]) >= size


def test_pixels_are_rounded_and_clipped() -> None:
    x = torch.tensor([-1.0, 0.5, 2.0, 1.0 / 255]).view(1, 1, 2, 2)
    assert to_pixels(x).ravel().tolist() == [0, 128, 255, 1]
    assert to_pixels(torch.zeros(2, 3, 4, 5)).shape == (2, 4, 5, 3)


def test_crop_keeps_the_top_left() -> None:
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert crop(x, 3)[0, 0, -1, -1] == 10
    assert crop(x, 4) is x


def test_pairs_alternate() -> None:
    zeros, ones = torch.zeros(2, 1, 1, 1), torch.ones(2, 1, 1, 1)
    assert in_pairs(zeros, ones).flatten().tolist() == [0, 1, 0, 1]


def test_answers_name_the_truth_only_when_wrong() -> None:
    p = torch.tensor([[0.9, 0.1], [0.75, 0.25]])
    assert answers(p, torch.tensor([0, 1]), ("cat", "dog")) == ("cat 90%", "cat 75%, is dog")
