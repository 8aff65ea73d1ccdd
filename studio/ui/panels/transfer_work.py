"""What Transfer does in workers: nothing here touches a widget, and heavy imports happen inside calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.errors import StudioError
from studio.ui.panels.canvas_work import Picture, Progress, open_backbone, read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.canvas.picture import Source
    from studio.ui.panels.canvas_work import Pixels

    Gram = NDArray[np.float32]

VIDEOS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv", ".wmv")
MAP_SIDE = 96
"""Cells of a heat map's side: larger Gram matrices are averaged down."""


# ---- pictures


@dataclass(frozen=True, eq=False)
class Read:
    """Pictures that could be read, and why others could not."""

    pictures: tuple[Picture, ...]
    refused: tuple[StudioError, ...]


def read_all(paths: Sequence[Path], progress: Progress) -> Read:
    """Read picture files in their order."""
    pictures, refused = [], []
    for number, path in enumerate(paths):
        progress(number, len(paths), path.name)
        try:
            pictures.append(read(path))
        except StudioError as error:
            refused.append(error)
    return Read(tuple(pictures), tuple(refused))


def restyle(session: Any, styles: Sequence[tuple[Source, float, Any, Any]]) -> None:
    """Hand styles (picture, weight, mask, region) to a session; it takes them at its next step.

    Raises:
        StudioError: no weight above 0, or an empty mask.
    """
    from studio.canvas.transfer_config import Style

    session.set_styles([Style(*style) for style in styles])


def is_film(path: Path) -> bool:
    """Whether a file's name says that it is a video."""
    return path.suffix.lower() in VIDEOS


@dataclass(frozen=True)
class Network:
    """What the layer editors offer: (name, channels, a few words) of each layer, the network's own lines by knob."""

    name: str
    layers: tuple[tuple[str, int, str], ...]
    own: Mapping[str, str]


def network(name: str, workspace: Path) -> Network:
    """Open a network and say what its layers are.

    Raises:
        StudioError: unknown, not downloaded, damaged.
    """
    from studio.canvas.backbone import LOGIT

    opened = open_backbone(name, workspace)
    layers = tuple((layer.name, layer.channels, layer.about) for layer in opened.layers if layer.name != LOGIT)
    return Network(name, layers, {"content_layers": opened.content, "style_layers": opened.style})


# ---- the inspector


@dataclass(frozen=True, eq=False)
class GramMaps:
    """One style layer: what the style has, what the picture has, as colours uint8 (h, w, 3), and how far apart.

    Attributes:
        layer: its name.
        target, present: on one scale, so that equal colours are equal numbers.
        distance: |G - A| / |A|.
    """

    layer: str
    target: Pixels
    present: Pixels
    distance: float


@dataclass(frozen=True, eq=False)
class Inspection:
    """What the losses see at one step: style layers in the order of the network, content layer -> |F - P| / |P|."""

    step: int
    style: tuple[GramMaps, ...]
    content: Mapping[str, float] = field(default_factory=dict)


def inspect(session: Any) -> Inspection:
    """Look at the Gram matrices of the present picture and of the style."""
    step, found = session.step, session.inspect()
    style = [_maps(layer, entry) for layer, entry in found["style"].items()]
    return Inspection(step, tuple(style), dict(found["content"]))


def _maps(layer: str, entry: Mapping[str, Any]) -> GramMaps:
    target, present = _shrunk(entry["target"]), _shrunk(entry["present"])
    low, high = float(min(target.min(), present.min())), float(max(target.max(), present.max()))
    return GramMaps(layer, _coloured(target, low, high), _coloured(present, low, high), float(entry["distance"]))


def _shrunk(gram: Gram) -> Gram:
    """Return the signed square root of a Gram matrix (its few large entries would hide all others), averaged down."""
    import numpy as np

    root: Gram = np.sign(gram) * np.sqrt(np.abs(gram))
    step = -(-len(root) // MAP_SIDE)
    if step == 1:
        return root
    count = len(root) // step
    cut = root[: count * step, : count * step]
    shrunk: Gram = cut.reshape(count, step, count, step).mean((1, 3))
    return shrunk


def _coloured(values: Gram, low: float, high: float) -> Pixels:
    """Return values in the colours of cividis (readable for colour-blind eyes), uint8 (h, w, 3)."""
    import numpy as np

    share = (values - low) / max(high - low, 1e-12) * (len(CIVIDIS) - 1)
    stops = np.array(CIVIDIS, np.float64)
    below = np.clip(share.astype(int), 0, len(CIVIDIS) - 2)
    mixed = stops[below] + (stops[below + 1] - stops[below]) * (share - below)[..., None]
    pixels: Pixels = np.rint(mixed).clip(0, 255).astype(np.uint8)
    return pixels


CIVIDIS = ((0, 32, 77), (52, 66, 109), (87, 92, 109), (118, 117, 117), (154, 144, 116), (196, 175, 102), (255, 234, 70))
"""Six equal steps of the scale of Nuñez, Anderton and Renslow (2018)."""


# ---- trained styles


@dataclass(frozen=True)
class Stylist:
    """A run whose model repaints pictures."""

    run: str
    title: str


def stylists(workspace: Path) -> tuple[Stylist, ...]:
    """Return the runs that repaint pictures, newest first."""
    from studio.core import registry
    from studio.core.store import Store

    store = Store(workspace)
    try:
        runs = [r for r in store.runs() if r.checkpoint or r.status == "done"]
    finally:
        store.close()
    able = {name: _stylises(registry, name) for name in {r.recipe for r in runs}}
    return tuple(Stylist(r.id, r.title or r.recipe) for r in runs if able[r.recipe])


def _stylises(registry: Any, name: str) -> bool:
    try:
        return "Stylises" in registry.recipe(name).capabilities()
    except StudioError:  # a run of an add-on that is not installed: the page of runs says so
        return False


def repaint(
    workspace: Path, run: str, content: Picture, style: Picture | None, strength: float, progress: Progress
) -> Pixels:
    """Repaint a picture with a trained model in one pass.

    Raises:
        StudioError: no such run, it is damaged, or the picture is too small for it.
    """
    progress(0, 0, "loading the weights")
    from studio.core.store import Store
    from studio.runs.trained import TrainedModel

    store = Store(workspace)
    try:
        model = TrainedModel.open(store, run)
    finally:
        store.close()
    takes_style = model.need("Stylises").takes_style
    progress(0, 0, "repainting")
    return model.stylise(content.source.pixels, style.source.pixels if style and takes_style else None, strength)
