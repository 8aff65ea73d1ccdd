"""The optimisers of a picture against torch's own."""

from __future__ import annotations

import pytest
import torch

from studio.canvas.optimisers import BYTES, Adam, Evaluation, GradientDescent, Lbfgs


def objective(x):
    """A stretched bowl with a bend, of pictures in 0..1."""
    scale = torch.linspace(0.5, 3, x.numel()).view_as(x)
    u = x * 2 - 1
    return (scale * u.square()).sum() + 0.2 * (u[..., 1:] * u[..., :-1]).sum() + 0.1 * u.pow(4).sum()


def evaluate(x):
    x = x.detach().requires_grad_()
    loss = objective(x)
    (gradient,) = torch.autograd.grad(loss, x)
    return Evaluation({"loss": loss.detach()}, loss.detach(), gradient)


def start():
    return torch.rand(1, 3, 4, 5, generator=torch.Generator().manual_seed(0))


def by_torch(make, steps, units):
    """Return where an optimiser of torch gets, working in 0..units."""
    z = (start() * units).requires_grad_()
    optimizer = make([z])
    for _ in range(steps):

        def closure():
            optimizer.zero_grad()
            loss = objective(z / units)
            loss.backward()
            return loss

        optimizer.step(closure)
    return z.detach() / units


def by_ours(optimiser, steps, rate):
    x = start()
    for _ in range(steps):
        x, _ = optimiser.step(x, evaluate, rate)
    return x


def by_matrices(steps):
    """L-BFGS with the inverse Hessian written out as a matrix, in float64 (Nocedal and Wright 2006, eq. 7.17)."""
    x = start().double()
    pairs, old = [], None
    for _ in range(steps):
        g = evaluate(x).gradient.flatten() / BYTES
        if old is None:
            move = -g / g.square().mean().sqrt()
        else:
            pairs = [*pairs, (move, g - old)][-10:]
            s, y = pairs[-1]
            inverse = torch.eye(len(g), dtype=g.dtype) * (s.dot(y) / y.dot(y))
            for s, y in pairs:
                turn = torch.eye(len(g), dtype=g.dtype) - torch.outer(y, s) / s.dot(y)
                inverse = turn.T @ inverse @ turn + torch.outer(s, s) / s.dot(y)
            move = -inverse @ g
        old = g
        x = x + move.view_as(x) / BYTES
    return x


@pytest.mark.parametrize("steps", [1, 2, 5, 16])
def test_lbfgs_is_the_matrix_form_without_the_matrix(steps):
    torch.testing.assert_close(by_ours(Lbfgs(), steps, 0.0).double(), by_matrices(steps), atol=1e-3, rtol=1e-3)


def test_lbfgs_beats_adam_on_a_stretched_bowl():
    lowest = float(objective(by_ours(Lbfgs(), 200, 0.0)))
    gaps = [float(objective(by_ours(made, 20, 0.03))) - lowest for made in (Lbfgs(), Adam())]
    assert 0 <= gaps[0] < 0.1 * gaps[1]


def test_adam_goes_where_torchs_goes():
    make = lambda p: torch.optim.Adam(p, lr=0.03, betas=(0.9, 0.99), eps=1e-8)  # noqa: E731
    torch.testing.assert_close(by_ours(Adam(), 12, 0.03), by_torch(make, 12, 1.0), atol=1e-5, rtol=1e-4)


def test_gradient_descent_goes_where_torchs_goes():
    make = lambda p: torch.optim.SGD(p, lr=50.0)  # noqa: E731
    torch.testing.assert_close(by_ours(GradientDescent(), 6, 50.0), by_torch(make, 6, BYTES), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("optimiser", [Lbfgs(), Adam(), GradientDescent()], ids=lambda o: type(o).__name__)
def test_a_revised_objective_is_still_descended(optimiser):
    x = by_ours(optimiser, 4, 0.02)
    optimiser.revised()
    before = float(objective(x))
    for _ in range(4):
        x, _ = optimiser.step(x, evaluate, 0.02)
    assert float(objective(x)) < before


def test_lbfgs_begins_anew_at_another_size():
    optimiser = Lbfgs()
    by_ours(optimiser, 3, 0.0)
    optimiser.resized((8, 10))
    x, losses = optimiser.step(torch.rand(1, 3, 8, 10), evaluate, 0.0)
    assert x.shape == (1, 3, 8, 10)
    assert torch.isfinite(losses["loss"])
