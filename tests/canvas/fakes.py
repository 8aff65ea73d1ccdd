"""Tiny backbones with fixed random weights, and pictures, for tests of the canvases."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import torch
from torch import nn

from studio.canvas.backbone import LOGIT, Backbone, Chain, Layer, Preprocessing
from studio.canvas.picture import Source
from studio.core.compute import Compute, Policy

PLAIN = Preprocessing((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class _Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(12, 3)

    def forward(self, x):
        return self.linear(x.mean(dim=(2, 3)))


def tiny_backbone(preprocessing: Preprocessing = PLAIN, seed: int = 0) -> Backbone:
    """Three convolutions (6, 8, 12 channels, strides 1, 2, 4) with ReLU and max-pooling, and three classes."""
    torch.manual_seed(seed)
    steps = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 6, 3, padding=1),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(6, 8, 3, padding=1),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            conv3=nn.Conv2d(8, 12, 3, padding=1),
            relu3=nn.ReLU(),
        )
    )
    layers = (
        Layer("conv1", 6, 1, 0.0),
        Layer("conv2", 8, 2, 0.5),
        Layer("conv3", 12, 4, 0.9),
        Layer(LOGIT, 3, 4, 1.0),
    )
    taps = {"conv1": "relu1", "conv2": "relu2", "conv3": "relu3"}
    return Backbone(
        id="tiny",
        title="Tiny",
        module=Chain(steps, taps, _Head()),
        layers=layers,
        preprocessing=preprocessing,
        classes=("cat", "dog", "ship"),
        fingerprint="tiny",
        dream="conv2:1, conv3:1.5",
        content="conv3:1",
        style="conv1:1, conv2:1",
        smallest=4,
    )


def compute() -> Compute:
    """fp32 on the CPU."""
    return Compute(Policy())


def picture(height: int = 48, width: int = 64, seed: int = 0) -> Source:
    """A smooth random picture."""
    rng = np.random.default_rng(seed)
    small = torch.from_numpy(rng.random((1, 3, 6, 8), np.float32))
    large = torch.nn.functional.interpolate(small, (height, width), mode="bicubic").clamp(0, 1)
    return Source.of((large[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8))
