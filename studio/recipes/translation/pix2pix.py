"""pix2pix: pairs teach a translation; a discriminator asks for more than the average of all answers.

    G: x -> y,  D: (x, y) -> a verdict on each patch
    L(D) = -½ E log D(x, y) - ½ E log(1 - D(x, G(x)))
    L(G) = -E log D(x, G(x)) + λ E ‖y - G(x)‖₁,  λ = 100

The first term makes it sharp, the second right. G is a U-Net, D sees source and answer joined (conditional).

Isola 2017, arXiv:1611.07004. Used in: described only, in Atienza, Advanced Deep Learning with Keras (2018), 7.1, and
Foster, Generative Deep Learning (2019), chapters 5 and 9.

What we do differently: losses on logits; instance normalisation, which is the paper's batch normalisation at its batch
of 1; no dropout when a trained model translates, so that a picture has one answer (the paper leaves it on, and finds
that it changes little); pictures are mirrored, but not enlarged to 286 px and cut at random. D keeps the size in its
last two layers ("same" padding): 32 x 32 verdicts at 256 px where the paper's has 30 x 30. Two of the tasks need no
pairs: outlines or grey pictures are made from any data.

What to expect: outlines of 32 px photographs are filled with likely colours after a few thousand steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import torch
from torch import Tensor

from studio.core.capabilities import Domain
from studio.core.compute import Compute
from studio.core.errors import BadInput
from studio.core.events import Event, Images
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.adversarial import accuracies, cross_entropy_d, cross_entropy_g
from studio.nn.edges import edges
from studio.nn.pictures import grey, to_pixels
from studio.nn.plan import square
from studio.nn.translation_recipe import TranslationKnobs, Translator, distance

DEEP = (64, 128, 256, 512, 512, 512, 512, 512)
SMALL = {"filters": (64, 128, 256, 256, 256), "d_filters": (64, 128, 256)}


@register(
    "pix2pix",
    title="pix2pix",
    family="translation",
    sources="Isola 2017 arXiv:1611.07004; Atienza 7.1; Foster ch. 5, 9",
)
class Pix2Pix(Translator):
    """A translator that is told the answers, and a discriminator that knows the question."""

    @dataclass(frozen=True, kw_only=True)
    class Config(TranslationKnobs):
        """Knobs of pix2pix."""

        task: Annotated[
            Literal["edges", "grey", "pairs", "pairs reversed"],
            Knob("Task", help="Outlines or grey pictures made from any data; or pairs: left to right, right to left."),
        ] = "edges"
        generator: Annotated[
            Literal["deep", "upsampling", "preactivated", "residual"],
            Knob("Generator", help="U-Net of the paper, Foster's, Atienza's, or CycleGAN's residual blocks."),
        ] = "deep"
        filters: Annotated[tuple[int, ...], Knob("G: filters", 1, 1024, help="A level for each halving.")] = DEEP
        d_filters: Annotated[tuple[int, ...], Knob("D: filters", 1, 1024)] = (64, 128, 256, 512)
        dropout: Annotated[float, Knob("Dropout", 0.0, 0.95, help="First three blocks up: the noise of G.")] = 0.5
        adversarial: Annotated[
            float, Knob("Adversarial weight", 0.0, 100.0, live=True, group="Training", help="0 learns by L1 alone.")
        ] = 1.0
        l1: Annotated[float, Knob("L1 λ", 0.0, 10_000.0, live=True, group="Training", help="100 in the paper.")] = 100.0

    config: Config
    presets = (
        Preset(
            name="edges",
            title="Outlines to photographs",
            source="Isola 2017, 4; Atienza 7.1 (edges and photograph)",
            data="cifar10",
            config=SMALL,
            training={"epochs": 20, "batch_size": 64},
            data_options={"flip": True},
            shape=(3, 32, 32),
            expects="No figure in the books: pictures that fit their outlines, in likely colours.",
        ),
        Preset(
            name="grey",
            title="Grey to colour",
            source="Isola 2017, 4; Foster (2019), chapter 5",
            data="cifar10",
            config=SMALL | {"task": "grey"},
            training={"epochs": 20, "batch_size": 64},
            data_options={"flip": True},
            shape=(3, 32, 32),
            expects="No figure in the books: colours bolder than those of L1 alone.",
        ),
        Preset(
            name="isola",
            title="Labelled facades, 256 px",
            source="Isola 2017, 6.2",
            data="shapes",
            config={"task": "pairs reversed"},
            training={"epochs": 200, "batch_size": 1},
            data_options={"size": 256, "pairs": True, "flip": True},
            shape=(3, 256, 512),
            classes=0,
            expects="Photographs from label maps (give the facades' folder): 200 epochs of 400 pairs.",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create both networks and their optimisers."""
        c = self.config
        channels, self.size = square(self._half(spec))
        inputs = 1 if c.task in ("edges", "grey") else channels
        if c.task == "grey" and channels == 1:
            raise BadInput(f"The pictures of {spec.name} are grey already.", "Choose coloured ones, or another task.")
        self.generator = compute.prepare(self.make_generator(inputs, channels, c.dropout))
        self.discriminator = compute.prepare(self.make_discriminator(inputs + channels))
        self.opt_d = self.make_optimizer((self.discriminator,), c.lr_d)
        self.opt_g = self.make_optimizer((self.generator,), c.lr_g)
        self.widths = (inputs, channels)

    def _half(self, spec: DataSpec) -> DataSpec:
        """Return what one side of a pair looks like; other tasks take the picture as it is."""
        channels, height, width = spec.shape
        if not self.config.task.startswith("pairs"):
            return spec
        if width != 2 * height:
            raise BadInput(
                f"The pictures of {spec.name} are no pairs: {width} x {height}.",
                "Turn on 'Pairs' in the data options: two folders with equal names, or two pictures side by side.",
            )
        return replace(spec, shape=(channels, height, height))

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach the discriminator on true and made pairs, then the generator through it."""
        c, (x, y) = self.config, self._pair(batch.x)
        made = self.run(self.generator, x)
        real = self.discriminator(torch.cat([x, y], dim=1)).float()  # (N, 1, h, w)
        fake = self.discriminator(torch.cat([x, made.detach()], dim=1)).float()
        loss_d = cross_entropy_d(real, fake)
        self.compute.minimise(loss_d, self.opt_d)

        fooled = cross_entropy_g(self.discriminator(torch.cat([x, made], dim=1)))
        l1 = distance(made, y)
        loss_g = c.adversarial * fooled + c.l1 * l1
        self.compute.minimise(loss_g, self.opt_g)
        metrics = {"loss_d": loss_d, "loss_g": loss_g, "adversarial": fooled, "l1": l1, **accuracies(real, fake)}
        return {name: value.detach() for name, value in metrics.items()}

    def _pair(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return source and answer in the networks' range."""
        return self.inside(self.sources(x)), self.inside(self.targets(x))

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the mean absolute error (0..1) on held-out pairs."""
        return {"error": distance(self.translate(self.sources(batch.x)), self.targets(batch.x))}

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show source, answer of the network, and truth, side by side."""
        x, y = self.sources(batch.x[:12]), self.targets(batch.x[:12])
        rows = torch.stack([part.float().expand(y.shape) for part in (x, self.translate(x), y)], dim=1)
        yield Images(0, "source, made, true", to_pixels(rows.flatten(0, 1)), columns=6)

    @property
    def domains(self) -> tuple[Domain, Domain]:
        """What the task is about."""
        names = {"edges": ("edges", "picture"), "grey": ("grey", "colour"), "pairs": ("left", "right")}
        first, second = names.get(self.config.task, ("right", "left"))
        return Domain(name=first, channels=self.widths[0]), Domain(name=second, channels=self.widths[1])

    @property
    def both_ways(self) -> bool:
        """It learns one direction."""
        return False

    def sources(self, x: Tensor, backwards: bool = False, amount: float | None = None) -> Tensor:
        """Return outlines, grey pictures, or the asked half of pairs."""
        if self.config.task == "edges":
            return edges(x)
        if self.config.task == "grey":
            return grey(x)
        return x[..., : self.size] if self.config.task == "pairs" else x[..., self.size :]

    def targets(self, x: Tensor) -> Tensor:
        """Return the picture itself, or the other half of pairs."""
        if not self.config.task.startswith("pairs"):
            return x
        return x[..., self.size :] if self.config.task == "pairs" else x[..., : self.size]

    @torch.no_grad()
    def translate(self, x: Tensor, backwards: bool = False) -> Tensor:
        """Return G(x), (N, C, H, W) in 0..1; dropout rests in a trained model."""
        return self.outside(self.run(self.generator, self.inside(x)))
