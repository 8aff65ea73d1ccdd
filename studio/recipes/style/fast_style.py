"""Fast style transfer: a network that repaints any picture in one style, in one pass.

    L = c ‖φ(ŷ) - φ(x)‖² / n  +  s Σ_l ‖G_l(ŷ) - G_l(style)‖² / ‖G_l(style)‖²  +  t TV(ŷ),   ŷ = f(x)

φ and G are features and Gram matrices of a frozen network (`studio.canvas`); f is trained, one network per style.

Johnson 2016, arXiv:1603.08155, with instance normalisation (Ulyanov 2017, arXiv:1701.02096) and nearest-neighbour
upsampling (Odena 2016) against checkerboards. Used in: Chollet, Deep Learning with Python, 12.3, as an idea only:
it proposes to learn from pairs made by the slow transfer; the perceptual loss needs no pairs.

What we do differently: the loss network is the studio's own compact one (any backbone can be named), Grams are compared
relative to the style's own energy so that weights carry over between networks, and the style picture is stored in the
checkpoint: a trained style needs no file.

What to expect: on CIFAR-10 the style is clearly there after 200 steps of 4 pictures at 128 px (a minute on two cores
with bf16); a photograph of 979 x 734 then takes two seconds. Longer runs were not judged yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from studio.canvas.backbones import open_backbone
from studio.canvas.objective import parse
from studio.canvas.style_picture import StylePicture
from studio.core.capabilities import Stylises
from studio.core.compute import Compute
from studio.core.errors import BadConfig
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Recipe
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.core.store import default_workspace
from studio.nn.painter import make_painter, paint
from studio.nn.pictures import in_pairs, to_pixels
from studio.nn.statistics import gram_matrices, roughness


@register("fast-style", title="Fast style", family="style", sources="Johnson 2016 arXiv:1603.08155; Chollet 12.3")
class FastStyle(Recipe, Stylises):
    """One network for one style; pictures of any size."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the fast style."""

        style: Annotated[str, Knob("Style picture", help="A picture file; empty is the bundled swirl.")] = ""
        style_size: Annotated[
            int, Knob("Style size", 32, 1024, unit="px", help="Smaller: finer strokes.", group="Training")
        ] = 256
        side: Annotated[
            int, Knob("Working size", 0, 512, unit="px", help="Examples are enlarged to it; 0 is their own.")
        ] = 128
        filters: Annotated[tuple[int, ...], Knob("Filters", 4, 256, help="Each but the first halves the size.")] = (
            24,
            48,
            96,
        )
        blocks: Annotated[int, Knob("Residual blocks", 0, 12)] = 4
        backbone: Annotated[str, Knob("Loss network", help="See `generative-studio backbones list`.")] = "compact"
        content: Annotated[float, Knob("Content", 0, 1e4, log=True, live=True, group="Training")] = 1.0
        strength: Annotated[float, Knob("Style", 0, 1e4, log=True, live=True, group="Training")] = 1.0
        tv: Annotated[float, Knob("Smoothness", 0, 1e4, log=True, live=True, group="Training")] = 0.5
        lr: Annotated[float, Knob("Learning rate", 1e-6, 1.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    presets = (
        Preset(
            name="johnson",
            title="One style, any picture",
            source="Johnson 2016; Chollet 12.3",
            data="cifar10",
            shape=(3, 32, 32),
            training={"batch_size": 4, "epochs": 1},
            expects="No figure in the book. Strokes of the style after a few hundred steps.",
        ),
        Preset(
            name="johnson-wide",
            title="The paper's widths",
            source="Johnson 2016, supplement",
            data="cifar10",
            config={"filters": (32, 64, 128), "blocks": 5, "side": 256},
            shape=(3, 32, 32),
            training={"batch_size": 4, "epochs": 2},
            expects="The paper's network; about four times the work of the other preset.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create the painter, the style with its Gram matrices, the frozen loss network and the optimiser."""
        c = self.config
        self.painter = compute.prepare(make_painter(spec.shape[0], c.filters, c.blocks))
        self.style = StylePicture(c.style, c.style_size).to(compute.device)
        found = open_backbone(c.backbone, default_workspace())
        self._eyes = (found.prepared(compute),)  # in a tuple: it is neither trained nor saved
        self._content = parse(found.content, found)
        self._styles = parse(found.style, found)
        self._targets: tuple[Tensor, ...] = ()
        self.opt = compute.adam(self.painter.parameters(), lr=c.lr)

    # ---- training

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Do one step on the perceptual loss."""
        losses = self._losses(batch.x)
        self.compute.minimise(losses["loss"], self.opt)
        return {name: value.detach() for name, value in losses.items()}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the same terms on held-out pictures."""
        return self._losses(batch.x)

    def _losses(self, x: Tensor) -> dict[str, Tensor]:
        x = self._enlarged(x)
        y = self._paint(x)  # (N, C, S, S)
        with self.compute.full_precision():
            return self._compared(x, y)

    def _compared(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        c = self.config
        layers = {term.layer for term in (*self._content, *self._styles)}
        made = self._features(y, layers)
        with torch.no_grad():
            wanted = self._features(x, {term.layer for term in self._content})
        content = sum((t.weight * _distance(made[t.layer], wanted[t.layer]) for t in self._content), x.new_zeros(()))
        style = self._style_loss(made)
        smooth = roughness(y)
        loss = c.content * content + c.strength * style + c.tv * smooth
        return {"loss": loss, "content": content, "style": style, "tv": smooth}

    def _style_loss(self, made: Mapping[str, Tensor]) -> Tensor:
        """Return the mean over layers of ‖G(ŷ) - G(style)‖² / ‖G(style)‖²."""
        losses = [
            term.weight
            * ((gram_matrices(made[term.layer]) - target).square().sum((1, 2)).mean() / target.square().sum())
            for term, target in zip(self._styles, self._style_targets(), strict=True)
        ]
        return torch.stack(losses).mean()

    def _style_targets(self) -> tuple[Tensor, ...]:
        """Return the style's Gram matrices (1, C, C), computed once."""
        pixels = self.style.pixels
        if not self._targets or self._targets[0].device != pixels.device:
            if not pixels.is_meta and not pixels.any():
                raise BadConfig(f"There is no style picture at {self.config.style}.", "Choose a picture file.")
            with torch.no_grad():
                found = self._features(pixels, {term.layer for term in self._styles})
                self._targets = tuple(gram_matrices(found[term.layer]) for term in self._styles)
        return self._targets

    def _features(self, x: Tensor, layers: set[str]) -> dict[str, Tensor]:
        found = self._eyes[0].features(x.expand(-1, 3, -1, -1), layers)
        return {name: value.float() for name, value in found.items()}

    def _enlarged(self, x: Tensor) -> Tensor:
        side = max(self.config.side, x.shape[-1], self._eyes[0].smallest)
        return x if x.shape[-1] == side else F.interpolate(x, (side, side), mode="bilinear", align_corners=False)

    def _paint(self, x: Tensor) -> Tensor:
        return paint(self.painter, x, 2 ** (len(self.config.filters) - 1))

    # ---- using it

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show pictures beside their repainted versions."""
        x = batch.x[:16]
        yield Images(0, "repainted", to_pixels(in_pairs(x, self.stylise(x))), columns=8)

    @property
    def takes_style(self) -> bool:
        """The style is the one it was trained on."""
        return False

    @torch.no_grad()
    def stylise(self, x: Tensor, style: Tensor | None = None, strength: float = 1.0) -> Tensor:
        """Return repainted pictures (N, C, H, W), mixed with the originals below full strength."""
        del style
        y = self._paint(self._enlarged(x) if x.shape[-1] == self.spec.shape[-1] else x)  # small examples as trained
        y = y if y.shape == x.shape else F.interpolate(y, x.shape[-2:], mode="bilinear", antialias=True)
        return torch.lerp(x.float(), y, strength).clamp(0, 1)


def _distance(a: Tensor, b: Tensor) -> Tensor:
    """Return the mean squared difference relative to the target's own mean square."""
    return (a - b).square().mean() / b.square().mean().clamp(min=1e-8)
