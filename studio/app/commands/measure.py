"""`measure|doctor`: the figures of a trained generator with their protocols; what is wrong with it, and what helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from studio.app.commands.base import Command, quiet_default, table
from studio.app.commands.progress import Bar

RunId = Annotated[tyro.conf.Positional[str], tyro.conf.arg(name="run", metavar="RUN")]


@dataclass(frozen=True, kw_only=True)
class Measure(Command):
    """Measure a generator against its training data: distances, precision, recall, classes, label agreement."""

    run_id: RunId
    """Id of the run, the beginning of one, or "last"."""
    samples: int = 5_000
    """Pictures to draw; figures of different counts must not be compared."""
    seed: int = 0
    """Same seed, same samples."""
    checkpoint: str = "best"
    """best, last, or the step of a checkpoint."""

    def run(self) -> Any:
        """Draw, measure, and return the document."""
        from studio.runs.quality import measure
        from studio.runs.trained import TrainedModel

        model = TrainedModel.open(self.store(), self.run_id, self.checkpoint)
        with Bar() as bar:
            return measure(model, self.samples, self.seed, bar.update)

    def text(self, document: Any) -> str:
        """Lay the figures out under what they depend on."""
        lines = [
            f"{document['run']}, step {document['step']:,}: {document['count']:,} samples",
            f"Features: {document['network']['name']}; never to be compared with FID, or across networks",
            "",
            table(
                [_row(figure) for figure in document["figures"]],
                ("", "value", "95 % interval", "held-out pictures", "better"),
            ),
        ]
        if classes := document.get("classes"):
            missing = f"; missing: {', '.join(classes['missing'])}" if classes["missing"] else ""
            lines.append(f"Classes drawn: {classes['covered']} of {len(classes['names'])}{missing}")
        if agreement := document.get("agreement"):
            low, high = agreement["low"], agreement["high"]
            lines.append(f"Drawn as asked: {agreement['share']:.2%} of pictures ({low:.2%} to {high:.2%})")
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Doctor(Command):
    """Examine a GAN: collapse, copies, repeats, the balance of its two networks; says what can be done."""

    run_id: RunId
    """Id of the run, the beginning of one, or "last"."""
    samples: int = 1_000
    """Pictures to draw."""
    seed: int = 0
    """Same seed, same samples."""
    checkpoint: str = "last"
    """best, last, or the step of a checkpoint."""
    out: Annotated[Path | None, quiet_default("FILE")] = None
    """PNG to write: samples, each with its nearest training pictures by pixels and by features."""

    def run(self) -> Any:
        """Draw, look, and return the document."""
        from studio.runs.quality_doctor import diagnose, save_sheet
        from studio.runs.trained import TrainedModel

        store = self.store()
        model = TrainedModel.open(store, self.run_id, self.checkpoint)
        with Bar() as bar:
            found = diagnose(model, store, self.samples, self.seed, bar.update)
        if self.out is not None:
            save_sheet(model, found, self.out)
        return found.document

    def text(self, document: Any) -> str:
        """Say each finding with what can be done about it."""
        lines = [f"{document['run']}, step {document['step']:,}: {document['count']:,} samples"]
        for finding in document["findings"]:
            lines += ["", finding["sentence"]]
            lines += [f"  - {r['title']}{_settings(r)}: {r['why']}" for r in finding["remedies"]]
        return "\n".join(lines)


def _settings(remedy: dict[str, Any]) -> str:
    told = ", ".join(f"{name}={value}" for name, value in remedy["settings"].items())
    return f" ({told})" if told else ""


def _row(figure: dict[str, Any]) -> tuple[str, str, str, str, str]:
    interval = "" if figure["low"] is None else f"{figure['low']:.4g} to {figure['high']:.4g}"
    reference = "" if figure["reference"] is None else f"{figure['reference']:.4g}"
    return figure["title"], f"{figure['value']:.4g}", interval, reference, figure["better"]


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the type that tyro parses."""
    del words
    return {"measure": Measure, "doctor": Doctor}[name]
