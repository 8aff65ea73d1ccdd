"""What can be turned of a model's inputs, by name: classes, amounts, the numbers of codes, whole noises.

A `Dial` is one number that can be turned: an amount, one number of a code, or a whole noise vector set to one value
(StackedGAN's constant vectors, Atienza 6.2).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.capabilities import Input
from studio.core.errors import BadInput

Drawn = dict[str, NDArray[Any]]
"""Inputs by name, a row per picture."""


@dataclass(frozen=True)
class Dial:
    """One number that can be turned.

    Attributes:
        name: "truncation"; "code2" for the second number of `code`; "z1" for a whole noise vector.
        title: what a control shows.
        source: the input it belongs to.
        index: which number of it; None turns all of them at once.
    """

    name: str
    title: str
    source: Input
    index: int | None = None

    def put(self, values: NDArray[Any], drawn: Drawn) -> None:
        """Write one value per row into drawn inputs."""
        if self.source.kind == "amount":
            drawn[self.source.name] = values.astype(np.float32)
        elif self.index is None:
            drawn[self.source.name] = np.repeat(values[:, None], self.source.size, axis=1).astype(np.float32)
        else:
            drawn[self.source.name][:, self.index] = values


def label_of(inputs: Sequence[Input]) -> Input | None:
    """Return the input that is a class, or None."""
    return next((i for i in inputs if i.kind == "label"), None)


def noises(inputs: Sequence[Input]) -> tuple[Input, ...]:
    """Return the inputs that are noise, in their order."""
    return tuple(i for i in inputs if i.kind == "noise")


def dials(inputs: Sequence[Input], *, noise: bool = False) -> tuple[Dial, ...]:
    """Return every number that has a slider: amounts, and each number of each code; with `noise`, whole noises last."""
    found: list[Dial] = []
    for i in inputs:
        if i.kind == "amount":
            found.append(Dial(i.name, i.title, i))
        elif i.kind == "code" and i.size == 1:
            found.append(Dial(i.name, i.title, i, 0))
        elif i.kind == "code":
            found += [Dial(f"{i.name}{k + 1}", f"{i.title} {k + 1}", i, k) for k in range(i.size)]
    return (*found, *(Dial(i.name, i.title, i) for i in noises(inputs) if noise))


def crossings(inputs: Sequence[Input]) -> dict[str, float]:
    """Return the middle of every amount that goes in whole steps: where two styles cross, when they are mixed."""
    return {
        i.name: i.low + i.step * round((i.high - i.low) / i.step / 2)
        for i in inputs
        if i.kind == "amount" and i.step >= 1
    }


def dial(inputs: Sequence[Input], name: str) -> Dial:
    """Return a dial by its name.

    Raises:
        BadInput: there is none of that name; says which there are.
    """
    known = {d.name: d for d in dials(inputs, noise=True)}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known) or 'none'}."
        raise BadInput(f"There is no input called {name!r} that can be turned.", hint)
    return known[name]


def class_number(inputs: Sequence[Input], text: str) -> int:
    """Return the number of a class given by its name or number.

    Raises:
        BadInput: the model has no classes, or none like that.
    """
    label = label_of(inputs)
    if label is None:
        raise BadInput("This model knows no classes.", "Leave the label out.")
    if text in label.choices:
        return label.choices.index(text)
    if text.isdigit() and int(text) < label.size:
        return int(text)
    shown = ", ".join(label.choices[:20]) or f"0 to {label.size - 1}"
    raise BadInput(f"There is no class {text!r}.", f"There are: {shown}.")


def settings(inputs: Sequence[Input], words: Mapping[str, str]) -> dict[str, float]:
    """Turn `{"code1": "1.5", "truncation": "0.7"}` into values of dials.

    Raises:
        BadInput: a name is unknown, or a value is no number or out of the dial's range.
    """
    return {name: _value(dial(inputs, name), text) for name, text in words.items()}


def _value(found: Dial, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise BadInput(f"{found.name} must be a number, not {text!r}.", "Write it like code1=1.5.") from None
    source = found.source
    if source.kind == "amount" and not source.low <= value <= source.high:
        raise BadInput(f"{found.name} = {value:g} is out of range.", f"Use {source.low:g} to {source.high:g}.")
    if not np.isfinite(value):
        raise BadInput(f"{found.name} must be finite.", "Write it like code1=1.5.")
    return value
