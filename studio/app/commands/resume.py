"""`resume`: go on with a run, bit for bit where its newest checkpoint stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from studio.app.commands.base import Flag, Settings, pairs
from studio.app.commands.train import Training

if TYPE_CHECKING:
    from studio.runs.training import Run


@dataclass(frozen=True, kw_only=True)
class Resume(Training):
    """Go on with a run exactly where it stopped; a longer budget may be given."""

    run_id: Annotated[tyro.conf.Positional[str], tyro.conf.arg(name="run", metavar="RUN")]
    """Id of the run, the beginning of one, or "last"."""
    set: Settings = ()
    epochs: Annotated[Flag, tyro.conf.arg(metavar="N", help="New total number of epochs.")] = None
    steps: Annotated[Flag, tyro.conf.arg(metavar="N", help="New total number of steps.")] = None
    devices: int = 1
    """Processes on this machine."""

    def prepare(self) -> Run:
        """Check that the run can go on."""
        from studio.runs.training import resume

        flags = {k: v for k, v in (("epochs", self.epochs), ("steps", self.steps)) if v is not None}
        return resume(self.store(), self.run_id, devices=self.devices, **{**flags, **pairs(self.set)})


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the type that tyro parses."""
    del name, words
    return Resume
