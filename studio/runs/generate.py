"""Pictures on request: what a person chooses of a model's declared inputs, laid out as a sheet.

Nothing here knows a recipe: everything follows from `TrainedModel.inputs` (see `core.capabilities.Conditioned`), so
the window and the command line offer a new recipe's labels, codes and amounts without a line about it.
What is not chosen is drawn: equal seeds give equal pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from studio.core.capabilities import Input
from studio.core.errors import BadInput
from studio.latent.walks import slerp
from studio.runs.dials import Dial, Drawn, dial, label_of, noises

Show = Literal["pictures", "sweep", "between", "mix"]
LARGEST = 4096
"""Pictures in a sheet at most."""


class Model(Protocol):
    """What of a `TrainedModel` is used here."""

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What can be chosen."""
        ...

    def draw(self, n: int, seed: int = 0) -> Mapping[str, NDArray[Any]]:
        """Return random inputs for n pictures."""
        ...

    def generate(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.uint8]:
        """Return the pictures of a full set of inputs."""
        ...


@dataclass(frozen=True, kw_only=True)
class Request:
    """A sheet that somebody asks for.

    Attributes:
        show: "pictures": a row per class, or one class many times; "sweep": columns turn a dial; "between": columns
            walk from one noise to another; "mix": rows bring the first noise, columns the second.
        label: the class by its number; None shows every class in a row of its own.
        dials: name of a dial -> its value; what is not named varies as in training.
        seed: chooses everything that is not chosen.
        seeds: other seeds for single inputs, by name.
        rows: rows of sheets that do not have one per class.
        columns: pictures in a row.
        dial: what a sweep turns.
        low: where a sweep begins.
        high: where it ends.
    """

    show: Show = "pictures"
    label: int | None = None
    dials: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    seeds: Mapping[str, int] = field(default_factory=dict)
    rows: int = 6
    columns: int = 10
    dial: str = ""
    low: float = -2.0
    high: float = 2.0


@dataclass(frozen=True)
class Sheet:
    """Pictures in rows with their titles.

    Attributes:
        pixels: uint8 (N, H, W, C), row by row.
        columns: pictures in a row.
        row_titles: what each row is, or ().
        column_titles: what each column is, or ().
        about: what rows and columns bring, where titles do not say it.
        recipe: the request in JSON types: enough to make it again.
    """

    pixels: NDArray[np.uint8]
    columns: int
    row_titles: tuple[str, ...] = ()
    column_titles: tuple[str, ...] = ()
    about: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)


# ---- sheets


def sheet(model: Model, request: Request) -> Sheet:
    """Make the pictures of a request.

    Raises:
        BadInput: it names something that the model does not have, or asks for too many pictures.
    """
    makers = {"pictures": _pictures, "sweep": _sweep, "between": _between, "mix": _mix}
    drawn, rows, columns = makers[request.show](model, request)
    count = len(next(iter(drawn.values())))
    pixels = model.generate(drawn)
    width = count // len(rows) if rows else request.columns
    return Sheet(pixels, width, rows, columns, _about(model, request), asdict(request))


def _about(model: Model, request: Request) -> str:
    if request.show != "mix":
        return ""
    first, second = (i.title for i in noises(model.inputs)[:2])
    return f"A: {first}, B: {second}"


def many(model: Model, request: Request, n: int) -> NDArray[np.uint8]:
    """Return `n` pictures of what is chosen, the rest drawn afresh for each, uint8 (n, H, W, C)."""
    return model.generate(_chosen(model, request, n))


def _chosen(model: Model, request: Request, n: int, seed: int | None = None) -> Drawn:
    """Return inputs of n pictures: drawn, then overwritten by what is chosen."""
    inputs, label = model.inputs, label_of(model.inputs)
    if not 1 <= n <= LARGEST:
        raise BadInput(f"{n} pictures are not a sensible number.", f"Use 1 to {LARGEST}.")
    seed = request.seed if seed is None else seed
    drawn = {name: np.array(value) for name, value in model.draw(n, seed).items()}
    for name, own in request.seeds.items():
        if name in drawn and seed == request.seed:
            drawn[name] = np.array(model.draw(n, own)[name])
    for name, value in request.dials.items():
        dial(inputs, name).put(np.full(n, value), drawn)
    if label is not None and request.label is not None:
        drawn[label.name] = np.full(n, request.label, np.int64)
    return drawn


def _every_class(model: Model, request: Request) -> Input | None:
    """Return the label when each class gets a row."""
    return label_of(model.inputs) if request.label is None else None


def _by_class(drawn: Drawn, label: Input) -> Drawn:
    """Repeat a row of inputs for each class, the same noise below each other."""
    width = len(next(iter(drawn.values())))
    _fits(width * label.size)
    made = {name: np.concatenate([value] * label.size) for name, value in drawn.items()}
    return {**made, label.name: np.arange(label.size).repeat(width)}


def _names(label: Input) -> tuple[str, ...]:
    return tuple(label.choices) or tuple(str(k) for k in range(label.size))


Laid = tuple[Drawn, tuple[str, ...], tuple[str, ...]]
"""Inputs row by row, titles of rows, titles of columns."""


def _pictures(model: Model, request: Request) -> Laid:
    if (label := _every_class(model, request)) is not None:
        return _by_class(_chosen(model, request, request.columns), label), _names(label), ()
    return _chosen(model, request, request.columns * request.rows), (), ()


def _sweep(model: Model, request: Request) -> Laid:
    """Columns turn the dial; rows are classes, or different draws."""
    turned = dial(model.inputs, request.dial)
    values = _steps(turned, request.low, request.high, request.columns)
    drawn, rows = _starts(model, request)
    count = len(next(iter(drawn.values())))
    _fits(count * len(values))
    drawn = {name: value.repeat(len(values), axis=0) for name, value in drawn.items()}
    turned.put(np.tile(values, count), drawn)
    return drawn, rows, tuple(f"{v:.2f}".rstrip("0").rstrip(".").replace("-", "−") for v in values)


def _steps(turned: Dial, low: float, high: float, count: int) -> NDArray[np.float64]:
    """Return the values of a sweep; whole steps stay whole and none comes twice."""
    values = np.linspace(low, high, count) if count > 1 else np.array([low])
    if turned.source.step < 1:
        return values
    first, step = turned.source.low, turned.source.step
    return np.unique(first + step * np.round((values - first) / step))


def _starts(model: Model, request: Request) -> tuple[Drawn, tuple[str, ...]]:
    """Return the inputs at the beginning of each row: one draw for every class, or several draws."""
    if (label := _every_class(model, request)) is not None:
        return _by_class(_chosen(model, request, 1), label), _names(label)
    return _chosen(model, request, request.rows), tuple("" for _ in range(request.rows))


def _between(model: Model, request: Request) -> Laid:
    """Columns walk from one draw to the next seed's: noise along the sphere, codes straight."""
    start, rows = _starts(model, request)
    other = _chosen(model, request, 1 if _every_class(model, request) else request.rows, _other(request.seed))
    count, width = len(next(iter(start.values()))), request.columns
    _fits(count * width)
    t = np.linspace(0, 1, width)
    kinds = {i.name: i.kind for i in model.inputs}
    drawn = {}
    for name, a in start.items():
        b = other[name] if len(other[name]) == count else np.concatenate([other[name]] * count)
        if kinds[name] == "label":
            drawn[name] = a.repeat(width)
        elif kinds[name] == "noise":
            drawn[name] = np.concatenate([slerp(p, q, t) for p, q in zip(a, b, strict=True)])
        else:
            drawn[name] = np.concatenate([np.linspace(p, q, width) for p, q in zip(a, b, strict=True)])
    return drawn, rows, tuple(f"{100 * v:.0f} %" for v in t)


def _other(seed: int) -> int:
    return (seed + 1) % 2**31


def _mix(model: Model, request: Request) -> Laid:
    """Rows bring the first noise (and the class), columns the second."""
    kinds = noises(model.inputs)
    if len(kinds) < 2:
        raise BadInput("This model has one noise, or none: there is nothing to mix.", "Show a sweep instead.")
    first = _chosen(model, request, request.rows)
    second = _chosen(model, request, request.columns, _other(request.seed))
    _fits(request.rows * request.columns)
    drawn = {name: value.repeat(request.columns, axis=0) for name, value in first.items()}
    for wanted in kinds[1:]:
        drawn[wanted.name] = np.concatenate([second[wanted.name]] * request.rows)
    rows, columns = (
        tuple(f"{side}{k + 1}" for k in range(n)) for side, n in (("A", request.rows), ("B", request.columns))
    )
    return drawn, rows, columns


def _fits(count: int) -> None:
    if count > LARGEST:
        raise BadInput(f"{count:,} pictures are too many for a sheet.", f"Ask for {LARGEST:,} at most.")
