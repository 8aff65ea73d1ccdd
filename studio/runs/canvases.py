"""Dreams and transfers from requests: what the command line and the window share. Files in, sessions out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from studio.canvas import policy
from studio.canvas.picture import Source, read_mask, read_source
from studio.core.control import Control
from studio.core.errors import BadConfig, BadInput
from studio.core.events import Event, Scalars
from studio.core.events import Progress as Report
from studio.core.knobs import make

if TYPE_CHECKING:
    from studio.canvas.backbone import Backbone
    from studio.canvas.dream import DreamSession
    from studio.canvas.dream_config import DreamConfig
    from studio.canvas.session import Session
    from studio.canvas.transfer import TransferSession
    from studio.canvas.transfer_config import Style, TransferConfig

Progress = Callable[[int, int, str], None]
Mask = NDArray[np.float32] | Path | None
Picture = Source | Path


@dataclass(frozen=True, kw_only=True, eq=False)
class DreamRequest:
    """What a person asks for.

    Attributes:
        picture: a file or a picture already read; None begins from noise.
        guide: its features lead.
        mask: where the dream grows; a file or float32 (H, W) 0..1.
        preset: name in `studio.canvas.dream_config.PRESETS` (`studio.canvas.transfer_presets`), "" for none.
        settings: knob values on top of the preset.
        changes: step -> settings to change at that step (from a recipe).
        steps: end after so many (a recipe whose picture was stopped early); 0 goes to the end.
        fingerprint: of the network that the recipe was made with, "" for whatever is there.
    """

    picture: Picture | None = None
    guide: Picture | None = None
    mask: Mask = None
    preset: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    steps: int = 0
    fingerprint: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class StyleRequest:
    """One style: picture, weight, where it acts (`mask`), what of it counts (`region`)."""

    picture: Picture
    weight: float = 1.0
    mask: Mask = None
    region: Mask = None


@dataclass(frozen=True, kw_only=True, eq=False)
class TransferRequest:
    """What a person asks for; fields as in `DreamRequest`, `mask` says where content counts."""

    content: Picture
    styles: Sequence[StyleRequest]
    mask: Mask = None
    preset: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    steps: int = 0
    fingerprint: str = ""


def settings_of(presets: Mapping[str, Mapping[str, Any]], preset: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a preset's settings with a person's on top.

    Raises:
        BadConfig: there is no such preset.
    """
    if preset and preset not in presets:
        raise BadConfig(f"There is no preset called {preset!r}.", f"Choose one of: {', '.join(presets)}.")
    return {**(presets[preset]["settings"] if preset else {}), **settings}


def open_backbone(name: str, workspace: Path, progress: Progress | None = None) -> Backbone:
    """Open a backbone by its name: registry id, "run:ID", or a path of weights.

    Raises:
        StudioError: unknown, not downloaded, damaged, or of another network.
    """
    from studio.canvas.backbones import is_file, register_file
    from studio.canvas.backbones import open_backbone as opened
    from studio.runs.backbones import from_run

    if name.startswith("run:"):
        return from_run(name.removeprefix("run:"), workspace)
    if is_file(name):  # it is listed from now on, and a recipe may name it
        return register_file(workspace, name)
    return opened(name, workspace, progress)


def dream(
    request: DreamRequest, workspace: Path, progress: Progress | None = None, *, backbone: Backbone | None = None
) -> DreamSession:
    """Read the pictures, open the network, check the settings.

    Args:
        request: what is asked for.
        workspace: where downloaded networks and runs are.
        progress: told while a network is opened.
        backbone: the network if it is open already (a batch opens it once).

    Raises:
        StudioError: whatever is wrong with them.
    """
    from studio.canvas.dream import DreamSession
    from studio.canvas.dream_original import NOISE_SIDE

    config = config_of(request)
    picture, guide = source_of(request.picture), source_of(request.guide)
    side = config.size or NOISE_SIDE
    mask = _mask(request.mask, picture.size if picture else (side, side))
    backbone = backbone or open_backbone(config.backbone, workspace, progress)
    compute = policy.choose(config.device, config.precision, exact=config.length > 0)
    session = DreamSession(config, backbone, compute, picture, guide=guide, mask=mask)
    _replayed(session, request)
    return session


def transfer(
    request: TransferRequest, workspace: Path, progress: Progress | None = None, *, backbone: Backbone | None = None
) -> TransferSession:
    """Read the pictures, open the network, check the settings; arguments as `dream`.

    Raises:
        StudioError: whatever is wrong with them.
    """
    from studio.canvas.transfer import TransferSession

    if not request.styles:
        raise BadInput("There is no style picture.", "Give at least one.")
    config = config_of(request)
    content = source_of(request.content)
    styles = tuple(_style(style, content) for style in request.styles)
    backbone = backbone or open_backbone(config.backbone, workspace, progress)
    compute = policy.choose(config.device, config.precision, exact=config.scaling == "code")
    session = TransferSession(config, backbone, compute, content, styles, mask=_mask(request.mask, content.size))
    _replayed(session, request)
    if any(style.source.sha256 == content.sha256 for style in styles):
        session.notices.append(("A style is the content picture itself.", "Little will change: choose another style."))
    return session


@overload
def config_of(request: DreamRequest) -> DreamConfig: ...
@overload
def config_of(request: TransferRequest) -> TransferConfig: ...
def config_of(request: DreamRequest | TransferRequest) -> DreamConfig | TransferConfig:
    """Return the checked settings of a request: preset, then the person's, and noise where there is no picture.

    Raises:
        BadConfig: an unknown preset, or a setting that is unknown, of a wrong type or out of range.
    """
    if isinstance(request, TransferRequest):
        from studio.canvas.transfer_config import TransferConfig
        from studio.canvas.transfer_presets import PRESETS as TRANSFER_PRESETS

        return make(TransferConfig, settings_of(TRANSFER_PRESETS, request.preset, request.settings))
    from studio.canvas.dream_config import PRESETS, DreamConfig

    config = make(DreamConfig, settings_of(PRESETS, request.preset, request.settings))
    return replace(config, start="noise") if request.picture is None else config


@overload
def source_of(picture: Picture) -> Source: ...
@overload
def source_of(picture: Picture | None) -> Source | None: ...
def source_of(picture: Picture | None) -> Source | None:
    """Return a picture read, if it is a file, with its full path for the recipe; None stays None.

    Raises:
        BadInput: as `read_source`.
    """
    if not isinstance(picture, Path):
        return picture
    return replace(read_source(picture), path=str(picture.absolute()))


def _style(request: StyleRequest, content: Source) -> Style:
    from studio.canvas.transfer_config import Style

    source = source_of(request.picture)
    return Style(source, request.weight, _mask(request.mask, content.size), _mask(request.region, source.size))


def _mask(mask: Mask, size: tuple[int, int]) -> NDArray[np.float32] | None:
    """Return a mask read, if it is a file; the session brings it to its size, once: twice would blur a recipe's."""
    return read_mask(mask, size) if isinstance(mask, Path) else mask


def _replayed(session: Session[Any], request: DreamRequest | TransferRequest) -> None:
    """Let a session repeat a recipe's changes; another network than the recipe's is told, not refused."""
    session.replay = {int(step): dict(values) for step, values in request.changes.items()}
    if request.fingerprint and request.fingerprint != session.backbone.fingerprint:
        session.notices.append(
            (f"This recipe was made with another version of {session.backbone.title}.", "The picture will differ.")
        )


def finish(
    session: Session[Any],
    progress: Progress | None = None,
    *,
    control: Control | None = None,
    steps: int = 0,
    watch: Callable[[Event], object] | None = None,
) -> NDArray[np.uint8]:
    """Run a session to its end, or until stopped, and return the picture uint8 (H, W, 3).

    Args:
        session: as `dream` or `transfer` made it.
        progress: told (step, steps, where it stands); what it raises ends the work.
        control: stops, pauses and steers from another thread.
        steps: end after so many, as `DreamRequest.steps`; 0 goes to the end.
        watch: told every event.
    """
    control = control or Control()
    for event in session.events(control):
        if isinstance(event, Scalars) and steps and event.step >= steps:
            control.stop()
        if progress is not None and isinstance(event, Report):
            progress(event.step, event.total_steps, session.caption())
        if watch is not None:
            watch(event)
    return session.pixels()
