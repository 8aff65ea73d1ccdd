"""What every command has: its common options, its way of talking, its JSON."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from studio.core.errors import BadConfig

if TYPE_CHECKING:
    from studio.core.knobs import KnobField
    from studio.core.store import Store


def quiet_default(metavar: str | None = None) -> Any:
    """Mark an option whose default is clear from its help."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="")


Flag = Annotated[str | None, tyro.conf.arg(help_behavior_hint="")]
"""A setting as a flag: text that `knobs.check` parses; None when it was not given."""
Settings = Annotated[
    tuple[tuple[str, ...], ...],
    tyro.conf.UseAppendAction,
    tyro.conf.arg(metavar="NAME=VALUE …", help="Settings by name; may be repeated.", help_behavior_hint=""),
]


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options that every command takes."""

    workspace: Annotated[Path | None, quiet_default(metavar="DIR")] = None
    """Folder of runs, data and exports (also: environment variable GENERATIVE_STUDIO_WORKSPACE)."""
    json: Annotated[bool, quiet_default()] = False
    """Print exactly one JSON document on standard output; everything else goes to standard error."""
    debug: Annotated[bool, quiet_default()] = False
    """Show the traceback of a failure."""

    def run(self) -> Any:
        """Do the work and return the document that `--json` prints."""
        raise NotImplementedError

    def text(self, document: Any) -> str:
        """Say the document to a person."""
        raise NotImplementedError

    def workspace_folder(self) -> Path:
        """Return the chosen workspace, or the person's own."""
        from studio.core.store import default_workspace

        return self.workspace or default_workspace()

    def store(self) -> Store:
        """Open the workspace.

        Raises:
            StoreError: it cannot be used.
        """
        from studio.core.store import Store

        return Store(self.workspace_folder())


def say(text: str, *, end: str = "\n") -> None:
    """Write to standard error: everything that is not the result."""
    print(text, end=end, file=sys.stderr, flush=True)


def pairs(groups: Iterable[Iterable[str]]) -> dict[str, str]:
    """Turn the words of `--set a=1 b=2 --set c=3` into a dictionary.

    Raises:
        BadConfig: a word is not of the form NAME=VALUE, or `--set` stands alone.
    """
    values = {}
    given = [tuple(group) for group in groups]
    if not all(given):
        raise BadConfig("--set stands alone.", "Write it like --set latent_dim=2.")
    for word in (word for group in given for word in group):
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise BadConfig(f"--set {word} is not of the form NAME=VALUE.", "Write it like --set latent_dim=2.")
        values[name.strip().replace("-", "_")] = value
    return values


def with_flags(command: type[Any], fields: Mapping[str, KnobField], **about: Any) -> type[Any]:
    """Make a command with a flag for each knob.

    Args:
        command: a frozen dataclass; its own fields of the same names are replaced.
        fields: name of the flag -> what it sets.
        about: attributes of the class, such as its documentation.
    """
    flags: list[Any] = [(name, _flag(field), None) for name, field in fields.items()]
    return make_dataclass(command.__name__, flags, bases=(command,), frozen=True, kw_only=True, namespace=about)


def _flag(field: KnobField) -> Any:
    """Return the annotated type of a knob's flag, with the knob's help."""
    knob = field.knob
    shown = ",".join(map(str, field.default)) if field.kind is tuple else str(field.default)
    span = f" {knob.low:g} to {knob.high:g}{' ' + knob.unit if knob.unit else ''}." if knob.low is not None else ""
    about = f"{knob.label}.{span} {knob.help}".strip()
    kinds = {bool: "true|false", int: "INT", float: "NUMBER", str: "TEXT", tuple: "INT,INT,…"}
    metavar = "|".join(field.choices) or kinds[field.kind]
    live = ", live" if knob.live else ""
    hint = f"(default: {shown or 'empty'}{live})"
    return Annotated[str | None, tyro.conf.arg(help=about, metavar=metavar, help_behavior_hint=hint)]


def plain(value: Any) -> Any:
    """Return a value in plain JSON types: paths as text, non-finite numbers as null, numpy numbers as numbers."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(v) for v in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return plain(value.item()) if hasattr(value, "item") else str(value)


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> str:
    """Lay out rows in columns under a header."""
    cells = [list(header), *([str(c) for c in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join(lines)


def number(value: Any) -> str:
    """Write a metric's value shortly."""
    return f"{value:.4g}" if isinstance(value, int | float) else "–"


def metrics_text(metrics: Mapping[str, Mapping[str, float]]) -> str:
    """Write the last values of each split on one line each."""
    lines = [
        f"  {split}: " + ", ".join(f"{k} {number(v)}" for k, v in values.items())
        for split, values in metrics.items()
        if values
    ]
    return "\n".join(lines)
