"""CycleGAN: two collections of pictures, no pairs; a translation must lead back to where it came from.

    G: A -> B,  F: B -> A
    L(D_B) = ½ E (D_B(b) - 1)² + ½ E D_B(G(a))²                    and its mirror                    (least squares)
    L(G, F) = λ₁ [E (D_B(G(a)) - 1)² + E (D_A(F(b)) - 1)²]         adversarial
            + λ₂ [E ‖F(G(a)) - a‖₁ + E ‖G(F(b)) - b‖₁]             cycle
            + λ₃ [E ‖F(a) - a‖₁ + E ‖G(b) - b‖₁]                   identity

Zhu 2017, arXiv:1703.10593; least squares: Mao 2017, arXiv:1611.04076. Used in: Atienza, Advanced Deep Learning with
Keras (2018), 7.1; Foster, Generative Deep Learning (2019), chapter 5.

What we do differently: a batch is drawn from both domains at once and cut into sides of equal size; a side with fewer
members repeats them, one without any does not count. Targets take the discriminator's own output shape: Atienza's
text wants 2 x 2 verdicts and his listing makes 4 x 4 (we take stride 2, as his shipped code), Foster's labels are
size/16 a side and his network makes size/8. Both discriminators learn from the fakes that the generators' step uses.
Identity is left out where channels differ. Residual blocks mirror the border (Foster's listing pads zeros).

What to expect: grey -> colour keeps shapes and picks plausible, often wrong colours (CIFAR-10, 1,000 steps: 12 % off,
after the way back 9 %). Digits -> street numbers have the look early and turn into other digits ("label flipping").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from torch import Tensor

from studio.core.capabilities import Domain
from studio.core.compute import Compute
from studio.core.events import Event
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.domains import ImagePool, Sides, by_class, by_halves, check_domains
from studio.nn.pictures import grey
from studio.nn.plan import square
from studio.nn.translation_recipe import TranslationKnobs, TwoWayTranslator, distance, share, squared

ATIENZA = {"generator": "preactivated", "kernel": 3, "norm": "scalar", "d_norm": False, "identity": 0.0, "pool": 0}
ATIENZA |= {"optimiser": "rmsprop", "lr_g": 1e-4}
DIGITS = {"domains": "grey-classes", "kernel": 5}
LONG = {"steps": 100_000, "batch_size": 64, "schedule": "time", "decay": 6e-8}
TO_ZERO = {"schedule": "milestones", "milestones": ", ".join(f"{100 + 10 * i}: {0.95 - i / 10:g}" for i in range(10))}
"""The paper's rate: constant for 100 epochs, then down to zero on a line (here in ten steps)."""
ZHU = {"generator": "residual", "filters": (64,), "d_filters": (64, 128, 256, 512), "identity": 5.0}


def at_32(name: str, title: str, expects: str, verdict: str = "coarse patches") -> Preset:
    """Return one of Atienza's: grey and colour (G 869,041 and 868,463), or digits (2,412,721 and 2,411,119)."""
    digits = name.startswith("atienza-digits")
    config = ATIENZA | {"verdict": verdict} | (DIGITS if digits else {"domains": "grey-colour"})
    data: dict[str, Any] = {"data": "street-digits", "classes": 2} if digits else {"data": "cifar10", "classes": 10}
    data |= {"source": "Atienza 7.1", "shape": (3, 32, 32)}
    return Preset(name=name, title=title, config=config, training=LONG, expects=expects, **data)


def two_folders(name: str, title: str, expects: str, *, side: int = 128, **made: Any) -> Preset:
    """Return an experiment on two collections of pictures."""
    made = {"source": "Foster (2019), chapter 5", "training": {"epochs": 200, "batch_size": 2}, **made}
    made |= {"data_options": {"size": side, "flip": True}, "shape": (3, side, side), "classes": 2}
    return Preset(name=name, title=title, data="fruit", expects=expects, **made)


@register(
    "cyclegan", title="CycleGAN", family="translation", sources="Zhu 2017 arXiv:1703.10593; Atienza 7.1; Foster ch. 5"
)
class CycleGAN(TwoWayTranslator):
    """Two generators that undo each other, two discriminators that watch them."""

    @dataclass(frozen=True, kw_only=True)
    class Config(TranslationKnobs):
        """Knobs of the CycleGAN."""

        domains: Annotated[
            Literal["classes", "grey-classes", "grey-colour"],
            Knob("Domains", help="Two classes; the first of them made grey; or one collection without its colours."),
        ] = "classes"
        pool: Annotated[
            int, Knob("Earlier fakes", 0, 1000, group="Training", help="Kept to be shown to D again; 0 is off.")
        ] = 50
        adversarial: Annotated[float, Knob("Adversarial λ₁", 0.0, 100.0, live=True, group="Training")] = 1.0
        cycle: Annotated[float, Knob("Cycle λ₂", 0.0, 1000.0, live=True, group="Training")] = 10.0
        identity: Annotated[
            float, Knob("Identity λ₃", 0.0, 1000.0, live=True, group="Training", help="Holds colours in place.")
        ] = 2.0

    config: Config
    presets = (
        at_32("atienza", "Grey to colour, one verdict", "Plausible colours, not always the true ones.", "whole"),
        at_32("atienza-patch", "Grey to colour, 2 x 2 patches", "As with one verdict; skies are closer to the truth."),
        at_32("atienza-digits", "Plain digits and street numbers", "The look is right, the digit often another one."),
        at_32(
            "atienza-digits-whole", "The same, one verdict", "Digits get lost in other ways than with patches.", "whole"
        ),
        two_folders(
            "foster", "Apples and oranges, 128 px", "Fruit changes, trays stay (give the photographs' folder)."
        ),
        two_folders(
            "foster-no-identity",
            "Without the identity term",
            "Trays turn from black to white.",
            config={"identity": 0.0},
        ),
        two_folders(
            "foster-monet",
            "Paintings and photographs, 256 px",
            "Brush strokes fade into photographs (give monet2photo's folder). G 2,850,563, D 2,764,737.",
            side=256,
            config=ZHU | {"filters": (32,)},
        ),
        two_folders(
            "zhu",
            "The paper's: six residual blocks, 128 px",
            "Horses become zebras and the like (give a folder with trainA, trainB, testA, testB).",
            source="Zhu 2017",
            config=ZHU | {"blocks": 6},
            training={"epochs": 200, "batch_size": 2, **TO_ZERO},
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create four networks, two pools of earlier fakes, and an optimiser for each side."""
        c, (channels, self.size) = self.config, square(spec)
        check_domains(spec, two_classes=c.domains != "grey-colour")
        self.widths = (1 if c.domains.startswith("grey") else channels, channels)
        self.generator_ab = compute.prepare(self.make_generator(*self.widths))
        self.generator_ba = compute.prepare(self.make_generator(*self.widths[::-1]))
        self.discriminator_a = compute.prepare(self.make_discriminator(self.widths[0]))
        self.discriminator_b = compute.prepare(self.make_discriminator(self.widths[1]))
        self.pool_a = compute.prepare(ImagePool(c.pool, (self.widths[0], self.size, self.size)))
        self.pool_b = compute.prepare(ImagePool(c.pool, (self.widths[1], self.size, self.size)))
        self.opt_d = self.make_optimizer((self.discriminator_a, self.discriminator_b), c.lr_d)
        self.opt_g = self.make_optimizer((self.generator_ab, self.generator_ba), c.lr_g)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach both discriminators, then both generators through them."""
        c, (a, b, has_a, has_b) = self.config, self._sides(batch)
        fake_a, fake_b = self.ba(b), self.ab(a)
        shown_a, shown_b = self.pool_a(fake_a.detach(), has_b > 0), self.pool_b(fake_b.detach(), has_a > 0)
        real = self.discriminator_a(a).float(), self.discriminator_b(b).float()  # (N, 1, h, w) or (N, 1)
        fake = self.discriminator_a(shown_a).float(), self.discriminator_b(shown_b).float()
        errors_real = has_a * squared(real[0], 1) + has_b * squared(real[1], 1)
        errors_fake = has_b * squared(fake[0], 0) + has_a * squared(fake[1], 0)
        loss_d = (errors_real + errors_fake) / 4
        self.compute.minimise(loss_d, self.opt_d)

        fooled = has_a * squared(self.discriminator_b(fake_b), 1) + has_b * squared(self.discriminator_a(fake_a), 1)
        cycle = has_a * distance(self.ba(fake_b), a) + has_b * distance(self.ab(fake_a), b)
        identity = has_a.new_zeros(())
        if c.identity and self.widths[0] == self.widths[1]:
            identity = has_a * distance(self.ba(a), a) + has_b * distance(self.ab(b), b)
        loss_g = c.adversarial * fooled + c.cycle * cycle + c.identity * identity
        self.compute.minimise(loss_g, self.opt_g)
        metrics = {"loss_d": loss_d, "loss_g": loss_g, "adversarial": fooled, "cycle": cycle, "identity": identity}
        metrics["acc_real"] = (has_a * share(real[0] > 0.5) + has_b * share(real[1] > 0.5)) / (has_a + has_b)
        metrics["acc_fake"] = (has_b * share(fake[0] < 0.5) + has_a * share(fake[1] < 0.5)) / (has_a + has_b)
        return {name: value.detach() for name, value in metrics.items()}

    def _sides(self, batch: Batch) -> Sides:
        """Return members of both domains in the networks' range."""
        if self.config.domains == "grey-colour":
            sides = by_halves(batch.x)
        else:
            assert batch.y is not None  # two classes
            sides = by_class(batch.x, batch.y)
        a = grey(sides.a) if self.widths[0] == 1 else sides.a
        return Sides(self.inside(a), self.inside(sides.b), sides.has_a, sides.has_b)

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return the mean |x'' - x| (0..1) after a round trip from the own domain and, where known, |G(a) - b|."""
        if self.config.domains == "grey-colour":
            made = self.translate(grey(batch.x))
            return {"cycle": distance(self.translate(made, True), grey(batch.x)), "error": distance(made, batch.x)}
        assert batch.y is not None
        return {"cycle": self.round_trip_error(batch.x, batch.y == 0)}

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show a picture of each domain, its translation, and the way back, side by side."""
        a, b, _, _ = self._sides(batch)
        there, back = (domain.name for domain in self.domains)
        yield self.there_and_back(f"{there} to {back} and back", a[:8], False)
        yield self.there_and_back(f"{back} to {there} and back", b[:8], True)

    @property
    def domains(self) -> tuple[Domain, Domain]:
        """The two classes, or pictures without and with their colours."""
        names = ("grey", "colour") if self.config.domains == "grey-colour" else self.spec.classes
        return Domain(name=names[0], channels=self.widths[0]), Domain(name=names[1], channels=self.widths[1])

    def sources(self, x: Tensor, backwards: bool = False, amount: float | None = None) -> Tensor:
        """Return pictures as they are, or without their colours where the domain has none."""
        return grey(x) if self.widths[0] == 1 and not backwards else x

    def targets(self, x: Tensor) -> Tensor | None:
        """Return the coloured picture of a grey one; between two classes nobody knows."""
        return x if self.config.domains == "grey-colour" else None
