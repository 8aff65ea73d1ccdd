"""Activation functions with their slopes (Atienza 1.3.3 and 4.2; Goodfellow, Bengio and Courville 2016, 6.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Curve = Callable[["NDArray[np.float64]", float], "NDArray[np.float64]"]


@dataclass(frozen=True)
class Activation:
    """A function of one number, with its slope.

    Attributes:
        id: stable name.
        title: as shown.
        formula: in plain text.
        value: (x float64, parameter) -> f(x), any shape.
        slope: (x float64, parameter) -> f'(x); at a kink the slope of the right side.
        parameter: its name, "" without one.
        default: value of the parameter.
        low: smallest sensible parameter.
        high: largest sensible parameter.
        use: where it is used and why, one sentence.
    """

    id: str
    title: str
    formula: str
    value: Curve
    slope: Curve
    use: str
    parameter: str = ""
    default: float = 0.0
    low: float = 0.0
    high: float = 1.0


def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + e^-x) without overflow, any shape."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def _sigmoid_slope(x: NDArray[np.float64], _: float) -> NDArray[np.float64]:
    return sigmoid(x) * sigmoid(-x)


def _leaky(x: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    return np.where(x >= 0, x, alpha * x)


def _leaky_slope(x: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    return np.where(x >= 0, 1.0, alpha)


def _elu(x: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    return np.where(x >= 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _elu_slope(x: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    return np.where(x >= 0, 1.0, alpha * np.exp(np.minimum(x, 0)))


def _swish_slope(x: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    gate = sigmoid(beta * x)
    return gate + beta * x * gate * (1 - gate)


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""Klambauer et al. 2017 (arXiv:1706.02515), equation 14: outputs keep mean 0 and variance 1."""

ACTIVATIONS: tuple[Activation, ...] = (
    Activation(
        "linear", "Linear", "f(x) = x", lambda x, _: x, lambda x, _: np.ones_like(x),
        "The output of a regression, and of a Wasserstein critic: any number may come out.",
    ),
    Activation(
        "sigmoid", "Sigmoid", "f(x) = 1 / (1 + e⁻ˣ)", lambda x, _: sigmoid(x), _sigmoid_slope,
        "A probability of yes: discriminators, gates of an LSTM, pixels from 0 to 1. Its slope is never above 0.25.",
    ),
    Activation(
        "tanh", "Tanh", "f(x) = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)", lambda x, _: np.tanh(x), lambda x, _: 1 - np.tanh(x) ** 2,
        "Pixels from −1 to 1 at the end of a DCGAN generator, and the state of a recurrent cell.",
    ),
    Activation(
        "relu", "ReLU", "f(x) = max(0, x)", lambda x, _: _leaky(x, 0.0), lambda x, _: _leaky_slope(x, 0.0),
        "The usual choice inside a network: the slope is 1 wherever the neuron is active, and 0 elsewhere.",
    ),
    Activation(
        "leaky_relu", "Leaky ReLU", "f(x) = x for x ≥ 0, else α·x", _leaky, _leaky_slope,
        "Discriminators: with α = 0.2 a gradient flows back to the generator even through inactive neurons.",
        "α", 0.2, 0.0, 1.0,
    ),
    Activation(
        "elu", "ELU", "f(x) = x for x ≥ 0, else α·(eˣ − 1)", _elu, _elu_slope,
        "Like ReLU with outputs whose mean is nearer to zero; at α = 1 the slope has no jump.",
        "α", 1.0, 0.1, 3.0,
    ),
    Activation(
        "selu", "SELU", "f(x) = λ·ELU(x),  λ ≈ 1.0507, α ≈ 1.6733",
        lambda x, _: SELU_SCALE * _elu(x, SELU_ALPHA), lambda x, _: SELU_SCALE * _elu_slope(x, SELU_ALPHA),
        "Keeps mean 0 and variance 1 through many dense layers without batch normalisation.",
    ),
    Activation(
        "softplus", "Softplus", "f(x) = ln(1 + eˣ)", lambda x, _: np.logaddexp(0, x), lambda x, _: sigmoid(x),
        "A smooth ReLU: a positive number, such as a standard deviation. Its slope is the sigmoid.",
    ),
    Activation(
        "swish", "Swish (SiLU)", "f(x) = x · σ(β·x)", lambda x, beta: x * sigmoid(beta * x), _swish_slope,
        "Newer convolutional networks and diffusion models; β → ∞ turns it into ReLU, β = 0 into x/2.",
        "β", 1.0, 0.0, 10.0,
    ),
)  # fmt: skip


def activation(name: str) -> Activation:
    """Return an activation by its id."""
    return next(a for a in ACTIVATIONS if a.id == name)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return e^x / sum(e^x) over the last axis; unchanged when a constant is added to every logit."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    made: NDArray[np.float64] = shifted / shifted.sum(axis=-1, keepdims=True)
    return made
