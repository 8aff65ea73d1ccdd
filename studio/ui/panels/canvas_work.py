"""What Dream and Transfer do in workers: nothing here touches a widget, and heavy imports happen inside calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.canvas.backbone import Backbone
    from studio.canvas.picture import Source
    from studio.canvas.session import Session
    from studio.canvas.timeline import Moment
    from studio.core.errors import StudioError
    from studio.runs.canvases import DreamRequest, TransferRequest

    Pixels = NDArray[np.uint8]

SHOWN_SIDE = 2048
"""Longer side of originals on the canvas: more cannot be seen and would hold up the window."""
THUMB_SIDE = 256


class Progress(Protocol):
    """Reports from a worker; raises Cancelled when asked to stop."""

    def __call__(self, done: int, total: int, what: str = "") -> None:
        """Say how far."""
        ...


class Opener(Protocol):
    """Turns a request into a session: `studio.runs.canvases.dream` or `.transfer`, or a test's."""

    def __call__(self, request: Any, workspace: Path, progress: Progress | None = None) -> Any:
        """Read the pictures, open the network, check the settings."""
        ...


@dataclass(frozen=True)
class Loaded:
    """What a page needs to know before its form can be built.

    Attributes:
        config_type: `DreamConfig` or `TransferConfig`.
        presets: name -> title, about, settings.
        backbones: id -> title, the bundled one first.
    """

    config_type: Any = None
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    backbones: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that was read: as it is, as the canvas shows it (2,048 px at most), and as a thumbnail (256 px)."""

    source: Source
    shown: Pixels
    thumb: Pixels
    path: Path | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name if self.path is not None else "picture"

    @property
    def note(self) -> str:
        """Its size in words: "1920 × 1080"."""
        height, width = self.source.size
        return f"{width} × {height}"


def load(kind: str, workspace: Path) -> Loaded:
    """Import what a page needs: the settings, the presets, the names of the networks."""
    if kind == "dream":
        from studio.canvas.dream_config import PRESETS, DreamConfig

        return Loaded(DreamConfig, PRESETS, backbones(workspace))
    from studio.canvas.transfer_config import TransferConfig
    from studio.canvas.transfer_presets import PRESETS as TRANSFER_PRESETS

    return Loaded(TransferConfig, TRANSFER_PRESETS, backbones(workspace))


def backbones(workspace: Path) -> dict[str, str]:
    """Return every network that can be chosen, those that are here first: id -> title.

    A network whose weights are not here says how to get them when it is chosen.
    """
    from studio.core.store import Store
    from studio.runs.backbones import titles

    store = Store(workspace)
    try:
        found = titles(workspace, store)
    finally:
        store.close()
    here = {name: title for name, title, installed in found if installed}
    return here | {name: f"{title} (not here)" for name, title, installed in found if not installed}


def open_session(kind: str, request: Any, workspace: Path, progress: Progress) -> Any:
    """Open a request with the functions that the command line uses.

    Raises:
        StudioError: whatever is wrong with its pictures, settings or network.
    """
    from studio.runs import canvases

    opened: Opener = getattr(canvases, kind)
    return opened(request, workspace, progress)


def open_backbone(name: str, workspace: Path) -> Backbone:
    """Open a network by its name.

    Raises:
        StudioError: unknown, not downloaded, damaged.
    """
    from studio.runs import canvases

    return canvases.open_backbone(name, workspace)


def read(path: Path) -> Picture:
    """Read a picture file.

    Raises:
        BadInput: it is not a picture that can be worked on.
    """
    from studio.canvas.picture import read_source
    from studio.core.errors import BadInput

    try:
        source = read_source(path)
    except BadInput as error:  # in the window the name says enough, and leaves room for what is wrong
        raise BadInput(error.what.replace(str(path), path.name), error.what_to_do, details=error.details) from error
    return Picture(source, fitting(source.pixels, SHOWN_SIDE), fitting(source.pixels, THUMB_SIDE), path)


def fitting(pixels: Pixels, side: int) -> Pixels:
    """Return uint8 (H, W, 3) with the longer side at most `side`."""
    import numpy as np
    from PIL import Image

    height, width = pixels.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return pixels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0))


# ---- exports


@dataclass(frozen=True, eq=False)
class Exhibit:
    """What is on the canvas: a session at its present step (`pixels`, if known) or at a moment, or a kept result."""

    session: Session[Any] | None = None
    moment: Moment | None = None
    pixels: Pixels | None = None
    recipe: Mapping[str, Any] | None = None

    def resolved(self) -> tuple[Pixels, dict[str, Any]]:
        """Return the picture in full size and its recipe; the session must not be stepping."""
        if self.session is None:
            assert self.pixels is not None
            assert self.recipe is not None
            return self.pixels, dict(self.recipe)
        recipe = self.session.recipe()
        if self.moment is not None:
            changes = {s: v for s, v in recipe["changes"].items() if int(s) <= self.moment.step}
            recipe |= {"steps": self.moment.step, "changes": changes}
            return finished_pixels(self.session, self.moment), recipe
        return self.session.pixels() if self.pixels is None else self.pixels, recipe


def finished_pixels(session: Session[Any], moment: Moment) -> Pixels:
    """Return a moment's picture as the session would show it (colour modes work there), uint8 (H, W, 3)."""
    import numpy as np
    import torch

    from studio.canvas.picture import to_pixels

    state = torch.from_numpy(moment.state.astype(np.float32))[None]
    return to_pixels(session.finishing(state.to(session.compute.device)))


def seen(session: Session[Any], moment: Moment) -> tuple[Moment, Pixels]:
    """Return a moment with its picture for the canvas."""
    return moment, fitting(finished_pixels(session, moment), SHOWN_SIDE)


# ---- recipes


@dataclass(frozen=True, eq=False)
class Restored:
    """What a recipe leads back to.

    Attributes:
        settings: every knob.
        request: with the pictures' paths and the masks; None when a picture is lost (`problem` says which).
        pictures: what was read, by role.
        more: changes on the way, number of steps, fingerprint of the network.
        problem: which picture is lost.
        made: the picture that the recipe came in, uint8 (H, W, 3); None for none (a film that is no picture).
    """

    settings: Mapping[str, Any]
    request: DreamRequest | TransferRequest | None
    pictures: Mapping[str, Picture]
    more: dict[str, Any]
    problem: StudioError | None = None
    made: Pixels | None = None


def restored(recipe: Mapping[str, Any], workspace: Path, path: Path | None = None) -> Restored:
    """Find, read and check everything in a recipe; without its pictures at least the settings.

    Args:
        recipe: as `Session.recipe` writes it.
        workspace: where copies of its pictures are.
        path: the picture that carried it.

    Raises:
        StudioError: not a recipe, or settings that this studio does not know.
    """
    from studio.core.errors import BadInput
    from studio.runs import canvas_files

    settings = canvas_files.settings_in(recipe)
    try:
        made = read(path).source.pixels if path is not None else None
    except BadInput:  # a film
        made = None
    try:
        request = canvas_files.request_of(recipe, workspace)
        pictures = {role: read(path) for role, path in paths_of(request).items()}
    except BadInput as error:
        return Restored(settings, None, {}, {}, error, made)
    more = {name: getattr(request, name) for name in ("changes", "steps", "fingerprint")}
    return Restored(settings, request, pictures, more, made=made)


def paths_of(request: DreamRequest | TransferRequest) -> dict[str, Path]:
    """Return the picture files of a request by role."""
    from studio.runs.canvases import DreamRequest

    if isinstance(request, DreamRequest):
        found: dict[str, Any] = {"picture": request.picture, "guide": request.guide}
    else:
        styles = {f"style {i}": style.picture for i, style in enumerate(request.styles, 1)}
        found = {"content": request.content, **styles}
    return {role: path for role, path in found.items() if isinstance(path, Path)}


def carried(path: Path, kind: str) -> dict[str, Any] | None:
    """Return the recipe of a kind inside a picture, or None."""
    from studio.runs import pictures

    recipe = pictures.read_recipe(path)
    return recipe if recipe is not None and recipe.get("kind") == kind else None
