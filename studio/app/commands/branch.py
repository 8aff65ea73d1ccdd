"""`branch`: a new run that begins at a checkpoint of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from studio.app.commands.base import Flag, Settings, pairs
from studio.app.commands.train import Training

if TYPE_CHECKING:
    from studio.runs.run import Run


@dataclass(frozen=True, kw_only=True)
class Branch(Training):
    """Begin a new run at a checkpoint of another, with changed settings."""

    run_id: Annotated[tyro.conf.Positional[str], tyro.conf.arg(name="run", metavar="RUN")]
    """Id of the parent, the beginning of one, or "last"."""
    at: int | None = None
    """Step of a checkpoint; the nearest earlier one is taken (default: the newest)."""
    set: Settings = ()
    epochs: Annotated[Flag, tyro.conf.arg(metavar="N", help="Total number of epochs.")] = None
    steps: Annotated[Flag, tyro.conf.arg(metavar="N", help="Total number of steps.")] = None

    def prepare(self) -> Run:
        """Copy the checkpoint into a new run."""
        from studio.runs.training import branch

        flags = {k: v for k, v in (("epochs", self.epochs), ("steps", self.steps)) if v is not None}
        return branch(self.store(), self.run_id, self.at, {**flags, **pairs(self.set)})


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the type that tyro parses."""
    del name, words
    return Branch
