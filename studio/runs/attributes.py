"""Attributes of a run's data as directions of its latent space, and the sheets that walk along them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadInput, StudioError
from studio.data.progress import Progress
from studio.latent.attributes import Directions, by_class, directions
from studio.runs.generate import LARGEST, Sheet

if TYPE_CHECKING:
    from studio.runs.trained import Encoded, TrainedModel

LIMIT = 5000
"""Examples that are encoded at most."""


@dataclass(frozen=True)
class Known:
    """What is known about the latent space of one model.

    Attributes:
        directions: by attribute and by class.
        encoded: the held-out examples they were found with.
    """

    directions: Directions
    encoded: Encoded


def find(model: TrainedModel, limit: int = LIMIT, progress: Progress | None = None) -> Known:
    """Encode held-out examples and find the direction of every attribute and class of the data.

    Raises:
        StudioError: the model does not encode.
        BadInput: the data knows neither attributes nor classes.
    """
    data = model.data(progress)
    encoded = model.encoded("val", limit, progress)
    split = data.val if len(data.val) else data.train
    table, names = getattr(split, "table", None), tuple(getattr(data, "columns", ()))
    facts: list[NDArray[np.float32]] = [] if table is None else [np.asarray(table)[encoded.index]]
    names = names if facts else ()
    if encoded.labels is not None:
        facts.append(by_class(encoded.labels, len(model.spec.classes)))
        names += tuple(model.spec.classes)
    if not facts:
        raise BadInput("This data set names neither attributes nor classes.", "Train on CelebA, shapes or digits.")
    return Known(directions(encoded.points, np.concatenate(facts, axis=1), names), encoded)


def walked(
    model: TrainedModel,
    known: Known,
    name: str,
    *,
    reach: float = 4.0,
    columns: int = 9,
    rows: int = 5,
    start: NDArray[np.float32] | None = None,
) -> tuple[Sheet, NDArray[np.float32]]:
    """Turn an attribute down and up on several examples.

    Args:
        model: encodes and decodes.
        known: what `find` returned.
        name: of an attribute or a class.
        reach: largest strength α; the middle column is the example itself.
        columns: strengths from -reach to reach.
        rows: examples, evenly spread.
        start: a latent point (D,) for the first row; the others are held-out examples.

    Returns:
        The sheet, and the latent points float32 (rows · columns, D) of its pictures.

    Raises:
        BadInput: there is no such attribute, or the sheet would be too large.
    """
    if min(rows, columns) < 1 or rows * columns > LARGEST:
        raise BadInput(f"{rows} x {columns} pictures are not a sensible sheet.", "Use 5 rows and 9 columns.")
    try:
        unit = known.directions.unit(name)
    except KeyError:
        there = ", ".join(known.directions.names) or "none"
        raise BadInput(f"There is no attribute {name!r}.", f"There are: {there}.") from None
    chosen = np.linspace(0, len(known.encoded.points) - 1, rows).round().astype(int)
    starts = known.encoded.points[chosen]
    if start is not None:
        starts[0] = start
    strengths = np.linspace(-reach, reach, columns)
    points = (starts[:, None] + strengths[None, :, None] * unit).reshape(-1, len(unit)).astype(np.float32)
    recipe = {"attribute": name, "reach": reach, "columns": columns, "rows": rows}
    titles = tuple(f"{s:+.1f}".replace("-", "−").replace("+0.0", "0") for s in strengths)
    return Sheet(model.decode(points), columns, column_titles=titles, recipe=recipe), points


def need_both(model: TrainedModel) -> None:
    """Refuse models that cannot walk.

    Raises:
        StudioError: the model does not encode and decode.
    """
    for capability in ("Encodes", "Decodes"):
        try:
            model.need(capability)
        except StudioError as error:
            raise BadInput(error.what, "Take a run of an autoencoder or a VAE.") from error
