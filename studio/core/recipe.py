"""The contract between a recipe and everything else.

A recipe is one file: docstring, `Config`, networks, and a class with `build`, `step`, `preview` and its
capabilities. Modules and optimisers become attributes in `build`; the engine finds, moves and saves them.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from studio.core.capabilities import CAPABILITIES
from studio.core.errors import BadConfig
from studio.core.knobs import KnobField, check, fields_of

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from studio.core.compute import Compute
    from studio.core.events import Event
    from studio.core.spec import Column, DataSpec, Kind, TableOf


@dataclass(frozen=True)
class Batch:
    """One batch on the recipe's device.

    Attributes:
        x: images float32 (N, C, H, W) in 0..1, tokens int64 (N, T), or rows of a table (N, K): int64 codes of
            categories or float32 numbers.
        y: labels or next tokens, int64 (N,); None when the data is unlabelled.
    """

    x: Tensor
    y: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A named Config that reproduces one book's experiment.

    Attributes:
        name: what `--preset` takes; unique within the recipe.
        title: what the gallery shows.
        source: book and section.
        data: catalogue name of the experiment's data set.
        config, training, data_options: values that differ from the defaults.
        shape, classes: what `data` looks like with these options, so that parameters can be counted offline.
        expects: the published result, in words.
        vocabulary_size: text only; columns: tables only.
    """

    name: str
    title: str
    source: str
    data: str
    config: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    data_options: Mapping[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = (1, 28, 28)
    classes: int = 10
    vocabulary_size: int = 0
    columns: tuple[Column, ...] = ()
    expects: str = ""


@dataclass(frozen=True)
class Retired:
    """A knob that a recipe once had: configs of older runs still name it.

    Attributes:
        kept: the value whose behaviour the recipe still has; a config with it means what it always meant.
        instead: what does the rest today, as a sentence for a person.
    """

    kept: Any
    instead: str


class Recipe:
    """Base of every recipe.

    Conventions the engine relies on:
        * `nn.Module` and `Optimizer` attributes set in `build` are found, saved and restored under their names.
        * A live knob `lr<suffix>` is the base learning rate of the optimiser `opt<suffix>` (`lr_d` -> `opt_d`).
        * `step` runs inside the policy's autocast, with all random generators derived from (seed, step).

    Class attributes:
        id, title, family, literature: filled in by `@register`.
        accepts: the kind of data it trains on.
        table_of: tables only: what the columns must hold.
        learns_by: "gradient": optimisers follow a loss; "counting": one pass over the examples says all there is to
            know, and the engine makes no second one; "fitting": every batch adds a part that is fitted to it (trees).
            Only the first has rates, precisions to choose and weights to average.
        needs_labels: refuses unlabelled data with a message.
        phases: names of the training phases, in order; `step` may look at `self.phase`.
        phase_shares: length of each phase as a share of the run's steps or epochs; empty gives each all of them.
        best_metric, best_mode: the validation metric that decides which checkpoint is best, and its direction.
        presets: the books' experiments; the first is the reference configuration.
        retired: knobs that older configs may still name.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the recipe; every recipe declares its own."""

    id: ClassVar[str] = ""
    title: ClassVar[str] = ""
    family: ClassVar[str] = ""
    literature: ClassVar[str] = ""
    accepts: ClassVar[Kind] = "image"
    table_of: ClassVar[TableOf] = ""
    learns_by: ClassVar[Literal["gradient", "counting", "fitting"]] = "gradient"
    needs_labels: ClassVar[bool] = False
    phases: ClassVar[tuple[str, ...]] = ("train",)
    phase_shares: ClassVar[tuple[float, ...]] = ()
    best_metric: ClassVar[str] = "loss"
    best_mode: ClassVar[Literal["min", "max"]] = "min"
    presets: ClassVar[tuple[Preset, ...]] = ()
    retired: ClassVar[Mapping[str, Retired]] = {}

    def __init__(self, config: Any, spec: DataSpec, compute: Compute) -> None:
        self.config = config
        self.spec = spec
        self.compute = compute
        self.phase = self.phases[0]
        self.build(spec, compute)

    @property
    def signed(self) -> bool:
        """Whether the networks see pictures as -1..1 instead of 0..1; a canvas that looks through them asks."""
        return False

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create modules (through `compute.prepare`) and optimisers as attributes."""
        raise NotImplementedError

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Do one optimisation step; return detached 0-d tensors by metric name."""
        raise NotImplementedError

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return 0-d metrics of one held-out batch, averaged by the engine; modules are in eval mode."""
        return {}

    def derived(self, metrics: Mapping[str, float]) -> Mapping[str, float]:
        """Return metrics that follow from averaged ones, such as perplexity = exp(mean loss)."""
        return {}

    def start_phase(self, phase: str) -> None:
        """Prepare a training phase; called at its first step and again after a resume inside it."""

    def preview(self, batch: Batch) -> Iterable[Event]:
        """Yield events (step 0: the engine fills it in) that show progress.

        Args:
            batch: the same held-out examples at every preview; random draws come from a fixed seed.
        """
        return ()

    def change(self, name: str, value: Any) -> Any:
        """Set a live knob; returns the checked value.

        Raises:
            BadConfig: the knob is unknown, not live, or the value is out of range.
        """
        knob = live_knobs(type(self)).get(name)
        if knob is None:
            raise BadConfig(f"{name} cannot be changed while training.", f"Live: {', '.join(live_knobs(type(self)))}.")
        checked = check(knob, value)
        self.config = dataclasses.replace(self.config, **{name: checked})
        return checked

    def modules(self) -> dict[str, nn.Module]:
        """Return the networks by attribute name."""
        from torch import nn

        return {k: v for k, v in vars(self).items() if isinstance(v, nn.Module)}

    def optimizers(self) -> dict[str, Optimizer]:
        """Return the optimisers by attribute name."""
        from torch.optim import Optimizer

        return {k: v for k, v in vars(self).items() if isinstance(v, Optimizer)}

    def parameters(self) -> Iterable[nn.Parameter]:
        """Iterate over the parameters of every network."""
        for module in self.modules().values():
            yield from module.parameters()

    @classmethod
    def about(cls) -> str:
        """Return what it is, in the one sentence that its file's docstring begins with, without the name."""
        doc = sys.modules[cls.__module__].__doc__ or cls.__doc__ or ""
        first = " ".join(doc.strip().split("\n\n")[0].split())
        _, colon, rest = first.partition(": ")
        sentence = rest if colon else first
        return sentence[:1].upper() + sentence[1:]

    @classmethod
    def current(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings by name without the knobs that are retired, as a stored config is read.

        Raises:
            BadConfig: a retired knob has a value that the recipe no longer knows; the message says what does it.
        """
        for name, knob in cls.retired.items():
            if settings.get(name, knob.kept) != knob.kept:
                message = f"{cls.title} no longer knows {name} = {settings[name]}; it kept {name} = {knob.kept}."
                raise BadConfig(message, knob.instead)
        return {name: value for name, value in settings.items() if name not in cls.retired}

    @classmethod
    def capabilities(cls) -> tuple[str, ...]:
        """Return the names of the capabilities the class declares."""
        return tuple(name for name, protocol in CAPABILITIES.items() if protocol in cls.__mro__)


def learned(module: nn.Module) -> int:
    """Return how many numbers a network learns: its parameters, and those it counts or fits instead (`counted`)."""
    counted: int = sum(getattr(part, "counted", 0) for part in module.modules())
    return sum(p.numel() for p in module.parameters()) + counted


def live_knobs(recipe: type[Recipe]) -> dict[str, KnobField]:
    """Return the knobs of a recipe that may be changed while training."""
    return {f.name: f for f in fields_of(recipe.Config) if f.knob.live}
