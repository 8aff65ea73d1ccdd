"""The grid of a sweep: which knobs take which values, read from text such as `dropout=0.2,0.45` or `lr=1e-4..1e-2x3`.

Values are separated by commas. `a..bxN` is a range of N values from a to b, at equal factors where the knob is
logarithmic and at equal distances otherwise; `a..b` of a whole number is every number between. The elements of a list
are joined by colons: `units=256:256,512:512`.
"""

from __future__ import annotations

import difflib
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.core.errors import BadConfig
from studio.core.knobs import KnobField, check

RANGE = re.compile(r"(?P<low>[^.]\S*?|\.\d\S*?)\.\.(?P<high>\S+?)(?:x(?P<count>\d+))?")
MOST_VALUES = 1000
MOST_RUNS = 1000
EXAMPLE = "Write it like dropout=0.2,0.45 or lr=1e-4..1e-2x3."


@dataclass(frozen=True)
class Axis:
    """One knob with the values it takes, checked, without repetition."""

    name: str
    values: tuple[Any, ...]


def parse_axes(texts: Sequence[str], fields: Mapping[str, KnobField]) -> tuple[Axis, ...]:
    """Read `NAME=VALUES` texts.

    Args:
        texts: one for each knob.
        fields: every knob that may vary, by name.

    Raises:
        BadConfig: no or an unknown name, a name given twice, a value that does not fit, or too many runs.
    """
    axes: list[Axis] = []
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name or not values.strip():
            raise BadConfig(f"The sweep {text!r} is not of the form NAME=VALUES.", EXAMPLE)
        if name not in fields:
            near = difflib.get_close_matches(name, fields, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(fields))}."
            raise BadConfig(f"There is no setting called {name!r}.", hint)
        if name in {axis.name for axis in axes}:
            raise BadConfig(f"{name} is swept twice.", "Write all its values at once, separated by commas.")
        axes.append(Axis(name, parse_values(fields[name], values)))
    if (count := math.prod(len(axis.values) for axis in axes)) > MOST_RUNS:
        raise BadConfig(f"The sweep makes {count:,} runs.", f"Choose fewer values; at most {MOST_RUNS:,} runs.")
    return tuple(axes)


def parse_values(field: KnobField, text: str) -> tuple[Any, ...]:
    """Return the values a text names, in the knob's type, in their order and each once.

    Raises:
        BadConfig: a value does not fit the knob.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    values = [value for part in parts for value in _expanded(field, part)]
    if not values:
        raise BadConfig(f"The sweep names no value of {field.name}.", EXAMPLE)
    return tuple(dict.fromkeys(check(field, value) for value in values))


def _expanded(field: KnobField, part: str) -> list[Any]:
    if field.kind is tuple:
        return [part.replace(":", ",")]
    found = RANGE.fullmatch(part) if field.kind in (int, float) else None
    return [part] if found is None else _range(field, found)


def _range(field: KnobField, found: re.Match[str]) -> list[Any]:
    """Return the numbers of `a..bxN`; both ends are always among them."""
    low, high = (float(check(field, found[name])) for name in ("low", "high"))
    count = int(found["count"]) if found["count"] else round(abs(high - low)) + 1 if field.kind is int else 0
    if count > MOST_VALUES:
        raise BadConfig(f"The range {found[0]} makes {count:,} values.", f"At most {MOST_VALUES:,} are possible.")
    if count < 2:
        raise BadConfig(f"The range {found[0]} does not say how many values.", "Write it like 1e-4..1e-2x3.")
    log = bool(found["count"]) and field.knob.log and low > 0 and high > 0  # `a..b` leaves no number out
    numbers = [_between(low, high, i / (count - 1), log=log) for i in range(count)]
    return [round(n) for n in numbers] if field.kind is int else numbers


def _between(low: float, high: float, share: float, *, log: bool) -> float:
    number = low * (high / low) ** share if log else low + (high - low) * share
    return float(f"{number:.6g}")


def points(axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """Return the settings of every run: the last axis turns quickest."""
    names = [axis.name for axis in axes]
    return [dict(zip(names, chosen, strict=True)) for chosen in itertools.product(*(axis.values for axis in axes))]


def shown(value: Any) -> str:
    """Write a value as `parse_values` reads it."""
    return ":".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
