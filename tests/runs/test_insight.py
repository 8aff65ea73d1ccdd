"""What a classifier sees: known networks have known confusion, maps, filters and saliency."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from studio.app.main import main
from studio.core.compute import Compute, Policy
from studio.core.errors import BadInput, NotAvailable, StudioError
from studio.core.spec import DataSpec
from studio.runs import insight, insight_pictures
from studio.runs.insight_saliency import METHODS, overlay, saliency
from studio.runs.trained import TrainedModel

SIDE = 8
SPEC = DataSpec(name="spots", kind="image", shape=(1, SIDE, SIDE), classes=("left", "right", "never"))


class Halves(nn.Module):
    """Logits: brightness of the left half, of the right half, and nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Conv2d(1, 2, 3, padding=1, bias=False)
        self.pool = nn.AdaptiveAvgPool2d((1, 2))
        with torch.no_grad():
            self.look.weight.zero_()
            self.look.weight[0, 0, 1, 1] = 1.0
            self.look.weight[1, 0, 1, 1] = -1.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        halves = self.pool(self.look(x)[:, :1]).flatten(1)
        return 40 * torch.cat([halves, torch.zeros_like(halves[:, :1])], dim=1)


class HalvesRecipe:
    title = "Halves"

    def __init__(self, network: nn.Module | None = None) -> None:
        self.network, self.spec, self.compute = network or Halves().eval(), SPEC, Compute(Policy())

    def modules(self):
        return {"network": self.network}

    def capabilities(self):
        return ("Classifies",)

    @torch.no_grad()
    def classify(self, x):
        return self.network(x).softmax(dim=1)


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Return four pictures uint8 (4, 1, 8, 8) and their labels; the last label is wrong on purpose."""
    x = np.zeros((4, 1, SIDE, SIDE), np.uint8)
    x[0, 0, 3, 1] = x[1, 0, 2, 6] = x[2, 0, 4, 2] = 255
    x[3, 0, 1:6, 5:7] = 255
    return x, np.array([0, 1, 0, 0])


class Held:
    def __init__(self, labelled: bool = True) -> None:
        self.x, self.y = pictures()
        self.labelled = labelled

    def __len__(self) -> int:
        return len(self.x)

    def gather(self, index):
        return self.x[index], self.y[index] if self.labelled else None


@pytest.fixture
def model(tmp_path):
    made = TrainedModel(SimpleNamespace(data={"options": {}}), HalvesRecipe(), 0, tmp_path)
    made._data = SimpleNamespace(val=Held(), train=Held())
    return made


def spot(row: int, column: int) -> np.ndarray:
    made = np.zeros((SIDE, SIDE, 1), np.uint8)
    made[row, column] = 255
    return made


def test_confusion_counts_truth_by_answer():
    labels, answers = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 0, 2, 2])
    expected = [[1, 1, 0], [0, 1, 0], [1, 0, 2]]
    assert insight.confusion(labels, answers, 3).tolist() == expected


def test_a_model_is_judged_on_its_held_out_pictures(model):
    told = []
    judged = insight.judge(model, progress=lambda *report: told.append(report))
    assert judged.answers.tolist() == [0, 1, 0, 1]
    assert judged.accuracy == 0.75
    assert judged.confusion.tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert judged.by_class[:2].tolist() == pytest.approx([2 / 3, 1.0])
    assert np.isnan(judged.by_class[2])
    assert told == [(0, 4, "classifying")]
    assert len(insight.judge(model, limit=2).labels) == 2


def test_pictures_are_chosen_surest_first(model):
    judged = insight.judge(model)
    assert judged.chosen()[0] == 3  # ten bright pixels: no doubt
    assert judged.chosen("wrong").tolist() == [3]
    assert set(judged.chosen("right").tolist()) == {0, 1, 2}
    assert judged.chosen(cell=(0, 1)).tolist() == [3]
    assert judged.chosen(cell=(2, 0)).tolist() == []


def test_data_without_labels_cannot_be_judged(model):
    model._data = SimpleNamespace(val=Held(labelled=False))
    with pytest.raises(BadInput, match="no labels"):
        insight.judge(model)


def test_layers_come_in_the_order_of_computation(model):
    found = insight.layers(model)
    assert [(layer.name, layer.kind, layer.shape, layer.filters) for layer in found] == [
        ("network.look", "Conv2d", (2, SIDE, SIDE), True),
        ("network.pool", "AdaptiveAvgPool2d", (1, 1, 2), False),
    ]


def test_feature_maps_and_filters_are_the_networks_own(model):
    maps = insight.feature_maps(model, spot(2, 5), "network.look")
    assert maps.shape == (2, SIDE, SIDE)
    assert maps[0, 2, 5] == 1
    assert maps[1, 2, 5] == -1
    assert np.abs(maps).sum() == 2
    assert insight.filters(model, "network.look")[:, 0, 1, 1].tolist() == [1, -1]
    with pytest.raises(BadInput, match="no layer"):
        insight.feature_maps(model, spot(0, 0), "nowhere")
    with pytest.raises(NotAvailable, match="no filters"):
        insight.filters(model, "network.pool")


def test_a_dense_layer_on_pixels_has_pictures_as_filters(tmp_path):
    network = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 3)).eval()
    model = TrainedModel(SimpleNamespace(data={}), HalvesRecipe(network), 0, tmp_path)
    assert insight.filters(model, "network.1").shape == (3, 1, SIDE, SIDE)
    assert insight.feature_maps(model, spot(1, 1), "network.1").shape == (1, 1, 3)


@pytest.mark.parametrize("method", METHODS)
def test_saliency_lies_on_the_half_that_the_class_looks_at(model, method):
    picture = np.zeros((SIDE, SIDE, 1), np.uint8)
    picture[2:6, 1:3] = picture[2:6, 5:7] = 255
    heat = saliency(model, picture, 0, method)
    assert heat.shape == (SIDE, SIDE)
    assert heat.min() >= 0
    assert heat.max() == pytest.approx(1)
    if method != "grad-cam":  # whose weights are one number per map, not per place
        assert heat[:, :4].sum() > 4 * heat[:, 5:].sum()
    else:
        assert heat[3, 1] == pytest.approx(1)


def test_gradient_equals_finite_differences(model):
    x = torch.rand(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0)).double()
    network = Halves().double()
    moved = torch.zeros(SIDE, SIDE)
    for row in range(SIDE):
        for column in range(SIDE):
            other = x.clone()
            other[0, 0, row, column] += 1e-4
            moved[row, column] = float((network(other) - network(x))[0, 1].detach() / 1e-4)
    picture = (x[0].permute(1, 2, 0) * 255).byte().numpy()
    heat = saliency(model, picture, 1, "gradient")
    assert np.allclose(heat, (moved.abs() / moved.abs().max()).numpy(), atol=1e-4)


def test_what_cannot_be_looked_at_says_what_to_do(model, tmp_path):
    with pytest.raises(BadInput, match="no class"):
        saliency(model, spot(0, 0), 3)
    blind = TrainedModel(SimpleNamespace(data={}), HalvesRecipe(), 0, tmp_path)
    blind.recipe.modules = lambda: {"network": nn.Linear(3, 3)}
    with pytest.raises(NotAvailable, match="no gradient"):
        saliency(blind, spot(0, 0), 0, "gradient")
    assert saliency(blind, spot(3, 1), 0, "occlusion").max() == pytest.approx(1)
    blind.recipe.capabilities = lambda: ("Samples",)
    with pytest.raises(StudioError, match="cannot do that"):
        insight.layers(blind)


def test_pictures_of_maps_filters_and_heat():
    maps = np.array([[[0.0, 1.0]], [[2.0, 4.0]]], np.float32)
    assert insight_pictures.maps_as_pictures(maps)[..., 0].tolist() == [[[0, 64]], [[128, 255]]]
    units = insight_pictures.maps_as_pictures(np.arange(5, dtype=np.float32).reshape(1, 1, 5))
    assert units.shape == (1, 3, 3, 1)
    kernels = np.array([[[[-2.0, 0.0, 2.0]]], [[[0.0, 0.0, 0.0]]]], np.float32)
    assert insight_pictures.filters_as_pictures(kernels)[..., 0].tolist() == [[[0, 128, 255]], [[128, 128, 128]]]
    assert insight_pictures.filters_as_pictures(np.zeros((4, 7, 3, 3), np.float32)).shape == (4, 3, 3, 1)
    glow = overlay(np.full((1, 2, 1), 200, np.uint8), np.array([[0.0, 1.0]], np.float32))
    assert glow[0, 0].tolist() == [110, 110, 110]
    assert glow[0, 1, 0] > glow[0, 1, 1] > glow[0, 1, 2]


def test_a_persons_picture_is_fitted(model, tmp_path):
    path = tmp_path / "photo.png"
    Image.new("RGB", (40, 20), (255, 255, 255)).save(path)
    made = insight_pictures.fitted(path, model)
    assert made.shape == (SIDE, SIDE, 1)
    assert made.min() == 255
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(BadInput):
        insight_pictures.fitted(tmp_path / "bad.png", model)


def test_the_command_looks_at_a_trained_run(tmp_path, capsys):
    workspace = ["--workspace", str(tmp_path)]
    train = ["train", "cnn-classifier", "--data", "digits", "--steps", "40", "--precision", "fp32"]
    assert main([*train, "--set", "filters=8", "lr=0.01", *workspace]) == 0
    capsys.readouterr()

    def told(*words: str) -> dict[str, object]:
        assert main(["look", "last", *words, "--json", *workspace]) == 0
        document: dict[str, object] = json.loads(capsys.readouterr().out)
        return document

    judged = told("--limit", "100")
    matrix = np.array(judged["confusion"])
    assert matrix.sum() == judged["count"] == 100
    assert judged["accuracy"] == pytest.approx(matrix.trace() / 100)
    names = [layer["name"] for layer in told("--layers")["layers"]]
    assert names[0] == "network.0"
    for words in (("--layer", "network.0"), ("--layer", "network.0", "--filters"), ("--saliency", "grad-cam")):
        out = tmp_path / "seen.png"
        seen = told(*words, "--out", str(out))
        assert sum(seen["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        assert np.asarray(Image.open(out)).std() > 0
        out.unlink()
    assert main(["look", "last", "--layer", "nowhere", *workspace]) == 1
    assert "network.0" in capsys.readouterr().err
