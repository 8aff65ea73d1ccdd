"""Neural style transfer (Gatys 2016, arXiv:1508.06576) from coarse to fine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.canvas import colour
from studio.canvas.backbone import Backbone
from studio.canvas.masks import digest
from studio.canvas.memory import chosen_tile
from studio.canvas.optimisers import Adam, Evaluation, GradientDescent, Lbfgs, Optimiser, SearchingLbfgs
from studio.canvas.picture import Source, fitted_mask, resized, working_size
from studio.canvas.session import Session, Stage
from studio.canvas.tiles import Tile, layout, receptive_radius
from studio.canvas.transfer_config import Style, TransferConfig
from studio.canvas.transfer_loss import Targets, TransferLoss, Weights
from studio.canvas.transfer_presets import PRESETS
from studio.canvas.transfer_targets import TargetMaker, at_size, check_styles, mask_at, shares
from studio.core.compute import Compute
from studio.core.errors import BadConfig
from studio.core.knobs import make, to_json

__all__ = ["PRESETS", "Style", "TransferConfig", "TransferSession", "growing_sides"]


class TransferSession(Session[TransferConfig]):
    """One transfer.

    Args:
        config: settings.
        backbone: the network.
        compute: device and precision (`studio.canvas.policy.choose`).
        content: the picture that keeps its things.
        styles: at least one.
        mask: where content counts less: float32 (H, W) 0..1, 0 frees that part from the content loss.

    Raises:
        BadConfig: settings, weights or masks that say nothing; BadInput: a mask of the wrong proportions.
    """

    kind = "transfer"

    def __init__(
        self,
        config: TransferConfig,
        backbone: Backbone,
        compute: Compute,
        content: Source,
        styles: Sequence[Style],
        *,
        mask: NDArray[np.float32] | None = None,
    ) -> None:
        super().__init__(config, backbone, compute)
        self.content_source, self.styles = content, tuple(styles)
        self._mask = None if mask is None else fitted_mask(mask, content.size)
        check_styles(self.styles, content)
        self._check(config)
        self._lock = threading.Lock()
        self._waiting: tuple[Style, ...] | None = None
        self._waiting_mask: tuple[NDArray[np.float32] | None] | None = None
        self._x: Tensor | None = None
        self._mean: Tensor | None = None
        self._averaged = 0
        self._optimiser: Optimiser | None = None
        self._still: tuple[Tensor, Tensor] | None = None
        self._ready: dict[str, Backbone] = {}
        self._grams: dict[Any, dict[str, Tensor]] = {}
        self._targets: tuple[Any, Targets] | None = None
        self._loss: TransferLoss | None = None
        self._weights = self._weighed()
        self._margins: dict[tuple[str, ...], int] = {}
        self._side_and_margin = (0, 0)

    # ---- settings

    def _check(self, config: TransferConfig) -> None:
        """Refuse layers that the network does not have, and sizes too small for it."""
        shares(config.content_layers, self.backbone.content, self.backbone, "Content")
        shares(config.style_layers, self.backbone.style, self.backbone, "Style")
        size = working_size(self.content_source.size, config.size)
        if min(size) < self.backbone.smallest:
            raise BadConfig(
                f"{size[1]} x {size[0]} px is too small for {self.backbone.title}.",
                f"Choose a size whose shorter side has at least {self.backbone.smallest} px.",
            )

    def change(self, values: Mapping[str, Any]) -> None:
        """Turn knobs; takes effect at the next step.

        Raises:
            BadConfig: a name or value that the Config or the network refuses; nothing has changed then.
        """
        self._check(make(TransferConfig, {**to_json(self.config), **values}))
        super().change(values)

    def restyle(self, names: frozenset[str]) -> None:
        """Take changed settings: an optimiser of another kind begins without state."""
        if names & {"optimizer", "evaluations"}:
            self._optimiser = None
        self._weights = self._weighed()

    def _weighed(self) -> Weights:
        c = self.config
        return Weights(
            content=c.content,
            style=c.style,
            tv=c.tv,
            tv_power=c.tv_power,
            scaling=c.scaling,
            content_layers=shares(c.content_layers, self.backbone.content, self.backbone, "Content"),
            style_layers=shares(c.style_layers, self.backbone.style, self.backbone, "Style"),
        )

    def set_styles(self, styles: Sequence[Style]) -> None:
        """Replace styles, weights and masks; may be called from another thread, works from the next step on.

        Raises:
            BadConfig, BadInput: as the constructor; the styles stay as they were.
        """
        check_styles(styles, self.content_source)
        with self._lock:
            self._waiting = tuple(styles)

    def set_mask(self, mask: NDArray[np.float32] | None) -> None:
        """Replace where content counts; may be called from another thread, works from the next step on.

        Raises:
            BadInput: the mask has other proportions than the content.
        """
        fitted = None if mask is None else fitted_mask(mask, self.content_source.size)
        with self._lock:
            self._waiting_mask = (fitted,)

    def _take_styles(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, None
            mask, self._waiting_mask = self._waiting_mask, None
        if mask is not None:
            self._mask = mask[0]
        if waiting is not None:
            self.styles = waiting
        if waiting is not None or mask is not None:
            self._compare()

    # ---- scales

    def plan(self) -> tuple[Stage, ...]:
        """Return the scales: each longer side `growth` times the one before, or a little less, the last is `size`."""
        size = working_size(self.content_source.size, self.config.size)
        if self.config.colours == "only":
            return (Stage(size, 1),)
        sides = growing_sides(self.config.smallest, max(size), self.config.growth)
        sizes = [working_size(size, side) for side in sides[:-1]] + [size]
        fitting = [s for s in sizes if min(s) >= self.backbone.smallest]
        return tuple(Stage(s, self.config.iterations) for s in fitting)

    @property
    def _size(self) -> tuple[int, int]:
        return self.stages[self.stage].size

    def enter(self, stage: int) -> None:
        """Bring the picture to the scale's size and prepare what it is compared with."""
        size = self.stages[stage].size
        if self._x is None:
            self._x = self._beginning(size)
        elif tuple(self._x.shape[-2:]) != size:
            self._x = resized(self.picture(), size)
            self._mean, self._averaged = None, 0
            if self._optimiser is not None:
                self._optimiser.resized(size)
        if self.config.colours != "only":
            self._compare()

    def _beginning(self, size: tuple[int, int]) -> Tensor:
        device = self.compute.device
        if self.config.start == "noise":
            noise = torch.randn((1, 3, *size), generator=torch.Generator().manual_seed(self.config.seed))
            return (0.5 + 0.15 * noise).clamp_(0, 1).to(device)
        source = self.styles[0].source if self.config.start == "style" else self.content_source
        return at_size(source.pixels, size, device)

    # ---- what it is compared with

    def _compare(self) -> None:
        """Compute the targets of this scale, or take what is kept of them."""
        if self._optimiser is not None:
            self._optimiser.revised()
        c, size, weights = self.config, self._size, self._weights
        self._side_and_margin = self._tiling()
        maker = TargetMaker(c, self._prepared(), self.compute.device, *self._side_and_margin)
        styles = [style for style in self.styles if style.weight > 0]
        names = tuple(weights.style_layers)
        layers = (tuple(weights.content_layers), names)
        grams = [self._kept_grams(maker, style, names) for style in styles]
        fitted = (c.colours, c.pooling, c.style_scale, c.style_fit)
        known = tuple((s.source.sha256, s.weight, digest(s.mask), digest(s.region)) for s in styles)
        key = (size, fitted, layers, self.content_source.sha256, digest(self._mask), known)
        if self._targets is None or self._targets[0] != key:
            made = maker.make(self.content_source, self._mask, styles, grams, size, layers)
            self._targets = (key, made)
        self._loss = TransferLoss(self._prepared(), self._targets[1], colourless=c.colours == "luminance")

    def _kept_grams(self, maker: TargetMaker, style: Style, names: tuple[str, ...]) -> dict[str, Tensor]:
        """Return the Gram matrices of a style at this scale, computed once."""
        c = self.config
        by_content = self.content_source.sha256 if c.colours != "style" or c.style_fit == "crop" else ""
        key = (
            style.source.sha256,
            digest(style.region),
            self._size,
            names,
            c.colours,
            c.pooling,
            c.style_scale,
            c.style_fit,
        )
        if (*key, by_content) not in self._grams:
            self._grams = {k: v for k, v in self._grams.items() if k[2] == self._size}
            self._grams[*key, by_content] = maker.style_grams(style, self.content_source, self._size, names)
        return self._grams[*key, by_content]

    def _prepared(self) -> Backbone:
        pooling = self.config.pooling
        if pooling not in self._ready:
            self._ready = {pooling: self.backbone.prepared(self.compute, pooling)}
        return self._ready[pooling]

    def _tiling(self) -> tuple[int, int]:
        """Return side and margin of the tiles: as asked, or chosen so that a step fits into the memory that is free."""
        layers, backbone = self._weights.layers, self._prepared()
        side = self.tile or chosen_tile(backbone, layers, self._size)
        if not side or side >= max(self._size):
            return 0, 0
        if layers not in self._margins:
            self._margins[layers] = receptive_radius(self.backbone, layers)
        return side, self._margins[layers]

    def _tiles(self) -> Sequence[Tile]:
        """Return the tiles of this step, at a place of the grid drawn from the seed and the step."""
        side, margin = self._side_and_margin
        if not side:
            return layout(self._size, 0)
        drawn = np.random.default_rng((self.config.seed, self.step)).integers(0, side, 2)
        align = max(self.backbone.layer(name).stride for name in self._weights.layers)
        return layout(self._size, side, margin, align, (int(drawn[0]), int(drawn[1])))

    # ---- steps

    def advance(self) -> dict[str, Tensor]:
        """Do one step and return its losses after their weights."""
        self._take_styles()
        assert self._x is not None
        if self.config.colours == "only":
            return self._recolour()
        assert self._loss is not None
        if self._optimiser is None:
            self._optimiser = _OPTIMISERS[self.config.optimizer](self.config)
        rate = self.config.rate * self.config.decay ** (self.step / 100)
        x, losses = self._optimiser.step(self._x, self._evaluator(self._loss), rate)
        if self.config.scaling == "mean" and self.config.optimizer == "adam":
            x.clamp_(0, 1)
        self._take(x if self._still is None else self._calmed(x, *self._still))
        return losses

    def _evaluator(self, loss: TransferLoss) -> Callable[[Tensor], Evaluation]:
        """Return the objective; a mean's is multiplied by the number of values: no step depends on the size then."""
        tiles, weights = self._tiles(), self._weights
        gain = float(self._x.numel()) if self.config.scaling == "mean" and self._x is not None else 1.0

        def evaluate(x: Tensor) -> Evaluation:
            losses, gradient = loss(x, weights, tiles)
            return Evaluation(losses, losses["loss"] * gain, gradient if gain == 1.0 else gradient.mul_(gain))

        return evaluate

    def _take(self, x: Tensor) -> None:
        """Keep the next picture and the running mean of all: it is calmer than any one of them."""
        decay = self.config.average
        self._x = x
        if decay == 0:
            self._mean, self._averaged = None, 0
            return
        self._mean = x * (1 - decay) if self._mean is None else self._mean.lerp_(x, 1 - decay)
        self._averaged += 1

    def _recolour(self) -> dict[str, Tensor]:
        """Give the content the styles' colours, each where it is painted, in one step."""
        assert self._x is not None
        maker = TargetMaker(self.config, self.backbone, self.compute.device)
        made = maker.recoloured(self.content_source, self.styles, self._size)
        loss = (made - self._x).square().mean()
        self._x, self._mean = made, None
        return {"loss": loss, "content": loss * 0, "style": loss, "tv": loss * 0}

    # ---- the picture

    def picture(self) -> Tensor:
        """Return the present picture float32 (1, 3, H, W): the running mean, corrected for its start at zero."""
        if self._x is None:
            self._x = self._beginning(self._size)
        if self._mean is None:
            return self._x
        return self._mean / (1 - self.config.average**self._averaged)

    def place(self, picture: Tensor) -> None:
        """Replace the present picture; averages and moments begin again."""
        self._x, self._mean, self._averaged, self._optimiser = picture, None, 0, None

    def finishing(self, picture: Tensor) -> Tensor:
        """Put the content's colours back where only the luminance was transferred."""
        if self.config.colours != "luminance":
            return picture
        size = (picture.shape[-2], picture.shape[-1])
        return colour.with_luminance(at_size(self.content_source.pixels, size, picture.device), picture)

    def sources(self) -> dict[str, Source]:
        """Return the content and the styles."""
        return {"content": self.content_source, **{f"style {i}": s.source for i, s in enumerate(self.styles, 1)}}

    def masks(self) -> dict[str, NDArray[np.float32]]:
        """Return the masks by role: "mask" (the content's), "style 1", "region 1", …."""
        found = {} if self._mask is None else {"mask": self._mask}
        for i, style in enumerate(self.styles, 1):
            found.update({} if style.mask is None else {f"style {i}": style.mask})
            found.update({} if style.region is None else {f"region {i}": style.region})
        return found

    def recipe(self) -> dict[str, Any]:
        """Return everything that restores this picture; "styles" holds their weights in order."""
        styles = [{"role": f"style {i}", "weight": style.weight} for i, style in enumerate(self.styles, 1)]
        return {**super().recipe(), "styles": styles}

    # ---- films

    def begin(self, frame: Source) -> None:
        """Start anew, from the coarsest scale, with another content of the same size; what is kept of styles stays."""
        self.content_source, self._still = frame, None
        self.stage, self.done, self._entered = 0, 0, -1
        self.timeline.cut(-1)
        self._x, self._mean, self._averaged, self._optimiser = None, None, 0, None

    def follow(
        self, frame: Source, start: NDArray[np.uint8], still: tuple[NDArray[np.uint8], NDArray[np.float32]]
    ) -> None:
        """Go on to the next frame of a film at the last scale; targets of the styles are kept.

        Args:
            frame: the next content, of the same size.
            start: where to begin, uint8 (H, W, 3).
            still: the last result, and where the content did not change (float32 (H, W), 0..1).
        """
        self.begin(frame)
        self.stage = len(self.stages) - 1
        size, device = self._size, self.compute.device
        self._still = at_size(still[0], size, device), mask_at(still[1], size, device)
        self.place(at_size(start, size, device))

    def _calmed(self, x: Tensor, last: Tensor, where: Tensor) -> Tensor:
        """Pull still parts back to the last result after a step, at full coherence all the way.

        This is the proximal step of the temporal loss. As a term of the loss it would do little: the length of Adam's
        steps does not depend on how flat the loss is.
        """
        return x + self.config.coherence * where * (last - x)

    # ---- the inspector

    def inspect(self) -> dict[str, Any]:
        """Return what the losses see at the present picture: `style` and `content` by layer.

        Returns:
            "style": layer -> {"present", "target": float32 (C, C) per position, "distance": |G - A| / |A|};
            "content": layer -> |F - P| / |P|. Empty before the first step.
        """
        if self._loss is None or self._x is None:
            return {"style": {}, "content": {}}
        return self._loss.inspect(self.picture(), self._weights, self._tiles())


def growing_sides(smallest: int, largest: int, growth: float) -> list[int]:
    """Return sides from `smallest` to `largest`, evenly spaced on a logarithmic scale, at most `growth` apart."""
    if smallest >= largest:
        return [largest]
    steps = int(np.ceil(np.log(largest / smallest) / np.log(growth) - 1e-3))
    return [round(smallest * (largest / smallest) ** (i / steps)) for i in range(steps)] + [largest]


_OPTIMISERS: dict[str, Callable[[TransferConfig], Optimiser]] = {
    "adam": lambda config: Adam(),
    "sgd": lambda config: GradientDescent(),
    "lbfgs": lambda config: SearchingLbfgs(config.evaluations) if config.evaluations > 1 else Lbfgs(),
}
