"""The loops that tutorials write: DataLoader, fp32, zero_grad/backward/step, `.item()` at every step.

The networks are those of the recipes (as plain modules in their standard memory format), the optimisers are
torch's with their defaults beside the recipe's learning rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from studio.app.bench.subjects import BATCH, Pictures
from studio.core import seeds
from studio.core.recipe import Recipe


class TensorPictures(Dataset[Tensor]):
    """One float picture (C, H, W) in 0..1 per item, as `ToTensor` makes it."""

    def __init__(self, split: Pictures) -> None:
        self.split = split

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(self.split.x[index]).float().div(255)


class Order(torch.utils.data.Sampler[int]):
    """The studio's own order of examples, so that both loops see the same batches."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed, self.epoch = count, seed, -1

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        self.epoch += 1
        return iter(seeds.order(self.seed, self.epoch, self.count).tolist())


def batches(split: Pictures, seed: int) -> Iterator[Tensor]:
    """Iterate over batches for ever."""
    loader = DataLoader(TensorPictures(split), batch_size=BATCH, sampler=Order(len(split), seed), num_workers=0)
    while True:
        yield from loader


class PlainVAE:
    """Sum of binary cross-entropies plus KL, Adam.

    Args:
        recipe: whose networks are trained.
    """

    watched = "loss"

    def __init__(self, recipe: Any) -> None:
        self.encoder: nn.Module = recipe.encoder
        self.decode = recipe.logits  # the decoder and the crop to the picture's size
        parameters = [*recipe.encoder.parameters(), *recipe.decoder.parameters()]
        self.optimizer = torch.optim.Adam(parameters, lr=recipe.config.lr)
        self.dims = recipe.config.latent_dim

    def step(self, x: Tensor) -> float:
        """Do one step; returns the loss."""
        self.optimizer.zero_grad()
        mean, log_var = self.encoder(x)
        z = mean + torch.exp(0.5 * log_var) * torch.randn(len(x), self.dims)
        reconstruction = F.binary_cross_entropy_with_logits(self.decode(z), x, reduction="sum") / len(x)
        kl = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp()) / len(x)
        loss = reconstruction + kl
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return float(loss.item())


class PlainDCGAN:
    """The DCGAN tutorial: real, fake, then the generator through the discriminator; fresh noise for each.

    The books do it so, and the recipe too; the tutorial itself uses the same fakes twice.

    Args:
        recipe: whose networks are trained.
    """

    watched = "loss_d"

    def __init__(self, recipe: Any) -> None:
        self.generate, self.discriminator = recipe.make, recipe.discriminator
        self.dims = recipe.config.latent_dim
        config = recipe.config
        self.optimizer_d = torch.optim.RMSprop(recipe.discriminator.parameters(), lr=config.lr_d, alpha=0.9)
        self.optimizer_g = torch.optim.RMSprop(recipe.generator.parameters(), lr=config.lr_g, alpha=0.9)
        self.criterion = nn.BCEWithLogitsLoss()

    def step(self, x: Tensor) -> float:
        """Do one step of both networks; returns the discriminator's loss."""
        ones, zeros = torch.ones(len(x), 1), torch.zeros(len(x), 1)
        self.optimizer_d.zero_grad()
        loss_real = 0.5 * self.criterion(self.discriminator(x), ones)
        loss_real.backward()
        fakes = self.generate(torch.rand(len(x), self.dims) * 2 - 1)
        loss_fake = 0.5 * self.criterion(self.discriminator(fakes.detach()), zeros)
        loss_fake.backward()
        self.optimizer_d.step()
        self.optimizer_g.zero_grad()
        fakes = self.generate(torch.rand(len(x), self.dims) * 2 - 1)
        loss_g = self.criterion(self.discriminator(fakes), ones)
        loss_g.backward()
        self.optimizer_g.step()
        loss_g.item()
        return float(loss_real.item() + loss_fake.item())


LOOPS: dict[str, Any] = {"vae": PlainVAE, "dcgan": PlainDCGAN}


def plain_loop(recipe: Recipe) -> Any:
    """Return the plain loop of a recipe that has one."""
    return LOOPS[recipe.id](recipe)
