"""The mathematics of the lessons against printed answers and independent implementations (torch, scipy)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.spatial.distance import jensenshannon
from torch.nn import functional as F

from studio.core.errors import BadInput
from studio.lessons import activations, convolution, critics, depth, distances, losses, normalisation, optimisers
from studio.lessons.convolution import KERNELS, PATCH, Window
from studio.nn.keras import same_padding

X = np.linspace(-5.02, 5.03, 68)  # no kink among them
TORCH = {
    "linear": lambda x, p: x,
    "sigmoid": lambda x, p: torch.sigmoid(x),
    "tanh": lambda x, p: torch.tanh(x),
    "relu": lambda x, p: F.relu(x),
    "leaky_relu": lambda x, p: F.leaky_relu(x, p),
    "elu": lambda x, p: F.elu(x, p),
    "selu": lambda x, p: F.selu(x),
    "softplus": lambda x, p: F.softplus(x),
    "swish": lambda x, p: x * torch.sigmoid(p * x),
}


@pytest.mark.parametrize("name", [a.id for a in activations.ACTIVATIONS])
def test_activations_and_their_slopes(name):
    ours = activations.activation(name)
    for p in {ours.default, ours.low, ours.high}:
        x = torch.tensor(X, requires_grad=True)
        theirs = TORCH[name](x, p)
        theirs.sum().backward()
        assert np.allclose(ours.value(X, p), theirs.detach().numpy(), atol=1e-9)
        assert np.allclose(ours.slope(X, p), x.grad.numpy(), atol=1e-9)
    assert np.isfinite(ours.value(np.array([-1e4, 1e4]), ours.default)).all()


def test_softmax_does_not_see_a_constant():
    logits = np.array([1.0, 2.0, 3.0])
    assert activations.softmax(logits) == pytest.approx(F.softmax(torch.tensor(logits), 0).numpy())
    assert activations.softmax(logits + 1000) == pytest.approx(activations.softmax(logits))


@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
def test_losses_and_their_slopes(y):
    p = np.linspace(0.05, 0.97, 24)
    theirs = {"mse": F.mse_loss, "mae": F.l1_loss, "bce": F.binary_cross_entropy}
    for ours in losses.LOSSES:
        at = torch.tensor(p, requires_grad=True)
        value = theirs[ours.id](at, torch.full_like(at, y), reduction="none")
        value.sum().backward()
        assert np.allclose(ours.value(y, p), value.detach().numpy())
        assert np.allclose(ours.slope(y, p), at.grad.numpy())


def test_cross_entropy_of_classes():
    logits = np.array([0.5, -1.0, 2.0])
    at = torch.tensor(logits[None], requires_grad=True)
    value = F.cross_entropy(at, torch.tensor([1]))
    value.backward()
    p = activations.softmax(logits)
    assert losses.categorical_cross_entropy(1, p) == pytest.approx(value.item())
    assert losses.softmax_slope(1, p) == pytest.approx(at.grad[0].numpy())
    assert losses.binary_cross_entropy(1.0, np.array([0.0])) == pytest.approx(-math.log(1e-7))


# ---- descent


def test_the_books_first_step():
    walk = optimisers.Descent(optimisers.landscape("parabola"), "sgd", 0.01, np.array([-0.5]))
    assert walk.where.slope(walk.at) == pytest.approx([-2.0])
    assert walk.step() == pytest.approx([-0.48])
    for _ in range(2000):
        walk.step()
    assert walk.at == pytest.approx([0.5], abs=1e-6)
    assert walk.where.value(walk.at) == pytest.approx(-1.25)


def test_the_two_minima_of_the_book():
    where = optimisers.landscape("two minima")

    def lowest(start, rate):
        walk = optimisers.Descent(where, "sgd", rate, np.array([start]))
        for _ in range(3000):
            walk.step()
        return walk.at[0]

    local, best = lowest(-2.0, 0.01), lowest(1.0, 0.01)
    assert local == pytest.approx(-1.51, abs=0.005)
    assert best == pytest.approx(1.66, abs=0.005)
    assert where.value(np.array([best])) < where.value(np.array([local]))


@pytest.mark.parametrize("name", [f.id for f in optimisers.LANDSCAPES])
@pytest.mark.parametrize("rule", [r for r, _ in optimisers.RULES])
def test_rules_agree_with_torch(name, rule):
    where = optimisers.landscape(name)
    walk = optimisers.Descent(where, rule, 0.01, np.array(where.start), momentum=0.8)
    at = torch.tensor(walk.at, requires_grad=True)
    made = {
        "sgd": lambda: torch.optim.SGD([at], 0.01),
        "momentum": lambda: torch.optim.SGD([at], 0.01, momentum=0.8),
        "rmsprop": lambda: torch.optim.RMSprop([at], 0.01, alpha=0.9, eps=1e-7),
        "adam": lambda: torch.optim.Adam([at], 0.01, eps=1e-7),
    }[rule]()
    for _ in range(20):
        at.grad = torch.tensor(where.slope(at.detach().numpy()))
        made.step()
        walk.step()
    assert np.allclose(walk.at, at.detach().numpy())


@pytest.mark.parametrize("name", [f.id for f in optimisers.LANDSCAPES])
def test_slopes_are_those_of_the_landscape(name):
    where, generator = optimisers.landscape(name), np.random.default_rng(0)
    for at in generator.uniform(where.low, where.high, (20, where.dimensions)):
        for axis in np.eye(where.dimensions):
            rise = (where.value(at + 1e-5 * axis) - where.value(at - 1e-5 * axis)) / 2e-5
            assert where.slope(at) @ axis == pytest.approx(float(rise), abs=1e-5)


def test_a_rate_that_is_too_large_is_noticed():
    walk = optimisers.Descent(optimisers.landscape("parabola"), "sgd", 1.5, np.array([0.0]))
    for _ in range(100):
        walk.step()
    assert walk.lost
    assert len(walk.path) < 60


# ---- convolution


def test_the_books_patch():
    kernel = np.array(KERNELS["Horizontal edges"], float)
    assert convolution.convolve(np.array(PATCH), kernel, Window(3)) == pytest.approx(np.array([[2.8]]))
    first = np.array([[0.6, 0.2, 0.6], [0.1, -0.2, -0.3], [-0.5, -0.1, -0.3]])  # 1st edition
    assert convolution.convolve(first, kernel, Window(3))[0, 0] == pytest.approx(2.3)
    assert convolution.convolve(-first, kernel, Window(3))[0, 0] == pytest.approx(-2.3)
    # 2nd edition, patch 2: the sum is printed as -0.1; as printed it is 0.3, and its top right should be -0.2.
    printed = np.array([[0.1, 0.0, 0.2], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    repaired = printed * [[1, 1, -1], [1, 1, 1], [1, 1, 1]]
    values = [convolution.convolve(p, kernel, Window(3))[0, 0] for p in (printed, repaired)]
    assert values == pytest.approx([0.3, -0.1])


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize(("stride", "dilation", "size"), [(1, 1, 3), (2, 1, 3), (3, 1, 2), (1, 2, 3), (2, 2, 3)])
def test_convolution_agrees_with_torch(same, stride, dilation, size):
    generator = np.random.default_rng(3)
    picture, kernel = generator.standard_normal((9, 8)), generator.standard_normal((size, size))
    window = Window(size, stride, same, dilation)
    whole = torch.tensor(convolution.padded(picture, window))[None, None]
    theirs = F.conv2d(whole, torch.tensor(kernel)[None, None], stride=stride, dilation=dilation)[0, 0]
    ours = convolution.convolve(picture, kernel, window)
    assert np.allclose(ours, theirs.numpy())
    assert ours.shape == tuple(window.outputs(side) for side in picture.shape)


def test_padding_is_that_of_keras():
    for side in range(3, 12):
        for size, stride in ((2, 1), (3, 1), (3, 2), (4, 2), (5, 3)):
            assert Window(size, stride, same=True).padding(side) == tuple(same_padding(side, size, stride))
    five = np.zeros((5, 5))
    kernel = np.zeros((3, 3))
    assert convolution.convolve(five, kernel, Window(3, same=True)).shape == (5, 5)
    assert convolution.convolve(five, kernel, Window(3)).shape == (3, 3)
    with pytest.raises(BadInput):
        convolution.convolve(np.zeros((4, 4)), kernel, Window(3, dilation=2))


def test_pooling_agrees_with_torch():
    picture = np.random.default_rng(4).standard_normal((6, 8))
    at = torch.tensor(picture)[None, None]
    assert np.allclose(convolution.pool(picture, Window(2, 2), "max"), F.max_pool2d(at, 2)[0, 0].numpy())
    assert np.allclose(convolution.pool(picture, Window(2, 2), "average"), F.avg_pool2d(at, 2)[0, 0].numpy())
    four = np.arange(16.0).reshape(4, 4)
    assert convolution.pool(four, Window(2, 2), "max").tolist() == [[5, 7], [13, 15]]
    assert np.isfinite(convolution.pool(-np.ones((5, 5)), Window(2, 2, same=True), "max")).all()


def test_transposed_convolution_agrees_with_torch_and_shows_its_checkerboard():
    generator = np.random.default_rng(5)
    picture, kernel = generator.standard_normal((4, 5)), generator.standard_normal((3, 3))
    theirs = F.conv_transpose2d(torch.tensor(picture)[None, None], torch.tensor(kernel)[None, None], stride=2)
    assert np.allclose(convolution.transpose(picture, kernel, 2), theirs[0, 0].numpy())
    assert convolution.unevenness(convolution.overlaps(6, 3, 2), 3) > 1
    assert convolution.unevenness(convolution.overlaps(6, 4, 2), 4) == pytest.approx(0)
    flat = convolution.convolve(convolution.upsampled(np.ones((6, 6)), 2), np.ones((3, 3)), Window(3, same=True))
    assert convolution.unevenness(flat, 1) == pytest.approx(0)


# ---- normalisation


def test_batch_norm_agrees_with_torch():
    batch = np.random.default_rng(6).normal(3, 2, 40)
    ours = normalisation.normalised(batch, batch.mean(), batch.var(), 1.5, -0.5)
    at = torch.tensor(batch)[:, None]
    mean, variance = torch.zeros(1, dtype=at.dtype), torch.ones(1, dtype=at.dtype)
    gamma, beta = torch.tensor([1.5], dtype=at.dtype), torch.tensor([-0.5], dtype=at.dtype)
    theirs = F.batch_norm(at, mean, variance, gamma, beta, training=True, momentum=0.1, eps=1e-3)
    assert np.allclose(ours, theirs[:, 0].numpy())
    running = normalisation.Running().updated(batch, 0.9)
    assert running.mean == pytest.approx(mean.item())
    # torch remembers the unbiased variance, Keras the one it divided by
    assert running.variance == pytest.approx(0.9 + 0.1 * batch.var())
    assert variance.item() == pytest.approx(0.9 + 0.1 * batch.var(ddof=1))


def test_running_statistics_reach_those_of_the_data():
    generator, running = np.random.default_rng(7), normalisation.Running()
    for _ in range(300):
        running = running.updated(generator.normal(2.0, 3.0, 64), 0.9)
    assert running.mean == pytest.approx(2.0, abs=0.5)
    assert running.variance == pytest.approx(9.0, rel=0.2)


def test_dropout_keeps_the_mean():
    generator, values = np.random.default_rng(8), np.full((256,), 2.0)
    drawn = np.stack([normalisation.dropout(values, 0.45, generator) for _ in range(400)])
    assert set(np.unique(drawn)) == {0.0, 2.0 / 0.55}
    assert drawn.mean() == pytest.approx(2.0, rel=0.02)
    assert (drawn > 0).sum(axis=1).mean() == pytest.approx(0.55 * 256, abs=2)  # the book: about 140 stay
    assert np.array_equal(normalisation.dropout(values, 0.0, generator), values)


# ---- distances


def test_gaussians():
    x = np.linspace(-30, 30, 60_001)
    width = x[1] - x[0]
    p, q = distances.gaussian(x, -1.0, 1.0), distances.gaussian(x, 2.0, 1.5)
    assert distances.kl(p, q, width) == pytest.approx(distances.gaussian_kl((-1, 1), (2, 1.5)), rel=1e-4)
    normal = torch.distributions.Normal
    theirs = torch.distributions.kl_divergence(normal(-1.0, 1.0), normal(2.0, 1.5)).item()
    assert distances.gaussian_kl((-1, 1), (2, 1.5)) == pytest.approx(theirs, rel=1e-5)
    assert distances.js(p, q, width) == pytest.approx(jensenshannon(p, q) ** 2, rel=1e-4)
    same = distances.gaussian(x, 2.0, 1.0)
    assert distances.emd(p, same, width) == pytest.approx(3.0, rel=1e-3)
    assert distances.js(p, distances.gaussian(x, 25.0, 0.5), width) == pytest.approx(math.log(2), rel=1e-3)


def test_divergences_of_what_does_not_overlap():
    p, q = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    assert distances.kl(p, q) == math.inf
    assert distances.js(p, q) == pytest.approx(math.log(2))
    assert distances.emd(p, q) == pytest.approx(2.0)
    assert distances.parallel_lines(0.5) == (math.inf, math.log(2), 0.5)
    assert distances.parallel_lines(-0.25)[2] == 0.25
    assert distances.parallel_lines(0.0) == (0.0, 0.0, 0.0)


def test_piles_are_moved_the_cheapest_way():
    generator = np.random.default_rng(9)
    supply, demand = generator.random(4), generator.random(2)
    demand *= supply.sum() / demand.sum()
    sources, targets = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.5, 5.0])
    plan, cost = distances.transport(supply, demand, np.abs(sources[:, None] - targets[None]))
    assert plan.sum(axis=1) == pytest.approx(supply)
    assert plan.sum(axis=0) == pytest.approx(demand)
    expected = stats.wasserstein_distance(sources, targets, supply, demand) * supply.sum()
    assert cost == pytest.approx(expected)
    with pytest.raises(BadInput):
        distances.transport(supply, demand * 2, np.ones((4, 2)))


# ---- critics, depth


def test_gradients_beside_the_boundary():
    score = np.array([-4.0, 0.0, 1.0, 6.0])
    at = torch.tensor(score, requires_grad=True)
    F.softplus(-at).sum().backward()  # -log sigmoid
    assert critics.cross_entropy_slope(score) == pytest.approx(at.grad.numpy())
    assert critics.least_squares_slope(score).tolist() == [-10.0, -2.0, 0.0, 10.0]
    assert abs(critics.cross_entropy_slope(score)[-1]) < 0.0025 < abs(critics.least_squares_slope(score)[-1])


def test_the_cone_of_a_lipschitz_curve():
    x = np.linspace(-3, 3, 601)
    assert not critics.outside_cone(x, np.sin(x), 300).any()
    assert critics.steepest(x, np.sin(x)) <= 1
    steep = np.sin(2 * x)
    assert critics.outside_cone(x, steep, 300).any()
    assert not critics.outside_cone(x, steep, 300, bound=2.0).any()
    assert critics.steepest(x, steep) == pytest.approx(2.0, abs=1e-3)


def test_gradients_through_depth():
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    layers = np.stack([0.5 * turn] * 10)
    norms = depth.gradient_norms(layers, "linear", shortcut=False)
    assert norms == pytest.approx(0.5 ** np.arange(10, -1, -1))
    with_shortcut = depth.gradient_norms(layers, "linear", shortcut=True)
    assert with_shortcut == pytest.approx(np.sqrt(1.25) ** np.arange(10, -1, -1))  # |1 + 0.5 i| each time


def test_deep_gradients_agree_with_torch():
    layers = depth.weights(6, 1.2)
    generator = np.random.default_rng(1)
    start = torch.tensor(generator.standard_normal(depth.WIDTH), requires_grad=True)
    h, seen = start, []
    for matrix in layers:
        h.retain_grad()
        seen.append(h)
        h = h + torch.tanh(torch.tensor(matrix) @ h)
    arrives = torch.tensor(generator.standard_normal(depth.WIDTH))
    h.backward(arrives)
    theirs = [t.grad.norm().item() / arrives.norm().item() for t in seen] + [1.0]
    assert depth.gradient_norms(layers, "tanh", shortcut=True) == pytest.approx(theirs)
    sigmoid = depth.gradient_norms(depth.weights(30, 1.0), "sigmoid", shortcut=False)
    assert sigmoid[0] < 1e-12  # it vanishes
