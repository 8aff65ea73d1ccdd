"""Two domains in one batch, and the discriminator's memory of earlier fakes.

Nothing here waits for the device: shapes never depend on labels, and choices are made with `where`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from studio.core.errors import BadInput
from studio.core.spec import DataSpec


def check_domains(spec: DataSpec, *, two_classes: bool) -> None:
    """Refuse data that has no two domains.

    Raises:
        BadInput: two classes are wanted and there is another number, or colours are and there are none.
    """
    if two_classes and len(spec.classes) != 2:
        raise BadInput(
            f"CycleGAN learns from two classes; {spec.name} has {len(spec.classes) or 'none'}.",
            "Give a folder with two folders, or name two classes in 'Only classes'.",
        )
    if not two_classes and spec.shape[0] == 1:
        raise BadInput(f"The pictures of {spec.name} are grey already.", "Choose coloured ones, or two classes.")


class Sides(NamedTuple):
    """Members of two domains.

    Attributes:
        a, b: float (⌈N/2⌉, C, H, W); where a side is missing, pictures that must not count.
        has_a, has_b: float (), 1 where the batch holds any of that side, else 0.
    """

    a: Tensor
    b: Tensor
    has_a: Tensor
    has_b: Tensor


def by_class(x: Tensor, y: Tensor) -> Sides:
    """Cut a batch into members of class 0 and of class 1; the side with fewer members repeats them.

    Args:
        x: float (N, C, H, W).
        y: int64 (N,), 0 or 1.
    """
    half = (len(x) + 1) // 2
    order, count = y.argsort(stable=True), (y == 0).sum()
    places = torch.arange(half, device=x.device)
    a = x[order[places % count.clamp(min=1)]]
    b = x[order.flip(0)[places % (len(x) - count).clamp(min=1)]]
    return Sides(a, b, (count > 0).float(), (count < len(x)).float())


def by_halves(x: Tensor) -> Sides:
    """Cut a batch in the middle; of an odd number the middle picture goes to both sides."""
    half, one = (len(x) + 1) // 2, x.new_ones(())
    return Sides(x[:half], x[len(x) - half :], one, one)


class ImagePool(nn.Module):
    """Earlier fakes for the discriminator (Shrivastava 2017, arXiv:1612.07828): it must not forget them.

    The first `size` pictures fill the pool and pass; then every second one, by a coin, changes places with a stored
    one. A module, so that checkpoints keep it and a resumed run goes on exactly; pictures are kept in half precision.

    Args:
        size: pictures; 0 lets everything pass.
        shape: (C, H, W).
    """

    pictures: Tensor
    seen: Tensor

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("pictures", torch.zeros(size, *shape, dtype=torch.float16))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def forward(self, fakes: Tensor, valid: Tensor) -> Tensor:
        """Return as many pictures as were given, new or earlier ones.

        Slots and coins are drawn on the CPU, so that they are the same for every device.

        Args:
            fakes: float (N, C, H, W).
            valid: bool (), False leaves the pool as it is.
        """
        if not self.size:
            return fakes
        return torch.cat([self._exchange(part, valid) for part in torch.split(fakes, self.size)])

    def _exchange(self, fakes: Tensor, valid: Tensor) -> Tensor:
        n, device = len(fakes), fakes.device
        slots, coins = torch.randperm(self.size)[:n].to(device), (torch.rand(n) < 0.5).to(device)
        order = self.seen + torch.arange(n, device=device)
        filling, full = order < self.size, self.seen >= self.size
        slots = torch.where(full, slots, order % self.size)  # never the same slot twice
        stored = self.pictures[slots]
        take = (full & coins & valid)[:, None, None, None]
        write = ((filling | (full & coins)) & valid)[:, None, None, None]
        self.pictures[slots] = torch.where(write, fakes.to(stored.dtype), stored)
        self.seen += n * valid
        return torch.where(take, stored.to(fakes.dtype), fakes)
