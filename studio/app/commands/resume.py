"""`resume`: go on with a run, bit for bit where its newest checkpoint stands, or with the missing runs of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from studio.app.commands.base import Flag, Settings, pairs
from studio.app.commands.train import Training
from studio.core.errors import BadConfig

if TYPE_CHECKING:
    from studio.runs.run import Run


@dataclass(frozen=True, kw_only=True)
class Resume(Training):
    """Go on with a run exactly where it stopped, with a longer budget if one is given; or with a sweep."""

    run_id: Annotated[tyro.conf.Positional[str], tyro.conf.arg(name="run", metavar="RUN")]
    """Id of the run, the beginning of one, or "last"; or the id of a sweep, which trains the runs it lacks."""
    set: Settings = ()
    epochs: Annotated[Flag, tyro.conf.arg(metavar="N", help="New total number of epochs.")] = None
    steps: Annotated[Flag, tyro.conf.arg(metavar="N", help="New total number of steps.")] = None
    devices: int = 1
    """Processes on this machine."""

    def run(self) -> Any:
        """Go on to the end and return what became of it."""
        if not self.run_id.startswith("sweep-"):
            return super().run()
        from studio.app.commands.sweep import follow
        from studio.runs.sweep import load

        if self._longer():
            raise BadConfig("The runs of a sweep keep their budget.", "Begin another sweep, or resume a single run.")
        store = self.store()
        return follow(store, load(store, self.run_id))

    def _longer(self) -> dict[str, str]:
        flags = {k: v for k, v in (("epochs", self.epochs), ("steps", self.steps)) if v is not None}
        return {**flags, **pairs(self.set)}

    def prepare(self) -> Run:
        """Check that the run can go on."""
        from studio.runs.training import resume

        return resume(self.store(), self.run_id, devices=self.devices, **self._longer())


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the type that tyro parses."""
    del name, words
    return Resume
