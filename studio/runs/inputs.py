"""What a person chose for a model's declared inputs, checked before the model sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.capabilities import Input
from studio.core.errors import BadInput

Inputs = Mapping[str, NDArray[Any]]
"""Values by input name, a row per picture."""


def checked(wanted: tuple[Input, ...], given: Inputs) -> dict[str, NDArray[Any]]:
    """Return every wanted input in the shape and type the recipe takes, all of one length.

    Raises:
        BadInput: an input is missing or unknown, has another size, or a label does not exist.
    """
    names = ", ".join(i.name for i in wanted)
    if missing := [i.name for i in wanted if i.name not in given]:
        raise BadInput(f"The input {missing[0]!r} is missing.", f"This model takes: {names}.")
    if unknown := set(given) - {i.name for i in wanted}:
        raise BadInput(f"There is no input {sorted(unknown)[0]!r}.", f"This model takes: {names}.")
    values = {i.name: _shaped(i, given[i.name]) for i in wanted}
    if len({len(v) for v in values.values()}) > 1:
        raise BadInput("The inputs are of different lengths.", "Give one row per picture.")
    return values


def _shaped(wanted: Input, value: NDArray[Any]) -> NDArray[Any]:
    """Return one input, float32 (N, size) or (N,), or int64 (N,) for labels."""
    if wanted.kind == "label":
        labels = np.atleast_1d(np.asarray(value, np.int64))
        if labels.ndim != 1 or labels.min(initial=0) < 0 or labels.max(initial=0) >= wanted.size:
            raise BadInput(f"{wanted.title} must be 0 to {wanted.size - 1}.", "Choose one of the classes.")
        return labels
    numbers = np.asarray(value, np.float32)
    if wanted.kind == "amount":
        return np.atleast_1d(numbers)
    numbers = np.atleast_2d(numbers)
    if numbers.shape[1:] != (wanted.size,):
        raise BadInput(f"{wanted.title} has {wanted.size} numbers per picture.", "Give that many.")
    return numbers
