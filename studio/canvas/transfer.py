"""Neural style transfer (Gatys 2016, arXiv:1508.06576) from coarse to fine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.canvas import colour
from studio.canvas.backbone import Backbone
from studio.canvas.inbox import Inbox
from studio.canvas.optimisers import Adam, Evaluation, GradientDescent, Lbfgs, Optimiser, SearchingLbfgs
from studio.canvas.picture import Source, fitted_mask, resized, working_size
from studio.canvas.running_mean import RunningMean
from studio.canvas.session import Session
from studio.canvas.stages import Stage, scales
from studio.canvas.tiles import Size, Tile
from studio.canvas.transfer_comparison import Comparison, Models, weights_of
from studio.canvas.transfer_config import Style, TransferConfig
from studio.canvas.transfer_loss import TransferLoss
from studio.canvas.transfer_targets import TargetMaker, at_size, check_styles, mask_at
from studio.core.compute import Compute
from studio.core.errors import BadConfig
from studio.core.knobs import make, to_json


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
        self._inbox = Inbox()
        self._x: Tensor | None = None
        self._mean = RunningMean()
        self._optimiser: Optimiser | None = None
        self._still: tuple[Tensor, Tensor] | None = None
        self._comparison = Comparison(backbone, compute, weights_of(config, backbone))

    # ---- settings

    def _check(self, config: TransferConfig) -> None:
        """Refuse layers that the network does not have, and sizes too small for it."""
        weights_of(config, self.backbone)
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
        self._comparison.weights = weights_of(self.config, self.backbone)

    def set_styles(self, styles: Sequence[Style]) -> None:
        """Replace styles, weights and masks; may be called from another thread, works from the next step on.

        Raises:
            BadConfig, BadInput: as the constructor; the styles stay as they were.
        """
        check_styles(styles, self.content_source)
        self._inbox.put(styles=tuple(styles))

    def set_mask(self, mask: NDArray[np.float32] | None) -> None:
        """Replace where content counts; may be called from another thread, works from the next step on.

        Raises:
            BadInput: the mask has other proportions than the content.
        """
        self._inbox.put(mask=None if mask is None else fitted_mask(mask, self.content_source.size))

    def _take_models(self) -> None:
        """Take styles and masks that were handed over."""
        handed = self._inbox.take()
        self.styles = handed.get("styles", self.styles)
        self._mask = handed.get("mask", self._mask)
        if handed:
            self._compare()

    # ---- scales

    def plan(self) -> tuple[Stage, ...]:
        """Return the scales: each longer side `growth` times the one before, or a little less, the last is `size`."""
        size = working_size(self.content_source.size, self.config.size)
        if self.config.colours == "only":
            return (Stage(size, 1),)
        return scales(size, self.config.smallest, self.config.growth, self.config.iterations, self.backbone.smallest)

    @property
    def _size(self) -> Size:
        return self.course.present.size

    def enter(self, stage: int) -> None:
        """Bring the picture to the scale's size and prepare what it is compared with."""
        size = self.stages[stage].size
        if self._x is None:
            self._x = self._beginning(size)
        elif tuple(self._x.shape[-2:]) != size:
            self._x = resized(self.picture(), size)
            self._mean.forget()
            if self._optimiser is not None:
                self._optimiser.resized(size)
        if self.config.colours != "only":
            self._compare()

    def _beginning(self, size: Size) -> Tensor:
        device = self.compute.device
        if self.config.start == "noise":
            noise = torch.randn((1, 3, *size), generator=torch.Generator().manual_seed(self.config.seed))
            return (0.5 + 0.15 * noise).clamp_(0, 1).to(device)
        source = self.styles[0].source if self.config.start == "style" else self.content_source
        return at_size(source.pixels, size, device)

    def _compare(self) -> None:
        """Bring what the picture is compared with in line with settings, pictures and scale."""
        if self._optimiser is not None:
            self._optimiser.revised()
        models = Models(self.content_source, self._mask, [style for style in self.styles if style.weight > 0])
        self._comparison.prepare(self.config, models, self._size, self.tile)

    # ---- steps

    def advance(self) -> dict[str, Tensor]:
        """Do one step and return its losses after their weights."""
        self._take_models()
        assert self._x is not None
        if self.config.colours == "only":
            return self._recolour()
        loss = self._comparison.loss
        assert loss is not None
        if self._optimiser is None:
            self._optimiser = _OPTIMISERS[self.config.optimizer](self.config)
        rate = self.config.rate * self.config.decay ** (self.step / 100)
        x, losses = self._optimiser.step(self._x, self._evaluator(loss), rate)
        if self.config.scaling == "mean" and self.config.optimizer == "adam":
            x.clamp_(0, 1)
        self._x = x if self._still is None else self._calmed(x, *self._still)
        self._mean.take(self._x, self.config.average)
        return losses

    def _evaluator(self, loss: TransferLoss) -> Callable[[Tensor], Evaluation]:
        """Return the objective; a mean's is multiplied by the number of values: no step depends on the size then."""
        tiles, weights = self._tiles(), self._comparison.weights
        gain = float(self._x.numel()) if self.config.scaling == "mean" and self._x is not None else 1.0

        def evaluate(x: Tensor) -> Evaluation:
            losses, gradient = loss(x, weights, tiles, self.breathe)
            return Evaluation(losses, losses["loss"] * gain, gradient if gain == 1.0 else gradient.mul_(gain))

        return evaluate

    def _tiles(self) -> Sequence[Tile]:
        return self._comparison.tiles(self._size, self.config.seed, self.step)

    def _recolour(self) -> dict[str, Tensor]:
        """Give the content the styles' colours, each where it is painted, in one step."""
        assert self._x is not None
        maker = TargetMaker(self.config, self.backbone, self.compute.device)
        made = maker.recoloured(self.content_source, self.styles, self._size)
        loss = (made - self._x).square().mean()
        self._x = made
        self._mean.forget()
        return {"loss": loss, "content": loss * 0, "style": loss, "tv": loss * 0}

    # ---- the picture

    def picture(self) -> Tensor:
        """Return the present picture float32 (1, 3, H, W): the running mean, if there is one."""
        if self._x is None:
            self._x = self._beginning(self._size)
        mean = self._mean.value(self.config.average)
        return self._x if mean is None else mean

    def place(self, picture: Tensor) -> None:
        """Replace the present picture; averages and moments begin again."""
        self._x, self._optimiser = picture, None
        self._mean.forget()

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
        self.entered = -1
        self.course.begin()
        self.timeline.cut(-1)
        self._x, self._optimiser = None, None
        self._mean.forget()

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
        self.course.begin(len(self.stages) - 1)
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
        comparison = self._comparison
        if comparison.loss is None or self._x is None:
            return {"style": {}, "content": {}}
        return comparison.loss.inspect(self.picture(), comparison.weights, self._tiles())


_OPTIMISERS: dict[str, Callable[[TransferConfig], Optimiser]] = {
    "adam": lambda config: Adam(),
    "sgd": lambda config: GradientDescent(),
    "lbfgs": lambda config: SearchingLbfgs(config.evaluations) if config.evaluations > 1 else Lbfgs(),
}
