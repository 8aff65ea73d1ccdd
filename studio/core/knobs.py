"""One declaration of a parameter: the form, the flags, the JSON and the range checks come from it.

A Config is a frozen, keyword-only dataclass whose fields are annotated with a `Knob`::

    lr: Annotated[float, Knob("Learning rate", 1e-6, 1.0, log=True, live=True)] = 1e-3

Field types are bool, int, float, str, `Literal[...]` of strings, and `tuple[int, ...]`.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from studio.core.errors import BadConfig

C = TypeVar("C")


@dataclass(frozen=True)
class Knob:
    """What a person needs to know to turn one parameter.

    Attributes:
        label: name in the form.
        low, high: inclusive range of numbers (of each element, for tuples).
        log: the slider and the search scale are logarithmic.
        help: one or two sentences; the tooltip and the flag's help.
        unit: shown behind the number ("px", "s").
        live: may be changed while training.
        group: section of the form; any name, the usual ones are "Model", "Optimiser", "Training", "Data", "Advanced".
        when: names of other knobs of the same Config and the values with which this one matters; forms hide it
            otherwise (unless it was changed).
    """

    label: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    help: str = ""
    unit: str = ""
    live: bool = False
    group: str = "Model"
    when: Mapping[str, tuple[Any, ...]] = dataclasses.field(default_factory=dict, hash=False)

    def matters(self, values: Mapping[str, Any]) -> bool:
        """Tell whether the knob has an effect beside these values of the others."""
        return all(values[name] in wanted for name, wanted in self.when.items())


@dataclass(frozen=True)
class KnobField:
    """One field of a Config, resolved: name, type, default and its `Knob`."""

    name: str
    kind: type
    """One of bool, int, float, str, tuple (of ints)."""
    default: Any
    knob: Knob
    choices: tuple[str, ...] = ()


@functools.cache
def fields_of(config_type: Any) -> tuple[KnobField, ...]:
    """List the knobs of a Config class in declaration order.

    Raises:
        TypeError: a field has no Knob, no default or an unsupported type (a programming error).
    """
    hints = get_type_hints(config_type, include_extras=True)
    return tuple(_field(config_type, f, hints[f.name]) for f in dataclasses.fields(config_type))


def _field(owner: type, field: dataclasses.Field[Any], hint: Any) -> KnobField:
    if get_origin(hint) is not Annotated or field.default is dataclasses.MISSING:
        raise TypeError(f"{owner.__qualname__}.{field.name} needs Annotated[type, Knob(...)] and a default")
    base, *extras = get_args(hint)
    knob = next(e for e in extras if isinstance(e, Knob))
    if get_origin(base) is Literal:
        return KnobField(field.name, str, field.default, knob, tuple(get_args(base)))
    kind = get_origin(base) or base
    if kind not in (bool, int, float, str, tuple):
        raise TypeError(f"{owner.__qualname__}.{field.name}: unsupported knob type {base}")
    return KnobField(field.name, kind, field.default, knob)


def check(field: KnobField, value: Any) -> Any:
    """Return `value` in the field's type, or raise BadConfig naming the knob and its range.

    Strings are parsed (the command line's `--set k=v`); an int is accepted for a float.
    """
    if field.kind is tuple:
        return _check_tuple(field, value)
    parsed = _parse(field, value) if isinstance(value, str) and field.kind is not str else value
    if field.kind is float and isinstance(parsed, int) and not isinstance(parsed, bool):
        parsed = float(parsed)
    if field.kind is int and isinstance(parsed, float) and parsed.is_integer():
        parsed = int(parsed)
    if type(parsed) is not field.kind:
        raise BadConfig(f"{field.name} must be {_kind_name(field)}, not {value!r}.", _advice(field))
    if field.choices and parsed not in field.choices:
        raise BadConfig(f"{field.name} cannot be {value!r}.", _advice(field))
    if field.kind in (int, float):
        _check_range(field, parsed)
    return parsed


def _check_tuple(field: KnobField, value: Any) -> tuple[int, ...]:
    if isinstance(value, str):
        value = [part for part in value.replace(" ", ",").split(",") if part]
    if not isinstance(value, list | tuple):
        raise BadConfig(f"{field.name} must be a list of whole numbers, not {value!r}.", _advice(field))
    try:
        numbers = tuple(int(part) for part in value)
    except (TypeError, ValueError):
        raise BadConfig(f"{field.name} must be whole numbers, not {value!r}.", _advice(field)) from None
    for number in numbers:
        _check_range(field, number)
    return numbers


def _parse(field: KnobField, text: str) -> Any:
    try:
        if field.kind is bool:
            return {
                "true": True,
                "1": True,
                "yes": True,
                "on": True,
                "false": False,
                "0": False,
                "no": False,
                "off": False,
            }[text.strip().lower()]
        return field.kind(text)
    except (KeyError, ValueError):
        raise BadConfig(f"{field.name} must be {_kind_name(field)}, not {text!r}.", _advice(field)) from None


def _check_range(field: KnobField, number: Any) -> None:
    knob = field.knob
    low = -math.inf if knob.low is None else knob.low
    high = math.inf if knob.high is None else knob.high
    if not low <= number <= high:  # also refuses NaN
        raise BadConfig(f"{field.name} = {number:g} is out of range.", _advice(field))


def _kind_name(field: KnobField) -> str:
    return {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[field.kind]


def _advice(field: KnobField) -> str:
    if field.choices:
        return f"Choose one of: {', '.join(field.choices)}."
    if field.kind is tuple:
        return "Write it like 32,64,64."
    if field.kind in (int, float) and field.knob.low is not None and field.knob.high is not None:
        return f"Use a value from {field.knob.low:g} to {field.knob.high:g}."
    return f"The default is {field.default!r}."


def make(config_type: type[C], values: Mapping[str, Any]) -> C:
    """Build a Config from loose values (JSON, flags, a form), checking every one.

    Raises:
        BadConfig: an unknown name (with the nearest known one), a wrong type or a range violation.
    """
    known = {field.name: field for field in fields_of(config_type)}  # type: ignore[arg-type]  # classes are hashable
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
            raise BadConfig(f"There is no setting called {name!r}.", hint)
    return config_type(**{name: check(known[name], value) for name, value in values.items()})


def to_json(config: Any) -> dict[str, Any]:
    """Return the Config as plain JSON types; `make(type(config), …)` is the inverse."""
    document = dataclasses.asdict(config)
    return {k: list(v) if isinstance(v, tuple) else v for k, v in document.items()}
