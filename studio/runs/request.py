"""What a person asks to train, and the check that every knob of it has a value in range."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studio.core import knobs, registry
from studio.core.errors import BadConfig
from studio.core.records import RunRecord
from studio.core.training import Training
from studio.data.options import DataOptions

if TYPE_CHECKING:
    from studio.core.policy import Compiling, Precision
    from studio.core.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person asked to train.

    Attributes:
        recipe: id of a recipe.
        data: catalogue name or path; "" takes the preset's data set, or the bundled one without a preset.
        preset: name of a preset of the recipe, or "".
        settings: values for the recipe's Config, `Training` and `DataOptions`, by field name, mixed.
        device, precision, compile: "auto" or a wish; see `studio.core.training.Computing`.
        devices, nodes: processes on this machine, machines.
    """

    recipe: str
    data: str = ""
    preset: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    precision: Precision = "auto"
    compile: Compiling = "auto"
    devices: int = 1
    nodes: int = 1


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A checked request: every knob has its value."""

    recipe: type[Recipe]
    config: Any
    training: Training
    data_options: DataOptions
    data: str


def resolve(request: Request) -> Resolved:
    """Check a request and fill in preset and defaults.

    Raises:
        BadConfig: an unknown recipe, preset or setting, or a value out of range.
    """
    cls = registry.recipe(request.recipe)
    chosen = registry.preset(cls, request.preset) if request.preset else None
    values = {**chosen.config, **chosen.training, **chosen.data_options} if chosen else {}
    values.update(cls.current(request.settings))
    parts: list[Any] = [cls.Config, Training, DataOptions]
    names = [{f.name for f in knobs.fields_of(part)} for part in parts]
    if unknown := set(values) - set().union(*names):
        raise _unknown(sorted(unknown)[0], sorted(set().union(*names)))
    made = [
        knobs.make(part, {k: v for k, v in values.items() if k in own}) for part, own in zip(parts, names, strict=True)
    ]
    source = request.data or (chosen.data if chosen else offline_data(cls))
    return Resolved(recipe=cls, config=made[0], training=made[1], data_options=made[2], data=source)


def offline_data(cls: type[Recipe]) -> str:
    """Return the data set that a recipe uses when none is named: its first preset's if bundled, or its kind's."""
    from studio.data import catalogue

    first = cls.presets[0].data if cls.presets else ""
    bundled = any(entry.name == first and entry.bundled for entry in catalogue.entries())
    return first if bundled else catalogue.BUNDLED[cls.accepts]


def _unknown(name: str, known: list[str]) -> BadConfig:
    near = difflib.get_close_matches(name, known, n=1)
    return BadConfig(
        f"There is no setting called {name!r}.", f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
    )


def resolved_of(record: RunRecord, settings: Mapping[str, Any], data: str = "") -> Resolved:
    """Return the checked request that would train a record again, with changed settings."""
    options = record.data.get("options") or {}
    return resolve(
        Request(
            recipe=record.recipe,
            data=data or record.data["source"],
            settings={**record.config, **record.training, **options, **settings},
        )
    )
