"""Optimisers of one picture: they know when to evaluate, carry their state from scale to scale, and work in its units.

torch's own optimisers hold a parameter of one size, and the first of them made in a process imports the compiler, three
seconds before a first picture. So Adam, gradient descent and plain L-BFGS are written out here (tests compare them with
torch's); L-BFGS with a line search is torch's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from studio.canvas.picture import resized

Losses = dict[str, Tensor]
BYTES = 255.0
"""The books' pictures are 0..255: a gradient by those is 1/255 of ours, and so is a step."""


class Evaluation(NamedTuple):
    """What an optimiser learns about a picture.

    Attributes:
        losses: for people, by name; "loss" is the whole.
        objective: 0-d, what is minimised: the loss, perhaps times a constant.
        gradient: float32 (1, 3, H, W), of the objective by the picture in 0..1.
    """

    losses: Losses
    objective: Tensor
    gradient: Tensor


Evaluate = Callable[[Tensor], Evaluation]


class Optimiser(Protocol):
    """What a session needs."""

    def step(self, x: Tensor, evaluate: Evaluate, rate: float) -> tuple[Tensor, Losses]:
        """Return the next picture (a new tensor) and the losses before the step."""
        ...

    def resized(self, size: tuple[int, int]) -> None:
        """Carry the state to another (height, width)."""
        ...

    def revised(self) -> None:
        """Take notice that the objective is another one now."""
        ...


class Adam:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1) with a quicker second moment (0.99).

    When the picture grows, both moments grow with it: gradients times the number of values hardly depend on the size.
    """

    def __init__(self, betas: tuple[float, float] = (0.9, 0.99), eps: float = 1e-8) -> None:
        self.betas, self.eps = betas, eps
        self.steps = 0
        self.first: Tensor | None = None
        self.second: Tensor | None = None

    def step(self, x: Tensor, evaluate: Evaluate, rate: float) -> tuple[Tensor, Losses]:
        """Do one step of length `rate` in 0..1 units."""
        losses, _, g = evaluate(x)
        if self.first is None or self.second is None:
            self.first, self.second = torch.zeros_like(x), torch.zeros_like(x)
        self.steps += 1
        self.first.lerp_(g, 1 - self.betas[0])
        self.second.mul_(self.betas[1]).addcmul_(g, g, value=1 - self.betas[1])
        spread = (self.second / (1 - self.betas[1] ** self.steps)).sqrt_().add_(self.eps)
        return x.addcdiv(self.first, spread, value=-rate / (1 - self.betas[0] ** self.steps)), losses

    def resized(self, size: tuple[int, int]) -> None:
        """Interpolate the moments; the second stays positive."""
        if self.first is not None and self.second is not None:
            self.first = resized(self.first, size, antialias=False)
            self.second = resized(self.second, size, antialias=False).clamp_(min=0)

    def revised(self) -> None:
        """Go on: the moments follow within a few steps."""


class GradientDescent:
    """Plain descent in 0..255 units: `x255 - rate dL/dx255` (Chollet 12.3.4)."""

    def step(self, x: Tensor, evaluate: Evaluate, rate: float) -> tuple[Tensor, Losses]:
        """Do one step."""
        losses, _, g = evaluate(x)
        return x.add(g, alpha=-rate / BYTES**2), losses

    def resized(self, size: tuple[int, int]) -> None:
        """There is no state."""
        del size

    def revised(self) -> None:
        """There is no state."""


HISTORY = 10
"""Pairs of steps and gradient changes that L-BFGS remembers."""
FLATTEST = 1e-10
"""A step along which the gradient hardly grew says nothing about curvature and is not remembered."""


class Lbfgs:
    """L-BFGS without a line search in 0..255 units: the two-loop recursion (Nocedal 1980), steps of length 1.

    The first step, before anything is known of the curvature, moves the pixels by one grey level (root mean square).
    torch moves all of them by one together: the change of a bf16 network's gradient along that is nothing but noise.
    """

    def __init__(self) -> None:
        self._pairs: list[tuple[Tensor, Tensor, Tensor]] = []
        self._move: Tensor | None = None
        self._gradient: Tensor | None = None

    def step(self, x: Tensor, evaluate: Evaluate, rate: float) -> tuple[Tensor, Losses]:
        """Do one evaluation and one step; the rate plays no part."""
        del rate
        losses, _, gradient = evaluate(x)
        g = (gradient / BYTES).flatten()
        if self._move is None or self._gradient is None:
            move = -g / g.square().mean().sqrt().clamp(min=torch.finfo(g.dtype).tiny)
        else:
            self._remember(self._move, g - self._gradient)
            move = -self._inverse_curvature(g)
        self._move, self._gradient = move, g
        return x + move.view_as(x) / BYTES, losses

    def _remember(self, s: Tensor, y: Tensor) -> None:
        """Keep a step and the change of the gradient along it, and 1 / (s y)."""
        product = s.dot(y)
        if product > FLATTEST:
            self._pairs = [*self._pairs, (s, y, 1 / product)][-HISTORY:]

    def _inverse_curvature(self, g: Tensor) -> Tensor:
        """Return the approximate inverse Hessian times a gradient, both flat."""
        q, alphas = g.clone(), []
        for s, y, rho in reversed(self._pairs):
            alphas.append(rho * s.dot(q))
            q.sub_(alphas[-1] * y)
        if self._pairs:
            s, y, rho = self._pairs[-1]
            q.mul_(1 / (rho * y.dot(y)))
        for (s, y, rho), alpha in zip(self._pairs, reversed(alphas), strict=True):
            q.add_(s * (alpha - rho * y.dot(q)))
        return q

    def resized(self, size: tuple[int, int]) -> None:
        """Begin again: the curvature of another size does not carry over."""
        del size
        self.revised()

    def revised(self) -> None:
        """Begin again: gradients of two objectives say nothing about the curvature of either."""
        self._pairs, self._move, self._gradient = [], None, None


class SearchingLbfgs:
    """L-BFGS with a strong Wolfe line search (Gatys 2016; Foster ch. 5), history kept from one `step` to the next.

    Foster calls SciPy's L-BFGS-B, which forgets its history at every outer iteration; keeping it converges sooner.

    Args:
        evaluations: at most so many per `step` (a line search may finish its bracket).
    """

    def __init__(self, evaluations: int = 20) -> None:
        self.evaluations = evaluations
        self._z: Tensor | None = None
        self._inner: torch.optim.LBFGS | None = None

    def step(self, x: Tensor, evaluate: Evaluate, rate: float) -> tuple[Tensor, Losses]:
        """Do one outer iteration; the rate plays no part."""
        del rate
        z, inner = self._prepared(x)
        z.data.copy_(x * BYTES)
        seen: list[Losses] = []

        def closure() -> Tensor:
            losses, objective, gradient = evaluate(z.detach() / BYTES)
            z.grad = (gradient / BYTES).contiguous()
            seen.append(losses)
            return objective

        inner.step(closure)  # type: ignore[no-untyped-call]
        best = min(seen, key=lambda losses: float(losses["loss"]))
        return z.detach() / BYTES, best

    def _prepared(self, x: Tensor) -> tuple[Tensor, torch.optim.LBFGS]:
        if self._z is None or self._inner is None:
            self._z = x.detach().clone(memory_format=torch.contiguous_format).requires_grad_()
            self._inner = torch.optim.LBFGS(
                [self._z],
                max_iter=self.evaluations,
                max_eval=self.evaluations,
                tolerance_grad=0.0,
                tolerance_change=0.0,
                history_size=HISTORY,
                line_search_fn="strong_wolfe",
            )
        return self._z, self._inner

    def resized(self, size: tuple[int, int]) -> None:
        """Begin again: the curvature of another size does not carry over."""
        del size
        self._z = self._inner = None

    def revised(self) -> None:
        """Begin again: gradients of two objectives say nothing about the curvature of either."""
        self._z = self._inner = None
