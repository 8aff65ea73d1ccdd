"""`bench [engine|policy|ui|start|canvas|recipes]`: measure the promises on this machine."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import tyro

from studio.app.commands.base import Command, say, table

NAMES = ("engine", "policy", "ui", "start", "canvas", "recipes")


@dataclass(frozen=True, kw_only=True)
class Bench(Command):
    """Measure the promises on this machine; without a name, all of them. Keep the machine idle."""

    name: tyro.conf.Positional[Literal["all", "engine", "policy", "ui", "start", "canvas", "recipes"]] = "all"
    """engine: cost of the loop; policy: gain over a plain loop; ui: pauses of the window; start: time to paint;
    canvas: dream and transfer against plain loops; recipes: every recipe's reference preset against plain fp32."""
    quick: bool = False
    """A few repetitions: shows that it works, not how quick it is."""

    def run(self) -> Any:
        """Return a report, or a list of them."""
        names = NAMES if self.name == "all" else (self.name,)
        reports = []
        for name in names:
            say(f"bench {name}")
            module = importlib.import_module(f"studio.app.bench.{name}")
            reports.append(module.run(say, quick=self.quick).to_json())
        return reports if self.name == "all" else reports[0]

    def text(self, document: Any) -> str:
        """Write a table of figures and one of promises per report."""
        return "\n\n".join(_text(report) for report in (document if isinstance(document, list) else [document]))


def _text(report: dict[str, Any]) -> str:
    machine = report["machine"]
    lines = [f"{report['name']} on {machine['processor']}, {machine['cores']} cores, load {machine['load']}"]
    lines.append(table([[k, f"{v:g}"] for k, v in report["figures"].items()], ["FIGURE", "VALUE"]))
    lines += [f"{'holds' if kept else 'MISSED'}  {name}" for name, kept in report["holds"].items()]
    return "\n".join([*lines, *report["notes"]])


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the type that tyro parses."""
    del name, words
    return Bench
