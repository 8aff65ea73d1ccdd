"""Dreams and transfers from requests: what the command line and the window share. Files in, sessions out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from studio.canvas import policy
from studio.canvas.picture import Source, fitted_mask, read_mask, read_source
from studio.core.errors import BadConfig, BadInput
from studio.core.knobs import make

if TYPE_CHECKING:
    from studio.canvas.backbone import Backbone
    from studio.canvas.dream import DreamSession
    from studio.canvas.session import Session
    from studio.canvas.transfer import TransferSession

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
        preset: name in `studio.canvas.dream.PRESETS`, "" for none.
        settings: knob values on top of the preset.
        changes: step -> settings to change at that step (from a recipe).
    """

    picture: Picture | None = None
    guide: Picture | None = None
    mask: Mask = None
    preset: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


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
    from studio.canvas.backbones import open_backbone as opened
    from studio.runs.backbones import from_run

    return (
        from_run(name.removeprefix("run:"), workspace) if name.startswith("run:") else opened(name, workspace, progress)
    )


def dream(request: DreamRequest, workspace: Path, progress: Progress | None = None) -> DreamSession:
    """Read the pictures, open the network, check the settings.

    Raises:
        StudioError: whatever is wrong with them.
    """
    from studio.canvas.dream import PRESETS, DreamConfig, DreamSession

    config = make(DreamConfig, settings_of(PRESETS, request.preset, request.settings))
    picture, guide = _picture(request.picture), _picture(request.guide)
    if picture is None and config.start == "picture":
        config = make(DreamConfig, {**settings_of(PRESETS, request.preset, request.settings), "start": "noise"})
    mask = _mask(request.mask, picture.size if picture else (max(config.size, 1), max(config.size, 1)))
    backbone = open_backbone(config.backbone, workspace, progress)
    compute = policy.choose(config.device, config.precision, exact=config.length > 0)
    session = DreamSession(config, backbone, compute, picture, guide=guide, mask=mask)
    session.replay = {int(step): dict(values) for step, values in request.changes.items()}
    return session


def transfer(request: TransferRequest, workspace: Path, progress: Progress | None = None) -> TransferSession:
    """Read the pictures, open the network, check the settings.

    Raises:
        StudioError: whatever is wrong with them.
    """
    from studio.canvas.transfer import PRESETS, Style, TransferConfig, TransferSession

    if not request.styles:
        raise BadInput("There is no style picture.", "Give at least one.")
    config = make(TransferConfig, settings_of(PRESETS, request.preset, request.settings))
    content = _picture(request.content)
    assert content is not None
    styles = []
    for style in request.styles:
        source = _picture(style.picture)
        assert source is not None
        styles.append(Style(source, style.weight, _mask(style.mask, content.size), _mask(style.region, source.size)))
    backbone = open_backbone(config.backbone, workspace, progress)
    compute = policy.choose(config.device, config.precision, exact=config.scaling == "code")
    session = TransferSession(config, backbone, compute, content, styles, mask=_mask(request.mask, content.size))
    session.replay = {int(step): dict(values) for step, values in request.changes.items()}
    return session


def _picture(picture: Picture | None) -> Source | None:
    return read_source(picture) if isinstance(picture, Path) else picture


def _mask(mask: Mask, size: tuple[int, int]) -> NDArray[np.float32] | None:
    if mask is None:
        return None
    return read_mask(mask, size) if isinstance(mask, Path) else fitted_mask(mask, size)


def finish(session: Session[Any], progress: Progress | None = None) -> NDArray[np.uint8]:
    """Run a session to its end and return the picture uint8 (H, W, 3)."""
    from studio.core.events import Progress as Report

    for event in session.events():
        if progress is not None and isinstance(event, Report):
            progress(event.step, event.total_steps, session.caption())
    return session.pixels()
