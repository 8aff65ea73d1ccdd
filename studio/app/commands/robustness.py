"""`robustness`: how much noise a model bears, on levels it was trained on and on others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from studio.app.commands.base import number, quiet_default, table
from studio.app.commands.outputs import Output
from studio.app.commands.progress import Bar


@dataclass(frozen=True, kw_only=True)
class Robustness(Output):
    """Measure a denoising model's error on held-out pictures at several levels of noise.

    --out FILE writes a sheet (PNG): originals, then for each level what the model was given and what it made.
    """

    levels: Annotated[tuple[float, ...], quiet_default("NUMBER …")] = ()
    """Levels of noise (default: half, once, one and a half times and twice what it was trained on)."""
    count: int = 1000
    """Held-out pictures at most."""

    def run(self) -> Any:
        """Measure, write, and return the figures."""
        from studio.runs.robustness import robustness

        model = self.model()
        with Bar() as bar:
            return robustness(model, self.levels, self.count, self.out, bar.update)

    def text(self, document: Any) -> str:
        """Say the figures."""
        rows = [
            [
                f"{level['level']:g}{' (trained)' if level['trained'] else ''}",
                number(level["given"]),
                f"{number(level['made'])} ± {number(level['standard_error'])}",
            ]
            for level in document["levels"]
        ]
        shown = table(rows, (document["amount"], "error given", "error left"))
        about = f"Mean squared error of {document['count']:,} held-out pictures, step {document['step']:,}."
        return "\n".join([shown, about, *([document["out"]] if document["out"] else [])])


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the type that tyro parses."""
    del name, words
    return Robustness
