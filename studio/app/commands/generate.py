"""`generate`: pictures of chosen classes, codes and amounts; sweeps, blends and mixes, whatever the model declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from studio.app.commands.base import Settings, pairs, quiet_default
from studio.app.commands.outputs import Output
from studio.core.errors import BadInput


@dataclass(frozen=True, kw_only=True)
class Generate(Output):
    """Make a sheet of pictures from a model's inputs (PNG): choose what you like, the rest is drawn.

    Without --label every class has a row of its own. `generative-studio generate RUN --inputs` lists what there is.
    """

    inputs: Annotated[bool, quiet_default()] = False
    """List the model's inputs with their ranges, and make nothing."""
    show: Literal["pictures", "sweep", "between", "mix"] = "pictures"
    """Pictures; a sweep of --input; a walk between two draws; rows and columns that bring a noise each."""
    label: Annotated[str | None, quiet_default("CLASS")] = None
    """Name or number of a class."""
    set: Settings = ()
    """Values of codes and amounts, such as code1=1.5 truncation=0.7."""
    input: Annotated[str, quiet_default("NAME")] = ""
    """What a sweep turns: a code, an amount, or a noise (all its numbers equal)."""
    low: Annotated[float | None, quiet_default("NUMBER")] = None
    """Where the sweep begins (default: the input's own range)."""
    high: Annotated[float | None, quiet_default("NUMBER")] = None
    """Where it ends."""
    columns: int = 10
    """Pictures in a row: draws, or steps of a sweep or walk."""
    rows: int = 6
    """Rows of a sheet that has not one per class."""
    seed: int = 0
    """Same seed, same pictures."""

    def run(self) -> Any:
        """Make, write, and return what was written; or what can be chosen."""
        from studio.runs import outputs
        from studio.runs.dials import class_number, crossings, dial, settings

        model = self.model()
        if self.inputs:
            return {"run": model.record.id, "inputs": [listed(i) for i in model.inputs]}
        model.need("Conditioned")
        low, high = self.low, self.high
        if self.show == "sweep":
            if not self.input:
                raise BadInput("What is to be swept?", "Give --input NAME; `--inputs` lists what there is.")
            source = dial(model.inputs, self.input).source
            low, high = (source.low if low is None else low), (source.high if high is None else high)
        crossed = crossings(model.inputs) if self.show == "mix" else {}
        request = self._request(
            label=None if self.label is None else class_number(model.inputs, self.label),
            dials={**crossed, **settings(model.inputs, pairs(self.set))},
            low=-2.0 if low is None else low,
            high=2.0 if high is None else high,
        )
        return outputs.generated(model, self.path(model, f"{self.show}-{self.seed}.png"), request)

    def _request(self, **chosen: Any) -> Any:
        from studio.runs.generate import Request

        if min(self.columns, self.rows) < 1:
            raise BadInput("A sheet has at least one row and one column.", "Use --rows 6 --columns 10.")
        return Request(show=self.show, seed=self.seed, rows=self.rows, columns=self.columns, dial=self.input, **chosen)

    def text(self, document: Any) -> str:
        """Say what was written, or list the inputs."""
        if "inputs" not in document:
            return super().text(document)
        return "\n".join(_line(i) for i in document["inputs"]) or "There is nothing to choose."


def listed(wanted: Any) -> dict[str, Any]:
    """Return one input in JSON types."""
    about: dict[str, Any] = {"name": wanted.name, "title": wanted.title, "kind": wanted.kind, "size": wanted.size}
    if wanted.kind == "label":
        return {**about, "choices": list(wanted.choices)}
    if wanted.kind == "noise":
        return about
    return {**about, "low": wanted.low, "high": wanted.high, "default": wanted.default, "help": wanted.help}


def _line(about: dict[str, Any]) -> str:
    many = f" ({about['size']} numbers)" if about["size"] > 1 and about["kind"] != "label" else ""
    span = f"{about['low']:g} to {about['high']:g}" if "low" in about else ", ".join(about.get("choices", ())[:20])
    return f"{about['name']:<12} {about['kind']:<7} {about['title']}{many}  {span}".rstrip()


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the type that tyro parses."""
    del name, words
    return Generate
