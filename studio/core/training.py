"""The knobs that every run has, whatever the recipe: how long, how fast, what is kept."""

import functools
import math
from dataclasses import dataclass
from typing import Annotated, Literal

from studio.core.errors import BadConfig
from studio.core.knobs import Knob


@functools.cache
def read_milestones(text: str) -> tuple[tuple[int, float], ...]:
    """Read "80: 0.1, 120: 0.01": factors on the base rate by the number of epochs that are over, in order.

    Raises:
        BadConfig: not of that form, or a factor is negative or not finite.
    """
    found = []
    for part in filter(str.strip, text.split(",")):
        epoch, _, share = part.partition(":")
        try:
            found.append((int(epoch), float(share)))
        except ValueError:
            raise _unreadable(part) from None
        if found[-1][0] < 0 or not 0 <= found[-1][1] < math.inf:
            raise _unreadable(part)
    return tuple(sorted(found))


def _unreadable(part: str) -> BadConfig:
    return BadConfig(f"milestones: {part.strip()!r} is not an epoch and a factor.", "Write it like 80: 0.1, 120: 0.01.")


@dataclass(frozen=True, kw_only=True)
class Training:
    """Options of the loop. `steps` = 0 means: as many as `epochs` asks for."""

    epochs: Annotated[int, Knob("Epochs", 1, 100_000, group="Training", help="Passes over the training data.")] = 10
    steps: Annotated[
        int, Knob("Steps", 0, 100_000_000, group="Training", help="Optimisation steps; 0 uses the epochs.")
    ] = 0
    batch_size: Annotated[int, Knob("Batch size", 1, 65_536, log=True, group="Training")] = 64
    seed: Annotated[int, Knob("Seed", 0, 2**31 - 1, group="Training", help="Same seed, same run, bit for bit.")] = 0
    schedule: Annotated[
        Literal["constant", "step", "milestones", "cosine", "plateau", "time"],
        Knob("Learning-rate schedule", group="Optimiser", help="'time' is Keras' decay: rate / (1 + decay x step)."),
    ] = "constant"
    milestones: Annotated[
        str,
        Knob(
            "Milestones",
            group="Optimiser",
            help="milestones: factor on the rate after so many epochs, such as 80: 0.1, 120: 0.01.",
            when={"schedule": ("milestones",)},
        ),
    ] = ""
    decay: Annotated[
        float,
        Knob(
            "Decay",
            0.0,
            1.0,
            group="Optimiser",
            help="step and plateau: factor at each drop; cosine: final share of the rate; time: decay per step.",
            when={"schedule": ("step", "plateau", "cosine", "time")},
        ),
    ] = 0.1
    decay_epochs: Annotated[
        int,
        Knob(
            "Epochs per drop",
            1,
            10_000,
            group="Optimiser",
            help="step: drop every N epochs; plateau: patience.",
            when={"schedule": ("step", "plateau")},
        ),
    ] = 10
    warmup_steps: Annotated[int, Knob("Warm-up steps", 0, 1_000_000, group="Optimiser")] = 0
    clip_norm: Annotated[
        float, Knob("Clip gradient norm", 0.0, 1e6, group="Optimiser", help="0 leaves gradients alone.")
    ] = 0.0
    ema: Annotated[
        float,
        Knob(
            "Weight averaging (EMA)",
            0.0,
            0.99999,
            group="Advanced",
            help="0 is off; 0.999 is usual. Used for previews and validation.",
        ),
    ] = 0.0
    validate_every: Annotated[
        int, Knob("Validate every", 0, 1000, unit="epochs", group="Training", help="0 is never.")
    ] = 1
    early_stop: Annotated[
        int,
        Knob(
            "Early stop after",
            0,
            1000,
            unit="epochs",
            group="Training",
            help="Epochs without a better value; 0 is never.",
        ),
    ] = 0
    keep_last: Annotated[
        int, Knob("Keep checkpoints", 1, 1000, group="Advanced", help="The newest N, beside the best.")
    ] = 3
    checkpoint_seconds: Annotated[float, Knob("Checkpoint every", 0.0, 86_400, unit="s", group="Advanced")] = 30.0
    preview_seconds: Annotated[
        float, Knob("Preview every", 0.0, 86_400, unit="s", group="Advanced", help="Never more than 5 % of the time.")
    ] = 2.0
    on_nonfinite: Annotated[
        Literal["stop", "lower rate"],
        Knob("On a non-finite loss", group="Advanced", help="After going back to the last good checkpoint."),
    ] = "lower rate"

    def __post_init__(self) -> None:
        """Refuse milestones that cannot be read before anything is trained."""
        read_milestones(self.milestones)


@dataclass(frozen=True, kw_only=True)
class Computing:
    """Wishes about how to compute; what became of them is the run's `Policy`."""

    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], Knob("Device", group="Advanced", help="auto takes the best there is.")
    ] = "auto"
    precision: Annotated[
        Literal["auto", "fp32", "bf16"],
        Knob("Precision", group="Advanced", help="auto times a few steps of each where the hardware has units for it."),
    ] = "auto"
    compile: Annotated[
        Literal["auto", "on", "off"],
        Knob("Compile", group="Advanced", help="torch.compile: auto tries it for long runs on a GPU."),
    ] = "auto"
    devices: Annotated[
        int, Knob("Processes", 1, 64, group="Advanced", help="GPUs or CPU processes that share every batch.")
    ] = 1
