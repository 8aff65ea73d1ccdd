"""`train`: a recipe on data; its settings become flags, generated from the recipe's Config."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import tyro

from studio.app.commands.base import Command, Flag, Settings, metrics_text, pairs, quiet_default, say, with_flags
from studio.app.commands.progress import Watcher, duration
from studio.app.commands.sweep import Axes, begin, text_of
from studio.core import events as ev
from studio.core.control import Control
from studio.core.errors import StudioError
from studio.core.knobs import KnobField, fields_of

if TYPE_CHECKING:
    from types import FrameType

    from studio.core.recipe import Recipe
    from studio.core.records import RunRecord
    from studio.runs.request import Request
    from studio.runs.run import Run


@dataclass(frozen=True, kw_only=True)
class Training(Command):
    """A command that trains: shared by train, resume and branch."""

    def prepare(self) -> Run:
        """Return the run to follow."""
        raise NotImplementedError

    def run(self) -> Any:
        """Train to the end and return what the run became."""
        run = self.prepare()
        last = follow(run)
        if last is not None and last.status == "failed":
            raise StudioError(last.error, last.what_to_do)
        return result(run.record)

    def text(self, document: Any) -> str:
        """Say what was reached and how to go on."""
        if "sweep" in document:
            return text_of(document)
        lines = [
            f"{document['status']}: {document['steps']:,} steps in {duration(document['seconds'])}, "
            f"{document['examples_per_second']:,.0f} examples/s",
            metrics_text(document["metrics"]),
            f"run {document['run']}  ({document['path']})",
        ]
        if document["status"] == "stopped":
            lines.append(f"Go on with: generative-studio resume {document['run']}")
        return "\n".join(line for line in lines if line)


@dataclass(frozen=True, kw_only=True)
class Train(Training):
    """Train a recipe. `train RECIPE --help` lists the settings of a recipe."""

    knobs: ClassVar[tuple[str, ...]] = ("epochs", "steps", "seed")

    recipe: tyro.conf.Positional[str]
    """Id of a recipe; `generative-studio recipes` lists them."""
    data: Annotated[str, quiet_default("DATA")] = ""
    """Catalogue name, or path of a folder, archive or file (default: the preset's, or bundled data)."""
    preset: Annotated[str, quiet_default("NAME")] = ""
    """A book's experiment; flags and --set change single values of it."""
    set: Settings = ()
    sweep: Axes = ()
    epochs: Annotated[Flag, tyro.conf.arg(metavar="N", help="Passes over the training data.")] = None
    steps: Annotated[Flag, tyro.conf.arg(metavar="N", help="Optimisation steps, instead of epochs.")] = None
    seed: Annotated[Flag, tyro.conf.arg(metavar="N", help="Same seed, same run, bit for bit.")] = None
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto measures what is quicker on this machine."""
    compile: Literal["auto", "on", "off"] = "auto"
    """torch.compile: auto tries it for long runs on a GPU."""
    devices: int = 1
    """Processes (GPUs, or CPU processes) on this machine."""
    nodes: int = 1
    """Machines."""

    def settings(self) -> dict[str, str]:
        """Return the knob values that were given, by name; --set wins over a flag."""
        flags = {name: getattr(self, name) for name in self.knobs}
        return {**{k: v for k, v in flags.items() if v is not None}, **pairs(self.set)}

    def run(self) -> Any:
        """Train once, or once for every point of the sweep."""
        return begin(self.store(), self.request(), self.sweep) if self.sweep else super().run()

    def prepare(self) -> Run:
        """Check the request and make the run's folder."""
        from studio.runs.training import start

        return start(self.store(), self.request())

    def request(self) -> Request:
        """Return what is asked for."""
        from studio.runs.request import Request

        if min(self.devices, self.nodes) < 1:
            raise StudioError("--devices and --nodes must be at least 1.", "Leave them out to use one process.")
        return Request(
            recipe=self.recipe,
            data=self.data,
            preset=self.preset,
            settings=self.settings(),
            device=self.device,
            precision=self.precision,
            compile=self.compile,
            devices=self.devices,
            nodes=self.nodes,
        )


def follow(run: Run) -> ev.Finished | None:
    """Show a run's events until it ends; Ctrl-C stops it with a checkpoint, a second one aborts."""
    control, watcher = Control(), Watcher()
    last: ev.Event | None = None
    with stopped_by_interrupt(control):
        for last in run.events(control):
            watcher.show(last)
    return last if isinstance(last, ev.Finished) else None


@contextmanager
def stopped_by_interrupt(
    control: Control, kept: str = "Stopping after this step, with a checkpoint."
) -> Iterator[None]:
    """Turn the first Ctrl-C into `control.stop()` and say what is kept; the second one is an interrupt as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(number: int, frame: FrameType | None) -> None:
        del number, frame
        if control.stopped:
            raise KeyboardInterrupt
        control.stop()
        say(f"\n{kept} Press Ctrl-C again to abort.")

    before = signal.signal(signal.SIGINT, asked)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def result(record: RunRecord) -> dict[str, Any]:
    """Return the stable document about a run that trained."""
    names = ("steps", "epochs", "seconds", "examples_per_second", "policy", "metrics", "best", "checkpoint", "status")
    start = {"run": record.id, "path": record.path, "recipe": record.recipe, "preset": record.preset}
    return {**start, **{name: getattr(record, name) for name in names}}


# ---- one flag per knob


def parser(name: str, words: Sequence[str]) -> Any:
    """Return `Train`, with a flag for every knob when the words name a recipe."""
    del name
    if not words or words[0].startswith("-"):
        return Train
    from studio.core import registry

    return flags_of(registry.recipe(words[0]))


def flags_of(recipe: type[Recipe]) -> type[Train]:
    """Make the command of one recipe: `Train` and a flag for each knob of its Config, training and data."""
    from studio.core.training import Training as TrainingOptions
    from studio.data.options import DataOptions

    taken = set(Train.__dataclass_fields__) - set(Train.knobs)
    knobs: dict[str, KnobField] = {}
    for config in (recipe.Config, TrainingOptions, DataOptions):
        for field in fields_of(config):
            if field.name not in taken:
                knobs.setdefault(field.name, field)
    about = f"Train {recipe.title}. {recipe.literature}."
    made: type[Train] = with_flags(Train, knobs, __doc__=about, knobs=tuple(knobs))
    return made
