"""The loops that tutorials write for style transfer and DeepDream: fp32, autograd, torch's optimiser, `.item()`.

The same losses, cached targets, step rule and layers as the sessions they are raced against; nothing is tiled,
nothing is in half precision, and the network is a plain line of modules.
"""

from __future__ import annotations

import torch
from torch import Tensor

from studio.canvas.backbone import Backbone
from studio.canvas.dream_config import DreamConfig
from studio.canvas.objective import parse
from studio.canvas.transfer_config import TransferConfig
from studio.core.compute import Compute, Policy


class PlainTransfer:
    """Chollet 12.3 with Adam: content, style and total variation of one picture at one size.

    Args:
        config: weights and layers; scaling "code".
        backbone: the network, in fp32 here whatever it is elsewhere.
        content, style: float32 (1, 3, H, W), 0..1, of one size.
    """

    def __init__(self, config: TransferConfig, backbone: Backbone, content: Tensor, style: Tensor) -> None:
        self.config, self.net = config, backbone.prepared(Compute(Policy()), config.pooling)
        self.content_layers = [term.layer for term in parse(config.content_layers or backbone.content, backbone)]
        self.style_layers = [term.layer for term in parse(config.style_layers or backbone.style, backbone)]
        with torch.no_grad():
            self.wanted = self.net.features(content, self.content_layers)
            found = self.net.features(style, self.style_layers)
            self.grams = {name: gram(found[name]) for name in self.style_layers}
        self.x = content.clone().requires_grad_(True)
        self.optimizer = torch.optim.Adam([self.x], lr=config.rate, betas=(0.9, 0.99))

    def loss(self, x: Tensor) -> Tensor:
        """Return the loss of a picture (1, 3, H, W), 0..1."""
        features = self.net.features(x, (*self.style_layers, *self.content_layers))
        area = x.shape[-2] * x.shape[-1]
        content = sum(((features[n] - self.wanted[n]) ** 2).sum() for n in self.content_layers)
        style = sum(((gram(features[n]) - self.grams[n]) ** 2).sum() / (4 * 9 * area**2) for n in self.style_layers)
        down = (255 * (x[..., :-1, :-1] - x[..., 1:, :-1])) ** 2
        right = (255 * (x[..., :-1, :-1] - x[..., :-1, 1:])) ** 2
        variation = (down + right + 1e-12).pow(self.config.tv_power).sum()
        weights = self.config.content / len(self.content_layers), self.config.style / len(self.style_layers)
        total: Tensor = weights[0] * content + weights[1] * style + self.config.tv * variation
        return total

    def step(self) -> float:
        """Do one step; returns the loss before it."""
        self.optimizer.zero_grad()
        loss = self.loss(self.x)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return float(loss.item())


class PlainDream:
    """Chollet 12.2 on one octave, with the gradient scaled to a root-mean-square step.

    Args:
        config: layers, step and crop.
        backbone: the network.
        picture: float32 (1, 3, H, W), 0..1.
    """

    def __init__(self, config: DreamConfig, backbone: Backbone, picture: Tensor) -> None:
        self.config, self.net = config, backbone.prepared(Compute(Policy()), config.pooling)
        self.terms = parse(config.layers or backbone.dream, backbone)
        self.x = picture.clone()

    def loss(self, x: Tensor) -> Tensor:
        """Return what is maximised."""
        features = self.net.features(x, [term.layer for term in self.terms])
        c = self.config.crop
        inner = [term.weight * features[term.layer][..., c:-c, c:-c].square().mean() for term in self.terms]
        return torch.stack(inner).sum()

    def step(self) -> float:
        """Do one step; returns the loss before it."""
        x = self.x.requires_grad_(True)
        loss = self.loss(x)
        (gradient,) = torch.autograd.grad(loss, x)
        with torch.no_grad():
            self.x = (x + self.config.step * gradient / gradient.square().mean().sqrt()).clamp(0, 1)
        return float(loss.item())


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrix (C, C) of (1, C, H, W)."""
    flat = features[0].flatten(1)
    return flat @ flat.t()
