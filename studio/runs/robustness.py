"""How much noise a model bears: its error on held-out pictures at levels it was trained on and at others.

Atienza, Advanced Deep Learning with Keras (2018), 3.3, shows it in pictures (spread 0.5, 0.75 and 1.0); here every
level has its error, the error of doing nothing, and the standard error of the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.capabilities import Input
from studio.core.errors import BadInput
from studio.data.progress import Progress
from studio.runs import outputs, pictures
from studio.runs.trained import Pixels, TrainedModel

SHOWN = 10
"""Pictures in a row of the sheet."""
LARGEST = 100_000


@dataclass(frozen=True)
class Level:
    """What one level of noise does.

    Attributes:
        level: the spread of the noise, or whatever the model's `amount` is.
        trained: whether the model was trained on this level.
        given: mean squared error of the spoilt pictures, values 0..1.
        made: mean squared error of the model's pictures.
        standard_error: of `made`, over pictures.
    """

    level: float
    trained: bool
    given: float
    made: float
    standard_error: float


def amount_of(model: TrainedModel) -> Input:
    """Return what can be turned up.

    Raises:
        BadInput: the model translates without an amount, or nobody knows what is right.
    """
    amount: Input | None = model.need("Translates").amount
    if amount is None:
        raise BadInput(f"{model.recipe.title} has nothing to turn up.", "Take a run of a denoising autoencoder.")
    return amount


def default_levels(amount: Input) -> tuple[float, ...]:
    """Return half of what it was trained on, that, and the book's one and a half times and twice as much."""
    levels = (share * amount.default for share in (0.5, 1.0, 1.5, 2.0))
    return tuple(dict.fromkeys(float(np.clip(level, amount.low, amount.high)) for level in levels))


def study(
    model: TrainedModel, levels: Sequence[float] = (), count: int = 1000, progress: Progress | None = None
) -> tuple[list[Level], Pixels]:
    """Measure a model at several levels on held-out pictures.

    Args:
        model: translates, with an `amount`.
        levels: none takes `default_levels`.
        count: pictures, evenly spread over the held-out ones.
        progress: called with (done, total, what).

    Returns:
        The measurements in the order of the levels, and a sheet's pictures uint8 (R, H, W, C): a row of originals,
        then for each level a row of what the model was given and one of what it made.

    Raises:
        BadInput: a level is outside the model's range, or there is nothing to turn up.
    """
    amount = amount_of(model)
    levels = [_checked(amount, level) for level in levels or default_levels(amount)]
    x = _held_out(model, count)
    wanted = model.targets(x)
    if wanted is None:
        raise BadInput("Nobody knows what these pictures should become.", "Take a run of a denoising autoencoder.")
    found, rows = [], [wanted[:SHOWN]]
    for done, level in enumerate(levels):
        if progress is not None:
            progress(done, len(levels), f"noise {level:g}")
        given = model.sources(x, amount=level)
        made = model.translate(given)
        found.append(_level(level, level == amount.default, given, made, wanted))
        rows += [given[:SHOWN], made[:SHOWN]]
    return found, np.concatenate(rows)


def robustness(
    model: TrainedModel,
    levels: Sequence[float] = (),
    count: int = 1000,
    out: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure, write the sheet (PNG) with its figures when `out` is given, and return a document (JSON types)."""
    found, shown = study(model, levels, count, progress)
    document = {
        "run": model.record.id,
        "step": model.step,
        "amount": amount_of(model).title,
        "count": min(count, len(_split(model))),
        "levels": [asdict(level) for level in found],
        "out": str(out) if out else "",
    }
    if out is not None:
        columns = len(shown) // (2 * len(found) + 1)
        recipe = outputs.provenance(model, "robustness", levels=document["levels"], count=document["count"])
        pictures.save_png(out, pictures.sheet(shown, columns, smallest=outputs.SMALLEST), recipe)
    return document


def _checked(amount: Input, level: float) -> float:
    if not amount.low <= level <= amount.high:
        raise BadInput(f"{amount.title} {level:g} is out of range.", f"Use {amount.low:g} to {amount.high:g}.")
    return float(level)


def _split(model: TrainedModel) -> Any:
    data = model.data()
    return data.val if len(data.val) else data.train


def _held_out(model: TrainedModel, count: int) -> Pixels:
    if not 1 <= count <= LARGEST:
        raise BadInput(f"{count} pictures are not a sensible number.", f"Use 1 to {LARGEST}.")
    split = _split(model)
    index = np.unique(np.linspace(0, len(split) - 1, min(count, len(split))).astype(np.int64))
    x, _ = split.gather(index)
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


def _level(level: float, trained: bool, given: Pixels, made: Pixels, wanted: Pixels) -> Level:
    errors = _errors(made, wanted)
    spread = float(errors.std(ddof=1) / np.sqrt(len(errors))) if len(errors) > 1 else 0.0
    return Level(level, trained, float(_errors(given, wanted).mean()), float(errors.mean()), spread)


def _errors(a: Pixels, b: Pixels) -> NDArray[np.float64]:
    """Return the mean squared difference of each pair of pictures, values 0..1."""
    means: NDArray[np.float64] = (((a.astype(np.float64) - b) / 255) ** 2).mean(axis=(1, 2, 3))
    return means
