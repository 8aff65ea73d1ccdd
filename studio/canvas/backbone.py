"""A network that a canvas looks through: named layers, the preprocessing it expects, features of a picture.

Pictures are float32 (N, 3, H, W), RGB, 0..1, everywhere in `studio.canvas`; what a network wants instead (standardised
RGB, Caffe's BGR minus means, -1..1, one grey channel) is the business of this file alone.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from studio.core.compute import Compute
from studio.core.errors import BadConfig

LOGIT = "logit"
"""Name of the pseudo-layer whose channels are the classes."""
Pooling = Literal["max", "average"]


@dataclass(frozen=True)
class Layer:
    """One place in the network that can be looked at.

    Attributes:
        name: what a person and an objective call it ("conv4_2", "Mixed_6b", "block5_conv1").
        channels: number of feature maps.
        stride: pixels of the picture per cell.
        depth: place in the network, 0 (first) to 1 (last).
        about: a few words, such as "edges and colours" or the book's own name of it.
    """

    name: str
    channels: int
    stride: int
    depth: float
    about: str = ""


@dataclass(frozen=True)
class Preprocessing:
    """How a network wants its pictures: `(x * scale - mean) / std`, perhaps as BGR or grey, x in 0..1.

    Attributes:
        mean, std: per channel, in the network's channel order.
        scale: factor first (255 for Caffe).
        bgr: channels are swapped before.
        channels: 3, or 1 for networks that saw grey pictures (luminance).
    """

    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    scale: float = 1.0
    bgr: bool = False
    channels: int = 3

    def __call__(self, x: Tensor) -> Tensor:
        """Return what the network takes, (N, C, H, W) in x's dtype."""
        if self.channels == 1:
            x = (x * x.new_tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1)).sum(1, keepdim=True)
        elif self.bgr:
            x = x.flip(1)
        mean, std = (x.new_tensor(v).view(1, -1, 1, 1) for v in (self.mean, self.std))
        return (x * self.scale - mean) / std


IMAGENET = Preprocessing()
CAFFE = Preprocessing((103.939, 116.779, 123.68), (1.0, 1.0, 1.0), 255.0, bgr=True)
SYMMETRIC = Preprocessing((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class Features(Protocol):
    """The network itself: what `Backbone` needs of a module."""

    def __call__(self, x: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        """Return the outputs (N, C, H, W) of the named layers ("logit": (N, K)) of a preprocessed picture.

        Nothing beyond the deepest named layer is computed. Outputs are never overwritten by later layers.
        """
        ...


@dataclass
class Backbone:
    """A frozen network with named layers.

    Attributes:
        id: its name in the registry, "run:<id>" or "file:<path>".
        title: for people.
        module: maps (preprocessed picture, names) to features; an `nn.Module` that follows `Features`.
        layers: in the order of the network; the last may be "logit".
        preprocessing: from 0..1 RGB to what the module takes.
        classes: names of the logits, () without a classifier.
        fingerprint: hex digest of the weights; part of every recipe.
        dream: default objective of a dream (see `studio.canvas.objective`).
        content, style: default layers of a transfer, in the same notation.
        smallest: smallest side in pixels that gives every layer at least one cell.
        licence: of the weights, for people.
        aliases: other name -> name of a layer ("conv4_2" -> "block4_conv2", "mixed4" -> "Mixed_6b").
    """

    id: str
    title: str
    module: nn.Module
    layers: tuple[Layer, ...]
    preprocessing: Preprocessing = IMAGENET
    classes: tuple[str, ...] = ()
    fingerprint: str = ""
    dream: str = ""
    content: str = ""
    style: str = ""
    smallest: int = 32
    licence: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    dtype: torch.dtype = torch.float32
    memory_format: torch.memory_format = field(default=torch.contiguous_format)

    def layer(self, name: str) -> Layer:
        """Return a layer by its name or an alias.

        Raises:
            BadConfig: there is none of that name.
        """
        name = self.aliases.get(name, name)
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise BadConfig(f"{self.title} has no layer called {name!r}.", "See `generative-studio backbones show`.")

    def prepared(self, compute: Compute, pooling: Pooling = "max") -> Backbone:
        """Return a frozen copy on the policy's device, in its precision and memory format.

        With "bf16" the weights themselves are bf16: no cast at every step, and features come out as bf16.
        """
        dtype = torch.bfloat16 if compute.policy.precision == "bf16" else torch.float32
        module = copy.deepcopy(self.module).eval().requires_grad_(False)
        if pooling == "average":
            _average_pooling(module)
        module.to(device=compute.device, dtype=dtype)
        module.to(memory_format=compute.memory_format)
        made = copy.copy(self)
        made.module, made.dtype, made.memory_format = module, dtype, compute.memory_format
        return made

    def features(self, x: Tensor, names: Collection[str]) -> dict[str, Tensor]:
        """Return the features of pictures.

        Args:
            x: float (N, 3, H, W), RGB, 0..1, on the backbone's device.
            names: layers to return; nothing deeper is computed.

        Returns:
            name -> (N, C, h, w) in the backbone's dtype; "logit" -> (N, K).
        """
        ready = self.preprocessing(x).to(dtype=self.dtype, memory_format=self.memory_format)
        found: dict[str, Tensor] = self.module(ready, tuple(names))
        return found


def _average_pooling(module: nn.Module) -> None:
    """Replace max-pooling by average pooling of the same geometry (Gatys 2016: smoother gradients)."""
    for name, child in module.named_children():
        if isinstance(child, nn.MaxPool2d):
            pool = nn.AvgPool2d(
                child.kernel_size, child.stride, child.padding, child.ceil_mode, count_include_pad=False
            )
            setattr(module, name, pool)
        else:
            _average_pooling(child)


class Chain(nn.Module):
    """Named layers one after another, with an optional head on the spatial mean: VGG, AlexNet, our own.

    Args:
        steps: the modules in order, by name; those in `taps` can be asked for.
        taps: name -> name of the step whose output it is.
        head: maps (N, C, h, w) after the last step to logits (N, K), or None.
    """

    def __init__(self, steps: nn.Sequential, taps: dict[str, str], head: nn.Module | None = None) -> None:
        super().__init__()
        self.steps, self.head = steps, head
        self.taps = dict(taps)

    def forward(self, x: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        """Return the named outputs, stopping after the deepest."""
        wanted = {self.taps[name]: name for name in names if name != LOGIT}
        found: dict[str, Tensor] = {}
        for step, module in self.steps.named_children():
            x = module(x)
            if step in wanted:
                found[wanted[step]] = x
            if len(found) == len(wanted) and LOGIT not in names:
                break
        if LOGIT in names and self.head is not None:
            found[LOGIT] = self.head(x)
        return found
