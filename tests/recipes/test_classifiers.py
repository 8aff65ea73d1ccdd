"""The classifiers' formulas against independent references."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from studio.core import knobs, registry
from studio.core.compute import Compute, Policy
from studio.core.errors import BadConfig, NotAvailable
from studio.core.recipe import Batch
from studio.nn.classification import optimiser
from studio.nn.keras import Conv, Dense, kernels
from studio.nn.recurrent import one_bias_
from studio.recipes.classifier.densenet import DenseNet, dense_layer, densenet
from studio.recipes.classifier.fine_tune import FineTune
from studio.recipes.classifier.resnet import Residual, ResNet, resnet
from studio.recipes.classifier.rnn import Reader, RNNClassifier
from studio.recipes.classifier.strided_cnn import StridedCNN
from studio.recipes.classifier.y_network import YNetwork, YShape
from tests.recipes.specs import batch_for, build, small, train


def pictures(n: int = 2, side: int = 16, channels: int = 1) -> torch.Tensor:
    return torch.rand(n, channels, side, side, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ["adam", "sgd", "rmsprop"])
def test_weight_decay_makes_the_steps_of_a_penalty_in_the_loss(name: str) -> None:
    torch.manual_seed(0)
    first = nn.Sequential(Conv(1, 2), nn.Flatten(), Dense(2 * 16 * 16, 3))
    second, x, y, l2 = copy.deepcopy(first), pictures(4), torch.tensor([0, 1, 2, 0]), 0.05
    compute = Compute(Policy())
    decayed, plain = optimiser(compute, name, first, 0.01, l2), optimiser(compute, name, second, 0.01)
    for _ in range(3):
        compute.minimise(F.cross_entropy(first(x), y), decayed)
        penalty = torch.stack([w.square().sum() for w in kernels(second)]).sum()
        compute.minimise(F.cross_entropy(second(x), y) + l2 * penalty, plain)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("along", ["rows", "columns"])
def test_a_simple_cell_follows_its_recurrence(along: str) -> None:
    torch.manual_seed(0)
    reader = Reader((2, 5, 3), 4, RNNClassifier.Config(units=6, along=along)).eval()
    x = torch.rand(1, 2, 5, 3)
    u, w, b = reader.rnn.weight_ih_l0, reader.rnn.weight_hh_l0, reader.rnn.bias_ih_l0
    h = torch.zeros(6)
    for t in range(5 if along == "rows" else 3):
        seen = x[0, :, t, :] if along == "rows" else x[0, :, :, t]
        h = torch.tanh(b + w @ h + u @ seen.flatten())
    assert torch.allclose(reader(x)[0], reader.dense(h), atol=1e-6)


def test_both_directions_have_read_the_whole_picture() -> None:
    torch.manual_seed(0)
    reader = Reader((1, 6, 6), 3, RNNClassifier.Config(cell="gru", units=4, bidirectional=True)).eval()
    x = torch.rand(1, 1, 6, 6)
    states, _ = reader.rnn(x[:, 0])
    last = torch.cat([states[0, -1, :4], states[0, 0, 4:]])  # forwards ends below, backwards ends on top
    assert torch.allclose(reader(x)[0], reader.dense(last), atol=1e-6)


def test_input_dropout_hides_the_same_features_at_every_step() -> None:
    reader = Reader((1, 8, 8), 3, RNNClassifier.Config(units=4, dropout=0.5)).train()
    seen: list[torch.Tensor] = []
    reader.rnn.register_forward_pre_hook(lambda _m, inputs: seen.append(inputs[0]))
    torch.manual_seed(1)
    reader(torch.ones(3, 1, 8, 8))
    assert set(seen[0].unique().tolist()) == {0.0, 2.0}
    assert (seen[0] == seen[0][:, :1]).all()


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_one_bias_per_gate_and_an_open_forget_gate(kind: type[nn.RNNBase]) -> None:
    rnn = kind(3, 5, num_layers=2, bidirectional=True)
    one_bias_(rnn)
    assert not [name for name, _ in rnn.named_parameters() if name.startswith("bias_hh")]
    for ending in ("_l0", "_l0_reverse", "_l1", "_l1_reverse"):
        recurrent = getattr(rnn, f"weight_hh{ending}")
        assert torch.allclose(recurrent.T @ recurrent, torch.eye(5), atol=1e-5)  # orthogonal columns
        bias = getattr(rnn, f"bias_ih{ending}")
        assert bias.sum() == (5 if kind is nn.LSTM else 0)


def test_the_branches_differ_in_dilation_and_are_joined() -> None:
    torch.manual_seed(0)
    x = pictures(2)
    for join, expected in (
        ("add", torch.add),
        ("multiply", torch.mul),
        ("concatenate", lambda a, b: torch.cat([a, b], 1)),
    ):
        network = YShape(1, 16, 4, YNetwork.Config(filters=(2, 3), join=join)).eval()
        assert torch.equal(network(x), network.head(expected(network.left(x), network.right(x))))
    first, other = network.left[0], network.right[0]
    assert (first.dilation, other.dilation) == ((1, 1), (2, 2))
    point = torch.zeros(1, 1, 9, 9)
    point[0, 0, 4, 4] = 1
    reach = (other(point) - other(torch.zeros_like(point))).abs().sum(1)[0].nonzero()
    assert reach.min(0).values.tolist() == [2, 2]
    assert {tuple(cell) for cell in reach.tolist()} == {(r, c) for r in (2, 4, 6) for c in (2, 4, 6)}


@pytest.mark.parametrize(("version", "depth"), [("v1", 8), ("v1", 20), ("v2", 11), ("v2", 20)])
def test_depth_counts_the_layers_with_weights(version: str, depth: int) -> None:
    network = resnet(3, 10, version, depth, 4)
    blocks = [m for m in network.modules() if isinstance(m, Residual)]
    inside = sum(isinstance(m, nn.Conv2d) for block in blocks for m in block.body.modules())
    assert inside + 2 == depth  # and the stem, and the last layer
    shortcuts = [block.shortcut for block in blocks if isinstance(block.shortcut, nn.Conv2d)]
    assert len(shortcuts) == (2 if version == "v1" else 3)
    assert network(pictures(2, 32, 3)).shape == (2, 10)


def test_a_block_adds_what_it_changes() -> None:
    x = pictures(1, 8, 4) - 0.5
    halve = nn.Conv2d(4, 4, 1, bias=False)
    halve.weight.data = torch.eye(4)[..., None, None] / 2
    assert torch.allclose(Residual(halve, nn.Identity(), nn.ReLU())(x), (1.5 * x).relu())


@pytest.mark.parametrize(("version", "depth", "near"), [("v1", 21, "20"), ("v2", 56 + 1, "56"), ("v2", 10, "11")])
def test_depths_that_do_not_exist_name_the_nearest(version: str, depth: int, near: str) -> None:
    with pytest.raises(BadConfig, match=f"such as {near}"):
        resnet(3, 10, version, depth, 4)


def test_the_books_step_table_reaches_the_rate() -> None:
    from studio.core.schedule import Plateau, factor
    from studio.core.training import Training

    training = knobs.make(Training, registry.preset(ResNet, "v1-20").training)
    rates = [factor(training, epoch * 1563, 1563, 200 * 1563, Plateau()) for epoch in (79, 80, 120, 160, 180, 199)]
    assert rates == pytest.approx([1, 0.1, 0.01, 0.001, 0.0005, 0.0005])


def test_maps_grow_as_the_table_of_densenet_says() -> None:
    widths: list[int] = []
    network = densenet(3, 10, DenseNet.Config())
    for module in network:
        module.register_forward_hook(lambda _m, _i, out: widths.append(out.shape[1]))
    with torch.no_grad():
        network.eval()(pictures(1, 8, 3))
    for expected in (27, 219, 108, 300, 150, 342):
        assert expected in widths
    assert widths[:2] == [27, 39]


def test_a_dense_layer_keeps_what_it_was_given() -> None:
    x = pictures(2, 8, 5)
    y = dense_layer(5, DenseNet.Config(growth=3))(x)
    assert y.shape[1] == 8
    assert torch.equal(y[:, :5], x)


def test_one_example_is_seen_twice_where_units_are_normalised() -> None:
    batch = batch_for(StridedCNN, n=1)
    config = replace(small(StridedCNN), dropout=0.0, optimiser="sgd")
    one, two = build(StridedCNN, config=config), build(StridedCNN, config=config)
    assert batch.y is not None
    twice = Batch(batch.x.repeat(2, 1, 1, 1), batch.y.repeat(2))
    assert train(one, batch, 1) == train(two, twice, 1)


def test_only_the_head_learns_until_layers_are_thawed() -> None:
    for thawed in (0, 2):
        recipe = build(FineTune, config=replace(small(FineTune), thawed=thawed))
        before = {name: p.detach().clone() for name, p in recipe.network.named_parameters()}
        train(recipe, batch_for(FineTune), 2)
        changed = [name for name, p in recipe.network.named_parameters() if not torch.equal(p, before[name])]
        names = {name.rpartition(".")[0] for name in changed}
        assert "head.1" in names
        assert len(names - {"head.1"}) == thawed
        assert all("conv4" in name for name in names - {"head.1"})


def test_grey_pictures_and_an_earlier_layer_do() -> None:
    recipe = build(FineTune, config=FineTune.Config(layer="conv2_2", side=16))
    assert recipe.network.head[1].in_features == 128
    with pytest.raises(BadConfig, match="no features"):
        build(FineTune, config=FineTune.Config(layer="logit"))


def test_missing_weights_are_explained(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr("studio.recipes.classifier.fine_tune.default_workspace", lambda: tmp_path)
    with pytest.raises(NotAvailable) as told:
        build(FineTune, config=FineTune.Config(backbone="vgg19"))
    assert told.value.what_to_do
