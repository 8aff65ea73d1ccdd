"""`dream`: DeepDream on pictures, from noise, as a film, or as a sheet of surprises; its settings become flags."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tyro

from studio.app.commands.base import quiet_default, with_flags
from studio.app.commands.canvas import Canvas, about, made_folder
from studio.app.commands.progress import Bar
from studio.core.control import Control
from studio.core.errors import BadInput
from studio.core.knobs import fields_of, make, to_json

if TYPE_CHECKING:
    from studio.canvas.film import ZoomConfig
    from studio.runs.canvases import DreamRequest

FILM = "film_"
"""Begins the flags of a film's settings."""
THUMBNAIL = 160
"""Longer side in pixels of a surprise, unless --size is given."""


@dataclass(frozen=True, kw_only=True)
class Dream(Canvas):
    """Let a network dream into pictures (DeepDream). A folder, or several pictures, make a batch."""

    kind: ClassVar[str] = "dream"
    film_knobs: ClassVar[tuple[str, ...]] = ()

    images: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="[IMAGE …]")] = ()
    """Pictures, or folders of them."""
    guide: Annotated[Path | None, quiet_default("FILE")] = None
    """A picture whose features lead the dream; its share is --set guide=0.5."""
    noise: Annotated[bool, quiet_default()] = False
    """Begin from noise instead of a picture (or over one, in its size)."""
    film: Annotated[int, quiet_default("N")] = 0
    """Make an endless zoom of N frames: --out .mp4, .gif, .webp, or a folder of PNGs."""
    surprise: Annotated[int, quiet_default("N")] = 0
    """Make a sheet of N random recipes instead; the document lists their settings."""

    def run(self) -> Any:
        """Do what is asked and return the document about it."""
        request = self.request()
        if self.surprise:
            return self._surprises(request)
        if len(self.images) > 1 or any(path.is_dir() for path in self.images):
            return self._many(request)
        return self._zoom(request) if self.film else self._one(request)

    def request(self) -> DreamRequest:
        """Return what is asked for: --recipe, then what was given.

        Raises:
            BadInput: there is nothing to dream on.
        """
        from studio.runs.canvases import DreamRequest

        replaced = [role for role, given in (("picture", self.images), ("guide", self.guide)) if given]
        restored = self.restored(replaced)
        assert restored is None or isinstance(restored, DreamRequest)
        if restored is None and not self.images and not self.noise:
            raise BadInput("There is nothing to dream on.", "Give a picture, a folder, --noise or --recipe FILE.")
        picture = self.images[0] if len(self.images) == 1 else None
        return self.changed(restored or DreamRequest(), picture=picture, guide=self.guide, mask=self.mask)

    def settings(self) -> dict[str, str]:
        """Return the settings that were given; --noise is one of them."""
        return {**({"start": "noise"} if self.noise else {}), **super().settings()}

    def _name(self, request: DreamRequest) -> str:
        return f"{request.picture.stem}-dream" if isinstance(request.picture, Path) else "noise-dream"

    def _one(self, request: DreamRequest) -> dict[str, Any]:
        from studio.runs import canvas_files, canvases

        path = self.target(self._name(request))
        canvas_files.ending(path)
        with Bar() as bar:
            session = canvases.dream(request, self.workspace_folder(), bar.update)
        return self.single(session, path, request.steps)

    def _many(self, request: DreamRequest) -> dict[str, Any]:
        from studio.runs.canvas_items import dream_items, pictures_in

        if self.film:
            raise BadInput("A film begins with one picture.", "Give one picture, not a folder.")
        out = self.folder()
        return self.batch(dream_items(pictures_in(self.images), request), out)

    # ---- films

    def _film_config(self) -> ZoomConfig:
        from studio.canvas.film import ZoomConfig

        given = {name.removeprefix(FILM): getattr(self, name) for name in self.film_knobs}
        return make(ZoomConfig, {"frames": self.film, **{k: v for k, v in given.items() if v is not None}})

    def _zoom(self, request: DreamRequest) -> dict[str, Any]:
        """Write an endless zoom."""
        from studio.canvas.film import zoom
        from studio.runs import canvases

        config, path, began = self._film_config(), self.film_target(f"{self._name(request)}-film"), time.monotonic()
        with Bar() as bar:
            session = canvases.dream(request, self.workspace_folder(), bar.update)
        self.keep_sources(session)
        recipe, control = {**session.recipe(), "film": to_json(config)}, Control()
        frames = zoom(session, config, control)
        told = self.write_film(path, frames, config.fps, recipe, control, config.frames)
        return {**about(session, path, time.monotonic() - began), **told}

    # ---- surprises

    def _surprises(self, request: DreamRequest) -> dict[str, Any]:
        """Write a contact sheet of random recipes."""
        import numpy as np

        from studio.canvas.explorer import previews, random_recipes
        from studio.canvas.policy import choose
        from studio.runs import canvases, pictures

        config, began = canvases.config_of(request), time.monotonic()
        path = self.target("surprise")
        if path.suffix.lower() != ".png" or not 1 <= self.surprise <= 400:
            raise BadInput("A sheet of surprises is a PNG of 1 to 400 pictures.", "Use --out FILE.png --surprise 24.")
        backbone = canvases.open_backbone(config.backbone, self.workspace_folder())
        compute = choose(config.device, config.precision)
        recipes = random_recipes(backbone, self.surprise, config.seed)
        picture, size = canvases.source_of(request.picture), config.size if "size" in self.settings() else THUMBNAIL
        shown: list[tuple[int, Any]] = []
        with Bar() as bar:
            for index, pixels in previews(backbone, picture, recipes, size, compute):
                shown.append((index, pixels))
                bar.update(index + 1, len(recipes), "surprises")
        chosen = [recipes[index] for index, _ in shown]
        sheet = pictures.sheet(np.stack([pixels for _, pixels in shown]))
        pictures.save_png(made_folder(path), sheet, {"made": "surprises", "recipes": chosen})
        told = {"out": path, "kind": "surprises", "seconds": time.monotonic() - began, "size": sheet.shape[:2]}
        return {**told, "recipes": chosen, "status": "done"}

    def text(self, document: Any) -> str:
        """Say what was written; of surprises, how to take each up."""
        if document["kind"] != "surprises":
            return super().text(document)
        lines = [f"{document['out']}  (row by row)"]
        for place, recipe in enumerate(document["recipes"], 1):
            lines.append(f"{place:4}  --set " + " ".join(f"'{name}={value}'" for name, value in recipe.items()))
        return "\n".join(lines)


def parser(name: str, words: Sequence[str]) -> Any:
    """Return `Dream` with a flag for every knob of a dream and of a film."""
    del name, words
    from studio.canvas.dream_config import DreamConfig
    from studio.canvas.film import ZoomConfig

    taken = set(Dream.__dataclass_fields__)
    knobs = {field.name: field for field in fields_of(DreamConfig) if field.name not in taken}
    films = {FILM + field.name: field for field in fields_of(ZoomConfig) if field.name != "frames"}
    return with_flags(Dream, {**knobs, **films}, __doc__=Dream.__doc__, knobs=tuple(knobs), film_knobs=tuple(films))
