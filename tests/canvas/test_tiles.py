"""Tiles: every cell counted once, gradients as without tiles, memory estimates."""

from __future__ import annotations

import pytest
import torch

from studio.canvas import memory
from studio.canvas.activation import Activation, guide_vectors
from studio.canvas.backbone import LOGIT
from studio.canvas.dream import DreamSession
from studio.canvas.dream_config import DreamConfig
from studio.canvas.objective import parse
from studio.canvas.tiles import feature_sizes, layout, receptive_radius, seam_error, tiled_gradient
from studio.core.events import Scalars
from studio.core.knobs import make
from tests.canvas.fakes import compute, picture, tiny_backbone

SIZES = ((96, 80), (90, 71), (33, 130))
ALIGN = 4


def network():
    return tiny_backbone().prepared(compute())


def a_picture(size) -> torch.Tensor:
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))


def gradient_of(size, objective, tile, margin, *, crop=0, offset=(0, 0), guides=None, blend=0.0):
    backbone = network()
    activation = Activation(parse(objective, backbone), backbone, crop, guides, blend)
    sizes = feature_sizes(backbone, activation.names, size)

    def losses(pixels, part):
        return activation.losses(backbone.features(pixels, activation.names), part, sizes)

    tiles = layout(size, tile, margin, ALIGN, offset)
    return *tiled_gradient(a_picture(size), tiles, losses), tiles


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("offset", [(0, 0), (13, 30)])
def test_cores_partition_the_picture(size, offset) -> None:
    seen = torch.zeros(size)
    for tile in layout(size, 32, 8, ALIGN, offset):
        tile.core(seen).add_(1)
        assert tile.rows.start % ALIGN == 0
        assert tile.columns.start % ALIGN == 0
    assert torch.equal(seen, torch.ones(size))
    assert sum(tile.share for tile in layout(size, 32, 8, ALIGN, offset)) == pytest.approx(1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("crop", [0, 2])
def test_every_cell_is_counted_once(size, crop) -> None:
    backbone = network()
    sizes = feature_sizes(backbone, ("conv1", "conv2", "conv3"), size)
    for name, (height, width) in sizes.items():
        stride, count = backbone.layer(name).stride, 0
        for tile in layout(size, 32, 16, ALIGN, (8, 4)):
            features = backbone.features(tile.cut(a_picture(size)), (name,))[name]
            count += tile.cells(features, (height, width), stride, crop)[0, 0].numel()
        assert count == (height - 2 * crop) * (width - 2 * crop)


def test_feature_sizes_are_those_of_the_features() -> None:
    backbone = network()
    found = backbone.features(a_picture((90, 71)), ("conv1", "conv2", "conv3"))
    assert feature_sizes(backbone, (*found, LOGIT), (90, 71)) == {k: tuple(v.shape[-2:]) for k, v in found.items()}


@pytest.mark.parametrize(
    ("name", "radius"),
    [("conv1", 2), ("conv2", 4), ("conv3", 10)],  # reach of 3x3 convolutions and 2x2 pools, from a cell's centre
)
def test_receptive_radius(name: str, radius: int) -> None:
    """conv1 sees 3 pixels; conv2 3 * 2 + 2 = 8; conv3 (3 - 1) * 4 + 10 = 18: half of it beside the centre."""
    assert receptive_radius(tiny_backbone(), (name,)) in (radius, radius - 1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("objective", ["conv2:1, conv3:1.5", "conv1/3:-1, conv3/2:2"])
@pytest.mark.parametrize("crop", [0, 2])
def test_the_gradient_is_that_of_the_whole_picture(size, objective: str, crop: int) -> None:
    radius = receptive_radius(tiny_backbone(), ("conv3",))
    whole_losses, whole, _ = gradient_of(size, objective, 0, 0, crop=crop)
    for offset in ((0, 0), (20, 8)):
        losses, tiled, tiles = gradient_of(size, objective, 32, radius, crop=crop, offset=offset)
        assert len(tiles) > 3
        assert float((tiled - whole).abs().max()) <= 1e-5 * float(whole.abs().max())
        assert all(float(losses[k]) == pytest.approx(float(whole_losses[k]), rel=1e-5) for k in whole_losses)


def test_a_guided_gradient_is_that_of_the_whole_picture() -> None:
    guides = guide_vectors(network().features(torch.rand(1, 3, 24, 24), ("conv2",)))
    args = {"guides": guides, "blend": 0.7}
    _, whole, _ = gradient_of((96, 80), "conv2:1", 0, 0, **args)
    _, tiled, _ = gradient_of((96, 80), "conv2:1", 32, 12, **args)
    assert torch.allclose(tiled, whole, atol=1e-5 * float(whole.abs().max()))


def test_seam_error_is_zero_with_context_and_shows_where_it_lacks() -> None:
    _, whole, _ = gradient_of((96, 80), "conv3:1", 0, 0)
    _, good, tiles = gradient_of((96, 80), "conv3:1", 32, 12)
    _, bad, _ = gradient_of((96, 80), "conv3:1", 32, 0)
    assert max(seam_error(good, whole, tiles)) < 1e-5
    border, elsewhere = seam_error(bad, whole, tiles)
    assert border > 0.05
    assert border > 3 * elsewhere


def test_seam_error_of_one_tile_is_zero_at_borders() -> None:
    x = torch.rand(1, 3, 16, 16)
    assert seam_error(x + 0.1, x, layout((16, 16), 0))[0] == 0


def test_a_tiled_dream_is_the_untiled_one() -> None:
    pictures = []
    for tile in (0, 32):
        config = make(DreamConfig, {"size": 96, "octaves": 2, "iterations": 2, "tile": tile, "parameters": "pixels"})
        dream = DreamSession(config, tiny_backbone(), compute(), picture(72, 96))
        assert sum(isinstance(event, Scalars) for event in dream.events()) == 4
        pictures.append(dream.picture())
    assert torch.allclose(*pictures, atol=1e-4)


def test_a_logit_is_averaged_over_tiles() -> None:
    losses, gradient, _ = gradient_of((96, 80), "logit/ship:1", 32, 12)
    whole, _, _ = gradient_of((96, 80), "logit/ship:1", 0, 0)
    assert float(losses["loss"]) == pytest.approx(float(whole["loss"]), abs=0.02)
    assert float(gradient.abs().sum()) > 0


# ---- memory


def test_free_memory_is_a_plausible_number() -> None:
    assert 2**20 < memory.free_bytes(torch.device("cpu")) < 2**50


def test_feature_bytes_grow_with_area_and_depth() -> None:
    backbone = network()
    small = memory.feature_bytes(backbone, ("conv1",), (256, 256))
    assert memory.feature_bytes(backbone, ("conv1",), (512, 512)) == 4 * small
    assert memory.feature_bytes(backbone, ("conv3",), (256, 256)) > small
    assert small >= 256 * 256 * (3 + 6) * 4  # the picture and the map of conv1, float32


def test_tiles_are_chosen_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone, names, size = network(), ("conv3",), (3000, 4000)
    need = memory.feature_bytes(backbone, names, size)
    monkeypatch.setattr(memory, "CPU_BUDGET", 2**60)
    monkeypatch.setattr(memory, "free_bytes", lambda device: int(need / memory.SHARE) + 2**20)
    assert memory.chosen_tile(backbone, names, size) == 0
    monkeypatch.setattr(memory, "free_bytes", lambda device: need // 10)
    tile = memory.chosen_tile(backbone, names, size)
    assert tile in memory.CHOICES
    assert memory.feature_bytes(backbone, names, (tile, tile)) <= need // 10 * memory.SHARE
