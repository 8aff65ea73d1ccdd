"""Augmentation: identity at zero, seeded, within its limits."""

import pytest
import torch

from studio.data.augment import augmentation, mirrored, moved
from studio.data.options import DataOptions


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_none_is_asked_none_is_given():
    assert augmentation(DataOptions()) is None


def test_mirroring_swaps_whole_images_about_half_the_time():
    x = torch.rand(400, 1, 3, 5)
    out = mirrored(x, generator())
    swapped = [torch.equal(a, b.flip(2)) for a, b in zip(out, x, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(out, x, strict=True)]
    assert all(s or k for s, k in zip(swapped, kept, strict=True))
    assert 150 < sum(swapped) < 250


def test_moving_by_nothing_changes_nothing():
    x = torch.rand(8, 3, 7, 9)
    torch.testing.assert_close(moved(x, 0.0, 0.0, generator()), x, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(15, 15), (11, 21)])
def test_a_shift_moves_a_spot_at_most_that_far(size):
    x = torch.zeros(200, 1, *size)
    x[:, :, size[0] // 2, size[1] // 2] = 1
    out = moved(x, 0.2, 0.0, generator())
    rows, columns = (out.sum(dim=d).squeeze(1) for d in (3, 2))
    for profile, length in ((rows, size[0]), (columns, size[1])):
        centre = (profile * torch.arange(length)).sum(1) / profile.sum(1)
        distance = (centre - length // 2).abs()
        assert distance.max() <= 0.2 * length + 1e-3
        assert distance.max() > 0.1 * length


@pytest.mark.parametrize("size", [(21, 21), (15, 31)])
def test_a_rotation_keeps_distances_from_the_centre(size):
    x = torch.zeros(100, 1, *size)
    x[:, :, size[0] // 2 - 5, size[1] // 2] = 1
    out = moved(x, 0.0, 180.0, generator())
    mass = out.sum(dim=(1, 2, 3)).clamp_min(1e-6)
    y = (out.squeeze(1) * torch.arange(size[0])[:, None]).sum(dim=(1, 2)) / mass - size[0] // 2
    x_ = (out.squeeze(1) * torch.arange(size[1])).sum(dim=(1, 2)) / mass - size[1] // 2
    torch.testing.assert_close(torch.hypot(x_, y), torch.full((100,), 5.0), atol=0.35, rtol=0)


def test_equal_generators_give_equal_batches_and_others_do_not():
    augment = augmentation(DataOptions(flip=True, shift=0.1, rotate=10.0))
    x = torch.rand(16, 3, 8, 8).to(memory_format=torch.channels_last)
    assert torch.equal(augment(x, generator(1)), augment(x, generator(1)))
    assert not torch.equal(augment(x, generator(1)), augment(x, generator(2)))
    out = augment(x, generator(3))
    assert out.shape == x.shape
    assert 0 <= out.min() <= out.max() <= 1
