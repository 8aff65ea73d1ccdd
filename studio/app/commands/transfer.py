"""`transfer`: paint pictures in the style of others, by optimising or with a trained model; settings become flags."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tyro

from studio.app.commands.base import quiet_default, with_flags
from studio.app.commands.canvas import Canvas, Masks, about
from studio.app.commands.progress import Bar
from studio.app.commands.stylise import stylise
from studio.core.control import Control
from studio.core.errors import BadInput
from studio.core.knobs import fields_of

if TYPE_CHECKING:
    from studio.runs.canvases import StyleRequest, TransferRequest

NO_MASK = Path("-")
"""Stands for "no mask" where several styles have masks in turn."""


@dataclass(frozen=True, kw_only=True)
class Transfer(Canvas):
    """Paint a picture in the style of others. Folders of contents or styles make a batch of every pair."""

    kind: ClassVar[str] = "transfer"

    pictures: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="[CONTENT STYLE …]")] = ()
    """A picture (or folder), then styles that act together, or one folder of styles that act one by one."""
    weights: Annotated[str, quiet_default("W,W,…")] = ""
    """Shares of the styles, in their order."""
    style_mask: Masks = ()
    """Where each style acts, in their order: grey, shaped like the content; - for everywhere."""
    style_region: Masks = ()
    """What of each style picture counts, in their order: grey, shaped like the style; - for all."""
    film: Annotated[bool, quiet_default()] = False
    """The content is a film (a folder of frames, GIF, WebP, MP4): --out .mp4, .gif, .webp or a folder."""
    run_id: Annotated[str, tyro.conf.arg(name="run", metavar="RUN", help_behavior_hint="")] = ""
    """Paint in one pass with a trained run (fast-style, adain) instead of optimising."""
    strength: float = 1.0
    """With --run: 0 leaves the picture as it is, 1 is the full style."""

    def run(self) -> Any:
        """Do what is asked and return the document about it."""
        if self.run_id:
            return stylise(self)
        if self.film:
            return self._film()
        if any(path.is_dir() for path in self.pictures[:2]):
            return self._many()
        return self._one()

    # ---- what is asked for

    def request(self) -> TransferRequest:
        """Return what is asked for: --recipe, then what was given.

        Raises:
            BadInput: content or style are missing.
        """
        from studio.runs.canvases import TransferRequest

        content, styles = (self.pictures[0] if self.pictures else None), self.styles()
        restored = self.restored(["content"] if content else [])
        if restored is None and content is not None and styles:
            restored = TransferRequest(content=content, styles=styles)
        if restored is None:
            raise BadInput("A transfer needs a picture and a style.", "Write: transfer PICTURE STYLE --out FILE.")
        assert isinstance(restored, TransferRequest)
        return self.changed(restored, content=content, styles=styles or None, mask=self.mask)

    def styles(self) -> tuple[StyleRequest, ...]:
        """Return the styles with their weights and masks.

        Raises:
            BadInput: more weights or masks than styles, or a weight that is no number from 0.
        """
        from studio.runs.canvases import StyleRequest

        paths = self.pictures[1:]
        weights = [_weight(word) for word in self.weights.split(",") if word.strip()] or [1.0] * len(paths)
        if len(weights) != len(paths):
            raise BadInput(f"{len(weights)} weights are given for {len(paths)} styles.", "Give one for each: 1,0.5.")
        if max(len(self.style_mask), len(self.style_region)) > len(paths):
            raise BadInput("There are more masks than styles.", "Give one for each, - for none.")
        return tuple(
            StyleRequest(picture=path, weight=weight, mask=_mask(mask), region=_mask(region))
            for path, weight, mask, region in itertools.zip_longest(
                paths, weights, self.style_mask, self.style_region, fillvalue=None
            )
            if path is not None and weight is not None
        )

    # ---- one picture

    def _one(self) -> dict[str, Any]:
        from studio.runs import canvas_files, canvases

        request = self.request()
        path = self.target(self._name(request))
        canvas_files.ending(path)
        with Bar() as bar:
            session = canvases.transfer(request, self.workspace_folder(), bar.update)
        return self.single(session, path, request.steps)

    def _name(self, request: TransferRequest) -> str:
        names = [p for p in (request.content, *(style.picture for style in request.styles)) if isinstance(p, Path)]
        return "--".join(path.stem for path in names[:3])

    # ---- many pictures

    def _many(self) -> dict[str, Any]:
        """Make every content with every style of a folder, or with the styles given, together."""
        from studio.runs.canvas_items import pictures_in, transfer_items, unique_names
        from studio.runs.canvases import StyleRequest, TransferRequest

        restored = self.restored(["content"])
        assert restored is None or isinstance(restored, TransferRequest)
        given = self.pictures[1:]
        mixes: dict[str, tuple[StyleRequest, ...]] = {}
        if any(path.is_dir() for path in given):
            if len(given) > 1:
                raise BadInput("A folder of styles stands alone.", "Give one folder, or single styles.")
            paths = pictures_in(given)
            mixes = {name: (StyleRequest(picture=path),) for name, path in zip(unique_names(paths), paths, strict=True)}
        else:
            styles = self.styles() or (tuple(restored.styles) if restored else ())
            name = "+".join(style.picture.stem for style in styles if isinstance(style.picture, Path))
            mixes = {name: styles} if styles else {}
        if not mixes:
            raise BadInput("A transfer needs a style.", "Write: transfer FOLDER STYLE --out FOLDER.")
        contents = pictures_in(self.pictures[:1])
        blank = restored or TransferRequest(content=contents[0], styles=())
        request = self.changed(blank, mask=self.mask)
        shared = {name: getattr(request, name) for name in ("mask", "preset", "settings", "changes", "fingerprint")}
        return self.batch(transfer_items(contents, mixes, shared), self.folder())

    # ---- films

    def _film(self) -> dict[str, Any]:
        """Repaint a film frame by frame."""
        from studio.canvas.film import count_frames, read_frames
        from studio.canvas.frames import stylised
        from studio.canvas.picture import Source
        from studio.runs import canvases

        if len(self.pictures) < 2:
            raise BadInput("A film needs itself and a style.", "Write: transfer FILM STYLE --film --out FILE.mp4.")
        content, began, control = self.pictures[0], time.monotonic(), Control()
        path = self.film_target("--".join(p.stem for p in self.pictures[:2]))
        frames, fps = read_frames(content)
        first = next(frames)
        request = replace(self.request(), content=Source.of(first))
        with Bar() as bar:
            session = canvases.transfer(request, self.workspace_folder(), bar.update)
        self.keep_sources(session)
        recipe = {**session.recipe(), "film": {"path": str(content), "fps": fps}}
        results = stylised(session, itertools.chain([first], frames), control)
        told = self.write_film(path, results, fps, recipe, control, count_frames(content))
        return {**about(session, path, time.monotonic() - began), **told}


def _weight(word: str) -> float:
    try:
        weight = float(word)
    except ValueError:
        weight = -1.0
    if not 0 <= weight <= 1e9:
        raise BadInput(f"{word.strip()!r} is not the weight of a style.", "Use numbers from 0, like 1,0.5.")
    return weight


def _mask(path: Path | None) -> Path | None:
    return None if path == NO_MASK else path


def parser(name: str, words: Sequence[str]) -> Any:
    """Return `Transfer` with a flag for every knob."""
    del name, words
    from studio.canvas.transfer_config import TransferConfig

    taken = set(Transfer.__dataclass_fields__)
    knobs = {field.name: field for field in fields_of(TransferConfig) if field.name not in taken}
    return with_flags(Transfer, knobs, __doc__=Transfer.__doc__, knobs=tuple(knobs))
