"""The base of GANs that are told more than noise: classes, codes, styles, truncation.

A recipe that inherits `ConditionedGAN` states its `inputs` and how a full set of them is painted; what a person can
choose, what training draws and what previews show and sweep then come from that one list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Generator, Tensor

from studio.core.capabilities import Conditioned, Input
from studio.core.compute import generator as seeded
from studio.core.events import Event, Images
from studio.core.recipe import Batch
from studio.nn.adversarial import draw_noise, one_hot
from studio.nn.gan_recipe import GAN, PREVIEWED
from studio.nn.pictures import to_pixels

WIDEST, ROWS = 12, 4
"""Up to so many classes, samples have a column for each; draws shown of each class."""
STEPS, SWEPT = 10, 6
"""Values of a swept input; draws that are swept where there are no classes."""


class ConditionedGAN(GAN, Conditioned):
    """Base of recipes whose generator is fed by declared inputs."""

    def paint(self, given: Mapping[str, Tensor]) -> Tensor:
        """Return pictures (N, C, H, W) in 0..1, with gradients, of a full set of inputs on the recipe's device."""
        raise NotImplementedError

    def draw_numbers(self, wanted: Input, n: int, generator: Generator | None) -> Tensor:
        """Draw a noise or a code as in training, (n, size) on the CPU."""
        return draw_noise(n, wanted.size, self.noise, generator)

    def draw(self, n: int, generator: Generator | None = None) -> dict[str, Tensor]:
        """Draw every input as in training, on the CPU: even labels, noise, amounts at rest.

        Args:
            n: number of pictures.
            generator: CPU generator; None takes torch's global one, as training does.
        """
        drawn = {}
        for wanted in self.inputs:
            if wanted.kind == "label":
                drawn[wanted.name] = torch.randint(wanted.size, (n,), generator=generator)
            elif wanted.kind == "amount":
                drawn[wanted.name] = torch.full((n,), wanted.default)
            else:
                drawn[wanted.name] = self.draw_numbers(wanted, n, generator)
        return drawn

    def drawn_here(self, n: int) -> dict[str, Tensor]:
        """Return fresh inputs for a training step on the recipe's device."""
        return self.here(self.draw(n))

    def here(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the inputs on the recipe's device."""
        return {name: value.to(self.compute.device) for name, value in inputs.items()}

    @torch.no_grad()
    def generate(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the pictures of a full set of inputs, float32 (N, C, H, W) in 0..1."""
        return self.paint(self.here(inputs)).float()

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return new pictures (N, C, H, W) in 0..1."""
        return self.generate(self.draw(n, generator))

    @property
    def label(self) -> Input | None:
        """The input that is a class, where there is one."""
        return next((i for i in self.inputs if i.kind == "label"), None)

    def told(self, labels: Tensor | None, beside: Tensor) -> Tensor:
        """Return one-hot labels (N, K) as the networks are told them; nothing, (N, 0), without a label input.

        Args:
            labels: int64 (N,), or None when the data has none.
            beside: any tensor (N, ...): for the length and the device.
        """
        if labels is None or self.label is None:
            return torch.zeros(len(beside), 0, device=beside.device)
        return one_hot(labels, self.label.size)

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show what the same draws have become."""
        yield self.samples()

    def samples(self) -> Images:
        """Return a preview of the same draws as ever: a column per class, a row per draw of everything else.

        With many classes it shows the first 36, a draw each; without classes 36 draws.
        """
        if self.label is None:
            return Images(0, "samples", to_pixels(self.sample(PREVIEWED, seeded(0))), columns=6)
        classes = self.label.size
        columns, rows = (classes, ROWS) if classes <= WIDEST else (6, PREVIEWED // 6)
        given = self.draw(columns * rows, seeded(0))
        if classes <= WIDEST:
            given = {name: value[:rows].repeat_interleave(columns, dim=0) for name, value in given.items()}
        given[self.label.name] = torch.arange(columns * rows) % classes
        captions = tuple(self.label.choices[i] for i in given[self.label.name].tolist())
        return Images(0, "samples", to_pixels(self.generate(given)), columns=columns, captions=captions)

    def sweep(self, name: str, **still: float) -> Images:
        """Return a preview of one input over its range: a column per value, a row per class (or per draw).

        Args:
            name: of a code of one number or an amount.
            still: values of other inputs; the rest is drawn, equal along a row.
        """
        swept, label = next(i for i in self.inputs if i.name == name), self.label
        rows = min(label.size, WIDEST) if label else SWEPT
        given = self.draw(rows, seeded(0))
        if label:
            given[label.name] = torch.arange(rows)
        given |= {other: torch.full_like(given[other], value) for other, value in still.items()}
        given = {other: value.repeat_interleave(STEPS, dim=0) for other, value in given.items()}
        values = torch.linspace(swept.low, swept.high, STEPS).repeat(rows)
        given[name] = values.view_as(given[name])
        title = f"{swept.title}, {swept.low:g} to {swept.high:g}"
        return Images(0, title, to_pixels(self.generate(given)), columns=STEPS)
