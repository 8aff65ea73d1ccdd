"""What Classify's workers do: open a run, judge it, look into its layers. Nothing here runs on the GUI thread.

torch and the insight tools are imported inside the functions: the window paints before they load.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from studio.core.errors import StudioError
from studio.ui.panels.explore_model import Progress, Session, open_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.runs.insight import Judged, LayerInfo

JUDGED = 10_000
"""Held-out pictures that are judged at most."""
SALIENCY: tuple[tuple[str, str], ...] = (
    ("Smoothed gradient", "smooth"),
    ("Gradient", "gradient"),
    ("Grad-CAM", "grad-cam"),
    ("Occlusion", "occlusion"),
)
"""Methods of `studio.runs.insight_saliency`, as the box offers them."""
What = Literal["maps", "filters"]


@dataclass(frozen=True, eq=False)
class Opened:
    """A classifier that is ready to be looked at.

    Attributes:
        session: asks the model, one worker at a time.
        shape: (H, W, C) of its pictures.
        layers: in the order of computation.
        judged: its answers on held-out pictures; None when its data cannot be opened.
        trouble: why there are none, "" otherwise.
    """

    session: Session
    shape: tuple[int, int, int]
    layers: tuple[LayerInfo, ...]
    judged: Judged | None
    trouble: str = ""


def open_classifier(workspace: Path, run_id: str, checkpoint: str, progress: Progress) -> Opened:
    """Open a run and judge it on its held-out pictures.

    Raises:
        StudioError: no such run, or it does not classify.
    """
    return judged(open_model(workspace, run_id, checkpoint, progress), progress)


def judged(session: Session, progress: Progress) -> Opened:
    """Judge an open model; `progress` may cancel it.

    A model whose data was moved away can still be drawn for and looked into.
    """
    from studio.runs import insight

    layers = session.use(insight.layers)
    channels, height, width = session.use(lambda model: model.spec.shape)
    shape = (height, width, channels)
    progress(0, 0, "opening the data")
    try:
        return Opened(session, shape, layers, session.use(insight.judge, JUDGED, progress))
    except StudioError as error:
        return Opened(session, shape, layers, None, f"{error.what} {error.what_to_do}".strip())


def answer(session: Session, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the class probabilities float32 (K,) of a picture uint8 (H, W, C)."""
    probabilities: NDArray[np.float32] = session.use(lambda model: model.classify(pixels[None]))[0]
    return probabilities


def inside(session: Session, pixels: NDArray[np.uint8], layer: str, what: What) -> NDArray[np.uint8]:
    """Return a layer's feature maps of a picture, or its filters, as pictures uint8 (N, h, w, C)."""
    from studio.runs import insight, insight_pictures

    if what == "filters":
        return insight_pictures.filters_as_pictures(session.use(insight.filters, layer))
    return insight_pictures.maps_as_pictures(session.use(insight.feature_maps, pixels, layer))


def salient(session: Session, pixels: NDArray[np.uint8], target: int, method: Any) -> NDArray[np.uint8]:
    """Return a picture, uint8 (H, W, 3), on which the pixels that matter glow."""
    from studio.runs import insight_saliency

    return insight_saliency.overlay(pixels, session.use(insight_saliency.saliency, pixels, target, method))


def read(session: Session, path: Path) -> NDArray[np.uint8]:
    """Read a person's picture as what the model takes, uint8 (H, W, C)."""
    from studio.runs import insight_pictures

    return session.use(lambda model: insight_pictures.fitted(path, model))
