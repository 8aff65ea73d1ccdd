"""DeepDream: gradient ascent on the picture, from coarse to fine (Mordvintsev 2015; Chollet 2021, section 12.2).

With `length` above 0 the algorithm is the book's to the letter: the preset "chollet". Otherwise steps are measured by
the change of a pixel, resizing is antialiased and pixels stay within 0..1, none of which the book does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.canvas.activation import Activation, guide_vectors, least_crop
from studio.canvas.ascent import Moments, Stride, blurred, evened, total_variation
from studio.canvas.backbone import LOGIT, Backbone
from studio.canvas.colour import with_luminance
from studio.canvas.dream_config import DreamConfig
from studio.canvas.dream_original import Original, noise
from studio.canvas.masks import StageMask
from studio.canvas.memory import chosen_tile
from studio.canvas.objective import parse
from studio.canvas.parameters import KINDS, Parameterisation
from studio.canvas.picture import Source, fitted_mask, resized, to_tensor, working_size
from studio.canvas.session import Session
from studio.canvas.stages import Stage, octaves
from studio.canvas.tiles import Losses, Size, Tile, feature_sizes, layout, receptive_radius, tiled_gradient
from studio.core.compute import Compute, generator
from studio.core.errors import BadConfig
from studio.core.seeds import derive

GUIDE_SIDE = 256
"""Longer side at which a guide is looked at: about the size of the pictures that networks learnt from."""


class DreamSession(Session[DreamConfig]):
    """One dream.

    Args:
        config: settings.
        backbone: the network.
        compute: device and precision (`studio.canvas.policy.choose`).
        picture: what to dream on; None begins from noise of `config.size` square, and start "noise" from noise in the
            picture's proportions.
        guide: a picture whose features lead.
        mask: float32 (H, W) 0..1 at the picture's proportions: where the dream grows; None is everywhere.

    Raises:
        StudioError: a layer that the network does not have, a picture too small for it, a mask of other proportions.
    """

    kind = "dream"

    def __init__(
        self,
        config: DreamConfig,
        backbone: Backbone,
        compute: Compute,
        picture: Source | None,
        *,
        guide: Source | None = None,
        mask: NDArray[np.float32] | None = None,
    ) -> None:
        super().__init__(config, backbone, compute)
        self.source, self.guide_source = picture, guide
        self._network = backbone.prepared(compute, config.pooling)
        self._activation = Activation((), backbone)
        self._seen: tuple[str, ...] = ()
        self._margins: dict[tuple[str, ...], int] = {}
        self._sizes: dict[str, Size] = {}
        self._canvas: Parameterisation | None = None
        self._moments, self._stride = Moments(), Stride()
        self._restored = False
        self._warned: set[str] = set()
        self._mask = StageMask(compute.device)
        self._read()
        self._original = self._opened()
        self.set_mask(mask)
        self.stages  # noqa: B018  # refuses now what does not fit the network

    # ---- what goes in

    def set_mask(self, mask: NDArray[np.float32] | None) -> None:
        """Replace the mask; may be called from another thread, works from the next step on.

        Raises:
            BadInput: the mask has other proportions than the picture.
        """
        if mask is not None:
            mask = fitted_mask(mask, self._original.size)
        self._mask.whole = mask

    def sources(self) -> dict[str, Source]:
        """Return the picture and the guide, by role."""
        both = {"picture": self.source, "guide": self.guide_source}
        return {role: source for role, source in both.items() if source is not None}

    def masks(self) -> dict[str, NDArray[np.float32]]:
        """Return the mask, by role."""
        return {} if self._mask.whole is None else {"mask": self._mask.whole}

    def _opened(self) -> Original:
        """Return what the dream grows on, at the size of the result."""
        original = Original(self.source, self.config.size, self.config.seed, self.compute.device)
        original.antialias = not self.config.length
        return original

    def _read(self) -> None:
        """Read the objective."""
        config = self.config
        terms = parse(config.layers or self.backbone.dream, self.backbone)
        blend = config.guide if self.guide_source is not None else 0.0
        self._activation = Activation(terms, self.backbone, config.crop, self._activation.guides, blend)

    def restyle(self, names: frozenset[str]) -> None:
        """Take changed settings."""
        if names & {"layers", "guide", "crop"}:
            self._read()
        if "pooling" in names:
            self._network = self.backbone.prepared(self.compute, self.config.pooling)
            self._seen = ()
        if "size" in names:
            self._original = self._opened()
            self.set_mask(self._mask.whole)
        if names & {"normalise", "step", "length"}:
            self._stride.forget()
            self._original.antialias = not self.config.length
        if "parameters" in names and self._canvas is not None:
            self._hold(self.picture())

    # ---- octaves

    def plan(self) -> tuple[Stage, ...]:
        """Return the octaves, smallest first; those in which the network would see nothing are left out.

        Raises:
            BadConfig: the picture itself is too small for the network.
        """
        config, size, least = self.config, self._original.size, self.backbone.smallest
        if min(size) < least:
            raise BadConfig(
                f"{size[1]} × {size[0]} pixels are too small for {self.backbone.title}.",
                f"Choose a size with at least {least} pixels on the shorter side.",
            )
        kept = octaves(size, config.octaves, config.octave_scale, config.iterations, least)
        left_out = config.octaves - len(kept)
        if left_out and self._canvas is None:
            self.say("info", f"{left_out} of {config.octaves} octaves are too small for the network: left out.")
        return kept

    def enter(self, stage: int) -> None:
        """Bring the picture to the octave's size; look at the guide; choose tiles."""
        size = self.stages[stage].size
        if self._canvas is None or self._canvas.size != size:
            self._hold(self._grown(stage, size))
            self._clip()
            self._restored = False
        self._stride.forget()
        names = self._activation.names
        if names != self._seen:
            self._look_at_guide(names)
        if self.config.tile == 0 and not self._retreats:
            self.tile = chosen_tile(self._network, names, size)
        self._sizes = feature_sizes(self._network, names, size)
        if any(least_crop(self.config.crop, cells) < self.config.crop for cells in self._sizes.values()):
            self._warn("Small octaves have fewer cells than the border to leave out: less is left out there.")

    def _grown(self, stage: int, size: Size) -> Tensor:
        """Return the picture as it begins at an octave."""
        original, config = self._original, self.config
        if self._canvas is None:
            return original.at(size) if config.start == "picture" else noise(size, config.seed, self.compute.device)
        picture = original.fitted(self.picture(), size)
        return picture + self._lost(stage) if config.reinject == "before" else picture

    def leave(self, stage: int) -> None:
        """Put back the detail that this octave's picture had and the smaller one had not."""
        if self.config.reinject == "after" and not self._restored:
            self._hold(self.picture() + self._lost(stage))
            self._clip()
            self._restored = True

    def _lost(self, stage: int) -> Tensor:
        """Return the original's detail at an octave that the octave before cannot hold: zero at the first."""
        if self.config.start == "noise":
            return torch.zeros((), device=self.compute.device)
        return self._original.lost(self.stages[stage].size, self.stages[max(stage - 1, 0)].size)

    def _look_at_guide(self, names: tuple[str, ...]) -> None:
        """Compute the guide's features at the chosen layers."""
        self._seen, guides = names, None
        if self.guide_source is not None:
            height, width = working_size(self.guide_source.size, min(GUIDE_SIDE, max(self.guide_source.size)))
            size = max(height, self.backbone.smallest), max(width, self.backbone.smallest)
            with torch.no_grad():
                guide = resized(to_tensor(self.guide_source.pixels, self.compute.device), size)
                guides = guide_vectors(self._network.features(guide, names))
        self._activation = replace(self._activation, guides=guides)

    # ---- one step

    def advance(self) -> Losses:
        """Do one step of ascent and return each term's loss (weights included) and "loss", their sum."""
        assert self._canvas is not None
        picture = self._canvas.picture()
        mask = self._mask.at(self._canvas.size)
        losses, gradient = self._gradient(picture)
        gradient = evened(blurred(gradient, self.config.smoothing), self.config.laplacian)
        if not bool(gradient.any()):
            self._warn(
                "Nothing in the picture excites what is looked for.", "Choose other layers, or start from noise."
            )
        self._climb(self._stride.change(gradient if mask is None else gradient * mask, mask, self.config))
        if self.config.max_loss and float(losses["loss"]) > self.config.max_loss:
            self.end_stage()
        return losses

    def _gradient(self, picture: Tensor) -> tuple[Losses, Tensor]:
        """Return losses and the gradient in pixels, both of the objective less total variation."""
        down, right = self._shift("jitter", self.config.jitter)
        tiles = self._tiles((picture.shape[-2], picture.shape[-1]))
        losses, gradient = tiled_gradient(picture.roll((down, right), (2, 3)), tiles, self._losses)
        gradient = gradient.roll((-down, -right), (2, 3))
        if self.config.tv:
            pixels = picture.detach().requires_grad_(True)
            variation = -self.config.tv * total_variation(pixels)
            gradient += torch.autograd.grad(variation, pixels)[0]
            losses["variation"] = variation.detach()
            losses["loss"] = losses["loss"] + losses["variation"]
        return losses, gradient

    def _losses(self, pixels: Tensor, tile: Tile) -> Losses:
        self.breathe()
        return self._activation.losses(self._network.features(pixels, self._seen), tile, self._sizes)

    def _tiles(self, size: Size) -> tuple[Tile, ...]:
        """Return the tiles of this step: one for the whole picture, or a grid at a random place."""
        if not self.tile or max(size) <= self.tile:
            return layout(size, 0)
        names = tuple(name for name in self._seen if name != LOGIT)
        if names not in self._margins:
            self._margins[names] = receptive_radius(self.backbone, names)
        align = max((self.backbone.layer(name).stride for name in names), default=1)
        offset = self._shift("tiles", self.tile - 1, signed=False)
        return layout(size, self.tile, min(self._margins[names], self.tile // 2), align, offset)

    def _shift(self, purpose: str, most: int, *, signed: bool = True) -> Size:
        """Return two whole numbers up to `most`, a function of (seed, purpose, step)."""
        if not most:
            return 0, 0
        draw = generator(derive(self.config.seed, purpose, self.step))
        down, right = torch.randint(-most if signed else 0, most + 1, (2,), generator=draw).tolist()
        return down, right

    def _climb(self, change: Tensor) -> None:
        """Move the picture."""
        canvas = self._canvas
        assert canvas is not None
        if self.config.optimizer == "adam":
            rate = change.square().mean().sqrt() / canvas.gain()
            canvas.values = canvas.values + rate * self._moments.direction(canvas.pulled(change))
        else:
            canvas.climb(change)
        self._clip()

    def _clip(self) -> None:
        """Keep pixels within 0..1, which the book does not."""
        if self._canvas is not None and not self.config.length:
            self._canvas.clip()

    def _warn(self, text: str, what_to_do: str = "") -> None:
        """Say something once."""
        if text not in self._warned:
            self._warned.add(text)
            self.say("warning", text, what_to_do)

    # ---- the picture

    def picture(self) -> Tensor:
        """Return the present picture; the original before the first step."""
        return self._original.picture if self._canvas is None else self._canvas.picture()

    def place(self, picture: Tensor) -> None:
        """Replace the present picture."""
        self._hold(picture)
        self._restored = self.course.stage_finished

    def _hold(self, picture: Tensor) -> None:
        """Hold a picture in the chosen parameterisation; Adam forgets."""
        self._canvas = KINDS[self.config.parameters](picture)
        self._moments = Moments()

    def finishing(self, picture: Tensor) -> Tensor:
        """Return what is shown: the picture's own colours if they are kept, the original outside the mask."""
        size = (picture.shape[-2], picture.shape[-1])
        mask = self._mask.at(size)
        if mask is None and self.config.colour == "free":
            return picture
        original = self._original.at(size)
        if self.config.colour == "keep":
            picture = with_luminance(original, picture)
        return picture if mask is None else original.lerp(picture, mask)
