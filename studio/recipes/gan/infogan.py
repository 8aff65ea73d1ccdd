"""InfoGAN: some inputs of the generator get a meaning, because a second head must be able to read them off.

    min_{G,Q} max_D  V(D, G) - λ I(c; G(z, c))          I(c; G) ≥ H(c) + E log Q(c | G(z, c))

Besides noise the generator gets a label and a few numbers ("codes"). Q shares the discriminator's body and guesses
both from the picture. -E log Q(label | x) is the cross-entropy. For codes there are two losses:

    book        -E c log(q + ε), q = sigmoid(Q(x)), ε = 1e-7     (by sign: c > 0 pulls q to 1, c < 0 to 0)
    gaussian    -E log N(c; μ(x), σ²(x))                         (a likelihood: bounded by H(c), as in the paper)

Chen 2016, arXiv:1606.03657. Used in: Atienza, Advanced Deep Learning with Keras (2018), 6.1.

What we do differently: the book is semi-supervised (Q also learns the labels of real pictures), the paper is not:
`use_labels`. The book trains the code heads on real pictures, too, with codes drawn at random; that is noise around
zero, so we leave it out. Losses on logits; the networks are stretched to the picture's size.

What to expect: on MNIST, after 5,000 steps (27 minutes on two busy cores), an independent classifier gives 99 % of the
samples the asked label. In the book one code becomes the thickness of the stroke, the other its tilt.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from studio.core.capabilities import Input
from studio.core.compute import Compute
from studio.core.events import Event
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.nn.adversarial import accuracies, cross_entropy_d, cross_entropy_g, draw_noise, one_hot
from studio.nn.classification import accuracy
from studio.nn.conditioned_gan import ConditionedGAN
from studio.nn.image_gan import D_FILTERS, G_FILTERS, Headed, image_features, image_generator
from studio.nn.information import book_code_loss, gaussian_code_loss, gaussian_entropy
from studio.nn.keras import Dense
from studio.nn.pictures import crop
from studio.nn.plan import square

BUDGET = {"steps": 40_000, "batch_size": 64, "schedule": "time", "decay": 6e-8}


@register("infogan", title="InfoGAN", family="gan", sources="Chen 2016 arXiv:1606.03657; Atienza 6.1")
class InfoGAN(ConditionedGAN):
    """A generator whose codes can be read off its pictures."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the InfoGAN."""

        latent_dim: Annotated[int, Knob("Noise", 1, 1024, log=True, help="Numbers without a meaning.")] = 62
        codes: Annotated[int, Knob("Codes", 1, 8, help="Numbers that shall get a meaning.")] = 2
        code_std: Annotated[float, Knob("Spread of the codes", 0.01, 2.0, help="c ~ N(0, σ²).")] = 0.5
        code_loss: Annotated[
            Literal["book", "gaussian"], Knob("Code head", help="The book's sign-driven loss, or a likelihood.")
        ] = "book"
        use_labels: Annotated[
            bool, Knob("Learn the labels", help="As the book; otherwise it finds kinds of its own, as the paper.")
        ] = True
        categories: Annotated[int, Knob("Kinds", 2, 60, help="When labels are not learnt or not known.")] = 10
        g_filters: Annotated[tuple[int, ...], Knob("G: filters", 1, 2048)] = G_FILTERS
        d_filters: Annotated[tuple[int, ...], Knob("D: filters", 1, 2048)] = D_FILTERS
        head: Annotated[int, Knob("Q: width", 1, 4096, help="Dense layer that the heads of Q share.")] = 128
        label_weight: Annotated[float, Knob("λ of the label", 0.0, 10.0, live=True)] = 1.0
        code_weight: Annotated[float, Knob("λ of each code", 0.0, 10.0, live=True)] = 0.5
        lr_d: Annotated[float, Knob("D and Q: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 2e-4
        lr_g: Annotated[float, Knob("G: learning rate", 1e-7, 1.0, log=True, live=True, group="Optimiser")] = 1e-4

    config: Config
    noise = "uniform"
    presets = (
        Preset(
            name="atienza",
            title="MNIST digits with two codes",
            source="Atienza 6.1",
            data="mnist",
            training=BUDGET,
            expects="Label = digit, code 1 = thickness, code 2 = tilt. G 1,138,433, D and Q 1,606,541.",
        ),
        Preset(
            name="gaussian",
            title="The same with a Gaussian likelihood for the codes",
            source="Atienza 6.1 with the code head of Chen 2016",
            data="mnist",
            config={"code_loss": "gaussian"},
            training=BUDGET,
            expects="As the book's, with codes that are read off more exactly (not printed in the book).",
        ),
        Preset(
            name="unsupervised",
            title="Digits found without labels",
            source="Chen 2016, section 7.2, with Atienza's networks",
            data="mnist",
            config={"code_loss": "gaussian", "use_labels": False},
            training=BUDGET,
            expects="Kinds that match digits with 5 % error (paper; its networks differ).",
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create the generator, the discriminator with its heads, and their optimisers."""
        c, (channels, self.size) = self.config, square(spec)
        self.supervised = c.use_labels and bool(spec.classes)
        self.kinds = spec.classes if self.supervised else tuple(f"kind {i + 1}" for i in range(c.categories))
        self.code_names = [f"code{i + 1}" for i in range(c.codes)]
        inputs = c.latent_dim + len(self.kinds) + c.codes
        self.generator = compute.prepare(image_generator(inputs, channels, self.size, filters=c.g_filters))
        body, features = image_features(channels, self.size, filters=c.d_filters)
        answers = c.codes * (2 if c.code_loss == "gaussian" else 1)
        q = Headed(Dense(features, c.head), Dense(c.head, len(self.kinds)), Dense(c.head, answers))
        self.discriminator = compute.prepare(Headed(body, Dense(features, 1), q))
        self.opt_d = compute.rmsprop(self.discriminator.parameters(), c.lr_d)
        self.opt_g = compute.rmsprop(self.generator.parameters(), c.lr_g)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Teach D and Q on one joint batch, then the generator through both."""
        n, given = len(batch), self.drawn_here(len(batch))
        with torch.no_grad():
            fakes = self.paint(given)
        scores, (labels, codes) = self.discriminator(torch.cat([batch.x, fakes]))
        unread, _ = self._unread(given, labels[n:], codes[n:])
        if self.supervised and batch.y is not None:
            unread = unread + self.config.label_weight * F.cross_entropy(labels[:n].float(), batch.y)
        loss_d = cross_entropy_d(scores[:n], scores[n:]) + 0.5 * unread  # means over the joint batch
        self.compute.minimise(loss_d, self.opt_d)

        given = self.drawn_here(n)
        fooled, (labels, codes) = self.discriminator(self.paint(given))
        unread, information = self._unread(given, labels, codes)
        loss_g = cross_entropy_g(fooled) + unread
        self.compute.minimise(loss_g, self.opt_g)
        metrics = {"loss_d": loss_d, "loss_g": loss_g, **accuracies(scores[:n], scores[n:]), **information}
        metrics["label_accuracy"] = accuracy(labels, given["label"])
        return {name: value.detach() for name, value in metrics.items()}

    def _unread(self, given: Mapping[str, Tensor], labels: Tensor, codes: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return λ times what Q could not read off, and the bounds H(c) + E log Q(c|x) in nats where they exist."""
        c, wanted = self.config, torch.cat([given[name] for name in self.code_names], dim=1)
        label_loss = F.cross_entropy(labels.float(), given["label"])
        gaussian = c.code_loss == "gaussian"
        code_loss = gaussian_code_loss(wanted, codes) if gaussian else book_code_loss(wanted, codes)
        told = {"mi_label": math.log(len(self.kinds)) - label_loss, "loss_codes": code_loss}
        if gaussian:
            told["mi_codes"] = c.codes * gaussian_entropy(c.code_std) - code_loss
        return c.label_weight * label_loss + c.code_weight * code_loss, told

    def draw_numbers(self, wanted: Input, n: int, generator: Generator | None) -> Tensor:
        """Draw noise ~ U[-1, 1] or a code ~ N(0, σ²)."""
        if wanted.kind == "noise":
            return super().draw_numbers(wanted, n, generator)
        return self.config.code_std * draw_noise(n, wanted.size, "normal", generator)

    def paint(self, given: Mapping[str, Tensor]) -> Tensor:
        """Return pictures (N, C, H, W) in 0..1 of noise, label and codes."""
        parts = [given["noise"], one_hot(given["label"], len(self.kinds)), *(given[name] for name in self.code_names)]
        return crop(self.generator(torch.cat(parts, dim=1)), self.size).sigmoid()

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Noise, label and one slider per code."""
        what = "Whatever Q can read off; on MNIST thickness and tilt."
        names = enumerate(self.code_names)
        codes = (Input(name=k, title=f"Code {i + 1}", kind="code", help=what) for i, k in names)
        return Input.noise(self.config.latent_dim), Input.label(self.kinds), *codes

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show the same draws as before, and each code swept for each kind, the other codes at zero."""
        yield self.samples()
        for name in self.code_names:
            yield self.sweep(name, **{other: 0.0 for other in self.code_names if other != name})
