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
from studio.canvas.backbones.shelf import BUNDLED
from studio.canvas.compact import CompactNet
from studio.core.errors import BadInput
from studio.core.resources import resource

Blocks = tuple[tuple[int, ...], ...]
RGB = tuple[float, ...]
WIDEST = 4096
"""More channels than this are a mistake in the file."""
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
    path = path or resource(BUNDLED)
    state, about = _read(path)
    blocks, classes, mean, std = _described(about, path)
    net = _network(blocks, len(classes), state, path)
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
        preprocessing=Preprocessing(mean, std),
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
        raise _strange(path)
    return state, about


def _described(about: dict[str, Any], path: Path) -> tuple[Blocks, tuple[str, ...], RGB, RGB]:
    """Return the network's widths, its classes, and mean and deviation per channel, as the file tells them."""
    try:
        blocks = tuple(tuple(int(width) for width in block) for block in json.loads(about["blocks"]))
        classes = tuple(str(name) for name in json.loads(about["classes"]))
        mean, std = (tuple(float(v) for v in json.loads(about[name])) for name in ("mean", "std"))
    except (ValueError, TypeError) as error:
        raise _strange(path, repr(error)) from error
    sane = 0 < len(blocks) <= 8 and all(0 < len(block) <= 16 and min(block) > 0 for block in blocks)
    if not sane or not classes or len(mean) != 3 or len(std) != 3 or not min(std) > 0:
        raise _strange(path)
    return blocks, classes, mean, std


def _network(blocks: Blocks, classes: int, state: dict[str, torch.Tensor], path: Path) -> CompactNet:
    """Build the network around the file's weights; nothing is allocated before their shapes are known to be right."""
    if max(max(block) for block in blocks) > WIDEST:
        raise _strange(path)
    with torch.device("meta"):
        net = CompactNet(classes, blocks)
    wanted = {name: tensor.shape for name, tensor in net.state_dict().items()}
    wrong = [
        n for n in wanted.keys() | state.keys() if n not in wanted or n not in state or state[n].shape != wanted[n]
    ]
    if wrong:
        raise _strange(path, f"{sorted(wrong)[0]} differs")
    weights = {name: tensor.float() for name, tensor in state.items()}
    if not all(torch.isfinite(tensor).all() for tensor in weights.values()):
        raise BadInput(f"{path} is spoilt: it holds numbers that are not finite.", "Use another copy of it.")
    net.load_state_dict(weights, assign=True)
    return net.eval().requires_grad_(False)


def _strange(path: Path, details: str = "") -> BadInput:
    return BadInput(
        f"{path} is not a backbone of the studio.",
        "Use a file that packaging/backbone/train.py wrote.",
        details=details,
    )
