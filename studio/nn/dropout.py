"""Dropout whose coins cost less on a CPU.

    y = x · m / (1 - p),   m ~ Bernoulli(1 - p) for every number of x

Srivastava 2014, JMLR 15. torch draws each coin on a CPU by itself and on one thread: 13 ns a number, half the time of
a step of the Y-Network. Here one draw of 64 random bits decides four numbers, which takes a fifth to a
quarter of the time, gradients included. 16 bits round p to a multiple of 1/65,536; the scale belongs to the rounded p.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEVELS = 1 << 16
"""A coin is a signed number of 16 bits."""
PER_DRAW = 4


class Dropout(nn.Dropout):
    """torch's dropout layer, quicker on a CPU; seeded by torch's global generator like it."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x with a share of `p` zeros, the rest scaled up; x itself in evaluation."""
        return dropout(x, self.p, training=self.training)


def dropout(x: Tensor, p: float, *, training: bool = True) -> Tensor:
    """Return floating x, of any shape, with every number zero with probability p and the rest times 1 / (1 - p)."""
    dropped = round(p * LEVELS)
    if x.device.type != "cpu" or torch.compiler.is_compiling() or not training or dropped in (0, LEVELS):
        return F.dropout(x, p, training)
    draws = torch.empty(-(-x.numel() // PER_DRAW), dtype=torch.int64).random_(-(2**63), None)
    coins = draws.view(torch.int16)[: x.numel()]
    kept = torch.ge(coins, dropped - LEVELS // 2, out=x.new_empty(x.numel()))  # 0 or 1 in the type of x
    kept *= LEVELS / (LEVELS - dropped)
    return x * kept.as_strided(x.shape, torch.empty_like(x, device="meta").stride())
