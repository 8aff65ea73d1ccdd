"""AdaIN: any picture in the style of any other, in one pass.

    t = AdaIN(φ(x), φ(s)),   ŷ = g(t)
    L = ‖φ(ŷ) - t‖² / n  +  λ Σ_l (‖μ_l(ŷ) - μ_l(s)‖² + ‖σ_l(ŷ) - σ_l(s)‖²) / C_l

φ is a frozen network; AdaIN gives its features the mean and deviation of the style's, channel by channel; only the
decoder g is trained.

Huang 2017, arXiv:1703.06868. Used in: no book; Chollet 12.3 only says that a network can learn a style.

What we do differently: φ is the studio's compact network up to the first convolution of its last block (the paper:
VGG19 up to relu4_1); both terms are relative to the features' own energy; every picture of the batch takes its
neighbour as style, so that one folder of photographs and paintings is all it needs (the paper has a set of each).

What to expect: colours and strokes of a painting that it never saw, in one pass; less of its fine structure than the
slow transfer finds. No long run has been judged yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.canvas.backbones import open_backbone
from studio.canvas.objective import parse
from studio.core.capabilities import Stylises
from studio.core.compute import Compute
from studio.core.errors import BadConfig
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Recipe
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.core.store import default_workspace
from studio.nn.pictures import in_pairs, to_pixels
from studio.nn.statistics import adaptive_instance_norm, mean_and_std


def conv(inputs: int, outputs: int) -> nn.Sequential:
    """Return a 3x3 convolution with reflection padding and ReLU; no normalisation: it would undo AdaIN."""
    return nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3), nn.ReLU())


def make_decoder(inputs: int, widths: tuple[int, ...], channels: int, doublings: int) -> nn.Sequential:
    """Return the network (N, C, h, w) -> (N, channels, 2^doublings h, …) in 0..1, the encoder in reverse."""
    layers: list[nn.Module] = []
    for i, width in enumerate(widths):
        layers += [conv(inputs, width)]
        layers += [nn.Upsample(scale_factor=2)] if i < doublings else []
        inputs = width
    return nn.Sequential(
        *layers, conv(inputs, inputs), nn.ReflectionPad2d(1), nn.Conv2d(inputs, channels, 3), nn.Sigmoid()
    )


@register("adain", title="AdaIN", family="style", sources="Huang 2017 arXiv:1703.06868; Chollet 12.3")
class AdaIN(Recipe, Stylises):
    """One decoder for every style."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of AdaIN."""

        side: Annotated[
            int, Knob("Working size", 0, 512, unit="px", help="Examples are enlarged to it; 0 is their own.")
        ] = 128
        filters: Annotated[tuple[int, ...], Knob("Decoder widths", 4, 512, help="The first ones double the size.")] = (
            192,
            96,
            48,
        )
        backbone: Annotated[str, Knob("Encoder", help="See `generative-studio backbones list`.")] = "compact"
        layer: Annotated[str, Knob("Layer", help="Where statistics are exchanged; empty is the network's own.")] = ""
        strength: Annotated[float, Knob("Style λ", 0, 1e4, log=True, live=True, group="Training")] = 4.0
        lr: Annotated[float, Knob("Learning rate", 1e-6, 1.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    presets = (
        Preset(
            name="huang",
            title="Any style",
            source="Huang 2017",
            data="cifar10",
            shape=(3, 32, 32),
            training={"batch_size": 8, "epochs": 1},
            expects="No figure in the books.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Open the frozen encoder; create the decoder and its optimiser."""
        c = self.config
        found = open_backbone(c.backbone, default_workspace())
        self._eyes = (found.prepared(compute),)  # in a tuple: it is neither trained nor saved
        self._layer = found.layer(c.layer or parse(found.content, found)[0].layer)
        self._styles = tuple(term.layer for term in parse(found.style, found))
        doublings = self._layer.stride.bit_length() - 1
        if len(c.filters) < doublings:
            raise BadConfig(
                f"{len(c.filters)} decoder widths cannot undo the {doublings} halvings before {self._layer.name}.",
                f"Give at least {doublings} widths.",
            )
        self.decoder = compute.prepare(make_decoder(self._layer.channels, c.filters, spec.shape[0], doublings))
        self.opt = compute.adam(self.decoder.parameters(), lr=c.lr)

    # ---- training

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Do one step; each picture takes the style of its neighbour in the batch."""
        losses = self._losses(batch.x)
        self.compute.minimise(losses["loss"], self.opt)
        return {name: value.detach() for name, value in losses.items()}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the same terms on held-out pictures."""
        return self._losses(batch.x)

    def _losses(self, x: Tensor) -> dict[str, Tensor]:
        x = self._enlarged(x)
        with torch.no_grad(), self.compute.full_precision():
            style = self._features(x.roll(1, 0), {self._layer.name, *self._styles})
            wanted = adaptive_instance_norm(
                self._features(x, {self._layer.name})[self._layer.name], style[self._layer.name]
            )
        y = self._decode(wanted)
        with self.compute.full_precision():
            made = self._features(y, {self._layer.name, *self._styles})
        content = _relative(made[self._layer.name], wanted)
        pairs = [(mean_and_std(made[name]), mean_and_std(style[name])) for name in self._styles]
        terms = [_relative(a[0], b[0]) + _relative(a[1], b[1]) for a, b in pairs]
        statistics = torch.stack(terms).mean()
        return {"loss": content + self.config.strength * statistics, "content": content, "style": statistics}

    def _features(self, x: Tensor, layers: set[str]) -> dict[str, Tensor]:
        found = self._eyes[0].features(x.expand(-1, 3, -1, -1), layers)
        return {name: value.float() for name, value in found.items()}

    def _decode(self, t: Tensor) -> Tensor:
        made: Tensor = self.decoder(t.to(memory_format=self.compute.memory_format)).float()
        return made

    def _enlarged(self, x: Tensor) -> Tensor:
        """Bring examples to the working size, a multiple of the encoder's stride."""
        stride = max(self._layer.stride, 2)
        side = max(self.config.side, x.shape[-1], 2 * stride)
        side += -side % stride
        return x if x.shape[-1] == side else F.interpolate(x, (side, side), mode="bilinear", align_corners=False)

    # ---- using it

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show each picture beside its version in the style of its neighbour."""
        x = batch.x[:16]
        made = torch.cat([self.stylise(x[i : i + 1], x.roll(1, 0)[i : i + 1]) for i in range(len(x))])
        yield Images(0, "in the neighbour's style", to_pixels(in_pairs(x, made)), columns=8)

    @property
    def takes_style(self) -> bool:
        """Any picture can be the style."""
        return True

    @torch.no_grad()
    def stylise(self, x: Tensor, style: Tensor | None = None, strength: float = 1.0) -> Tensor:
        """Return pictures (N, C, H, W) with the style's statistics; `strength` mixes the features (section 7.2)."""
        small = x.shape[-1] == self.spec.shape[-1]
        ready = self._enlarged(x) if small else self._padded(x)
        plain = self._features(ready, {self._layer.name})[self._layer.name]
        other = self._enlarged(style) if style is not None and style.shape[-1] < self.config.side else style
        seen = plain if other is None else self._features(other, {self._layer.name})[self._layer.name]
        mixed = torch.lerp(plain, adaptive_instance_norm(plain, seen), strength)
        made = self._decode(mixed)
        if small:
            return F.interpolate(made, x.shape[-2:], mode="bilinear", antialias=True).clamp(0, 1)
        return made[..., : x.shape[-2], : x.shape[-1]].clamp(0, 1)

    def _padded(self, x: Tensor) -> Tensor:
        stride = self._layer.stride
        return F.pad(x, (0, -x.shape[-1] % stride, 0, -x.shape[-2] % stride), mode="replicate")


def _relative(a: Tensor, b: Tensor) -> Tensor:
    """Return the mean squared difference relative to the target's own mean square."""
    return (a - b).square().mean() / b.square().mean().clamp(min=1e-8)
