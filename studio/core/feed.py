"""Batches without a DataLoader: gather bytes by index, convert on the device.

Data that fits stays on the device as one uint8 tensor; otherwise each batch is gathered from memory or from
a memory-mapped file. No worker processes, no per-item Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.core import seeds
from studio.core.compute import Compute
from studio.core.recipe import Batch
from studio.core.spec import Split

Augment = Callable[[Tensor, torch.Generator], Tensor]
RESIDENT_SHARE = 0.25  # of the free memory of a GPU


class Feed:
    """Training batches as a pure function of (seed, step).

    Args:
        split: where examples come from.
        batch_size: global batch size; several processes share it.
        seed: of the run.
        compute: device, memory format and share of this process.
        augment: changes float images (N, C, H, W) in 0..1 with a generator derived from (seed, step).
    """

    def __init__(
        self, split: Split, batch_size: int, seed: int, compute: Compute, augment: Augment | None = None
    ) -> None:
        self.split = split
        self.batch_size = min(batch_size, len(split))
        self.seed = seed
        self.compute = compute
        self.augment = augment
        world = compute.world
        whole = len(split) // world * world
        self.per_epoch = max(1, math.ceil(whole / self.batch_size))
        self._epoch = -1
        self._order: NDArray[np.int64] = np.empty(0, np.int64)
        self._resident = _resident(split, compute)

    def batch(self, step: int) -> Batch:
        """Return the batch of a step (this process' share of it)."""
        epoch, number = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._order = seeds.order(self.seed, epoch, len(self.split)).numpy()
            self._epoch = epoch
        index = self._order[number * self.batch_size : (number + 1) * self.batch_size]
        if self.compute.world > 1:
            index = index[: len(index) // self.compute.world * self.compute.world]
            index = index[self.compute.rank :: self.compute.world]
        batch = self._fetch(index)
        if self.augment is not None:
            generator = torch.Generator().manual_seed(seeds.derive(self.seed, "augment", step))
            batch = Batch(self.augment(batch.x, generator), batch.y)
        return batch

    def _fetch(self, index: NDArray[np.int64]) -> Batch:
        if self._resident is not None:
            where = torch.from_numpy(index).to(self.compute.device)
            x, y = self._resident
            return to_batch(x[where], None if y is None else y[where], self.compute)
        return fetch(self.split, index, self.compute)


def _resident(split: Split, compute: Compute) -> tuple[Tensor, Tensor | None] | None:
    """Return the whole split on a GPU when it takes a small share of the free memory."""
    if compute.device.type != "cuda" or not len(split):
        return None
    x, y = split.gather(np.arange(1))
    if x.nbytes * len(split) > RESIDENT_SHARE * torch.cuda.mem_get_info(compute.device)[0]:
        return None
    x, y = split.gather(np.arange(len(split)))
    device = compute.device
    return torch.from_numpy(x).to(device), None if y is None else torch.from_numpy(y).to(device)


def fetch(split: Split, index: NDArray[np.int64], compute: Compute) -> Batch:
    """Gather examples by index as a batch on the device."""
    x, y = split.gather(index)
    pixels = torch.from_numpy(np.ascontiguousarray(x)).to(compute.device, non_blocking=True)
    labels = None if y is None else torch.from_numpy(np.ascontiguousarray(y)).to(compute.device, non_blocking=True)
    return to_batch(pixels, labels, compute)


def to_batch(x: Tensor, y: Tensor | None, compute: Compute) -> Batch:
    """Turn uint8 images into float32 in 0..1 in the policy's memory format; leave tokens alone."""
    if x.dtype == torch.uint8:
        x = x.to(torch.float32, memory_format=compute.memory_format).div_(255)
    return Batch(x, y)


def in_order(split: Split, batch_size: int, compute: Compute) -> Iterator[Batch]:
    """Iterate over a split once, in order."""
    for start in range(0, len(split), batch_size):
        yield fetch(split, np.arange(start, min(start + batch_size, len(split))), compute)
