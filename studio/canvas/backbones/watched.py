"""Any network with convolutions as a backbone: its layers are found by watching a picture go through it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.canvas.backbone import LOGIT, Layer

MEASURED = 256
"""Side of the picture on which strides are measured."""
_AFTER = (
    nn.modules.batchnorm._BatchNorm,
    nn.InstanceNorm2d,
    nn.GroupNorm,
    nn.ReLU,
    nn.LeakyReLU,
    nn.PReLU,
    nn.ELU,
    nn.GELU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Tanh,
)
"""What still belongs to the convolution before it."""
_NOTHING = (nn.Dropout, nn.Dropout2d, nn.Identity)


class _Enough(Exception):
    """Everything that was asked for has been seen."""


@dataclass(frozen=True)
class Seen:
    """A leaf module in the order of computation, and the shape of what it returned."""

    name: str
    module: nn.Module
    shape: torch.Size


class Watched(nn.Module):
    """A network whose layers are read by hooks; the computation ends at the deepest that was asked for.

    Args:
        net: maps pictures (N, C, H, W) to whatever it likes; it is frozen, and nothing works in place any more.
        taps: layer -> name of the submodule whose output it is.
        side: the net gives logits (N, K) for square pictures of this side, to which others are resized; 0: no logits.
    """

    def __init__(self, net: nn.Module, taps: dict[str, str], side: int = 0) -> None:
        super().__init__()
        nothing_in_place(net)
        self.net, self.taps, self.side = net.eval().requires_grad_(False), dict(taps), side

    def forward(self, x: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        """Return the named outputs."""
        layers = [name for name in names if name != LOGIT]
        found: dict[str, Tensor] = self._watch(x, layers) if layers else {}
        if LOGIT in names and self.side:
            fitted = F.interpolate(x, (self.side, self.side), mode="bilinear", antialias=x.dtype == torch.float32)
            found[LOGIT] = self.net(fitted)
        return found

    def _watch(self, x: Tensor, layers: list[str]) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}

        def note(layer: str, output: Tensor) -> None:
            found.setdefault(layer, output)
            if len(found) == len(set(layers)):
                raise _Enough

        handles = [
            self.net.get_submodule(self.taps[layer]).register_forward_hook(
                lambda _module, _input, output, layer=layer: note(layer, output)
            )
            for layer in layers
        ]
        try:
            self.net(x)
        except _Enough:
            pass
        finally:
            for handle in handles:
                handle.remove()
        return found


def nothing_in_place(net: nn.Module) -> None:
    """Make every layer return a new tensor: what was read must not be overwritten by the next layer."""
    for module in net.modules():
        if hasattr(module, "inplace"):
            setattr(module, "inplace", False)  # noqa: B010  # modules declare no such attribute


def watch(net: nn.Module, x: Tensor) -> list[Seen]:
    """Send pictures through a network and return the leaf modules in the order of computation, each once.

    The list ends where the network cannot go on with pictures of this size (a dense layer after `Flatten`), or where
    it wants more than a picture.
    """
    seen: dict[str, Seen] = {}

    def note(name: str, module: nn.Module, output: Any) -> None:
        if isinstance(output, Tensor):
            seen.setdefault(name, Seen(name, module, output.shape))

    leaves = [(name, module) for name, module in net.named_modules() if not list(module.children())]
    handles = [
        module.register_forward_hook(lambda module, _input, output, name=name: note(name, module, output))
        for name, module in leaves
    ]
    try:
        with torch.no_grad():
            net(x)
    except (RuntimeError, TypeError, ValueError):  # the end of the part that takes pictures of any size
        pass
    finally:
        for handle in handles:
            handle.remove()
    return list(seen.values())


def layers_of(net: nn.Module, channels: int) -> tuple[tuple[Layer, ...], dict[str, str]]:
    """Return the convolutions of a network as layers, read after their activation, and the taps for `Watched`.

    Args:
        net: in evaluation mode.
        channels: of the pictures it takes.
    """
    first = next(net.parameters(), torch.zeros(()))
    seen = watch(net, torch.zeros(1, channels, MEASURED, MEASURED, device=first.device))
    found: list[Seen] = []
    follows = False  # only what comes right after a convolution belongs to it
    for now in seen:
        if isinstance(now.module, nn.Conv2d):
            found.append(now)
            follows = True
        elif follows and isinstance(now.module, _AFTER) and now.shape == found[-1].shape:
            found[-1] = now
        elif not isinstance(now.module, _NOTHING):
            follows = False
    return _as_layers(found)


def _as_layers(found: Sequence[Seen]) -> tuple[tuple[Layer, ...], dict[str, str]]:
    layers = tuple(
        Layer(
            f"conv{i + 1}",
            seen.shape[1],
            2 ** max(0, round(math.log2(MEASURED / seen.shape[2]))),
            i / len(found),
            seen.name,
        )
        for i, seen in enumerate(found)
    )
    return layers, {layer.name: layer.about for layer in layers}


def smallest_side(net: nn.Module, channels: int, last: str) -> int:
    """Return the smallest power of two whose pictures reach the submodule `last`; `MEASURED` at most."""
    first = next(net.parameters(), torch.zeros(()))
    for side in (4, 8, 16, 32, 64, 128):
        seen = watch(net, torch.zeros(1, channels, side, side, device=first.device))
        if any(now.name == last and min(now.shape[2:]) > 0 for now in seen):
            return side
    return MEASURED
