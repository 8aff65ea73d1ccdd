"""The backbone that comes with the studio."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from studio.canvas.backbone import LOGIT, Backbone, Chain, Layer, Preprocessing
from studio.canvas.compact import CompactNet
from studio.core.errors import BadInput
from studio.core.resources import resource

FILE = "backbones/compact.safetensors"
ABOUT = {
    1: "edges and colours",
    2: "strokes and spots",
    3: "textures and curves",
    4: "things: ships, eyes, spirals, animals",
}


class _Head(nn.Module):
    """Spatial mean, then the linear layer."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.linear = linear

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.linear(x.mean(dim=(2, 3)))
        return logits


def compact(path: Path | None = None) -> Backbone:
    """Open the bundled network (or another file that `packaging/backbone/train.py` wrote).

    Raises:
        BadInput: the file is damaged or of another network.
    """
    path = path or resource(FILE)
    state, about = _read(path)
    blocks, classes = json.loads(about["blocks"]), tuple(json.loads(about["classes"]))
    net = CompactNet(len(classes), blocks)
    net.load_state_dict({name: tensor.float() for name, tensor in state.items()})
    names = [f"conv{b}_{c}" for b, block in enumerate(blocks, 1) for c in range(1, len(block) + 1)]
    widths = [width for block in blocks for width in block]
    layers = [
        Layer(name, width, 2 ** (int(name[4]) - 1), i / len(names), ABOUT.get(int(name[4]), ""))
        for i, (name, width) in enumerate(zip(names, widths, strict=True))
    ]
    layers.append(Layer(LOGIT, len(classes), 2 ** (len(blocks) - 1), 1.0, "the classes it was trained on"))
    last = len(blocks)
    return Backbone(
        id="compact",
        title="Studio compact",
        module=Chain(net.features, {name: name.replace("conv", "relu") for name in names}, _Head(net.classifier)),
        layers=tuple(layers),
        preprocessing=Preprocessing(tuple(json.loads(about["mean"])), tuple(json.loads(about["std"]))),
        classes=classes,
        fingerprint=hashlib.sha256(path.read_bytes()).hexdigest()[:16],
        dream=f"conv{last}_1:1, conv{last}_2:1",
        content=f"conv{last}_1:1",
        style=", ".join(f"conv{b}_1:1" for b in range(1, last + 1)),
        smallest=2 ** (last - 1),
        licence=about.get("licence", ""),
    )


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dictionary
    except (SafetensorError, OSError) as error:
        raise BadInput(
            f"{path} is damaged or not a safetensors file.", "Install again.", details=repr(error)
        ) from error
    if not {"blocks", "classes", "mean", "std"} <= set(about):
        raise BadInput(f"{path} is not a backbone of the studio.", "Use a file that packaging/backbone/train.py wrote.")
    return state, about
