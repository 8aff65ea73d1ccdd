"""The base of GANs that make their pictures from declared inputs: drawing, generating, sampling and sweeping them.

A recipe that inherits `DeclaredGAN` states its `inputs` and how a full set of them is painted; what a person can
choose, what training draws and what previews sweep then come from that one list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from studio.core.capabilities import Conditioned, Input, Samples
from studio.core.compute import generator as seeded
from studio.core.events import Images
from studio.core.recipe import Recipe
from studio.nn.adversarial import one_hot
from studio.nn.pictures import to_pixels

COLUMNS, ROWS = 10, 6
"""Values of a swept input and classes shown at most; draws shown of each."""
PREVIEWED = ROWS * ROWS


class DeclaredGAN(Recipe, Samples, Conditioned):
    """Base of recipes whose generator is fed by declared inputs."""

    config: Any
    best_metric = ""  # no held-out number says which generator is better

    def paint(self, given: Mapping[str, Tensor]) -> Tensor:
        """Return pictures (N, C, H, W) in 0..1, with gradients, of a full set of inputs on the recipe's device."""
        raise NotImplementedError

    def noise(self, wanted: Input, n: int, generator: Generator | None) -> Tensor:
        """Draw a noise or a code as in training, (n, size) on the CPU: N(0, 1) unless the recipe says otherwise."""
        return torch.randn(n, wanted.size, generator=generator)

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
                drawn[wanted.name] = self.noise(wanted, n, generator)
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

    def samples(self) -> Images:
        """Return a preview of the same draws as ever: a row per class, a column per draw of everything else."""
        if self.label is None:
            return Images(0, "samples", to_pixels(self.sample(PREVIEWED, seeded(0))), columns=6)
        rows = min(self.label.size, COLUMNS)
        given = {
            name: value.repeat(rows, *[1] * (value.ndim - 1)) for name, value in self.draw(ROWS, seeded(0)).items()
        }
        given[self.label.name] = torch.arange(rows).repeat_interleave(ROWS)
        captions = tuple(name for name in self.label.choices[:rows] for _ in range(ROWS))
        return Images(0, "samples", to_pixels(self.generate(given)), columns=ROWS, captions=captions)

    def sweep(self, name: str, **still: float) -> Images:
        """Return a preview of one input over its range: a column per value, a row per class (or per draw).

        Args:
            name: of a code of one number or an amount.
            still: values of other inputs; the rest is drawn, equal along a row.
        """
        swept, label = next(i for i in self.inputs if i.name == name), self.label
        rows = min(label.size, COLUMNS) if label else ROWS
        given = self.draw(rows, seeded(0))
        if label:
            given[label.name] = torch.arange(rows)
        given |= {other: torch.full_like(given[other], value) for other, value in still.items()}
        given = {other: value.repeat_interleave(COLUMNS, dim=0) for other, value in given.items()}
        values = torch.linspace(swept.low, swept.high, COLUMNS).repeat(rows)
        given[name] = values.view_as(given[name])
        title = f"{swept.title}, {swept.low:g} to {swept.high:g}"
        return Images(0, title, to_pixels(self.generate(given)), columns=COLUMNS)


def share_right(logits: Tensor, y: Tensor) -> Tensor:
    """Return the accuracy (0..1) of logits (N, K) against labels int64 (N,)."""
    return (logits.argmax(dim=1) == y).float().mean()
