"""`sample|grid|walk|encode|decode`: what a trained model makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from studio.app.commands.base import Command, Settings, pairs, quiet_default
from studio.app.commands.progress import Bar
from studio.core.errors import BadInput

if TYPE_CHECKING:
    from studio.runs.trained import TrainedModel

Axes = Annotated[
    tuple[int, int] | None, tyro.conf.arg(metavar="I J", help_behavior_hint="(default: the two there are)")
]


@dataclass(frozen=True, kw_only=True)
class Output(Command):
    """A command that uses a trained model."""

    run_id: Annotated[tyro.conf.Positional[str], tyro.conf.arg(name="run", metavar="RUN")]
    """Id of the run, the beginning of one, or "last"."""
    out: Annotated[Path | None, quiet_default("FILE")] = None
    """File to write (default: in the run's exports)."""
    checkpoint: str = "best"
    """best, last, or the step of a checkpoint."""

    def model(self) -> TrainedModel:
        """Load the run's weights."""
        from studio.runs.trained import TrainedModel

        return TrainedModel.open(self.store(), self.run_id, self.checkpoint)

    def path(self, model: TrainedModel, name: str) -> Path:
        """Return the chosen file, or one in the run's exports."""
        from studio.runs.outputs import default_path

        return self.out or default_path(model, name)

    def text(self, document: Any) -> str:
        """Say what was written where."""
        return f"{document['out']}  ({document['count']:,} from step {document['step']:,} of {document['run']})"


@dataclass(frozen=True, kw_only=True)
class Sample(Output):
    """Make new pictures (PNG) or, with a text model, new text."""

    n: int = 0
    """Number of pictures or tokens (0: 64 pictures, 200 tokens)."""
    seed: int = 0
    """Same seed, same result."""
    columns: int = 0
    """Pictures in a row; 0 makes the sheet about square."""
    label: Annotated[str | None, quiet_default("CLASS")] = None
    """Models with inputs: name or number of a class (see `generate`)."""
    set: Settings = ()
    """Models with inputs: values of codes and amounts, such as code1=1.5."""
    prompt: str = ""
    """Text models: the beginning to continue."""
    temperature: float = 1.0
    """Text models: 0 takes the likeliest token, 1 is the model's own distribution."""

    def run(self) -> Any:
        """Draw, write, and return what was written."""
        from studio.runs import outputs
        from studio.runs.dials import class_number, settings
        from studio.runs.generate import Request

        model = self.model()
        if "WritesText" in model.capabilities:
            return outputs.text(model, self.prompt, self.n or 200, self.temperature, self.seed, self.out)
        out, n = self.path(model, f"sample-{self.seed}.png"), self.n or 64
        if self.label is None and not self.set:
            return outputs.sample(model, out, n, self.seed, self.columns)
        model.need("Conditioned")
        label = None if self.label is None else class_number(model.inputs, self.label)
        request = Request(label=label, dials=settings(model.inputs, pairs(self.set)), seed=self.seed)
        return outputs.chosen(model, out, request, n, self.columns)

    def text(self, document: Any) -> str:
        """Say what was written; a text without a file is the answer itself."""
        if "text" in document and self.out is None:
            return f"{self.prompt}{document['text']}"
        return super().text(document)


@dataclass(frozen=True, kw_only=True)
class Grid(Output):
    """Decode a plane of the latent space (PNG)."""

    n: int = 15
    """Pictures along each side."""
    span: Annotated[float | None, quiet_default("NUMBER")] = None
    """Half-width of the plane (default: where 99 % of the prior lies)."""
    quantiles: bool = False
    """Equal steps of the normal distribution's probability."""
    axes: Axes = None
    """Dimensions that vary; with more than two dimensions and no axes: a patch between four drawn points."""
    seed: int = 0
    """Chooses those points."""

    def run(self) -> Any:
        """Decode, write, and return what was written."""
        from studio.runs import outputs

        model = self.model()
        out = self.path(model, f"grid-{self.seed}.png")
        return outputs.grid(model, out, self.n, self.span, self.quantiles, self.axes, self.seed)


@dataclass(frozen=True, kw_only=True)
class Walk(Output):
    """Make a looping film of a way through the latent space (GIF or WebP)."""

    stops: int = 6
    """Points the way goes through."""
    frames: int = 96
    """Pictures in the film."""
    fps: float = 24.0
    """Pictures a second."""
    how: Literal["slerp", "lerp"] = "slerp"
    """Along the sphere, or straight."""
    seed: int = 0
    """Chooses the points."""

    def run(self) -> Any:
        """Decode, write, and return what was written."""
        from studio.runs import outputs

        model = self.model()
        out = self.path(model, f"walk-{self.seed}.gif")
        return outputs.walk(model, out, self.stops, self.frames, self.fps, self.how, self.seed)


@dataclass(frozen=True, kw_only=True)
class Encode(Output):
    """Turn the run's examples, or picture files, into latent points (npz or csv)."""

    pictures: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="[PICTURE …]")] = ()
    """Picture files to encode instead of the run's data."""
    split: Literal["val", "train"] = "val"
    """Which examples of the run's data."""
    limit: int = 5000
    """At most so many, evenly spread."""

    def run(self) -> Any:
        """Encode, write, and return what was written."""
        from studio.runs import outputs

        model = self.model()
        out = self.path(model, f"encoded-{self.split}.npz")
        if self.pictures:
            return outputs.encode_pictures(model, self.pictures, out)
        with Bar() as bar:
            return outputs.encode(model, out, self.split, self.limit, bar.update)


@dataclass(frozen=True, kw_only=True)
class Decode(Output):
    """Turn latent points into pictures (PNG): from --at values, or from a file that `encode` wrote."""

    points: Annotated[Path | None, quiet_default("FILE")] = None
    """npz, npy or csv with one point per row."""
    at: Annotated[tuple[float, ...], quiet_default("NUMBER …")] = ()
    """One point, as many numbers as the model has dimensions."""
    columns: int = 0
    """Pictures in a row; 0 makes the sheet about square."""

    def run(self) -> Any:
        """Decode, write, and return what was written."""
        import numpy as np

        from studio.runs import outputs

        if bool(self.at) == (self.points is not None):
            raise BadInput("Which points are to be decoded?", "Give either --at NUMBER … or --points FILE.")
        model = self.model()
        points = outputs.read_points(self.points) if self.points else np.array([self.at], np.float32)
        return outputs.decode(model, points, self.path(model, "decoded.png"), self.columns)


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the type that tyro parses."""
    del words
    return {"sample": Sample, "grid": Grid, "walk": Walk, "encode": Encode, "decode": Decode}[name]
