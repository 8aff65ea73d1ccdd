"""Randomness as a function of (seed, purpose, step): what makes pause, kill, resume and branch exact."""

from __future__ import annotations

import zlib

import torch

_MASK = (1 << 64) - 1


def derive(seed: int, purpose: str, number: int = 0) -> int:
    """Return a 63-bit seed that depends on all three arguments (splitmix64, Steele et al. 2014)."""
    value = (seed + 0x9E3779B97F4A7C15 * (zlib.crc32(purpose.encode()) + 1) + 0xBF58476D1CE4E5B9 * (number + 1)) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return (value ^ (value >> 31)) >> 1


def seed_everything(seed: int, device: torch.device) -> None:
    """Seed the default generators of the CPU and of the device in use."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def order(seed: int, epoch: int, count: int) -> torch.Tensor:
    """Return the order of examples in an epoch: int64 (count,), a permutation."""
    generator = torch.Generator().manual_seed(derive(seed, "order", epoch))
    return torch.randperm(count, generator=generator)
