"""What is measured and shown while a recipe trains: held-out metrics and previews, with averaged weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor

from studio.core import events as ev
from studio.core import seeds
from studio.core.average import Average
from studio.core.compute import Compute
from studio.core.feed import fetch, in_order
from studio.core.recipe import Batch, Recipe
from studio.core.spec import DataSet

BATCH = 256
PREVIEW_EXAMPLES = 64


class Evaluation:
    """Looks at a recipe between two steps and leaves it as it was.

    Args:
        recipe: built, on its device.
        data: its held-out examples are used; for previews the training examples when nothing is held out.
        compute: how this process computes.
        seed: of the run; random draws depend on it and on the batch alone, so that figures can be compared.
        average: moving average of the weights, used in their place.
    """

    def __init__(self, recipe: Recipe, data: DataSet, compute: Compute, seed: int, average: Average | None) -> None:
        self._recipe, self._data, self._compute = recipe, data, compute
        self._seed, self._average = seed, average

    def held_out(self, stopped: Callable[[], bool]) -> dict[str, float]:
        """Return every held-out metric by name, or nothing when stopped in the middle."""
        sums: dict[str, Tensor] = {}
        count = 0
        with self._looking():
            for number, batch in enumerate(in_order(self._data.val, BATCH, self._compute)):
                seeds.seed_everything(seeds.derive(self._seed, "val", number), self._compute.device)
                for name, value in self._recipe.validate(batch).items():
                    sums[name] = sums.get(name, 0) + value.double() * len(batch)
                count += len(batch)
                if stopped():
                    return {}
        means = {name: float(total) / count for name, total in sums.items()}
        return {**means, **self._recipe.derived(means)}

    def preview(self) -> list[ev.Event]:
        """Return what the recipe shows of itself; the same examples and draws at every step."""
        seeds.seed_everything(seeds.derive(self._seed, "preview"), self._compute.device)
        with self._looking():
            return list(self._recipe.preview(self._preview_batch()))

    def _preview_batch(self) -> Batch:
        """Return examples spread evenly: in a folder of classes the first ones would all be of one class."""
        split = self._data.val if len(self._data.val) else self._data.train
        count = min(PREVIEW_EXAMPLES, len(split))
        index = (torch.arange(count) * len(split) // max(count, 1)).numpy()
        return fetch(split, index, self._compute)

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """Evaluation mode, averaged weights, no gradients; restored afterwards."""
        modules = self._recipe.modules().values()
        with ExitStack() as stack:
            stack.enter_context(torch.no_grad())
            stack.enter_context(self._compute.autocast())
            if self._average is not None:
                stack.enter_context(self._average.in_place())
            modes = [(m, m.training) for m in modules]
            for module in modules:
                module.eval()
            try:
                yield
            finally:
                for module, training in modes:
                    module.train(training)
