"""How a gradient changes on its way back through many layers, with and without shortcuts (He 2015, 1512.03385)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio.lessons.activations import activation

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = 48


def weights(depth: int, gain: float, seed: int = 0, width: int = WIDTH) -> NDArray[np.float64]:
    """Return random matrices float64 (depth, width, width) with variance gain² / width."""
    drawn = np.random.default_rng(seed).standard_normal((depth, width, width))
    made: NDArray[np.float64] = drawn * gain / np.sqrt(width)
    return made


def gradient_norms(
    layers: NDArray[np.float64], name: str, *, shortcut: bool, seed: int = 1, parameter: float = 0.0
) -> NDArray[np.float64]:
    """Return the size of the gradient at the input of each layer and at the output, over the size at the output.

    A plain layer is h -> f(W h); one with a shortcut is h -> h + f(W h).

    Args:
        layers: matrices float64 (depth, width, width).
        name: id of the activation f.
        shortcut: whether each layer adds its input.
        seed: of the input and of the gradient that arrives at the output.
        parameter: of the activation.

    Returns:
        float64 (depth + 1,), 1 at the end.
    """
    f, generator = activation(name), np.random.default_rng(seed)
    h: NDArray[np.float64] = generator.standard_normal((layers.shape[1],))
    sums: list[NDArray[np.float64]] = []
    for matrix in layers:
        sums.append(matrix @ h)
        new = f.value(sums[-1], parameter)
        h = h + new if shortcut else new
    gradient: NDArray[np.float64] = generator.standard_normal((layers.shape[1],))
    norms = [1.0]
    size = float(np.linalg.norm(gradient))
    for matrix, before in zip(layers[::-1], sums[::-1], strict=True):
        back = matrix.T @ (f.slope(before, parameter) * gradient)
        gradient = back + gradient if shortcut else back
        norms.append(float(np.linalg.norm(gradient)) / size)
    return np.array(norms[::-1])
