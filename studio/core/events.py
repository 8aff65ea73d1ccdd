"""What a run says while it works: frozen events of numbers, strings and numpy, never tensors.

The command line prints them, tests list them, the window draws them, the store keeps them.
Arrays in an event belong to the receiver: the sender never touches them again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Event:
    """Base of every event; `step` is the number of optimisation steps done when it was sent."""

    step: int


@dataclass(frozen=True)
class Started(Event):
    """The loop begins (or goes on) at `step`.

    `live` holds what it begins with of all that can be turned while it trains: values by the names that
    `Control.set_knob` takes, which after a checkpoint are not always those of the run's settings.
    """

    run: str
    recipe: str
    total_steps: int
    steps_per_epoch: int
    policy: dict[str, Any]
    parameters: int
    live: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Turned(Event):
    """A live knob now has this value, whoever wished for what: `name` as `Control.set_knob` takes it."""

    name: str
    value: Any


@dataclass(frozen=True)
class Scalars(Event):
    """A bulk of metric points of one split ("train", "val"): `values[name][i]` belongs to `steps[i]`."""

    split: str
    steps: tuple[int, ...]
    values: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Images(Event):
    """A preview: uint8 (N, H, W, C) with C 1 or 3, to be laid out in `columns` columns."""

    name: str
    pixels: NDArray[np.uint8]
    columns: int = 8
    captions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Text(Event):
    """A written sample, with a caption such as its temperature."""

    name: str
    text: str


@dataclass(frozen=True)
class Embedding(Event):
    """Encoded points float32 (N, D) with labels int64 (N,) or None."""

    name: str
    points: NDArray[np.float32]
    labels: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Progress(Event):
    """How far, how fast: sent a few times a second."""

    epoch: int
    total_steps: int
    steps_per_second: float
    examples_per_second: float
    seconds_left: float
    phase: str = "train"


@dataclass(frozen=True)
class Checkpointed(Event):
    """A checkpoint folder is complete on disk; `kind` is "last", "best" or "asked"."""

    path: str
    kind: str = "last"


@dataclass(frozen=True)
class Paused(Event):
    """The loop waits; the next event says that it goes on."""


@dataclass(frozen=True)
class Message(Event):
    """Something worth telling a person."""

    level: Level
    text: str
    what_to_do: str = ""


@dataclass(frozen=True)
class Rewound(Event):
    """The run went back to `step`: metric points and previews after it are void."""


@dataclass(frozen=True)
class Finished(Event):
    """The loop ended: `status` is "done", "stopped" or "failed"."""

    status: Literal["done", "stopped", "failed"]
    seconds: float
    best: dict[str, Any] = field(default_factory=dict)
    """`{"name", "value", "step"}` of the best value of the watched metric, or empty."""
    error: str = ""
    what_to_do: str = ""
